"""Passwords: one amount of work, whether the user exists or not."""

from __future__ import annotations

import functools
import typing as t

from werkzeug.security import check_password_hash
from werkzeug.security import generate_password_hash

from flask_toolkit.errors import MissingExtraError

if t.TYPE_CHECKING:
    from argon2 import PasswordHasher

    Scheme: t.TypeAlias = t.Literal["scrypt", "argon2"]

_MAX_BYTES: t.Final = 4096
_SCRYPT: t.Final = "scrypt:32768:8:1"
_ARGON2: t.Final = "$argon2id$v=19$m=19456,t=2,p=1$"
# Hashes of nothing anybody knows; what counts is that they cost as much.
_DUMMY: t.Final = f"{_SCRYPT}$GEfxUnRcmn3A1R2x${'0' * 128}"
_DUMMY_ARGON2: t.Final = f"{_ARGON2}R0VmeFVuUmNtbjNBMVIyeA${'A' * 43}"
_PARTS = 3


def hash_password(given: str, *, scheme: Scheme = "scrypt") -> str:
    """Return a salted hash to store.

    :param scheme: ``scrypt`` with N = 2^15, r = 8, p = 1, or ``argon2`` for
        Argon2id with 19 MiB, two passes and one lane (RFC 9106), which takes a
        third of the time and is what OWASP advises; it needs the extra ``argon2``.
    :raises ValueError: If ``given`` is over 4096 bytes or not encodable.
    :raises MissingExtraError: If argon2-cffi is not installed.
    """
    if _encodable(given) is None:
        raise ValueError("A password must be valid text of at most 4096 bytes.")

    if scheme == "argon2":
        hasher, _ = _argon2()
        return hasher.hash(given)

    return generate_password_hash(given, _SCRYPT)


def verify_password(
    stored: str | None, given: str, *, scheme: Scheme = "scrypt"
) -> bool:
    """Tell whether ``given`` is the password behind ``stored``.

    Hashes of either scheme verify. Pass ``None`` for a user who does not exist:
    the answer takes as long, so its time does not tell which accounts exist.
    No text makes it raise.

    :param stored: What :func:`hash_password` or Werkzeug returned.
    :param scheme: That of most stored hashes, whose work is done for nobody.
    :raises MissingExtraError: If a hash or the scheme is Argon2 and argon2-cffi
        is not installed.
    """
    password = _encodable(given)

    if stored is None or password is None:
        return _refuse(scheme)

    try:
        if stored.startswith("$argon2"):
            return _is_argon2_of(stored, password)

        if len(stored.split("$", 2)) == _PARTS:
            return check_password_hash(stored, password)
    except (ValueError, OverflowError, TypeError):
        # An unknown method, or one with parameters that nothing can compute.
        pass

    return _refuse(scheme)


def needs_rehash(stored: str, *, scheme: Scheme = "scrypt") -> bool:
    """Tell whether ``stored`` was made otherwise than :func:`hash_password` does.

    After a successful sign-in, store a new hash if so.

    >>> needs_rehash("pbkdf2:sha256:600000$salt$00")
    True
    """
    return not stored.startswith(_ARGON2 if scheme == "argon2" else f"{_SCRYPT}$")


def _refuse(scheme: Scheme) -> bool:
    if scheme == "argon2":
        _is_argon2_of(_DUMMY_ARGON2, "")
    else:
        check_password_hash(_DUMMY, "")

    return False


def _is_argon2_of(stored: str, password: str) -> bool:
    hasher, exceptions = _argon2()

    try:
        return hasher.verify(stored, password)
    except exceptions.VerifyMismatchError:
        return False
    except exceptions.VerificationError as error:
        raise ValueError("no hash that can be computed") from error


@functools.cache
def _argon2() -> tuple[PasswordHasher, t.Any]:
    """Return what hashes by our parameters, and the errors it raises.

    :raises MissingExtraError: If argon2-cffi is not installed.
    """
    try:
        import argon2
    except ImportError:
        raise MissingExtraError("argon2") from None

    hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
    return hasher, argon2.exceptions


def _encodable(given: object) -> str | None:
    # What came as JSON may be no text, or carry a lone surrogate: "\\ud800".
    if not isinstance(given, str):
        return None

    try:
        size = len(given.encode())
    except UnicodeEncodeError:
        return None

    return given if size <= _MAX_BYTES else None
