"""A memory of good signatures, for algorithms that are slow to verify."""

from __future__ import annotations

import contextlib
import hashlib
import typing as t

from ._material import SECRET_ALGORITHMS

if t.TYPE_CHECKING:
    from flask_toolkit.jwt._jws import Parsed


class Verifier(t.Protocol):
    """What signatures are verified with: a key."""

    @property
    def alg(self) -> str:
        """Return its algorithm."""
        ...

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Tell whether ``signature`` was made over ``data``."""
        ...


class SignatureMemory:
    """Remembers that signatures are good, and nothing else of their tokens.

    Keeps hashes, no tokens; the least recently used goes first. A bad signature is
    never remembered, so rubbish drives nothing out. An entry is good for the very
    key object that made it: without the key it counts no more.

    It needs no lock, which a fork could leave locked: each step on the dictionary
    is atomic, and two threads at worst verify the same signature twice.

    :param size: Most entries.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._good: dict[bytes, Verifier] = {}

    def __len__(self) -> int:
        return len(self._good)

    def confirms(self, key: Verifier, parsed: Parsed) -> bool:
        """Tell whether ``key`` signed a token; asks it once a token."""
        # As fast as the memory.
        if key.alg in SECRET_ALGORITHMS:
            return key.verify(parsed.signed, parsed.signature)

        good = self._good
        # The signed part has exactly one dot, so no two tokens read the same.
        text = b"%b.%b" % (parsed.signed, parsed.signature)
        digest = hashlib.sha256(text).digest()

        # Taken out and put back behind the others: the first is the oldest.
        if good.pop(digest, None) is not key and not key.verify(
            parsed.signed, parsed.signature
        ):
            return False

        good[digest] = key

        while len(good) > self._size:
            # Raised if another thread changes it meanwhile: try again.
            with contextlib.suppress(RuntimeError, StopIteration):
                good.pop(next(iter(good)), None)

        return True
