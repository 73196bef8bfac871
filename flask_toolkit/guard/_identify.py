"""Ask a guard's authenticators who is calling, once a request."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from flask import after_this_request
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import Unauthorized

from flask_toolkit._context import the_context
from flask_toolkit.errors import BadCredentialError
from flask_toolkit.identity import memo
from flask_toolkit.identity import resolve_in
from flask_toolkit.identity import withdraw

from ._decision import Step
from ._rules import Facts
from ._session import reason_of
from ._session import signed_in
from ._signals import identity_loaded
from ._state import registry_of

if t.TYPE_CHECKING:
    from flask import Flask
    from flask import Request
    from flask.ctx import RequestContext

    from flask_toolkit.identity import Authenticator
    from flask_toolkit.identity import Identity

    from ._state import GuardState

    Known: t.TypeAlias = dict[t.Any, t.Any]
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


def identify(context: RequestContext, state: GuardState) -> Identity[t.Any] | None:
    """Return who is calling: explicit credentials first, then ambient ones.

    An explicit credential that does not verify ends the search: falling back to
    a cookie would hide the mistake. An ambient one is passed over.

    :raises werkzeug.exceptions.Unauthorized: If an explicit credential is bad.
    :raises werkzeug.exceptions.HTTPException: What else an authenticator raised:
        a malformed request, a store that is down.
    """
    return identify_in(memo(context.request), context, state, False)


# By position, and with the memo of the request at hand: this runs on each guarded
# request, where a name costs as much as a look-up.
def identify_in(
    known: Known, context: RequestContext, state: GuardState, explicit_only: bool
) -> Identity[t.Any] | None:
    """Do as :func:`identify`.

    :param explicit_only: Ask those only whose credential no browser sends by
        itself, and whoever was found before.
    """
    found = known.get(state.memo_key, _UNKNOWN)

    if found is not _UNKNOWN and not explicit_only:
        return _again(found)

    if explicit_only:
        known.pop(state.trace_key, None)

    own = state.own

    for authenticator in state.explicit if explicit_only else state.authenticators:
        try:
            if own is not None and authenticator is own and own not in known:
                # As resolve_in() does; this one has nothing to look up.
                identity = known[own] = signed_in(own, known, context, state)
            else:
                identity = _ask(known, context, state, authenticator)
        except HTTPException as error:
            _failed(known, state, authenticator, error)
            continue

        if identity is not None:
            # What explicit credentials gave is also the answer of the whole search.
            known[state.memo_key] = identity
            # Whatever is answered may depend on the caller, on open pages too.
            after_this_request(state.finish)

            if identity_loaded.receivers:
                identity_loaded.send(context.app, guard=state.name, identity=identity)

            return identity

        _miss(known, state, authenticator, None)

    if not explicit_only:
        known[state.memo_key] = None

    return None


def _again(found: Identity[t.Any] | Unauthorized | None) -> Identity[t.Any] | None:
    """Return or raise what was found before."""
    if isinstance(found, Unauthorized):
        raise found.with_traceback(None)

    return found


def search(context: RequestContext, state: GuardState) -> Found:
    """Return who is calling, or why nobody is known; a bad credential raises not.

    :raises werkzeug.exceptions.HTTPException: As :func:`identify`, but no 401.
    """
    try:
        identity = identify(context, state)
    except Unauthorized as error:
        return explain(context.request, state, error=error)

    return explain(context.request, state, identity)


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
    known.pop(state.trace_key, None)

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
    known: Known,
    context: RequestContext,
    state: GuardState,
    authenticator: Authenticator[t.Any],
) -> Identity[t.Any] | None:
    identity = resolve_in(known, context.request, authenticator)

    if authenticator in state.adopted:
        return _completed(context.app, state, authenticator, identity)

    return identity


def _failed(
    known: Known,
    state: GuardState,
    authenticator: Authenticator[t.Any],
    error: HTTPException,
) -> None:
    """Remember an error, and raise it again unless the search goes on."""
    if authenticator is state.own:
        known[authenticator] = error

    if not isinstance(error, Unauthorized):
        raise error

    _miss(known, state, authenticator, error)

    if not authenticator.ambient:
        known[state.memo_key] = error
        raise error


def _miss(
    known: Known,
    state: GuardState,
    authenticator: Authenticator[t.Any],
    error: Unauthorized | None,
) -> None:
    # Made by the first who finds nobody: on most requests there is none.
    trace: list[Miss] = known.setdefault(state.trace_key, [])
    trace.append((authenticator, error))


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
