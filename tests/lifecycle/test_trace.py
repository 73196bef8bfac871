"""The recorder: what it shows, and that nothing is left of it."""

import contextlib
import functools
import threading
import typing as t
from collections.abc import Generator
from collections.abc import Iterable
from wsgiref.types import StartResponse
from wsgiref.types import WSGIEnvironment

import click
import pytest
from flask import after_this_request
from flask import flash
from flask import Flask
from flask import render_template_string
from flask import Response
from flask import session
from jinja2 import DictLoader

from flask_toolkit import public
from flask_toolkit import Toolkit
from flask_toolkit.lifecycle import Lifecycle
from flask_toolkit.lifecycle import Step
from flask_toolkit.lifecycle import Trace

Halves = Generator[None, Response, t.Any]


@pytest.fixture(autouse=True)
def _in_debug(app: Flask) -> None:
    app.debug = True


def _lines(trace: Trace) -> list[str]:
    return str(trace).splitlines()


def _get(app: Flask, path: str = "/") -> None:
    with app.test_client().get(path) as answer:
        assert answer.data


def test_a_trace_has_every_step(app: Flask, lifecycle: Lifecycle) -> None:
    """From the call of the server to the end of the answer."""

    @app.before_request
    def load() -> None: ...

    with lifecycle.trace(app) as trace:
        _get(app)

    assert _lines(trace) == [
        "wsgi_app GET /",
        "appcontext_pushed",
        "open_session",
        "url_match index",
        "request_started",
        "before_request load",
        "view <lambda>",
        "request_finished",
        "start_response 200 OK",
        "request_tearing_down",
        "appcontext_tearing_down",
        "appcontext_popped",
        "body",
        "close",
    ]


def test_it_tells_what_came_out(app: Flask, lifecycle: Lifecycle) -> None:
    """A hook that answers, a failure, a handler, and who was told of it."""

    @app.before_request
    def answer() -> str | None:
        from flask import request

        return "early" if "early" in request.args else None

    @app.errorhandler(LookupError)
    def handle(error: LookupError) -> str:
        return "handled"

    @app.teardown_request
    def end(error: BaseException | None) -> None: ...

    with lifecycle.trace(app) as trace:
        _get(app, "/?early=1")
        _get(app, "/fail")
        app.error_handler_spec[None][None].clear()
        _get(app, "/fail")
        _get(app, "/nowhere")

    lines = _lines(trace)
    assert "before_request answer (answered)" in lines
    assert "view fail (raised LookupError)" in lines
    assert "errorhandler handle (got LookupError)" in lines
    assert "url_match (raised NotFound)" in lines
    assert [line for line in lines if line.startswith("teardown")] == [
        "teardown_request end",
        "teardown_request end",
        "teardown_request end (got LookupError)",
        "teardown_request end",
    ]


def test_generators_are_followed_through_both_halves(
    app: Flask, lifecycle: Lifecycle
) -> None:
    """Their ends too: by an answer, a refusal, an error, or none at all."""

    @lifecycle.around_request
    def outer() -> Halves:
        yield

    @lifecycle.around_request(only=lambda r: "early" in r.args)
    def early() -> Halves:
        if True:
            return "early"
        yield

    @lifecycle.around_request(only=lambda r: "never" in r.args)
    def never() -> Halves:
        if False:
            yield

    def arounds(trace: Trace) -> list[str]:
        return [line for line in _lines(trace) if line.startswith("around")]

    with lifecycle.trace(app) as trace:
        _get(app, "/?early=1&never=1")
        _get(app, "/?never=1")
        seen = arounds(trace)
        trace.clear()
        app.config["PROPAGATE_EXCEPTIONS"] = True

        with pytest.raises(LookupError):
            app.test_client().get("/fail")

        with app.test_request_context("/"):
            app.before_request_funcs[None][0]()

    # They stand for the hooks that call them.
    assert "before_request" not in str(trace)
    assert seen == [
        "around_request outer (enters)",
        "around_request early (answered)",
        "around_request outer (leaves)",
        "around_request outer (enters)",
        "around_request never (enters)",
        "around_request outer (leaves)",
    ]
    assert arounds(trace) == [
        "around_request outer (enters)",
        "around_request outer (raised LookupError)",
        "around_request outer (enters)",
        "around_request outer (closed)",
    ]


