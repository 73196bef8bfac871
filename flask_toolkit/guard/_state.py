"""What the guards of one application keep."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable

from flask.wrappers import Response

from flask_toolkit._extension import GUARDS
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

    key: str = dataclasses.field(init=False)
    """The session key of this guard."""

    memo_key: str = dataclasses.field(init=False)
    """Where a request remembers whom this guard found."""

    trace_key: str = dataclasses.field(init=False)
    """Where it remembers which authenticators found nobody."""

    authenticators: tuple[Authenticator[t.Any], ...] = dataclasses.field(init=False)
    """The authenticators in the order they are asked."""

    own: SessionAuthenticator | None = dataclasses.field(init=False)
    """The session's authenticator if nobody has changed how it finds callers."""

    def __post_init__(self) -> None:
        # A subclass may find callers in its own way.
        own = self.session if type(self.session) is SessionAuthenticator else None

        # Plain fields: each request reads them, and a cached property slows down
        # all attributes of its object.
        for name, value in (
            ("key", f"_{self.name}"),
            ("memo_key", f"toolkit.guard.{self.name}"),
            ("trace_key", f"toolkit.guard.{self.name}.trace"),
            ("authenticators", (*self.explicit, *self.ambient)),
            ("own", own),
        ):
            object.__setattr__(self, name, value)


class Plan(t.NamedTuple):
    """What holds for one endpoint and method, as long as ``view`` serves it."""

    view: Callable[..., t.Any] | None
    guard: GuardState | None
    access: Access | None
    checks_origin: bool = False
    """Whether it matters from which site a request comes."""

    checks_handshake: bool = False
    """The same for a WebSocket: its GET opens a way for commands."""


class Registry:
    """The guards of one application, by what they cover."""

    def __init__(self) -> None:
        self.scopes: dict[str, GuardState] = {}
        """By full name of a blueprint; :data:`APP` covers the rest."""

        self.adopted: dict[str, tuple[Authenticator[t.Any], ...]] = {}
        self.plans: dict[tuple[str, str], Plan] = {}
        self.checked: bool = False
        self.gate: Callable[[], Response | None] | None = None
        """The hook that all guards share, once it is registered."""

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
    registry: Registry = app.extensions.setdefault(GUARDS, Registry())
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
