"""Views that need a token."""

from __future__ import annotations

import json
import typing as t
from functools import wraps
from inspect import iscoroutinefunction

from flask import after_this_request

from flask_toolkit._context import the_app
from flask_toolkit._context import the_request
from flask_toolkit._extension import is_async
from flask_toolkit._values import seconds
from flask_toolkit.errors import SetupError
from flask_toolkit.identity import memo
from flask_toolkit.identity import publish_by
from flask_toolkit.identity import REQUIRED_BY

from ._authenticator import JWTAuthenticator
from ._authenticator import user_of
from ._caching import private
from ._caching import varying
from ._claims import scope_words
from ._errors import JWTError
from ._errors import TokenMissingError
from ._issuers import REFRESH_TYP
from ._judging import claims_at
from ._judging import rejected
from ._jws import normal_typ
from ._locations import checked
from ._policy import Requirement
from ._twins import remember

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection
    from collections.abc import Sequence

    from flask import Flask

    from flask_toolkit.typing import Duration

    from ._claims import Claims
    from ._extension import JWT
    from ._locations import Location
    from ._state import JWTState
    from ._state import Places

P = t.ParamSpec("P")
R = t.TypeVar("R")


class Options(t.TypedDict, total=False):
    """What :meth:`JWT.required` and :meth:`JWT.authenticate` take."""

    optional: bool
    scope: str | Collection[str]
    max_age: Duration | None
    typ: str | None
    locations: Sequence[Location] | None
    check: Callable[[Claims], bool] | None


def requirement(
    *,
    optional: bool = False,
    scope: str | Collection[str] = (),
    max_age: Duration | None = None,
    typ: str | None = None,
    locations: Sequence[Location] | None = None,
    check: Callable[[Claims], bool] | None = None,
) -> Requirement:
    """Return what a view asks, checked while the application is built.

    :raises ValueError: If a value can never be met.
    :raises TypeError: If ``optional`` is no bool, ``check`` no plain function, or
        ``locations`` is one text or holds something that is no location.
    """
    # "no" would count as true, and open the view.
    if not isinstance(t.cast("object", optional), bool):
        raise TypeError("optional must be True or False")

    age = None if max_age is None else seconds(max_age)

    if age is not None and age < 0:
        raise ValueError("max_age must not be negative")

    if typ is not None and not normal_typ(typ):
        raise ValueError(f"typ {typ!r} is no media type")

    if normal_typ(typ) == REFRESH_TYP:
        raise ValueError(
            "a refresh token opens no view: hand it to rotate() or revoke()"
        )

    if isinstance(locations, str) or (locations is not None and not locations):
        raise TypeError("locations must be a list of at least one location")

    if check is not None and (is_async(check) or not callable(check)):
        raise TypeError("check= must be a plain function that returns a bool")

    return Requirement(
        optional=optional,
        scope=scope_words(scope),
        max_age=age,
        typ=typ,
        locations=None if locations is None else tuple(map(checked, locations)),
        check=check,
    )


def decorator(
    state_of: Callable[[Flask], JWTState], name: str, need: Requirement
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return the decorator that lets a view run only with such a token.

    :param state_of: Finds the component, at each call.
    """

    def decorate(view: Callable[P, R], /) -> Callable[P, R]:
        wrapper: t.Any

        if iscoroutinefunction(view):

            @wraps(view)
            async def async_wrapper(*args: P.args, **kwargs: P.kwargs) -> t.Any:
                enforce(state_of, need)
                return await view(*args, **kwargs)

            wrapper = async_wrapper
        else:

            @wraps(view)
            def sync_wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
                enforce(state_of, need)
                return view(*args, **kwargs)

            wrapper = sync_wrapper

        remember(view, name)
        before: tuple[str, ...] = getattr(view, REQUIRED_BY, ())
        setattr(wrapper, REQUIRED_BY, (*before, *_texts(name, need)))
        return t.cast("Callable[P, R]", wrapper)

    return decorate


def enforce(state_of: Callable[[Flask], JWTState], need: Requirement) -> Claims | None:
    """Return the claims of the request's token if it is what is needed.

    :param state_of: Finds the component.
    :returns: ``None`` if there is none and none is needed.
    :raises JWTError: If it is not.
    """
    app, request = the_app(), the_request()
    state = state_of(app)
    places, vary = _places(state, need)
    after_this_request(vary)

    # The first that is there decides; a bad one ends the search.
    for place in places:
        claims = claims_at(app, state, request, place, need.typ)

        if claims is not None:
            user = user_of(app, state, request, claims)
            memo(request)[state.extension] = claims, user

            # Another kind of token, or another issuer's, names no local user.
            if need.typ is None and claims.get("iss") == state.settings.issuer:
                publish_by(request, place)

            if place.ambient:
                after_this_request(private)

            try:
                need.judge(claims, state.clock())
            except JWTError as error:
                raise rejected(app, state, error, place.place)  # noqa: B904  # the same

            return claims

    if need.optional:
        return None

    raise rejected(app, state, TokenMissingError("missing"), None)


def _places(state: JWTState, need: Requirement) -> Places:
    if need.locations is None:
        return state.authenticators, state.vary

    found = state.derived.places.get(need)

    if found is None:
        jwt: JWT[t.Any] = t.cast("JWT[t.Any]", state.extension)
        places = tuple(
            JWTAuthenticator(jwt, location=one, foreign=True) for one in need.locations
        )
        found = state.derived.places[need] = places, varying(need.locations)

    return found


def registered_state(app: Flask) -> JWTState:
    """Return what the component called ``jwt`` keeps for an application.

    :raises SetupError: If it has none.
    """
    state: JWTState | None = app.extensions.get("toolkit.jwt")

    if state is None:
        raise SetupError(
            f"no JWT on app {app.name!r}: call JWT(app) or Toolkit(app), or use your"
            " instance's .required"
        )

    return state


def _texts(name: str, need: Requirement) -> tuple[str, ...]:
    """Return the rules that a view enforces, as the authorization lock writes them."""
    if need.optional:
        return ()

    places = ("header",) if need.locations is None else need.locations
    names = {f"{name}-cookie" if place == "cookie" else name for place in places}
    texts = [f"via({', '.join(map(json.dumps, sorted(names)))})"]

    if need.scope:
        texts.append(f"scope({', '.join(map(json.dumps, sorted(need.scope)))})")

    if need.max_age is not None:
        texts.append(f"fresh({int(need.max_age)})")

    return tuple(texts)
