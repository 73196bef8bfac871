"""An error as a document: what it costs to answer 409 instead of a page."""

from __future__ import annotations

import json
import typing as t

from flask import Flask
from werkzeug.exceptions import Conflict
from werkzeug.exceptions import HTTPException

from benchmarks.model import Case
from benchmarks.model import Contestant
from benchmarks.model import expect
from benchmarks.model import Subject
from benchmarks.wsgi import ask
from benchmarks.wsgi import served
from flask_toolkit.problems import Problem
from flask_toolkit.problems import Problems

if t.TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CASES"]

BODY = b"hello"
DETAIL = "Nothing left."
CODE = 409
JSON = {"Accept": "application/json"}


class OutOfStock(Problem):
    """An error of the application."""

    code, slug, title = CODE, "out-of-stock", "Out of stock"


def _app(error: Callable[[str], Exception] | None) -> Flask:
    app = Flask("shop")

    @app.get("/")
    def page() -> bytes:
        if error is not None:
            # A new one: one that is raised again keeps all its tracebacks.
            raise error(DETAIL)

        return BODY

    return app


def _subject(app: Flask, headers: dict[str, str], *, document: bool) -> Subject:
    """Return a subject that is right if it answers in the form that was asked for."""
    run = served(app, headers=headers, status=CODE)

    def check() -> None:
        run.check()
        body = ask(app, "/", headers).body
        expect(DETAIL.encode() in body, body)

        if document:
            expect(json.loads(body)["status"] == CODE, body)
        else:
            expect(body.startswith(b"<!doctype html>"), body)

    return Subject(run.run, check)


def page() -> Subject:
    """Answer without an error."""
    return served(_app(None), body=BODY)


def html_of_flask() -> Subject:
    """Leave it to Flask, which answers with a page."""
    return _subject(_app(Conflict), {}, document=False)


def json_by_hand() -> Subject:
    """Handle it as Flask's documentation does: always JSON."""
    app = _app(Conflict)

    @app.errorhandler(HTTPException)
    def handle(error: HTTPException) -> t.Any:
        response: t.Any = error.get_response()
        response.data = json.dumps(
            {"status": error.code, "title": error.name, "detail": error.description}
        )
        response.content_type = "application/json"
        return response

    return _subject(app, JSON, document=True)


def ours(
    error: Callable[[str], Exception], headers: dict[str, str], *, document: bool
) -> Subject:
    """Negotiate the form, with headers and status kept."""
    app = _app(error)
    Problems(app)
    return _subject(app, headers, document=document)


CASES = [
    Case(
        suite="problems",
        name="an error",
        contestants=(
            Contestant(name="a page", role="base", make=page),
            Contestant(name="JSON by hand", role="limit", make=json_by_hand),
            Contestant(name="HTML of Flask", role="peer", make=html_of_flask),
            Contestant(
                name="ours, JSON",
                role="ours",
                make=lambda: ours(Conflict, JSON, document=True),
            ),
            Contestant(
                name="ours, HTML",
                role="ours",
                make=lambda: ours(Conflict, {}, document=False),
            ),
            Contestant(
                name="ours, a Problem",
                role="ours",
                make=lambda: ours(OutOfStock, JSON, document=True),
            ),
        ),
    )
]
