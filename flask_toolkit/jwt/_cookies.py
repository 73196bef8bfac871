"""Tokens in cookies that scripts cannot read."""

from __future__ import annotations

import typing as t
from datetime import datetime
from datetime import UTC

from werkzeug.http import dump_cookie

from ._issuers import REFRESH_TYP
from ._policy import verify

if t.TYPE_CHECKING:
    from flask import Flask
    from werkzeug.wrappers import Response

    from ._claims import TokenPair
    from ._state import JWTState

_LONGEST = 4093  # browsers drop longer ones without a word


def write(app: Flask, state: JWTState, response: Response, pair: TokenPair) -> None:
    """Put both tokens into cookies that end when the tokens do.

    :raises ValueError: If a cookie would be longer than browsers keep.
    """
    rules, now = state.rules(app), state.clock()
    access = verify(pair.access_token, rules, now)
    refresh = verify(pair.refresh_token, rules, now, typ=REFRESH_TYP)
    cookies = [
        _access(state, pair.access_token, int(access["exp"] - now)),
        _refresh(state, pair.refresh_token, int(refresh["exp"] - now)),
    ]

    for cookie in cookies:
        if len(cookie) > _LONGEST:
            raise ValueError(
                f"a token cookie of {len(cookie)} bytes is longer than the {_LONGEST}"
                " that browsers keep; put less into the claims"
            )

    for cookie in cookies:
        response.headers.add("Set-Cookie", cookie)


def delete(state: JWTState, response: Response) -> None:
    """Tell the browser to forget both cookies; all attributes are repeated."""
    for cookie in (_access(state, "", 0), _refresh(state, "", 0)):
        response.headers.add("Set-Cookie", cookie)


def _access(state: JWTState, token: str, max_age: int) -> str:
    return _cookie(
        state, state.access_cookie, token, max_age=max_age, path="/", samesite="Lax"
    )


def _refresh(state: JWTState, token: str, max_age: int) -> str:
    return _cookie(
        state,
        state.refresh_cookie,
        token,
        max_age=max_age,
        path=state.settings.cookie_refresh_path,
        samesite="Strict",
    )


def _cookie(
    state: JWTState, name: str, token: str, *, max_age: int, path: str, samesite: str
) -> str:
    return dump_cookie(
        name,
        token,
        max_age=max_age,
        # For the few that know no Max-Age, the past.
        expires=None if token else datetime.fromtimestamp(0, UTC),
        path=path,
        domain=state.settings.cookie_domain,
        secure=state.settings.cookie_secure,
        httponly=True,
        samesite=samesite,
        max_size=0,
        sync_expires=False,
    )
