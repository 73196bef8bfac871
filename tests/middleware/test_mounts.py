"""Several applications in one: who answers, and whose sessions are whose."""

import re
import typing as t
from collections.abc import Callable
from wsgiref.types import WSGIApplication

import pytest
from flask import current_app
from flask import Flask
from flask import request
from flask import session
from flask import url_for
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client
from werkzeug.wrappers import Response

from flask_toolkit.errors import SetupError
from flask_toolkit.middleware import after_response
from flask_toolkit.middleware import Layer
from flask_toolkit.middleware import MiddlewareStack
from flask_toolkit.middleware import Phase
from flask_toolkit.testing import check_middleware

Serve = Callable[..., t.Any]
KEY = "one-key-of-the-tests-0123456789-0123456789"
OTHER = "other-key-of-the-tests-0123456789-01234567"


def _application(name: str, **config: t.Any) -> Flask:
    app = Flask(name)
    app.config.update(config)
    app.add_url_rule("/", "index", lambda: f"{name} index")
    app.add_url_rule("/<path:rest>", "rest", lambda rest: f"{name} {rest}")
    app.add_url_rule("/url", "url", lambda: url_for("rest", rest="x"))
    return app


@pytest.fixture(name="app")
def _app() -> Flask:
    """Return an application without a stack."""
    return _application("shop")


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        pytest.param("/", b"shop index", id="parent"),
        pytest.param("/blog/", b"blog index", id="root"),
        pytest.param("/blog/a/b", b"blog a/b", id="below"),
        pytest.param("/blog/url", b"/blog/x", id="script-name"),
        pytest.param("/blogs", b"shop blogs", id="whole-segments"),
        pytest.param("/blog/admin/x", b"admin x", id="longest-prefix"),
        pytest.param("/blog/administrator", b"blog administrator", id="not-longest"),
        pytest.param("/caf\u00e9/x", b"cafe x", id="unicode"),
    ],
)
@pytest.mark.parametrize("turned", [False, True], ids=["short-first", "long-first"])
def test_the_longest_prefix_answers(
    app: Flask, serve: Serve, path: str, answer: bytes, turned: bool
) -> None:
    """By whole segments, in whichever order they were mounted."""
    stack = MiddlewareStack(app)
    mounts = {"/blog": "blog", "/blog/admin": "admin", "/caf\u00e9": "cafe"}

    for prefix, name in sorted(mounts.items(), reverse=turned):
        stack.mount(prefix, _application(name))

    assert serve(app.wsgi_app, path).chunks == [answer]


@pytest.mark.parametrize(
    ("path", "query", "script_name", "location"),
    [
        pytest.param("/blog", "", "", "/blog/", id="plain"),
        pytest.param("/blog", "a=1&b=%2F", "", "/blog/?a=1&b=%2F", id="query"),
        pytest.param("/caf\u00e9", "", "", "/caf%C3%A9/", id="unicode"),
        pytest.param("/blog", "", "/site", "/site/blog/", id="below-a-prefix"),
    ],
)
def test_the_prefix_itself_is_redirected(  # noqa: PLR0917  # pytest passes by name
    app: Flask, serve: Serve, path: str, query: str, script_name: str, location: str
) -> None:
    """Permanently, with its query, and the method stays."""
    MiddlewareStack(app).mount("/blog", _application("blog")).mount(
        "/caf\u00e9", _application("cafe")
    )
    answer = serve(
        app.wsgi_app,
        path,
        QUERY_STRING=query,
        SCRIPT_NAME=script_name,
        REQUEST_METHOD="POST",
    )

    assert answer.status.startswith("308")
    assert answer["Location"] == location


def test_a_second_slash_in_front_is_the_parent_s(app: Flask, serve: Serve) -> None:
    """It is another path: //blog never leads to another host or application."""
    MiddlewareStack(app).mount("/blog", _application("blog"))
    answer = serve(app.wsgi_app, PATH_INFO="//blog")

    assert answer.chunks == [b"shop blog"]  # Werkzeug takes it for /blog


def test_a_redirect_stays_on_its_host(app: Flask, serve: Serve) -> None:
    """Whatever prefix a proxy passes on."""
    app.config["TOOLKIT_MIDDLEWARE_PROXY_FIX"] = {"x_prefix": 1}
    MiddlewareStack(app).mount("/blog", _application("blog"))
    prefix = "//evil.example"
    answer = serve(app.wsgi_app, "/blog", HTTP_X_FORWARDED_PREFIX=prefix)

    assert answer["Location"] == "/evil.example/blog/"


