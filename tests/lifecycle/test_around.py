"""Generators around a request: the second half runs if and only if the first did."""

import contextlib
import typing as t
from collections.abc import AsyncGenerator
from collections.abc import Callable
from collections.abc import Generator
from functools import partial

import pytest
from flask import abort
from flask import Blueprint
from flask import copy_current_request_context
from flask import Flask
from flask import g
from flask import Request
from flask import request
from flask import Response
from flask import stream_with_context
from flask.typing import ResponseReturnValue

from flask_toolkit import Toolkit
from flask_toolkit.errors import SetupError
from flask_toolkit.lifecycle import Lifecycle

Halves = Generator[None, Response, t.Any]


def _pair(said: list[str], name: str) -> Callable[[], Halves]:
    """Return a function that says when it enters and how it leaves."""

    def pair() -> Halves:
        said.append(f"{name} in")

        try:
            response = yield
        except BaseException as error:
            said.append(f"{name} {type(error).__name__}")
            raise

        said.append(f"{name} {response.status_code}")

    return pair


def _enter(app: Flask) -> None:
    """Call the first hooks alone, as a test may, on every release of Flask."""
    for hook in app.before_request_funcs[None]:
        hook()


def _refuse(said: list[str]) -> Halves:
    said.append("refuse")
    yield abort(403)


@pytest.mark.parametrize(
    ("path", "status"), [("/", 200), ("/nowhere", 404), ("/fail", 500)]
)
def test_both_halves_run_around_every_request(
    app: Flask, lifecycle: Lifecycle, said: list[str], path: str, status: int
) -> None:
    """Whether it is answered by a view, by nobody or by a failure."""
    lifecycle.around_request(_pair(said, "a"))

    assert app.test_client().get(path).status_code == status
    assert said == ["a in", f"a {status}"]


def test_lower_orders_are_further_out(
    app: Flask, lifecycle: Lifecycle, said: list[str]
) -> None:
    """And of equal ones the first."""
    lifecycle.around_request(order=1)(_pair(said, "c"))
    lifecycle.around_request(_pair(said, "a"))
    lifecycle.around_request()(_pair(said, "b"))
    app.test_client().get("/")

    assert said == ["a in", "b in", "c in", "c 200", "b 200", "a 200"]


def test_l1_an_earlier_refusal_does_not_become_a_failure(
    app: Flask, said: list[str]
) -> None:
    """A pair by ``g.start`` ends in a 500, as the first half never ran."""
    app.before_request(lambda: abort(403))
    lifecycle = Lifecycle(app)
    lifecycle.around_request(_pair(said, "a"))

    assert app.test_client().get("/").status_code == 403
    assert said == []


def test_what_was_entered_sees_the_refusal_of_one_further_in(
    app: Flask, lifecycle: Lifecycle, said: list[str]
) -> None:
    """The one that refused, and those inside of it, have no second half."""

    @lifecycle.around_request(order=1)
    def refuse() -> Halves:
        yield from _refuse(said)

    lifecycle.around_request(_pair(said, "out"))
    lifecycle.around_request(order=2)(_pair(said, "in"))

    assert app.test_client().get("/").status_code == 403
    assert said == ["out in", "refuse", "out 403"]


def test_a_return_before_the_yield_answers(
    app: Flask, lifecycle: Lifecycle, said: list[str]
) -> None:
    """With a value; without one the request goes on, without a second half."""

    @lifecycle.around_request
    def nothing() -> Halves:
        yield from ()

    @lifecycle.around_request
    def closed() -> Halves:
        yield from ()
        return ("closed", 503) if "closed" in request.args else None

    lifecycle.around_request(order=-1)(_pair(said, "out"))
    client = app.test_client()

    answer = client.get("/?closed")
    assert (answer.text, answer.status_code) == ("closed", 503)
    assert client.get("/").text == "hello"
    assert said == ["out in", "out 503", "out in", "out 200"]


