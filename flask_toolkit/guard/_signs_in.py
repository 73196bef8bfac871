"""Sign-ins and sign-outs of a guard."""

from __future__ import annotations

import logging
import typing as t

from flask.globals import app_ctx

from flask_toolkit._context import request_ctx
from flask_toolkit._context import the_context
from flask_toolkit._values import epoch_of
from flask_toolkit.errors import LoginRequiredError
from flask_toolkit.errors import SetupError
from flask_toolkit.identity import publish

from ._answers import challenges
from ._asked import Asked
from ._identify import adopt
from ._identify import forget_ended
from ._identify import identify
from ._session import end
from ._session import renew
from ._session import SessionAuthenticator
from ._session import start
from ._session import VIA
from ._signals import logged_in
from ._signals import logged_out
from ._signals import login_failed

if t.TYPE_CHECKING:
    from datetime import datetime

    from flask import Flask
    from flask import Request

    from flask_toolkit.identity import Identity

    from ._state import GuardState

U = t.TypeVar("U")
_log = logging.getLogger("flask_toolkit.guard")


class SignsIn(Asked[U]):
    """What :class:`LoginGuard` does with sessions, where it keeps any."""

    _session: SessionAuthenticator | None

    def login(
        self, user: U, *, remember: bool = False, auth_time: datetime | None = None
    ) -> None:
        """Sign ``user`` in, in a session with a new id.

        Data of an anonymous visitor stays; those of another user are dropped.

        :param remember: Keep the session when the browser closes (Flask's
            ``PERMANENT_SESSION_LIFETIME``).
        :param auth_time: When the user proved who it is, if that was elsewhere
            and before, such as the claim of an identity provider. None: now.
        :raises SetupError: If there is no ``user_loader``.
        :raises TypeError: If the user has no id that is a text and not empty.
        :raises ValueError: If ``auth_time`` has no time zone.
        """
        app = app_ctx.app
        state = self._with_session(app)

        if self._callbacks.load is None:
            # The next request would take the sign-in for that of a deleted user.
            raise SetupError(
                f"Guard {self.name!r} cannot find users again: register a function"
                " with @guard.user_loader."
            )

        at = None if auth_time is None else epoch_of(auth_time)
        identity = start(app, state, user, remember=remember, at=at)
        forget_ended(app, request_ctx.request)
        self._adopt(request_ctx.request, state, identity)
        logged_in.send(app, guard=self.name, identity=identity)

    def logout(self) -> None:
        """Sign out: the session is emptied and its cookie deleted.

        A copy of a signed cookie stays valid until it is too old; see ``epoch``.
        """
        app = app_ctx.app
        request = request_ctx.request
        self._with_session(app)
        identity = self.identity if logged_out.receivers else None
        end()
        forget_ended(app, request)
        logged_out.send(app, guard=self.name, identity=identity)

    def confirm(self) -> None:
        """Record that the signed-in user proved who it is again, just now.

        ``fresh()`` and ``MAX_AGE`` count from here.

        :raises LoginRequiredError: If nobody is signed in by the session.
        """
        app = app_ctx.app
        state = self._with_session(app)
        found = identify(the_context(), state)

        if found is None or found.via != VIA:
            raise LoginRequiredError(headers=challenges(state))

        self._adopt(request_ctx.request, state, renew(app, state, found))

    def login_failed(self, identifier: str) -> None:
        """Tell that a sign-in failed, for throttling and audit logs.

        :param identifier: What was typed. It goes to the signal only: people
            type passwords into this field, so it is never logged.
        """
        app = app_ctx.app
        ip = request_ctx.request.remote_addr
        _log.info("sign-in failed at guard %s", self.name)
        login_failed.send(app, guard=self.name, identifier=identifier, ip=ip)

    def _with_session(self, app: Flask) -> GuardState:
        if self._session is None:
            raise SetupError(
                f"Guard {self.name!r} keeps no sessions: add SessionAuthenticator() to"
                " its authenticators."
            )

        state: GuardState = self.state_of(app)
        return state

    def _adopt(
        self, request: Request, state: GuardState, identity: Identity[t.Any]
    ) -> None:
        adopt(request, state, identity)
        publish(request, identity, replace=True)