def test_who_stands_around_a_mounted_application(
    app: Flask, serve: Serve, recorder: t.Any
) -> None:
    """Middlewares further out do, hooks of the parent and its own ones do not."""
    log: list[str] = []
    stack = MiddlewareStack(app).mount("/blog", _application("blog"))
    stack.use(recorder("out", log), name="out", phase=Phase.HEADERS)
    stack.use(recorder("in", log), name="in")
    app.before_request(lambda: log.append("hook"))
    answer = serve(app.wsgi_app, "/blog/x")

    assert answer.chunks == [b"blog x"]
    assert len(answer["X-Request-ID"]) == 32
    assert log == ["out.before", "out.headers 200", "out.finish True"]


def test_the_layers_around_see_the_whole_path(
    app: Flask, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """What is logged is what was asked for, not what the application was told."""
    app.config["TOOLKIT_MIDDLEWARE_SLOW_AFTER"] = 1e-6
    MiddlewareStack(app).mount("/blog", _application("blog"))
    serve(app.wsgi_app, "/blog/x")

    assert "GET '/blog/x' took" in caplog.text


def test_one_id_for_both_applications(app: Flask, serve: Serve) -> None:
    """A mounted one with a stack of its own logs the id that the client gets."""
    blog = _application("blog")
    seen: list[str | None] = []
    done: list[str] = []

    @blog.before_request
    def look() -> None:
        seen.append(request.environ["toolkit.scope"].request_id)
        after_response(done.append, "blog")

    blog.config["TOOLKIT_MIDDLEWARE_TRUST_INBOUND"] = True
    MiddlewareStack(blog)
    MiddlewareStack(app).mount("/blog", blog)
    answer = serve(app.wsgi_app, "/blog/x", HTTP_X_REQUEST_ID="of-a-stranger")

    assert seen == [answer["X-Request-ID"]]
    assert done == ["blog"]
    assert seen[0] != "of-a-stranger"


def test_after_response_knows_the_mounted_application(app: Flask, serve: Serve) -> None:
    """One without a stack waits for the end too, with its own configuration."""
    blog = _application("blog")
    names: list[str] = []

    def later() -> None:
        names.append(current_app.name)

    blog.before_request(lambda: after_response(later))
    app.before_request(lambda: after_response(later))
    MiddlewareStack(app).mount("/blog", blog)
    serve(app.wsgi_app, "/blog/x")
    serve(app.wsgi_app, "/x")

    assert names == ["blog", "shop"]


def test_any_wsgi_application_can_be_mounted(app: Flask, serve: Serve) -> None:
    """It has no sessions that we know of."""
    app.secret_key = KEY
    MiddlewareStack(app).mount("/other", Response("other"))

    assert serve(app.wsgi_app, "/other/x").chunks == [b"other"]


@pytest.mark.parametrize("mounted", [True, False], ids=["mounted", "beside"])
def test_a_mount_is_a_legal_middleware(mounted: bool) -> None:
    """With each kind of application, below the prefix and beside it."""

    def factory(inner: WSGIApplication) -> WSGIApplication:
        app = Flask("outer")
        stack = MiddlewareStack(app if mounted else None)

        if not mounted:
            app.wsgi_app = inner  # type: ignore[method-assign,assignment]  # as Flask's docs do
            stack.init_app(app)

        stack.mount("/m", inner if mounted else Response("other"))

        def call(environ: t.Any, start_response: t.Any) -> t.Any:
            if mounted:
                environ["PATH_INFO"] = "/m" + environ["PATH_INFO"]

            return app.wsgi_app(environ, start_response)

        return call

    check_middleware(factory)


def test_a_mount_is_listed_and_can_be_removed(app: Flask, serve: Serve) -> None:
    """It is a layer with a name."""
    stack = MiddlewareStack(app).mount("/blog", _application("blog"))

    assert stack.describe(app)[1] == Layer("mount /blog", "wsgi", "mount", (), "/blog")
    stack.remove("mount /blog")
    assert serve(app.wsgi_app, "/blog/x").chunks == [b"shop blog/x"]


@pytest.mark.parametrize(
    ("prefix", "application", "message"),
    [
        ("blog", Response("x"), "must begin with one '/'"),
        ("", Response("x"), "must begin with one '/'"),
        ("/", Response("x"), "not end with it"),
        ("//blog", Response("x"), "must begin with one '/'"),
        ("/blog", None, "takes a WSGI application, not NoneType"),
    ],
)
def test_what_cannot_be_mounted(
    app: Flask, prefix: str, application: t.Any, message: str
) -> None:
    """It stops the start."""
    with pytest.raises(SetupError, match=re.escape(message)):
        MiddlewareStack(app).mount(prefix, application)


def test_a_prefix_is_mounted_once(app: Flask) -> None:
    """The second would never be asked."""
    stack = MiddlewareStack(app).mount("/blog", _application("blog"))

    with pytest.raises(SetupError, match="Two middlewares are called 'mount /blog'"):
        stack.mount("/blog", _application("other"))


def test_w10_one_key_opens_the_sessions_of_both() -> None:
    """W10, what the check is for: under another name a cookie still reads."""
    one, other = _reading("one", "a"), _reading("other", "b")
    client = Client(one)
    client.get("/set")
    stolen = client.get_cookie("a")
    assert stolen is not None
    thief = Client(other)
    thief.set_cookie("b", stolen.value)

    assert thief.get("/get").text == "ada"


def _reading(name: str, cookie: str) -> Flask:
    app = Flask(name)
    app.config.update(SECRET_KEY=KEY, SESSION_COOKIE_NAME=cookie)

    @app.get("/set")
    def set_user() -> str:
        session["user"] = "ada"
        return "ok"

    app.add_url_rule("/get", "get", lambda: session.get("user", "nobody"))
    return app


@pytest.mark.parametrize(
    ("theirs", "problem"),
    [
        pytest.param(
            {"SECRET_KEY": KEY, "SESSION_COOKIE_NAME": "blog"},
            "what one signs the other accepts: give each its own SECRET_KEY.",
            id="one-key",
        ),
        pytest.param(
            {"SECRET_KEY": OTHER, "SECRET_KEY_FALLBACKS": [KEY.encode()]},
            "what one signs the other accepts",
            id="one-key-as-fallback",
        ),
        pytest.param(
            {"SECRET_KEY": OTHER}, "each would overwrite the session", id="one-cookie"
        ),
        pytest.param(
            {"SECRET_KEY": OTHER, "SESSION_COOKIE_NAME": "blog"}, None, id="own-name"
        ),
        pytest.param(
            {"SECRET_KEY": OTHER, "SESSION_COOKIE_PATH": "/blog"}, None, id="own-path"
        ),
        pytest.param({}, None, id="no-key"),
    ],
)
def test_sessions_stay_apart(
    app: Flask, theirs: dict[str, t.Any], problem: str | None
) -> None:
    """W10: a clash stops the start, unless it is meant."""
    app.secret_key = KEY
    blog = _application("blog", **theirs)
    stack = MiddlewareStack(app)
    before = stack.describe(app)

    if problem is None:
        stack.mount("/blog", blog)
    else:
        with pytest.raises(SetupError, match=re.escape(problem)):
            stack.mount("/blog", blog)

        assert stack.describe(app) == before

    MiddlewareStack(_application("own", SECRET_KEY=KEY)).mount(
        "/blog", blog, share_session=True
    )


def test_mounted_applications_are_held_against_each_other(app: Flask) -> None:
    """Also where the parent has no key; one that shares speaks only for itself."""
    stack = MiddlewareStack(app).mount("/a", _application("a", SECRET_KEY=KEY))
    stack.mount("/b", _application("b", SECRET_KEY=KEY), share_session=True)

    with pytest.raises(SetupError, match="'c' is mounted at '/c' beside 'a'"):
        stack.mount("/c", _application("c", SECRET_KEY=KEY))


@pytest.mark.parametrize("has_stack", [False, True], ids=["plain", "with-a-stack"])
def test_a_clash_is_seen_behind_wsgi_app(app: Flask, has_stack: bool) -> None:
    """An application passed as Flask's documentation does with middlewares."""
    app.secret_key = KEY
    blog = _application("blog", SECRET_KEY=KEY)

    if has_stack:
        MiddlewareStack(blog)

    with pytest.raises(SetupError, match="'blog' is mounted at '/blog' beside 'shop'"):
        MiddlewareStack(app).mount("/blog", blog.wsgi_app)


class Inward:
    """A WSGI middleware that keeps what it wraps under another name."""

    def __init__(self, app: t.Any) -> None:
        self.wsgi_app = app
        self.app = None

    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        """Answer nothing."""
        raise NotImplementedError


class Around:
    """A WSGI application that leads to itself."""

    def __init__(self) -> None:
        self.app = self

    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        """Answer nothing."""
        raise NotImplementedError


@pytest.mark.parametrize(
    "wrapped",
    [
        pytest.param(ProxyFix, id="the-application"),
        pytest.param(lambda blog: ProxyFix(blog.wsgi_app), id="its-wsgi-app"),
        pytest.param(lambda blog: ProxyFix(ProxyFix(blog)), id="twice"),
        pytest.param(lambda blog: Inward(ProxyFix(blog)), id="wsgi_app-of-others"),
    ],
)
def test_a_clash_is_seen_inside_of_middlewares(app: Flask, wrapped: t.Any) -> None:
    """Those that show what they wrap, as most do."""
    app.secret_key = KEY
    blog = _application("blog", SECRET_KEY=KEY)

    with pytest.raises(SetupError, match="'blog' is mounted at '/blog' beside 'shop'"):
        MiddlewareStack(app).mount("/blog", wrapped(blog))


def test_what_leads_nowhere_can_be_mounted(app: Flask) -> None:
    """Whose sessions it has is not known."""
    app.secret_key = KEY
    MiddlewareStack(app).mount("/a", Around()).mount("/b", ProxyFix(Around()))


def test_a_clash_is_seen_in_a_mounted_one(app: Flask, serve: Serve) -> None:
    """Under another name of the cookie too, and if it is mounted there later."""
    app.secret_key = KEY
    blog = _application("blog", SECRET_KEY=OTHER, SESSION_COOKIE_NAME="blog")
    wiki = _application("wiki", SECRET_KEY=KEY, SESSION_COOKIE_NAME="wiki")
    inner = MiddlewareStack(blog).mount("/wiki", wiki)
    problem = "'wiki' is mounted at '/blog/wiki' beside 'shop'"

    with pytest.raises(SetupError, match=problem):
        MiddlewareStack(app).mount("/blog", blog)

    inner.remove("mount /wiki")
    app.extensions["toolkit.middleware"].extension.mount("/blog", blog)
    inner.mount("/wiki", wiki)
    assert problem in str(serve(app.wsgi_app).error)

    inner.remove("mount /wiki").mount("/wiki", wiki, share_session=True)
    assert serve(app.wsgi_app, "/blog/wiki/x").chunks == [b"wiki x"]


def test_two_that_mount_each_other_end(app: Flask) -> None:
    """The way down is followed once."""
    app.secret_key = KEY
    blog = _application("blog", SECRET_KEY=OTHER, SESSION_COOKIE_NAME="blog")
    MiddlewareStack(app).mount("/blog", blog, share_session=True)
    MiddlewareStack(blog).mount("/shop", app, share_session=True)


def test_a_clash_stops_an_application_that_comes_later() -> None:
    """A stack may be filled before it is attached."""
    stack = MiddlewareStack().mount("/blog", _application("blog", SECRET_KEY=KEY))
    app = _application("shop", SECRET_KEY=KEY)
    before = app.wsgi_app

    with pytest.raises(SetupError, match="share_session=True"):
        stack.init_app(app)

    assert app.wsgi_app == before
    app.secret_key = OTHER
    app.config["SESSION_COOKIE_NAME"] = "shop"
    stack.init_app(app)


def test_a_key_that_is_set_later_is_seen(app: Flask, serve: Serve) -> None:
    """At the first request, and at each until it is put right."""
    blog = _application("blog", SECRET_KEY=KEY)
    MiddlewareStack(app).mount("/blog", blog)
    app.secret_key = KEY

    for _ in range(2):
        assert isinstance(serve(app.wsgi_app).error, SetupError)

    app.secret_key = OTHER
    app.config["SESSION_COOKIE_NAME"] = "shop"
    assert serve(app.wsgi_app, "/blog/x").chunks == [b"blog x"]
