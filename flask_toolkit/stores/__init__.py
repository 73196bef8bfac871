"""Small stores of bytes with a time to live, behind one protocol.

:func:`store_for` opens the store that ``TOOLKIT_STORE_URL`` names, once an
application. ``memory://``, the default, lives in one process and ends with it.
"""

from flask_toolkit.typing import Store

from ._open import open_store
from ._open import store_for
from ._open import StoreSettings
from .memory import MemoryStore

__all__ = ["MemoryStore", "Store", "StoreSettings", "open_store", "store_for"]
