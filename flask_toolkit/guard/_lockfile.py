"""The lock of an application, and the file it stands in."""

from __future__ import annotations

import os
import tempfile
import typing as t
from pathlib import Path

from flask_toolkit.errors import SetupError

from ._changes import compare
from ._gate import check_setup
from ._hooks import earlier
from ._hooks import require_gate
from ._lock import GuardRecord
from ._lock import HookRecord
from ._lock import Lock
from ._lock import LockError
from ._lock import make_lock
from ._lock import read_lock
from ._lock import RouteRecord
from ._lock import summary
from ._lock import text_of
from ._map import guard_map
from ._state import registry_of

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from ._state import Registry

LOCK_FILE: t.Final = "guard.lock"
_LARGEST: t.Final = 64 * 1024 * 1024


class LockReport(t.NamedTuple):
    """How an application differs from its lock."""

    path: str
    summary: str
    """How many routes there are, and how many of them are open."""

    changes: tuple[str, ...] | None = None
    """A line each, gravest first: OPENED, GUARD, HOOK, CHANGED, ADDED, CLOSED,
    REMOVED, WHY. ``None`` if there was nothing to compare with."""

    note: str = ""
    """What else is to be said of the file."""

    @property
    def text(self) -> str:
        """Return the report as people read it."""
        changes = self.changes or ()
        told = [f"{self.path}: {self.summary}"]

        if self.changes is not None:
            plural = "" if len(changes) == 1 else "s"
            told.append(f"{len(changes)} change{plural}" if changes else "unchanged")

        return "\n".join([*changes, ", ".join(told), *filter(None, [self.note])])


def check_lock(app: Flask, path: str | os.PathLike[str] = LOCK_FILE) -> LockReport:
    """Compare what each route asks for with the lock; no view runs.

    :raises LockError: If the file is missing or cannot be read, or ``app.debug``
        is on.
    :raises SetupError: If the guards of ``app`` cannot work.
    """
    lock = _lock_of(app)
    return _report(path, _load(Path(path)), lock)


def write_lock(app: Flask, path: str | os.PathLike[str] = LOCK_FILE) -> LockReport:
    """Write the lock, and tell how it differs from the one before.

    Whoever reads the file meanwhile sees the old one or the new one.

    :raises LockError: If the file cannot be written, a newer version of the
        toolkit wrote it, or ``app.debug`` is on.
    :raises SetupError: If the guards of ``app`` cannot work.
    """
    lock = _lock_of(app)
    _check_readable(lock)
    report = LockReport(os.fspath(path), summary(lock), note="Written.")

    if Path(path).exists():
        try:
            before = _load(Path(path))
        except LockError as error:
            if error.newer:
                raise

            report = report._replace(note=f"Written anew: {error}")
        else:
            report = _report(path, before, lock)._replace(note="Written.")

    _save(Path(path), text_of(lock))
    return report


def _check_readable(lock: Lock) -> None:
    """Refuse what a check could not read: an empty name, a method like ``#X``."""
    for route in lock.routes:
        try:
            found = read_lock(text_of(Lock((), (route,)))).routes
        except LockError:
            found = ()

        if found != (route,):
            raise LockError(f"a route cannot be written: {tuple(route)!r}")


def _lock_of(app: Flask) -> Lock:
    registry = registry_of(app)

    if not registry.scopes:
        raise SetupError("LoginGuard is not set up on this app (toolkit.guard).")

    if app.debug:
        raise LockError("debug is on: routes that exist only then would get in")

    require_gate(app, registry)
    check_setup(app, registry)
    return make_lock(
        _guards(registry),
        (RouteRecord(*access[:-1]) for access in guard_map(app)),
        (
            HookRecord(one.scope, one.stage, one.name, why=one.why)
            for one in earlier(app, registry)
        ),
    )


def _guards(registry: Registry) -> Iterator[GuardRecord]:
    for state in registry.guards():
        scopes = [
            f"blueprint:{scope}" if scope else "app"
            for scope, found in registry.scopes.items()
            if found is state
        ]
        yield GuardRecord(
            scope=",".join(sorted(scopes)),
            authenticators=",".join(one.name for one in state.authenticators),
            name=state.name,
            requires=repr(state.rule),
            origin=f"origin={state.settings.origin_check}",
        )


def _report(path: str | os.PathLike[str], before: Lock, after: Lock) -> LockReport:
    changes = tuple(map(str, compare(before, after)))
    note = ""

    if changes:
        note = "To accept this, run: flask toolkit guard --lock"
    elif before != after:
        note = "Not in order; flask toolkit guard --lock sorts it"

    return LockReport(os.fspath(path), summary(after), changes, note)


def _load(path: Path) -> Lock:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise LockError(
            f"{path}: {error.strerror}. Write it with: flask toolkit guard --lock"
        ) from None

    if len(data) > _LARGEST:
        raise LockError(f"{path}: larger than a lock can be")

    try:
        return read_lock(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise LockError(f"{path}: not UTF-8") from None
    except LockError as error:
        raise LockError(f"{path}: {error}", newer=error.newer) from None


def _save(path: Path, text: str) -> None:
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")

        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)

            Path(name).chmod(0o644)  # it is made to be read and committed
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise LockError(f"{path}: {error.strerror}") from None
