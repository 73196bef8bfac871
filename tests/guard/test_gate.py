"""One request through the guard: the table of design section 5.1, and 5.4."""

from __future__ import annotations

import logging
import typing as t

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.routing import Rule as RouteRule

from flask_toolkit.errors import SetupError
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import role
from flask_toolkit.guard import scope
from flask_toolkit.guard import SessionAuthenticator
from flask_toolkit.guard import via
from flask_toolkit.guard._state import registry_of
from flask_toolkit.identity import current_identity
from flask_toolkit.identity import mark_public

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from flask_toolkit.guard import Decision
    from tests.guard.conftest import Shop

HTML = {"Accept": "text/html"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", "/nowhere", 404, id="not-found"),
        pytest.param("DELETE", "/open", 405, id="wrong-method"),
        pytest.param("OPTIONS", "/", 200, id="automatic-options"),
        pytest.param("GET", "/open", 200, id="public"),
        pytest.param("HEAD", "/open", 200, id="public-head"),
        pytest.param("GET", "/login", 200, id="login-view"),
        pytest.param("GET", "/", 401, id="closed"),
        pytest.param("HEAD", "/", 401, id="closed-head"),
        pytest.param("PUT", "/", 401, id="closed-put"),
    ],
)
def test_a_stranger_reaches_open_pages_only(
    shop: Shop, method: str, path: str, status: int
) -> None:
    """Steps 1, 2 and 6 let pass; everything else wants somebody signed in."""
    assert shop.client().open(path, method=method).status_code == status


@pytest.mark.parametrize("path", ["/nowhere", "/open", "/login"])
def test_an_open_page_touches_neither_session_nor_authenticators(
    shop: Shop, path: str
) -> None:
    """A public page is cacheable: no Vary, no Set-Cookie, nobody asked."""
    client = shop.client("1")
    before = shop.key.asked, len(shop.loads)
    answer = client.get(path, headers={"X-Key": "bad"})

    assert (shop.key.asked, len(shop.loads)) == before
    assert "Vary" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert "Cache-Control" not in answer.headers


def test_a_handwritten_options_view_is_guarded(shop: Shop) -> None:
    """An OPTIONS view of the application gives nothing away (fact 2)."""

    @shop.app.route("/secret", methods=["OPTIONS"])
    def secret() -> str:
        return "secret"

    assert shop.client().options("/secret").status_code == 401
    assert shop.client("1").options("/secret").text == "secret"


def test_a_plain_werkzeug_rule_is_guarded(shop: Shop) -> None:
    """A rule that Flask did not make has no automatic OPTIONS."""
    shop.app.url_map.add(RouteRule("/raw", endpoint="raw", methods=["OPTIONS"]))
    shop.app.view_functions["raw"] = lambda: "raw"

    assert shop.client().options("/raw").status_code == 401


def test_a_replaced_view_is_judged_anew(shop: Shop) -> None:
    """The plan holds for the object in ``view_functions``, not for the name."""
    client = shop.client()
    assert client.get("/open").status_code == 200

    shop.app.view_functions["open_page"] = lambda: "other"
    assert client.get("/open").status_code == 401

    shop.app.view_functions["open_page"] = mark_public(lambda: "third", "why")
    assert client.get("/open").text == "third"


def test_the_plan_is_compiled_once(shop: Shop) -> None:
    """A second request finds the plan of the first."""
    client = shop.client()
    client.get("/open")
    plan = registry_of(shop.app).plans["open_page", "GET"]
    client.get("/open")

    assert registry_of(shop.app).plans["open_page", "GET"] is plan


def test_guarded_answers_stay_out_of_shared_caches(shop: Shop) -> None:
    """Caching (RFC 9111 3.5): private, and varying by what identifies callers."""
    answer = shop.client("1").get("/")

    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert set(answer.vary) == {"Authorization", "Cookie"}


