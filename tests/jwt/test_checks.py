"""``JWT.checks``: each finding where it belongs, and nowhere else."""

import functools
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Blueprint
from flask import Flask
from flask.views import MethodView
from flask.views import View

from flask_toolkit._findings import Finding
from flask_toolkit._findings import Level
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import scope
from flask_toolkit.guard import SessionAuthenticator
from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import jwt_required
from flask_toolkit.jwt import JWTAuthenticator
from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet
from flask_toolkit.jwt._twins import left_open
from flask_toolkit.jwt._twins import remember
from flask_toolkit.stores import MemoryStore

LONG = "a secret key of at least 32 bytes"
SHORT = "only twenty-one bytes"
SECRET = "an older secret of thirty-two bytes"

Decorate = Callable[[Callable[..., str]], Callable[..., str]]


@pytest.fixture(name="app")
def _app(tmp_path: Path) -> Flask:
    app = Flask("shop", instance_path=str(tmp_path))
    app.config.update(SECRET_KEY=LONG, TOOLKIT_STORE_URL="memory://")
    return app


@pytest.fixture(name="jwt")
def _jwt() -> JWT[t.Any]:
    return JWT()


def _found(app: Flask, jwt: JWT[t.Any], *, deploy: bool = False) -> list[Finding]:
    return list(jwt.checks(app, jwt.settings_of(app), deploy=deploy))


def _ids(app: Flask, jwt: JWT[t.Any], *, deploy: bool = False) -> list[str]:
    return [finding.id for finding in _found(app, jwt, deploy=deploy)]


def test_a_good_set_up_has_no_finding(app: Flask, jwt: JWT[t.Any]) -> None:
    """Views, guard and settings as the reference shows them."""
    jwt.init_app(app)
    LoginGuard[str](authenticators=[JWTAuthenticator(jwt)]).init_app(app)
    app.get("/me")(jwt.required(lambda: "me"))

    assert _ids(app, jwt, deploy=True) == []


def _plain(said: str = "orders") -> Callable[..., str]:
    """Return a new view: marks and memories stay on a function."""
    return lambda: said


# jwt.order


def test_a_decorator_above_the_route_is_found(app: Flask, jwt: JWT[t.Any]) -> None:
    """The view is open, and nobody keeps the protected twin."""
    jwt.init_app(app)

    @jwt.required
    @app.get("/orders")
    def orders() -> str:
        return "orders"

    del orders
    (finding,) = _found(app, jwt)

    assert app.test_client().get("/orders").text == "orders"
    assert (finding.id, finding.level) == ("jwt.order", Level.ERROR)
    assert "'orders'" in finding.message
    assert "below @app.route" in finding.hint


def test_a_decorator_below_the_route_is_fine(app: Flask, jwt: JWT[t.Any]) -> None:
    """With and without parentheses, and below others."""
    jwt.init_app(app)

    inner = jwt.required(scope="b")(_plain())
    app.get("/a", endpoint="a")(jwt.required(_plain()))
    app.get("/b", endpoint="b")(functools.wraps(inner)(lambda: inner()))  # noqa: PLW0108  # another function
    app.get("/c", endpoint="c")(jwt.required(jwt.required(scope="c")(_plain())))
    app.get("/d", endpoint="d")(_plain("open on purpose"))

    assert _ids(app, jwt) == []


def test_an_async_view_is_found_too(app: Flask, jwt: JWT[t.Any]) -> None:
    """Its twin is another function, the mistake the same."""
    jwt.init_app(app)

    @jwt.required(scope="orders:read")
    @app.get("/orders")
    async def orders() -> str:
        return "orders"

    assert app.test_client().get("/orders").text == "orders"
    assert _ids(app, jwt) == ["jwt.order"]
    assert orders is not app.view_functions["orders"]


def test_a_scope_that_is_left_out_is_found(app: Flask, jwt: JWT[t.Any]) -> None:
    """Below the route any token is enough; the scope above it is asked of nobody."""
    jwt.init_app(app)

    inner = jwt.required(_plain())
    app.get("/orders", endpoint="orders")(inner)
    jwt.required(scope="orders:read")(inner)

    assert _ids(app, jwt) == ["jwt.order"]


