"""A SQLite file: how it is made, and one connection a thread."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import typing as t
import weakref
from contextlib import contextmanager

from flask_toolkit.errors import SetupError

from ._failure import unavailable

if t.TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_APPLICATION: t.Final = 0x46544B53  # "FTKS": tells our files from other ones
_VERSION: t.Final = 2
_PAUSE: t.Final = 0.01
_SCHEMA: t.Final = f"""
CREATE TABLE entries (
  key TEXT PRIMARY KEY, value BLOB NOT NULL, expires REAL NOT NULL);
CREATE INDEX entries_expires ON entries (expires);
CREATE TABLE records (
  key TEXT PRIMARY KEY, owners BLOB NOT NULL, expires REAL NOT NULL);
CREATE INDEX records_expires ON records (expires);
CREATE TABLE owners (
  key TEXT NOT NULL REFERENCES records ON DELETE CASCADE,
  owner BLOB NOT NULL, PRIMARY KEY (key, owner));
CREATE INDEX owners_owner ON owners (owner);
CREATE TABLE fields (
  key TEXT NOT NULL REFERENCES records ON DELETE CASCADE,
  name BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (key, name));
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_VERSION};
"""
_KIND: t.Final = (
    "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)"
    " FROM pragma_application_id, pragma_user_version"
)

# Connections that a forked child found open. SQLite wants them neither used nor
# closed there, so they are kept for good.
_left_behind: list[sqlite3.Connection] = []


class _Held:
    """A connection that is closed with the thread that used it."""

    __slots__ = ("__weakref__", "raw")

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw
        # Not __del__: of a circle the collector may end the connection first, which
        # is a warning since Python 3.13. Like this it lives until it is closed.
        weakref.finalize(self, _end, raw, os.getpid()).atexit = False


def _end(raw: sqlite3.Connection, pid: int) -> None:
    if pid == os.getpid():
        raw.close()
    else:
        _left_behind.append(raw)


class Connections:
    """The connections of one store to its file.

    :param owner: Who is named when a call fails.
    :param timeout: Seconds to wait for another writer.
    """

    def __init__(self, owner: object, path: Path, timeout: float) -> None:
        # Weakly: a circle would be closed by the collector, late.
        self._owner = weakref.ref(owner)
        self._path = path
        self._timeout = timeout
        self._renew()

    def close(self) -> None:
        """Close them in all threads; the next use opens new ones."""
        with self._census:
            held = list(self._all)
            self._local = threading.local()

        for one in held:
            one.raw.close()

    @contextmanager
    def open(self) -> Generator[sqlite3.Connection]:
        """Lend the connection of this thread."""
        try:
            held = self.connection()
            yield held.raw
        except sqlite3.Error as error:
            raise unavailable(self._owner(), error) from None

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """Lend a connection with the lock for writing, all or nothing."""
        with self.open() as connection, self._turn():
            connection.execute("BEGIN IMMEDIATE")

            try:
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    @contextmanager
    def _turn(self) -> Generator[None]:
        """Let one thread of this process at a time wait for SQLite's lock.

        SQLite polls for it, in no order: of fifty threads some would starve.
        """
        turn = self._lock

        if not turn.acquire(timeout=self._timeout):
            raise unavailable(self._owner(), TimeoutError())

        try:
            yield
        finally:
            turn.release()

    def _renew(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._census = threading.Lock()
        self._local = threading.local()
        self._all: weakref.WeakSet[_Held] = weakref.WeakSet()

    def connection(self) -> _Held:
        """Return the connection of this thread."""
        if self._pid != os.getpid():
            self._renew()

        held: _Held | None = getattr(self._local, "held", None)

        if held is None:
            held = self._local.held = self._connect()

            with self._census:
                self._all.add(held)

        return held

    def _connect(self) -> _Held:
        self._create()
        raw = sqlite3.connect(
            self._path,
            timeout=self._timeout,
            isolation_level=None,
            # Each thread has its own; close() comes from any.
            check_same_thread=False,
        )
        held = _Held(raw)
        is_ours = self._is_ours(raw)
        self._to_wal(raw)
        raw.execute("PRAGMA synchronous = NORMAL")
        raw.execute("PRAGMA foreign_keys = ON")

        if not is_ours:
            self._make_tables(raw)

        return held

    def _create(self) -> None:
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
            os.close(os.open(self._path, flags, 0o600))
        except FileExistsError:
            pass
        except OSError as error:
            raise unavailable(self._owner(), error) from None

    def _to_wal(self, raw: sqlite3.Connection) -> None:
        """Switch to WAL; SQLite does not wait for its turn here, so we do."""
        deadline = time.monotonic() + self._timeout

        while True:
            try:
                raw.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise

                time.sleep(_PAUSE)
            else:
                return

    def _is_ours(self, raw: sqlite3.Connection) -> bool:
        """Tell whether the tables are there.

        :raises SetupError: If the file is something else.
        """
        # One statement, so that all three are of the same moment.
        application, version, tables = raw.execute(_KIND).fetchone()

        if (application, version, tables) == (0, 0, 0):
            return False

        if (application, version) != (_APPLICATION, _VERSION):
            raise SetupError(
                f"{self._path.name!r} is a database of something else, or of another"
                " version of Flask-Toolkit. Name another file in the store's address."
            )

        return True

    def _make_tables(self, raw: sqlite3.Connection) -> None:
        raw.execute("BEGIN IMMEDIATE")

        try:
            # Another process may have been first.
            if not self._is_ours(raw):
                for statement in _SCHEMA.split(";")[:-1]:
                    raw.execute(statement)

            raw.commit()
        except BaseException:
            raw.rollback()
            raise
