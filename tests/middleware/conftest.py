"""An application, and a server that does what PEP 3333 says."""

import dataclasses
import io
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from wsgiref.types import WSGIApplication
from wsgiref.util import FileWrapper

import pytest
from flask import Flask
from werkzeug.test import create_environ

from flask_toolkit.middleware import Middleware
from flask_toolkit.middleware import MiddlewareStack
from flask_toolkit.middleware import Scope

Make = Callable[..., Flask]


@dataclasses.dataclass
class Answer:
    """What reached the client of one request."""

    status: str = ""
    headers: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    chunks: list[bytes] = dataclasses.field(default_factory=list)
    error: BaseException | None = None
    body: Iterable[bytes] = ()

    def __getitem__(self, name: str) -> str:
        """Return the one header of this name."""
        (value,) = [value for key, value in self.headers if key.lower() == name.lower()]
        return value


Serve = Callable[..., Answer]


@pytest.fixture(name="serve")
def _serve() -> Serve:
    """Return a server of one request; ``read`` limits the chunks it fetches."""

    def serve(
        app: WSGIApplication, path: str = "/", read: int | None = None, **environ: t.Any
    ) -> Answer:
        answer = Answer()

        def start_response(
            status: str, headers: t.Any, exc_info: t.Any = None
        ) -> t.Any:
            if exc_info is not None and answer.chunks:
                raise exc_info[1]

            answer.status, answer.headers = status, headers
            return answer.chunks.append

        given = create_environ(path)
        given |= {"wsgi.file_wrapper": FileWrapper, "wsgi.input": io.BytesIO()}
        given |= environ
        # Werkzeug's test environ carries text that wsgiref.validate refuses.
        given["wsgi.errors"] = io.StringIO()

        try:
            answer.body = app(given, start_response)

            try:
                for chunk in answer.body:
                    answer.chunks.append(chunk)

                    if read is not None and len(answer.chunks) >= read:
                        break
            finally:
                close = getattr(answer.body, "close", None)

                if close is not None:
                    close()
        except Exception as error:  # noqa: BLE001  # it is what the tests look at
            answer.error = error

        return answer

    return serve


@pytest.fixture(name="make")
def _make() -> Make:
    """Return a maker of apps that have a stack."""

    def make(
        *use: t.Any,
        inner: WSGIApplication | None = None,
        name: str = "shop",
        **settings: t.Any,
    ) -> Flask:
        app = Flask(name)
        app.add_url_rule("/", "index", lambda: "hello")
        app.config.update(
            {f"TOOLKIT_MIDDLEWARE_{key.upper()}": settings[key] for key in settings}
        )

        if inner is not None:
            app.wsgi_app = inner  # type: ignore[method-assign,assignment]  # as Flask's docs do

        MiddlewareStack(app, use=use)
        return app

    return make


class Recorder(Middleware):
    """Notes which of its hooks are called with what."""

    name = "recorder"

    def __init__(self, label: str = "r", log: list[t.Any] | None = None) -> None:
        self.label = label
        self.log: list[t.Any] = [] if log is None else log

    def before(self, scope: Scope) -> t.Any:
        """Note it."""
        self.log.append(f"{self.label}.before")

    def headers(self, scope: Scope, status: str, headers: t.Any) -> None:
        """Note the status, and leave a mark in the answer."""
        self.log.append(f"{self.label}.headers {status[:3]}")
        headers.add_header("X-Seen", self.label)

    def finish(self, scope: Scope, exc: BaseException | None) -> None:
        """Note how it ended."""
        ending = "" if exc is None else f" {type(exc).__name__}"
        self.log.append(f"{self.label}.finish {scope.completed}{ending}")


@pytest.fixture(name="recorder")
def _recorder() -> type[Recorder]:
    """Return the class of a middleware that notes its calls."""
    return Recorder
