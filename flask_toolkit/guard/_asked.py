"""What views and templates ask a guard: who is calling, and what that one may."""

from __future__ import annotations

import typing as t

from flask import abort
from flask import has_request_context
from flask.globals import app_ctx
from werkzeug.exceptions import HTTPException

from flask_toolkit._context import request_ctx
from flask_toolkit._context import the_context
from flask_toolkit.errors import LoginRequiredError

from ._answers import challenges
from ._answers import refuse
from ._identify import facts_about
from ._identify import identify
from ._identify import search
from ._redirects import login_location
from ._redirects import next_target
from ._rules import ALLOW
from ._rules import evaluate
from ._told import Told

if t.TYPE_CHECKING:
    from flask_toolkit.identity import Identity

    from ._rules import Rule
    from ._state import GuardState

U = t.TypeVar("U")
_SERVER_ERROR = 500


class Asked(Told[U]):
    """The questions of :class:`LoginGuard`."""

    @property
    def identity(self) -> Identity[U] | None:
        """Who sent the request, found at the first use; ``None``: nobody known.

        A credential that does not verify reads as nobody.

        :raises StoreUnavailableError: If a store that must be asked is down.
        """
        if not has_request_context():
            return None

        context = the_context()

        try:
            return identify(context, self.state_of(context.app))
        except HTTPException as error:
            if error.code is None or error.code >= _SERVER_ERROR:
                raise

            return None

    @property
    def user(self) -> U:
        """The user who sent the request.

        :raises LoginRequiredError: If nobody is known.
        """
        user = self.user_or_none

        if user is None:
            app = app_ctx.app
            raise LoginRequiredError(headers=challenges(self.state_of(app)))

        return user

    @property
    def user_or_none(self) -> U | None:
        """The user who sent the request, or ``None``; never raises a 401."""
        identity = self.identity
        return None if identity is None else identity.user

    def allows(self, rule: Rule, obj: object = None) -> bool:
        """Tell whether the caller passes ``rule``; ``obj`` goes to its functions."""
        if not has_request_context():
            return False

        state = self.state_of(app_ctx.app)
        verdict = evaluate(rule, facts_about(state, self.identity, obj))
        return verdict.outcome is ALLOW

    def check(self, rule: Rule, obj: object = None) -> None:
        """Go on only if the caller passes ``rule``; else answer like a mark would.

        :param obj: What the rule is about, such as a row; for ``rule(fn)``.
        :raises LoginRequiredError: If nobody is signed in.
        :raises StepUpRequiredError: If the sign-in is too old.
        :raises AccessDeniedError: If the caller lacks the right.
        """
        app = app_ctx.app
        request = request_ctx.request
        state: GuardState = self.state_of(app)
        found = search(the_context(), state)
        verdict = evaluate(rule, facts_about(state, found.identity, obj))

        if verdict.outcome is not ALLOW:
            abort(refuse(app, request, state, found, verdict=verdict, rule=rule))

    def next_url(self, default: str) -> str:
        """Return where to go after a sign-in, as the ``next`` parameter says.

        Only a path that this application serves by GET counts; everything else
        gives ``default``.
        """
        settings = self.settings_of(app_ctx.app)
        adapter = request_ctx.url_adapter
        return next_target(request_ctx.request, adapter, settings, default)

    def login_url(self) -> str:
        """Return the address of the login view, with the way back to this page.

        :raises SetupError: If no login view is set.
        """
        app = app_ctx.app
        return login_location(app, request_ctx.request, self.settings_of(app))
