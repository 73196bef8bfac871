"""The file behind ``KEY_FILE``: a private JWK Set.

The first key signs. The second one, while it has no ``exp``, is published and
signs after the next rotation, so that a restart of one worker after the other
refuses no token. The rest only verifies, until its ``exp``. A message names the
file, never what stands in it.
"""

from __future__ import annotations

import os
import stat
import typing as t

from flask_toolkit.jwt._claims import is_number
from flask_toolkit.jwt._errors import TokenInvalidError
from flask_toolkit.jwt._jws import read_object

from ._key import Key
from ._material import SECRET_ALGORITHMS

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_NOT_OURS: t.Final = 0o077
_HAS_MODES: t.Final = os.name == "posix"  # to Windows every file is 0666
_LIMIT: t.Final = 1024 * 1024


class KeyFileError(ValueError):
    """A key file that cannot be used; the message names it."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")

    @classmethod
    def because(cls, path: Path, problem: str, error: OSError) -> t.Self:
        """Return one with the reason of the operating system."""
        reason = (error.strerror or type(error).__name__).lower()
        return cls(path, f"{problem}: {reason}")


class Entry(t.NamedTuple):
    """One key of the file."""

    key: Key
    exp: float | None
    """When a retired key ends, in seconds since 1970."""

    jwk: dict[str, t.Any]

    def __repr__(self) -> str:
        return f"Entry({self.key!r}, exp={self.exp})"


def read(path: Path) -> tuple[Entry, ...]:
    """Return the keys of the file, the signing one first.

    :raises KeyFileError: If others may read the file, or it holds anything but
        private keys of one issuer.
    :raises MissingExtraError: If it holds a key pair and ``cryptography`` is not
        installed.
    """
    listed = [
        _entry(path, number, jwk)
        for number, jwk in enumerate(_members(path, _content(path)), 1)
    ]

    if not listed or not listed[0].key.can_sign or listed[0].exp is not None:
        raise KeyFileError(path, "the first key must be private and have no exp")

    if len({entry.key.kid for entry in listed}) != len(listed):
        raise KeyFileError(path, "two keys have the same kid")

    if len({entry.key.alg in SECRET_ALGORITHMS for entry in listed}) > 1:
        raise KeyFileError(path, "secrets and key pairs cannot stand in one JWK Set")

    return tuple(listed)


def living(entries: Iterable[Entry], now: float) -> tuple[Key, ...]:
    """Return the keys whose end has not come; only the first one signs."""
    _, kept = by_end(entries, now)
    first, *others = (entry.key for entry in kept)
    return (first, *(key.only_verifying() for key in others))


def by_end(entries: Iterable[Entry], now: float) -> tuple[list[Entry], list[Entry]]:
    """Return the entries whose end has come, and the others."""
    parts: tuple[list[Entry], list[Entry]] = [], []

    for entry in entries:
        parts[entry.exp is None or entry.exp > now].append(entry)

    return parts


def _content(path: Path) -> bytes:
    try:
        # Opening a pipe would wait for its other end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise KeyFileError(path, "is not a regular file")

        with path.open("rb") as stream:
            # Of what was opened: the name may mean another file by now.
            mode = os.fstat(stream.fileno()).st_mode
            data = stream.read(_LIMIT + 1)
    except OSError as error:
        raise KeyFileError.because(path, "cannot be read", error) from None

    if _HAS_MODES and mode & _NOT_OURS:
        raise KeyFileError(
            path,
            f"its mode is {stat.S_IMODE(mode):04o}, so others than its owner may use"
            f" it; run: chmod 600 {path}",
        )

    if len(data) > _LIMIT:
        raise KeyFileError(path, f"is larger than {_LIMIT} bytes")

    return data


def _members(path: Path, data: bytes) -> list[object]:
    """Return the members of a JWK Set; a single JWK is a set of one."""
    try:
        found = read_object(data)
    except TokenInvalidError:
        found = {}

    listed: object = found.get("keys", [found] if "kty" in found else None)

    if not isinstance(listed, list):
        raise KeyFileError(
            path, "is not a JWK Set in JSON; a PEM key or a secret belongs into KEY"
        )

    return t.cast("list[object]", listed)


def _entry(path: Path, number: int, jwk: object) -> Entry:
    if not isinstance(jwk, dict):
        raise KeyFileError(path, f"key {number} is not a JSON object")

    members = t.cast("dict[str, t.Any]", jwk)
    exp = members.get("exp")

    # Later than a date can be, it could not be shown either.
    if exp is not None and (not is_number(exp) or exp <= 0):
        raise KeyFileError(path, f"key {number}: exp must be seconds since 1970")

    try:
        return Entry(Key.load(members), exp, members)
    except ValueError as error:
        # What is said of a key never quotes it.
        raise KeyFileError(path, f"key {number}: {error}") from None