def test_a_views_own_cache_control_stays(shop: Shop) -> None:
    """The guard fills a gap and overrides nothing."""

    @shop.app.get("/mine")
    def mine() -> tuple[str, dict[str, str]]:
        return "x", {"Cache-Control": "private, max-age=60"}

    answer = shop.client("1").get("/mine")

    assert answer.headers["Cache-Control"] == "private, max-age=60"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        pytest.param("/", {"Accept": "application/json"}, 401, id="api"),
        pytest.param("/", {"Sec-Fetch-Mode": "cors", **HTML}, 401, id="xhr"),
        pytest.param("/", HTML, 303, id="navigation"),
        pytest.param("/", {"Sec-Fetch-Mode": "navigate"}, 303, id="navigate"),
        pytest.param("/", {"X-Key": "bad", **HTML}, 401, id="explicit-bad"),
        pytest.param("/", {"X-Key": "plain", **HTML}, 401, id="foreign-401"),
        pytest.param("/", {"X-Key": "malformed", **HTML}, 400, id="malformed"),
        pytest.param("/", {"X-Key": "down", **HTML}, 503, id="store-down"),
        pytest.param("/editors", {"X-Key": "9"}, 500, id="user-without-roles"),
    ],
)
def test_login_outcome(
    shop: Shop, path: str, headers: dict[str, str], status: int
) -> None:
    """A person is sent to the login view, a program gets a status (5.4)."""
    shop.app.testing = False
    shop.guard.roles_of(lambda user: t.cast("t.Any", 1 / 0))

    assert shop.client().get(path, headers=headers).status_code == status


def test_a_401_carries_a_challenge_for_each_authenticator(shop: Shop) -> None:
    """401 (RFC 9110 15.5.2): one line for each that has a challenge, no-store."""
    answer = shop.client().get("/")

    assert answer.headers.getlist("WWW-Authenticate") == [
        'Bearer realm="api"',
        'Session realm="shop"',
    ]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content_type == "application/problem+json"
    assert answer.json == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "Sign in to use this address.",
    }


def test_an_authenticator_without_challenge_adds_no_line(shop: Shop) -> None:
    """A cookie has nothing to ask for."""
    shop.key.header_challenge = None
    shop.guard.settings_of(shop.app)

    assert shop.client().get("/").headers.getlist("WWW-Authenticate") == [
        'Session realm="shop"'
    ]


def test_without_a_login_view_everybody_gets_the_401(
    make_shop: Callable[..., Shop],
) -> None:
    """LOGIN_VIEW None: always 401; the realm comes from REALM."""
    shop = make_shop(TOOLKIT_GUARD_LOGIN_VIEW=None, TOOLKIT_GUARD_REALM="till")
    answer = shop.client().get("/", headers=HTML)

    assert answer.status_code == 401
    assert 'Session realm="till"' in answer.headers.getlist("WWW-Authenticate")


@pytest.mark.parametrize(
    ("key", "challenge"),
    [
        pytest.param("bad", ["Key"], id="its-own"),
        pytest.param(
            "plain", ['Bearer realm="api"', 'Session realm="shop"'], id="the-guards"
        ),
    ],
)
def test_a_bad_explicit_credential_never_falls_back_to_the_session(
    shop: Shop, key: str, challenge: list[str]
) -> None:
    """Explicit and bad: stop at once, even with a good cookie beside it."""
    answer = shop.client("1").get("/", headers={"X-Key": key})

    assert answer.status_code == 401
    assert answer.headers.getlist("WWW-Authenticate") == challenge
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_bad_ambient_credential_is_passed_over(shop: Shop) -> None:
    """A cookie that does not verify hides no good one beside it."""

    class Cookie(type(shop.key)):  # type: ignore[misc]  # a class of another module
        name = "cookie"
        ambient = True

    guard = LoginGuard[t.Any](authenticators=[Cookie(None), SessionAuthenticator()])
    app = Flask("app", root_path="/nowhere")
    app.config["SECRET_KEY"] = "k" * 32
    app.debug = True
    guard.init_app(app)
    guard.user_loader(shop.users.get)
    app.add_url_rule("/", "home", lambda: guard.user.id)
    client = app.test_client()

    refused = client.get("/", headers={"X-Key": "bad"})
    assert refused.status_code == 401
    assert refused.json is not None
    assert refused.json["decision"]["reason"] == "bad-credential"

    with client.session_transaction() as found:
        found["_guard"] = f"{int(_now())},,,1"

    assert client.get("/", headers={"X-Key": "bad"}).text == "1"


