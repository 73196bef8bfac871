"""Marks on views, View classes, methods and blueprints: design section 5.2."""

from __future__ import annotations

import functools
import typing as t
from contextlib import closing

import pytest
from flask import Blueprint
from flask import Flask
from flask.views import MethodView
from flask.views import View

from flask_toolkit.errors import SetupError
from flask_toolkit.guard import authenticated
from flask_toolkit.guard import fresh
from flask_toolkit.guard import guard_map
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import role
from flask_toolkit.guard import Rule
from flask_toolkit.guard import rule
from flask_toolkit.guard import scope
from flask_toolkit.guard import signed
from flask_toolkit.guard import via
from flask_toolkit.identity import MARK

if t.TYPE_CHECKING:
    from pathlib import Path

A, B, C = role("a"), role("b"), role("c")


def view() -> str:
    """Answer something."""
    return "seen"


def fresh_view() -> t.Callable[[], str]:
    """Return a view that nothing is written on yet."""
    return lambda: f"{view()}"


def app_with(asked: t.Any = authenticated, **config: t.Any) -> Flask:
    """Return an app below a guard, without static files."""
    app = Flask("app", root_path="/nowhere", static_folder=None)
    app.testing = True
    app.config.update(config)
    guard = LoginGuard[object](require=asked)
    guard.user_loader(lambda id: None)
    guard.init_app(app)
    return app


def requires(app: Flask) -> dict[str, str]:
    """Return what each endpoint and method asks for, and why."""
    return {
        f"{one.method} {one.endpoint}": f"{one.requires} ({one.why})"
        for one in guard_map(app)
    }


def test_marks_return_what_they_mark() -> None:
    """A mark is an attribute, not a wrapper: order cannot matter."""
    plain = fresh_view()

    assert public(plain) is plain
    assert getattr(plain, MARK).public
    assert require(A)(View) is View
    delattr(View, MARK)


@pytest.mark.parametrize(
    "decorate",
    [
        pytest.param(lambda v: public(require(A)(v)), id="public-over-require"),
        pytest.param(lambda v: require(A)(public(v)), id="require-over-public"),
        pytest.param(lambda v: require(A)(public()(v)), id="with-parentheses"),
    ],
)
def test_both_kinds_on_one_object_are_an_error(decorate: t.Any) -> None:
    """It would say open and closed at once."""
    with pytest.raises(SetupError, match="marked both @public and @require"):
        decorate(fresh_view())


def test_a_blueprint_with_both_kinds_is_named() -> None:
    """The message names what is marked twice."""
    with pytest.raises(SetupError, match=r"^shop is marked both"):
        public(require(A)(Blueprint("shop", "shop")))


def test_several_marks_of_one_kind_add_up() -> None:
    """Two requires are and-ed; the first reason stays, flags add up."""
    app = app_with()
    app.add_url_rule("/a", "a", require(B)(require(A, cross_origin=True)(fresh_view())))
    app.add_url_rule("/b", "b", public(public(reason="one")(fresh_view())))
    app.add_url_rule("/c", "c", public(reason="two")(public(fresh_view())))

    assert requires(app) == {
        "GET a": 'role("a") & role("b") +cross-origin (default+marker)',
        "GET b": 'public (marker "one")',
        "GET c": 'public (marker "two")',
    }


@pytest.mark.parametrize("target", [7, "view", fresh(3)], ids=["int", "str", "rule"])
def test_what_cannot_be_marked_says_so(target: object) -> None:
    """A mark that went nowhere would close or open nothing."""
    with pytest.raises(SetupError, match="cannot be marked"):
        public(target)


def test_require_takes_rules_only() -> None:
    """A role by its bare name is a mistake that must not pass."""
    with pytest.raises(SetupError, match="@require takes rules"):
        require(t.cast("t.Any", "admin"))

    with pytest.raises(SetupError, match="@require takes rules"):
        require(t.cast("t.Any", view))


