"""The stack: which middlewares stand around which application."""

from __future__ import annotations

import dataclasses
import typing as t
import weakref

from flask_toolkit._extension import Extension
from flask_toolkit._extension import State
from flask_toolkit.errors import SetupError

from ._fused import fused
from ._fused import limited
from ._fused import Link
from ._middleware import hooks_of
from ._middleware import Middleware
from ._plan import check_names
from ._plan import Entry
from ._plan import Layer
from ._plan import ordered
from ._plan import Phase
from ._proxy import ProxyHeaders
from ._settings import MiddlewareSettings
from ._walk import layers_between
from .health import Health
from .request_id import RequestId
from .security_headers import SecurityHeaders
from .timing import Timing

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Sequence
    from wsgiref.types import StartResponse
    from wsgiref.types import WSGIApplication
    from wsgiref.types import WSGIEnvironment

    from flask import Flask
    from werkzeug.exceptions import HTTPException

    WSGIFactory: t.TypeAlias = Callable[[WSGIApplication], WSGIApplication]
    ErrorResponse: t.TypeAlias = Callable[
        [Flask, WSGIEnvironment, HTTPException], WSGIApplication
    ]

_SHIPPED: t.Final = (
    ProxyHeaders.name,
    RequestId.name,
    Timing.name,
    SecurityHeaders.name,
    Health.name,
)


@dataclasses.dataclass(frozen=True)
class _StackState(State[MiddlewareSettings]):
    """What the stack keeps for one application."""

    shipped: tuple[Entry, ...] = dataclasses.field(repr=False)
    """What the settings switch on."""

    inner: t.Any = dataclasses.field(repr=False)
    """What ``app.wsgi_app`` was before."""

    outer: Link = dataclasses.field(repr=False)
    """What it is now."""

    answer_error: t.Any = dataclasses.field(repr=False)

    made: dict[Entry, tuple[t.Any, Link]] = dataclasses.field(
        default_factory=dict[Entry, t.Any], repr=False
    )
    """Plain WSGI middlewares are made once, around a link to what is inside."""

    served: list[bool] = dataclasses.field(default_factory=list[bool], repr=False)
    """Not empty once a request came in."""


