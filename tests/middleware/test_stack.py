"""What stands around an application, and when that can change."""

import gc
import re
import typing as t
import weakref
from collections.abc import Callable
from functools import partial
from wsgiref.types import WSGIApplication

import pytest
from click import echo
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import SetupError
from flask_toolkit.middleware import Layer
from flask_toolkit.middleware import Middleware
from flask_toolkit.middleware import MiddlewareStack
from flask_toolkit.middleware import Phase
from flask_toolkit.middleware import RequestId
from flask_toolkit.middleware import Timing
from flask_toolkit.middleware._walk import layers_between

Make = Callable[..., Flask]
Serve = Callable[..., t.Any]
ALL = {
    "TOOLKIT_MIDDLEWARE_PROXY_FIX": {"x_for": 1},
    "TOOLKIT_MIDDLEWARE_SERVER_TIMING": True,
    "TOOLKIT_MIDDLEWARE_SECURITY_HEADERS": True,
    "TOOLKIT_MIDDLEWARE_HEALTH_PATH": "/healthz",
}


class Hook(Middleware):
    """Does nothing, in its place."""

    name = "hook"

    def before(self, scope: t.Any) -> None:
        """Do nothing."""


@pytest.fixture(name="app")
def _app() -> Flask:
    """Return an application without a stack."""
    app = Flask("shop")
    app.add_url_rule("/", "index", lambda: "hello")
    return app


def _names(stack: MiddlewareStack, app: Flask) -> str:
    return " ".join(layer.name for layer in stack.describe(app))


def test_only_the_request_id_is_on_by_default(app: Flask) -> None:
    """The rest waits for a setting."""
    assert MiddlewareStack(app).describe(app) == [
        Layer("request_id", "hooks", "request_id", ("before", "headers")),
        Layer("shop", "application", ""),
    ]


def test_the_shipped_order(app: Flask) -> None:
    """Outermost first, whatever the order of the settings; yours after the shipped."""
    app.config.update(ALL)
    stack = MiddlewareStack(app, use=[Hook()])
    stack.use(Hook(), name="early", phase=Phase.HEADERS)
    stack.use(ProxyFix, phase=Phase.PROXY, path="/x", name="other")

    assert _names(stack, app) == (
        "proxy_fix other request_id timing security_headers early health hook shop"
    )
    assert stack.describe(app)[1] == Layer("other", "wsgi", "proxy", (), "/x")


def test_names_order_within_a_phase(app: Flask) -> None:
    """``before`` stands further out, ``after`` further in."""
    stack = MiddlewareStack(app, use=[Hook()])
    stack.use(Hook(), name="outer", before=["hook"])
    stack.use(Hook(), name="middle", before=["hook"], after=["outer"])

    assert _names(stack, app) == "request_id outer middle hook shop"


class Counted:
    """A middleware of somebody else."""

    def __init__(self, inner: WSGIApplication) -> None:
        self.count = 0
        self.kind = type(inner)
        self.inner = inner

    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        """Count the request."""
        self.count += 1
        return self.inner(environ, start_response)


def test_what_others_wrapped_is_listed(app: Flask) -> None:
    """Inside, from before the stack came; outside, from after it."""
    inside = app.wsgi_app

    def closure(environ: t.Any, start_response: t.Any) -> t.Any:
        return inside(environ, start_response)

    app.wsgi_app = closure  # type: ignore[method-assign]  # as Flask's docs do
    stack = MiddlewareStack(app)
    app.wsgi_app = Counted(app.wsgi_app)  # type: ignore[method-assign]  # as Flask's docs do

    assert _names(stack, app) == (
        "Counted request_id test_what_others_wrapped_is_listed.closure shop"
    )
    assert [x.kind for x in stack.describe(app)] == [
        *("foreign", "hooks", "foreign", "application")
    ]
    assert app.test_client().get("/").text == "hello"


def test_a_wrapper_that_hides_all_is_one_layer(app: Flask) -> None:
    """So is one that holds only itself, or a name not bound yet."""

    class Slotted:
        __slots__ = ("inner",)

    def endless() -> t.Any:
        return endless, late

    found = layers_between(Slotted(), None)
    looping = layers_between(endless, app)
    late = None

    assert endless() == (endless, late)
    assert [layer.name.rsplit(".", 1)[1] for layer in found] == ["Slotted"]
    assert [layer.name.rsplit(".", 1)[1] for layer in looping] == ["endless"]
    assert layers_between(app.wsgi_app, Slotted())[0].kind == "foreign"


