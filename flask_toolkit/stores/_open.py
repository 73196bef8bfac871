"""From an address to an open store."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from flask_toolkit._extension import kernel_settings
from flask_toolkit._settings import declare
from flask_toolkit.errors import SetupError

from .memory import MemoryStore

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from flask_toolkit.typing import Store

_KEY: t.Final = "toolkit.stores"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """Settings of the shared store, read once per application."""

    url: str = "memory://"
    """Address of the store; ``memory://`` is this process alone."""

    max_items: int = 100_000
    """How many entries a memory store takes before it refuses new ones."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield each field whose value does not fit, with what would."""
        if self.max_items < 1:
            yield "max_items", "must be at least 1"

        if not _known(self.url):
            yield "url", _UNKNOWN


_SPEC = declare("store", StoreSettings)
_UNKNOWN: t.Final = "names no store that is known; the one there is: memory://"


def _known(url: str) -> bool:
    return url == "memory://"


def open_store(url: str, **options: t.Any) -> Store:
    """Open the store that ``url`` names.

    :param options: Passed to the class of the store.
    :raises SetupError: If no store is known for the address. The message does
        not show it, as it may hold a password.
    """
    if not _known(url):
        raise SetupError(f"The address {_UNKNOWN}")

    return MemoryStore(**options)


def store_for(app: Flask, url: str | None = None) -> Store:
    """Return the store of ``app`` for ``url``, opened once.

    :param url: Another address than ``TOOLKIT_STORE_URL``.
    :raises ConfigError: If the settings of the store do not fit.
    """
    settings: StoreSettings = kernel_settings(app, _SPEC)
    opened: dict[str, Store] = app.extensions.setdefault(_KEY, {})
    address = settings.url if url is None else url

    if address not in opened:
        # Two threads may both open one; setdefault lets all see the same.
        opened.setdefault(address, open_store(address, max_items=settings.max_items))

    return opened[address]
