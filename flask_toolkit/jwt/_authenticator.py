"""Tokens as one of the ways to tell who is calling."""

from __future__ import annotations

import typing as t

from flask_toolkit._context import request_or_none
from flask_toolkit._context import the_app
from flask_toolkit.errors import SetupError
from flask_toolkit.identity import identified
from flask_toolkit.identity import memo

from ._errors import bearer
from ._errors import TokenInvalidError
from ._hooks import call
from ._judging import claims_at
from ._judging import rejected
from ._locations import checked
from ._locations import name_of
from ._state import log

if t.TYPE_CHECKING:
    from collections.abc import Awaitable
    from collections.abc import Callable

    from flask import Flask
    from flask import Request

    from flask_toolkit.identity import Identity

    from ._claims import Claims
    from ._extension import JWT
    from ._locations import Location
    from ._state import JWTState

    # A verified token of a request and the user it stands for.
    Found: t.TypeAlias = tuple[Claims, t.Any]

U = t.TypeVar("U")
_NOBODY = (None, None)


class JWTAuthenticator(t.Generic[U]):
    """Finds who is calling by a token at one location.

    Two of them that ask the same of the same component are equal and share their
    result: one verification, one trip to the store, one load a request.

    :param location: Where the token stands. A cookie is ambient.
    :param foreign: Whether the tokens of trusted issuers count as well. Their
        subjects must never be mistaken for local users.
    :param name: What ``via()`` rules call it. None: the name of the component,
        with ``-cookie`` for a cookie.
    :param load: Finds the user. None: the component's ``user_loader``.
    :raises TypeError: If ``location`` is none.
    """

    def __init__(
        self,
        jwt: JWT[U],
        *,
        location: Location = "header",
        foreign: bool = False,
        name: str | None = None,
        load: Callable[[Claims], U | Awaitable[U | None] | None] | None = None,
    ) -> None:
        self._jwt = jwt
        self.location: Location = checked(location)
        self._foreign = foreign
        self._load = load
        self.place: str = name_of(location)
        self.ambient: bool = location == "cookie"
        self.name: str = name or (f"{jwt.name}-cookie" if self.ambient else jwt.name)
        self._asks: tuple[object, ...] = (jwt, location, foreign, load, self.name)
        self._hash = hash(self._asks)

    def __repr__(self) -> str:
        return f"<JWTAuthenticator {self.name!r}>"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, JWTAuthenticator):
            return self is other or self._asks == other._asks

        return NotImplemented

    def __hash__(self) -> int:
        return self._hash

    def authenticate(self, request: Request, /) -> Identity[U] | None:
        """Return who sent ``request``; ``None`` if no token stands there.

        :raises TokenInvalidError: If it does not verify, or its user is gone.
        :raises InvalidRequestError: If something else stands there.
        :raises CSRFError: If it is a cookie that another site may have sent.
        """
        app = the_app()
        state: JWTState = self._jwt.state_of(app)

        try:
            claims = claims_at(app, state, request, self)
        except SetupError:
            # Without a usable key no token can be ours, and who sends one must
            # not break the pages that only ask who is calling.
            log.exception("A token came, and it cannot be verified")
            raise rejected(app, state, TokenInvalidError("no-key"), None) from None

        if claims is None:
            return None

        if not self._foreign and claims.get("iss") != state.settings.issuer:
            error = TokenInvalidError("foreign")
            raise rejected(app, state, error, claims.location)

        user = user_of(app, state, request, claims, self._load)
        memo(request)[self._jwt] = claims, user
        auth_time = float(claims.get("auth_time", 0.0))
        return identified(
            claims.sub, self.name, self.ambient, user, auth_time, claims.scope
        )

    def challenge(self) -> str | None:
        """Return the challenge of RFC 6750; ``None`` for a cookie."""
        if self.ambient:
            return None

        state: JWTState = self._jwt.state_of(the_app())
        return bearer(("realm", state.settings.realm))


def user_of(
    app: Flask,
    state: JWTState,
    request: Request | None,
    claims: Claims,
    load: Callable[[Claims], t.Any] | None = None,
) -> t.Any:
    """Return the user of a token, loaded once a request.

    :returns: ``None`` if there is no loader, or none for the token's issuer.
    :raises TokenInvalidError: If the loader knows no such user.
    """
    if load is None and _has_users(app, state, claims):
        load = state.hooks.user_loader

    if load is None:
        return None

    known: dict[t.Any, Found] = {} if request is None else memo(request)
    key = (load, id(claims))

    if key not in known:
        # The claims are kept with their user, so that the id stays theirs.
        known[key] = claims, call(app, load, claims)

    _, user = known[key]

    if user is None:
        raise rejected(app, state, TokenInvalidError("user-gone"), claims.location)

    return user


def _has_users(app: Flask, state: JWTState, claims: Claims) -> bool:
    """Tell whether the ``user_loader`` knows the subjects of a token's issuer."""
    iss = claims.get("iss")
    return iss == state.settings.issuer or state.rules(app).issuers[iss].users


def found_in_request(jwt: JWT[t.Any]) -> Found | tuple[None, None]:
    """Return the token that was verified in this request and its user."""
    request = request_or_none()
    return _NOBODY if request is None else memo(request).get(jwt, _NOBODY)