def test_remove_takes_out_a_shipped_one(app: Flask, serve: Serve) -> None:
    """And makes room for one of your own."""
    stack = MiddlewareStack(app)

    assert stack.remove("request_id") is stack
    assert _names(stack, app) == "shop"
    stack.use(RequestId(header="X-Trace"))
    assert _names(stack, app) == "request_id shop"
    answer = serve(app.wsgi_app)
    assert answer["X-Trace"]
    assert "X-Request-ID" not in dict(answer.headers)


def test_remove_takes_out_your_own(app: Flask) -> None:
    """Before and after it is attached."""
    stack = MiddlewareStack(use=[Hook(), Timing()])
    stack.remove("timing")
    stack.init_app(app)
    stack.remove("hook")

    assert _names(stack, app) == "request_id shop"


def test_remove_needs_a_name_that_is_there(app: Flask) -> None:
    """A second removal of a shipped one too."""
    stack = MiddlewareStack(app)
    stack.remove("health")

    for name in ("health", "nothing"):
        with pytest.raises(SetupError, match=f"no middleware '{name}' to remove"):
            stack.remove(name)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        pytest.param((Hook,), "use() takes an object: write use(Hook())", id="class"),
        pytest.param((3,), "not int", id="number"),
        pytest.param(
            (lambda app: app,), "has no name: pass name= to use()", id="lambda"
        ),
        pytest.param((partial(ProxyFix, x_for=2),), "has no name", id="partial"),
        pytest.param((Hook(), Hook()), "Two middlewares are called 'hook'", id="twice"),
        pytest.param(
            (RequestId(),),
            "or take the first one out by remove('request_id')",
            id="shipped",
        ),
    ],
)
def test_what_cannot_be_used(app: Flask, use: t.Any, message: str) -> None:
    """It stops the start, and nothing is left behind."""
    before = app.wsgi_app

    with pytest.raises(SetupError, match=re.escape(message)):
        MiddlewareStack(app, use=use)

    assert app.wsgi_app == before
    assert "toolkit.middleware" not in app.extensions


def test_a_stack_without_an_app_is_checked_too() -> None:
    """The mistake shows where it is written, not where the app is made."""
    with pytest.raises(SetupError, match="Two middlewares are called 'hook'"):
        MiddlewareStack(use=[Hook(), Hook()])


def test_a_hook_class_without_a_name_needs_one(app: Flask) -> None:
    """``use(name=)`` gives it."""

    class Nameless(Middleware):
        def before(self, scope: t.Any) -> None:
            """Do nothing."""

    stack = MiddlewareStack(app)
    with pytest.raises(SetupError, match="has no name"):
        stack.use(Nameless())
    stack.use(Nameless(), name="given")
    assert _names(stack, app) == "request_id given shop"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"path": "api"}, "must begin with '/'", id="path-relative"),
        pytest.param({"path": "/api/"}, "not end with it", id="path-slash"),
        pytest.param({"before": "timing"}, "take a list of names", id="before-text"),
        pytest.param({"after": "timing"}, "take a list of names", id="after-text"),
        pytest.param({"after": ["nope"]}, "refers to 'nope'", id="unknown"),
        pytest.param({"before": ["timing"]}, "Pass phase=", id="phase"),
    ],
)
def test_a_place_that_cannot_be(
    app: Flask, options: dict[str, t.Any], message: str
) -> None:
    """The plan stays what it was."""
    app.config.update(ALL)
    stack = MiddlewareStack(app)
    before = stack.describe(app)

    with pytest.raises(SetupError, match=re.escape(message)):
        stack.use(Hook(), **options)

    assert stack.describe(app) == before


def test_a_failing_factory_changes_nothing(app: Flask, serve: Serve) -> None:
    """For this application and for the others of the stack."""
    other = Flask("other")
    stack = MiddlewareStack(app)
    stack.init_app(other)

    def broken(inner: WSGIApplication) -> WSGIApplication:
        raise OSError("no such folder")

    with pytest.raises(OSError, match="no such folder"):
        stack.use(broken)

    assert _names(stack, app) == "request_id shop"
    assert serve(other.wsgi_app)["X-Request-ID"]


def test_no_change_after_the_first_request(app: Flask, serve: Serve) -> None:
    """A change would reach some requests and not others."""
    stack = MiddlewareStack(app, use=[Hook()])
    serve(app.wsgi_app)

    for change in (partial(stack.use, Timing()), partial(stack.remove, "hook")):
        with pytest.raises(SetupError, match="'shop' already served a request"):
            change()

    assert _names(stack, app) == "request_id hook shop"


