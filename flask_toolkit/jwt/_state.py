"""What one application keeps of its tokens."""

from __future__ import annotations

import dataclasses
import logging
import typing as t
from collections.abc import Callable
from weakref import WeakKeyDictionary

from flask import Flask
from flask import Response

from flask_toolkit._extension import State
from flask_toolkit.signing import signing_keys
from flask_toolkit.stores import MemoryStore
from flask_toolkit.stores import store_for

from ._caching import varying
from ._hooks import Hooks
from ._issuers import Issuer
from ._issuers import REFRESH_TYP
from ._keys import Key
from ._keys import KeySet
from ._policy import Requirement
from ._policy import Rules
from ._secret_key import check_secret_key
from ._secret_key import secrets_of
from ._sessions import Sessions
from ._sessions import TokenStore
from ._settings import JWTSettings

if t.TYPE_CHECKING:
    from ._authenticator import JWTAuthenticator  # noqa: TC004  # imports this module
    from ._locations import Location

    Places: t.TypeAlias = tuple[
        tuple[JWTAuthenticator[t.Any], ...], Callable[[Response], Response]
    ]

log = logging.getLogger("flask_toolkit.jwt")
_MIN_SECRET_KEY = 16


@dataclasses.dataclass(frozen=True)
class JWTState(State[JWTSettings]):
    """What one component keeps for one application."""

    name: str
    keys: KeySet | None
    """Our keys; ``None`` if they are derived from ``SECRET_KEY``."""

    given_store: TokenStore | None = dataclasses.field(repr=False)
    clock: Callable[[], float] = dataclasses.field(repr=False)
    authenticators: tuple[JWTAuthenticator[t.Any], ...] = dataclasses.field(repr=False)
    hooks: Hooks = dataclasses.field(repr=False)
    derived: _Derived = dataclasses.field(repr=False)
    access_cookie: str
    refresh_cookie: str
    vary: Callable[[Response], Response] = dataclasses.field(repr=False)

    @property
    def locations(self) -> tuple[Location, ...]:
        """Return where tokens are looked for, in order."""
        return t.cast("tuple[Location, ...]", self.settings.ordered_locations)

    def rules(self, app: Flask) -> Rules:
        """Return by what tokens are judged, with the keys of now.

        :raises SetupError: If there is no key, or a weak one.
        """
        derived = self.derived
        # Compared each time: applications set and change the key late.
        raw = secrets_of(app.config) if self.keys is None else None

        if derived.rules is None or derived.raw != raw:
            derived.rules = self._derive(app)
            derived.raw = raw

        return derived.rules

    def own_keys(self, app: Flask) -> KeySet:
        """Return our keys.

        :raises SetupError: If there is no key, or a weak one.
        """
        rules = self.rules(app)
        return rules.issuers[rules.own].keys

    def sessions(self, app: Flask) -> Sessions:
        """Return what the store knows of sessions.

        :raises ConfigError: If the settings of the store do not fit.
        """
        derived = self.derived
        rules = derived.rules or self.rules(app)
        known = derived.sessions

        if known is None or known.rules is not rules:
            # Not by its truth: an empty one with a length counts as false.
            given = self.given_store
            store = store_for(app) if given is None else given
            known = derived.sessions = Sessions(store, self.name, rules)

        return known

    def uses_memory_unasked(self, app: Flask) -> bool:
        """Tell whether the store is this process's memory because none is set."""
        return (
            self.given_store is None
            and "TOOLKIT_STORE_URL" not in app.config
            and isinstance(store_for(app), MemoryStore)
        )

    def warn_of_memory(self, app: Flask) -> None:
        """Log once that ended sessions are known to this process alone."""
        derived = self.derived

        is_quiet = derived.warned_of_memory or app.debug or app.testing

        if not is_quiet and self.uses_memory_unasked(app):
            derived.warned_of_memory = True
            log.warning(
                "Revoked and reused tokens are known to this process alone. Set"
                " TOOLKIT_STORE_URL, to 'memory://' if there is only one process."
            )

    def _derive(self, app: Flask) -> Rules:
        keys = self.keys

        if keys is None:
            raw = signing_keys(app, self.name)
            check_secret_key(app, self, at_use=True)
            loaded = [Key.load(secret) for secret in dict.fromkeys(reversed(raw))]
            keys = KeySet(*loaded, *self.settings.older_keys)

        return _rules(self.settings, keys)


@dataclasses.dataclass
class _Derived:
    """What is made at the first use and kept."""

    lenient: bool
    """Whether a weak SECRET_KEY only stops the use of tokens, not the start."""

    raw: object = dataclasses.field(default=None, repr=False)
    """The secrets of ``app.config`` that the rules were made with."""

    rules: Rules | None = None
    sessions: Sessions | None = None
    places: WeakKeyDictionary[Requirement, Places] = dataclasses.field(
        default_factory=WeakKeyDictionary[Requirement, "Places"], repr=False
    )
    """Where views look that name places of their own; views may come and go."""

    warned_of_key: bool = False
    warned_of_memory: bool = False


def make_state(
    extension: t.Any,
    settings: JWTSettings,
    *,
    keys: KeySet | None,
    store: TokenStore | None,
    clock: Callable[[], float],
    authenticators: tuple[JWTAuthenticator[t.Any], ...],
    hooks: Hooks,
    lenient: bool,
) -> JWTState:
    """Return the state of one component on one application."""
    name: str = extension.name
    return JWTState(
        extension,
        settings,
        name=name,
        keys=our_keys(settings, keys, clock()),
        given_store=store,
        clock=clock,
        authenticators=authenticators,
        hooks=hooks,
        derived=_Derived(lenient),
        access_cookie=f"{_cookie_prefix(settings, '/')}{name}_access",
        refresh_cookie=(
            f"{_cookie_prefix(settings, settings.cookie_refresh_path)}{name}_refresh"
        ),
        vary=varying(t.cast("tuple[Location, ...]", settings.ordered_locations)),
    )


def our_keys(settings: JWTSettings, given: KeySet | None, now: float) -> KeySet | None:
    """Return our keys; ``None`` if they are derived from ``SECRET_KEY``.

    :param given: Those that the component got, used where none is set.
    :param now: Seconds since 1970.
    """
    set_keys = settings.keys_at(now)
    return KeySet(*set_keys) if set_keys else given


def _rules(settings: JWTSettings, keys: KeySet) -> Rules:
    issuers: dict[str | None, Issuer] = dict(settings.issuers.items())
    issuers[settings.issuer] = Issuer(
        keys=settings.remembering(keys),
        audience=settings.audience,
        typ=settings.access_typ,
    )
    return Rules(
        issuers=issuers,
        own=settings.issuer,
        leeway=settings.leeway.total_seconds(),
        session=settings.session_lifetime.total_seconds(),
        max_size=settings.max_token_size,
        # So that a forged token, which is never remembered, is refused as cheaply
        # as a good one is taken.
        known=keys.own_headers(settings.access_typ, REFRESH_TYP),
    )


def _cookie_prefix(settings: JWTSettings, path: str) -> str:
    """Return what browsers demand attributes for (RFC 6265bis section 4.1.3)."""
    if not settings.cookie_secure:
        return ""

    is_host = settings.cookie_domain is None and path == "/"
    return "__Host-" if is_host else "__Secure-"
