"""What :mod:`benchmarks.soak` keeps under load."""

from __future__ import annotations

import itertools
import typing as t
from dataclasses import dataclass
from pathlib import Path

from flask import abort
from flask import Flask
from flask import send_file
from flask import stream_with_context

from flask_toolkit import Toolkit
from flask_toolkit.middleware import after_response
from flask_toolkit.middleware import Middleware

if t.TYPE_CHECKING:
    from wsgiref.headers import Headers

    from flask_toolkit.middleware import Scope

__all__ = ["FILE", "make_app"]

FILE = Path(__file__)
"""What it sends as a file."""


@dataclass(frozen=True, kw_only=True)
class Visited:
    """What the signal of the test application carries."""

    path: str


class Ends(Middleware):
    """Counts requests, and their ends."""

    name = "ends"

    def __init__(self) -> None:
        self.begun = itertools.count()
        self.ended = itertools.count()

    def before(self, scope: Scope, /) -> None:
        """Count one; a counter is atomic."""
        next(self.begun)

    def headers(self, scope: Scope, status: str, headers: Headers, /) -> None:
        """Do what most middlewares do."""
        headers["X-Soak"] = "on"

    def finish(self, scope: Scope, exc: BaseException | None, /) -> None:
        """Count the end."""
        next(self.ended)


def _hear(sender: object, path: str) -> None:
    """Be a receiver."""


def make_app() -> Flask:
    """Return the application under load."""
    app = Flask("soak")
    toolkit = Toolkit(app)
    ends = Ends()
    toolkit.middleware.use(ends)
    visited = toolkit.signals.define("visited", Visited)
    visited.connect(_hear, app=app)

    @app.get("/")
    def index() -> str:
        visited.send(path="/")
        return "hello"

    @app.get("/later")
    def later() -> str:
        visited.send_after_response(path="/later")
        after_response(int)
        return "hello"

    @app.get("/stream")
    def stream() -> t.Any:
        return stream_with_context("x" * 1000 for _ in range(5)), 200

    @app.get("/endless")
    def endless() -> t.Any:
        return stream_with_context(itertools.repeat("x" * 1000)), 200

    app.add_url_rule("/file", "file", lambda: send_file(FILE))
    app.add_url_rule("/conflict", "conflict", lambda: abort(409))

    @app.get("/state")
    def state() -> dict[str, int]:
        # Each reading counts too, on both sides; this request has not ended.
        return {"open": next(ends.begun) - next(ends.ended) - 1}

    return app
