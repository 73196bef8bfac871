"""The hooks of neighbouring middlewares, ready to be called in a loop."""

from __future__ import annotations

import itertools
import typing as t
from operator import itemgetter

from ._middleware import Middleware
from ._middleware import Raw
from ._plan import is_below

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence
    from wsgiref.types import WSGIEnvironment

    from ._plan import Entry
    from ._scope import Scope

    Begins: t.TypeAlias = tuple[
        tuple[bool, tuple[Callable[[Scope, str, t.Any], object], ...]], ...
    ]
    Finishes: t.TypeAlias = tuple[
        tuple[str, Callable[[Scope, BaseException | None], object]], ...
    ]

__all__ = ["Hooks", "Steps", "as_sent", "picker"]


class Hooks(t.NamedTuple):
    """What runs on the way out, of so many middlewares as were entered."""

    begins: Begins
    finishes: Finishes


class Steps:
    """The hooks of a request, ready to be called in a loop."""

    __slots__ = ("befores", "count", "hooks", "names")

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.count: int = len(entries)
        self.names: tuple[str, ...] = tuple(entry.name for entry in entries)
        self.befores: tuple[tuple[int, t.Any], ...] = tuple(
            (index, entry.what.before)
            for index, entry in enumerate(entries)
            if "before" in entry.hooks
        )
        upto = [entries[:count] for count in range(self.count + 1)]
        self.hooks: list[Hooks] = [Hooks(_begins(e), _finishes(e)) for e in upto]
        """One entry for each number of middlewares that were entered."""


def _begins(entries: Sequence[Entry]) -> Begins:
    """Return the ``headers`` hooks, innermost first, in runs of one kind.

    True: they take the bare list.
    """
    found: list[tuple[bool, t.Any]] = []

    for entry in reversed(entries):
        middleware: Middleware = entry.what

        if isinstance(middleware, Raw):
            found.append((True, middleware.begin))

        if type(middleware).headers is not Middleware.headers:
            found.append((False, middleware.headers))

    runs = itertools.groupby(found, key=itemgetter(0))
    return tuple((is_raw, tuple(hook for _, hook in run)) for is_raw, run in runs)


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
