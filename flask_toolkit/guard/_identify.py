"""Ask a guard's authenticators who is calling, once a request."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from flask import after_this_request
from werkzeug.exceptions import Unauthorized

from flask_toolkit._context import the_context
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
    from collections.abc import Iterable

    from flask import Flask
    from flask import Request

    from flask_toolkit.identity import Authenticator
    from flask_toolkit.identity import Identity

    from ._state import GuardState

    Miss: t.TypeAlias = tuple[Authenticator[t.Any], Unauthorized | None]

_UNKNOWN: t.Final = object()


class _UserGoneError(BadCredentialError):
    """A credential verifies, and its user is not there any more."""

    reason = "user-gone"


class Found(t.NamedTuple):
    """What a refusal tells about the caller."""

    identity: Identity[t.Any] | None
    trace: tuple[Step, ...]
    """What each authenticator answered, up to the one that decided."""

    error: Unauthorized | None = None
    """What an explicit credential that does not verify was refused with."""


def identify(
    app: Flask, request: Request, state: GuardState, *, explicit_only: bool = False
) -> Identity[t.Any] | None:
    """Return who is calling: explicit credentials first, then ambient ones.

    An explicit credential that does not verify ends the search: falling back to
    a cookie would hide the mistake. An ambient one is passed over.

    :raises werkzeug.exceptions.Unauthorized: If an explicit credential is bad.
    :raises werkzeug.exceptions.HTTPException: What else an authenticator raised:
        a malformed request, a store that is down.
    """
    known = memo(request)
    found: t.Any = known.get(state.memo_key, _UNKNOWN)

    if found is _UNKNOWN or explicit_only:
        asked = state.explicit if explicit_only else state.authenticators
        missed: list[Miss] = []
        known[state.trace_key] = missed

        try:
            found = _ask(app, request, state, asked, missed)
        except Unauthorized as error:
            known[state.memo_key] = error
            raise

        # What explicit credentials gave is also the answer of the whole search.
        if found is not None or not explicit_only:
            known[state.memo_key] = found

        if found is not None:
            # Whatever is answered may depend on the caller, on open pages too.
            after_this_request(state.finish)

            if identity_loaded.receivers:
                identity_loaded.send(app, guard=state.name, identity=found)
    elif isinstance(found, Unauthorized):
        raise found.with_traceback(None)

    identity: Identity[t.Any] | None = found
    return identity


def search(app: Flask, request: Request, state: GuardState) -> Found:
    """Return who is calling, or why nobody is known; a bad credential raises not.

    :raises werkzeug.exceptions.HTTPException: As :func:`identify`, but no 401.
    """
    try:
        identity = identify(app, request, state)
    except Unauthorized as error:
        return explain(request, state, error=error)

    return explain(request, state, identity)


def explain(
    request: Request,
    state: GuardState,
    identity: Identity[t.Any] | None = None,
    error: Unauthorized | None = None,
) -> Found:
    """Return what :func:`identify` found and how, for a refusal.

    :param identity: What it returned.
    :param error: What it raised.
    """
    missed: list[Miss] = memo(request).get(state.trace_key, [])
    steps = [Step(one.name, _reason(request, one, bad)) for one, bad in missed]

    if identity is not None:
        steps.append(Step(identity.via, "identity"))

    return Found(identity, tuple(steps), error)


def _reason(
    request: Request, authenticator: Authenticator[t.Any], error: Unauthorized | None
) -> str:
    if error is None:
        return reason_of(request, authenticator)

    return str(getattr(error, "reason", "bad-credential"))


def adopt(request: Request, state: GuardState, identity: Identity[t.Any]) -> None:
    """Make a new sign-in what this guard knows of the request."""
    known = memo(request)
    known[state.session] = identity
    known[state.memo_key] = identity


def forget_ended(app: Flask, request: Request) -> None:
    """Forget the callers whose sign-in is no longer in the session."""
    session = the_context().session

    for state in registry_of(app).guards():
        if state.session is not None and state.key not in session:
            _forget(request, state)


def _forget(request: Request, state: GuardState) -> None:
    known = memo(request)
    ended = known.get(state.session)
    known[state.session] = None
    known.pop(state.memo_key, None)

    # Another guard's caller, or one with a header, stays the published one.
    if ended is not None:
        withdraw(request, ended)


def facts_about(
    state: GuardState, identity: Identity[t.Any] | None, obj: object = None
) -> Facts | None:
    """Return what rules may look at; ``None`` if nobody is signed in."""
    if identity is None:
        return None

    return Facts(identity, time.time(), state.callbacks.roles, obj)


def _ask(
    app: Flask,
    request: Request,
    state: GuardState,
    asked: Iterable[Authenticator[t.Any]],
    missed: list[Miss],
) -> Identity[t.Any] | None:
    """Return the first hit; write down who found nobody, and with what error."""
    for authenticator in asked:
        try:
            identity = resolve(request, authenticator)

            if authenticator in state.adopted:
                identity = _completed(app, state, authenticator, identity)
        except Unauthorized as error:
            missed.append((authenticator, error))

            if not authenticator.ambient:
                raise
        else:
            if identity is not None:
                return identity

            missed.append((authenticator, None))

    return None


def _completed(
    app: Flask,
    state: GuardState,
    authenticator: Authenticator[t.Any],
    identity: Identity[t.Any] | None,
) -> Identity[t.Any] | None:
    """Return the caller, with the user of this guard's loader where none came."""
    callbacks = state.callbacks

    if identity is None or identity.user is not None or callbacks.load is None:
        return identity

    user = callbacks.user(app, identity.id)

    if user is None:
        raise _UserGoneError(headers=challenge_of(authenticator))

    return dataclasses.replace(identity, user=user)


def challenge_of(authenticator: Authenticator[t.Any]) -> list[tuple[str, str]]:
    """Return the header that asks for the credential of one authenticator."""
    challenge = authenticator.challenge()
    return [] if challenge is None else [("WWW-Authenticate", challenge)]
