"""Work in other threads and greenlets: what goes with it, and what does not."""

from __future__ import annotations

import functools
import typing as t
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context

from flask import g

from flask_toolkit._context import request_or_none
from flask_toolkit._context import the_app
from flask_toolkit._extension import is_async

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from collections.abc import Sequence
    from concurrent.futures import Future
    from contextvars import ContextVar

    from flask import Flask

    from flask_toolkit.typing import Scope

P = t.ParamSpec("P")
R = t.TypeVar("R")

SCOPE_KEY: t.Final = "toolkit.scope_variable"
"""Where ``Toolkit`` puts the variable that names the current scope."""


def bind_context(fn: Callable[P, R], *, carry: Sequence[str] = ()) -> Callable[P, R]:
    """Return ``fn`` with what it needs to run elsewhere, read here and now.

    It then runs in an empty context with an application context of its own, which
    is torn down at its end: its database connection is not that of the request.
    There is no ``request``, and no identity: give ids as arguments. Under
    ``Toolkit`` its log lines have the id of this request.

    :param carry: Names on ``g`` whose values go with it.
    :raises LookupError: If ``g`` lacks one of them.
    :raises RuntimeError: Outside of an application context.
    :raises TypeError: If ``fn`` is ``async``, or ``carry`` one text.
    """
    if is_async(fn):
        raise TypeError("An async function has a loop to run in, and needs no thread.")

    app = the_app()
    values = _carried(carry)
    scoped = _scope_of(app)

    @functools.wraps(fn)
    def bound(*args: P.args, **kwargs: P.kwargs) -> R:
        def call() -> R:
            if scoped is not None:
                variable, scope = scoped
                variable.set(scope)

            with app.app_context():
                for name, value in values.items():
                    setattr(g, name, value)

                return fn(*args, **kwargs)

        # An empty one: in a copy the request would still resolve, after its end.
        return Context().run(call)

    return bound


class ContextExecutor(ThreadPoolExecutor):
    """Threads whose work gets an application context: see :func:`bind_context`.

    :param carry: Names on ``g`` whose values go with each piece of work.
    """

    def __init__(
        self, max_workers: int | None = None, *, carry: Sequence[str] = ()
    ) -> None:
        _check_names(carry)
        super().__init__(max_workers)
        self._carry: tuple[str, ...] = tuple(carry)

    def submit(
        self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[R]:
        """Run ``fn`` in a thread, with what is current here; ``map`` does so too.

        :raises LookupError: If ``g`` lacks a name that is to be carried.
        :raises RuntimeError: Outside of an application context.
        """
        return super().submit(bind_context(fn, carry=self._carry), *args, **kwargs)


def _carried(carry: Sequence[str]) -> Mapping[str, t.Any]:
    _check_names(carry)
    missing = [name for name in carry if name not in g]

    if missing:
        raise LookupError(f"g has no {missing[0]!r} to carry.")

    return {name: getattr(g, name) for name in carry}


def _check_names(carry: Sequence[str]) -> None:
    if isinstance(carry, str):
        raise TypeError("carry= takes a list of names, not one text.")


def _scope_of(app: Flask) -> tuple[ContextVar[Scope], Scope] | None:
    """Return the scope of the current request, and the variable that names it."""
    request = request_or_none()
    variable: ContextVar[Scope] | None = app.extensions.get(SCOPE_KEY)

    if request is None or variable is None:
        return None

    # A request that a test pushed did not come through the middleware.
    scope: Scope | None = request.environ.get("toolkit.scope")
    return None if scope is None else (variable, scope)
