"""The same for applications that keep no instance: one JWT per application."""

from __future__ import annotations

import typing as t

from flask_toolkit._context import the_app

from ._decorators import decorator
from ._decorators import Options
from ._decorators import registered_state
from ._decorators import requirement

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection
    from collections.abc import Mapping
    from datetime import datetime

    from flask_toolkit.typing import Duration

    from ._claims import Claims
    from ._extension import JWT

P = t.ParamSpec("P")
R = t.TypeVar("R")


@t.overload
def jwt_required(view: Callable[P, R], /) -> Callable[P, R]: ...
@t.overload
def jwt_required(
    **options: t.Unpack[Options],
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def jwt_required(
    view: Callable[P, R] | None = None, /, **options: t.Unpack[Options]
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a view run only with a valid token of the current application's JWT.

    The options are those of :meth:`JWT.required`; with or without ``()``.

    :raises ValueError: If an option can never be met.
    :raises TypeError: If an option is not of its type.
    """
    decorate = decorator(registered_state, "jwt", requirement(**options))
    return decorate if view is None else decorate(view)


def get_claims() -> Claims:
    """Return the claims of this request's token.

    :raises RuntimeError: If none was verified.
    :raises SetupError: If the application has no JWT.
    """
    return _registered_jwt().claims


def create_access_token(
    sub: str,
    *,
    scope: str | Collection[str] = (),
    lifetime: Duration | None = None,
    auth_time: datetime | None = None,
    claims: Mapping[str, t.Any] | None = None,
) -> str:
    """Return an access token of the current application's JWT.

    The parameters are those of :meth:`JWT.create_access_token`.

    :raises SetupError: If the application has no JWT, or no key that can sign.
    :raises TypeError: If ``sub`` is not a non-empty text or a claim not JSON.
    :raises ValueError: If a scope, lifetime or claim cannot be written.
    """
    return _registered_jwt().create_access_token(
        sub, scope=scope, lifetime=lifetime, auth_time=auth_time, claims=claims
    )


def _registered_jwt() -> JWT[t.Any]:
    return t.cast("JWT[t.Any]", registered_state(the_app()).extension)
