"""Requests in process, as a browser behind gunicorn sends them."""

from __future__ import annotations

import io
import sys
import typing as t

from .model import expect
from .model import Subject

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping

    from flask import Flask

__all__ = ["Answer", "ask", "environ_of", "served"]

_OK = 200


class Answer(t.NamedTuple):
    """What came back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def environ_of(path: str, headers: Mapping[str, str] | None = None) -> dict[str, t.Any]:
    """Return the environ of a ``GET`` by a browser, with more headers if given."""
    environ: dict[str, t.Any] = {
        "wsgi.errors": sys.stderr,
        "wsgi.version": (1, 0),
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": io.BytesIO,
        "wsgi.input_terminated": True,
        "SERVER_SOFTWARE": "gunicorn/23.0.0",
        "wsgi.input": io.BytesIO(),
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": "",
        "RAW_URI": path,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "shop.example",
        "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0",
        "HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*",
        "HTTP_ACCEPT_LANGUAGE": "en-GB,en;q=0.5",
        "HTTP_ACCEPT_ENCODING": "gzip, deflate, br, zstd",
        "HTTP_CONNECTION": "keep-alive",
        "HTTP_SEC_FETCH_DEST": "document",
        "HTTP_SEC_FETCH_MODE": "navigate",
        "HTTP_SEC_FETCH_SITE": "none",
        "wsgi.url_scheme": "http",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "50514",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
    }

    for name, value in (headers or {}).items():
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = value

    return environ


def ask(app: Flask, path: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Send one request and return the answer."""
    began: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        began.append((status, headers))
        return _write

    chunks: t.Any = app.wsgi_app(environ_of(path, headers), start_response)

    try:
        body = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()

    status, sent = began[-1]
    return Answer(int(status.split()[0]), sent, body)


def served(
    app: Flask,
    path: str = "/",
    headers: Mapping[str, str] | None = None,
    *,
    status: int | None = _OK,
    body: bytes | None = None,
    refuses: t.Sequence[Mapping[str, str]] = (),
    sends: str | None = None,
) -> Subject:
    """Return a subject that sends one request.

    :param status: What is expected; ``None`` is any refusal.
    :param body: What has to come back.
    :param refuses: Headers with which the same path has to be refused.
    :param sends: The name of a header that has to be there.
    """
    environ = environ_of(path, headers)
    application = app.wsgi_app

    def run() -> None:
        chunks = application(environ.copy(), _start_response)

        for _ in chunks:
            pass

        if hasattr(chunks, "close"):
            chunks.close()

    def check() -> None:
        answer = ask(app, path, headers)
        expected = _REFUSALS if status is None else {status}
        expect(answer.status in expected, f"status {answer.status}")
        expect(body is None or answer.body == body, f"body {answer.body[:80]!r}")
        names = {name.lower() for name, _ in answer.headers}
        expect(sends is None or sends.lower() in names, f"no {sends}")

        for others in refuses:
            refused = ask(app, path, others).status
            expect(refused in _REFUSALS, f"status {refused} for {sorted(others)}")

    return Subject(run, check)


# Flask-JWT-Extended answers 422 to a token that is none.
_REFUSALS = {302, 303, 401, 403, 422}


def _start_response(
    status: str, headers: list[tuple[str, str]], exc_info: object = None
) -> Callable[[bytes], object]:
    return _write


def _write(data: bytes) -> None:
    """Take what nobody sends: the old way of WSGI to write a body."""
