"""What one application keeps of its tokens, and how it judges them."""

from __future__ import annotations

import dataclasses
import logging
import typing as t
from collections.abc import Callable
from weakref import WeakKeyDictionary

from flask import Flask
from flask import Response
from werkzeug.exceptions import HTTPException

from flask_toolkit._extension import State
from flask_toolkit.errors import SetupError
from flask_toolkit.identity import memo
from flask_toolkit.signing import signing_keys
from flask_toolkit.stores import MemoryStore
from flask_toolkit.stores import store_for

from ._claims import Claims
from ._errors import JWTError
from ._errors import TokenInvalidError
from ._hooks import Hooks
from ._issuers import Issuer
from ._issuers import REFRESH_TYP
from ._keys import Key
from ._keys import KeySet
from ._locations import token_at
from ._locations import vary_of
from ._policy import judged
from ._policy import Requirement
from ._policy import Rules
from ._policy import verify
from ._sessions import Sessions
from ._sessions import TokenStore
from ._settings import JWTSettings
from ._signals import token_rejected

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Request

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
        raw = _secrets_of(app.config) if self.keys is None else None

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


def has_short_secret(app: Flask, size: int) -> bool:
    """Tell whether ``SECRET_KEY`` or a fallback is there with fewer bytes."""
    config = t.cast("Mapping[str, t.Any]", app.config)
    keys: list[t.Any] = [config.get("SECRET_KEY")]
    fallbacks: object = config.get("SECRET_KEY_FALLBACKS")

    # Another type is refused by signing_keys, with what to write.
    if isinstance(fallbacks, (list, tuple)):
        keys.extend(t.cast("list[t.Any]", fallbacks))

    return any(_is_short(key, size) for key in keys)


def weak_secret_key(app: Flask) -> str | None:
    """Return what is wrong with a ``SECRET_KEY`` that can be guessed."""
    if not has_short_secret(app, _MIN_SECRET_KEY):
        return None

    return (
        f"SECRET_KEY, or one of its fallbacks, has fewer than {_MIN_SECRET_KEY} bytes:"
        " whoever guesses it can make tokens. Make one with"
        ' python -c "import secrets; print(secrets.token_urlsafe(32))"'
    )


def check_secret_key(app: Flask, state: JWTState, *, at_use: bool) -> None:
    """Refuse or warn of a ``SECRET_KEY`` that is short enough to be guessed.

    :raises SetupError: If it is, outside of debug and testing; for a component
        that nobody asked for only when a token is made or verified.
    """
    message = weak_secret_key(app)

    if message is None:
        return

    if not (app.debug or app.testing) and (at_use or not state.derived.lenient):
        raise SetupError(message)

    if not state.derived.warned_of_key:
        state.derived.warned_of_key = True
        log.warning(message)


def judge(
    app: Flask,
    state: JWTState,
    token: object,
    *,
    typ: str | None = None,
    location: str | None = None,
    lapsed: bool = False,
) -> Claims:
    """Return the claims of a token, without asking the store.

    :raises TokenInvalidError: If it does not verify; logged and announced.
    """
    try:
        return verify(
            token,
            state.rules(app),
            state.clock(),
            typ=typ,
            location=location,
            lapsed=lapsed,
        )
    except TokenInvalidError as error:
        raise rejected(app, state, error, location)  # noqa: B904  # the same error


def rejected(
    app: Flask, state: JWTState, error: JWTError, location: str | None
) -> JWTError:
    """Return an error that knows who refused; log and announce a bad token."""
    log.debug("Refused a token (%s, %s)", error.reason, location)

    if isinstance(error, TokenInvalidError) and token_rejected.receivers:
        token_rejected.send_robust(
            app,
            reason=error.reason,
            kid=error.kid,
            jti=error.jti,
            location=location,
        )

    return error.at(component=state.name, realm=state.settings.realm, location=location)


def check_store(app: Flask, state: JWTState, claims: Claims) -> None:
    """Return if neither the session nor the subject of a token was ended.

    :raises TokenRevokedError: If it was.
    :raises StoreUnavailableError: If the store cannot tell.
    """
    try:
        state.sessions(app).check(claims)
    except TokenInvalidError as error:
        raise rejected(app, state, error, claims.location)  # noqa: B904  # the same


def claims_at(
    app: Flask,
    state: JWTState,
    request: Request,
    place: JWTAuthenticator[t.Any],
    typ: str | None = None,
) -> Claims | None:
    """Return the verified claims of the token at one place, once a request.

    :returns: ``None`` if nothing stands there.
    :raises JWTError: If what stands there is not good; remembered too.
    """
    known = memo(request)
    key = (state.extension, place.location, typ)
    found: t.Any = known.get(key, key)

    if found is key:
        try:
            found = _found_at(app, state, request, place, typ)
        except HTTPException as error:
            known[key] = error
            raise

        # Remembered as well when nothing is there.
        known[key] = found
    elif isinstance(found, HTTPException):
        raise found.with_traceback(None)

    claims: Claims | None = found
    return claims


def _found_at(
    app: Flask,
    state: JWTState,
    request: Request,
    place: JWTAuthenticator[t.Any],
    typ: str | None,
) -> Claims | None:
    try:
        token = token_at(app, state, request, place.location)

        if token is None:
            return None

        parsed = judged(token, state.rules(app), state.clock(), typ=typ)

        if state.settings.revocation == "always":
            state.sessions(app).check(parsed.claims)
    except JWTError as error:
        raise rejected(app, state, error, place.place)  # noqa: B904  # the same error

    return Claims(parsed.claims, parsed.header.members, place.place)


def varying(locations: tuple[Location, ...]) -> Callable[[Response], Response]:
    """Return what tells caches on which headers of the request an answer depends."""
    names = vary_of(locations)
    text = ", ".join(names)
    lowered = frozenset(map(str.lower, names))

    def vary(response: Response) -> Response:
        # Werkzeug's own search costs an exception where the header is not there.
        for name, value in response.headers:
            if name.lower() == "vary":
                # A guard may have said so already, and updating costs a lot.
                said = value.lower().split(",")

                if value != text and not lowered.issubset(map(str.strip, said)):
                    response.vary.update(names)

                return response

        if names:
            response.headers.add("Vary", text)

        return response

    return vary


def private(response: Response) -> Response:
    """Keep shared caches from storing an answer, unless the view decided."""
    response.headers.setdefault("Cache-Control", "private")
    return response


def no_store(response: Response) -> Response:
    """Keep every cache from storing an answer that holds tokens."""
    response.headers["Cache-Control"] = "no-store"
    return response


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


def _secrets_of(config: Mapping[str, t.Any]) -> tuple[object, ...]:
    fallbacks = config.get("SECRET_KEY_FALLBACKS")

    # A list may change in place. A text is refused, and its letters are no keys.
    if fallbacks and not isinstance(fallbacks, (str, bytes)):
        fallbacks = tuple(fallbacks)

    return config.get("SECRET_KEY"), fallbacks


def _is_short(key: object, size: int) -> bool:
    data = key.encode() if isinstance(key, str) else key
    return isinstance(data, bytes) and 0 < len(data) < size


def _cookie_prefix(settings: JWTSettings, path: str) -> str:
    """Return what browsers demand attributes for (RFC 6265bis section 4.1.3)."""
    if not settings.cookie_secure:
        return ""

    is_host = settings.cookie_domain is None and path == "/"
    return "__Host-" if is_host else "__Secure-"
