"""One application of each kind that PEP 3333 allows, and what becomes of it."""

from __future__ import annotations

import dataclasses
import io
import sys
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from wsgiref.types import StartResponse
    from wsgiref.types import WSGIApplication
    from wsgiref.types import WSGIEnvironment

    Maker: t.TypeAlias = Callable[["Trace"], WSGIApplication]

__all__ = ["LEGAL", "Trace", "countdown", "late"]


@dataclasses.dataclass(slots=True)
class Trace:
    """What was done with one application."""

    called: int = 0
    made: int = 0
    """Chunks that were fetched."""

    returned: int = 0
    """Bodies with a ``close`` that were returned."""

    closed: int = 0


class _Body:
    """A body that wants to be closed, and may fail."""

    def __init__(self, trace: Trace, *chunks: bytes, fail: str = "") -> None:
        self._trace = trace
        self._chunks = iter(chunks)
        self._fail = fail
        trace.returned += 1

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self._trace.made += 1
        chunk = next(self._chunks, None)

        if chunk is None and self._fail == "body":
            raise OSError("in the body")

        if chunk is None:
            raise StopIteration

        return chunk

    def close(self) -> None:
        self._trace.closed += 1

        if self._fail == "close":
            raise OSError("in close()")


class _Unclosable:
    """A body that has only what an iterable must have."""

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"a", b"b"])


def _text() -> list[tuple[str, str]]:
    """Return the headers of a text."""
    return [("Content-Type", "text/plain")]


def _returning(make: Callable[[Trace], Iterable[bytes]]) -> Maker:
    def of(trace: Trace) -> WSGIApplication:
        def app(
            environ: WSGIEnvironment, start_response: StartResponse
        ) -> Iterable[bytes]:
            trace.called += 1
            start_response("200 OK", _text())
            return make(trace)

        return app

    return of


def _generator(trace: Trace) -> Iterator[bytes]:
    for chunk in (b"a", b"b"):
        trace.made += 1
        yield chunk


def late(trace: Trace) -> WSGIApplication:
    """Start the answer with its first chunk; say which path was asked for."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        path = environ["PATH_INFO"]
        start_response("202 Accepted", [*_text(), ("X-Path", path)])
        yield path.encode("latin-1")

    def call(
        environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        trace.called += 1
        return app(environ, start_response)

    return call


def countdown(trace: Trace) -> WSGIApplication:
    """Make four chunks, one after the other."""
    return _returning(lambda trace: _Body(trace, b"3", b"2", b"1", b"0"))(trace)


def _writing(trace: Trace) -> WSGIApplication:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        trace.called += 1
        write = start_response("200 OK", _text())
        write(b"written ")
        return [b"returned"]

    return app


def _restarting(trace: Trace) -> WSGIApplication:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        trace.called += 1

        try:
            start_response("200 OK", _text())
            raise LookupError("before the first byte")  # noqa: TRY301  # for exc_info
        except LookupError:
            start_response("500 Oh No", _text(), sys.exc_info())

        return [b"sorry"]

    return app


def _too_late(trace: Trace) -> WSGIApplication:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", _text())
        yield b"a"

        try:
            raise LookupError("after the first byte")  # noqa: TRY301  # for exc_info
        except LookupError:
            start_response("500 Oh No", _text(), sys.exc_info())

    def call(
        environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        trace.called += 1
        return app(environ, start_response)

    return call


def _raising(trace: Trace) -> WSGIApplication:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        trace.called += 1
        raise OSError("in the call")

    return app


def _file(trace: Trace) -> WSGIApplication:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        trace.called += 1
        start_response("200 OK", _text())
        wrapper: Callable[[object], Iterable[bytes]] = environ["wsgi.file_wrapper"]
        return wrapper(io.BytesIO(b"content"))

    return app


def _answering(status: str, *headers: tuple[str, str]) -> Maker:
    def of(trace: Trace) -> WSGIApplication:
        def app(
            environ: WSGIEnvironment, start_response: StartResponse
        ) -> Iterable[bytes]:
            trace.called += 1
            start_response(status, [*_text(), *headers])
            return []

        return app

    return of


LEGAL: t.Final[dict[str, Maker]] = {
    "a list": _returning(lambda _: [b"a", b"b"]),
    "a tuple": _returning(lambda _: (b"a",)),
    "an empty body": _returning(lambda _: []),
    "a generator": _returning(_generator),
    "a late start_response": late,
    "write()": _writing,
    "exc_info": _restarting,
    "exc_info after a byte": _too_late,
    "an error in the body": _returning(lambda tr: _Body(tr, b"a", fail="body")),
    "an error in close()": _returning(lambda tr: _Body(tr, b"a", fail="close")),
    "a body without close()": _returning(lambda _: _Unclosable()),
    "a body with close()": _returning(lambda tr: _Body(tr, b"a", b"b")),
    "an empty first chunk": _returning(lambda tr: _Body(tr, b"", b"a")),
    "a file wrapper": _file,
    "an error in the call": _raising,
    "HEAD": _answering("200 OK", ("Content-Length", "5")),
    "no content": _answering("204 NO CONTENT"),
    "a redirect": _answering("308 PERMANENT REDIRECT", ("Location", "/x")),
}
"""Makers of the applications by what is special of each."""
