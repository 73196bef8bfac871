"""Tokens are judged by what one application keeps, and refusals announced."""

from __future__ import annotations

import typing as t

from werkzeug.exceptions import HTTPException

from flask_toolkit.identity import memo

from ._claims import Claims
from ._errors import JWTError
from ._errors import TokenInvalidError
from ._locations import token_at
from ._policy import judged
from ._policy import verify
from ._signals import token_rejected
from ._state import log

if t.TYPE_CHECKING:
    from flask import Flask
    from flask import Request

    from ._authenticator import JWTAuthenticator
    from ._state import JWTState


def judge(
    app: Flask,
    state: JWTState,
    token: object,
    *,
    typ: str | None = None,
    location: str | None = None,
    lapsed: bool = False,
) -> Claims:
    """Return the claims of a token, without asking the store.

    :raises TokenInvalidError: If it does not verify; logged and announced.
    """
    try:
        return verify(
            token,
            state.rules(app),
            state.clock(),
            typ=typ,
            location=location,
            lapsed=lapsed,
        )
    except TokenInvalidError as error:
        raise rejected(app, state, error, location)  # noqa: B904  # the same error


def rejected(
    app: Flask, state: JWTState, error: JWTError, location: str | None
) -> JWTError:
    """Return an error that knows who refused; log and announce a bad token."""
    log.debug("Refused a token (%s, %s)", error.reason, location)

    if isinstance(error, TokenInvalidError) and token_rejected.receivers:
        token_rejected.send_robust(
            app,
            reason=error.reason,
            kid=error.kid,
            jti=error.jti,
            location=location,
        )

    return error.at(component=state.name, realm=state.settings.realm, location=location)


def check_store(app: Flask, state: JWTState, claims: Claims) -> None:
    """Return if neither the session nor the subject of a token was ended.

    :raises TokenRevokedError: If it was.
    :raises StoreUnavailableError: If the store cannot tell.
    """
    try:
        state.sessions(app).check(claims)
    except TokenInvalidError as error:
        raise rejected(app, state, error, claims.location)  # noqa: B904  # the same


def claims_at(
    app: Flask,
    state: JWTState,
    request: Request,
    place: JWTAuthenticator[t.Any],
    typ: str | None = None,
) -> Claims | None:
    """Return the verified claims of the token at one place, once a request.

    :returns: ``None`` if nothing stands there.
    :raises JWTError: If what stands there is not good; remembered too.
    """
    known = memo(request)
    key = (state.extension, place.location, typ)
    found: t.Any = known.get(key, key)

    if found is key:
        try:
            found = _found_at(app, state, request, place, typ)
        except HTTPException as error:
            known[key] = error
            raise

        # Remembered as well when nothing is there.
        known[key] = found
    elif isinstance(found, HTTPException):
        raise found.with_traceback(None)

    claims: Claims | None = found
    return claims


def _found_at(
    app: Flask,
    state: JWTState,
    request: Request,
    place: JWTAuthenticator[t.Any],
    typ: str | None,
) -> Claims | None:
    try:
        token = token_at(app, state, request, place.location)

        if token is None:
            return None

        parsed = judged(token, state.rules(app), state.clock(), typ=typ)

        if state.settings.revocation == "always":
            state.sessions(app).check(parsed.claims)
    except JWTError as error:
        raise rejected(app, state, error, place.place)  # noqa: B904  # the same error

    return Claims(parsed.claims, parsed.header.members, place.place)