def test_a_view_of_a_blueprint_is_found(app: Flask, jwt: JWT[t.Any]) -> None:
    """By the endpoint that it has there."""
    jwt.init_app(app)
    shop = Blueprint("shop", "shop")
    jwt_required(shop.get("/orders", endpoint="orders")(_plain()))
    app.register_blueprint(shop)

    (finding,) = _found(app, jwt)

    assert "'shop.orders'" in finding.message


def test_a_function_with_two_routes_is_no_mistake(app: Flask, jwt: JWT[t.Any]) -> None:
    """Open at one address and protected at another, it was put so on purpose."""
    jwt.init_app(app)

    plain = _plain()
    app.add_url_rule("/open", "open", plain)
    app.add_url_rule("/closed", "closed", jwt.required(plain))

    assert _ids(app, jwt) == []


def test_only_the_component_that_was_meant_reports(app: Flask, jwt: JWT[t.Any]) -> None:
    """Once, with the name to look for."""
    jwt.init_app(app)
    partner: JWT[t.Any] = JWT(app, name="partner")

    plain = _plain()
    app.get("/orders", endpoint="orders")(plain)
    partner.required(plain)

    assert _ids(app, jwt) == []
    assert "@partner.required" in _found(app, partner)[0].message


def test_what_cannot_be_remembered_is_left_alone(app: Flask, jwt: JWT[t.Any]) -> None:
    """A view may be any callable."""

    class Slotted:
        __slots__ = ()
        __call__ = staticmethod(_plain())

    view = Slotted()
    jwt.init_app(app)
    remember(view, "jwt")
    app.add_url_rule("/orders", "orders", view)

    assert _ids(app, jwt) == []


def test_a_function_that_wraps_itself_ends_the_search() -> None:
    """``__wrapped__`` is only an attribute."""

    def one() -> None: ...

    def two() -> None: ...

    one.__dict__["__wrapped__"] = two
    two.__dict__["__wrapped__"] = one
    remember(two, "jwt")

    assert left_open([one, two], "jwt") == []


# jwt.guard


def _guarded(app: Flask, jwt: JWT[t.Any], **options: t.Any) -> LoginGuard[str]:
    jwt.init_app(app)
    guard = LoginGuard[str](**options)
    guard.init_app(app)
    return guard


@pytest.mark.parametrize(
    "decorate",
    [
        pytest.param(jwt_required, id="plain"),
        pytest.param(jwt_required(scope="a"), id="scope"),
        pytest.param(jwt_required(locations=["cookie"]), id="cookie"),
    ],
)
def test_a_guard_that_takes_no_token_is_found(
    app: Flask, jwt: JWT[t.Any], decorate: Decorate
) -> None:
    """Who sends only a token gets the guard's 401 before the view is asked."""
    _guarded(app, jwt)
    app.get("/orders", endpoint="orders")(decorate(_plain()))

    (finding,) = _found(app, jwt)

    with app.app_context():
        header = {"Authorization": f"Bearer {jwt.create_access_token('7')}"}

    assert app.test_client().get("/orders", headers=header).status_code == 401
    assert (finding.id, finding.level) == ("jwt.guard", Level.ERROR)
    assert "'orders'" in finding.message
    assert "JWTAuthenticator(jwt)" in finding.hint


@pytest.mark.parametrize("kind", ["whole", "parts"])
def test_class_based_views_are_asked_too(
    app: Flask, jwt: JWT[t.Any], kind: str
) -> None:
    """The decorator stands in ``decorators``, or above a method."""
    _guarded(app, jwt)

    class Whole(View):
        decorators: t.ClassVar[list[Callable[..., t.Any]]] = [jwt.required]

    class Parts(MethodView):
        post = jwt.required(lambda self: "post")

    cls = Whole if kind == "whole" else Parts
    app.add_url_rule("/orders", view_func=cls.as_view("orders"))

    assert _ids(app, jwt) == ["jwt.guard"]


