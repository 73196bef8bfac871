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

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIEnvironment

    from flask import Flask

__all__ = ["KEY", "Scope", "after_response", "bound_scope", "current_scope", "logger"]

KEY: t.Final = "toolkit.scope"
logger = logging.getLogger("flask_toolkit.middleware")
# Set only in the context that a request has to itself, so it is never reset.
bound_scope: ContextVar[Scope] = ContextVar("flask_toolkit.scope")


class Scope:
    """One request, as the middlewares see it: ``environ["toolkit.scope"]``."""

    __slots__ = (
        "_after",
        "completed",
        "data",
        "environ",
        "request_id",
        "started",
        "status_line",
        "traceparent",
        "tracestate",
    )

    def __init__(self, environ: WSGIEnvironment) -> None:
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
        self.data: dict[str, t.Any] = {}
        """Values of middlewares, which keep nothing about a request on ``self``."""
        self.status_line: str = ""
        """As in ``200 OK``; empty until the answer begins."""
        self._after: list[tuple[Callable[[], object], bool]] | None = []

    def __repr__(self) -> str:
        return f"<Scope {self.method} {self.path!r} {self.request_id or '-'}>"

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

        It holds the worker: this is no task queue. What it raises is logged.

        :param context: Run it in a fresh application context.
        :raises RuntimeError: If the answer is out already.
        """
        if self._after is None:
            raise RuntimeError(
                "This answer is out: there is no later moment to wait for."
            )

        self._after.append((functools.partial(fn, *args, **kwargs), context))

    def run_after(self, app: Flask) -> None:
        """Run what waits for the end of the answer, in order, each by itself."""
        # One of them may add another; a list that grows is still read to its end.
        for call, context in self._after or ():
            try:
                if context:
                    with app.app_context():
                        call()
                else:
                    call()
            except Exception as error:  # noqa: BLE001  # logged
                what = "A function given to after_response() failed"
                log_failure(self, what, error)

        self._after = None


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
