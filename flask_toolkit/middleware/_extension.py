"""The stack: which middlewares stand around which application."""

from __future__ import annotations

import typing as t
import weakref

from flask_toolkit._extension import Extension
from flask_toolkit.errors import SetupError

from ._chain import compiled
from ._chain import mounts_in
from ._chain import serving
from ._chain import StackState
from ._entries import entry_of
from ._entries import left_of
from ._entries import SHIPPED
from ._entries import shipped_by
from ._fused import Link
from ._mounts import Mount
from ._mounts import name_of
from ._plan import check_names
from ._plan import Entry
from ._plan import is_below
from ._plan import Layer
from ._plan import ordered
from ._plan import Phase
from ._settings import MiddlewareSettings
from ._walk import layers_between

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Sequence
    from wsgiref.types import WSGIApplication
    from wsgiref.types import WSGIEnvironment

    from flask import Flask
    from werkzeug.exceptions import HTTPException

    from flask_toolkit._extension import State

    from ._entries import WSGIFactory
    from ._middleware import Middleware

    ErrorResponse: t.TypeAlias = Callable[
        [Flask, WSGIEnvironment, HTTPException], WSGIApplication
    ]


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
        entry = entry_of(middleware, name, phase, path, before=before, after=after)
        check_names(entry, {*SHIPPED, *(other.name for other in self._entries)})
        self._change((*self._entries, entry), self._removed)
        return self

    def mount(
        self, prefix: str, app: WSGIApplication, *, share_session: bool = False
    ) -> t.Self:
        """Give all paths below ``prefix`` to another application.

        It gets the rest of the path, with the prefix in ``SCRIPT_NAME``. Of the
        middlewares those further out than ``Phase.MOUNT`` stand around it too; what
        belongs to the application around it, its hooks among it, does not run.
        ``/shop`` itself is redirected to ``/shop/``.

        The mount is called ``mount /shop``, as in ``remove("mount /shop")``.

        :param share_session: Both are meant to read the same sessions.
        :raises SetupError: If the prefix is taken, if the two have a key in common or
            would overwrite each other's session cookie, or if an application that
            has this stack already served a request.
        """
        if not prefix.startswith("/") or prefix.endswith("/") or "//" in prefix:
            raise SetupError(
                f"prefix={prefix!r} must begin with one '/' and not end with it."
            )

        if not callable(app):
            raise SetupError(
                f"mount() takes a WSGI application, not {type(app).__name__}."
            )

        others = [e.path for e in self._entries if isinstance(e.what, Mount)]
        return self.use(
            Mount(prefix, app, share_session=share_session),
            name=name_of(prefix),
            phase=Phase.MOUNT,
            path=prefix,
            # The longest prefix that fits decides, so it stands further out.
            before=[name_of(other) for other in others if is_below(prefix, other)],
            after=[name_of(other) for other in others if is_below(other, prefix)],
        )

    def remove(self, name: str) -> t.Self:
        """Take a middleware out, a shipped one too.

        :raises SetupError: If there is none of this name, or an application that
            has this stack already served a request.
        """
        left = tuple(entry for entry in self._entries if entry.name != name)

        if len(left) < len(self._entries):
            self._change(left, self._removed)
        elif name in SHIPPED and name not in self._removed:
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
        state: StackState = self.state_of(app)
        ours = [entry.layer() for entry in self._ordered(state)]
        outside = layers_between(app.wsgi_app, state.outer)
        inside = layers_between(state.inner, None)
        return [*outside, *ours, *inside, Layer(app.name, "application", "")]

    def setup(
        self, app: Flask, settings: MiddlewareSettings
    ) -> State[MiddlewareSettings]:
        """Put the stack around ``app.wsgi_app``, once."""
        link = Link(app.wsgi_app, app)
        state = StackState(
            self,
            settings,
            shipped=tuple(shipped_by(settings)),
            inner=app.wsgi_app,
            link=link,
            outer=link.serve,
            answer_error=self._answers(app),
            mounts=lambda: mounts_in(self._entries),
        )
        plan = self._ordered(state)
        link.target = serving(app, state, compiled(app, state, plan), mounts_in(plan))
        app.wsgi_app = state.outer  # type: ignore[method-assign]  # as Flask's docs do
        self._apps.add(app)
        return state

    def _change(self, entries: tuple[Entry, ...], removed: frozenset[str]) -> None:
        """Take over a new plan for all applications, or for none."""
        ordered(entries)
        chains: list[tuple[StackState, WSGIApplication]] = []

        for app in self._apps:
            state: StackState = self.state_of(app)

            if state.served:
                raise SetupError(
                    f"{app.name!r} already served a request: its middlewares can no"
                    " longer change. Call use() and remove() while it is built."
                )

            plan = ordered([*left_of(state.shipped, removed), *entries])
            chain = compiled(app, state, plan)
            chains.append((state, serving(app, state, chain, mounts_in(plan))))

        self._entries, self._removed = entries, removed

        for state, chain in chains:
            state.link.target = chain

    def _ordered(self, state: StackState) -> list[Entry]:
        return ordered([*left_of(state.shipped, self._removed), *self._entries])

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
