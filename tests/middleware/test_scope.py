"""The scope of a request, its end, and the context that it has to itself."""

import gc
import importlib.metadata
import threading
import typing as t
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from io import BytesIO

import pytest
from flask import current_app
from flask import Flask
from flask import has_app_context
from flask import request
from flask import send_file
from flask import stream_with_context
from flask.globals import app_ctx
from werkzeug.exceptions import Gone
from werkzeug.wsgi import FileWrapper

from flask_toolkit.middleware import after_response
from flask_toolkit.middleware import Middleware
from flask_toolkit.middleware import MiddlewareStack
from flask_toolkit.middleware import Scope

Make = Callable[..., Flask]
Serve = Callable[..., t.Any]
flavour: ContextVar[str] = ContextVar("flavour", default="none")


def _scope() -> Scope:
    found: Scope = request.environ["toolkit.scope"]
    return found


def test_the_scope_knows_the_request(make: Make, serve: Serve) -> None:
    """Method, decoded path; at the end also what became of it."""
    seen: list[t.Any] = []

    class Look(Middleware):
        name = "look"

        def before(self, scope: Scope) -> None:
            seen.extend([scope.method, scope.path, scope.status, scope.completed])
            scope.data["look"] = 1

        def finish(self, scope: Scope, exc: BaseException | None) -> None:
            seen.extend([scope.status, scope.completed, scope.data, scope.request_id])

    answer = serve(make(Look()).wsgi_app, "/caf\u00e9", REQUEST_METHOD="PUT")

    assert seen[:4] == ["PUT", "/caf\u00e9", None, None]
    assert seen[4:] == [404, True, {"look": 1}, answer["X-Request-ID"]]


def test_a_scope_says_what_it_is() -> None:
    """In a log or a debugger; without query or headers."""
    scope = Scope({"REQUEST_METHOD": "GET", "PATH_INFO": "/x", "QUERY_STRING": "t=s"})

    assert repr(scope) == "<Scope GET '/x' ->"
    scope.request_id = "abc"
    scope.status_line = "odd"
    assert repr(scope) == "<Scope GET '/x' abc>"
    assert scope.status is None


def test_after_response_comes_last_and_once(make: Make, recorder: t.Any) -> None:
    """In order, after ``finish``, each in a fresh application context."""
    record = recorder()
    app = make(record)
    contexts: list[t.Any] = []

    def later(word: str, *, loud: bool = False) -> None:
        record.log.append(word.upper() if loud else word)
        contexts.append(app_ctx._get_current_object() if has_app_context() else None)  # type: ignore[attr-defined]  # of the proxy

    @app.get("/later")
    def view() -> str:
        after_response(later, "one", loud=True)
        _scope().after_response(later, "two", context=False)
        after_response(after_response_of, _scope())
        return "ok"

    def after_response_of(scope: Scope) -> None:
        scope.after_response(later, "four")
        later("three")

    response = app.test_client().get("/later")
    assert "one" not in " ".join(map(str, record.log)).lower()
    response.close()

    assert record.log[2:] == ["r.finish False", "ONE", "two", "three", "four"]
    assert contexts[1] is None
    assert None not in (contexts[0], contexts[2], contexts[3])
    assert len({id(context) for context in contexts}) == 4


def test_after_response_runs_for_streams_files_and_failures(
    make: Make, serve: Serve
) -> None:
    """And when the client leaves, or the application raises."""
    done: list[str] = []

    def app(environ: t.Any, start_response: t.Any) -> t.Any:
        path = environ["PATH_INFO"]
        environ["toolkit.scope"].after_response(done.append, path)

        if path == "/raise":
            raise OSError

        start_response("200 OK", [("Content-Type", "text/plain")])
        return iter([b"1", b"2"]) if path == "/stream" else [b"list"]

    wrapped = make(inner=app).wsgi_app
    serve(wrapped, "/list")
    serve(wrapped, "/stream", read=1)
    serve(wrapped, "/raise")

    assert done == ["/list", "/stream", "/raise"]