def test_explicit_credentials_come_before_ambient_ones(shop: Shop) -> None:
    """A key in the header names the caller, whoever the cookie says."""
    assert shop.client("1").get("/", headers={"X-Key": "9"}).text == "user 9"


@pytest.mark.parametrize("headers", [{}, HTML], ids=["program", "person"])
def test_deny_is_a_403_and_never_a_redirect(
    shop: Shop, headers: dict[str, str]
) -> None:
    """Signing in again would not help: a redirect would loop (fact 9)."""
    answer = shop.client("2").get("/editors", headers=headers)

    assert answer.status_code == 403
    assert answer.headers["Cache-Control"] == "no-store"
    assert "WWW-Authenticate" not in answer.headers


def test_a_role_that_fits_lets_in(shop: Shop) -> None:
    """The rule of the mark decides, on the user's roles."""
    assert shop.client("1").get("/editors").text == "editors"


@pytest.mark.parametrize(
    ("needed", "challenges"),
    [
        pytest.param(
            scope("write", "read"),
            ['Bearer realm="api", error="insufficient_scope", scope="read write"'],
            id="scope",
        ),
        pytest.param(via("session"), [], id="other-rule"),
    ],
)
def test_a_missing_scope_is_named(
    shop: Shop, needed: t.Any, challenges: list[str]
) -> None:
    """Bearer errors (RFC 6750 3.1): 403 with insufficient_scope and what it takes."""
    shop.app.add_url_rule("/s", "s", require(needed)(lambda: "s"))
    answer = shop.client().get("/s", headers={"X-Key": "9"})

    assert answer.status_code == 403
    assert answer.headers.getlist("WWW-Authenticate") == challenges


def test_a_session_without_scope_gets_no_bearer_error(shop: Shop) -> None:
    """The error is about the token that came; here none did."""
    shop.app.add_url_rule("/s", "s", require(scope("w"))(lambda: "s"))

    assert "WWW-Authenticate" not in shop.client("1").get("/s").headers


@pytest.mark.parametrize(
    ("headers", "status"), [({}, 401), (HTML, 303)], ids=["program", "person"]
)
def test_a_stale_sign_in_asks_for_a_new_one(
    shop: Shop,
    edit_login: Callable[..., None],
    headers: dict[str, str],
    status: int,
) -> None:
    """Step-up (RFC 9470 3): how recent, to a program; the form, to a person."""
    client = shop.client("1")
    assert client.get("/vault").text == "vault"

    edit_login(client, auth_time=int(_now()) - 301)
    answer = client.get("/vault", headers=headers)

    assert answer.status_code == status
    assert answer.headers["Cache-Control"] == "no-store"

    if status == 401:
        assert answer.headers.getlist("WWW-Authenticate")[1] == (
            'Session realm="shop", error="insufficient_user_authentication",'
            ' max_age="300"'
        )
    else:
        assert answer.location == "/login?next=/vault"


def test_a_stale_person_is_sent_to_the_refresh_view(
    make_shop: Callable[..., Shop], edit_login: Callable[..., None]
) -> None:
    """REFRESH_VIEW is for confirming; strangers still go to the login view."""
    shop = make_shop(TOOLKIT_GUARD_REFRESH_VIEW="home")
    client = shop.client("1")
    edit_login(client, auth_time=int(_now()) - 301)

    assert client.get("/vault", headers=HTML).location == "/?next=/vault"
    assert shop.client().get("/vault", headers=HTML).location == "/login?next=/vault"


def _now() -> float:
    from time import time

    return time()


def test_what_on_denied_returns_is_the_answer(shop: Shop) -> None:
    """The application may answer refusals itself; None leaves it to the guard."""

    @shop.guard.on_denied
    def teapot(decision: Decision) -> tuple[str, int] | None:
        return ("tea", 418) if decision.endpoint == "home" else None

    answer = shop.client().get("/")

    assert (answer.status_code, answer.text) == (418, "tea")
    assert answer.headers["Cache-Control"] == "no-store"
    assert shop.client().get("/vault").status_code == 401


