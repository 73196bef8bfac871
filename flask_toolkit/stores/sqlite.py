"""A store in a SQLite file, for the processes of one host."""

from __future__ import annotations

import time
import typing as t
from datetime import timedelta
from pathlib import Path

from ._policy import as_bytes
from ._policy import as_text
from ._policy import check
from ._policy import is_key
from ._policy import owners_of
from ._sqlite_file import Connections

if t.TYPE_CHECKING:
    import os
    import sqlite3
    from collections.abc import Callable
    from collections.abc import Collection
    from collections.abc import Mapping
    from collections.abc import Sequence

    from flask_toolkit.typing import Duration

_BATCH: t.Final = 500
_PUT: t.Final = (
    "INSERT INTO entries VALUES (?, ?, ?) ON CONFLICT (key)"
    " DO UPDATE SET value = excluded.value, expires = excluded.expires"
)
_PUT_IF_ABSENT: t.Final = f"{_PUT} WHERE entries.expires <= ?"
_LIVES: t.Final = (
    "SELECT EXISTS (SELECT 1 FROM entries WHERE key = :key AND expires > :now)"
    " OR EXISTS (SELECT 1 FROM records WHERE key = :key AND expires > :now)"
)
_LOAD: t.Final = (
    "SELECT name, value FROM records LEFT JOIN fields USING (key)"
    " WHERE records.key = ? AND expires > ?"
)
_FIELD: t.Final = (
    "INSERT INTO fields VALUES (?, ?, ?)"
    " ON CONFLICT (key, name) DO UPDATE SET value = excluded.value"
)
_DROP: t.Final = "DELETE FROM fields WHERE key = ? AND name = ?"
_FORGET: t.Final = "DELETE FROM records WHERE key = ? AND expires <= ?"
_CREATE: t.Final = (
    "INSERT INTO records (expires, key, owners) VALUES (?, ?, x'')"
    " ON CONFLICT (key) DO NOTHING"
)
_RENEW: t.Final = "UPDATE records SET expires = ? WHERE key = ? AND expires > ?"
# All of them in the record as well: most writes find them as they are.
_OWNERS: t.Final = "UPDATE records SET owners = ? WHERE key = ? AND owners <> ?"
_OWNED: t.Final = (
    "SELECT key FROM owners JOIN records USING (key)"
    " WHERE owner = ? AND expires > ? ORDER BY key"
)