@pytest.mark.parametrize("reason", ["a\nb", "a\tb", "\u202eopen"], ids=ascii)
def test_a_reason_is_one_printable_line(reason: str) -> None:
    """It stands in a file that people review (fact 18)."""
    with pytest.raises(SetupError, match="one line of printable text"):
        public(reason=reason)


def test_levels_apply_from_outside_in() -> None:
    """Guard, outer blueprint, inner blueprint, view: rules tighten, public opens."""
    app = app_with(A)
    outer = require(B)(Blueprint("outer", "outer"))
    inner = Blueprint("inner", "inner")
    opened = public(Blueprint("opened", "opened"))
    inner.add_url_rule("/1", "plain", fresh_view())
    inner.add_url_rule("/2", "tighter", require(C)(fresh_view()))
    inner.add_url_rule("/3", "open", public(fresh_view()))
    opened.add_url_rule("/4", "open", fresh_view())
    opened.add_url_rule("/5", "closed", require(C)(fresh_view()))
    opened.add_url_rule("/6", "known", require()(fresh_view()))
    outer.register_blueprint(inner)
    outer.register_blueprint(opened)
    app.register_blueprint(outer)
    app.add_url_rule("/7", "plain", fresh_view())

    bp = "blueprint:outer"
    assert requires(app) == {
        "GET outer.inner.plain": f'role("a") & role("b") (default+{bp})',
        "GET outer.inner.tighter": (
            f'role("a") & role("b") & role("c") (default+{bp}+marker)'
        ),
        "GET outer.inner.open": "public (marker)",
        "GET outer.opened.open": f"public ({bp}.opened)",
        "GET outer.opened.closed": f'role("c") ({bp}.opened+marker)',
        "GET outer.opened.known": f"authenticated ({bp}.opened+marker)",
        "GET plain": 'role("a") (default)',
    }


def test_a_blueprint_registered_twice_is_marked_twice() -> None:
    """The mark is of the blueprint, whatever it is called where."""
    app = app_with()
    bp = public(Blueprint("bp", "bp"))
    bp.add_url_rule("/x", "x", fresh_view())
    app.register_blueprint(bp, url_prefix="/1")
    app.register_blueprint(bp, url_prefix="/2", name="again")

    assert requires(app) == {
        "GET bp.x": "public (blueprint:bp)",
        "GET again.x": "public (blueprint:again)",
    }


@require(A)
class Base(MethodView):
    """A class that restricts, with one open method."""

    @public
    def get(self) -> str:
        """Answer."""
        return "get"

    @require(B)
    def post(self) -> str:
        """Answer."""
        raise NotImplementedError

    def head(self) -> str:
        """Answer."""
        raise NotImplementedError


class Child(Base):
    """Overrides all, marks nothing."""

    def get(self) -> str:
        """Answer."""
        raise NotImplementedError

    def post(self) -> str:
        """Answer."""
        raise NotImplementedError


@public
class Open(Base):
    """Opens what its base restricts, but for what methods ask."""


class Grandchild(Open):
    """Being open is not inherited."""


class Simple(View):
    """A view with a method that runs for every verb."""

    methods: t.ClassVar[t.Collection[str] | None] = ["GET", "POST"]

    @require(C)
    def dispatch_request(self) -> str:
        """Answer."""
        raise NotImplementedError


def test_classes_and_methods() -> None:
    """Class, then method; children are tightened by their bases, never opened."""
    app = app_with()

    for cls in (Base, Child, Open, Grandchild, Simple):
        app.add_url_rule(f"/{cls.__name__}", view_func=cls.as_view(cls.__name__))

    assert requires(app) == {
        "GET Base": "public (method-marker)",
        "HEAD Base": 'role("a") (default+marker)',
        "POST Base": 'role("a") & role("b") (default+marker+method-marker)',
        "GET Child": 'role("a") (default+marker)',
        "POST Child": 'role("a") & role("b") (default+marker+method-marker)',
        "GET Open": "public (marker+method-marker)",
        "HEAD Open": "public (marker)",
        "POST Open": 'role("b") (marker+method-marker)',
        "GET Grandchild": "public (method-marker)",
        "HEAD Grandchild": 'role("a") (default+marker)',
        "POST Grandchild": 'role("a") & role("b") (default+marker+method-marker)',
        "GET Simple": 'role("c") (default+method-marker)',
        "POST Simple": 'role("c") (default+method-marker)',
    }


