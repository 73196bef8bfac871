"""Handlers of the application, and which of them an error is for."""

from __future__ import annotations

import typing as t

from flask import request
from werkzeug.exceptions import default_exceptions

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from werkzeug.exceptions import HTTPException


def register(
    app: Flask, exception: type[Exception], handler: Callable[..., t.Any]
) -> None:
    """Register a handler, unless the application has one for the same class."""
    if exception not in app.error_handler_spec[None][None]:
        app.register_error_handler(exception, handler)


def passed_over(app: Flask, error: HTTPException) -> Callable[..., t.Any] | None:
    """Return a handler of the application that Flask did not ask about ``error``.

    One for a status hears only Werkzeug's own class of that status, which a
    problem need not be; one for ``Exception`` is less near than ours.
    """
    usual = default_exceptions.get(error.code or 0)

    for name in (*request.blueprints, None):
        handlers = app.error_handler_spec[name][error.code]

        if usual in handlers:
            return handlers[usual]

    return app.error_handler_spec[None][None].get(Exception)


def handler_of(app: Flask, error: HTTPException) -> Callable[..., t.Any]:
    """Return the handler that Flask would ask about ``error``.

    There is one for ``RequestError`` at the least.
    """
    return next(
        handlers[cls]
        for code in (error.code, None)
        for name in (*request.blueprints, None)
        for handlers in [app.error_handler_spec[name][code]]
        for cls in type(error).__mro__
        if cls in handlers
    )
