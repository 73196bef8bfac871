"""Small stores of bytes with a time to live, behind one protocol.

:func:`store_for` opens the store that ``TOOLKIT_STORE_URL`` names, once an
application. ``memory://``, the default, lives in one process and ends with it;
``sqlite:///file.db`` serves the processes of one host, ``redis://`` a fleet.
"""

from __future__ import annotations

import typing as t

from flask_toolkit.typing import Store

from ._open import open_store
from ._open import store_for
from ._open import stores_of
from ._open import StoreSettings
from .memory import MemoryStore

if t.TYPE_CHECKING:
    from .redis import RedisStore as RedisStore
    from .sqlite import SQLiteStore as SQLiteStore

__all__ = [
    "MemoryStore",
    "RedisStore",
    "SQLiteStore",
    "Store",
    "StoreSettings",
    "open_store",
    "store_for",
    "stores_of",
]

# Loaded at their first use: one needs an extra, both cost time to import.
_HOME = {"RedisStore": ".redis", "SQLiteStore": ".sqlite"}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    from importlib import import_module

    value = globals()[name] = getattr(import_module(_HOME[name], __name__), name)
    return value
