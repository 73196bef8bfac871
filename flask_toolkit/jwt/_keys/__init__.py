"""Keys: how they are loaded, kept, published, fetched and exchanged.

Pure: nothing here knows Flask. The rest of the room sees :class:`Key` and
:class:`KeySet`; what changes files is for the commands.
"""

from ._key import Key
from ._keysets import KeySet
from ._keysets import RemoteKeySet
from ._material import ALGORITHMS
from ._material import SECRET_ALGORITHMS

__all__ = ["ALGORITHMS", "SECRET_ALGORITHMS", "Key", "KeySet", "RemoteKeySet"]
