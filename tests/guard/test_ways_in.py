"""Each way into an application that a stranger might try: none leads in."""

from __future__ import annotations

import asyncio
import functools
import typing as t

import pytest
from flask import Blueprint
from flask import Flask
from flask.views import MethodView
from flask.views import View

from flask_toolkit.errors import SetupError
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import role

if t.TYPE_CHECKING:
    from werkzeug.test import TestResponse

    Wrapper = t.Callable[[t.Callable[..., t.Any]], t.Any]

SECRET = "the secret"


def secret(**_: object) -> str:
    """Answer what no stranger may read."""
    return SECRET


async def secret_later() -> str:
    """Answer the same, asynchronously."""
    return SECRET


def plain(view: t.Callable[..., t.Any]) -> t.Any:
    """Wrap a view as a careless decorator does: without its marks."""

    def hidden(**values: t.Any) -> t.Any:
        return view(**values)

    return hidden


def careful(view: t.Callable[..., t.Any]) -> t.Any:
    """Wrap a view with ``functools.wraps``."""

    @functools.wraps(view)
    def shown(**values: t.Any) -> t.Any:
        return view(**values)

    return shown


class Whole(View):
    """A class with one entry."""

    methods: t.ClassVar = ["GET", "POST", "OPTIONS"]

    def dispatch_request(self) -> str:
        """Answer."""
        return SECRET


class Each(MethodView):
    """A class with an entry for each method."""

    def get(self) -> str:
        """Answer."""
        return SECRET

    post = put = delete = options = get


def test_the_views_would_answer() -> None:
    """Else none of the attempts below would prove anything."""
    views: list[t.Callable[[], object]] = [
        plain(secret),
        careful(secret),
        lambda: asyncio.run(secret_later()),
        Whole().dispatch_request,
        Each().get,
    ]

    assert [view() for view in views] == [SECRET] * 5


class HalfOpen(Each):
    """Only reading is open, so the others are ways in to try."""

    @public
    def get(self) -> str:
        """Answer what everybody may read."""
        return "open"


def guarded(target: Flask | Blueprint, name: str = "guard") -> LoginGuard[str]:
    """Attach a guard that knows nobody."""
    guard = LoginGuard[str](target, name=name)
    guard.user_loader(lambda id: None)
    return guard


def entering(guard: LoginGuard[str]) -> t.Callable[[], str]:
    """Return an open view that signs user 7 in."""

    @public
    def enter() -> str:
        guard.login("7")
        return "in"

    return enter


def new_app(name: str = "app", **options: t.Any) -> Flask:
    """Return an application with a key."""
    app = Flask(name, root_path="/nowhere", **options)
    app.config.update(SECRET_KEY="k" * 32, TESTING=True)
    return app


