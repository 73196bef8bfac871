"""The login guard: every route is closed until its author opens it."""

from __future__ import annotations

import logging
import typing as t
from inspect import iscoroutinefunction

from flask import abort
from flask import Blueprint
from flask import has_request_context
from flask.globals import app_ctx
from werkzeug.exceptions import HTTPException
from werkzeug.local import LocalProxy

from flask_toolkit._context import request_ctx
from flask_toolkit._context import the_context
from flask_toolkit._extension import Extension
from flask_toolkit._values import epoch_of
from flask_toolkit._values import seconds
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import LoginRequiredError
from flask_toolkit.errors import SetupError
from flask_toolkit.identity import publish
from flask_toolkit.identity import register
from flask_toolkit.identity import trusted_origins

from ._answers import challenges
from ._answers import refuse
from ._callbacks import Callbacks
from ._checks import findings
from ._checks import KNOWN
from ._credentials import headers_of
from ._gate import finisher
from ._gate import gate_for
from ._identify import adopt
from ._identify import facts_about
from ._identify import forget_ended
from ._identify import identify
from ._identify import search
from ._redirects import login_location
from ._redirects import next_target
from ._rules import ALLOW
from ._rules import authenticated
from ._rules import evaluate
from ._rules import Rule
from ._session import end
from ._session import renew
from ._session import SessionAuthenticator
from ._session import start
from ._session import VIA
from ._settings import GuardSettings
from ._signals import logged_in
from ._signals import logged_out
from ._signals import login_failed
from ._state import APP
from ._state import GuardState
from ._state import registry_of

if t.TYPE_CHECKING:
    from collections.abc import Awaitable
    from collections.abc import Callable
    from collections.abc import Collection
    from collections.abc import Coroutine
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence
    from datetime import datetime

    from flask import Flask
    from flask import Request
    from flask.blueprints import BlueprintSetupState
    from flask.typing import ResponseReturnValue

    from flask_toolkit._origins import CheckInfo
    from flask_toolkit._origins import Finding
    from flask_toolkit.identity import Authenticator
    from flask_toolkit.identity import Identity

    from ._decision import Decision

    Denied: t.TypeAlias = ResponseReturnValue | None
    Denial: t.TypeAlias = Callable[[Decision], Denied | Awaitable[Denied]]

U = t.TypeVar("U")
_SERVER_ERROR = 500
# The session key of a guard is its name after an underscore, as are Flask's own.
_FLASKS = frozenset({"flashes", "permanent"})
_log = logging.getLogger("flask_toolkit.guard")