def test_a_change_before_it_counts(app: Flask, serve: Serve) -> None:
    """The chain is swapped; a plain middleware is made only once."""
    made: list[WSGIApplication] = []

    def counting(inner: WSGIApplication) -> WSGIApplication:
        made.append(inner)
        return inner

    stack = MiddlewareStack(app, use=[counting])
    outer = app.wsgi_app
    stack.use(Timing()).use(Hook())

    assert app.wsgi_app is outer
    assert len(made) == 1
    assert serve(app.wsgi_app)["Server-Timing"].startswith("total;dur=")


def test_init_app_twice_does_not_wrap_twice(app: Flask) -> None:
    """W5: the second is refused."""
    MiddlewareStack(app)
    once = app.wsgi_app

    with pytest.raises(SetupError, match="already registered on 'shop'"):
        MiddlewareStack(app)

    assert app.wsgi_app is once


def test_two_apps_of_one_stack(app: Flask, serve: Serve) -> None:
    """Each has its settings; a later ``use`` reaches both."""
    other = Flask("other")
    other.config.update(ALL)
    stack = MiddlewareStack()
    stack.init_app(app)
    stack.init_app(other)
    stack.use(Hook())

    assert _names(stack, app) == "request_id hook shop"
    assert _names(stack, other) == (
        "proxy_fix request_id timing security_headers health hook other"
    )
    assert stack.settings_of(app).server_timing is False
    with pytest.raises(SetupError, match="init_app"):
        stack.describe(Flask("third"))


def test_an_app_is_freed(recorder: t.Any) -> None:
    """The stack outlives it and keeps nothing."""
    stack = MiddlewareStack(use=[ProxyFix, recorder()])
    app = Flask("shop")
    stack.init_app(app)
    app.test_client().get("/").close()
    gone = weakref.ref(app)
    del app
    gc.collect()

    assert gone() is None


def test_no_secret_in_repr(app: Flask) -> None:
    """Neither of the stack nor of what it keeps for an app."""
    app.secret_key = "canary-canary-canary"
    stack = MiddlewareStack(app)

    text = f"{stack!r} {stack.state_of(app)!r} {app.wsgi_app!r}"
    assert "<MiddlewareStack 'middleware'>" in text
    assert "canary" not in text


def test_the_commands_of_the_app_work(app: Flask) -> None:
    """W5: what is wrapped is ``wsgi_app``, so the application stays one."""
    MiddlewareStack(app)
    app.cli.command("count")(lambda: echo("three"))

    assert app.test_cli_runner().invoke(args=["count"]).output == "three\n"


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("TRUST_INBOUD", True, "did you mean TOOLKIT_MIDDLEWARE_TRUST_INBOUND?"),
        ("PROXY_FIX", {"x_four": 1}, "'x_four' is none of x_for, x_proto"),
        ("PROXY_FIX", {"x_for": -1}, "cannot be negative"),
        ("PROXY_FIX", {"x_for": "one"}, "expected an integer"),
        ("REQUEST_ID_HEADER", "X Id", "is not the name of a header"),
        ("REQUEST_ID_HEADER", "Connection", "hop-by-hop"),
        ("SLOW_AFTER", -1, "must not be negative"),
        ("SECURITY_HEADERS", {"X-A": "b\nc"}, "holds a character"),
        ("SECURITY_HEADERS", {"Upgrade": "h2c"}, "hop-by-hop"),
        ("HEALTH_PATH", "healthz", "must begin with '/'"),
    ],
)
def test_bad_config_fails_at_start(
    app: Flask, key: str, value: object, problem: str
) -> None:
    """A bad value stops the app from starting and names the key."""
    app.config[f"TOOLKIT_MIDDLEWARE_{key}"] = value

    with pytest.raises(ConfigError, match=re.escape(problem)) as info:
        MiddlewareStack(app)

    assert [p.key for p in info.value.problems] == [f"TOOLKIT_MIDDLEWARE_{key}"]


def test_settings_as_text(app: Flask) -> None:
    """As an environment variable gives them."""
    app.config.update(
        TOOLKIT_MIDDLEWARE_PROXY_FIX='{"x_for": 1}',
        TOOLKIT_MIDDLEWARE_SECURITY_HEADERS="true",
        TOOLKIT_MIDDLEWARE_SLOW_AFTER="1.5",
        TOOLKIT_MIDDLEWARE_HEALTH_PATH="/healthz",
    )
    stack = MiddlewareStack(app)

    assert _names(stack, app) == (
        "proxy_fix request_id timing security_headers health shop"
    )
