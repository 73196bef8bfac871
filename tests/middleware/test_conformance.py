"""Each shipped middleware around each kind of legal WSGI application."""

import io
import sys
import typing as t
import warnings
from collections.abc import Callable
from wsgiref.types import WSGIApplication
from wsgiref.util import FileWrapper
from wsgiref.validate import validator

import pytest
from flask import Flask
from flask import redirect
from werkzeug.middleware.lint import LintMiddleware

from flask_toolkit.middleware import Middleware
from flask_toolkit.middleware import Scope

Make = Callable[..., Flask]
Serve = Callable[..., t.Any]
HEADERS = [("Content-Type", "text/plain")]


class Closing:
    """A body with a close, which may fail."""

    def __init__(self, chunks: list[bytes], fail: bool = False) -> None:
        self.chunks = iter(chunks)
        self.fail = fail
        self.closed = 0

    def __iter__(self) -> "Closing":
        return self

    def __next__(self) -> bytes:
        return next(self.chunks)

    def close(self) -> None:
        """Count, and fail if told so."""
        self.closed += 1

        if self.fail:
            raise OSError("in close")


class Unclosable:
    """A body that has only what an iterable must have."""

    def __iter__(self) -> t.Any:
        return iter([b"a", b"b"])


def _returning(make_body: Callable[[], t.Any]) -> WSGIApplication:
    def app(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", list(HEADERS))
        return make_body()

    return app


def _generated(*chunks: bytes, fail: bool = False) -> t.Any:
    yield from chunks

    if fail:
        raise OSError("in body")


def _late(environ: t.Any, start_response: t.Any) -> t.Any:
    start_response("202 Accepted", list(HEADERS))
    yield b"late"


def _writing(environ: t.Any, start_response: t.Any) -> t.Any:
    write = start_response("200 OK", list(HEADERS))
    write(b"written ")
    return [b"returned"]


def _repeating(environ: t.Any, start_response: t.Any) -> t.Any:
    try:
        start_response("200 OK", list(HEADERS))
        environ["missing"]
    except KeyError:
        start_response("500 Oh No", list(HEADERS), sys.exc_info())

    return [b"sorry"]


def _raising(environ: t.Any, start_response: t.Any) -> t.Any:
    raise OSError("in call")


def _file(environ: t.Any, start_response: t.Any) -> t.Any:
    start_response("200 OK", list(HEADERS))
    return environ["wsgi.file_wrapper"](io.BytesIO(b"content"))


LEGAL: dict[str, WSGIApplication] = {
    "list": _returning(lambda: [b"a", b"b"]),
    "tuple": _returning(lambda: (b"a",)),
    "empty": _returning(list),
    "generator": _returning(lambda: _generated(b"a", b"b")),
    "late": _late,
    "write": _writing,
    "exc-info": _repeating,
    "error-in-body": _returning(lambda: _generated(b"a", fail=True)),
    "error-in-close": _returning(lambda: Closing([b"a"], fail=True)),
    "no-close": _returning(Unclosable),
    "close": _returning(lambda: Closing([b"a"])),
    "first-chunk-empty": _returning(lambda: _generated(b"", b"a")),
    "file-wrapper": _file,
    "raising": _raising,
}


class Foreign:
    """A plain WSGI middleware, which splits what is fused."""

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app

    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        """Call what is inside."""
        return self.app(environ, start_response)


SHIPPED: dict[str, dict[str, t.Any]] = {
    "request-id": {},
    "trusting": {"trust_inbound": True},
    "no-isolation": {"isolate_context": False},
    "timing": {"server_timing": True, "slow_after": 60},
    "security-headers": {"security_headers": True},
    "health": {"health_path": "/healthz"},
    "proxy-fix": {"proxy_fix": {"x_for": 1}},
    "all": {
        "trust_inbound": True,
        "server_timing": True,
        "slow_after": 60,
        "security_headers": True,
        "health_path": "/healthz",
        "proxy_fix": {"x_for": 1},
    },
}
each_app = pytest.mark.parametrize("kind", LEGAL)
each_middleware = pytest.mark.parametrize("shipped", SHIPPED)
each_checker = pytest.mark.parametrize(
    "checker",
    [pytest.param(validator, id="validate"), pytest.param(LintMiddleware, id="lint")],
)


@each_app
@each_middleware
@each_checker
@pytest.mark.parametrize("split", [False, True], ids=["fused", "split"])
def test_the_answer_is_what_the_application_gave(  # noqa: PLR0917  # pytest passes by name
    make: Make,
    serve: Serve,
    recorder: t.Any,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    shipped: str,
    checker: t.Any,
    split: bool,
) -> None:
    """Same chunks, status and error; each side legal; finished once, at the end."""
    bare = serve(LEGAL[kind])
    outer, inner = recorder("outer"), recorder("inner")
    inner.name = "inner"
    use = [outer, Foreign, inner] if split else [outer, inner]
    app = make(*use, inner=checker(LEGAL[kind]), **SHIPPED[shipped])

    answer = serve(checker(app.wsgi_app))

    assert b"".join(answer.chunks) == b"".join(bare.chunks)
    assert (answer.status, type(answer.error)) == (bare.status, type(bare.error))
    assert len(answer.chunks) == len(bare.chunks)
    ends = [line for line in outer.log + inner.log if "finish" in line]
    failed = "" if bare.error is None else " OSError"
    done = kind not in {"error-in-body", "raising"}
    # Where the checker does not hide the file wrapper, nobody saw its last chunk.
    assert [end.replace("None", "True") for end in ends] == [
        f"outer.finish {done}{failed}",
        f"inner.finish {done}{failed}",
    ]
    assert capsys.readouterr().err == ""


@each_app
def test_finish_comes_after_the_last_byte(make: Make, serve: Serve, kind: str) -> None:
    """Whatever the body is, nothing is read or closed after ``finish``."""
    seen: list[str] = []

    class Watch(Middleware):
        name = "watch"

        def finish(self, scope: Scope, exc: BaseException | None) -> None:
            seen.append("finish")

    def watched(environ: t.Any, start_response: t.Any) -> t.Any:
        body = LEGAL[kind](environ, start_response)
        return _noting(body, seen)

    serve(make(Watch(), inner=watched).wsgi_app)

    assert seen[-1:] == ["finish"]
    assert seen.count("finish") == 1


def _noting(body: t.Any, seen: list[str]) -> t.Any:
    try:
        for chunk in body:
            seen.append("chunk")
            yield chunk
    finally:
        if hasattr(body, "close"):
            body.close()

        seen.append("closed")


@pytest.mark.parametrize("body", [[b"a"], (b"a", b"b"), [], ()], ids=repr)
def test_a_list_keeps_its_length(make: Make, serve: Serve, body: t.Any) -> None:
    """Servers set Content-Length for a body of one chunk."""
    answer = serve(make(inner=_returning(lambda: body)).wsgi_app)

    assert len(answer.body) == len(body)
    assert answer.chunks == list(body)


def test_nothing_is_buffered(make: Make) -> None:
    """A chunk is fetched when the server asks for it, not before."""
    made: list[int] = []

    def chunk(number: int) -> bytes:
        made.append(number)
        return b"%d" % number

    app = make(inner=_returning(lambda: map(chunk, range(3))))
    chunks = iter(app.wsgi_app(_environ(), lambda *_: lambda _: None))

    assert made == []
    assert (next(chunks), made) == (b"0", [0])
    assert (next(chunks), made) == (b"1", [0, 1])


def _environ() -> dict[str, t.Any]:
    return {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}


def test_a_file_stays_the_server_s_to_send(
    make: Make, serve: Serve, recorder: t.Any
) -> None:
    """The wrapper object itself comes out, so that sendfile is used; it ends once."""
    record = recorder()
    answer = serve(make(record, inner=_file).wsgi_app)
    file = answer.body

    assert type(file) is FileWrapper
    assert answer.chunks == [b"content"]
    assert record.log[-1] == "r.finish None"
    assert t.cast("t.Any", file).filelike.closed
    file.close()
    assert len(record.log) == 3


class _Slotted:
    """A file wrapper that takes no attributes."""

    __slots__ = ("file",)

    def __init__(self, file: t.Any) -> None:
        self.file = file

    def __iter__(self) -> t.Any:
        return iter([self.file.read()])

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def _make_wrapper(file: t.Any) -> FileWrapper:
    return FileWrapper(file)


@pytest.mark.parametrize(
    "wrapper",
    [
        pytest.param(_Slotted, id="takes-no-attributes"),
        pytest.param(_make_wrapper, id="is-no-class"),
    ],
)
def test_a_file_wrapper_of_another_kind_is_a_body(
    make: Make, serve: Serve, recorder: t.Any, wrapper: t.Any
) -> None:
    """It is read like any body: sendfile is lost, the end is right."""
    record = recorder()
    answer = serve(make(record, inner=_file).wsgi_app, **{"wsgi.file_wrapper": wrapper})

    assert answer.chunks == [b"content"]
    assert record.log[-1] == "r.finish True"


def test_start_response_passes_on_what_it_gets(make: Make) -> None:
    """W3: exc_info goes through by position, and ``write`` comes back."""
    calls: list[tuple[t.Any, ...]] = []
    written: list[bytes] = []

    def start_response(*args: t.Any) -> t.Any:
        calls.append(args)
        return written.append

    environ = _environ()
    body = make(inner=_repeating).wsgi_app(environ, start_response)
    t.cast("t.Any", body).close()
    body = make(inner=_writing).wsgi_app(environ, start_response)
    t.cast("t.Any", body).close()

    assert [len(args) for args in calls] == [2, 3, 2]
    assert calls[1][2][0] is KeyError
    assert written == [b"written "]


def test_an_answer_that_cannot_start_over_fails(
    make: Make, serve: Serve, recorder: t.Any
) -> None:
    """The server raises ``exc_info`` again once bytes are out; ``finish`` hears it."""

    def app(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", list(HEADERS))
        yield b"first"
        yield from _repeating(environ, start_response)

    record = recorder()
    answer = serve(make(record, inner=app).wsgi_app)

    assert answer.chunks == [b"first"]
    assert answer.status == "200 OK"
    assert isinstance(answer.error, KeyError)
    assert record.log[-1] == "r.finish False KeyError"


def test_headers_run_each_time_the_answer_starts(
    make: Make, serve: Serve, recorder: t.Any
) -> None:
    """An answer that starts over gets its headers again, once."""
    record = recorder()
    answer = serve(make(record, inner=_repeating).wsgi_app)

    assert record.log[1:3] == ["r.headers 200", "r.headers 500"]
    assert answer["X-Seen"] == "r"


def test_one_list_of_headers_can_serve_all_requests(make: Make, serve: Serve) -> None:
    """An application's own list does not grow."""
    mine = [("Content-Type", "text/plain")]

    def app(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("200 OK", mine)
        return []

    wrapped = make(inner=app).wsgi_app
    serve(wrapped)
    assert serve(wrapped)["X-Request-ID"]
    assert mine == [("Content-Type", "text/plain")]


# What the checkers say of Flask's own answers, rightly given.
MOVED = "Absolute URLs required for location header."
EMPTY = "204 responses must have an empty content length."
HEAD = "Content-Length and the number of bytes sent to the client do not match."
TYPED = "Content-Type header found in a 204 response, which must not return content."


@pytest.mark.parametrize(
    ("checker", "method", "path", "false_alarms"),
    [
        pytest.param(validator, "GET", "/", [], id="validate"),
        pytest.param(validator, "GET", "/move", [], id="validate-redirect"),
        pytest.param(validator, "GET", "/gone", [TYPED], id="validate-204"),
        pytest.param(validator, "HEAD", "/", [], id="validate-head"),
        pytest.param(validator, "GET", "/healthz", [], id="validate-health"),
        pytest.param(validator, "HEAD", "/healthz", [], id="validate-health-head"),
        pytest.param(LintMiddleware, "GET", "/", [], id="lint"),
        pytest.param(LintMiddleware, "GET", "/move", [MOVED], id="lint-redirect"),
        pytest.param(LintMiddleware, "GET", "/gone", [EMPTY], id="lint-204"),
        pytest.param(LintMiddleware, "HEAD", "/", [HEAD], id="lint-head"),
        pytest.param(LintMiddleware, "GET", "/healthz", [], id="lint-health"),
    ],
)
def test_flask_answers_are_legal_too(  # noqa: PLR0917  # pytest passes by name
    make: Make,
    serve: Serve,
    checker: t.Any,
    method: str,
    path: str,
    false_alarms: list[str],
) -> None:
    """W9: around Flask the checkers find four false alarms, and nothing else."""
    app = make(**SHIPPED["all"])
    app.add_url_rule("/move", "move", lambda: redirect("/"))
    app.add_url_rule("/gone", "gone", lambda: ("", 204))

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        answer = serve(checker(app.wsgi_app), path, REQUEST_METHOD=method)

    found = [str(warning.message) for warning in caught]
    found += [] if answer.error is None else [str(answer.error)]
    assert [text.split(" (", 1)[0] for text in found] == false_alarms
