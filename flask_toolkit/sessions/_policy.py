"""What a session's cookie may hold, and how long a session lasts."""

from __future__ import annotations

import hashlib
import re
import secrets
import typing as t

PREFIX: t.Final = "sess:"
_ID = re.compile(r"[A-Za-z0-9_-]{43}")
_HANDLE = re.compile(r"[0-9a-f]{64}")
_TOUCHES: t.Final = 20


def new_id() -> str:
    """Return a random id of 256 bits, as the cookie carries it."""
    return secrets.token_urlsafe(32)


def is_id(text: str) -> bool:
    """Tell whether a cookie can be one of ours; others cost no command.

    >>> is_id(new_id()), is_id("eyJ1c2VyIjoiNyJ9.aSWq1g.signed-by-flask")
    (True, False)
    """
    return _ID.fullmatch(text) is not None


def key_of(id: str) -> str:
    """Return where a session is kept: who reads the store learns no cookie.

    >>> key_of("A" * 43)
    'sess:0f007385b6f9d4b7eeb2748605afe1a984a0a3bfa3f014d09e2a784ce9e5cd1a'
    """
    return PREFIX + hashlib.sha256(id.encode()).hexdigest()


def moved_key(key: str) -> str:
    """Return where it is kept for a while that a session has another id now."""
    return f"{PREFIX}moved:{key.removeprefix(PREFIX)}"


def handle_of(key: str) -> str:
    """Return what pages may show of a session, to name it."""
    return key.removeprefix(PREFIX)


def key_of_handle(handle: str) -> str | None:
    """Return the key that a handle from outside names, if it is one.

    >>> key_of_handle("../7")
    """
    return PREFIX + handle if _HANDLE.fullmatch(handle) else None


def time_left(created: float, now: float, lifetime: float, max_age: float) -> float:
    """Return the seconds that a session used now has to live.

    >>> time_left(0, 80, 30, 100), time_left(0, 10, 30, 100)
    (20, 30)
    """
    return min(lifetime, created + max_age - now)


def is_over(
    created: float, seen: float, now: float, lifetime: float, max_age: float
) -> bool:
    """Tell whether a session has ended, by idleness or by age.

    The store counts too; this holds for a lifetime that was shortened since.

    >>> is_over(0, 0, 30, 30, 100), is_over(0, 90, 99, 30, 100)
    (True, False)
    """
    return now >= min(seen + lifetime, created + max_age)


def needs_touch(seen: float, now: float, lifetime: float) -> bool:
    """Tell whether a session that was only read must be prolonged.

    >>> needs_touch(0, 4, 100), needs_touch(0, 5, 100)
    (False, True)
    """
    return now - seen >= lifetime / _TOUCHES
