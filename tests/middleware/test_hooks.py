"""When the hooks are called, and what they can do."""

import gc
import logging
import re
import typing as t
from collections.abc import Callable
from wsgiref.types import WSGIApplication

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from flask_toolkit.errors import SetupError
from flask_toolkit.middleware import Middleware
from flask_toolkit.middleware import MiddlewareStack
from flask_toolkit.middleware import Phase
from flask_toolkit.middleware import RequestId
from flask_toolkit.middleware import Scope

Make = Callable[..., Flask]
Serve = Callable[..., t.Any]


def _stack(app: Flask, *middlewares: t.Any) -> None:
    stack = MiddlewareStack(app)

    for middleware in middlewares:
        stack.use(middleware, name=middleware.label)


@pytest.fixture(name="log")
def _log() -> list[t.Any]:
    """Return where recorders write."""
    return []


@pytest.fixture(name="app")
def _app() -> Flask:
    """Return an application without a stack."""
    app = Flask("shop")
    app.add_url_rule("/", "index", lambda: "hello")
    app.add_url_rule("/fail", "fail", lambda: str(1 / 0))
    return app


def test_hooks_come_in_pairs(
    app: Flask, serve: Serve, recorder: t.Any, log: list[t.Any]
) -> None:
    """``before`` from outside to inside, the others back."""
    _stack(app, recorder("a", log), recorder("b", log), recorder("c", log))
    answer = serve(app.wsgi_app)

    assert log == [
        *("a.before", "b.before", "c.before"),
        *("c.headers 200", "b.headers 200", "a.headers 200"),
        *("c.finish True", "b.finish True", "a.finish True"),
    ]
    assert answer.chunks == [b"hello"]
    seen = [value for name, value in answer.headers if name == "X-Seen"]
    assert seen == ["c", "b", "a"]


def test_a_plain_middleware_splits_the_order(
    app: Flask, serve: Serve, recorder: t.Any, log: list[t.Any]
) -> None:
    """It stands exactly where it was put, and each side keeps its pairs."""

    def shout(inner: WSGIApplication) -> WSGIApplication:
        def call(environ: t.Any, start_response: t.Any) -> t.Any:
            log.append("shout")
            return [b"".join(inner(environ, start_response)).upper()]

        return call

    stack = MiddlewareStack(app, use=[recorder("a", log), shout])
    stack.use(recorder("b", log), name="b")
    answer = serve(app.wsgi_app)

    assert log[:3] == ["a.before", "shout", "b.before"]
    assert answer.chunks == [b"HELLO"]
    # This one lost the close() of what it read, as tutorials do; garbage collection
    # ends it.
    assert {"a.finish True", "b.finish True"} <= set(log)


def test_an_early_answer_skips_what_is_inside(
    app: Flask, serve: Serve, recorder: t.Any, log: list[t.Any]
) -> None:
    """Entered middlewares see the answer and the end; Flask sees nothing."""
    early = recorder("b", log)
    early.before = lambda scope: Response("closed", 503)
    _stack(app, recorder("a", log), early, recorder("c", log))
    app.before_request(lambda: log.append("flask"))
    answer = serve(app.wsgi_app)

    assert log == [
        *("a.before", "b.headers 503", "a.headers 503"),
        *("b.finish True", "a.finish True"),
    ]
    assert (answer.status, answer.chunks) == ("503 SERVICE UNAVAILABLE", [b"closed"])


def _refuse(scope: Scope) -> t.NoReturn:
    raise TooManyRequests(retry_after=7)


def test_an_http_error_is_answered(
    app: Flask, serve: Serve, recorder: t.Any, log: list[t.Any]
) -> None:
    """It keeps its headers, and who raised it was not entered."""
    refusing = recorder("b", log)
    refusing.before = _refuse
    _stack(app, recorder("a", log), refusing)
    answer = serve(app.wsgi_app)

    assert answer.status == "429 TOO MANY REQUESTS"
    assert (answer["Retry-After"], len(answer["X-Request-ID"])) == ("7", 32)
    assert log == ["a.before", "a.headers 429", "a.finish True"]


