"""Tokens are made, exchanged and ended here."""

from __future__ import annotations

import secrets
import typing as t

from flask_toolkit._values import epoch_of
from flask_toolkit._values import seconds

from ._authenticator import user_of
from ._claims import checked_extra
from ._claims import checked_subject
from ._claims import new_sid
from ._claims import scope_words
from ._claims import started_at
from ._claims import TokenPair
from ._errors import TokenExpiredError
from ._errors import TokenInvalidError
from ._errors import TokenReusedError
from ._issuers import REFRESH_TYP
from ._judging import judge
from ._judging import rejected
from ._policy import verify
from ._signals import token_issued
from ._signals import token_reused
from ._signals import token_revoked
from ._state import log

if t.TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Mapping
    from datetime import datetime

    from flask import Flask
    from flask import Request

    from flask_toolkit.typing import Duration

    from ._claims import Claims
    from ._policy import Rules
    from ._state import JWTState

_WRITTEN_ANEW = frozenset({"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "sid"})


class Grant(t.NamedTuple):
    """What all tokens of a session say."""

    sub: str
    sid: str
    start: float
    common: dict[str, t.Any]
    """``scope``, ``auth_time`` and the further claims."""


def new_grant(
    state: JWTState,
    sub: str,
    scope: str | Collection[str],
    auth_time: datetime | None,
    claims: Mapping[str, t.Any] | None,
) -> Grant:
    """Return the grant of a new session.

    :raises TypeError: If ``sub`` is not a non-empty text or a claim not JSON.
    :raises ValueError: If a scope, time or claim cannot be written.
    """
    now = state.clock()
    common: dict[str, t.Any] = {}
    words = scope_words(scope)

    if words:
        common["scope"] = " ".join(words)

    if auth_time is not None:
        common["auth_time"] = epoch_of(auth_time)

    return Grant(
        checked_subject(sub), new_sid(now), now, common | checked_extra(claims)
    )


def access_token(
    app: Flask,
    state: JWTState,
    grant: Grant,
    extra: Mapping[str, t.Any],
    lifetime: Duration | None = None,
) -> tuple[str, int]:
    """Return an access token of a session, and the seconds it has left.

    :param extra: Of the claims loader; what the grant says wins.
    :raises ValueError: If the lifetime is out of bounds or the token too long.
    """
    now = state.clock()
    settings = state.settings
    life = seconds(settings.access_lifetime if lifetime is None else lifetime)
    longest = settings.session_lifetime.total_seconds()

    # Times are whole seconds: a shorter one would make a token that is over.
    if not 1 <= life <= longest:
        raise ValueError(
            f"lifetime must be at least 1 and at most {longest:.0f} seconds,"
            " the SESSION_LIFETIME"
        )

    end = int(min(now + life, grant.start + longest))

    # The leeway forgives clocks; it is no reason to make a token that is over.
    if end <= int(now):
        raise rejected(app, state, TokenExpiredError("session-over"), None)

    claims: dict[str, t.Any] = {
        **extra,
        **_issued(state, grant, now, end),
        "jti": secrets.token_urlsafe(16),
        **grant.common,
    }
    token = _signed(app, state, claims, settings.access_typ)
    return token, claims["exp"] - int(now)


def refresh_token(
    app: Flask, state: JWTState, grant: Grant, number: int, at: float
) -> str:
    """Return a refresh token of a session: the same one for the same time."""
    settings = state.settings
    end = min(
        at + settings.refresh_lifetime.total_seconds(),
        grant.start + settings.session_lifetime.total_seconds(),
    )
    claims = {
        **_issued(state, grant, at, end),
        "jti": f"{grant.sid}.{number}",
        **grant.common,
    }
    return _signed(app, state, claims, REFRESH_TYP)


def make_pair(
    app: Flask,
    state: JWTState,
    grant: Grant,
    extra: Mapping[str, t.Any],
    *,
    number: int = 0,
    at: float | None = None,
) -> TokenPair:
    """Return both tokens of a session."""
    token, left = access_token(app, state, grant, extra)
    at = grant.start if at is None else at
    return TokenPair(
        access_token=token,
        refresh_token=refresh_token(app, state, grant, number, at),
        expires_in=left,
        scope=grant.common.get("scope"),
    )


def rotate(
    app: Flask,
    state: JWTState,
    token: object,
    *,
    request: Request | None,
    location: str | None,
) -> TokenPair:
    """Exchange a refresh token for the next pair of its session.

    Everything that can fail runs before the token is used up.

    :raises TokenInvalidError: If it is none, or its session or user is gone.
    :raises TokenReusedError: If it was used before; its session is over then.
    :raises StoreUnavailableError: If the store does not answer.
    """
    claims = judge(app, state, token, typ=REFRESH_TYP, location=location)
    number, start = _place_of(app, state, claims)
    sessions = state.sessions(app)
    state.warn_of_memory(app)

    try:
        used = sessions.check_refresh(claims, number)
    except TokenInvalidError as error:
        raise rejected(app, state, error, location)  # noqa: B904  # the same error

    if used is not None and not _may_repeat(state, used):
        raise _reused(app, state, claims)

    user_of(app, state, request, claims)
    grant = Grant(claims.sub, claims["sid"], start / 1000, _common(claims))
    extra = state.hooks.extra_claims(app, claims.sub)
    now = state.clock()
    at = int(now * 1000)
    pair = make_pair(app, state, grant, extra, number=number + 1, at=at / 1000)
    used = sessions.use(claims, number, at, now)

    if used is not None:
        if not _may_repeat(state, used):
            raise _reused(app, state, claims)

        # Somebody was faster. The successor is the same one, not a second branch.
        pair = make_pair(app, state, grant, extra, number=number + 1, at=used / 1000)

    return pair


def end_session(app: Flask, state: JWTState, claims: Claims) -> None:
    """End the session of a verified token.

    :raises ValueError: If the token has neither ``sid`` nor ``jti``.
    :raises StoreUnavailableError: If the store does not answer.
    """
    state.sessions(app).end(claims, state.clock())
    state.warn_of_memory(app)

    if token_revoked.receivers:
        token_revoked.send_robust(app, sid=claims.sid, sub=claims.sub)


def end_subject(app: Flask, state: JWTState, sub: str, issuer: str | None) -> None:
    """End every session of a subject that began before now.

    :raises ValueError: If the issuer is not trusted.
    :raises StoreUnavailableError: If the store does not answer.
    """
    rules = state.rules(app)
    issuer = rules.own if issuer is None else issuer

    if issuer not in rules.issuers:
        raise ValueError("issuer= is none of the trusted issuers")

    state.sessions(app).end_all(issuer, checked_subject(sub), state.clock())
    state.warn_of_memory(app)

    if token_revoked.receivers:
        token_revoked.send_robust(app, sid=None, sub=sub)


def judge_lapsed(
    app: Flask, state: JWTState, token: object, location: str | None = None
) -> Claims:
    """Return the claims of a token of either kind, even if it has expired.

    :raises TokenInvalidError: If it was never good.
    """
    try:
        return judge(app, state, token, location=location, lapsed=True)
    except TokenInvalidError as error:
        if error.reason != "typ":
            raise

    return judge(app, state, token, typ=REFRESH_TYP, location=location, lapsed=True)


def announce(app: Flask, state: JWTState, *tokens: str) -> None:
    """Tell who listens of new tokens."""
    if token_issued.receivers:
        rules, now = state.rules(app), state.clock()

        for token in tokens:
            token_issued.send_robust(app, claims=_read(token, rules, now))


def _read(token: str, rules: Rules, now: float) -> Claims:
    try:
        return verify(token, rules, now, lapsed=True)
    except TokenInvalidError:
        return verify(token, rules, now, typ=REFRESH_TYP, lapsed=True)


def _issued(state: JWTState, grant: Grant, at: float, end: float) -> dict[str, t.Any]:
    settings = state.settings
    claims: dict[str, t.Any] = {
        "sub": grant.sub,
        "iat": int(at),
        "exp": int(end),
        "sid": grant.sid,
    }

    if settings.issuer is not None:
        claims["iss"] = settings.issuer

    if settings.audience is not None:
        claims["aud"] = settings.audience

    return claims


def _signed(app: Flask, state: JWTState, claims: Mapping[str, t.Any], typ: str) -> str:
    token = state.own_keys(app).sign(claims, typ=typ)
    longest = state.settings.max_token_size

    if len(token) > longest:
        raise ValueError(
            f"the token would have {len(token)} characters; MAX_TOKEN_SIZE is {longest}"
        )

    return token


def _place_of(app: Flask, state: JWTState, claims: Claims) -> tuple[int, int]:
    """Return the number of a refresh token and the start of its session."""
    start = started_at(claims.sid)
    sid, _, number = (claims.jti or "").rpartition(".")
    is_ours = claims.get("iss") == state.settings.issuer

    if start is None or not is_ours or sid != claims.sid or not number.isdecimal():
        error = TokenInvalidError("no-refresh-token")
        raise rejected(app, state, error, claims.location)

    return int(number), start


def _common(claims: Claims) -> dict[str, t.Any]:
    return {name: claims[name] for name in claims if name not in _WRITTEN_ANEW}


def _may_repeat(state: JWTState, used: int) -> bool:
    interval = state.settings.reuse_interval.total_seconds()
    # Clocks of two servers differ: a use in the future is one of just now.
    age = max(0.0, state.clock() - used / 1000)
    return interval > 0 and age <= interval


def _reused(app: Flask, state: JWTState, claims: Claims) -> TokenReusedError:
    state.sessions(app).end(claims, state.clock())
    log.warning(
        "A used refresh token came back: session %s of %r was ended",
        claims.sid,
        claims.sub,
    )

    token_reused.send_robust(app, sid=claims.sid, sub=claims.sub)
    error = TokenReusedError("reused")
    error.jti = claims.jti
    rejected(app, state, error, claims.location)
    return error
