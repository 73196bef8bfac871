"""Why a token is not valid, and what its times are, in words.

A word of a token is quoted as JSON. Who prints it must escape what a terminal
would obey.
"""

from __future__ import annotations

import json
import typing as t
from datetime import datetime
from datetime import UTC

from ._claims import is_number
from ._claims import started_at
from ._issuers import REFRESH_TYP
from ._jws import normal_typ

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ._issuers import Issuer
    from ._keys import Key
    from ._policy import Rules

_WORDS: t.Final[Mapping[str, str]] = {
    "crit": "its header has crit or b64, and no extension is supported",
    "encoding": "a segment is not written as base64url has to be",
    "json": (
        "header or claims are no JSON object in UTF-8, or a name is there twice, or a"
        " number is not finite"
    ),
    "keys": "the keys of its issuer cannot be fetched",
    "keys-offline": "the keys of its issuer were not fetched (--offline)",
    "malformed": "it is not three segments of base64url with dots between them",
    "signature": "another key made the signature, or the token was changed",
}
# These are judged after the signature, so that what the token says is genuine.
_GENUINE: t.Final[Mapping[str, str]] = {
    "bound": "it is bound to a key of its sender (cnf), which is not supported",
    "claims": (
        "a claim is missing or not of its type: sub, jti and sid are text and not"
        " empty, scope is text, iat and auth_time are numbers"
    ),
    "exp": "exp is missing, no number, or further away than SESSION_LIFETIME",
    "nbf": "nbf is no number, or still to come",
    "no-refresh-token": "its jti and sid are not those of a refresh token of ours",
    "revoked": "its session, or every session of its subject, was ended",
    "session-over": "its session is older than SESSION_LIFETIME",
    "store": "the store does not answer, so it may have been revoked",
    "used": "it was used before; using it again ends its session",
}
AFTER_SIGNATURE: t.Final = frozenset({*_GENUINE, "audience", "expired", "typ"})
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
_TIMES = ("exp", "nbf", "iat", "auth_time")


class Case(t.NamedTuple):
    """A token and by what it is judged."""

    header: Mapping[str, t.Any]
    claims: Mapping[str, t.Any]
    key: Key | None
    issuer: Issuer | None
    rules: Rules
    now: float
    typ: str | None


def why(reason: str, case: Case) -> str:
    """Return a sentence for the reason of an error."""
    header, claims, key, issuer, rules, _, _ = case
    told = {
        "alg": f"its header says {_named(header, 'alg')}, and "
        + ("no such key is known" if key is None else f"its key is for {key.alg}"),
        "audience": f"aud is {_named(claims, 'aud')}, and the setting is"
        f" {'none' if issuer is None else json.dumps(issuer.audience)}",
        "expired": f"exp has passed: {times_of(case).get('exp')}",
        "issuer": f"iss is {_named(claims, 'iss')}, and the setting is"
        f" {json.dumps(rules.own)}; TRUSTED_ISSUERS has no such entry",
        "kid": f"its header names the key {_named(header, 'kid')}, and the issuer has"
        " no such key; without a name it must have exactly one",
        "size": f"it is longer than MAX_TOKEN_SIZE, {rules.max_size} characters",
        "typ": _kinds(case),
    }
    known = {**_WORDS, **_GENUINE, **told}
    return known.get(reason, f"it was refused: {reason}")


def times_of(case: Case) -> dict[str, str]:
    """Return the times of a token in words, and the start of our session."""
    claims, now = case.claims, case.now
    found = {
        name: moment(claims[name], now)
        for name in _TIMES
        if is_number(claims.get(name))
    }
    sid = claims.get("sid")
    start = started_at(sid) if isinstance(sid, str) else None

    if start is not None and is_number(start / 1000):
        found["sid"] = f"began {moment(start / 1000, now)}"

    return found


def moment(epoch: float, now: float | None = None) -> str:
    """Return a moment in UTC, and how far it is from ``now``.

    >>> moment(1_800_000_060, 1_800_000_000)
    '2027-01-15 08:01:00 UTC, in 1 minute'
    >>> moment(0, 90_000)
    '1970-01-01 00:00:00 UTC, 1 day ago'
    """
    text = f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%d %H:%M:%S} UTC"

    if now is None:
        return text

    distance = span(abs(epoch - now))
    return f"{text}, in {distance}" if epoch > now else f"{text}, {distance} ago"


def span(seconds: float) -> str:
    """Return a duration in its largest unit, rounded down.

    >>> span(0.5), span(61), span(7_776_010)
    ('0 seconds', '1 minute', '90 days')
    """
    for unit, size in _UNITS:
        count = int(seconds // size)

        if count:
            return f"{count} {unit}{'' if count == 1 else 's'}"

    return "0 seconds"


def _kinds(case: Case) -> str:
    issuer = case.issuer
    wanted = case.typ or ("at+jwt" if issuer is None else issuer.typ)
    text = f"its kind is {_named(case.header, 'typ')}, and {wanted} is asked for"

    if normal_typ(case.header.get("typ")) == REFRESH_TYP:
        return f"{text}; it is a refresh token: --typ {REFRESH_TYP}"

    return text


def _named(members: Mapping[str, t.Any], name: str) -> str:
    if name not in members:
        return "missing"

    return json.dumps(members[name], ensure_ascii=False)
