"""The problem document of any HTTP error."""

from __future__ import annotations

import os
import traceback
import typing as t

from werkzeug.exceptions import InternalServerError

from flask_toolkit.errors import RequestError

from ._problem import Problem

if t.TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from flask import Flask
    from werkzeug.exceptions import HTTPException

    from flask_toolkit.typing import Scope


def document_of(
    app: Flask, environ: WSGIEnvironment, error: HTTPException, type_base: str
) -> dict[str, t.Any]:
    """Return the members of the problem document for any HTTP error."""
    if isinstance(error, RequestError):
        document = error.problem()
    else:
        document = {"type": "about:blank", "title": error.name, "status": error.code}

        if error.description is not None:
            # Applications also pass dicts and lazy translations.
            document["detail"] = str(error.description)

    if isinstance(error, Problem) and error.slug is not None and type_base:
        document["type"] = type_base + error.slug

    document["status"] = error.code
    original = getattr(error, "original_exception", None)

    if isinstance(error, InternalServerError) and original is not None:
        document |= _failure(app, environ, error, original)

    return document


def _failure(
    app: Flask,
    environ: WSGIEnvironment,
    error: InternalServerError,
    original: BaseException,
) -> dict[str, t.Any]:
    """Return how to find an unhandled failure in the log; in debug, all of it."""
    scope: Scope | None = environ.get("toolkit.scope")
    error_id = (scope and scope.request_id) or os.urandom(16).hex()
    app.logger.error(
        "Error %s answered with %d", error_id, error.code, extra={"error_id": error_id}
    )
    members: dict[str, t.Any] = {"error_id": error_id}

    if app.debug:
        members["exception"] = type(original).__name__
        members["traceback"] = "".join(
            traceback.format_exception(original)
        ).splitlines()

    return members