def test_startup_session_templates_and_flashes_are_shown(app: Flask) -> None:
    """What hides behind one line of a view."""
    app.secret_key = "only-for-tests-0123456789-abcdef"
    app.jinja_loader = DictLoader({"page.html": "{{ 1 }}"})
    lifecycle = Lifecycle(app)
    lifecycle.on_startup(_in_debug)
    lifecycle.on_first_request(functools.partial(_lines, Trace()))
    lifecycle._startup = [(0, functools.partial(_get, app, "/"))]

    @app.get("/page")
    def page() -> str:
        from flask import render_template

        session["n"] = 1
        flash("saved")

        @after_this_request
        def later(response: Response) -> Response:
            return response

        return render_template("page.html") + render_template_string("{{ 2 }}")

    with lifecycle.trace(app) as trace:
        _get(app, "/page")

    lines = _lines(trace)
    start = lines.index("on_startup _get")
    assert lines[start - 1] == "appcontext_pushed"
    rest = lines[lines.index("on_first_request _lines") :]
    assert rest[1:10] == [
        "view page",
        "message_flashed",
        "before_render_template page.html",
        "template_rendered page.html",
        "before_render_template",
        "template_rendered",
        "after_this_request later",
        "save_session",
        "request_finished",
    ]


def test_calls_are_timed_and_moments_are_not(app: Flask, lifecycle: Lifecycle) -> None:
    """What cannot be timed says so by None."""
    with lifecycle.trace(app) as trace:
        _get(app)

    steps = {step.stage: step for step in trace.steps}
    assert steps["view"].seconds is not None
    assert steps["view"].where.startswith(__file__.replace("test_trace", "conftest"))
    assert steps["request_started"].seconds is None
    assert repr(trace) == f"<Trace of {len(trace.steps)} steps>"


def test_an_application_may_write_into_it(app: Flask, lifecycle: Lifecycle) -> None:
    """A mark of its own, at its place."""
    with lifecycle.trace(app) as trace:
        app.before_request(lambda: trace.mark("mark", "here"))
        _get(app)

    assert Step("mark", "here") in trace.steps


def test_async_functions_are_traced(app: Flask, lifecycle: Lifecycle) -> None:
    """They are called as Flask would call them."""

    @app.before_request
    async def load() -> None: ...

    @app.get("/later")
    async def later() -> str:
        return "later"

    with lifecycle.trace(app) as trace:
        _get(app, "/later")

    assert {"before_request load", "view later"} <= set(_lines(trace))


def _state(app: Flask) -> t.Any:
    """Return everything that a trace changes."""
    return (
        [
            {name: list(found) for name, found in table.items() if found}
            for table in (
                app.url_value_preprocessors,
                app.before_request_funcs,
                app.after_request_funcs,
                app.teardown_request_funcs,
            )
        ],
        list(app.teardown_appcontext_funcs),
        dict(app.view_functions),
        {
            (name, code): dict(handlers)
            for name, codes in app.error_handler_spec.items()
            for code, handlers in codes.items()
            if handlers
        },
        app.session_interface,
        "bind_to_environ" in vars(app.url_map),
        vars(app).get("wsgi_app"),
    )


@pytest.mark.parametrize("fails", [False, True], ids=["normal", "error"])
def test_everything_is_put_back(app: Flask, fails: bool) -> None:
    """Also after an error in the block, and in an application full of parts."""
    lifecycle = Toolkit(app, guard=True, sessions="cookie").lifecycle
    app.secret_key = "only-for-tests-0123456789-abcdef"
    lifecycle.around_request(_nothing)
    before = _state(app)

    with contextlib.suppress(LookupError), lifecycle.trace(app):
        assert _state(app) != before
        app.test_client().get("/")

        if fails:
            raise LookupError

    assert _state(app) == before

    with lifecycle.trace(app) as trace:
        pass

    app.test_client().get("/")
    assert trace.steps == []


