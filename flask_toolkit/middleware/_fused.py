"""Neighbouring middlewares as one WSGI layer, by PEP 3333 to the letter."""

from __future__ import annotations

import typing as t
from contextvars import copy_context

from werkzeug.exceptions import HTTPException

from ._body import Body
from ._body import SizedBody
from ._headers import CheckedHeaders
from ._plan import is_below
from ._scope import bound_scope
from ._scope import KEY
from ._scope import Scope
from ._steps import as_sent
from ._steps import path_of
from ._steps import picker
from ._steps import Steps

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Sequence
    from contextvars import Context
    from wsgiref.types import StartResponse
    from wsgiref.types import WSGIApplication
    from wsgiref.types import WSGIEnvironment

    from flask import Flask

    from ._plan import Entry
    from ._steps import Begins

    Answers: t.TypeAlias = Callable[[WSGIEnvironment, HTTPException], WSGIApplication]
    Enter: t.TypeAlias = Callable[
        [Scope, WSGIEnvironment, StartResponse, Context | None, Flask | None],
        Iterable[bytes],
    ]

__all__ = ["Link", "fused", "limited"]

# Flask's test client (in a ``with`` block) and Werkzeug's debugger keep the context
# of a request beyond its end, so theirs must be the caller's.
_PRESERVE = "werkzeug.debug.preserve_context"
_SIZED: t.Any = (list, tuple)


class Link:
    """A WSGI application that stands for another one, which can be exchanged.

    :param app: Whose ``wsgi_app`` it is, if it is one.
    """

    __slots__ = ("app", "target")

    def __init__(self, target: WSGIApplication, app: Flask | None = None) -> None:
        self.target: WSGIApplication = target
        self.app: Flask | None = app

    def serve(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Be the application; a method costs less than a ``__call__``."""
        return self.target(environ, start_response)


def limited(
    wrapped: WSGIApplication, inner: WSGIApplication, path: str
) -> WSGIApplication:
    """Return ``wrapped`` for what lies below ``path``, ``inner`` for the rest."""
    prefix = as_sent(path)

    def choose(
        environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        below = is_below(path_of(environ), prefix)
        return (wrapped if below else inner)(environ, start_response)

    return choose


def fused(
    entries: Sequence[Entry],
    inner: WSGIApplication,
    *,
    outermost: bool,
    isolate: bool,
    app: Flask,
    answer_error: Answers,
) -> WSGIApplication:
    """Return one WSGI application that calls the hooks around ``inner``.

    :param outermost: Open the scope of the request, and run at its end what waits
        for it.
    :param isolate: Let each request run in a context of its own.
    """
    enter = _entrance(entries, inner, answer_error)

    def open_scope(
        environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        scope = environ[KEY] = Scope(environ, environ.get(KEY))

        if isolate and _PRESERVE not in environ:
            context = copy_context()
            return context.run(enter, scope, environ, start_response, context, app)

        return enter(scope, environ, start_response, None, app)

    def join_scope(
        environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        scope: Scope | None = environ.get(KEY)

        if scope is None:
            # A middleware of others made an environ of its own.
            return open_scope(environ, start_response)

        return enter(scope, environ, start_response, None, None)

    return open_scope if outermost else join_scope


def _entrance(
    entries: Sequence[Entry], inner: WSGIApplication, answer_error: Answers
) -> Enter:
    """Return what passes one request through the hooks.

    It is called in ``context``, if the request has one of its own; ``owner`` is the
    application, in the layer that opened the scope.
    """
    whole = Steps(entries)
    pick = picker(entries) if any(entry.path for entry in entries) else None

    def enter(
        scope: Scope,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        context: Context | None,
        owner: Flask | None,
    ) -> Iterable[bytes]:
        if context is not None:
            bound_scope.set(scope)

        steps = whole if pick is None else pick(environ)
        entered = 0

        try:
            answer = inner

            try:
                for entered, before in steps.befores:
                    early = before(scope)

                    if early is not None:
                        answer = _early(early, steps.names[entered])
                        entered += 1  # noqa: PLW2901  # it was entered
                        break
                else:
                    entered = steps.count
            except HTTPException as error:
                answer = answer_error(environ, error)

            begins, finishes = steps.hooks[entered]

            if begins or owner is not None:
                start_response = _beginning(scope, begins, start_response)

            source = answer(environ, start_response)
        except BaseException as error:
            Body((), scope, steps.hooks[entered].finishes, None, owner).fail(error)
            raise

        if not finishes and owner is None:
            return source

        kind = SizedBody if isinstance(source, _SIZED) else Body
        body = kind(source, scope, finishes, context, owner)
        wrapper = environ.get("wsgi.file_wrapper")
        is_file = isinstance(wrapper, type) and isinstance(source, wrapper)
        return source if is_file and body.hear_of_end() else body

    return enter


def _early(answer: t.Any, name: str) -> WSGIApplication:
    if not callable(answer):
        raise TypeError(
            f"before of middleware {name!r} returned a {type(answer).__name__}: it"
            " returns None, to go on, or a Response or other WSGI application,"
            " which answers."
        )

    return t.cast("WSGIApplication", answer)


def _beginning(
    scope: Scope, begins: Begins, start_response: StartResponse
) -> StartResponse:
    def begin(
        status: str, headers: list[tuple[str, str]], exc_info: t.Any = None
    ) -> Callable[[bytes], object]:
        scope.status_line = status

        if begins:
            # A copy: an application may use one list for all its answers.
            headers = list(headers)

            for is_raw, hooks in begins:
                view: t.Any = headers if is_raw else CheckedHeaders(headers)

                for hook in hooks:
                    hook(scope, status, view)

                if not is_raw:
                    view.flush()

        if exc_info is None:
            return start_response(status, headers)

        try:
            return start_response(status, headers, exc_info)
        finally:
            exc_info = None  # PEP 3333: no circle of traceback and frame

    return begin