def test_a_return_after_the_yield_replaces_the_answer(
    app: Flask, lifecycle: Lifecycle, said: list[str]
) -> None:
    """With whatever a view may return; those further out get that."""

    @lifecycle.around_request(order=1)
    def replace() -> Halves:
        yield
        return {"replaced": True}, 202

    lifecycle.around_request(_pair(said, "out"))
    answer = app.test_client().get("/")

    assert (answer.json, answer.status_code) == ({"replaced": True}, 202)
    assert said == ["out in", "out 202"]


def test_a_change_of_the_answer_arrives(app: Flask, lifecycle: Lifecycle) -> None:
    """The example of the design."""

    @lifecycle.around_request
    def stopwatch() -> Halves:
        response = yield
        response.headers["X-Seconds"] = "0.001"

    assert app.test_client().get("/").headers["X-Seconds"] == "0.001"


def test_an_error_that_flask_raises_again_comes_out_of_the_yield(
    app: Flask, lifecycle: Lifecycle, said: list[str]
) -> None:
    """In debug mode and in tests there is no answer."""
    app.testing = True
    app.config["PROPAGATE_EXCEPTIONS"] = None
    lifecycle.around_request(_pair(said, "a"))
    lifecycle.around_request(_pair(said, "b"))

    with pytest.raises(LookupError, match="canary"):
        app.test_client().get("/fail")

    assert said == ["a in", "b in", "b LookupError", "a LookupError"]