def test_error_response_makes_the_answer(
    app: Flask, serve: Serve, recorder: t.Any
) -> None:
    """It gets application, environ and error."""
    refusing = recorder()
    refusing.before = _refuse
    got: list[t.Any] = []

    def respond(
        app: Flask, environ: dict[str, t.Any], error: HTTPException
    ) -> WSGIApplication:
        got.extend([app, environ["PATH_INFO"], error.code])
        return Response("mine", 429)

    MiddlewareStack(app, use=[refusing], error_response=respond)

    assert serve(app.wsgi_app, "/x").chunks == [b"mine"]
    assert got == [app, "/x", 429]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        pytest.param(None, b"theirs", id="handed-down"),
        pytest.param(b"own", b"own", id="own"),
    ],
)
def test_toolkit_hands_down_the_answers(
    app: Flask, serve: Serve, recorder: t.Any, own: bytes | None, expected: bytes
) -> None:
    """Each application has its own; what the constructor was given wins."""
    refusing = recorder()
    refusing.before = _refuse
    app.extensions["toolkit.error_response"] = lambda *_: Response(b"theirs")
    MiddlewareStack(
        app,
        use=[refusing],
        error_response=None if own is None else lambda *_: Response(own),
    )

    assert serve(app.wsgi_app).chunks == [expected]


def test_another_error_goes_to_the_server(
    app: Flask, serve: Serve, recorder: t.Any, log: list[t.Any]
) -> None:
    """Entered middlewares finish first, and hear of it."""
    failing = recorder("b", log)
    failing.before = lambda scope: 1 / 0
    _stack(app, recorder("a", log), failing, recorder("c", log))

    assert isinstance(serve(app.wsgi_app).error, ZeroDivisionError)
    assert log == ["a.before", "a.finish False ZeroDivisionError"]


def test_an_error_of_flask_is_an_answer(
    app: Flask, serve: Serve, recorder: t.Any, log: list[t.Any]
) -> None:
    """Flask's 500 passes the hooks as any answer, with a request id."""
    _stack(app, recorder("a", log))
    answer = serve(app.wsgi_app, "/fail")

    assert answer.status.startswith("500")
    assert answer["X-Request-ID"]
    assert log == ["a.before", "a.headers 500", "a.finish True"]