@pytest.mark.parametrize(
    "take",
    [
        pytest.param(JWTAuthenticator, id="plain"),
        pytest.param(lambda jwt: JWTAuthenticator(jwt, name="api"), id="renamed"),
        pytest.param(lambda jwt: JWTAuthenticator(jwt, foreign=False), id="own"),
    ],
)
def test_a_guard_that_takes_tokens_is_fine(
    app: Flask, jwt: JWT[t.Any], take: Callable[[JWT[t.Any]], JWTAuthenticator[t.Any]]
) -> None:
    """Whatever it calls them."""
    _guarded(app, jwt, authenticators=[take(jwt), SessionAuthenticator()])
    app.get("/orders", endpoint="orders")(jwt.required(_plain()))

    assert _ids(app, jwt) == []


def test_tokens_of_another_component_do_not_count(app: Flask, jwt: JWT[t.Any]) -> None:
    """Each has its own keys."""
    partner: JWT[t.Any] = JWT(app, name="partner")
    _guarded(app, jwt, authenticators=[JWTAuthenticator(partner)])
    app.get("/orders", endpoint="orders")(jwt.required(_plain()))

    assert _ids(app, jwt) == ["jwt.guard"]
    assert _ids(app, partner) == []


@pytest.mark.parametrize(
    "decorate",
    [
        pytest.param(lambda view: view, id="no-token-asked"),
        pytest.param(jwt_required(optional=True), id="optional"),
        pytest.param(lambda view: public(jwt_required(view)), id="public"),
        pytest.param(lambda view: jwt_required(public(view)), id="public-inside"),
        pytest.param(require(scope("a")), id="a-rule-of-the-guard"),
    ],
)
def test_a_view_that_the_guard_does_not_keep_is_fine(
    app: Flask, jwt: JWT[t.Any], decorate: Decorate
) -> None:
    """Open to the guard, or nothing of ours."""
    _guarded(app, jwt)
    app.get("/orders", endpoint="orders")(decorate(_plain()))

    assert _ids(app, jwt) == []


@pytest.mark.parametrize("key", ["PUBLIC", "LOGIN_VIEW"])
def test_a_setting_opens_a_view_too(app: Flask, jwt: JWT[t.Any], key: str) -> None:
    """As the deployment says."""
    app.config[f"TOOLKIT_GUARD_{key}"] = ["orders"] if key == "PUBLIC" else "orders"
    _guarded(app, jwt)
    app.get("/orders", endpoint="orders")(jwt.required(_plain()))

    assert _ids(app, jwt) == []


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        pytest.param("", ["jwt.guard"], id="closed"),
        pytest.param("blueprint", [], id="blueprint"),
        pytest.param("method", [], id="method"),
        pytest.param("elsewhere", [], id="guard-of-another-blueprint"),
    ],
)
def test_a_blueprint_or_method_may_be_open(
    app: Flask, jwt: JWT[t.Any], where: str, ids: list[str]
) -> None:
    """And a guard keeps only what it covers."""
    jwt.init_app(app)
    shop, other = Blueprint("shop", "shop"), Blueprint("other", "other")

    class Orders(MethodView):
        get = jwt.required(lambda self: "orders")

    if where == "method":
        public(Orders.get)
    elif where == "blueprint":
        public(shop)

    shop.add_url_rule("/orders", view_func=Orders.as_view("orders"))
    LoginGuard[str]().init_app(other if where == "elsewhere" else app)
    app.register_blueprint(shop)
    app.register_blueprint(other)

    assert _ids(app, jwt) == ids


# With --deploy


