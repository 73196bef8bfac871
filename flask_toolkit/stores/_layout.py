r"""How a record lies on a Redis server: one value, so that one answer has it all.

It is a JSON object, as the server's scripts can read and write one, of bytes
that stand for themselves, whatever their encoding::

    {"o": "=7\n=staff:7", "f": {"a": "1", "meta": "hi"}}

To read it takes half of what a hash of five fields takes, as redis-py parses each
part of an answer by itself. The price is that the server merges what a request
changed into all of it (``_scripts``): 5 us for a session of four keys, as with a
hash, and half a millisecond for one of 100 kB.
"""

from __future__ import annotations

import json
import math
import typing as t

from ._policy import as_bytes
from ._policy import as_text

# Each byte a character, and back.
_BYTES: t.Final = "latin-1"
_LONGEST: t.Final = 100 * 365 * 24 * 3600  # seconds; Redis refuses far ones


class Laid(t.NamedTuple):
    """A record as it was found."""

    owners: tuple[bytes, ...]
    """Whose it is, each as the scripts know it."""

    fields: dict[str, bytes]


def taken_apart(data: bytes) -> Laid:
    r"""Return the record that lies in ``data``.

    :raises ValueError: If it is none.

    >>> taken_apart(b'{"o": "=7", "f": {"a": "1", "\xc3\xa4": "\xff"}}')
    Laid(owners=(b'=7',), fields={'a': b'1', 'ä': b'\xff'})
    """
    try:
        laid = json.loads(data.decode(_BYTES))
        fields = {
            name if name.isascii() else as_text(name.encode(_BYTES)): (
                value.encode(_BYTES)
            )
            for name, value in laid["f"].items()
        }
        return Laid(lines_of(laid["o"].encode(_BYTES)), fields)
    except (LookupError, TypeError, AttributeError, RecursionError):
        raise ValueError("no record") from None


def owned_by(owner: str) -> bytes:
    r"""Return an owner as a record names it: a line of its own, and never empty.

    >>> owned_by("7"), owned_by(""), owned_by("a\nb")
    (b'=7', b'=', b'=a\\nb')
    """
    return b"=" + as_bytes(owner).replace(b"\\", b"\\\\").replace(b"\n", b"\\n")


def lines_of(owners: bytes) -> tuple[bytes, ...]:
    r"""Return the owners of a record, which stand one a line.

    >>> lines_of(b"=7\n=staff:7"), lines_of(b"")
    ((b'=7', b'=staff:7'), ())
    """
    return tuple(owners.split(b"\n")) if owners else ()


def milliseconds(ttl: float) -> bytes:
    """Return a time to live as the server takes it, one at least.

    >>> milliseconds(1.5), milliseconds(1e-9), milliseconds(1e300)
    (b'1500', b'1', b'3153600000000')
    """
    return b"%d" % max(1, math.ceil(min(ttl, _LONGEST) * 1000))