def test_a_failing_finish_stops_no_other(
    app: Flask,
    serve: Serve,
    recorder: t.Any,
    log: list[t.Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged with the name of the middleware and the id of the request."""
    failing = recorder("b", log)
    failing.finish = lambda scope, exc: 1 / 0
    _stack(app, recorder("a", log), failing, recorder("c", log))
    answer = serve(app.wsgi_app)
    (record,) = caplog.records

    assert answer.error is None
    assert log[-2:] == ["c.finish True", "a.finish True"]
    expected = f"finish of middleware 'b' failed (request {answer['X-Request-ID']})"
    assert record.getMessage() == expected
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


def test_a_finish_that_ends_the_process_stops_no_other(
    app: Flask, recorder: t.Any, log: list[t.Any]
) -> None:
    """Nor does it keep what waits for the end of the answer."""

    def end(scope: Scope, exc: BaseException | None) -> None:
        scope.after_response(log.append, "after")
        raise SystemExit(3)

    ending = recorder("b", log)
    ending.finish = end
    _stack(app, recorder("a", log), ending)
    answer = app.test_client().get("/")

    with pytest.raises(SystemExit, match="3"):
        answer.close()

    assert log[-2:] == ["a.finish False", "after"]


@pytest.mark.parametrize(
    ("early", "kind"),
    [
        pytest.param("x", "str", id="text"),
        pytest.param(("x", 403), "tuple", id="as-a-view-returns"),
        pytest.param(False, "bool", id="false"),
    ],
)
def test_an_early_answer_must_be_a_response(
    app: Flask, recorder: t.Any, early: t.Any, kind: str
) -> None:
    """What a view may return is refused by name, and those around it end."""

    class Door(Middleware):
        name = "door"

        def before(self, scope: Scope) -> t.Any:
            return early

    log: list[str] = []
    MiddlewareStack(app, use=[recorder("out", log), Door()])
    problem = (
        f"before of middleware 'door' returned a {kind}: it returns None, to go on,"
        " or a Response or other WSGI application, which answers."
    )

    with pytest.raises(TypeError, match=re.escape(problem)):
        app.test_client().get("/")

    assert log == ["out.before", "out.finish False TypeError"]


def test_the_first_error_is_the_one_that_counts(
    make: Make, serve: Serve, recorder: t.Any
) -> None:
    """``finish`` hears of the error in the body, the server of the later one."""

    class Twice:
        def __iter__(self) -> t.Any:
            raise KeyError

        def close(self) -> None:
            raise OSError

    def app(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", [])
        return Twice()

    record = recorder()
    answer = serve(make(record, inner=app).wsgi_app)

    assert record.log[-1] == "r.finish False KeyError"
    assert isinstance(answer.error, OSError)


def test_reading_on_after_an_error_hides_nothing(make: Make, recorder: t.Any) -> None:
    """A server that asks again may get another error; the first one stays."""
    errors = [KeyError, OSError]

    class Chunks:
        def __iter__(self) -> t.Any:
            return self

        def __next__(self) -> bytes:
            raise errors.pop(0)

    def app(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", [])
        return Chunks()

    record = recorder()
    body = _open(make(record, inner=app))
    for error in (KeyError, OSError):
        with pytest.raises(error):
            next(iter(body))
    body.close()

    assert record.log[-1] == "r.finish False KeyError"


def _counting(chunks: list[str]) -> WSGIApplication:
    def app(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", [("Content-Type", "text/plain")])

        def chunk(number: int) -> bytes:
            chunks.append(str(number))
            return b"%d" % number

        try:
            yield from map(chunk, range(5))
        finally:
            chunks.append("closed")

    return app


@pytest.mark.parametrize("isolate", [True, False])
def test_a_client_that_leaves_ends_the_stream(
    make: Make, serve: Serve, recorder: t.Any, isolate: bool
) -> None:
    """The application's body is closed, then ``finish`` says it is incomplete."""
    record = recorder()
    chunks: list[str] = []
    app = make(record, inner=_counting(chunks), isolate_context=isolate)
    answer = serve(app.wsgi_app, read=2)

    assert answer.chunks == [b"0", b"1"]
    assert chunks == ["0", "1", "closed"]
    assert record.log[-1] == "r.finish False"


def _open(app: Flask, **environ: t.Any) -> t.Any:
    given = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", **environ}
    return app.wsgi_app(given, lambda *_: lambda _: None)


def test_closing_twice_ends_once(make: Make, recorder: t.Any) -> None:
    """And there is nothing to read after the end."""
    record = recorder()

    def app(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", [])
        return iter([b"1", b"2", b"3"])

    body = _open(make(record, inner=app))
    chunks = iter(body)
    next(chunks)
    body.close()
    body.close()

    assert [line for line in record.log if "finish" in line] == ["r.finish False"]
    assert (list(chunks), list(body)) == ([], [])


@pytest.mark.parametrize("kind", [list, tuple, type("Own", (list,), {})])
def test_a_list_that_is_closed_ends_at_once(
    make: Make, recorder: t.Any, kind: t.Any
) -> None:
    """Nothing comes out of it after that, and no second end."""
    record = recorder()

    def app(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", [])
        return kind([b"1", b"2", b"3"])

    body = _open(make(record, inner=app))
    chunks = iter(body)
    assert next(chunks) == b"1"
    assert len(body) == 3
    body.close()

    assert record.log[-1] == "r.finish False"
    assert (list(chunks), list(body)) == ([], [])


@pytest.mark.parametrize("isolate", [True, False])
def test_a_close_during_next_waits(make: Make, recorder: t.Any, isolate: bool) -> None:
    """As when another greenlet closes: the chunk comes out, then it ends."""
    record = recorder()
    held: list[t.Any] = []

    class Chunks:
        def __iter__(self) -> t.Any:
            return self

        def __next__(self) -> bytes:
            held[0].close()
            held[0].close()
            record.log.append("still reading")
            return b"chunk"

        def close(self) -> None:
            record.log.append("closed")

    def app(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", [])
        return Chunks()

    held.append(_open(make(record, inner=app, isolate_context=isolate)))

    chunks = iter(held[0])
    assert next(chunks) == b"chunk"
    assert record.log[2:] == ["still reading", "closed", "r.finish False"]


@pytest.mark.parametrize(
    ("ending", "expected"),
    [(StopIteration, "r.finish True"), (OSError, "r.finish False OSError")],
)
def test_a_close_during_the_last_next_waits_too(
    make: Make, recorder: t.Any, ending: type[Exception], expected: str
) -> None:
    """Also if there is no further chunk, or an error."""
    record = recorder()

    class Chunks:
        def __iter__(self) -> t.Any:
            return self

        def __next__(self) -> bytes:
            body.close()
            raise ending

    def app(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", [])
        return Chunks()

    body = _open(make(record, inner=app))
    with pytest.raises(ending):
        next(iter(body))

    assert record.log[2:] == [expected]


def test_an_answer_that_is_dropped_ends_too(
    make: Make, recorder: t.Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that never calls close() is reported; a test client is not."""
    record = recorder()
    app = make(record, inner=_counting([]))
    next(iter(_open(app, SERVER_SOFTWARE="Careless/1.0")))
    gc.collect()

    assert record.log[-1] == "r.finish False"
    assert "dropped an answer without close()" in caplog.text
    caplog.clear()
    next(iter(_open(app)))
    assert caplog.text == ""
    assert record.log[-1] == "r.finish False"


def test_a_failing_close_of_a_dropped_answer_is_logged(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody else could report it."""

    class Body(list[bytes]):
        def close(self) -> None:
            raise OSError("stuck")

    def app(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", [])
        return Body()

    _open(make(inner=app))

    assert "Closing an abandoned answer failed" in caplog.text
    assert "stuck" in caplog.text


def test_a_path_limits_all_hooks(
    app: Flask, serve: Serve, recorder: t.Any, log: list[t.Any]
) -> None:
    """Whole segments; nested prefixes add up; bytes are compared, not text."""
    stack = MiddlewareStack(app, use=[recorder("all", log)])
    stack.use(recorder("api", log), name="api", path="/api")
    stack.use(recorder("v1", log), name="v1", path="/api/v1")
    stack.use(recorder("cafe", log), name="cafe", path="/caf\u00e9")

    def entered(path: str) -> str:
        log.clear()
        serve(app.wsgi_app, path)
        assert sum("finish" in line for line in log) * 3 == len(log)
        return " ".join(x[: -len(".before")] for x in log if x.endswith(".before"))

    assert entered("/") == "all"
    assert entered("/apis") == "all"
    assert entered("/api") == "all api"
    assert entered("/api/v2") == "all api"
    assert entered("/api/v1/items") == "all api v1"
    assert entered("/caf\u00e9/x") == "all cafe"


def test_a_path_limits_a_plain_middleware(app: Flask, serve: Serve) -> None:
    """Outside of its path the request goes past it."""

    def blocked(inner: WSGIApplication) -> WSGIApplication:
        return Response("blocked", 403)

    MiddlewareStack(app).use(blocked, path="/admin")

    assert serve(app.wsgi_app, "/admin/users").status == "403 FORBIDDEN"
    assert serve(app.wsgi_app, "/").chunks == [b"hello"]


def test_headers_reach_a_segment_without_finish(
    app: Flask, serve: Serve, log: list[t.Any]
) -> None:
    """A segment that only sets headers hands the body on as it is."""

    class Mark(Middleware):
        name = "mark"

        def headers(self, scope: Scope, status: str, headers: t.Any) -> None:
            headers["X-Mark"] = status[:3]

    def see(inner: WSGIApplication) -> WSGIApplication:
        def call(environ: t.Any, start_response: t.Any) -> t.Any:
            body = inner(environ, start_response)
            log.append(type(body).__module__)
            return body

        return call

    MiddlewareStack(app, use=[see, Mark()])

    assert serve(app.wsgi_app)["X-Mark"] == "200"
    assert log == ["werkzeug.wsgi"]


def test_hooks_know_what_those_further_in_set(app: Flask, serve: Serve) -> None:
    """Also one of ours in between, which works on the bare list."""

    class Sign(Middleware):
        def __init__(self, value: str) -> None:
            self.value = value

        def headers(self, scope: Scope, status: str, headers: t.Any) -> None:
            headers["X-Signed"] = self.value
            headers["X-Request-ID"] = self.value

    stack = MiddlewareStack(app).use(Sign("inner"), name="inner")
    stack.use(Sign("outer"), name="outer", phase=Phase.PROXY)
    answer = serve(app.wsgi_app)

    assert (answer["X-Signed"], answer["X-Request-ID"]) == ("outer", "outer")


def test_the_status_is_known_without_headers(app: Flask, serve: Serve) -> None:
    """Also where no middleware looks at the beginning of the answer."""
    seen: list[int | None] = []

    class End(Middleware):
        name = "end"

        def finish(self, scope: Scope, exc: BaseException | None) -> None:
            seen.append(scope.status)

    MiddlewareStack(app, use=[End()]).remove("request_id")
    serve(app.wsgi_app, "/missing")

    assert seen == [404]


def test_a_foreign_environ_opens_a_scope_of_its_own(
    app: Flask, serve: Serve, recorder: t.Any
) -> None:
    """A plain middleware may call with an environ that it made."""

    def fresh(inner: WSGIApplication) -> WSGIApplication:
        def call(environ: t.Any, start_response: t.Any) -> t.Any:
            made = {k: v for k, v in environ.items() if k != "toolkit.scope"}
            return inner(made, start_response)

        return call

    record = recorder()
    MiddlewareStack(app, use=[fresh, record])

    assert serve(app.wsgi_app).chunks == [b"hello"]
    assert record.log[-1] == "r.finish True"


def test_a_shipped_middleware_can_be_extended(serve: Serve, app: Flask) -> None:
    """A subclass that overrides ``headers`` keeps what the base class does."""

    class Louder(RequestId):
        def headers(self, scope: Scope, status: str, headers: t.Any) -> None:
            headers["X-Louder"] = "yes"

    MiddlewareStack(app).remove("request_id").use(Louder())
    answer = serve(app.wsgi_app)

    assert (answer["X-Louder"], len(answer["X-Request-ID"])) == ("yes", 32)


def _typo(self: Middleware, scope: Scope) -> None:
    """Would be a hook, were it spelt so."""


async def _async(self: Middleware, scope: Scope) -> None:
    """Would never be awaited."""


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param({"befor": _typo}, "Odd has no hook", id="typo"),
        pytest.param({"before": _async}, "Odd.before is async", id="async"),
    ],
)
def test_a_class_that_would_do_nothing_is_refused(
    app: Flask, body: dict[str, t.Any], message: str
) -> None:
    """A misspelt hook, or one that nobody awaits, is found at the start."""
    odd = type("Odd", (Middleware,), {"name": "odd", **body})

    with pytest.raises(SetupError, match=re.escape(message)):
        MiddlewareStack(app, use=[odd()])


def test_two_failures_leave_no_log_of_values(
    app: Flask, serve: Serve, recorder: t.Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A failing hook is logged without query or headers of the request."""
    failing = recorder()
    failing.finish = lambda scope, exc: 1 / 0
    _stack(app, failing)

    with caplog.at_level(logging.DEBUG):
        serve(app.wsgi_app, "/?token=canary", HTTP_COOKIE="canary")

    assert "failed" in caplog.text
    assert "canary" not in caplog.text
