"""What the guards of one application keep."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable

from flask.wrappers import Response

from flask_toolkit._extension import State
from flask_toolkit.errors import SetupError
from flask_toolkit.identity import Authenticator

from ._callbacks import Callbacks
from ._rules import Rule
from ._session import SessionAuthenticator
from ._settings import GuardSettings

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from ._plan import Access

APP: t.Final = ""
"""The scope of a guard that covers all of an application."""

# No component can have this name, so no guard can collide with it.
_KEY: t.Final = "toolkit.guard-registry"


@dataclasses.dataclass(frozen=True)
class GuardState(State[GuardSettings]):
    """What one guard keeps for one application."""

    name: str
    rule: Rule
    callbacks: Callbacks
    explicit: tuple[Authenticator[t.Any], ...]
    ambient: tuple[Authenticator[t.Any], ...]
    adopted: tuple[Authenticator[t.Any], ...]
    """Those whose callers without a user this guard's loader completes."""

    session: SessionAuthenticator | None
    trusted: frozenset[str]
    max_age: float
    idle_age: float | None
    finish: Callable[[Response], Response]
    """What marks the answers of guarded routes."""

    @property
    def key(self) -> str:
        """Return the session key of this guard."""
        return f"_{self.name}"

    @property
    def authenticators(self) -> tuple[Authenticator[t.Any], ...]:
        """Return the authenticators in the order they are asked."""
        return (*self.explicit, *self.ambient)


class Plan(t.NamedTuple):
    """What holds for one endpoint and method, as long as ``view`` serves it."""

    view: Callable[..., t.Any] | None
    guard: GuardState | None
    access: Access | None


class Registry:
    """The guards of one application, by what they cover."""

    def __init__(self) -> None:
        self.scopes: dict[str, GuardState] = {}
        """By full name of a blueprint; :data:`APP` covers the rest."""

        self.adopted: dict[str, tuple[Authenticator[t.Any], ...]] = {}
        self.plans: dict[tuple[str, str], Plan] = {}
        self.checked: bool = False
        self.hooked: bool = False

    def require_free(self, scope: str) -> None:
        """Refuse a second guard for one scope: exactly one decides.

        :raises SetupError: If a guard covers ``scope`` already.
        """
        if scope in self.scopes:
            what = f"Blueprint {scope!r}" if scope else "The application"
            raise SetupError(
                f"{what} already has the guard {self.scopes[scope].name!r}; exactly"
                " one decides. Attach the second one to a blueprint."
            )

    def cover(self, scope: str, state: GuardState) -> None:
        """Let a guard decide for ``scope``.

        :raises SetupError: If a guard covers ``scope`` already.
        """
        self.require_free(scope)
        self.scopes[scope] = state
        self.plans.clear()
        self.checked = False

    def guards(self) -> Iterator[GuardState]:
        """Yield each guard once."""
        yield from {state.name: state for state in self.scopes.values()}.values()

    def deciding(self, endpoint: str) -> tuple[str, GuardState] | None:
        """Return the guard nearest to an endpoint, and its scope."""
        for scope in (*blueprints_of(endpoint), APP):
            if scope in self.scopes:
                return scope, self.scopes[scope]

        return None


def registry_of(app: Flask) -> Registry:
    """Return the guards of ``app``."""
    registry: Registry = app.extensions.setdefault(_KEY, Registry())
    return registry


def blueprints_of(endpoint: str) -> Iterator[str]:
    """Yield the full names of the blueprints around an endpoint, inner first.

    >>> list(blueprints_of("shop.admin.users"))
    ['shop.admin', 'shop']
    """
    name = endpoint.rpartition(".")[0]

    while name:
        yield name
        name = name.rpartition(".")[0]
