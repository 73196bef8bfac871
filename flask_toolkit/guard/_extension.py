"""The login guard: every route is closed until its author opens it."""

from __future__ import annotations

import typing as t

from flask import Blueprint
from werkzeug.local import LocalProxy

from flask_toolkit._values import seconds
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import SetupError
from flask_toolkit.identity import register
from flask_toolkit.identity import trusted_origins

from ._checks import findings
from ._checks import KNOWN
from ._credentials import headers_of
from ._gate import finisher
from ._gate import gate_for
from ._rules import authenticated
from ._rules import Rule
from ._session import SessionAuthenticator
from ._signs_in import SignsIn
from ._state import APP
from ._state import GuardState
from ._state import registry_of

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from flask import Flask
    from flask.blueprints import BlueprintSetupState

    from flask_toolkit._findings import CheckInfo
    from flask_toolkit._findings import Finding
    from flask_toolkit.identity import Authenticator

    from ._settings import GuardSettings

U = t.TypeVar("U")
# The session key of a guard is its name after an underscore, as are Flask's own.
_FLASKS = frozenset({"flashes", "permanent"})


class LoginGuard(SignsIn[U], component="guard"):
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

    def _session_of(
        self, authenticators: Sequence[Authenticator[U]]
    ) -> SessionAuthenticator | None:
        given = [a for a in authenticators if isinstance(a, SessionAuthenticator)]
        session = given[0] if given else SessionAuthenticator()

        if authenticators and not given:
            return None

        session.serve(self)
        return session

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