class SQLiteStore:
    """Keeps entries in a SQLite file on a local disk.

    The file is made at the first use, readable by its owner only, and kept in
    WAL mode: readers never wait. Several threads and processes of one host may
    use it. The last writes before a power failure can be lost. Expired entries
    count as absent and take room until :meth:`purge`.

    :param path: The file; its folder must exist.
    :param timeout: How long a write waits for another one.
    :param clock: Unix seconds.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        timeout: Duration = 2,
        clock: Callable[[], float] = time.time,
    ) -> None:
        # Absolute, as SQLite reads ':memory:' and the empty path in its own way.
        self.path: Path = Path(path).absolute()
        seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
        self._connections = Connections(self, self.path, float(seconds))
        self._clock = clock

    def __repr__(self) -> str:
        return f"<SQLiteStore {self.path.name!r}>"

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return the living values of ``keys``, in their order."""
        wanted = [key for key in keys if is_key(key)]
        found: dict[str, bytes] = {}

        with self._connections.open() as connection:
            for start in range(0, len(wanted), _BATCH):
                batch = wanted[start : start + _BATCH]
                marks = ", ".join("?" * len(batch))
                # Only question marks are put together.
                query = (
                    f"SELECT key, value FROM entries WHERE key IN ({marks})"  # noqa: S608
                    " AND expires > ?"
                )
                found.update(connection.execute(query, (*batch, self._clock())))

        return [found.get(key) for key in keys]

    def put(self, key: str, value: bytes, ttl: float) -> None:
        """Store ``value``, replacing what was there.

        :raises ValueError: If key, value or time to live is out of bounds.
        """
        check(key, ttl, value)

        with self._connections.writing() as connection:
            connection.execute(_PUT, (key, value, self._clock() + ttl))

    def put_if_absent(self, key: str, value: bytes, ttl: float) -> bytes | None:
        """Store ``value`` unless the key lives; atomic.

        :returns: ``None`` if it was stored, else the value that is there.
        :raises ValueError: If key, value or time to live is out of bounds.
        """
        check(key, ttl, value)

        with self._connections.writing() as connection:
            now = self._clock()
            row = (key, value, now + ttl, now)

            if connection.execute(_PUT_IF_ABSENT, row).rowcount == 1:
                return None

            there: bytes
            query = "SELECT value FROM entries WHERE key = ?"
            (there,) = connection.execute(query, (key,)).fetchone()
            return there

    def delete(self, *keys: str) -> int:
        """Delete the keys and return how many lived."""
        with self._connections.writing() as connection:
            return sum(self._delete(connection, key) for key in keys if is_key(key))

    def load(self, key: str) -> dict[str, bytes] | None:
        """Return the fields of a record, or ``None``."""
        if not is_key(key):
            return None

        with self._connections.open() as connection:
            rows = connection.execute(_LOAD, (key, self._clock())).fetchall()

        # A record without fields is one row of nothing.
        fields = {as_text(name): value for name, value in rows if name is not None}
        return fields if rows else None

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
        """
        check(key, ttl, *changed.values())
        owners = tuple(map(as_bytes, owners_of(owner)))
        rows = [(key, as_bytes(name), value) for name, value in changed.items()]
        gone = [(key, as_bytes(name)) for name in removed]

        with self._connections.writing() as connection:
            now = self._clock()

            if create:
                # What expired under this key must not lend its fields.
                connection.execute(_FORGET, (key, now))

            query, times = (_CREATE, ()) if create else (_RENEW, (now,))

            if connection.execute(query, (now + ttl, key, *times)).rowcount != 1:
                return False

            if owners:
                self._own(connection, key, owners)

            if rows:
                connection.executemany(_FIELD, rows)

            if gone:
                connection.executemany(_DROP, gone)

            return True

    def delete_for(self, owner: str, *, keep: Collection[str] = ()) -> int:
        """Delete the records of ``owner`` but those in ``keep``; return how many."""
        with self._connections.writing() as connection:
            doomed = set(self._owned(connection, owner)).difference(keep)
            return sum(self._delete(connection, key) for key in doomed)

    def keys_for(self, owner: str) -> list[str]:
        """Return the keys of the living records of ``owner``."""
        with self._connections.open() as connection:
            return self._owned(connection, owner)

    def purge(self, *, tell: Callable[[int], object] | None = None) -> int:
        """Drop expired entries in small steps and return how many there were.

        :param tell: Called after each step with what it dropped.
        """
        now = self._clock()
        tables = ("entries", "records")
        return sum(self._purge(table, now, tell) for table in tables)

    def ping(self) -> None:
        """Return if the file can be read."""
        with self._connections.open() as connection:
            connection.execute("SELECT 1 FROM entries LIMIT 1")

    def close(self) -> None:
        """Close the file in all threads; the next use opens it again."""
        self._connections.close()

    def _own(
        self, connection: sqlite3.Connection, key: str, owners: tuple[bytes, ...]
    ) -> None:
        # Lengths keep ("ab", "c") and ("a", "bc") apart.
        text = b"".join(b"%d:%b" % (len(owner), owner) for owner in owners)

        if connection.execute(_OWNERS, (text, key, text)).rowcount == 1:
            connection.execute("DELETE FROM owners WHERE key = ?", (key,))
            rows = [(key, owner) for owner in owners]
            connection.executemany("INSERT INTO owners VALUES (?, ?)", rows)

    def _delete(self, connection: sqlite3.Connection, key: str) -> bool:
        asked = {"key": key, "now": self._clock()}
        (lived,) = connection.execute(_LIVES, asked).fetchone()
        connection.execute("DELETE FROM entries WHERE key = ?", (key,))
        connection.execute("DELETE FROM records WHERE key = ?", (key,))
        return bool(lived)

    def _owned(self, connection: sqlite3.Connection, owner: str) -> list[str]:
        rows = connection.execute(_OWNED, (as_bytes(owner), self._clock()))
        return [key for (key,) in rows]

    def _purge(
        self, table: str, now: float, tell: Callable[[int], object] | None
    ) -> int:
        # The names of tables are ours. Small steps let other writers in between.
        query = (
            f"DELETE FROM {table} WHERE rowid IN"  # noqa: S608
            f" (SELECT rowid FROM {table} WHERE expires <= ? LIMIT {_BATCH})"
        )
        total = 0

        while True:
            with self._connections.writing() as connection:
                dropped = connection.execute(query, (now,)).rowcount

            total += dropped

            if tell is not None and dropped:
                tell(dropped)

            if dropped < _BATCH:
                return total
