"""Read a JWK Set that another host published (RFC 7517 section 5)."""

from __future__ import annotations

import logging
import typing as t

from flask_toolkit.jwt._errors import TokenInvalidError
from flask_toolkit.jwt._jws import read_object

from ._key import Key

if t.TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger("flask_toolkit.jwt")


def read_published(
    data: bytes, alg: str | None, before: Mapping[str | None, Key]
) -> list[Key]:
    """Return the usable keys of a JWK Set that another host published.

    What is no key for signatures, or one we do not know, is skipped: issuers
    publish such beside the others (RFC 7517 section 5). So are secrets.

    :param before: The keys of before; those that did not change are kept, and
        with them what is remembered of their signatures.
    :raises ValueError: If it is no JWK Set, or has no usable key.
    """
    loaded = (_published(jwk, alg) for jwk in _members(data))
    keys = [key for key in loaded if key is not None]

    if not keys:
        raise ValueError("it has no key for signatures that is supported")

    return [_unchanged(before.get(key.kid), key) for key in keys]


def _members(data: bytes) -> list[object]:
    try:
        members: object = read_object(data).get("keys")
    except TokenInvalidError:
        raise ValueError("it is no JSON object") from None

    if isinstance(members, list):
        return t.cast("list[object]", members)

    raise ValueError("it is no JWK Set: it has no list of keys")


def _published(jwk: object, alg: str | None) -> Key | None:
    if not isinstance(jwk, dict):
        return None

    members = t.cast("dict[str, t.Any]", jwk)

    if members.get("kty") == "oct":
        log.warning("A published secret was skipped: whoever reads it could sign")
        return None

    try:
        return Key.load(members, alg=alg).only_verifying()
    except ValueError as error:
        log.debug("A published key was skipped: %s", error)
        return None


def _unchanged(old: Key | None, new: Key) -> Key:
    is_same = old is not None and old.public_jwk() == new.public_jwk()
    return old if old is not None and is_same else new
