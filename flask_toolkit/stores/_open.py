"""From an address to an open store."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from dataclasses import field
from datetime import timedelta
from pathlib import Path

from flask_toolkit._extension import kernel_settings
from flask_toolkit._settings import declare
from flask_toolkit.errors import SetupError

from ._policy import is_redis
from ._policy import problem_of
from ._policy import sqlite_path
from .memory import MemoryStore

if t.TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from flask import Flask

    from flask_toolkit.typing import Duration
    from flask_toolkit.typing import Store

_KEY: t.Final = "toolkit.stores"
_LONGEST_WAIT: t.Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """Settings of the shared store, read once per application."""

    # It may hold a password.
    url: str = field(default="memory://", repr=False)
    """Address of the store; ``memory://`` is this process alone."""

    prefix: str = "ft:"
    """Stands before every key on a Redis server, which others may share."""

    timeout: timedelta = timedelta(seconds=2)
    """Longest wait for a connection, for an answer, and for SQLite's lock."""

    max_items: int = 100_000
    """How many entries a memory store takes before it refuses new ones."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield each field whose value does not fit, with what would."""
        if self.max_items < 1:
            yield "max_items", "must be at least 1"

        if not timedelta() < self.timeout <= _LONGEST_WAIT:
            yield "timeout", "must be above 0 and at most 60 seconds"

        if not (self.prefix.isascii() and self.prefix.isprintable()):
            yield "prefix", "must be printable ASCII"

        problem = problem_of(self.url)

        if problem is not None:
            yield "url", problem


_SPEC = declare("store", StoreSettings)


class _Opened:
    """The stores of one application; a repr of it shows no address."""

    __slots__ = ("by_url",)

    def __init__(self) -> None:
        self.by_url: dict[str, Store] = {}


def open_store(
    url: str,
    *,
    prefix: str = "ft:",
    timeout: Duration = 2,
    max_items: int = 100_000,
    folder: str | os.PathLike[str] = ".",
) -> Store:
    """Open the store that ``url`` names; it connects at the first use.

    :param prefix: Stands before every key, of Redis only.
    :param timeout: Longest wait for a connection, an answer or SQLite's lock.
    :param max_items: Most entries, of memory only.
    :param folder: Where the path of a SQLite file with three slashes begins.
    :raises SetupError: If no store is known for the address, or it is malformed.
        The message does not show it, as it may hold a password.
    :raises MissingExtraError: If it names Redis and redis-py is not installed.
    """
    problem = problem_of(url)

    if problem is not None:
        raise SetupError(f"The address of the store {problem}")

    path = sqlite_path(url)

    if path is not None:
        from .sqlite import SQLiteStore

        return SQLiteStore(Path(folder, path), timeout=timeout)

    if is_redis(url):
        from .redis import RedisStore

        return RedisStore.from_url(url, prefix=prefix, timeout=timeout)

    return MemoryStore(max_items=max_items)


def store_for(app: Flask, url: str | None = None) -> Store:
    """Return the store of ``app`` for ``url``, opened once.

    The path of a SQLite file begins in the instance folder, which is made.

    :param url: Another address than ``TOOLKIT_STORE_URL``.
    :raises ConfigError: If the settings of the store do not fit.
    :raises SetupError: If ``url`` names no store, or a malformed one.
    :raises MissingExtraError: If it names Redis and redis-py is not installed.
    """
    settings: StoreSettings = kernel_settings(app, _SPEC)
    opened: _Opened = app.extensions.setdefault(_KEY, _Opened())
    address = settings.url if url is None else url

    if address not in opened.by_url:
        # Two threads may both open one; setdefault lets all see the same.
        opened.by_url.setdefault(address, _open_for(app, settings, address))

    return opened.by_url[address]


def stores_of(app: Flask) -> list[Store]:
    """Return the stores of ``app``: the shared one, and those of other addresses.

    :raises ConfigError: If the settings of the store do not fit.
    """
    store_for(app)
    opened: _Opened = app.extensions[_KEY]
    return list(opened.by_url.values())


def _open_for(app: Flask, settings: StoreSettings, url: str) -> Store:
    path = sqlite_path(url)

    if path is not None and not Path(path).is_absolute():
        Path(app.instance_path).mkdir(mode=0o700, parents=True, exist_ok=True)

    return open_store(
        url,
        prefix=settings.prefix,
        timeout=settings.timeout,
        max_items=settings.max_items,
        folder=app.instance_path,
    )
