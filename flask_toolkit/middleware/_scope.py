"""What is known of one request in the WSGI layer."""

from __future__ import annotations

import functools
import logging
import typing as t
from contextvars import ContextVar
from time import perf_counter

from flask import has_request_context
from flask import request
from werkzeug.wsgi import get_path_info

from flask_toolkit._context import request_or_none
from flask_toolkit._context import the_app
from flask_toolkit._extension import is_async
from flask_toolkit._extension import run_async

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIEnvironment

    from flask import Flask

    # What is to be called, whether in a context, and for which application if it is
    # not the one that has the stack.
    Later: t.TypeAlias = tuple[Callable[[], object], bool, Flask | None]

__all__ = ["KEY", "Scope", "after_response", "bound_scope", "current_scope", "logger"]

KEY: t.Final = "toolkit.scope"
logger = logging.getLogger("flask_toolkit.middleware")
# Set only in the context that a request has to itself, so it is never reset.
bound_scope: ContextVar[Scope] = ContextVar("flask_toolkit.scope")


class Scope:
    """One request, as the middlewares see it: ``environ["toolkit.scope"]``."""

    __slots__ = (
        "_after",
        "_data",
        "_is_out",
        "_outer",
        "completed",
        "environ",
        "request_id",
        "started",
        "status_line",
        "traceparent",
        "tracestate",
    )

    def __init__(self, environ: WSGIEnvironment, outer: Scope | None = None) -> None:
        self.environ: WSGIEnvironment = environ
        self.started: float = perf_counter()
        """When the request came in, on the clock of :func:`time.perf_counter`."""
        self.completed: bool | None = None
        """In ``finish``: whether the last chunk was read. ``None`` for a file that
        the server sends by itself."""
        self.request_id: str | None = None
        self.traceparent: str | None = None
        """A valid ``traceparent`` of a trusted caller (W3C Trace Context 3.2)."""
        self.tracestate: str | None = None
        self.status_line: str = ""
        """As in ``200 OK``; empty until the answer begins."""
        self._data: dict[str, t.Any] | None = None
        self._after: list[Later] | None = None
        self._is_out: bool = False
        self._outer: Scope | None = outer

        if outer is not None:
            # An application in another one: one id stands in both their logs.
            self.request_id = outer.request_id
            self.traceparent = outer.traceparent
            self.tracestate = outer.tracestate

    def __repr__(self) -> str:
        return f"<Scope {self.method} {self.path!r} {self.request_id or '-'}>"

    @property
    def data(self) -> dict[str, t.Any]:
        """Return the values of middlewares, which keep none of them on ``self``."""
        if self._data is None:
            self._data = {}

        return self._data

    @property
    def method(self) -> str:
        """Return the method of the request."""
        return str(self.environ["REQUEST_METHOD"])

    @property
    def path(self) -> str:
        """Return the path below the mount point, decoded."""
        return get_path_info(self.environ)

    @property
    def status(self) -> int | None:
        """Return the status of the answer, once it has begun."""
        code = self.status_line[:3]
        return int(code) if code.isdecimal() else None

    def after_response(
        self,
        fn: Callable[..., object],
        /,
        *args: t.Any,
        context: bool = True,
        **kwargs: t.Any,
    ) -> None:
        """Run ``fn`` after the last byte, also if the answer failed midway.

        It holds the worker: this is no task queue. What it raises is logged; what ends
        a process, such as ``SystemExit``, goes on when all have run. It may
        be ``async``.

        :param context: Run it in a fresh context of the application that serves the
            request: of a mounted one, if that has no stack of its own.
        :raises RuntimeError: If the answer is out already.
        """
        if self._is_out:
            raise RuntimeError(
                "This answer is out: there is no later moment to wait for."
            )

        if self._after is None:
            self._after = []

        request = request_or_none()
        is_ours = request is not None and request.environ.get(KEY) is self
        call = functools.partial(fn, *args, **kwargs)
        self._after.append((call, context, the_app() if is_ours else None))

    def leave(self, app: Flask) -> None:
        """End the request: run what waits for that, in order, each by itself."""
        try:
            if self._after is not None:
                self._run_after(app, self._after)
        finally:
            self._is_out = True

            # Environ and scope hold each other, and Flask's own circle is broken at
            # the end too: no request waits for the collector.
            if self._outer is None:
                del self.environ[KEY]
            else:
                self.environ[KEY] = self._outer
                self._outer = None

    def _run_after(self, owner: Flask, waiting: list[Later]) -> None:
        fatal: BaseException | None = None

        # One of them may add another; a list that grows is still read to its end.
        for call, context, mounted in waiting:
            app = mounted or owner

            if is_async(call):
                call = functools.partial(run_async, app, call)  # noqa: PLW2901  # awaited

            try:
                if context:
                    with app.app_context():
                        call()
                else:
                    call()
            except BaseException as error:  # noqa: BLE001  # others follow
                what = "A function given to after_response() failed"
                fatal = logged(self, what, error, fatal)

        self._after = None

        if fatal is not None:
            raise fatal


def logged(
    scope: Scope, what: str, error: BaseException, fatal: BaseException | None
) -> BaseException | None:
    """Log a failure, and return what is to be raised when the others have run.

    That is the first which ends a process or a greenlet, and is not logged.
    """
    if fatal is None and not isinstance(error, Exception):
        return error

    log_failure(scope, what, error)
    return fatal


def log_failure(scope: Scope, what: str, error: BaseException) -> None:
    """Log what failed, with the id of the request."""
    logger.error(
        "%s (request %s)",
        what,
        scope.request_id or "-",
        exc_info=error,
        extra={"request_id": scope.request_id or "-"},
    )


def current_scope() -> Scope | None:
    """Return the scope of the request that is being served, if there is one."""
    scope = request.environ.get(KEY) if has_request_context() else None
    return scope or bound_scope.get(None)


def after_response(fn: Callable[..., object], /, *args: t.Any, **kwargs: t.Any) -> None:
    """Run ``fn`` after the last byte of the answer to the current request.

    In a fresh application context; what it raises is logged. See
    :meth:`Scope.after_response`.

    :raises RuntimeError: Outside of a request, or without a ``MiddlewareStack``.
    """
    scope = current_scope()

    if scope is None:
        raise RuntimeError(
            "after_response() works in a request of an application that has a"
            " MiddlewareStack."
        )

    scope.after_response(fn, *args, **kwargs)