@pytest.fixture(name="site", scope="module")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """Return one application with a closed route of every kind."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "f.txt").write_text(SECRET)
    app = new_app(static_folder=str(folder), static_url_path="/static")
    app.config["TOOLKIT_GUARD_STATIC_PUBLIC"] = False
    guarded(app)
    every = ["GET", "POST", "PUT", "DELETE", "OPTIONS"]
    app.add_url_rule("/function", "function", careful(secret), methods=every)
    app.add_url_rule("/async", "async_view", careful(secret_later), methods=every)
    app.add_url_rule("/only-options", "only", careful(secret), methods=["OPTIONS"])
    app.add_url_rule("/only-head", "head", careful(secret), methods=["HEAD"])
    app.add_url_rule("/whole", view_func=Whole.as_view("whole"))
    app.add_url_rule("/each", view_func=Each.as_view("each"))
    app.add_url_rule("/half", view_func=HalfOpen.as_view("half"))
    app.add_url_rule("/slash/", "slash", careful(secret), methods=every)
    app.add_url_rule("/tree/<path:rest>", "tree", careful(secret), methods=every)
    app.add_url_rule("/tree/", "tree", defaults={"rest": ""}, methods=every)
    app.add_url_rule("/lost", "lost", plain(public(careful(secret))), methods=every)
    _areas(app, every)
    return app


def _areas(app: Flask, every: list[str]) -> None:
    outer = public(Blueprint("outer", "outer", url_prefix="/outer"))
    inner = Blueprint("inner", "inner", url_prefix="/inner")
    guarded(inner, "staff")
    inner.add_url_rule("/page", "page", careful(secret), methods=every)
    tight = require(role("boss"))(Blueprint("tight", "tight", url_prefix="/tight"))
    tight.add_url_rule("/page", "page", careful(secret), methods=every)
    outer.register_blueprint(inner)
    outer.register_blueprint(tight)
    app.register_blueprint(outer)
    app.register_blueprint(inner, name="again", url_prefix="/again")


PATHS = [
    "/function",
    "/async",
    "/only-options",
    "/only-head",
    "/whole",
    "/each",
    "/slash/",
    "/slash",
    "/tree/",
    "/tree/a/b",
    "/tree/static",
    "/lost",
    "/static/f.txt",
    "/outer/inner/page",
    "/outer/tight/page",
    "/again/page",
    "//function",
    "/function/",
    "/function?next=/static/f.txt",
    "/%66unction",
    "/./function",
    "/x/../function",
    "/FUNCTION",
    "/function%00",
    "/function;a=b",
    "/tree//function",
    "/tree/..%2f..%2fstatic/f.txt",
    "/static/../function",
    "/static/x%2f..%2ff.txt",
]
METHODS = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "OPTIONS",
    "PATCH",
    "TRACE",
    "PROPFIND",
    "get",
    "X",
]
HEADERS: list[dict[str, str]] = [
    {},
    {"X-HTTP-Method-Override": "OPTIONS", "X-Method-Override": "OPTIONS"},
    {"X-Original-URL": "/static/f.txt", "X-Rewrite-URL": "/static/f.txt"},
    {"X-Forwarded-Prefix": "/static", "X-Script-Name": "/static"},
    {"X-Forwarded-User": "1", "Remote-User": "1", "X-Remote-User": "1"},
    {"Authorization": "Bearer x", "Cookie": "session=x; session=y"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    {"Access-Control-Request-Method": "GET", "Origin": "https://evil.example"},
    {"Upgrade": "websocket", "Connection": "Upgrade"},
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", METHODS)
def test_no_method_path_or_header_leads_in(site: Flask, path: str, method: str) -> None:
    """Static files, classes, nested blueprints, 404 and 405: the secret stays."""
    client = site.test_client()

    for headers in HEADERS:
        answer = client.open(path, method=method, headers=headers)

        assert SECRET not in answer.text
        assert answer.status_code not in {201, 204, 206, 304}
        assert answer.status_code < 500
        # What answers 200 is what Flask itself says of the methods.
        assert answer.status_code != 200 or _is_automatic(answer, method)


def _is_automatic(answer: TestResponse, method: str) -> bool:
    return method == "OPTIONS" and answer.text == "" and "Allow" in answer.headers


def test_only_what_is_open_is_open(site: Flask) -> None:
    """The one open method of a class opens no other."""
    client = site.test_client()

    assert client.get("/half").text == "open"
    assert client.head("/half").status_code == 200
    assert {client.open("/half", method=m).status_code for m in METHODS[2:6]} == {401}


def test_the_site_lets_its_users_in() -> None:
    """The paths of the table lead somewhere once somebody is signed in."""
    app = new_app()
    guard = guarded(app)
    guard.user_loader(str)
    guard.id_of(str)
    app.add_url_rule("/in", "sign_in", entering(guard))
    app.add_url_rule("/function", "function", careful(secret), methods=["OPTIONS"])
    client = app.test_client()
    client.get("/in")

    assert client.options("/function").text == SECRET


BOSS = require(role("boss"))


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize(
    "wrappers",
    [
        pytest.param([BOSS, careful, careful], id="mark-first"),
        pytest.param([careful, BOSS, careful], id="mark-between"),
        pytest.param([careful, careful, BOSS], id="mark-last"),
        pytest.param([BOSS, plain, careful], id="mark-hidden"),
        pytest.param([plain, careful, BOSS], id="mark-over-plain"),
        pytest.param([careful, plain, plain], id="no-mark"),
    ],
)
def test_the_order_of_decorators_opens_nothing(
    wrappers: list[Wrapper], at: int
) -> None:
    """``@route`` above, between or below marks and wrappers (fact 1)."""
    app = new_app(static_folder=None)
    guarded(app)
    order = [*wrappers]
    order.insert(at, app.route("/x", endpoint="x", methods=["GET", "OPTIONS"]))
    view: t.Any = careful(secret)

    for wrapper in order:
        view = wrapper(view)

    client = app.test_client()
    assert client.get("/x").status_code == 401
    assert client.options("/x").status_code == 401


def test_a_mark_above_the_route_is_none_of_its_view() -> None:
    """Above ``@route`` and a wrapper, ``public`` marks what no route calls."""
    app = new_app(static_folder=None)
    guarded(app)
    public(careful(app.get("/x")(careful(secret))))

    assert app.test_client().get("/x").status_code == 401


def test_two_apps_share_nothing() -> None:
    """The cookie of one is nothing to the other, also with one guard object."""
    guard = LoginGuard[str]()
    guard.user_loader(str)
    guard.id_of(str)
    apps = [new_app("one"), new_app("two")]

    for app, key in zip(apps, "ab", strict=True):
        app.secret_key = key * 32
        guard.init_app(app)
        app.add_url_rule("/in", "sign_in", entering(guard))
        app.add_url_rule("/x", "x", careful(secret))

    first, second = (app.test_client() for app in apps)
    first.get("/in")
    cookie = first.get_cookie("session")
    assert cookie is not None
    second.set_cookie("session", cookie.value)

    assert first.get("/x").text == SECRET
    assert second.get("/x").status_code == 401


def test_a_client_inside_of_another_request_is_a_stranger() -> None:
    """Neither a pushed application nor a request of somebody lends a sign-in."""
    app = new_app()
    guard = guarded(app)
    guard.user_loader(str)
    guard.id_of(str)
    seen: list[int] = []
    app.add_url_rule("/x", "x", careful(secret))

    @app.get("/in")
    @public
    def sign_in() -> str:
        guard.login("7")
        seen.append(app.test_client().get("/x").status_code)
        return guard.user

    with app.app_context():
        client = app.test_client()
        assert client.get("/in").text == "7"
        seen.append(app.test_client().get("/x").status_code)

        with app.test_request_context("/"):
            guard.login("8")
            seen.append(app.test_client().get("/x").status_code)

        assert client.get("/x").text == SECRET

    assert seen == [401, 401, 401]


def test_error_pages_and_redirects_of_the_router_show_nothing() -> None:
    """They answer before any guard, and from no view."""
    app = new_app()
    guarded(app)
    app.add_url_rule("/slash/", "slash", careful(secret), methods=["GET", "DELETE"])
    client = app.test_client()

    assert client.get("/slash").status_code == 308
    assert client.delete("/slash").headers["Location"].endswith("/slash/")
    assert client.get("/nothing").status_code == 404
    assert client.post("/slash/").status_code == 405
    assert SECRET not in client.get("/slash", follow_redirects=True).text


@pytest.mark.parametrize("name", ["permanent", "flashes"])
def test_a_guard_takes_no_key_of_flasks_session(name: str) -> None:
    """Its sign-in would be overwritten, or shown as a message."""
    with pytest.raises(SetupError, match=f"Flask keeps session\\['_{name}'\\]"):
        LoginGuard[str](name=name)
