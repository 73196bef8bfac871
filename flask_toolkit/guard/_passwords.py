"""Passwords: one amount of work, whether the user exists or not."""

from __future__ import annotations

import typing as t

from werkzeug.security import check_password_hash
from werkzeug.security import generate_password_hash

_MAX_BYTES: t.Final = 4096
_METHOD: t.Final = "scrypt:32768:8:1"
# The hash of nothing anybody knows; what counts is that it costs as much.
_DUMMY: t.Final = f"{_METHOD}$GEfxUnRcmn3A1R2x${'0' * 128}"
_PARTS = 3


def hash_password(given: str) -> str:
    """Return a salted hash to store: scrypt with N = 2^15, r = 8, p = 1.

    :raises ValueError: If ``given`` is over 4096 bytes or not encodable.
    """
    if _encodable(given) is None:
        raise ValueError("A password must be valid text of at most 4096 bytes.")

    return generate_password_hash(given, _METHOD)


def verify_password(stored: str | None, given: str) -> bool:
    """Tell whether ``given`` is the password behind ``stored``; never raises.

    Pass ``None`` for a user who does not exist: the answer takes as long, so its
    time does not tell which accounts exist (about 80 ms).

    :param stored: What :func:`hash_password` or Werkzeug returned.
    """
    password = _encodable(given)

    if stored is None or password is None or len(stored.split("$", 2)) != _PARTS:
        return _refuse()

    try:
        return check_password_hash(stored, password)
    except (ValueError, OverflowError, TypeError):
        # An unknown method, or one with parameters that nothing can compute.
        return _refuse()


def needs_rehash(stored: str) -> bool:
    """Tell whether ``stored`` was made otherwise than :func:`hash_password` does.

    After a successful sign-in, store a new hash if so.

    >>> needs_rehash("pbkdf2:sha256:600000$salt$00")
    True
    """
    return not stored.startswith(f"{_METHOD}$")


def _refuse() -> bool:
    check_password_hash(_DUMMY, "")
    return False


def _encodable(given: object) -> str | None:
    # What came as JSON may be no text, or carry a lone surrogate: "\\ud800".
    if not isinstance(given, str):
        return None

    try:
        size = len(given.encode())
    except UnicodeEncodeError:
        return None

    return given if size <= _MAX_BYTES else None
