"""A sign-in as one line of text in a session: how it reads and when it ends."""

from __future__ import annotations

import functools
import hashlib
import hmac
from dataclasses import dataclass

_FIELDS = 4
_IDLE_STEPS = 10
_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Login:
    """What a session says about who signed in, already checked for form."""

    id: str
    auth_time: int
    epoch: str | None
    seen: int


def write_login(login: Login) -> str:
    """Return a sign-in as text: when, last seen if later, epoch, who.

    Flask opens the cookie on every request; the same as a dict would cost more
    there than all that the guard does with it.

    >>> write_login(Login("1", 1000, None, 1000))
    '1000,,,1'
    >>> write_login(Login("1", 1000, "mac", 1060))
    '1000,1060,mac,1'
    """
    seen = "" if login.seen == login.auth_time else login.seen
    return f"{login.auth_time},{seen},{login.epoch or ''},{login.id}"


def read_login(payload: object) -> Login | None:
    """Return the sign-in that a session holds; ``None`` if it holds none.

    >>> read_login("1000,,,1")
    Login(id='1', auth_time=1000, epoch=None, seen=1000)
    >>> read_login(ended_login("1")) is None
    True
    """
    return parse_login(payload) if isinstance(payload, str) else None


# The same text comes with each request of a user, and only a session that holds
# brings it here. It is read as a whole: what it says now is judged each time.
@functools.lru_cache(_REMEMBERED)
def parse_login(text: str) -> Login | None:
    try:
        at, seen, epoch, id = text.split(",", _FIELDS - 1)
        auth_time = int(at)
        last_seen = int(seen) if seen else auth_time
    except ValueError:
        return None

    return Login(id, auth_time, epoch or None, last_seen) if id else None


def ended_login(id: str) -> str:
    """Return what an ended sign-in leaves behind: the id, and no time.

    The next user shall not inherit this one's data, and the loader is not asked
    again.
    """
    return f",,,{id}"


def last_user(payload: object) -> str | None:
    """Return the id of who is or was signed in with a session, if anybody.

    >>> last_user("1000,,,1"), last_user(ended_login("1")), last_user(None)
    ('1', '1', None)
    """
    if not isinstance(payload, str):
        return None

    fields = payload.split(",", _FIELDS - 1)
    return fields[-1] if len(fields) == _FIELDS else None


def too_old(login: Login, now: int, max_age: float, idle_age: float | None) -> str:
    """Return why a sign-in has ended by its age; empty if it has not.

    >>> too_old(Login("1", 0, None, 90), 100, 60, None)
    'expired'
    >>> too_old(Login("1", 0, None, 90), 100, 1000, 5)
    'idle'
    """
    if now - login.auth_time > max_age:
        return "expired"

    if idle_age is not None and now - login.seen > idle_age:
        return "idle"

    return ""


def needs_stamp(login: Login, now: int, idle_age: float | None) -> bool:
    """Tell whether "last seen" must be written anew: every tenth of the limit."""
    return idle_age is not None and now - login.seen >= idle_age / _IDLE_STEPS


def epoch_mac(key: bytes, id: str, epoch: str) -> str:
    """Return what stands for an epoch in a session, which clients can read."""
    # The length keeps the pairs ("a", "bc") and ("ab", "c") apart.
    message = f"{len(id)}:{id}{epoch}".encode("utf-8", "surrogatepass")
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:32]


def epoch_matches(mac: str | None, id: str, epoch: str, key: bytes) -> bool:
    """Tell whether ``mac`` was made with ``key`` for this user and epoch."""
    made = epoch_mac(key, id, epoch).encode()
    return mac is not None and hmac.compare_digest(mac.encode("utf-8", "replace"), made)