def test_w7_a_file_ends_too(make: Make, serve: Serve) -> None:
    """W7: Werkzeug's call_on_close() never fires for one (pallets/werkzeug#3039)."""
    app = make()
    done: list[str] = []

    @app.get("/file")
    def file() -> t.Any:
        response = send_file(BytesIO(b"content"), "text/plain")
        response.call_on_close(lambda: done.append("werkzeug"))
        after_response(done.append, "ours")
        return response

    answer = serve(app.wsgi_app, "/file")

    assert answer.chunks == [b"content"]
    assert "ours" in done


def test_a_failing_function_stops_no_other(
    make: Make, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, with the id of the request."""
    app = make()
    done: list[str] = []

    @app.get("/later")
    def view() -> str:
        after_response(lambda: 1 / 0)
        after_response(done.append, "second")
        return "ok"

    answer = serve(app.wsgi_app, "/later")

    assert done == ["second"]
    assert answer["X-Request-ID"] in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_an_async_function_is_awaited(make: Make, serve: Serve) -> None:
    """Else nobody would hear of it again."""
    app = make()
    done: list[str] = []

    async def mail(word: str) -> None:
        done.append(word + (current_app.name if has_app_context() else ""))

    class Mailer:
        async def __call__(self, word: str) -> None:
            await mail(word)

    @app.get("/later")
    def view() -> str:
        after_response(mail, "in ")
        after_response(mail, "bare", context=False)
        after_response(Mailer(), "object ")
        after_response(partial(Mailer(), "partial "))
        return "ok"

    serve(app.wsgi_app, "/later")

    assert done == ["in shop", "bare", "object shop", "partial shop"]


def test_after_the_answer_is_too_late(make: Make, serve: Serve) -> None:
    """A scope that somebody kept does not swallow work."""
    app = make()
    kept: list[Scope] = []

    @app.get("/keep")
    def keep() -> str:
        kept.append(_scope())
        return "ok"

    serve(app.wsgi_app, "/keep")

    with pytest.raises(RuntimeError, match="This answer is out"):
        kept[0].after_response(print)


class Stop(BaseException):
    """What ends a process or a greenlet, as SystemExit and gevent.Timeout do."""


def test_what_ends_the_process_waits_for_the_others(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """The first goes on its way at the end, a second one is logged."""
    app = make()
    done: list[str] = []
    first, second = Stop("first"), Stop("second")

    def stop(error: Stop) -> None:
        raise error

    @app.get("/stop")
    def view() -> str:
        done.append("view")
        after_response(stop, first)
        after_response(stop, second)
        after_response(done.append, "after")
        return "sent"

    answer = app.test_client().get("/stop")

    with pytest.raises(Stop) as info:
        answer.close()

    assert info.value is first
    assert done == ["view", "after"]
    assert [r.exc_info and r.exc_info[1] for r in caplog.records] == [second]
    assert "toolkit.scope" not in answer.request.environ


def test_after_response_needs_a_request() -> None:
    """Outside, and in an app without a stack, it says what is missing."""
    with pytest.raises(RuntimeError, match="MiddlewareStack"):
        after_response(print)

    with Flask("bare").test_request_context(), pytest.raises(RuntimeError):
        after_response(print)


def test_middlewares_reach_the_current_scope(make: Make, serve: Serve) -> None:
    """In the WSGI layer there is no Flask request; the context knows the scope."""
    done: list[str] = []

    class Ask(Middleware):
        name = "ask"

        def before(self, scope: Scope) -> None:
            after_response(done.append, scope.path)

    serve(make(Ask()).wsgi_app, "/x")
    assert done == ["/x"]
    isolated = make(Ask(), isolate_context=False)
    assert isinstance(serve(isolated.wsgi_app).error, RuntimeError)


def test_a_context_variable_stays_in_its_request(make: Make, serve: Serve) -> None:
    """Set before, seen by view, stream and finish; gone after."""
    seen: list[str] = []

    class Choose(Middleware):
        name = "choose"

        def before(self, scope: Scope) -> None:
            flavour.set(scope.path)

        def finish(self, scope: Scope, exc: BaseException | None) -> None:
            seen.append(flavour.get())

    def app(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield flavour.get().encode()

    answer = serve(make(Choose(), inner=app).wsgi_app, "/mint")

    assert answer.chunks == [b"/mint"]
    assert seen == ["/mint"]
    assert flavour.get() == "none"


def _leaking(app: Flask, torn: list[str]) -> None:
    @app.teardown_appcontext
    def tear(_error: BaseException | None) -> None:
        torn.append("down")

    @app.get("/stream")
    def stream() -> t.Any:
        return stream_with_context(iter(["1", "2", "3"])), 200

    app.add_url_rule("/plain", "plain", lambda: "ok")


def _abandon(app: Flask) -> t.Any:
    """Read one chunk and keep the rest, as a worker that lost its client."""
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/stream",
        "SERVER_NAME": "x",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
    }
    body = app.wsgi_app(environ, lambda *_: lambda _: None)
    chunks = iter(body)
    next(chunks)
    return body, chunks


def _in_thread(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


MINOR = ".".join(importlib.metadata.version("flask").split(".")[:2])
SKIPPED: dict[str, list[str]] = {"3.1": [], "3.2": ["down"]}
"""What is torn down after a request that meets a foreign context."""


def test_an_abandoned_stream_leaves_nothing_in_the_thread(make: Make) -> None:
    """W8, pallets/flask#6123: without isolation its context stays; with it, none.

    On Flask 3.1 the next requests of the thread then skip teardown_appcontext; 3.2
    gives each a context of its own, and the old one stays all the same.
    """
    found: dict[bool, tuple[bool, list[str]]] = {}

    def visit(isolate: bool) -> None:
        app = make(isolate_context=isolate)
        torn: list[str] = []
        _leaking(app, torn)
        body, _chunks = _abandon(app)
        stuck = has_app_context()
        torn.clear()
        app.test_client().get("/plain").close()
        found[isolate] = stuck, list(torn)
        body.close()

    for isolate in (False, True):
        _in_thread(partial(visit, isolate))

    assert found[False] == (True, SKIPPED[MINOR])
    assert found[True] == (False, ["down"])


def test_a_client_block_keeps_its_context(make: Make) -> None:
    """``with client:`` reads the request after it ended: then there is no isolation."""
    app = make()

    @app.get("/set")
    def view() -> str:
        flavour.set("kept")
        return "ok"

    def visit() -> None:
        with app.test_client() as client:
            client.get("/set?q=1").close()
            seen.append((request.args["q"], flavour.get()))

        client.get("/set").close()

    seen: list[t.Any] = []
    _in_thread(visit)
    assert seen == [("1", "kept")]


def test_threads_do_not_see_each_other(make: Make, serve: Serve) -> None:
    """W2: two requests at once, each with its own scope, id and data."""
    meet = threading.Barrier(2, timeout=10)
    seen: dict[str, tuple[str, str | None]] = {}

    class Both(Middleware):
        name = "both"

        def before(self, scope: Scope) -> None:
            scope.data["path"] = scope.path
            meet.wait()

        def finish(self, scope: Scope, exc: BaseException | None) -> None:
            meet.wait()
            seen[scope.path] = scope.data["path"], scope.request_id

    app = make(Both()).wsgi_app
    answers: dict[str, t.Any] = {}
    threads = [
        threading.Thread(
            target=lambda path=path: answers.update({path: serve(app, path)})
        )
        for path in ("/a", "/b")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {path: pair[0] for path, pair in seen.items()} == {"/a": "/a", "/b": "/b"}
    for path in ("/a", "/b"):
        assert seen[path][1] == answers[path]["X-Request-ID"]
    assert seen["/a"][1] != seen["/b"][1]


def test_no_identity_reaches_the_next_request_of_a_thread(
    make: Make, serve: Serve
) -> None:
    """Scope, id and ``g`` of one request are gone in the next."""
    app = make(isolate_context=False)
    ids = [serve(app.wsgi_app)["X-Request-ID"] for _ in range(2)]

    assert ids[0] != ids[1]
    assert not has_app_context()
    with pytest.raises(RuntimeError):
        after_response(print)


def test_an_answered_scope_is_freed(make: Make) -> None:
    """Errors in a body leave no circle that only the collector finds."""

    class Chunks:
        def __iter__(self) -> t.Any:
            return self

        def __next__(self) -> bytes:
            raise OSError("torn")

    def app(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", [])
        chunks = Chunks()
        refs.append(weakref.ref(chunks))
        return chunks

    refs: list[weakref.ref[Chunks]] = []
    wrapped = make(inner=app).wsgi_app
    gc.disable()

    try:
        body = wrapped({"REQUEST_METHOD": "GET"}, lambda *_: lambda _: None)

        with pytest.raises(OSError, match="torn"):
            next(iter(body))

        t.cast("t.Any", body).close()
        del body
        assert refs[0]() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("path", ["/", "/file"])
@pytest.mark.parametrize("isolate", [True, False])
def test_a_request_leaves_no_circle(
    make: Make, serve: Serve, isolate: bool, path: str
) -> None:
    """Without the collector everything of a request is freed when it ended."""

    class Thing:
        """Belongs to one request."""

    class Carry(Middleware):
        name = "carry"

        def before(self, scope: Scope) -> None:
            thing = scope.data["thing"] = scope.environ["test.thing"] = Thing()
            refs.append(weakref.ref(thing))

        def finish(self, scope: Scope, exc: BaseException | None) -> None:
            """End with the body; Flask 3.2 does not break this circle of its own."""
            scope.environ["werkzeug.request"] = None

    refs: list[weakref.ref[Thing]] = []
    app = make(Carry(), isolate_context=isolate)
    app.add_url_rule("/file", "file", lambda: send_file(BytesIO(b"x"), "text/plain"))
    serve(app.wsgi_app, path)
    gc.collect()
    gc.disable()

    try:
        serve(app.wsgi_app, path, **{"wsgi.file_wrapper": FileWrapper})
        assert [ref() for ref in refs] == [None, None]
    finally:
        gc.enable()


def test_w1_a_raise_in_before_is_answered(make: Make, serve: Serve) -> None:
    """W1: there is no Flask request yet, and still no error bypasses the answer."""

    class Refuse(Middleware):
        name = "refuse"

        def before(self, scope: Scope) -> None:
            assert not has_app_context()
            raise Gone

    app = make(Refuse())
    app.config["TESTING"] = True
    assert serve(app.wsgi_app).status == "410 GONE"


def test_no_body_is_lost_when_closed_first(make: Make, recorder: t.Any) -> None:
    """W4: the application ran and is closed, though no chunk was ever asked for."""
    log: list[str] = []

    class Chunks(list[bytes]):
        def close(self) -> None:
            log.append("closed")

    def app(environ: t.Any, start_response: t.Any) -> t.Any:
        log.append("ran")
        start_response("200 OK", [])
        return Chunks()

    body: t.Any = make(inner=app).wsgi_app({}, lambda *_: lambda _: None)
    body.close()

    assert log == ["ran", "closed"]


def test_a_stack_in_a_stack(make: Make, serve: Serve) -> None:
    """Each application of two has its own scope; one id reaches the client."""
    inner = make(name="inner")
    outer = make(inner=inner.wsgi_app, name="outer")
    answer = serve(outer.wsgi_app)

    assert answer.chunks == [b"hello"]
    assert len(answer["X-Request-ID"]) == 32
    assert MiddlewareStack().name == "middleware"