class MiddlewareStack(Extension[MiddlewareSettings], component="middleware"):
    """Put middlewares around an application, in an order that can be read.

    Those with hooks are fused into one WSGI layer; plain WSGI middlewares stand
    between such layers. On by default are the request id and the isolation of
    contexts; settings switch on what else is shipped.

    :param use: Middlewares to begin with.
    :param error_response: Makes the answer to an
        :class:`~werkzeug.exceptions.HTTPException` that a ``before`` raises. By
        default the exception's own, or under ``Toolkit`` that of ``problems``.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        use: Iterable[Middleware | WSGIFactory] = (),
        error_response: ErrorResponse | None = None,
    ) -> None:
        self.error_response: ErrorResponse | None = error_response
        self._entries: tuple[Entry, ...] = ()
        self._removed: frozenset[str] = frozenset()
        # Those that a later use() must reach.
        self._apps: weakref.WeakSet[Flask] = weakref.WeakSet()
        super().__init__()

        for middleware in use:
            self.use(middleware)

        if app is not None:
            self.init_app(app)

    def use(
        self,
        middleware: Middleware | WSGIFactory,
        *,
        name: str | None = None,
        phase: Phase | None = None,
        before: Sequence[str] = (),
        after: Sequence[str] = (),
        path: str = "",
    ) -> t.Self:
        """Add a middleware: one with hooks, or a callable that wraps a WSGI app.

        :param name: By default that of its class, or of the callable.
        :param phase: By default its own; ``Phase.APP`` for a callable.
        :param before: Names of the same phase that stand further in.
        :param after: Names of the same phase that stand further out.
        :param path: Only for this path and what lies below it.
        :raises SetupError: If the name is taken, the place cannot be, or an
            application that has this stack already served a request.
        """
        entry = _entry(middleware, name, phase, path, before=before, after=after)
        check_names(entry, {*_SHIPPED, *(other.name for other in self._entries)})
        self._change((*self._entries, entry), self._removed)
        return self

    def remove(self, name: str) -> t.Self:
        """Take a middleware out, a shipped one too.

        :raises SetupError: If there is none of this name, or an application that
            has this stack already served a request.
        """
        left = tuple(entry for entry in self._entries if entry.name != name)

        if len(left) < len(self._entries):
            self._change(left, self._removed)
        elif name in _SHIPPED and name not in self._removed:
            self._change(left, self._removed | {name})
        else:
            raise SetupError(f"There is no middleware {name!r} to remove.")

        return self

    def describe(self, app: Flask) -> list[Layer]:
        """Return the layers around ``app``, outermost first, and ``app`` itself.

        What others put around ``app.wsgi_app`` is included, as far as it can be
        followed.

        :raises SetupError: If this was not attached to ``app``.
        """
        state: _StackState = self.state_of(app)
        ours = [entry.layer() for entry in self._ordered(state)]
        outside = layers_between(app.wsgi_app, state.outer)
        inside = layers_between(state.inner, None)
        return [*outside, *ours, *inside, Layer(app.name, "application", "")]

    def setup(
        self, app: Flask, settings: MiddlewareSettings
    ) -> State[MiddlewareSettings]:
        """Put the stack around ``app.wsgi_app``, once."""
        state = _StackState(
            self,
            settings,
            shipped=tuple(_shipped(settings)),
            inner=app.wsgi_app,
            outer=Link(app.wsgi_app),
            answer_error=self._answers(app),
        )
        state.outer.target = _first(state, _compiled(app, state, self._ordered(state)))
        app.wsgi_app = state.outer  # type: ignore[method-assign]  # as Flask's docs do
        self._apps.add(app)
        return state

    def _change(self, entries: tuple[Entry, ...], removed: frozenset[str]) -> None:
        """Take over a new plan for all applications, or for none."""
        ordered(entries)
        chains: list[tuple[_StackState, WSGIApplication]] = []

        for app in self._apps:
            state: _StackState = self.state_of(app)

            if state.served:
                raise SetupError(
                    f"{app.name!r} already served a request: its middlewares can no"
                    " longer change. Call use() and remove() while it is built."
                )

            plan = ordered([*_left(state.shipped, removed), *entries])
            chains.append((state, _compiled(app, state, plan)))

        self._entries, self._removed = entries, removed

        for state, chain in chains:
            state.outer.target = _first(state, chain)

    def _ordered(self, state: _StackState) -> list[Entry]:
        return ordered([*_left(state.shipped, self._removed), *self._entries])

    def _answers(self, app: Flask) -> Callable[..., t.Any]:
        # Toolkit hands down the one that makes problem documents.
        answer = self.error_response or app.extensions.get("toolkit.error_response")

        def answer_error(
            environ: WSGIEnvironment, error: HTTPException
        ) -> WSGIApplication:
            if answer is None:
                return error.get_response(environ)

            return answer(app, environ, error)

        return answer_error


def _compiled(app: Flask, state: _StackState, plan: Sequence[Entry]) -> WSGIApplication:
    """Return the chain, made from the inside out."""
    chain: WSGIApplication = state.inner
    segment: list[Entry] = []

    def fuse(*, outermost: bool) -> WSGIApplication:
        return fused(
            segment[::-1],
            chain,
            outermost=outermost,
            isolate=state.settings.isolate_context,
            app=app,
            answer_error=state.answer_error,
        )

    for entry in reversed(plan):
        if entry.hooks:
            segment.append(entry)
            continue

        if segment:
            chain = fuse(outermost=False)
            segment = []

        chain = _around(state, entry, chain)

    return fuse(outermost=True)


def _entry(
    middleware: Middleware | WSGIFactory,
    name: str | None,
    phase: Phase | None,
    path: str,
    *,
    before: Sequence[str],
    after: Sequence[str],
) -> Entry:
    _refuse_class(middleware)

    if path and (not path.startswith("/") or path.endswith("/")):
        raise SetupError(f"path={path!r} must begin with '/' and not end with it.")

    if isinstance(before, str) or isinstance(after, str):
        raise SetupError("before= and after= take a list of names, not one text.")

    if isinstance(middleware, Middleware):
        name = name or getattr(middleware, "name", None)
        phase = phase or middleware.phase
        hooks = hooks_of(middleware)
    elif callable(middleware):
        name = name or getattr(middleware, "__name__", None)
        phase = phase or Phase.APP
        hooks = ()
    else:
        raise SetupError(
            f"use() takes a Middleware or a callable that wraps a WSGI application,"
            f" not {type(middleware).__name__}."
        )

    if not name or name == "<lambda>":
        raise SetupError(f"{middleware!r} has no name: pass name= to use().")

    return Entry(name, Phase(phase), middleware, before, after, path, hooks)


def _refuse_class(middleware: t.Any) -> None:
    if isinstance(middleware, type) and issubclass(middleware, Middleware):
        name = middleware.__name__
        raise SetupError(
            f"use() takes an object: write use({name}()), not use({name})."
        )


def _shipped(settings: MiddlewareSettings) -> Iterable[Entry]:
    made: list[Middleware] = [
        RequestId(
            header=settings.request_id_header, trust_inbound=settings.trust_inbound
        )
    ]

    if settings.proxy_fix:
        made.append(ProxyHeaders(settings.proxy_fix))

    if settings.server_timing or settings.slow_after:
        made.append(
            Timing(server_timing=settings.server_timing, slow_after=settings.slow_after)
        )

    if settings.security_headers is not False:
        changes = settings.security_headers
        made.append(SecurityHeaders(None if changes is True else changes))

    if settings.health_path:
        made.append(Health(settings.health_path))

    for middleware in made:
        yield _entry(middleware, None, None, "", before=(), after=())


def _left(entries: Iterable[Entry], removed: frozenset[str]) -> Iterable[Entry]:
    return (entry for entry in entries if entry.name not in removed)


def _around(
    state: _StackState, entry: Entry, chain: WSGIApplication
) -> WSGIApplication:
    """Put a plain WSGI middleware around ``chain``."""
    if entry not in state.made:
        link = Link(chain)
        state.made[entry] = entry.what(link), link

    made, link = state.made[entry]
    link.target = chain
    return limited(made, chain, entry.path) if entry.path else made


def _first(state: _StackState, chain: WSGIApplication) -> WSGIApplication:
    """Return what serves the first request and then takes itself out."""

    def serve(
        environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        state.served.append(True)
        state.outer.target = chain
        return chain(environ, start_response)

    return serve
