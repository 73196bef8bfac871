"""One SQLite connection for each app context, made at first use."""

from __future__ import annotations

import sqlite3
import typing as t
from contextlib import closing
from datetime import datetime
from datetime import UTC
from pathlib import Path

from flask import current_app
from flask import g

from .config import unusable
from .seed import sow

if t.TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

    from flask import Flask

    Values = Sequence[t.Any] | Mapping[str, t.Any]

SCHEMA = Path(__file__).with_name("schema.sql")
VERSION = 1


def init_app(app: Flask, demo_password: str) -> None:
    """Create the database at the first start; close connections at teardown.

    :raises ConfigError: If it cannot be opened or written.
    """
    path = _path(app)

    try:
        with closing(_open(path)) as connection:
            _create(connection, demo_password)
    except sqlite3.Error as error:
        raise unusable(path.parent, str(error)) from None

    app.teardown_appcontext(_close)


def connect() -> sqlite3.Connection:
    """Return the connection of this app context."""
    if "connection" not in g:
        g.connection = _open(_path(current_app))

    connection: sqlite3.Connection = g.connection
    return connection


def rows(sql: str, values: Values = ()) -> list[sqlite3.Row]:
    """Return what a query finds.

    Values never become part of the SQL text: SQLite gets them separately, and
    no input can end the statement.
    """
    return connect().execute(sql, values).fetchall()


def row(sql: str, values: Values = ()) -> sqlite3.Row | None:
    """Return the first row that a query finds."""
    found: sqlite3.Row | None = connect().execute(sql, values).fetchone()
    return found


def now() -> str:
    """Return the time as it is stored: UTC, ISO 8601, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _path(app: Flask) -> Path:
    return Path(app.instance_path) / "shop.db"


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=5)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _create(connection: sqlite3.Connection, demo_password: str) -> None:
    # Locked before the look at the version: of two processes that start at the
    # same time one creates, the other waits and finds it done.
    connection.execute("BEGIN IMMEDIATE")

    with connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()

        if version == VERSION:
            return

        # Not executescript(), which would commit and give up the lock.
        for statement in SCHEMA.read_text("utf-8").split(";"):
            connection.execute(statement)

        sow(connection, demo_password)
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _close(_error: BaseException | None) -> None:
    connection: sqlite3.Connection | None = g.pop("connection", None)

    if connection is not None:
        # What was not committed is rolled back.
        connection.close()
