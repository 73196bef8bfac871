"""What a session's cookie may hold, and how long a session lasts."""

from __future__ import annotations

import hashlib
import re
import secrets
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Mapping

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


def end_of(created: float, max_age: float, owners: Mapping[str, float | None]) -> float:
    """Return when a session ends however often it is used.

    :param owners: Whose it is, each until when; None: as long as it lasts. It ends
        with the last of them, as what it holds is theirs.

    >>> end_of(0, 100, {}), end_of(0, 100, {"7": 60, "staff:7": 80})
    (100, 80)
    >>> end_of(0, 100, {"7": 60, "staff:7": None})
    100
    """
    end = created + max_age

    if not owners or None in owners.values():
        return end

    return min(end, max(until for until in owners.values() if until is not None))


def is_over(end: float, seen: float, now: float, lifetime: float) -> bool:
    """Tell whether a session has ended, by idleness or by age.

    The store counts too; this holds for a lifetime that was shortened since.

    >>> is_over(100, 0, 30, 30), is_over(100, 90, 99, 30)
    (True, False)
    """
    return now >= min(seen + lifetime, end)


def owner_to_text(owner: str, until: float | None) -> str:
    """Return an owner as one word of what is stored of a session.

    >>> owner_to_text("staff:7", 1800000000.0), owner_to_text("a b@c%", None)
    ('staff:7@1800000000', 'a%20b%40c%25')
    """
    for char in "%", " ", "@":
        owner = owner.replace(char, f"%{ord(char):02X}")

    return owner if until is None else f"{owner}@{until:.0f}"


def owner_of_text(text: str) -> tuple[str, float | None]:
    """Return what :func:`owner_to_text` was given, the end in whole seconds.

    >>> owner_of_text("staff:7@1800000000"), owner_of_text("a%20b%40c%25")
    (('staff:7', 1800000000.0), ('a b@c%', None))
    """
    name, _, until = text.partition("@")

    if "%" in name:
        for char in "@", " ", "%":
            name = name.replace(f"%{ord(char):02X}", char)

    return name, float(until) if until else None


def needs_touch(seen: float, now: float, lifetime: float) -> bool:
    """Tell whether a session that was only read must be prolonged.

    >>> needs_touch(0, 4, 100), needs_touch(0, 5, 100)
    (False, True)
    """
    return now - seen >= lifetime / _TOUCHES
