"""Sign-ins in Flask's session: who is in it, since when, and until when."""

from __future__ import annotations

import time
import typing as t

from flask.globals import app_ctx
from flask.globals import request_ctx

from flask_toolkit.errors import SetupError
from flask_toolkit.identity import Identity
from flask_toolkit.identity import memo
from flask_toolkit.signing import signing_keys

from ._policy import epoch_mac
from ._policy import epoch_matches
from ._policy import last_user
from ._policy import needs_stamp
from ._policy import quoted
from ._policy import read_login
from ._policy import too_old

if t.TYPE_CHECKING:
    from flask import Flask
    from flask import Request
    from flask.sessions import SessionMixin

    from flask_toolkit._extension import Extension

    from ._policy import Login
    from ._settings import GuardSettings
    from ._state import GuardState

VIA: t.Final = "session"
_EPOCH: t.Final = "guard-epoch"


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
        app = app_ctx.app
        state = self._state(app)
        session = request_ctx.session
        login = read_login(session.get(state.key))

        if login is None:
            return None

        user, reason = _judge(app, state, session, login)

        if reason:
            memo(request)[self, "reason"] = reason
            # Without a time it is no sign-in: the loader is not asked again. The
            # id stays, so that the next user does not inherit this one's data.
            session[state.key] = {"u": login.id}
            return None

        return Identity(
            id=login.id,
            via=VIA,
            ambient=True,
            user=user,
            auth_time=float(login.auth_time),
        )

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


def reason_of(request: Request, authenticator: object) -> str:
    """Return why an authenticator found nobody, as the trace shows it."""
    reason: str = memo(request).get((authenticator, "reason"), "no-credential")
    return reason


def start(
    app: Flask, state: GuardState, user: t.Any, *, remember: bool
) -> Identity[t.Any]:
    """Write a sign-in into the session, under a new id where it has one.

    :raises TypeError: If the user has no usable id.
    """
    session = request_ctx.session
    id = state.callbacks.id(user)

    if last_user(session.get(state.key)) not in (None, id):
        # Somebody else's data must not become this user's.
        session.clear()
    else:
        session.pop("csrf_token", None)

    identity = _write(app, state, session, user, id=id)

    if session.permanent is not remember:
        session.permanent = remember

    if hasattr(session, "owner"):
        owner = id if state.name == "guard" else f"{state.name}:{id}"
        setattr(session, "owner", owner)  # noqa: B010  # only some sessions have it

    _rotate(app, session)
    return identity


def renew(app: Flask, state: GuardState, identity: Identity[t.Any]) -> Identity[t.Any]:
    """Write that the signed-in user proved who it is just now."""
    session = request_ctx.session
    renewed = _write(app, state, session, identity.user, id=identity.id)
    _rotate(app, session)
    return renewed


def end() -> None:
    """Empty the session: Flask then deletes its cookie."""
    request_ctx.session.clear()


def _judge(
    app: Flask, state: GuardState, session: SessionMixin, login: Login
) -> tuple[t.Any, str]:
    """Return the user of a sign-in and why it has ended, if it has."""
    now = int(time.time())
    reason = too_old(login, now, state.max_age, state.idle_age)

    if reason:
        return None, reason

    user = state.callbacks.user(app, login.id)

    if user is None:
        return None, "user-gone"

    mac = login.epoch
    epoch = state.callbacks.epoch_of(user)

    if epoch is not None:
        *old, current = signing_keys(app, _EPOCH)

        if not epoch_matches(mac, login.id, epoch, current):
            if not any(epoch_matches(mac, login.id, epoch, key) for key in old):
                return None, "epoch-changed"

            mac = epoch_mac(current, login.id, epoch)

    seen = now if needs_stamp(login, now, state.idle_age) else login.seen

    if (mac, seen) != (login.epoch, login.seen):
        session[state.key] = _payload(login.id, login.auth_time, mac, seen)

    return user, ""


def _write(
    app: Flask, state: GuardState, session: SessionMixin, user: t.Any, *, id: str
) -> Identity[t.Any]:
    now = int(time.time())
    epoch = state.callbacks.epoch_of(user)
    mac = None if epoch is None else epoch_mac(signing_keys(app, _EPOCH)[-1], id, epoch)
    session[state.key] = _payload(id, now, mac, now)
    return Identity(id=id, via=VIA, ambient=True, user=user, auth_time=float(now))


def _payload(id: str, at: int, mac: str | None, seen: int) -> dict[str, t.Any]:
    payload = {"u": id, "t": at, "s": seen}
    return payload if mac is None else payload | {"e": mac}


def _rotate(app: Flask, session: SessionMixin) -> None:
    """Give the session a new id, so that one planted before is worth nothing."""
    rotate = getattr(session, "rotate", None)

    if rotate is not None:
        rotate()
        return

    regenerate = getattr(app.session_interface, "regenerate", None)

    if regenerate is not None:
        regenerate(session)
