"""How a refusal is answered when the application has its own way to do it."""

from __future__ import annotations

import typing as t

from flask_toolkit._context import the_app

from ._errors import JWTError
from ._hooks import call

if t.TYPE_CHECKING:
    from flask import Flask
    from flask import Response
    from flask.typing import ResponseReturnValue

    from ._state import JWTState

_OK = 200


def register(app: Flask) -> None:
    """Answer every :class:`JWTError` of ``app`` by the handler of its component."""
    handlers = app.error_handler_spec[None][None]

    # A handler of the application's own stays.
    if JWTError not in handlers:
        app.register_error_handler(JWTError, _answer)


def _answer(error: JWTError) -> ResponseReturnValue:
    app = the_app()
    state: JWTState | None = app.extensions.get(f"toolkit.{error.component}")
    handler = None if state is None else state.hooks.error_handler

    if handler is None:
        plain: ResponseReturnValue = app.extensions["toolkit.errors"](error)
        return plain

    response: Response = app.make_response(call(app, handler, error))

    # A refusal stays one, and says how to get in (RFC 9110 section 15.5.2).
    if response.status_code == _OK:
        response.status_code = error.code or response.status_code

    for name, value in error.get_headers():
        if name != "Content-Type":
            response.headers.setdefault(name, value)

    return response
