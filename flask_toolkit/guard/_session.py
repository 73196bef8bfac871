"""Sign-ins in Flask's session: who is in it, since when, and until when."""

from __future__ import annotations

import time
import typing as t
from dataclasses import replace

from flask.globals import app_ctx

from flask_toolkit._context import the_context
from flask_toolkit._extension import GUARDS
from flask_toolkit.errors import SetupError
from flask_toolkit.identity import identified
from flask_toolkit.identity import Identity
from flask_toolkit.identity import memo
from flask_toolkit.signing import signing_keys

from ._codec import ended_login
from ._codec import epoch_mac
from ._codec import epoch_matches
from ._codec import last_user
from ._codec import Login
from ._codec import needs_stamp
from ._codec import parse_login
from ._codec import too_old
from ._codec import write_login
from ._policy import quoted

if t.TYPE_CHECKING:
    from flask import Flask
    from flask import Request
    from flask.ctx import RequestContext
    from flask.sessions import SessionMixin

    from flask_toolkit._extension import Extension

    from ._settings import GuardSettings
    from ._state import GuardState
    from ._state import Registry

VIA: t.Final = "session"
_EPOCH: t.Final = "guard-epoch"
_UNNAMED: t.Final = "guard"  # the name of a guard that was given none


class SessionAuthenticator:
    """Finds who signed in with :meth:`LoginGuard.login`; serves one guard.

    A guard without ``authenticators=`` has one; name it in the list to combine
    it with others.
    """

    def __init__(self) -> None:
        self.name: str = VIA
        self.ambient: bool = True
        self._guard: Extension[GuardSettings] | None = None

    def serve(self, guard: Extension[GuardSettings]) -> None:
        """Belong to ``guard`` from now on.

        :raises SetupError: If another guard has it.
        """
        if self._guard not in (None, guard):
            raise SetupError("Give each guard a SessionAuthenticator of its own.")

        self._guard = guard

    def authenticate(self, request: Request, /) -> Identity[t.Any] | None:
        """Return who signed in; an ended sign-in is taken out of the session."""
        context = the_context()
        return signed_in(self, memo(request), context, self._state(context.app))

    def challenge(self) -> str | None:
        """Return the challenge: a scheme that opens no dialog in browsers."""
        app = app_ctx.app
        realm = self._state(app).settings.realm
        return f"Session realm={quoted(app.name if realm is None else realm)}"

    def _state(self, app: Flask) -> GuardState:
        if self._guard is None:
            raise SetupError("Pass SessionAuthenticator() to a LoginGuard.")

        state: GuardState = self._guard.state_of(app)
        return state


def signed_in(
    authenticator: SessionAuthenticator,
    known: dict[t.Any, t.Any],
    context: RequestContext,
    state: GuardState,
) -> Identity[t.Any] | None:
    """Do as ``authenticate()``, where all that it looks up is at hand.

    :param known: The memo of the request.
    """
    session = context.session
    held = session.get(state.key)
    login = parse_login(held) if isinstance(held, str) else None

    if login is None:
        return None

    now = int(time.time())
    reason = too_old(login, now, state.max_age, state.idle_age)
    user = None

    if not reason:
        callbacks = state.callbacks
        load = callbacks.load_now
        user = callbacks.user(context.app, login.id) if load is None else load(login.id)

        if user is None:
            reason = "user-gone"
        elif callbacks.epoch is not None or state.idle_age is not None:
            # Most guards have neither, and nothing else to look at.
            reason = _stamp(context.app, state, session, login, user, now=now)

    if reason:
        known[authenticator, "reason"] = reason
        session[state.key] = ended_login(login.id)
        _disown(session, _owned_by(state, login.id))
        return None

    return identified(login.id, VIA, True, user, login.auth_time + 0.0)


def reason_of(request: Request, authenticator: object) -> str:
    """Return why an authenticator found nobody, as the trace shows it."""
    reason: str = memo(request).get((authenticator, "reason"), "no-credential")
    return reason


