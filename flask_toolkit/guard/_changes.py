"""How two authorization locks differ, as a review reads it."""

from __future__ import annotations

import enum
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ._lock import GuardRecord
    from ._lock import HookRecord
    from ._lock import Lock
    from ._lock import RouteRecord


class Kind(enum.IntEnum):
    """What a change means for who gets in, gravest first."""

    OPENED = 0
    GUARD = 1
    HOOK = 2
    CHANGED = 3
    ADDED = 4
    CLOSED = 5
    REMOVED = 6
    WHY = 7


class Change(t.NamedTuple):
    """One difference of two locks."""

    kind: Kind
    text: str

    def __str__(self) -> str:
        return f"{self.kind.name:<8}{self.text}"


def compare(old: Lock, new: Lock) -> tuple[Change, ...]:
    """Return how ``new`` differs from ``old``, gravest first."""
    changes = [
        *_guard_changes(old.guards, new.guards),
        *_hook_changes(old.hooks, new.hooks),
    ]
    before = {one.key: one for one in old.routes}
    after = {one.key: one for one in new.routes}

    for key in before.keys() | after.keys():
        first, second = before.get(key), after.get(key)

        if first != second:
            changes.append(_route_change(" ".join(key), first, second))

    return tuple(sorted(changes))


def _guard_changes(
    old: tuple[GuardRecord, ...], new: tuple[GuardRecord, ...]
) -> Iterator[Change]:
    before = {one.name: one for one in old}
    after = {one.name: one for one in new}

    for name in before.keys() | after.keys():
        first, second = _guard_text(before.get(name)), _guard_text(after.get(name))

        if first != second:
            yield Change(Kind.GUARD, f"{name} {first} -> {second}")


def _hook_changes(
    old: tuple[HookRecord, ...], new: tuple[HookRecord, ...]
) -> Iterator[Change]:
    before = {one.key: one for one in old}
    after = {one.key: one for one in new}

    for key in before.keys() | after.keys():
        first, second = before.get(key), after.get(key)

        if first != second:
            asked = f"{_times(first)} -> {_times(second)}"
            yield Change(Kind.HOOK, f"{' '.join(key)} {asked}")


def _times(record: HookRecord | None) -> str:
    return "none" if record is None else f"{record.times} ({record.why})"


def _guard_text(record: GuardRecord | None) -> str:
    if record is None:
        return "none"

    scope, authenticators, _, requires, origin = record
    return f"[{scope} {authenticators} {requires} {origin}]"


def _route_change(
    where: str, old: RouteRecord | None, new: RouteRecord | None
) -> Change:
    asked = f"{where} {_asked(old, new)} -> {_asked(new, old)}"

    if new is None:
        return Change(Kind.REMOVED, asked)

    return Change(_kind(old, new), f"{asked} ({new.why})")


def _kind(old: RouteRecord | None, new: RouteRecord) -> Kind:
    if new.is_open and (old is None or not old.is_open):
        return Kind.OPENED

    if old is None:
        return Kind.ADDED

    if old.is_open and not new.is_open:
        return Kind.CLOSED

    return Kind.WHY if old[:-1] == new[:-1] else Kind.CHANGED


def _asked(record: RouteRecord | None, other: RouteRecord | None) -> str:
    """Return what a route asks, and by which guard where that differs."""
    if record is None:
        return "none"

    if other is None or record.guard == other.guard:
        return record.requires

    return f"{record.requires} [{record.guard}]"