@pytest.mark.parametrize(
    ("config", "fires"),
    [
        pytest.param({"SECRET_KEY": SHORT}, True, id="short"),
        pytest.param(
            {"SECRET_KEY": LONG, "SECRET_KEY_FALLBACKS": [SHORT]}, True, id="fallback"
        ),
        pytest.param({"SECRET_KEY": LONG}, False, id="long"),
        pytest.param({"SECRET_KEY": None}, False, id="none"),
        pytest.param({"TOOLKIT_JWT_KEY": SECRET}, False, id="own-key"),
    ],
)
def test_a_key_derived_from_a_short_secret(
    app: Flask, jwt: JWT[t.Any], config: dict[str, t.Any], fires: bool
) -> None:
    """32 bytes are what HS256 asks for (RFC 7518 section 3.2)."""
    app.config.update({"SECRET_KEY": SHORT, **config})
    jwt.init_app(app)

    found = _found(app, jwt, deploy=True)

    assert [each.id for each in found] == ["jwt.key"] * fires
    assert all((f.level, f.key) == (Level.WARNING, "SECRET_KEY") for f in found)


@pytest.mark.parametrize(
    ("keys", "fires"),
    [
        pytest.param([Key.generate("ES256"), Key.load(SECRET)], True, id="beside"),
        pytest.param([Key.generate("ES256"), Key.generate("EdDSA")], False, id="pairs"),
        pytest.param([Key.generate(), Key.load(SECRET)], False, id="secrets"),
    ],
)
def test_a_secret_that_still_verifies_beside_a_pair(
    app: Flask, keys: list[Key], fires: bool
) -> None:
    """It can go when the tokens that it signed are over."""
    jwt: JWT[t.Any] = JWT(app, keys=KeySet(*keys))

    found = _found(app, jwt, deploy=True)

    assert [each.id for each in found] == ["jwt.alg"] * fires
    assert all(each.level is Level.INFO for each in found)


@pytest.mark.parametrize(("value", "fires"), [(False, True), (True, False)])
def test_cookies_without_a_check_of_their_origin(
    app: Flask, jwt: JWT[t.Any], value: bool, fires: bool
) -> None:
    """Another site could act for the user."""
    app.config["TOOLKIT_JWT_CSRF"] = value
    jwt.init_app(app)

    found = _found(app, jwt, deploy=True)

    assert [each.id for each in found] == ["jwt.csrf"] * fires
    assert all((f.level, f.key) == (Level.ERROR, "TOOLKIT_JWT_CSRF") for f in found)


@pytest.mark.parametrize(
    ("url", "store", "fires"),
    [
        pytest.param(None, None, True, id="nothing-said"),
        pytest.param("memory://", None, False, id="memory-on-purpose"),
        pytest.param("sqlite:///store.db", None, False, id="sqlite"),
        pytest.param(None, MemoryStore(), False, id="given"),
    ],
)
def test_a_store_that_no_other_process_sees(
    app: Flask, url: str | None, store: MemoryStore | None, fires: bool
) -> None:
    """Unless somebody chose it."""
    del app.config["TOOLKIT_STORE_URL"]

    if url is not None:
        app.config["TOOLKIT_STORE_URL"] = url

    jwt: JWT[t.Any] = JWT(app, store=store)

    found = _found(app, jwt, deploy=True)

    assert [each.id for each in found] == ["jwt.store"] * fires
    assert all((f.level, f.key) == (Level.WARNING, "TOOLKIT_STORE_URL") for f in found)


def test_what_matters_in_production_is_not_asked_before(
    app: Flask, jwt: JWT[t.Any]
) -> None:
    """In development nobody has to choose a store."""
    app.config.update(SECRET_KEY=SHORT, TOOLKIT_JWT_CSRF=False)
    del app.config["TOOLKIT_STORE_URL"]
    jwt.init_app(app)

    assert _ids(app, jwt) == []
    assert len(_ids(app, jwt, deploy=True)) == 3


def test_a_finding_is_data() -> None:
    """It compares, sorts by level and cannot be changed."""
    finding = Finding("jwt.key", Level.WARNING, "short")

    assert tuple(finding) == ("jwt.key", 20, "short", "", None, None)
    assert Level.INFO < Level.WARNING < Level.ERROR

    with pytest.raises(AttributeError):
        finding.level = Level.INFO  # type: ignore[misc]  # the claim