def start(
    app: Flask, state: GuardState, user: t.Any, *, remember: bool, at: int | None
) -> Identity[t.Any]:
    """Write a sign-in into the session, under a new id where it has one.

    :param at: When the user proved who it is. None: now.
    :raises TypeError: If the user has no usable id.
    :raises ValueError: If the id reads as that of a user of another guard.
    """
    session = the_context().session
    id = state.callbacks.id(user)
    owner = _owner(app, state, id)

    if last_user(session.get(state.key)) not in (None, id):
        # Somebody else's data must not become this user's.
        session.clear()
    else:
        session.pop("csrf_token", None)

    identity = _write(app, state, session, user, id=id, at=at)

    if session.permanent is not remember:
        session.permanent = remember

    _own(session, owner, identity.auth_time + state.max_age)
    _rotate(app, session)
    return identity


def renew(app: Flask, state: GuardState, identity: Identity[t.Any]) -> Identity[t.Any]:
    """Write that the signed-in user proved who it is just now."""
    session = the_context().session
    renewed = _write(app, state, session, identity.user, id=identity.id, at=None)
    owner = _owned_by(state, identity.id)
    _own(session, owner, renewed.auth_time + state.max_age)
    _rotate(app, session)
    return renewed


def end() -> None:
    """Empty the session: Flask then deletes its cookie."""
    the_context().session.clear()


def _stamp(
    app: Flask,
    state: GuardState,
    session: SessionMixin,
    login: Login,
    user: t.Any,
    *,
    now: int,
) -> str:
    """Write down that a sign-in was seen; return why it has ended, if it has."""
    mac = login.epoch
    epoch = state.callbacks.epoch_of(user)

    if epoch is not None:
        *old, current = signing_keys(app, _EPOCH)

        if not epoch_matches(mac, login.id, epoch, current):
            if not any(epoch_matches(mac, login.id, epoch, key) for key in old):
                return "epoch-changed"

            mac = epoch_mac(current, login.id, epoch)

    seen = now if needs_stamp(login, now, state.idle_age) else login.seen

    if mac != login.epoch or seen != login.seen:
        session[state.key] = write_login(replace(login, epoch=mac, seen=seen))

    return ""


def _write(
    app: Flask,
    state: GuardState,
    session: SessionMixin,
    user: t.Any,
    *,
    id: str,
    at: int | None,
) -> Identity[t.Any]:
    now = int(time.time())
    at = now if at is None else min(at, now)
    epoch = state.callbacks.epoch_of(user)
    mac = None if epoch is None else epoch_mac(signing_keys(app, _EPOCH)[-1], id, epoch)
    session[state.key] = write_login(Login(id, at, mac, now))
    return Identity(id=id, via=VIA, ambient=True, user=user, auth_time=float(at))


def _owned_by(state: GuardState, id: str) -> str:
    """Return whose a session is: the id, under a named guard ``name:id``."""
    return id if state.name == _UNNAMED else f"{state.name}:{id}"


def _owner(app: Flask, state: GuardState, id: str) -> str:
    """Return whose a session is from now on.

    :raises ValueError: If that would be the name of another guard's user.
    """
    if state.name != _UNNAMED:
        return _owned_by(state, id)

    name, colon, _ = id.partition(":")
    known: Registry | None = app.extensions.get(GUARDS)

    # Who is called "staff:7" could list and end the sessions of that guard's 7.
    if colon and known and name in {g.name for g in known.guards()} - {_UNNAMED}:
        raise ValueError(f"No id may begin with {name}: and be of guard {_UNNAMED!r}.")

    return id


def _own(session: t.Any, owner: str, until: float) -> None:
    """Let a session be listed as somebody's, where it can, beside other guards'.

    Until then at most: a sign-in that has ended by its age is in no list.
    """
    if hasattr(session, "owners"):
        session.owners = {**session.owners, owner: until}
    elif hasattr(session, "owner"):
        session.owner = owner


def _disown(session: t.Any, owner: str) -> None:
    """Let a session be somebody's no more: the sign-in has ended."""
    owners = getattr(session, "owners", {})

    if owner in owners:
        session.owners = {name: owners[name] for name in owners if name != owner}


def _rotate(app: Flask, session: SessionMixin) -> None:
    """Give the session a new id, so that one planted before is worth nothing."""
    rotate = getattr(session, "rotate", None)

    if rotate is not None:
        rotate()
        return

    regenerate = getattr(app.session_interface, "regenerate", None)

    if regenerate is not None:
        regenerate(session)
