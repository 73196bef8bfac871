"""The JSON API: tokens instead of cookies, problem documents instead of pages."""

from __future__ import annotations

import typing as t
from dataclasses import asdict

from flask import Blueprint
from flask import request

from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.jwt import JWTAuthenticator
from shop import orders
from shop import users
from shop.extensions import jwt
from shop.problems import InvalidGrantError
from shop.problems import InvalidRequestError
from shop.signals import tokens_granted

if t.TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

api = Blueprint("api", __name__, url_prefix="/api")

# A guard of its own: below /api only a token counts, no session does, and
# nobody is sent to a login page.
LoginGuard(api, name="api", authenticators=[JWTAuthenticator(jwt)])

SCOPES = frozenset({"orders:read"})


@api.post("/token")
@public(reason="a program logs in here")
def token() -> ResponseReturnValue:
    """Give a pair of tokens for a name and a password.

    A program asks for no more ``scope`` than it needs; left out, it gets all.
    """
    user = users.check(_field("username"), _field("password"))

    if user is None:
        raise InvalidGrantError("That name and password do not belong together.")

    wanted = request.form.get("scope", " ".join(SCOPES))
    granted = SCOPES.intersection(wanted.split())
    pair = jwt.issue(str(user.id), scope=granted)
    tokens_granted.send(username=user.username, scope=" ".join(sorted(granted)))
    return pair.to_dict()


@api.post("/refresh")
@public(reason="the refresh token in the body is the proof")
def refresh() -> ResponseReturnValue:
    """Trade a refresh token for the next pair; each works once."""
    return jwt.rotate().to_dict()


@api.post("/logout")
@public(reason="the token that is to end is the proof")
def logout() -> ResponseReturnValue:
    """End the session of a token: of the header, or a refresh token of the body.

    No ``@jwt.required``: somebody who logs out late, with a token that has
    expired, still means it.
    """
    jwt.revoke()
    return "", 204


@api.get("/me")
@jwt.required
def me() -> ResponseReturnValue:
    """Tell who the token belongs to."""
    user = jwt.user
    return {
        "username": user.username,
        "name": user.name,
        "roles": list(user.roles),
        "scope": sorted(jwt.claims.scope),
    }


@api.get("/orders")
@jwt.required(scope="orders:read")
def list_orders() -> ResponseReturnValue:
    """List the caller's orders, if the token was given that right."""
    return {"orders": [asdict(order) for order in orders.of_user(jwt.user)]}


def _field(name: str) -> str:
    values = request.form.getlist(name)

    # RFC 6749 section 3.2: an empty parameter is a missing one, none comes twice.
    if len(values) != 1 or not values[0]:
        raise InvalidRequestError(
            f"Send {name!r} once, as a form field (application/x-www-form-urlencoded)."
        )

    return values[0]
