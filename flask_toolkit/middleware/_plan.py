"""The order of the layers: data in, data out."""

from __future__ import annotations

import dataclasses
import difflib
import enum
import typing as t
from collections.abc import Sequence

from flask_toolkit.errors import SetupError

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping

__all__ = ["Entry", "Layer", "Phase", "check_names", "is_below", "ordered"]


class Phase(enum.IntEnum):
    """Where a middleware stands; a lower number is further out.

    Proxy first, since the others read address and scheme; then the request id,
    which every answer carries; headers before all that can answer by itself.
    """

    PROXY = 100
    REQUEST_ID = 200
    TIMING = 300
    HEADERS = 400
    HEALTH = 500
    MOUNT = 800
    APP = 900


class Layer(t.NamedTuple):
    """One layer around an application, as ``describe()`` lists it."""

    name: str

    kind: str
    """``hooks`` for a middleware of the stack, ``wsgi`` for a plain WSGI one, also for
    a mount, ``foreign`` for what others put around ``wsgi_app``, ``application``."""

    phase: str
    """The name of its phase in lower case; empty for what is not ours."""

    hooks: tuple[str, ...] = ()
    path: str = ""


@dataclasses.dataclass(frozen=True, eq=False)
class Entry:
    """One middleware in its place."""

    name: str
    phase: Phase
    what: t.Any
    """The middleware, or the callable that wraps a WSGI application."""
    before: Sequence[str] = ()
    after: Sequence[str] = ()
    path: str = ""
    hooks: tuple[str, ...] = ()
    """The names of its hooks; none for a plain WSGI middleware."""

    def layer(self) -> Layer:
        """Return what ``describe()`` says of it."""
        kind = "hooks" if self.hooks else "wsgi"
        return Layer(self.name, kind, self.phase.name.lower(), self.hooks, self.path)


def check_names(entry: Entry, known: Iterable[str]) -> None:
    """Check that those which ``entry`` stands before or after exist.

    :raises SetupError: If one does not.
    """
    names = set(known)

    for name in (*entry.before, *entry.after):
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else " Add it first."
            raise SetupError(
                f"Middleware {entry.name!r} refers to {name!r}, which is not in the"
                f" stack.{hint}"
            )


def ordered(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries, outermost first.

    By phase; within one by ``before`` (further out) and ``after``; else as added.
    Names that are not there are ignored: a shipped middleware may be off.

    :raises SetupError: If a name occurs twice, if they stand in a circle, or if
        one asks for a place that its phase excludes.
    """
    named = _by_name(entries)
    outside: dict[str, set[str]] = {name: set() for name in named}

    for entry in entries:
        for name in entry.before:
            if name in named:
                _check_phase(entry, named[name])
                outside[name].add(entry.name)

        for name in entry.after:
            if name in named:
                _check_phase(named[name], entry)
                outside[entry.name].add(name)

    waiting = sorted(entries, key=lambda entry: entry.phase)
    placed: dict[str, Entry] = {}

    while waiting:
        ready = next((e for e in waiting if outside[e.name] <= placed.keys()), None)

        if ready is None:
            raise SetupError(
                "These middlewares stand before and after each other in a circle: "
                + ", ".join(sorted(_circle(waiting, outside, placed)))
            )

        placed[ready.name] = ready
        waiting.remove(ready)

    return list(placed.values())


def is_below(path: str, prefix: str) -> bool:
    """Tell whether ``path`` is ``prefix`` or lies below it, by whole segments.

    >>> is_below("/api/items", "/api"), is_below("/apis", "/api")
    (True, False)
    """
    return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in {"", "/"}


def _by_name(entries: Iterable[Entry]) -> dict[str, Entry]:
    named: dict[str, Entry] = {}

    for entry in entries:
        if entry.name in named:
            raise SetupError(
                f"Two middlewares are called {entry.name!r}. Give one another name="
                f" in use(), or take the first one out by remove({entry.name!r})."
            )

        named[entry.name] = entry

    return named


def _check_phase(outer: Entry, inner: Entry) -> None:
    if outer.phase > inner.phase:
        raise SetupError(
            f"Middleware {outer.name!r} cannot stand before {inner.name!r}: its phase"
            f" {outer.phase.name} comes after {inner.phase.name}. Pass phase= to use()."
        )


def _circle(
    waiting: Iterable[Entry],
    outside: Mapping[str, set[str]],
    placed: Mapping[str, Entry],
) -> set[str]:
    """Return the names that wait for each other, without those behind them."""
    names = {entry.name for entry in waiting}

    while True:
        needed = {other for name in names for other in outside[name]} - placed.keys()

        if needed >= names:
            return names

        names &= needed
