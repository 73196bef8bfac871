"""Ask a guard's authenticators who is calling, once a request."""

from __future__ import annotations

import dataclasses
import functools
import time
import typing as t

from flask.globals import request_ctx
from werkzeug.exceptions import Unauthorized

from flask_toolkit.errors import BadCredentialError
from flask_toolkit.identity import memo
from flask_toolkit.identity import resolve
from flask_toolkit.identity import withdraw

from ._decision import Step
from ._rules import Facts
from ._session import reason_of
from ._signals import identity_loaded
from ._state import registry_of

if t.TYPE_CHECKING:
    from flask import Flask
    from flask import Request

    from flask_toolkit.identity import Authenticator
    from flask_toolkit.identity import Identity

    from ._state import GuardState


class _UserGoneError(BadCredentialError):
    """A credential verifies, and its user is not there any more."""

    reason = "user-gone"


class Found(t.NamedTuple):
    """Who is calling, and what each authenticator answered."""

    identity: Identity[t.Any] | None = None
    trace: tuple[Step, ...] = ()
    error: Unauthorized | None = None
    """What an explicit credential that does not verify was refused with."""


def identify(
    app: Flask, request: Request, state: GuardState, *, explicit_only: bool = False
) -> Found:
    """Return who is calling: explicit credentials first, then ambient ones.

    An explicit credential that does not verify ends the search: falling back to
    a cookie would hide the mistake. An ambient one is passed over.

    :raises werkzeug.exceptions.HTTPException: What an authenticator raised
        other than 401: a malformed request, a store that is down.
    """
    known = memo(request)
    key = ("guard", state.name)
    found: Found | None = known.get(key)

    if found is not None and not explicit_only:
        return found

    found = _ask(app, request, state, explicit_only=explicit_only)

    # What explicit credentials gave is also the answer of the whole search.
    if not explicit_only or found.identity is not None:
        known[key] = found

        if found.identity is not None and identity_loaded.receivers:
            identity_loaded.send(app, guard=state.name, identity=found.identity)

    return found


def adopt(request: Request, state: GuardState, identity: Identity[t.Any]) -> None:
    """Make a new sign-in what this guard knows of the request."""
    known = memo(request)
    known[state.session] = identity
    known["guard", state.name] = Found(identity)


def forget_ended(app: Flask, request: Request) -> None:
    """Forget the callers whose sign-in is no longer in the session."""
    session = request_ctx.session

    for state in registry_of(app).guards():
        if state.session is not None and state.key not in session:
            _forget(request, state)


def _forget(request: Request, state: GuardState) -> None:
    known = memo(request)
    ended = known.get(state.session)
    known[state.session] = None
    known.pop(("guard", state.name), None)

    # Another guard's caller, or one with a header, stays the published one.
    if ended is not None:
        withdraw(request, ended)


def facts_about(
    state: GuardState, identity: Identity[t.Any] | None, obj: object = None
) -> Facts | None:
    """Return what rules may look at; ``None`` if nobody is signed in."""
    if identity is None:
        return None

    roles = functools.partial(state.callbacks.roles, identity)
    return Facts(identity=identity, now=time.time(), roles=roles, obj=obj)


def _ask(
    app: Flask, request: Request, state: GuardState, *, explicit_only: bool
) -> Found:
    trace: list[Step] = []
    asked = state.explicit if explicit_only else state.authenticators

    for authenticator in asked:
        try:
            identity = _complete(app, request, state, authenticator)
        except Unauthorized as error:
            reason = getattr(error, "reason", "bad-credential")
            trace.append(Step(authenticator.name, str(reason)))

            if authenticator.ambient:
                continue

            return Found(None, tuple(trace), error)

        if identity is not None:
            trace.append(Step(authenticator.name, "identity"))
            return Found(identity, tuple(trace))

        trace.append(Step(authenticator.name, reason_of(request, authenticator)))

    return Found(None, tuple(trace))


def _complete(
    app: Flask, request: Request, state: GuardState, authenticator: Authenticator[t.Any]
) -> Identity[t.Any] | None:
    """Return the caller, with the user of this guard's loader where none came."""
    identity = resolve(request, authenticator)
    callbacks = state.callbacks

    if (
        identity is None
        or identity.user is not None
        or callbacks.load is None
        or authenticator not in state.adopted
    ):
        return identity

    user = callbacks.user(app, identity.id)

    if user is None:
        raise _UserGoneError(headers=challenge_of(authenticator))

    return dataclasses.replace(identity, user=user)


def challenge_of(authenticator: Authenticator[t.Any]) -> list[tuple[str, str]]:
    """Return the header that asks for the credential of one authenticator."""
    challenge = authenticator.challenge()
    return [] if challenge is None else [("WWW-Authenticate", challenge)]
