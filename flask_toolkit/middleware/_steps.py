"""The hooks of neighbouring middlewares, ready to be called in a loop."""

from __future__ import annotations

import typing as t

from ._middleware import Middleware
from ._middleware import Raw
from ._plan import is_below

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence
    from wsgiref.types import WSGIEnvironment

    from ._plan import Entry
    from ._scope import Scope

    Begin: t.TypeAlias = tuple[bool, Callable[[Scope, str, t.Any], object]]
    Finishes: t.TypeAlias = tuple[
        tuple[str, Callable[[Scope, BaseException | None], object]], ...
    ]

__all__ = ["Steps", "as_sent", "picker"]


class Steps:
    """The hooks of a request, ready to be called in a loop."""

    __slots__ = ("befores", "begins", "count", "finishes")

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.count: int = len(entries)
        self.befores: tuple[tuple[int, t.Any], ...] = tuple(
            (index, entry.what.before)
            for index, entry in enumerate(entries)
            if "before" in entry.hooks
        )
        # One for each number of middlewares that were entered.
        upto = [entries[:count] for count in range(self.count + 1)]
        self.begins: list[tuple[Begin, ...]] = [_begins(some) for some in upto]
        self.finishes: list[Finishes] = [_finishes(some) for some in upto]


def _begins(entries: Sequence[Entry]) -> tuple[Begin, ...]:
    """Return the ``headers`` hooks, innermost first; true: it takes the bare list."""
    found: list[Begin] = []

    for entry in reversed(entries):
        middleware: Middleware = entry.what

        if isinstance(middleware, Raw):
            found.append((True, middleware.begin))

        if type(middleware).headers is not Middleware.headers:
            found.append((False, middleware.headers))

    return tuple(found)


def _finishes(entries: Sequence[Entry]) -> Finishes:
    return tuple(
        (entry.name, entry.what.finish)
        for entry in reversed(entries)
        if "finish" in entry.hooks
    )


def picker(entries: Sequence[Entry]) -> Callable[[WSGIEnvironment], Steps]:
    """Return what finds the hooks for a path.

    The longest prefix that fits decides which others fit, so that one set of hooks
    for each prefix is enough.
    """
    everywhere = Steps([entry for entry in entries if not entry.path])
    prefixes = sorted({entry.path for entry in entries if entry.path}, key=len)
    table = [
        (
            as_sent(prefix),
            Steps([e for e in entries if not e.path or is_below(prefix, e.path)]),
        )
        for prefix in reversed(prefixes)
    ]

    def pick(environ: WSGIEnvironment) -> Steps:
        path = path_of(environ)

        for prefix, steps in table:
            if is_below(path, prefix):
                return steps

        return everywhere

    return pick


def path_of(environ: WSGIEnvironment) -> str:
    """Return the path as the application will read it, in the bytes of WSGI.

    Werkzeug takes ``//admin`` for ``/admin``; a middleware for that path must not
    be passed by an extra slash.
    """
    path: str = environ.get("PATH_INFO", "")
    return "/" + path.lstrip("/")


def as_sent(path: str) -> str:
    """Return a path as WSGI gives it: its bytes read as latin-1."""
    return path.encode().decode("latin-1")