def test_head_is_get_where_there_is_no_head() -> None:
    """An open ``get`` is open for HEAD too, over HTTP."""

    class Page(MethodView):
        @public
        def get(self) -> str:
            return "page"

    app = app_with()
    app.add_url_rule("/page", view_func=Page.as_view("page"))
    app.add_url_rule("/base", view_func=Base.as_view("base"))
    client = app.test_client()

    assert client.head("/page").status_code == 200
    assert client.get("/base").text == "get"
    assert client.head("/base").status_code == 401
    assert client.post("/base").status_code == 401


def test_a_class_decorator_marks_the_view() -> None:
    """``decorators = [...]`` of a View class reach its view function."""

    class Page(MethodView):
        decorators: t.ClassVar[list[t.Callable[..., t.Any]]] = [public]

        def get(self) -> str:
            raise NotImplementedError

    app = app_with()
    app.add_url_rule("/page", view_func=Page.as_view("page"))

    assert requires(app) == {"GET page": "public (marker)"}


def test_class_and_view_function_must_not_contradict() -> None:
    """``public(Class.as_view())`` over a class marked ``require`` is an error."""
    app = app_with()
    app.add_url_rule("/x", view_func=public(Base.as_view("x")))

    with pytest.raises(SetupError, match="'x' is opened and restricted"):
        guard_map(app)


def test_a_careful_wrapper_keeps_the_mark() -> None:
    """``functools.wraps`` copies the attribute."""
    inner = public(fresh_view())

    @functools.wraps(inner)
    def wrapper() -> str:
        return inner()

    app = app_with()
    app.add_url_rule("/x", "x", wrapper)

    assert app.test_client().get("/x").text == "seen"


def test_settings_open_what_they_name() -> None:
    """PUBLIC opens exact endpoints, LOGIN_VIEW opens itself under any guard."""
    app = app_with(
        TOOLKIT_GUARD_PUBLIC=("health",), TOOLKIT_GUARD_LOGIN_VIEW="auth.sign_in"
    )
    auth = Blueprint("auth", "auth")
    staff = LoginGuard[object](auth, name="staff")
    staff.user_loader(lambda id: None)
    auth.add_url_rule("/in", "sign_in", fresh_view())
    app.register_blueprint(auth)
    app.add_url_rule("/health", "health", fresh_view())
    app.add_url_rule("/healthy", "healthy", fresh_view())

    assert requires(app) == {
        "GET auth.sign_in": "public (login-view)",
        "GET health": "public (config)",
        "GET healthy": "authenticated (default)",
    }


@pytest.mark.parametrize("way", ["outer", "inner"])
def test_a_guard_opens_nothing_of_another_one(way: str) -> None:
    """Who deploys the shop does not open the office by it: setup says so."""
    key = {"outer": "TOOLKIT_GUARD_PUBLIC", "inner": "TOOLKIT_STAFF_PUBLIC"}[way]
    endpoint = {"outer": "office.files", "inner": "home"}[way]
    app = app_with(**{key: (endpoint,)})
    office = Blueprint("office", "office")
    LoginGuard[object](office, name="staff")
    office.add_url_rule("/files", "files", fresh_view())
    app.register_blueprint(office)
    app.add_url_rule("/", "home", fresh_view())
    owner = {"outer": "staff", "inner": "guard"}[way]

    assert requires(app)[f"GET {endpoint}"] == "authenticated (default)"
    with pytest.raises(SetupError) as info:
        app.test_client().get("/")

    assert (
        f"{key}: the guard '{owner}' decides about '{endpoint}'; open it in"
        f" TOOLKIT_{owner.upper()}_PUBLIC" in str(info.value)
    )


