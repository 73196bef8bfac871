"""The facade: a sensible set of parts, attached in one fixed order."""

from __future__ import annotations

import functools
import typing as t
from contextlib import contextmanager
from importlib import import_module

from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import SetupError

if t.TYPE_CHECKING:
    from collections.abc import Generator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from flask import Flask

    from flask_toolkit._extension import Extension
    from flask_toolkit.config import ConfigLoader
    from flask_toolkit.guard import LoginGuard
    from flask_toolkit.jwt import JWT
    from flask_toolkit.lifecycle import Lifecycle
    from flask_toolkit.middleware import MiddlewareStack
    from flask_toolkit.problems import Problems
    from flask_toolkit.routing import Converters
    from flask_toolkit.sessions import CookieSession
    from flask_toolkit.sessions import ServerSession
    from flask_toolkit.signals import Signals

    Sessions: t.TypeAlias = ServerSession | CookieSession | t.Literal["cookie"] | bool

__all__ = ["Toolkit"]


class Toolkit:
    """Attach configuration, parts and their links to an application at once.

    For each part ``True`` is a plain one, ``False`` none, and an instance is
    yours. On by default is what leaves status and body of an existing
    application alone; new are a request id in the answer, and errors as JSON for
    clients that ask for JSON. The guard and sessions change more and are on when
    passed: ``sessions="cookie"`` is Flask's own cookie at less cost.

    The order is fixed: configuration; then the settings of all parts, so that
    all problems come at once; then signals, converters, sessions, middleware,
    problems, lifecycle, guard, jwt. Outside of its own keys it never touches the
    session.

    :param app: Attach to it at once.
    :param config: Fills ``app.config`` before the parts read it.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        config: ConfigLoader[t.Any] | None = None,
        signals: Signals | bool = True,
        middleware: MiddlewareStack | bool = True,
        lifecycle: Lifecycle | bool = True,
        problems: Problems | bool = True,
        converters: Converters | bool = True,
        jwt: JWT[t.Any] | bool = True,
        guard: LoginGuard[t.Any] | bool = False,
        sessions: Sessions = False,
    ) -> None:
        self._config = config
        self._parts: dict[str, Extension[t.Any]] = {}
        given = {
            "signals": signals,
            "converters": converters,
            "sessions": sessions,
            "middleware": middleware,
            "problems": problems,
            "lifecycle": lifecycle,
            "guard": guard,
            "jwt": jwt,
        }

        for keyword, part in given.items():
            if part is True:
                self._parts[keyword] = _plain(keyword)
            elif isinstance(part, str):
                self._parts[keyword] = _plain(part)
            elif part is not False:
                self._parts[keyword] = part

        if app is not None:
            self.init_app(app)

    def __repr__(self) -> str:
        return f"<Toolkit of {', '.join(self._parts)}>"

    @property
    def config(self) -> ConfigLoader[t.Any]:
        """Return the configuration loader."""
        if self._config is None:
            raise _off("config")

        return self._config

    @property
    def signals(self) -> Signals:
        """Return the part that defines and lists signals."""
        return t.cast("Signals", self._part("signals"))

    @property
    def converters(self) -> Converters:
        """Return the part that registers URL converters."""
        return t.cast("Converters", self._part("converters"))

    @property
    def sessions(self) -> ServerSession:
        """Return the sessions in a store; those in a cookie have nothing to call."""
        part = self._part("sessions")

        if not hasattr(part, "sessions_of"):
            raise _off("sessions")

        return t.cast("ServerSession", part)

    @property
    def middleware(self) -> MiddlewareStack:
        """Return the WSGI middleware stack."""
        return t.cast("MiddlewareStack", self._part("middleware"))

    @property
    def problems(self) -> Problems:
        """Return the part that answers errors."""
        return t.cast("Problems", self._part("problems"))

    @property
    def lifecycle(self) -> Lifecycle:
        """Return the part that runs functions around requests and once a process."""
        return t.cast("Lifecycle", self._part("lifecycle"))

    @property
    def guard(self) -> LoginGuard[t.Any]:
        """Return the login guard."""
        return t.cast("LoginGuard[t.Any]", self._part("guard"))

    @property
    def jwt(self) -> JWT[t.Any]:
        """Return the part that issues and verifies tokens."""
        return t.cast("JWT[t.Any]", self._part("jwt"))

    def init_app(
        self, app: Flask, overrides: Mapping[str, t.Any] | None = None
    ) -> None:
        """Load the configuration and attach all parts to ``app``.

        :param overrides: The strongest layer of ``config``, as tests need it.
        :raises ConfigError: With every problem of the configuration and of the
            settings of all parts.
        :raises SetupError: If one of the parts is attached already.
        """
        if overrides is not None and self._config is None:
            raise SetupError("overrides= needs config=: there is no loader to take it.")

        with _announced(app, list(self._parts.values())):
            if self._config is not None:
                self._config.init_app(app, overrides)

            problems = [
                each for part in self._parts.values() for each in part.bind(app)
            ]

            if problems:
                # Parts that share a setting report the same problem.
                raise ConfigError(dict.fromkeys(problems))

            self._link(app)

            for part in self._parts.values():
                part.attach(app)

        app.extensions["toolkit"] = self

        if app.debug:
            from flask_toolkit.config._watch import watch

            watch(app)

    def _link(self, app: Flask) -> None:
        """Hand things from part to part; they never import each other."""
        if "problems" in self._parts and {"middleware", "sessions"} & {*self._parts}:
            app.extensions["toolkit.error_response"] = self.problems.response

        if {"lifecycle", "middleware"} <= {*self._parts}:
            from flask_toolkit.lifecycle._context import SCOPE_KEY
            from flask_toolkit.middleware._scope import bound_scope

            # Work in other threads logs under the id of its request.
            app.extensions[SCOPE_KEY] = bound_scope

        if "guard" in self._parts and "jwt" in self._parts:
            from flask_toolkit.jwt import JWTAuthenticator

            # Our own issuer only: a foreign subject must never become a local user.
            authenticator = JWTAuthenticator(self.jwt, foreign=False)
            self.guard.default_authenticators(app, [authenticator])

    def _part(self, keyword: str) -> Extension[t.Any]:
        try:
            return self._parts[keyword]
        except KeyError:
            raise _off(keyword) from None


def _off(keyword: str) -> SetupError:
    value = "a ConfigLoader" if keyword == "config" else "True or an instance"
    return SetupError(
        f"This Toolkit has no {keyword}. Pass {keyword}= with {value} to Toolkit()."
    )


@contextmanager
def _announced(app: Flask, parts: Sequence[Extension[t.Any]]) -> Generator[None]:
    """Announce ``parts``; after a failure take back what is not attached.

    A corrected configuration can then be tried again on the same application.
    """
    done: list[Extension[t.Any]] = []

    try:
        for part in parts:
            part.announce(app)
            done.append(part)

        yield
    except BaseException:
        for part in done:
            part.withdraw(app)

        raise


def _plain(keyword: str) -> Extension[t.Any]:
    if keyword not in _PLAIN:
        raise SetupError(
            f'sessions= takes True, "cookie" or an instance, not {keyword!r}.'
            " Where ServerSession keeps them, TOOLKIT_SESSIONS_STORE_URL tells."
        )

    cls = _class_of(keyword)
    # A weak SECRET_KEY stops the start only where tokens were asked for.
    made: Extension[t.Any] = cls.by_default() if keyword == "jwt" else cls()
    return made


@functools.cache
def _class_of(keyword: str) -> t.Any:
    module, name = _PLAIN[keyword]
    return getattr(import_module(module), name)


_PLAIN = {
    "converters": ("flask_toolkit.routing", "Converters"),
    "cookie": ("flask_toolkit.sessions", "CookieSession"),
    "guard": ("flask_toolkit.guard", "LoginGuard"),
    "jwt": ("flask_toolkit.jwt", "JWT"),
    "lifecycle": ("flask_toolkit.lifecycle", "Lifecycle"),
    "middleware": ("flask_toolkit.middleware", "MiddlewareStack"),
    "problems": ("flask_toolkit.problems", "Problems"),
    "sessions": ("flask_toolkit.sessions", "ServerSession"),
    "signals": ("flask_toolkit.signals", "Signals"),
}
