"""A strict WSGI server of one request."""

from __future__ import annotations

import dataclasses
import io
import typing as t
from wsgiref.util import FileWrapper
from wsgiref.util import setup_testing_defaults

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIApplication
    from wsgiref.types import WSGIEnvironment

__all__ = ["Answer", "ask", "environ_of"]


@dataclasses.dataclass(slots=True)
class Answer:
    """What reached the client."""

    status: str = ""
    headers: list[tuple[str, str]] = dataclasses.field(
        default_factory=list[tuple[str, str]]
    )
    sent: list[bytes] = dataclasses.field(default_factory=list[bytes])
    error: Exception | None = None

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: t.Any = None, /
    ) -> Callable[[bytes], object]:
        """Be the ``start_response`` of a strict server."""
        if exc_info is None:
            if self.status:
                raise AssertionError("start_response came twice without exc_info")

        elif any(self.sent):
            raise exc_info[1]

        self.status, self.headers = status, headers
        return self.take

    def take(self, chunk: bytes) -> None:
        """Take a chunk of the body."""
        if type(chunk) is not bytes:
            raise AssertionError(f"a chunk is {type(chunk).__name__}, not bytes")

        self.sent.append(chunk)


def environ_of(kind: str = "", path: str = "/") -> WSGIEnvironment:
    """Return what a server tells of a request: a ``GET``, or a ``HEAD``."""
    environ: WSGIEnvironment = {"SCRIPT_NAME": "", "PATH_INFO": path}
    environ["QUERY_STRING"] = ""
    setup_testing_defaults(environ)
    environ["REQUEST_METHOD"] = "HEAD" if kind == "HEAD" else "GET"
    environ["wsgi.file_wrapper"] = FileWrapper
    environ["wsgi.errors"] = io.StringIO()
    return environ


def ask(
    app: WSGIApplication, kind: str, read: int | None = None, *, path: str = "/"
) -> Answer:
    """Serve one request; ``read`` limits the chunks that are fetched."""
    answer = Answer()

    try:
        body: t.Any = app(environ_of(kind, path), answer.start)

        try:
            if read != 0:
                for number, chunk in enumerate(body, 1):
                    answer.take(chunk)

                    if number == read:
                        break
        finally:
            if hasattr(body, "close"):
                body.close()
    except Exception as error:  # noqa: BLE001  # the findings tell it
        answer.error = error

    return answer