def test_an_end_that_fails_is_logged_and_stops_no_other(
    app: Flask,
    lifecycle: Lifecycle,
    said: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The error that is on its way goes on; nobody can swallow it."""
    app.testing = True
    app.config["PROPAGATE_EXCEPTIONS"] = None
    lifecycle.around_request(_pair(said, "a"))

    @lifecycle.around_request
    def swallow() -> Halves:
        with contextlib.suppress(LookupError):
            yield

    @lifecycle.around_request
    def stubborn() -> Halves:
        try:
            yield
        except LookupError:
            yield

    @lifecycle.around_request
    def broken() -> Halves:
        try:
            yield
        finally:
            raise OSError("disk")

    with pytest.raises(LookupError, match="canary"):
        app.test_client().get("/fail")

    assert said == ["a in", "a LookupError"]
    (record,) = [r for r in caplog.records if "The end of" in r.message]
    assert record.message.endswith("broken failed")
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], OSError)


def test_an_end_by_the_process_is_not_logged_away(
    app: Flask, lifecycle: Lifecycle
) -> None:
    """SystemExit from a second half leaves the request."""

    @lifecycle.around_request
    def leave() -> Halves:
        try:
            yield
        except GeneratorExit:
            raise SystemExit from None

    # Flask 3.2 makes a group of what the teardown raised.
    expected = pytest.raises((SystemExit, BaseExceptionGroup))

    with expected, app.test_request_context("/"):
        _enter(app)


def test_a_second_half_that_raises_runs_once(
    app: Flask, lifecycle: Lifecycle, said: list[str]
) -> None:
    """Flask runs the hooks again for the 500; what has left does not come back."""
    lifecycle.around_request(_pair(said, "out"))

    @lifecycle.around_request(order=1)
    def fail() -> Halves:
        yield
        said.append("fail")
        raise LookupError

    assert app.test_client().get("/").status_code == 500
    assert said == ["out in", "fail", "out 500"]


def test_a_second_yield_is_an_error(app: Flask, lifecycle: Lifecycle) -> None:
    """It says which function has it."""
    app.testing = True
    app.config["PROPAGATE_EXCEPTIONS"] = None

    said: list[str] = []

    @lifecycle.around_request
    def twice() -> Halves:
        try:
            yield
            yield
        finally:
            said.append("closed")

    with pytest.raises(RuntimeError, match="twice yields twice") as info:
        app.test_client().get("/")

    # By us, and not when the traceback that holds it goes.
    assert said == ["closed"], info


def test_a_partial_is_named_in_what_goes_wrong(
    app: Flask, lifecycle: Lifecycle, caplog: pytest.LogCaptureFixture
) -> None:
    """It has no name of its own; the error on its way is not lost over that."""

    def odd(closing: Exception | None) -> Halves:
        try:
            yield
        finally:
            if closing is not None:
                raise closing

        yield

    app.testing = True
    app.config["PROPAGATE_EXCEPTIONS"] = None
    failing = partial(odd, OSError("disk"))
    lifecycle.around_request(only=lambda r: r.path == "/")(partial(odd, None))
    lifecycle.around_request(only=lambda r: r.path == "/fail")(failing)

    with pytest.raises(RuntimeError, match="odd yields twice"):
        app.test_client().get("/")

    with pytest.raises(LookupError, match="canary"):
        app.test_client().get("/fail")

    assert "odd failed" in caplog.text


def test_a_blueprint_and_a_condition_limit_it(
    app: Flask, lifecycle: Lifecycle, said: list[str]
) -> None:
    """A blueprint includes those in it."""
    child = Blueprint("child", "child", url_prefix="/child")
    child.add_url_rule("/", "index", lambda: "child")
    api = Blueprint("api", "api", url_prefix="/api")
    api.add_url_rule("/", "index", lambda: "api")
    api.register_blueprint(child)
    app.register_blueprint(api)
    lifecycle.around_request(blueprint="api")(_pair(said, "api"))
    lifecycle.around_request(only=lambda r: r.method == "POST")(_pair(said, "post"))
    client = app.test_client()
    seen = {}

    for path in ("/", "/api/", "/api/child/"):
        client.get(path)
        seen[path] = list(said)
        said.clear()

    client.post("/")
    assert seen == {
        "/": [],
        "/api/": ["api in", "api 200"],
        "/api/child/": ["api in", "api 200"],
    }
    assert said == ["post in", "post 405"]


def test_a_context_that_was_never_answered_closes_it(
    app: Flask, lifecycle: Lifecycle, said: list[str]
) -> None:
    """As ``test_request_context`` with only the first hooks."""
    lifecycle.around_request(_pair(said, "a"))

    with app.test_request_context("/"):
        _enter(app)

    assert said == ["a in", "a GeneratorExit"]


def test_it_is_not_on_g(app: Flask, lifecycle: Lifecycle, said: list[str]) -> None:
    """A request inside of a pushed context shares g with the outer one."""
    lifecycle.around_request(_pair(said, "a"))

    @app.get("/outer")
    def outer() -> str:
        return app.test_client().get("/").text

    with app.app_context():
        before = set(g)
        assert app.test_client().get("/outer").text == "hello"
        assert set(g) == before

    assert said == ["a in", "a in", "a 200", "a 200"]


def test_a_copied_context_does_not_end_what_the_request_began(
    app: Flask, lifecycle: Lifecycle, said: list[str]
) -> None:
    """C2: each call of the copy tears down the whole request."""
    lifecycle.around_request(_pair(said, "a"))

    @app.get("/copy")
    def copy() -> str:
        copy_current_request_context(lambda: said.append("copied"))()
        return "done"

    app.test_client().get("/copy")

    assert said == ["a in", "copied", "a 200"]


def test_a_request_in_the_same_environ_has_its_own(
    app: Flask, lifecycle: Lifecycle, said: list[str]
) -> None:
    """As of a view that lets another one answer."""
    lifecycle.around_request(_pair(said, "a"))

    @app.get("/forward")
    def forward() -> Response:
        with app.request_context(request.environ):
            _enter(app)
            (leave,) = app.after_request_funcs[None]
            return t.cast("Response", leave(Response("inner", 201)))

    assert app.test_client().get("/forward").status_code == 201
    assert said == ["a in", "a in", "a 201", "a 201"]


def test_a_stream_has_left_before_its_first_chunk(
    app: Flask, lifecycle: Lifecycle, said: list[str]
) -> None:
    """Also one with the context, whose teardown comes twice."""
    lifecycle.around_request(_pair(said, "a"))

    @app.get("/stream")
    def stream() -> ResponseReturnValue:
        def chunks() -> Generator[str, None, None]:
            said.append("chunk")
            yield request.path

        return stream_with_context(chunks()), 200

    with app.test_client().get("/stream") as answer:
        assert answer.data == b"/stream"

    assert said == ["a in", "a 200", "chunk"]


def test_a_client_that_keeps_the_context_ends_it_once(
    app: Flask, lifecycle: Lifecycle, said: list[str]
) -> None:
    """Flask tears down at the end and again when the client is left."""
    lifecycle.around_request(_pair(said, "a"))

    with app.test_client() as client:
        client.get("/")

    assert said == ["a in", "a 200"]


def test_it_stands_where_the_lifecycle_was_attached(
    app: Flask, said: list[str]
) -> None:
    """However late the first one is added: the guard, attached later, is inside."""
    app.before_request(lambda: said.append("earlier"))
    lifecycle = Lifecycle(app)

    def after(response: Response) -> Response:
        said.append("guard after")
        return response

    app.before_request(lambda: said.append("guard"))
    app.after_request(after)
    lifecycle.around_request(_pair(said, "a"))
    app.test_client().get("/")

    assert said == ["earlier", "a in", "guard", "guard after", "a 200"]


def test_under_toolkit_it_sees_what_the_guard_refuses(said: list[str]) -> None:
    """The facade attaches the lifecycle before the guard."""
    app = Flask("shop")
    app.add_url_rule("/", "index", lambda: "hello")
    toolkit = Toolkit(app, guard=True)
    toolkit.lifecycle.around_request(_pair(said, "a"))

    assert app.test_client().get("/").status_code == 401
    assert said == ["a in", "a 401"]


def test_without_one_there_is_no_hook(app: Flask, lifecycle: Lifecycle) -> None:
    """An application that does not use it pays nothing."""
    assert not app.before_request_funcs[None]
    lifecycle.on_startup(lambda: None)
    assert len(app.before_request_funcs[None]) == 1
    assert not app.after_request_funcs[None]
    lifecycle.around_request(_pair([], "a"))
    lifecycle.around_request(_pair([], "b"))
    assert len(app.before_request_funcs[None]) == 1
    assert len(app.after_request_funcs[None]) == 1
    assert len(app.teardown_request_funcs[None]) == 1


def test_one_instance_serves_apps_before_and_after(said: list[str]) -> None:
    """What is added reaches those that are attached and those that will be."""
    lifecycle, early, late = Lifecycle(), Flask("early"), Flask("late")
    lifecycle.init_app(early)
    lifecycle.around_request(_pair(said, "a"))
    lifecycle.init_app(late)

    for app in (early, late):
        app.test_client().get("/")

    assert said == ["a in", "a 404"] * 2


def test_what_is_no_generator_function_is_refused(lifecycle: Lifecycle) -> None:
    """An async one too: a hook cannot wait in its middle."""

    async def later() -> None: ...

    async def stream() -> AsyncGenerator[None, Response]:
        yield  # pragma: no cover  # it is refused, and never runs

    class Later:
        async def __call__(self) -> None: ...

    for wrong in (later, stream, Later(), lambda: None):
        with pytest.raises(SetupError, match="is no generator function"):
            lifecycle.around_request(t.cast("t.Any", wrong))


def test_an_async_condition_is_refused(lifecycle: Lifecycle) -> None:
    """A coroutine is true, so that only= would hold back nothing."""

    async def only(request: Request) -> bool: ...  # type: ignore[empty-body]  # never called

    class Only:
        async def __call__(self, request: Request) -> bool: ...  # type: ignore[empty-body]  # never called

    for wrong in (only, Only()):
        with pytest.raises(SetupError, match="as only=, is async"):
            lifecycle.around_request(only=t.cast("t.Any", wrong))


@pytest.mark.parametrize("used", [True, False], ids=["in-use", "idle"])
def test_after_the_first_request_it_is_too_late(
    app: Flask, lifecycle: Lifecycle, used: bool
) -> None:
    """Whether there were functions before or not."""
    if used:
        lifecycle.around_request(_pair([], "a"))

    app.test_client().get("/")

    with pytest.raises(SetupError, match="'shop' already began to serve"):
        lifecycle.around_request(_pair([], "b"))