class LoginGuard(Extension[GuardSettings], t.Generic[U], component="guard"):
    """Lets nobody in but where a route is marked ``public``.

    ::

        guard = LoginGuard[User](login_view="sign_in")
        guard.init_app(app)

        @guard.user_loader
        def load(id: str) -> User | None:
            return users.get(id)

    :param app: The application, or a blueprint, which then has its own guard.
    :param name: Names settings (``TOOLKIT_<NAME>_*``) and session key. Several
        guards with different names may serve one application.
    :param authenticators: How callers are found. Default: by the session.
    :param require: What every route asks for that is not marked otherwise.
    :param login_view: Default of ``TOOLKIT_GUARD_LOGIN_VIEW``.
    :raises SetupError: If two authenticators have one name, a session
        authenticator belongs to another guard, or Flask's session has a key of
        this name.
    """

    kernel_settings: t.ClassVar[tuple[str, ...]] = ("trusted",)
    known_checks: t.ClassVar[tuple[CheckInfo, ...]] = KNOWN

    def __init__(
        self,
        app: Flask | Blueprint | None = None,
        *,
        name: str = "guard",
        authenticators: Sequence[Authenticator[U]] = (),
        require: Rule = authenticated,
        login_view: str | None = None,
    ) -> None:
        super().__init__(name=name, login_view=login_view)

        if name in _FLASKS:
            raise SetupError(f"Flask keeps session['_{name}']: name the guard another.")

        self.require: Rule = require
        self.authenticators: tuple[Authenticator[U], ...] = tuple(authenticators)
        self._session: SessionAuthenticator | None = self._session_of(authenticators)
        self._callbacks: Callbacks = Callbacks()

        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask | Blueprint) -> None:
        """Guard an application, or all routes of a blueprint.

        On a blueprint it takes effect at each registration, below whatever name
        the blueprint gets there.

        :raises ConfigError: With all keys that are missing, unknown or malformed.
        :raises SetupError: If a guard is there already.
        """
        if isinstance(app, Blueprint):
            app.record(self._cover_blueprint)
        else:
            super().init_app(app)

    def attach(self, app: Flask) -> None:
        """Register on ``app`` and decide for all routes no other guard covers."""
        registry = registry_of(app)
        registry.require_free(APP)
        super().attach(app)
        registry.cover(APP, self.state_of(app))

        for authenticator in self.state_of(app).authenticators:
            register(app, authenticator)

    def setup(self, app: Flask, settings: GuardSettings) -> GuardState:
        """Register the hook that all guards of ``app`` share."""
        registry = registry_of(app)
        trusted = trusted_origins(app)
        adopted = () if self.authenticators else registry.adopted.get(self.name, ())
        session = () if self._session is None else (self._session,)
        asked: list[Authenticator[t.Any]]
        asked = [*(self.authenticators or (*adopted, *session))]

        if len({one.name for one in asked}) < len(asked):
            raise SetupError("Two authenticators of one guard have the same name.")

        if registry.gate is None:
            registry.gate = app.before_request(gate_for(app, registry))

        if self.name == self._component:
            proxy: t.Any = LocalProxy(lambda: self.user_or_none)
            names = {"current_user": proxy, "allows": self.allows}
            app.context_processor(lambda: names)

        idle = settings.idle_age
        return GuardState(
            self,
            settings,
            name=self.name,
            rule=self.require,
            callbacks=self._callbacks,
            explicit=tuple(one for one in asked if not one.ambient),
            ambient=tuple(one for one in asked if one.ambient),
            adopted=adopted,
            session=self._session,
            trusted=trusted,
            max_age=seconds(settings.max_age),
            idle_age=None if idle is None else seconds(idle),
            finish=finisher(settings.cache_control, headers_of(asked)),
        )

    def checks(
        self, app: Flask, settings: GuardSettings, *, deploy: bool = False
    ) -> Iterator[Finding]:
        """Yield what works on ``app`` and should not be left like this.

        :param deploy: Ask as well what only matters in production.
        """
        return findings(app, self.state_of(app), deploy=deploy)

    def default_authenticators(
        self, app: Flask, authenticators: Iterable[Authenticator[t.Any]]
    ) -> None:
        """Ask these before the session on ``app``, if none were passed to ``init``.

        Call it before :meth:`attach`. Their callers must be users of this
        application: where such a caller comes without a user, this guard's
        ``user_loader`` finds it by its id.
        """
        registry_of(app).adopted[self.name] = tuple(authenticators)

    @t.overload
    def user_loader(
        self, load: Callable[[str], Coroutine[t.Any, t.Any, U | None]], /
    ) -> Callable[[str], Coroutine[t.Any, t.Any, U | None]]: ...
    @t.overload
    def user_loader(
        self, load: Callable[[str], U | None], /
    ) -> Callable[[str], U | None]: ...
    def user_loader(self, load: Callable[[str], t.Any], /) -> Callable[[str], t.Any]:
        """Find a user by id; return ``None`` for nobody. May be ``async``."""
        self._callbacks.load = load
        self._callbacks.load_now = None if iscoroutinefunction(load) else load
        return load

    def id_of(self, get: Callable[[U], str], /) -> Callable[[U], str]:
        """Tell the id of a user, a text. Default: ``str(user.id)``."""
        self._callbacks.id_of = get
        return get

    def epoch(self, get: Callable[[U], str], /) -> Callable[[U], str]:
        """Tell a text that changes when all sign-ins of a user shall end.

        Such as the password's hash, or a counter. Only a MAC of it is stored.
        """
        self._callbacks.epoch = get
        return get

    def roles_of(
        self, get: Callable[[U], Collection[str]], /
    ) -> Callable[[U], Collection[str]]:
        """Tell the roles of a user. Default: ``user.roles``."""
        self._callbacks.roles_of = get
        return get

    def on_denied(self, answer: Denial, /) -> Denial:
        """Answer refusals yourself; ``None`` leaves the answer to the guard.

        It may be ``async``.
        """
        self._callbacks.on_denied = answer
        return answer

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

    def _session_of(
        self, authenticators: Sequence[Authenticator[U]]
    ) -> SessionAuthenticator | None:
        given = [a for a in authenticators if isinstance(a, SessionAuthenticator)]
        session = given[0] if given else SessionAuthenticator()

        if authenticators and not given:
            return None

        session.serve(self)
        return session

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

    def _cover_blueprint(self, setup: BlueprintSetupState) -> None:
        app = t.cast("Flask", setup.app)
        registry = registry_of(app)
        scope = f"{setup.name_prefix}.{setup.name}".lstrip(".")
        registry.require_free(scope)

        if self._key not in app.extensions:
            self.announce(app)
            problems = self.bind(app)

            if problems:
                self.withdraw(app)
                raise ConfigError(problems)

            super().attach(app)

        registry.cover(scope, self.state_of(app))
