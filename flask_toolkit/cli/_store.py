"""``store``: what can be done to the stores of an application from outside."""

from __future__ import annotations

import sys
import typing as t

import click

from flask_toolkit.errors import StoreUnavailableError
from flask_toolkit.stores import MemoryStore
from flask_toolkit.stores import SQLiteStore
from flask_toolkit.stores import stores_of

from ._listing import load_app

if t.TYPE_CHECKING:
    from flask import Flask

    from flask_toolkit.stores import Store

_EVERY: t.Final = 10_000


@click.group("store")
def command() -> None:
    """Look after the stores of the application."""


@command.command("purge")
def purge() -> None:
    """Drop what has expired.

    Run it now and then, for example daily, where a store is a SQLite file: there
    expired entries take room until then. It works in small steps, so that the
    application can go on writing meanwhile.
    """
    for store in _stores(load_app()):
        click.echo(f"{_name(store)}: {_purged(store)}")


def _stores(app: Flask) -> list[Store]:
    # Sessions may have been given one that no address names.
    sessions = getattr(app.extensions.get("toolkit.sessions"), "records", None)
    given = [] if sessions is None else [sessions.store]
    return list({id(store): store for store in [*stores_of(app), *given]}.values())


def _purged(store: Store) -> str:
    if isinstance(store, MemoryStore):
        return "lives in the processes of the application, out of reach from here"

    if not isinstance(store, SQLiteStore):
        return "drops what has expired by itself"

    if not store.path.exists():
        return "nothing to drop, there is no file yet"

    progress = _Progress(live=sys.stderr.isatty())

    try:
        count = store.purge(tell=progress.add)
    except StoreUnavailableError as error:
        raise click.ClickException(
            f"{_name(store)} does not answer; the log says why."
            f" Dropped until then: {progress.count}."
        ) from error
    finally:
        progress.end()
        store.close()

    noun = "entry" if count == 1 else "entries"
    return f"dropped {count} expired {noun}"


def _name(store: Store) -> str:
    return f"{store!r}".strip("<>").partition(" of ")[0]


class _Progress:
    """Tells how far it is: on a terminal in place, else in a line now and then."""

    def __init__(self, *, live: bool) -> None:
        self.count = 0
        self._live = live
        self._told = 0

    def add(self, count: int) -> None:
        """Count, and tell if it is time."""
        self.count += count

        if self._live:
            click.echo(f"\rdropped {self.count}", err=True, nl=False)
        elif self.count - self._told >= _EVERY:
            self._told = self.count
            click.echo(f"dropped {self.count}", err=True)

    def end(self) -> None:
        """Leave the line, if there is one."""
        if self._live and self.count:
            click.echo(err=True)