def test_an_endpoint_without_a_guard_may_be_called_public() -> None:
    """It is open anyhow, as far as guards go."""
    app = Flask("app", static_folder=None)
    app.secret_key = "k" * 32
    app.config["TOOLKIT_STAFF_PUBLIC"] = ["home"]
    office = Blueprint("office", "office")
    LoginGuard[object](office, name="staff")
    app.register_blueprint(office)
    app.add_url_rule("/", "home", fresh_view())

    assert app.test_client().get("/").text == "seen"


@pytest.mark.parametrize(
    "asked",
    [
        signed & role("a"),
        signed & scope("a"),
        signed & fresh(60),
        signed & via("session"),
        role("a") & (signed | role("b")) & signed,
        signed & ~authenticated,
        via("signed-url") & ~signed,
    ],
    ids=repr,
)
def test_a_rule_that_nobody_can_pass_is_a_setup_error(asked: Rule) -> None:
    """A signed address has no roles, and who has them comes without a signature."""
    app = app_with()
    app.add_url_rule("/x", "x", require(asked)(fresh_view()))

    with pytest.raises(SetupError, match=r"'x' asks for .*which nobody can pass"):
        app.test_client().get("/x")


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (signed & rule(lambda who, _: bool(who), name="own"), 403),
        (signed | role("a"), 401),
        (signed & ~role("a"), 403),
        (signed & via("signed-url"), 403),
        (~signed & role("a"), 401),
        (~(signed & role("a")), 401),
    ],
    ids=repr,
)
def test_a_rule_that_somebody_can_pass_is_none(asked: Rule, status: int) -> None:
    """A stranger is refused, and the application works."""
    app = app_with()
    app.add_url_rule("/x", "x", require(asked)(fresh_view()))

    assert app.test_client().get("/x").status_code == status


def test_marks_that_exclude_each_other_are_a_setup_error() -> None:
    """Each alone is fine; the rule that holds is that of all of them."""
    app = app_with()
    office = require(role("a"))(Blueprint("office", "office"))
    office.add_url_rule("/x", "x", require(signed)(fresh_view()))
    app.register_blueprint(office)

    with pytest.raises(SetupError, match=r'role\("a"\) & signed, which nobody'):
        guard_map(app)


def test_static_files_are_open_and_views_of_that_name_are_not(tmp_path: Path) -> None:
    """STATIC_PUBLIC opens Flask's own file views, nothing that is called so."""
    (tmp_path / "x.txt").write_text("x")
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "x.txt").write_text("x")
    app = app_with()
    filed = Blueprint("filed", "filed", root_path=str(tmp_path), static_folder="static",
                      static_url_path="/f")  # fmt: skip
    named = Blueprint("named", "named", url_prefix="/named")
    named.add_url_rule("/static", "static", fresh_view())
    app.register_blueprint(filed)
    app.register_blueprint(named)
    app.add_url_rule("/static", "static", fresh_view())
    client = app.test_client()

    with closing(client.get("/f/x.txt")) as answer:
        assert answer.text == "x"

    assert client.get("/named/static").status_code == 401
    assert client.get("/static").status_code == 401


def test_the_apps_own_static_files(tmp_path: Path) -> None:
    """Open by default, closed on request, and an explicit mark wins."""
    (tmp_path / "x.txt").write_text("x")

    def status(
        *, restrict: bool = False, replace: bool = False, **config: object
    ) -> int:
        app = Flask("app", static_folder=str(tmp_path))
        app.config.update(config)
        guard = LoginGuard[object](app)
        guard.user_loader(lambda id: None)

        if restrict:
            require(A)(app.view_functions["static"])

        if replace:
            app.view_functions["static"] = lambda filename: filename

        with closing(app.test_client().get(f"/{tmp_path.name}/x.txt")) as answer:
            return answer.status_code

    assert status() == 200
    assert status(TOOLKIT_GUARD_STATIC_PUBLIC=False) == 401
    assert status(restrict=True) == 401
    assert status(replace=True) == 401