def test_a_trace_opens_nothing(app: Flask) -> None:
    """The guard decides about a traced view as about the view itself."""
    lifecycle = Toolkit(app, guard=True).lifecycle
    app.add_url_rule("/open", "open", public(lambda: "open"))

    def codes() -> list[int]:
        client = app.test_client()
        return [client.get(path).status_code for path in ("/", "/open", "/nowhere")]

    with lifecycle.trace(app):
        traced = codes()

    assert traced == codes() == [401, 200, 404]


def _nothing() -> Halves:
    yield


def test_what_is_added_meanwhile_stays(app: Flask, lifecycle: Lifecycle) -> None:
    """Hooks, and what somebody puts around the application."""
    with lifecycle.trace(app):
        app.before_request(_in_debug)
        inner = app.wsgi_app

        def outer(
            environ: WSGIEnvironment, start_response: StartResponse
        ) -> Iterable[bytes]:
            return inner(environ, start_response)

        app.wsgi_app = outer  # type: ignore[method-assign]  # as Flask's docs do

    assert app.before_request_funcs[None] == [_in_debug]
    assert app.wsgi_app is outer
    app.before_request_funcs[None].clear()
    _get(app)


def test_a_stream_is_passed_on_chunk_by_chunk(app: Flask, lifecycle: Lifecycle) -> None:
    """The first chunk is a step; the rest is not counted."""
    app.add_url_rule("/stream", "stream", lambda: iter(["a", "b", "c"]))

    with lifecycle.trace(app) as trace, app.test_client().get("/stream") as answer:
        assert answer.data == b"abc"

    assert _lines(trace)[-2:] == ["body", "close"]


def test_a_body_without_close_is_closed(app: Flask, lifecycle: Lifecycle) -> None:
    """WSGI lets a body be a list."""

    def plain(
        environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [b"a", b"b"]

    app.wsgi_app = plain  # type: ignore[method-assign]  # as Flask's docs do

    with lifecycle.trace(app) as trace, app.test_client().get("/") as answer:
        assert answer.data == b"ab"

    assert _lines(trace) == ["wsgi_app GET /", "start_response 200 OK", "body", "close"]


def test_apps_are_traced_apart(app: Flask, lifecycle: Lifecycle) -> None:
    """They share Flask's session interface, and the signals."""
    other = Flask("other")
    other.add_url_rule("/", "index", lambda: "other")

    with lifecycle.trace(app) as trace:
        _get(other)

    assert trace.steps == []


def test_a_second_trace_at_once_is_refused(app: Flask, lifecycle: Lifecycle) -> None:
    """Its end would not know what to put back."""
    with lifecycle.trace(app):
        second = lifecycle.trace(app)

        with pytest.raises(RuntimeError, match="'shop' is being traced already"):
            second.__enter__()

    with lifecycle.trace(app) as trace:
        _get(app)

    assert trace.steps


def test_in_production_it_is_refused(app: Flask, lifecycle: Lifecycle) -> None:
    """It is for debug mode, tests and commands."""
    app.debug = False

    with pytest.raises(RuntimeError, match="for debug mode, tests and commands only"):
        lifecycle.trace(app)

    with click.Context(click.Command("x")), lifecycle.trace(app):
        pass

    app.testing = True
    with lifecycle.trace(app):
        pass


def test_a_trace_of_several_threads_mixes(app: Flask, lifecycle: Lifecycle) -> None:
    """It is one list, and none of its steps is lost."""
    with lifecycle.trace(app) as trace:
        threads = [threading.Thread(target=_get, args=(app,)) for _ in range(8)]

        for thread in threads:
            thread.start()

        for thread in threads:
            thread.join()

    assert sum(step.stage == "view" for step in trace.steps) == 8
