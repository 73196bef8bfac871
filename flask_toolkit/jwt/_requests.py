"""The token that a request hands in to be exchanged or ended."""

from __future__ import annotations

import typing as t

from flask_toolkit._context import request_or_none

from ._authenticator import found_in_request
from ._errors import JWTError
from ._issuers import REFRESH_TYP
from ._judging import judge
from ._judging import rejected
from ._locations import check_origin
from ._locations import name_of
from ._locations import refresh_token_of
from ._locations import refuse_other_site
from ._locations import token_at
from ._tokens import judge_lapsed

if t.TYPE_CHECKING:
    from flask import Flask
    from flask import Request

    from ._claims import Claims
    from ._extension import JWT
    from ._state import JWTState


def handed_in(app: Flask, state: JWTState) -> tuple[str, str]:
    """Return the refresh token of the current request and where it stood.

    :raises JWTError: If there is none, or it may be another site's doing.
    """
    try:
        return refresh_token_of(app, state, _request())
    except JWTError as error:
        raise rejected(app, state, error, None)  # noqa: B904  # the same error


def to_be_ended(app: Flask, state: JWTState, jwt: JWT[t.Any]) -> Claims:
    """Return the claims of the current request's token, access or refresh.

    It may have expired: somebody who logs out late still means it.

    :raises JWTError: If there is none, it was never good, or another site may
        have sent its cookie.
    """
    request = _request()
    claims, _ = found_in_request(jwt)

    try:
        if claims is not None:
            if claims.location == "cookie":
                check_origin(app, state, request)

            return claims

        access = _access_token_of(app, state, request)
        token, where = access or refresh_token_of(app, state, request)
    except JWTError as error:
        raise rejected(app, state, error, None)  # noqa: B904  # the same error

    if access is not None:
        return judge_lapsed(app, state, token, where)

    return judge(app, state, token, typ=REFRESH_TYP, location=where, lapsed=True)


def check_receiver(app: Flask, state: JWTState) -> None:
    """Return if the current request may be answered with token cookies.

    A form of another site must not sign its visitors in as somebody else, by a
    login or a refresh token of its own.

    :raises CSRFError: If another site sent it.
    """
    request = request_or_none()

    try:
        if request is not None:
            refuse_other_site(app, state, request)
    except JWTError as error:
        raise rejected(app, state, error, None)  # noqa: B904  # the same error


def _access_token_of(
    app: Flask, state: JWTState, request: Request
) -> tuple[str, str] | None:
    for location in state.locations:
        token = token_at(app, state, request, location)

        if token is not None:
            if location == "cookie":
                check_origin(app, state, request)

            return token, name_of(location)

    return None


def _request() -> Request:
    request = request_or_none()

    if request is None:
        raise RuntimeError("There is no request to take a token from: pass the token.")

    return request