def test_a_refusal_is_one_log_line_without_the_caller(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    """INFO: endpoint, method and reason."""
    with caplog.at_level(logging.INFO, "flask_toolkit.guard"):
        shop.client("2").get("/editors")

    assert [record.getMessage() for record in caplog.records] == [
        "denied GET editors: role-missing"
    ]


def test_the_decision_shows_in_debug_only(shop: Shop) -> None:
    """Its trace tells which authenticators ran and why each gave nothing."""
    assert "decision" not in (shop.client().get("/").json or {})

    shop.app.debug = True
    shop.users.pop("2")
    answer = shop.client("1").get("/editors", headers={"X-Key": "bad"}).json

    assert answer is not None
    assert answer["decision"] == {
        "outcome": "login",
        "reason": "bad-credential",
        "rule": 'role("editor")',
        "guard": "guard",
        "endpoint": "editors",
        "method": "GET",
        "trace": ["key: bad-credential", 'role("editor"): login-required'],
    }


def test_a_decision_shows_no_user_in_its_repr(shop: Shop) -> None:
    """A decision may be logged: it holds no credential and prints no user."""
    seen: list[Decision] = []
    shop.guard.on_denied(seen.append)
    shop.client("2").get("/editors")

    assert "User(" not in repr(seen[0])
    assert seen[0].identity is not None
    assert seen[0].identity.id == "2"


def test_the_caller_is_published(shop: Shop) -> None:
    """What the guard found is ``current_identity`` for everybody else."""

    @shop.app.get("/me")
    def me() -> str:
        identity = current_identity()
        assert identity is not None
        return f"{identity.via} {identity.id} {identity.ambient}"

    assert shop.client("1").get("/me").text == "session 1 True"
    assert shop.client("1").get("/me", headers={"X-Key": "9"}).text == "key 9 False"


def test_the_user_is_loaded_once_a_request(shop: Shop) -> None:
    """Guard, view and template share one load."""
    client = shop.client("1")
    shop.loads.clear()
    client.get("/")

    assert shop.loads == ["1"]


def test_without_a_guard_over_it_a_route_stays_as_it_is() -> None:
    """Step 3: an endpoint that no guard covers passes untouched."""
    from flask import Blueprint

    app = Flask("app", root_path="/nowhere")
    admin = Blueprint("admin", "admin", url_prefix="/admin")
    guard = LoginGuard[object](admin)
    guard.user_loader(lambda id: None)
    admin.add_url_rule("/", "home", lambda: "admin")
    app.add_url_rule("/", "home", lambda: "home")
    app.register_blueprint(admin)

    assert app.test_client().get("/").text == "home"
    assert app.test_client().get("/admin/").status_code == 401


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        pytest.param(
            {"TOOLKIT_GUARD_LOGIN_VIEW": "sign_im"},
            "TOOLKIT_GUARD_LOGIN_VIEW: there is no endpoint 'sign_im'; did you mean"
            " 'sign_in'?",
            id="login-view",
        ),
        pytest.param(
            {"TOOLKIT_GUARD_REFRESH_VIEW": "xyz"},
            "TOOLKIT_GUARD_REFRESH_VIEW: there is no endpoint 'xyz'",
            id="refresh-view",
        ),
        pytest.param(
            {"TOOLKIT_GUARD_REFRESH_VIEW": "vault"},
            "'vault' asks for fresh(300); it would send in circles",
            id="fresh-refresh-view",
        ),
        pytest.param(
            {"TOOLKIT_GUARD_PUBLIC": ("nope", "editors")},
            "TOOLKIT_GUARD_PUBLIC: there is no endpoint 'nope'",
            id="public",
        ),
        pytest.param(
            {"TOOLKIT_GUARD_PUBLIC": ("nope", "editors")},
            "'editors' is opened and restricted: config public and marker require",
            id="public-and-require",
        ),
        pytest.param(
            {"SECRET_KEY_FALLBACKS": "old-key"},
            "SECRET_KEY_FALLBACKS must be a list",
            id="fallbacks-as-text",
        ),
    ],
)
def test_setup_problems_fail_every_request_until_mended(
    make_shop: Callable[..., Shop], config: dict[str, t.Any], problem: str
) -> None:
    """What only the first request can know is never served over."""
    shop = make_shop(**config)
    client = shop.app.test_client()

    for path in ("/open", "/nowhere"):
        with pytest.raises(SetupError) as info:
            client.get(path)

        assert problem in str(info.value)

    shop.app.testing = False
    assert client.get("/open").status_code == 500


