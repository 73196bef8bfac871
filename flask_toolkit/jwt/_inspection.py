"""What is to be thought of a token, for whoever looks after an application.

Requests never learn this much: an answer says that a token is not valid, and no
more.
"""

from __future__ import annotations

import typing as t

from flask_toolkit.errors import StoreUnavailableError
from flask_toolkit.stores import MemoryStore
from flask_toolkit.stores import store_for

from ._claims import started_at
from ._errors import TokenInvalidError
from ._issuers import REFRESH_TYP
from ._jws import decode
from ._jws import normal_typ
from ._jws import read_object
from ._keys import RemoteKeySet
from ._policy import is_own
from ._policy import verify
from ._tokens import _may_repeat
from ._words import AFTER_SIGNATURE
from ._words import Case
from ._words import times_of
from ._words import why

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask

    from ._claims import Claims
    from ._issuers import Issuer
    from ._keys import Key
    from ._policy import Rules
    from ._state import JWTState

_SEGMENTS = 3


class Inspection(t.NamedTuple):
    """What a token says, and whether it is good."""

    header: Mapping[str, t.Any] | None
    """``None`` if it cannot be read; as the claims."""

    claims: Mapping[str, t.Any] | None
    key: Key | None
    """The key that the header names, if it is known here."""

    reason: str | None
    """Why it is not valid, in one word; ``None`` if it is."""

    why: str
    """The same as a sentence; empty if it is valid."""

    times: Mapping[str, str]
    """Its times and the start of its session, in words."""

    note: str
    """What was not asked, if anything."""

    @property
    def is_verified(self) -> bool:
        """Tell whether the signature is good."""
        return self.reason is None or self.reason in AFTER_SIGNATURE


def inspect(
    app: Flask, state: JWTState, token: str, *, typ: str | None, offline: bool
) -> Inspection:
    """Judge a token as a request would, and say why.

    Nothing is logged, announced or used up, and no user is loaded.

    :param typ: The kind it must be. None: an access token.
    :param offline: Ask neither the store nor another host for keys.
    :raises SetupError: If there is no key, or a weak one.
    """
    rules, now = state.rules(app), state.clock()
    header, claims = _parts(token, rules.max_size)
    issuer = _issuer_of(claims, rules)
    reason, note = _judge(app, state, token, typ, issuer, offline=offline)
    key = _key_of(header, issuer)
    case = Case(header or {}, claims or {}, key, issuer, rules, now, typ)
    return Inspection(
        header,
        claims,
        key,
        reason,
        "" if reason is None else why(reason, case),
        times_of(case),
        note if reason is None else "",
    )


def _judge(
    app: Flask,
    state: JWTState,
    token: str,
    typ: str | None,
    issuer: Issuer | None,
    *,
    offline: bool,
) -> tuple[str | None, str]:
    """Return why a token is not valid, if so, and what was not asked."""
    if offline and issuer is not None and isinstance(issuer.keys, RemoteKeySet):
        return "keys-offline", ""

    try:
        claims = verify(token, state.rules(app), state.clock(), typ=typ)
    except TokenInvalidError as error:
        return error.reason, ""
    except StoreUnavailableError:
        return "keys", ""

    number = None

    if normal_typ(typ) == REFRESH_TYP:
        number = _number_of(claims, state.rules(app))

        if number is None:
            return "no-refresh-token", ""

    if offline:
        return None, "the store was not asked (--offline)"

    return _ask_store(app, state, claims, number)


def _ask_store(
    app: Flask, state: JWTState, claims: Claims, number: int | None
) -> tuple[str | None, str]:
    given = state.given_store

    if number is None and state.settings.revocation != "always":
        return None, "the store was not asked, as REVOCATION is 'rotation'"

    if isinstance(store_for(app) if given is None else given, MemoryStore):
        return None, "the store is the memory of another process and was not asked"

    sessions = state.sessions(app)
    used = None

    try:
        if number is None:
            sessions.check(claims)
        else:
            used = sessions.check_refresh(claims, number)
    except TokenInvalidError as error:
        return error.reason, ""
    except StoreUnavailableError:
        return "store", ""

    return None if used is None or _may_repeat(state, used) else "used", ""


def _parts(
    token: str, max_size: int
) -> tuple[Mapping[str, t.Any] | None, Mapping[str, t.Any] | None]:
    """Return header and claims as far as they can be read, unverified."""
    segments = token.split(".")

    if len(token) > max_size or len(segments) != _SEGMENTS:
        return None, None

    return _part(segments[0]), _part(segments[1])


def _part(segment: str) -> Mapping[str, t.Any] | None:
    try:
        return read_object(decode(segment.encode("ascii")))
    except (TokenInvalidError, ValueError):
        return None


def _issuer_of(claims: Mapping[str, t.Any] | None, rules: Rules) -> Issuer | None:
    if claims is None:
        return None

    iss = claims.get("iss")
    # Null is a value, and names no issuer; without a value it is we.
    named = isinstance(iss, str) or "iss" not in claims
    return rules.issuers.get(iss) if named else None


def _key_of(header: Mapping[str, t.Any] | None, issuer: Issuer | None) -> Key | None:
    if header is None or issuer is None:
        return None

    # Of a remote set those that were fetched; this asks for none.
    keys = list(issuer.keys)

    if "kid" not in header:
        return keys[0] if len(keys) == 1 else None

    return next((key for key in keys if key.kid == header["kid"]), None)


def _number_of(claims: Claims, rules: Rules) -> int | None:
    """Return the number of a refresh token of ours, if it is one."""
    sid, _, number = (claims.jti or "").rpartition(".")
    is_ours = is_own(claims, rules) and started_at(sid) is not None
    return int(number) if is_ours and sid == claims.sid and number.isdecimal() else None