def test_a_dotted_endpoint_without_its_blueprint() -> None:
    """An endpoint may look like a blueprint's static view and be none."""
    app = app_with()
    app.add_url_rule("/x", "ghost.static", fresh_view())

    assert requires(app) == {"GET ghost.static": "authenticated (default)"}


def test_the_nearest_guard_decides() -> None:
    """Guard of the nearest blueprint, else the app's: exactly one."""
    app = app_with(A)
    outer, inner = Blueprint("outer", "outer"), Blueprint("inner", "inner")
    staff = LoginGuard[object](inner, name="staff", require=B)
    staff.user_loader(lambda id: None)
    outer.add_url_rule("/1", "x", fresh_view())
    inner.add_url_rule("/2", "x", fresh_view())
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    app.register_blueprint(inner, name="alone", url_prefix="/alone")

    assert {one.endpoint: (one.guard, one.requires) for one in guard_map(app)} == {
        "outer.x": ("guard", 'role("a")'),
        "outer.inner.x": ("staff", 'role("b")'),
        "alone.x": ("staff", 'role("b")'),
    }


def test_an_outer_blueprint_never_opens_an_inner_guard() -> None:
    """What lies outside a guard's own blueprint may tighten it, not open it."""
    app = app_with()
    opened, strict = Blueprint("opened", "opened"), Blueprint("strict", "strict")
    inner = Blueprint("inner", "inner")
    LoginGuard[object](inner, name="staff", require=B).user_loader(lambda id: None)
    inner.add_url_rule("/x", "x", fresh_view())
    opened.register_blueprint(inner, url_prefix="/o")
    strict.register_blueprint(inner, url_prefix="/s")
    app.register_blueprint(public(opened))
    app.register_blueprint(require(C)(strict))

    assert requires(app) == {
        "GET opened.inner.x": 'role("b") (default)',
        "GET strict.inner.x": 'role("b") & role("c") (default+blueprint:strict)',
    }


def test_a_public_blueprint_with_its_own_guard_is_open() -> None:
    """Guard and mark on one blueprint: the mark is inside the guard."""
    app = app_with()
    bp = public(Blueprint("bp", "bp"))
    LoginGuard[object](bp, name="staff").user_loader(lambda id: None)
    bp.add_url_rule("/x", "x", fresh_view())
    app.register_blueprint(bp)

    assert requires(app) == {"GET bp.x": "public (blueprint:bp)"}


class Desk:
    """Its methods are views."""

    @require(A)
    @staticmethod
    def outside() -> str:
        """Mark above the descriptor."""
        raise NotImplementedError

    @require(A)
    @classmethod
    def on_class(cls) -> str:
        """Mark above the descriptor."""
        raise NotImplementedError


class ByCall:
    """Its instances are views."""

    @require(A)
    def __call__(self) -> str:
        """Mark what runs."""
        raise NotImplementedError


@require(A)
class Marked:
    """Its instances are views."""

    def __call__(self) -> str:
        """Run unmarked."""
        raise NotImplementedError


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(Desk.outside, id="staticmethod"),
        pytest.param(Desk.on_class, id="classmethod"),
        pytest.param(ByCall(), id="call"),
        pytest.param(Marked(), id="class-of-a-callable"),
        pytest.param(functools.partial(require(A)(fresh_view())), id="partial"),
    ],
)
def test_a_require_beneath_a_view_holds(target: t.Any) -> None:
    """It was accepted without a word, so it must not be lost without one."""
    app = app_with()
    app.add_url_rule("/x", "x", target)

    assert [one.requires for one in guard_map(app)] == ['role("a")']


def test_a_public_beneath_a_view_opens_nothing() -> None:
    """What wraps something open may be what closes it."""
    app = app_with()
    app.add_url_rule("/x", "x", functools.partial(public(fresh_view())))

    assert [one.requires for one in guard_map(app)] == ["authenticated"]
