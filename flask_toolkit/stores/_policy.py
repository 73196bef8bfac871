"""What fits into a store, and which address names which store."""

from __future__ import annotations

import math
import re
import typing as t
from urllib.parse import urlsplit

if t.TYPE_CHECKING:
    from collections.abc import Collection
    from urllib.parse import SplitResult

KNOWN: t.Final = "memory://, sqlite:///file.db, redis://, rediss://, unix://"
_KEY = re.compile(r"[\x21-\x7e]{1,512}")
_DATABASE = re.compile(r"/?[0-9]{0,9}")
_MAX_VALUE: t.Final = 1 << 20
_SQLITE: t.Final = "sqlite:///"
_REDIS: t.Final = ("redis://", "rediss://", "unix://")


def is_key(key: str) -> bool:
    """Tell whether something may be stored under ``key``.

    >>> is_key("sess:1"), is_key("two words")
    (True, False)
    """
    return _KEY.fullmatch(key) is not None


def check(key: str, ttl: float, *values: bytes) -> None:
    """Refuse what no store takes.

    :raises ValueError: If key, time to live or a value is out of bounds.
    """
    if not is_key(key):
        raise ValueError("a key must be 1 to 512 printable ASCII characters")

    if not (math.isfinite(ttl) and ttl > 0):
        raise ValueError("a time to live must be finite and above 0 seconds")

    if any(len(value) > _MAX_VALUE for value in values):
        raise ValueError("a value must not be longer than 1 MiB")


def as_bytes(text: str) -> bytes:
    """Encode a name or an owner; a lone surrogate survives the round trip."""
    return text.encode("utf-8", "surrogatepass")


def owners_of(owner: str | Collection[str] | None) -> tuple[str, ...]:
    """Return the names of owners, each once and in order.

    >>> owners_of("ada"), owners_of({"b", "a"}), owners_of(None)
    (('ada',), ('a', 'b'), ())
    """
    if not owner and owner != "":
        return ()

    return (owner,) if isinstance(owner, str) else tuple(sorted(set(owner)))


def as_text(data: bytes) -> str:
    """Decode what :func:`as_bytes` encoded."""
    return data.decode("utf-8", "surrogatepass")


def is_redis(url: str) -> bool:
    """Tell whether ``url`` names a Redis server."""
    return url.startswith(_REDIS)


def sqlite_path(url: str) -> str | None:
    """Return the path of a SQLite address, or ``None`` if it is none.

    >>> sqlite_path("sqlite:///file.db"), sqlite_path("sqlite:////var/file.db")
    ('file.db', '/var/file.db')
    """
    return url.removeprefix(_SQLITE) if url.startswith(_SQLITE) else None


def problem_of(url: str) -> str | None:
    """Return what is wrong with an address, without a part of it, or ``None``.

    >>> problem_of("sqlite:///file.db")
    >>> problem_of("sqlite:///")
    'must name a file, as in sqlite:///file.db'
    """
    path = sqlite_path(url)

    if path is not None:
        fits = path not in {"", ":memory:"} and not path.endswith("/")
        return None if fits else "must name a file, as in sqlite:///file.db"

    if is_redis(url):
        return _problem_of_redis(url)

    return None if url == "memory://" else f"names no store that is known: {KNOWN}"


def _problem_of_redis(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        # The port is only read, and refused, when it is asked for.
        fits = parts.port != 0 and not parts.fragment
        # 'redis://me:12/34@db' would read as host 'me', port 12.
        fits = fits and (parts.scheme == "unix" or _is_database(parts))
    except ValueError:
        fits = False

    if not fits:
        return (
            "is not a well-formed address; in a password '/', '?', '#', '@' and '%'"
            " must be percent-encoded"
        )

    return None


def _is_database(parts: SplitResult) -> bool:
    return _DATABASE.fullmatch(parts.path) is not None and "@" not in parts.query
