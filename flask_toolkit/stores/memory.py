"""A store in the memory of one process."""

from __future__ import annotations

import os
import sys
import threading
import time
import typing as t
import weakref

from flask_toolkit.errors import StoreFullError

from ._policy import check
from ._policy import owners_of

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection
    from collections.abc import Mapping
    from collections.abc import Sequence


class _Record:
    __slots__ = ("expires", "fields", "owners")

    def __init__(self) -> None:
        self.fields: dict[str, bytes] = {}
        self.expires = 0.0
        self.owners: tuple[str, ...] = ()


class MemoryStore:
    """Keeps entries in a dictionary under a lock, for one process.

    A full store drops expired entries and then refuses new ones with
    :class:`~flask_toolkit.errors.StoreFullError`: dropping a living one could
    revive a token that was revoked. The last tenth is for :meth:`put`, which
    records what was ended: who fills the store by what clients do all the time,
    refreshing tokens or opening sessions, keeps nobody from logging out. A forked
    child keeps a copy of its own.

    :param max_items: Most entries, values and records together.
    :param clock: Seconds that never go back.
    """

    def __init__(
        self, *, max_items: int = 100_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.max_items: int = max_items
        self._most_made = max_items - max_items // 10
        self._clock = clock
        self._lock = threading.Lock()
        self._values: dict[str, tuple[bytes, float]] = {}
        self._records: dict[str, _Record] = {}
        self._owned: dict[str, set[str]] = {}
        _living.add(self)

    def __repr__(self) -> str:
        return f"<MemoryStore of {len(self._values) + len(self._records)} entries>"

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return the living values of ``keys``, in their order."""
        with self._lock:
            values, now = self._values, self._clock()
            return [
                found[0] if (found := values.get(key)) and found[1] > now else None
                for key in keys
            ]

    def put(self, key: str, value: bytes, ttl: float) -> None:
        """Store ``value``, replacing what was there.

        :raises ValueError: If key, value or time to live is out of bounds.
        :raises StoreFullError: If there is no room.
        """
        check(key, ttl, value)

        with self._lock:
            if key not in self._values:
                self._make_room(self.max_items)

            self._values[key] = (value, self._clock() + ttl)

    def put_if_absent(self, key: str, value: bytes, ttl: float) -> bytes | None:
        """Store ``value`` unless the key lives; atomic.

        :returns: ``None`` if it was stored, else the value that is there.
        :raises ValueError: If key, value or time to live is out of bounds.
        :raises StoreFullError: If there is no room.
        """
        check(key, ttl, value)

        with self._lock:
            there = self._value(key)

            if there is None:
                self._values.pop(key, None)
                self._make_room(self._most_made)
                self._values[key] = (value, self._clock() + ttl)

            return there

    def delete(self, *keys: str) -> int:
        """Delete the keys and return how many lived."""
        with self._lock:
            return sum(self._delete(key) for key in keys)

    def load(self, key: str) -> dict[str, bytes] | None:
        """Return a copy of the fields of a record, or ``None``."""
        with self._lock:
            record = self._record(key)
            return None if record is None else dict(record.fields)

    def save(
        self,
        key: str,
        changed: Mapping[str, bytes],
        removed: Collection[str],
        ttl: float,
        *,
        create: bool = False,
        owner: str | Collection[str] | None = None,
    ) -> bool:
        """Write fields of a record and renew its time to live; atomic.

        With ``create`` only a new record is written, without it only one that
        exists.

        :returns: Whether it was written.
        :raises ValueError: If key, values or time to live are out of bounds.
        :raises StoreFullError: If there is no room for a new record.
        """
        check(key, ttl, *changed.values())

        with self._lock:
            record = self._record(key)

            if (record is None) is not create:
                return False

            if record is None:
                # What expired under this key must not lend its fields.
                self._forget(key)
                self._make_room(self._most_made)
                record = self._records[key] = _Record()

            record.fields.update(changed)

            for name in removed:
                record.fields.pop(name, None)

            record.expires = self._clock() + ttl
            self._own(key, record, owners_of(owner))
            return True

    def delete_for(self, owner: str, *, keep: Collection[str] = ()) -> int:
        """Delete the records of ``owner`` but those in ``keep``; return how many."""
        with self._lock:
            doomed = set(self._owned.get(owner, ())).difference(keep)
            return sum(self._delete(key) for key in doomed)

    def keys_for(self, owner: str) -> list[str]:
        """Return the keys of the living records of ``owner``."""
        with self._lock:
            owned = sorted(self._owned.get(owner, ()))
            return [key for key in owned if self._record(key) is not None]

    def purge(self) -> int:
        """Drop expired entries and return how many there were."""
        with self._lock:
            return self._purge()

    def ping(self) -> None:
        """Return at once: memory always answers."""

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()
            self._records.clear()
            self._owned.clear()

    def _value(self, key: str) -> bytes | None:
        value, expires = self._values.get(key, (None, 0.0))
        return value if expires > self._clock() else None

    def _record(self, key: str) -> _Record | None:
        record = self._records.get(key)
        return record if record and record.expires > self._clock() else None

    def _own(self, key: str, record: _Record, owners: tuple[str, ...]) -> None:
        if owners and owners != record.owners:
            self._disown(key, record)
            record.owners = owners

            for owner in owners:
                self._owned.setdefault(owner, set()).add(key)

    def _disown(self, key: str, record: _Record) -> None:
        for owner in record.owners:
            keys = self._owned[owner]
            keys.discard(key)

            if not keys:
                del self._owned[owner]

    def _delete(self, key: str) -> bool:
        lived = self._value(key) is not None or self._record(key) is not None
        self._values.pop(key, None)
        self._forget(key)
        return lived

    def _forget(self, key: str) -> None:
        record = self._records.pop(key, None)

        if record is not None:
            self._disown(key, record)

    def _make_room(self, most: int) -> None:
        if self._count() >= most:
            self._purge()

        if self._count() >= most:
            raise StoreFullError

    def _count(self) -> int:
        return len(self._values) + len(self._records)

    def _purge(self) -> int:
        now = self._clock()
        expired = [key for key, (_, end) in self._values.items() if end <= now]
        expired += [
            key for key, record in self._records.items() if record.expires <= now
        ]

        for key in expired:
            self._delete(key)

        return len(expired)

    def renew_lock(self) -> None:
        """Take a new lock: the old one may be held by a thread left behind."""
        self._lock = threading.Lock()


_living: weakref.WeakSet[MemoryStore] = weakref.WeakSet()


def _renew_locks() -> None:
    for store in list(_living):
        store.renew_lock()


if sys.platform != "win32":  # pragma: no branch  # Windows has no fork
    # A thread may hold the lock while another one forks; the child would wait
    # for ever.
    os.register_at_fork(after_in_child=_renew_locks)