def test_a_login_view_that_wants_a_login_is_a_setup_error(
    make_shop: Callable[..., Shop],
) -> None:
    """A method of the login view marked ``require`` would lock everybody out."""
    from flask.views import MethodView

    class Gate(MethodView):
        @require(role("x"))
        def get(self) -> str:
            raise NotImplementedError

    shop = make_shop(TOOLKIT_GUARD_LOGIN_VIEW="gate")
    shop.app.add_url_rule("/gate", view_func=Gate.as_view("gate"))

    with pytest.raises(SetupError, match="nobody could sign in"):
        shop.client().get("/open")


def test_a_guard_without_a_loader_is_closed(shop: Shop) -> None:
    """It lets nobody in and signs nobody in; open pages are open."""
    app = Flask("app", root_path="/nowhere")
    app.config.update(SECRET_KEY="k" * 32, TESTING=True)
    guard = LoginGuard[t.Any](app)
    app.add_url_rule("/", "home", lambda: "home")
    app.add_url_rule("/open", "open", public(lambda: "open"))
    enter = public(lambda: guard.login(shop.users["1"]))
    app.add_url_rule("/in", "in", t.cast("t.Any", enter))
    client = app.test_client()

    assert client.get("/").status_code == 401
    assert client.get("/open").text == "open"

    with pytest.raises(SetupError, match=r"register a function with @guard\.user_load"):
        client.get("/in")


def test_setup_problems_end_when_they_are_mended() -> None:
    """The check runs again until it passes."""
    app = Flask("app", root_path="/nowhere")
    LoginGuard[object](app, login_view="sign_in")
    assert app.test_client().get("/").status_code == 500

    app.url_map.add(Rule("/in", endpoint="sign_in", methods=["GET"]))
    app.view_functions["sign_in"] = lambda: "the form"
    assert app.test_client().get("/").status_code == 404


def test_what_runs_before_any_guard(shop: Shop) -> None:
    """Redirects of rules, URL preprocessors and earlier hooks come first (17)."""
    seen: list[str] = []
    early = Flask("early", root_path="/nowhere")
    early.testing = True
    early.before_request(lambda: seen.append("hook"))
    early.url_value_preprocessor(lambda endpoint, values: seen.append("values"))
    guard = LoginGuard[object](early)
    guard.user_loader(lambda id: None)
    early.add_url_rule("/old", "old", lambda: "", redirect_to="/new")
    early.add_url_rule("/new", "new", lambda: "new")

    assert early.test_client().get("/old").status_code == 308
    assert early.test_client().get("/new").status_code == 401
    assert seen == ["values", "hook", "values", "hook"]


@pytest.mark.parametrize("order", ["above", "below"])
def test_flask_logins_silently_public_view_is_closed(shop: Shop, order: str) -> None:
    """A rule above or below ``@route`` closes all the same (fact 1)."""
    needed = require(role("admin"))
    route = shop.app.get("/admin")
    first, second = (needed, route) if order == "above" else (route, needed)

    @first
    @second
    def admin() -> str:
        return "admin"

    assert shop.client().get("/admin").status_code == 401
    assert shop.client("1").get("/admin").status_code == 403
    assert shop.client("3").get("/admin").text == "admin"


def test_a_lost_mark_leaves_the_route_closed(shop: Shop) -> None:
    """A wrapper without ``functools.wraps`` loses ``public``: closed (fact 1)."""

    def careless(view: t.Any) -> t.Any:
        def wrapper() -> t.Any:
            return view()

        return wrapper

    @shop.app.get("/lost", endpoint="lost")
    @careless
    @public
    def lost() -> str:
        return "lost"

    assert shop.client().get("/lost").status_code == 401
    assert shop.client("1").get("/lost").text == "lost"
