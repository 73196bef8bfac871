"""Errors of an application: one handler, several forms."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import typing as t
import weakref

from flask import render_template
from flask import request
from flask.globals import app_ctx
from jinja2 import TemplateNotFound
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response
from werkzeug.wsgi import get_path_info

from flask_toolkit._context import request_or_none
from flask_toolkit._extension import Extension
from flask_toolkit._extension import State
from flask_toolkit.errors import RequestError
from flask_toolkit.errors import SetupError

from ._documents import document_of
from ._handlers import handler_of
from ._handlers import passed_over
from ._handlers import register
from ._pages import footer
from ._pages import page
from ._policy import HTML
from ._policy import media_type
from ._policy import policy_for
from ._problem import is_error_code
from ._problem import Problem
from ._problem import written
from ._settings import ProblemsSettings

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from wsgiref.types import WSGIEnvironment

    from flask import Flask
    from flask.typing import ResponseReturnValue

    from ._policy import Policy

_NEVER_STORED = frozenset({401, 403})


@dataclasses.dataclass(frozen=True)
class _Mapped:
    """How an exception of the application is answered."""

    exception: type[Exception]
    problem: type[Problem]
    detail: str | None
    log: int


class Problems(Extension[ProblemsSettings], component="problems"):
    """Answer every HTTP error as HTML or as a problem document (RFC 9457).

    Only status, headers and log stay as Flask has them: the form is negotiated.
    Handlers of the application win. There is no handler for ``Exception``, which
    would silence the log, ``got_request_exception`` and the debugger.

    :param policy: Path prefix to ``auto``, ``json`` or ``html``.
    :param type_base: Absolute URI put before the ``slug`` of a problem.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        policy: Mapping[str, Policy] | None = None,
        type_base: str | None = None,
    ) -> None:
        self._mapped: list[_Mapped] = []
        self._template: str | None = None
        # Those that a later map() must reach.
        self._apps: weakref.WeakSet[Flask] = weakref.WeakSet()
        super().__init__(app, policy=policy, type_base=type_base)

    def setup(self, app: Flask, settings: ProblemsSettings) -> State[ProblemsSettings]:
        """Register the handler, unless the application has one of its own."""
        register(app, HTTPException, self._answer)

        for mapped in self._mapped:
            self._register_mapped(app, mapped)

        self._apps.add(app)
        return super().setup(app, settings)

    def map(
        self,
        exception: type[Exception],
        code: int,
        *,
        slug: str | None = None,
        detail: str | None = None,
        log: int = logging.WARNING,
    ) -> None:
        """Answer an exception of the application as a problem.

        The text of the exception is logged and never sent.

        :param code: The status, 400 to 599.
        :param detail: What the client reads.
        :param log: The level at which each occurrence is logged.
        :raises SetupError: For ``Exception`` and HTTP errors, a code that is no
            error, or a slug that cannot end a URI.
        """
        if issubclass(exception, HTTPException) or issubclass(Exception, exception):
            raise SetupError(
                f"map() takes an exception of your own, not {exception.__name__}:"
                " HTTP errors know their status, and a handler for Exception would"
                " hide every failure from the log and the debugger."
            )

        name = f"{exception.__name__}Problem"
        kind = type(name, (Problem,), {"code": code, "slug": slug})
        mapped = _Mapped(exception, kind, detail, log)
        self._mapped.append(mapped)

        for app in self._apps:
            self._register_mapped(app, mapped)

    def render_html(self, template: str) -> None:
        """Render HTML errors with a template, such as ``errors/{code}.html``.

        The template gets ``problem`` (the document as a dict) and ``error``. Where
        there is none for a code, the plain page stands.
        """
        self._template = template

    def response(
        self, app: Flask, environ: WSGIEnvironment, error: HTTPException
    ) -> Response:
        """Return the answer to ``error``, for glue outside of Flask's handlers.

        An error that carries a response, or is a redirect, stays as it is.
        """
        if error.response is not None or not is_error_code(error.code or 0):
            return error.get_response(environ)

        # As Werkzeug reads it: a second slash in front changes nothing.
        path = "/" + get_path_info(environ).lstrip("/")
        policy = policy_for(path, self.settings_of(app).policy)
        kind = media_type(policy, environ.get("HTTP_ACCEPT"))

        try:
            response = self._formed(app, environ, error, kind)
        except Exception:
            app.logger.exception("Rendering an error %s failed", error.code)
            response = error.get_response(environ)

        if policy == "auto" and "Vary" not in response.headers:
            response.headers["Vary"] = "Accept"
        elif policy == "auto":
            response.vary.add("Accept")

        if error.code in _NEVER_STORED:
            response.headers["Cache-Control"] = "no-store"

        return response

    def _formed(
        self, app: Flask, environ: WSGIEnvironment, error: HTTPException, kind: str
    ) -> Response:
        type_base = self.settings_of(app).type_base
        document = document_of(app, environ, error, type_base)
        # With the headers that the error knows, such as Allow and Retry-After; the
        # page is the dearest part, and only written where it is wanted.
        its_own = getattr(error.get_response, "__func__", None)
        is_plain = its_own is HTTPException.get_response
        response = (
            Response(status=error.code, headers=error.get_headers(environ))
            if isinstance(error, RequestError) or (kind != HTML and is_plain)
            else error.get_response(environ)
        )

        if kind != HTML:
            response.set_data(written(document, _as_jsonify(app)))
            response.headers["Content-Type"] = kind
        else:
            body = self._rendered(app, environ, error, document)
            self._write_html(body, error, document, response)

        return response

    def _write_html(
        self,
        body: str | None,
        error: HTTPException,
        document: Mapping[str, t.Any],
        response: Response,
    ) -> None:
        """Write the page into ``response``, where Werkzeug's does not stand."""
        if body is None and isinstance(error, RequestError):
            body = page(document)
        elif body is None and (below := footer(document)):
            # Text plus markup would escape the text.
            body = response.get_data(as_text=True) + str(below)

        if body is not None:
            response.set_data(body)
            response.headers["Content-Type"] = f"{HTML}; charset=utf-8"

    def _rendered(
        self,
        app: Flask,
        environ: WSGIEnvironment,
        error: HTTPException,
        document: Mapping[str, t.Any],
    ) -> str | None:
        if self._template is None:
            return None

        name = self._template.format(code=error.code)

        try:
            with _context(app, environ):
                return render_template(name, problem=document, error=error)
        except TemplateNotFound as missing:
            # One that the page includes is a mistake; the page itself is optional.
            if missing.name != name:
                raise

        return None

    def _answer(self, error: HTTPException) -> ResponseReturnValue:
        app = app_ctx.app
        other = passed_over(app, error)

        if other is not None:
            return t.cast("ResponseReturnValue", app.ensure_sync(other)(error))

        return self.response(app, request.environ, error)

    def _register_mapped(self, app: Flask, mapped: _Mapped) -> None:
        def answer(error: Exception) -> ResponseReturnValue:
            app = app_ctx.app
            app.logger.log(
                mapped.log,
                "%s answered with %d",
                type(error).__name__,
                mapped.problem.code,
                exc_info=error,
            )
            problem = mapped.problem(mapped.detail)
            handler = handler_of(app, problem)
            return t.cast("ResponseReturnValue", app.ensure_sync(handler)(problem))

        register(app, mapped.exception, answer)


def _as_jsonify(app: Flask) -> Callable[[t.Any], str]:
    """Return what writes JSON as the application's own answers have it."""

    def dumps(value: t.Any) -> str:
        # Annotated as the sans-IO class, which has no body to get.
        answer = t.cast("Response", app.json.response(value))
        return answer.get_data(as_text=True)

    return dumps


def _context(
    app: Flask, environ: WSGIEnvironment
) -> contextlib.AbstractContextManager[t.Any]:
    """Return a context in which templates can use the request and ``url_for``."""
    request = request_or_none()

    if request is not None and request.environ is environ:
        return contextlib.nullcontext()

    return app.request_context(environ)
