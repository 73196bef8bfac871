"""The next key of ``KEY_FILE`` signs: the file is replaced as a whole, or not.

Nothing that fails on the way leaves another file than the old one.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import typing as t
from functools import partial

from flask_toolkit.jwt._claims import END_OF_TIME

from ._key import Key
from ._keyfile import by_end
from ._keyfile import Entry
from ._keyfile import KeyFileError
from ._keyfile import read
from ._material import SECRET_ALGORITHMS
from ._private import private_jwk

if t.TYPE_CHECKING:
    from collections.abc import Generator
    from collections.abc import Sequence
    from pathlib import Path

_MODE: t.Final = 0o600


class Rotation(t.NamedTuple):
    """What a rotation did."""

    signing: Key
    next: Key
    retired: tuple[tuple[Key, float], ...]
    """Those that verify, each with its end in seconds since 1970."""

    dropped: tuple[Key, ...]
    """Those whose end had come."""

    is_first: bool
    """Whether there was no next key yet, so that the signing one stayed."""


def rotate(path: Path, *, alg: str | None, now: float, lifetime: float) -> Rotation:
    """Let the next key sign, retire the one that did, and add a new next key.

    A file without a next key only gets one: what no worker has read yet must not
    sign.

    :param alg: Algorithm of the new key. None: as the one that then signs.
    :param lifetime: Seconds that a retired key goes on verifying.
    :raises KeyFileError: If the file cannot be read or replaced, or somebody else
        rotates it. It is as it was then.
    :raises MissingExtraError: If ``cryptography`` is not installed and needed.
    """
    if path.is_symlink():
        raise KeyFileError(
            path, "is a symbolic link; set KEY_FILE to the file that it leads to"
        )

    with _only_one(path):
        dropped, kept = by_end(read(path), now)
        signing, *others = kept
        following = others[0] if others and _may_follow(others[0]) else None

        if following is not None:
            others = [*others[1:], _retired(signing, now + lifetime)]
            signing = following

        alg = alg or signing.key.alg

        _check_kind(path, alg, signing.key.alg)
        jwk = private_jwk(alg)
        fresh = Entry(Key.load(jwk), None, jwk)
        _replace(path, [signing, fresh, *others])

    return Rotation(
        signing.key,
        fresh.key,
        tuple((e.key, e.exp) for e in others if e.exp is not None),
        tuple(e.key for e in dropped),
        is_first=following is None,
    )


def write_new(path: Path, data: bytes, *, owner: int | None = None) -> None:
    """Write a file that was not there and that only its owner reads.

    :param owner: User id that shall own it, where that is not ours.
    :raises FileExistsError: If there is one, or a link; it is not touched.
    :raises OSError: If it cannot be written; nothing is left then.
    """
    # Private from its creation on; O_EXCL follows no link.
    with open(path, "xb", opener=partial(os.open, mode=_MODE)) as stream:
        try:
            if owner is not None and owner != os.geteuid():
                os.fchown(stream.fileno(), owner, -1)

            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        except BaseException:
            path.unlink()
            raise


def _may_follow(entry: Entry) -> bool:
    """Tell whether a second key is the one that signs next."""
    return entry.exp is None and entry.key.can_sign


def _check_kind(path: Path, alg: str, other: str) -> None:
    if (alg in SECRET_ALGORITHMS) != (other in SECRET_ALGORITHMS):
        raise KeyFileError(
            path,
            f"{alg} is another kind of key than {other}, and secrets and key pairs"
            " cannot stand in one JWK Set. Make another file with 'keygen --format"
            " jwk' and keep the old key in KEY_FALLBACKS",
        )


def _retired(entry: Entry, exp: float) -> Entry:
    # Of a pair the private half goes: it must not sign any more.
    is_secret = entry.key.alg in SECRET_ALGORITHMS
    jwk = entry.jwk if is_secret else entry.key.public_jwk()
    # A SESSION_LIFETIME may be longer than there are dates.
    end = min(math.ceil(exp), END_OF_TIME - 1)
    return Entry(entry.key, end, {**jwk, "exp": end})


@contextlib.contextmanager
def _only_one(path: Path) -> Generator[None]:
    """Hold the lock file beside the key file.

    It stays, empty: who removed it could let two others in. The lock itself ends
    with the process, however that ends.
    """
    import fcntl

    name = path.with_name(f"{path.name}.lock")

    try:
        # A link could name any file that we may write.
        lock = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _MODE)
    except OSError as error:
        raise KeyFileError.because(name, "cannot be opened", error) from None

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise KeyFileError(path, "is being rotated by another process") from None

    try:
        yield
    finally:
        os.close(lock)


def _replace(path: Path, entries: Sequence[Entry]) -> None:
    text = json.dumps({"keys": [entry.jwk for entry in entries]}, indent=2)
    new = path.with_name(f"{path.name}.new")

    try:
        # Left by a process that was killed: we alone hold the lock.
        new.unlink(missing_ok=True)
        write_new(new, f"{text}\n".encode(), owner=path.stat().st_uid)

        try:
            new.replace(path)
        except BaseException:
            new.unlink()
            raise
    except OSError as error:
        raise KeyFileError.because(path, "cannot be replaced", error) from None

    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Let a new name outlive a power cut, where the file system can do that.

    Without it the old file may come back, which is no worse than before.
    """
    with contextlib.suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)

        try:
            os.fsync(opened)
        finally:
            os.close(opened)
