"""Signed tokens and addresses as text: data in, data out."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import typing as t

from itsdangerous import BadData
from itsdangerous import URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode

from flask_toolkit._values import seconds
from flask_toolkit.errors import SignedTokenError
from flask_toolkit.errors import SignedTokenExpiredError

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence
    from datetime import datetime

    from flask_toolkit.typing import Duration

# 32 bytes leave two bits of their last character unused. Only the spelling that
# the signer writes passes, so that no two texts are the same token.
_TOKEN = re.compile(r"[A-Za-z0-9_.-]+\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
_SIGNATURE = re.compile(r"([1-9][0-9]{0,11})\.([A-Za-z0-9_-]{43})")
_LONGEST: t.Final = 10 * 365 * 86400
_SKEW: t.Final = 60


class TokenClaims(t.NamedTuple):
    """What a signed token says."""

    subject: str
    """Whom or what it is about, as given to ``issue``."""

    issued_at: datetime
    """When it was made, in UTC, to the second."""

    claims: dict[str, t.Any]
    """What else was given to ``issue``; anybody who holds the token can read it."""


class Opened(t.NamedTuple):
    """A token that verified, with what only ``consume`` needs."""

    claims: TokenClaims
    id: str | None
    state: str | None
    ttl: float
    """How long its use must be remembered, in seconds."""


def length_of(duration: Duration, name: str) -> float:
    """Return a lifetime in seconds.

    :raises ValueError: If it is not between a second and ten years.

    >>> length_of(60, "max_age")
    60.0
    """
    length = seconds(duration)

    if not 1 <= length <= _LONGEST:
        raise ValueError(f"{name} must lie between 1 second and 10 years.")

    return float(length)


def serializer_for(keys: Iterable[bytes], purpose: str) -> URLSafeTimedSerializer:
    """Return the serializer of one purpose: HMAC-SHA256, the last key signs."""
    return URLSafeTimedSerializer(
        list(keys),
        salt=purpose,
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )


def seal(
    serializer: URLSafeTimedSerializer,
    subject: str,
    claims: dict[str, t.Any],
    *,
    id: str | None,
    state: str | None,
) -> str:
    """Return a token, stamped with the time of now.

    :raises TypeError: If a claim cannot be written as JSON.
    """
    payload: dict[str, t.Any] = {"s": subject, "c": claims, "i": id, "m": state}
    short = {name: item for name, item in payload.items() if item}
    return serializer.dumps(short)


def unseal(
    serializer: URLSafeTimedSerializer, token: str | None, *, max_age: float, now: float
) -> Opened:
    """Return what a token says if its signature and its age pass.

    :param max_age: How old it may be, in seconds.
    :param now: The time, in Unix seconds.
    :raises SignedTokenExpiredError: If it is older.
    :raises SignedTokenError: If anything else is wrong with it.
    """
    if token is None or _TOKEN.fullmatch(token) is None:
        raise SignedTokenError

    try:
        payload, issued_at = serializer.loads(token, return_timestamp=True)
    except BadData:
        # Its message quotes the token, which an unspent one must not leak.
        raise SignedTokenError from None

    # Whole seconds, as the stamp has no others.
    age = int(now) - issued_at.timestamp()

    if age > max_age:
        raise SignedTokenExpiredError

    if age < -_SKEW:
        # The clock that stamped it was wrong: it could live for years.
        raise SignedTokenError

    claims = TokenClaims(payload["s"], issued_at, payload.get("c", {}))
    ttl = max_age - age + _SKEW
    return Opened(claims, payload.get("i"), payload.get("m"), ttl)


def state_mac(key: bytes, purpose: str, subject: str, state: str) -> str:
    """Return what stands for a state in a token; the state cannot be read in it."""
    return _mac(key, [1, purpose, subject, state])


def state_fits(
    mac: str, keys: Iterable[bytes], purpose: str, subject: str, state: str
) -> bool:
    """Tell whether ``mac`` was made of this state with one of the keys."""
    return _is_one_of(mac, (state_mac(key, purpose, subject, state) for key in keys))


class Address(t.NamedTuple):
    """What the signature of an address covers, all of it decoded."""

    endpoint: str
    host: str
    """Empty where the routes do not depend on it."""

    path: str
    query: Sequence[tuple[str, str]]

    def signature(self, key: bytes, expiry: int) -> str:
        """Return the value of ``_sig``."""
        return f"{expiry}.{self._mac(key, expiry)}"

    def check(
        self, signatures: Sequence[str], keys: Iterable[bytes], *, now: float
    ) -> int:
        """Return the expiry that was signed, in Unix seconds.

        :param signatures: Every ``_sig`` of the query; more than one is refused.
        :raises SignedTokenExpiredError: If it has passed.
        :raises SignedTokenError: If the signature does not fit.
        """
        found = _SIGNATURE.fullmatch(signatures[0]) if len(signatures) == 1 else None

        if found is None:
            raise SignedTokenError

        expiry = int(found[1])

        if not _is_one_of(found[2], (self._mac(key, expiry) for key in keys)):
            raise SignedTokenError

        if expiry <= now:
            raise SignedTokenExpiredError

        return expiry

    def _mac(self, key: bytes, expiry: int) -> str:
        # Proxies may sort a query; the order under one name has a meaning.
        query = sorted(self.query, key=lambda pair: pair[0])
        return _mac(key, [1, self.endpoint, self.host, self.path, query, expiry])


def _mac(key: bytes, parts: list[t.Any]) -> str:
    message = json.dumps(parts, separators=(",", ":")).encode("ascii")
    return base64_encode(hmac.digest(key, message, "sha256")).decode("ascii")


def _is_one_of(mac: str, wanted: Iterable[str]) -> bool:
    return any(hmac.compare_digest(mac, one) for one in wanted)
