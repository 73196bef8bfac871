"""The extension: tokens are made, demanded, exchanged and ended."""

from __future__ import annotations

import time
import typing as t
import weakref

from flask import after_this_request
from flask import has_request_context

from flask_toolkit._context import request_or_none
from flask_toolkit._context import the_app
from flask_toolkit._extension import Extension
from flask_toolkit._settings import settings_table
from flask_toolkit.errors import ConfigProblem
from flask_toolkit.identity import register

from . import _answers
from . import _checks
from . import _cookies
from . import _jwks
from . import _tokens
from ._authenticator import found_in_request
from ._authenticator import JWTAuthenticator
from ._caching import no_store
from ._claims import Claims
from ._decorators import decorator
from ._decorators import enforce
from ._decorators import Options
from ._decorators import requirement
from ._hooks import Hooks
from ._judging import check_store
from ._judging import judge
from ._requests import check_receiver
from ._requests import handed_in
from ._requests import to_be_ended
from ._secret_key import check_secret_key
from ._secret_key import weak_secret_key
from ._settings import JWTSettings
from ._state import make_state
from ._state import our_keys

if t.TYPE_CHECKING:
    from collections.abc import Awaitable
    from collections.abc import Callable
    from collections.abc import Collection
    from collections.abc import Iterator
    from collections.abc import Mapping
    from datetime import datetime

    from flask import Flask
    from flask.typing import ResponseReturnValue
    from werkzeug.wrappers import Response

    from flask_toolkit._findings import CheckInfo
    from flask_toolkit._findings import Finding
    from flask_toolkit.typing import Duration

    from ._claims import TokenPair
    from ._errors import JWTError
    from ._keys import KeySet
    from ._locations import Location
    from ._sessions import TokenStore
    from ._state import JWTState

    ClaimsLoader: t.TypeAlias = Callable[
        [str], Mapping[str, t.Any] | Awaitable[Mapping[str, t.Any]]
    ]
    ErrorHandler: t.TypeAlias = Callable[
        [JWTError], ResponseReturnValue | Awaitable[ResponseReturnValue]
    ]

U = t.TypeVar("U")
P = t.ParamSpec("P")
R = t.TypeVar("R")
Answer = t.TypeVar("Answer", bound="Response")


class JWT(Extension[JWTSettings], t.Generic[U], component="jwt"):
    """Issue tokens, and let views demand them.

    ``jwt = JWT[User]()`` gives ``jwt.user`` its type. Tokens are signed with a key
    derived from ``SECRET_KEY``, unless ``TOOLKIT_JWT_KEY``, ``KEY_FILE`` or
    ``keys`` says more.

    :param name: Name of the component: of its settings, cookies and derived key.
    :param keys: Our keys, where neither ``TOOLKIT_JWT_KEY`` nor ``KEY_FILE`` is
        set.
    :param store: Where ended sessions are kept. None: ``TOOLKIT_STORE_URL``.
    :param clock: Seconds since 1970.
    """

    kernel_settings: t.ClassVar[tuple[str, ...]] = ("store", "trusted")
    known_checks: t.ClassVar[tuple[CheckInfo, ...]] = _checks.KNOWN

    def __init__(
        self,
        app: Flask | None = None,
        *,
        name: str = "jwt",
        keys: KeySet | None = None,
        store: TokenStore | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._store = store
        self._clock = clock
        self._lenient = False
        # Those that a later error_handler must reach.
        self._apps: weakref.WeakSet[Flask] = weakref.WeakSet()
        self._hooks = Hooks()
        super().__init__(app, name=name)

    @classmethod
    def by_default(cls) -> JWT[t.Any]:
        """Return one that nobody asked for, as ``Toolkit`` attaches it.

        A ``SECRET_KEY`` that can be guessed is then a warning at the start, and
        stops only the first use of a token.
        """
        jwt: JWT[t.Any] = cls()
        jwt._lenient = True
        return jwt

    def bind(self, app: Flask) -> list[ConfigProblem]:
        """Read the settings, and judge the keys: those set, or ``SECRET_KEY``."""
        problems = super().bind(app)
        settings: JWTSettings | None = settings_table(app)[self.name].settings

        if settings is None:
            return problems

        keys = our_keys(settings, self._keys, self._clock())
        fields = self._spec.fields
        problems += [
            ConfigProblem(fields[field].key, message)
            for field, message in _jwks.problems(app, settings, keys)
        ]

        if keys is not None:
            # Without KEY and KEY_FILE these two say nothing about keys=.
            if keys is self._keys:
                problems += [
                    ConfigProblem(fields[field].key, "says nothing about keys=: " + way)
                    for field, way in (
                        ("key_fallbacks", "put these keys into its KeySet"),
                        ("algorithm", "each of its keys has its own"),
                    )
                    if getattr(settings, field)
                ]

            return problems

        forgiven = self._lenient or app.debug or app.testing
        message = None if forgiven else weak_secret_key(app)

        if message is not None:
            problems.append(ConfigProblem("SECRET_KEY", message))

        return problems

    def setup(self, app: Flask, settings: JWTSettings) -> JWTState:
        """Keep keys and rules, and tell who is calling by token."""
        authenticators = tuple(
            JWTAuthenticator(self, location=t.cast("Location", location), foreign=True)
            for location in settings.ordered_locations
        )
        state = make_state(
            self,
            settings,
            keys=self._keys,
            store=self._store,
            clock=self._clock,
            authenticators=authenticators,
            hooks=self._hooks,
            lenient=self._lenient,
        )

        if state.keys is None:
            check_secret_key(app, state, at_use=False)

        for authenticator in authenticators:
            # A foreign subject must never be taken for a local user.
            register(
                app,
                JWTAuthenticator(self, location=authenticator.location, foreign=False),
            )

        if self._hooks.error_handler is not None:
            _answers.register(app)

        if settings.jwks_path is not None:
            published = _jwks.public_keys(settings, state.keys)
            _jwks.publish(app, self.name, settings.jwks_path, published)

        self._apps.add(app)
        return state

    @t.overload
    def required(self, view: Callable[P, R], /) -> Callable[P, R]: ...
    @t.overload
    def required(
        self, /, **options: t.Unpack[Options]
    ) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
    def required(
        self, view: Callable[P, R] | None = None, /, **options: t.Unpack[Options]
    ) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
        """Let a view run only with a valid token. Use with or without ``()``.

        It stands below ``@app.route``; the view may be ``async``.

        :param optional: Let it run without a token too; a bad one is refused.
        :param scope: Scopes that the token must all grant; one text is a list
            with spaces, as in the claim (RFC 8693 section 4.2).
        :param max_age: How long ago the caller may have signed in (RFC 9470).
        :param typ: Another kind of token than an access token.
        :param locations: Where to look instead of ``LOCATIONS``.
        :param check: Takes the claims, says whether they are enough.
        :raises ValueError: If an option can never be met.
        :raises TypeError: If an option is not of its type.
        """
        decorate = decorator(self.state_of, self.name, requirement(**options))
        return decorate if view is None else decorate(view)

    def authenticate(self, **options: t.Unpack[Options]) -> Claims | None:
        """Demand a token in the middle of a view, with the options of `required`.

        :returns: Its claims; ``None`` if none came and it is ``optional``.
        :raises JWTError: If it is missing, bad or not enough.
        """
        return enforce(self.state_of, requirement(**options))

    @property
    def claims(self) -> Claims:
        """Return the claims of this request's token.

        :raises RuntimeError: If none was verified.
        """
        claims, _ = found_in_request(self)

        if claims is None:
            raise RuntimeError(_unverified(self))

        return claims

    @property
    def claims_or_none(self) -> Claims | None:
        """Return the claims of this request's token, if one was verified."""
        claims, _ = found_in_request(self)
        return claims

    @property
    def user(self) -> U:
        """Return the user of this request's token.

        :raises RuntimeError: If no token was verified, or there is no loader.
        """
        claims, user = found_in_request(self)

        if claims is None:
            raise RuntimeError(_unverified(self))

        if user is None:
            raise RuntimeError(
                "There is no user: write a function that takes the claims and returns"
                f" one, and put @{self.name}.user_loader above it. For the tokens of"
                " another issuer, say users=True in its entry of TRUSTED_ISSUERS."
            )

        return t.cast("U", user)

    @property
    def user_or_none(self) -> U | None:
        """Return the user of this request's token, if there is one."""
        _, user = found_in_request(self)
        return t.cast("U | None", user)

    def create_access_token(
        self,
        sub: str,
        *,
        scope: str | Collection[str] = (),
        lifetime: Duration | None = None,
        auth_time: datetime | None = None,
        claims: Mapping[str, t.Any] | None = None,
    ) -> str:
        """Return a single access token, in a session of its own.

        :param sub: Whom it is about, such as ``str(user.id)``.
        :param lifetime: None: ``ACCESS_LIFETIME``.
        :param auth_time: When the subject proved who it is; without it the token
            never passes ``max_age``.
        :param claims: Further claims, such as ``{"https://example.com/role": 1}``.
        :raises TypeError: If ``sub`` is not a non-empty text or a claim not JSON.
        :raises ValueError: If a scope, lifetime or claim cannot be written, or the
            token would be too long.
        :raises SetupError: If there is no key that can sign.
        """
        app, state = self._here()
        grant = _tokens.new_grant(state, sub, scope, auth_time, claims)
        extra = self._hooks.extra_claims(app, sub)
        token, _ = _tokens.access_token(app, state, grant, extra, lifetime)
        _tokens.announce(app, state, token)
        return token

    def issue(
        self,
        sub: str,
        *,
        scope: str | Collection[str] = (),
        auth_time: datetime | None = None,
        claims: Mapping[str, t.Any] | None = None,
    ) -> TokenPair:
        """Start a session and return its access and refresh token.

        The answer of this request becomes ``no-store`` (RFC 6749 section 5.1).

        :param auth_time: When the subject proved who it is. None: now.
        :raises TypeError: As :meth:`create_access_token`.
        :raises ValueError: As :meth:`create_access_token`.
        :raises SetupError: If there is no key that can sign.
        """
        app, state = self._here()
        grant = _tokens.new_grant(state, sub, scope, auth_time, claims)
        grant.common.setdefault("auth_time", int(grant.start))
        extra = self._hooks.extra_claims(app, sub)
        return self._handed_out(app, state, _tokens.make_pair(app, state, grant, extra))

    def rotate(self, refresh_token: str | None = None) -> TokenPair:
        """Exchange a refresh token for a new pair; each works once.

        :param refresh_token: None: the member ``refresh_token`` of the request's
            form or JSON body; without a body the refresh cookie.
        :raises TokenInvalidError: If it is none, or its session or user is gone.
        :raises TokenReusedError: If it was used before. Its session is ended.
        :raises InvalidRequestError: If the body holds no such member.
        :raises CSRFError: If it is a cookie that another site may have sent.
        :raises StoreUnavailableError: If the store does not answer; the token is
            not used up then.
        """
        app, state = self._here()
        location: str | None = None
        token: object = refresh_token

        if token is None:
            token, location = handed_in(app, state)

        return self._handed_out(
            app,
            state,
            _tokens.rotate(
                app,
                state,
                token,
                request=request_or_none(),
                location=location,
            ),
        )

    def verify(self, token: str, *, typ: str | None = None) -> Claims:
        """Return the claims of a token that came another way than by request.

        :param typ: Its kind. None: an access token.
        :raises TokenInvalidError: If it is not good now.
        :raises StoreUnavailableError: If the store does not answer, or the keys of
            another issuer cannot be fetched.
        """
        app, state = self._here()
        claims = judge(app, state, token, typ=typ)

        if state.settings.revocation == "always":
            check_store(app, state, claims)

        return claims

    def revoke(self, token: str | Claims | None = None) -> None:
        """End the session of a token: none of its tokens works any more.

        One that has expired or ended already is no error.

        :param token: None: the request's, access or refresh.
        :raises TokenInvalidError: If the token was never good.
        :raises TokenMissingError: If the request has none.
        :raises ValueError: If the token has neither ``sid`` nor ``jti``.
        :raises StoreUnavailableError: If the store does not answer.
        """
        app, state = self._here()

        if token is None:
            claims = to_be_ended(app, state, self)
        elif isinstance(token, Claims):
            claims = token
        else:
            claims = _tokens.judge_lapsed(app, state, token)

        _tokens.end_session(app, state, claims)

    def revoke_subject(self, sub: str, *, issuer: str | None = None) -> None:
        """End every session of a subject that began before now.

        :param issuer: A trusted issuer. None: we.
        :raises ValueError: If the issuer is not trusted.
        :raises StoreUnavailableError: If the store does not answer.
        """
        app, state = self._here()
        _tokens.end_subject(app, state, sub, issuer)

    def set_cookies(self, response: Answer, pair: TokenPair) -> Answer:
        """Put both tokens into cookies that scripts cannot read.

        :raises CSRFError: If another site sent this request, unless it only reads:
            its visitors would be signed in as somebody else.
        :raises ValueError: If one is longer than browsers keep (4093 bytes).
        :raises TokenInvalidError: If the tokens are not ours.
        """
        app, state = self._here()
        check_receiver(app, state)
        _cookies.write(app, state, response, pair)
        return response

    def unset_cookies(self, response: Answer) -> Answer:
        """Delete both cookies."""
        _, state = self._here()
        _cookies.delete(state, response)
        return response

    @t.overload
    def user_loader(
        self, f: Callable[[Claims], U | None]
    ) -> Callable[[Claims], U | None]: ...
    @t.overload
    def user_loader(
        self, f: Callable[[Claims], Awaitable[U | None]]
    ) -> Callable[[Claims], Awaitable[U | None]]: ...
    def user_loader(self, f: Callable[[Claims], t.Any]) -> Callable[[Claims], t.Any]:
        """Find the user of a token; ``None`` refuses it. May be ``async``.

        :raises SetupError: If there is one already.
        """
        self._hooks.add("user_loader", f)
        return f

    def claims_loader(self, f: ClaimsLoader) -> ClaimsLoader:
        """Give further claims of a subject to each new access token.

        :raises SetupError: If there is one already.
        """
        self._hooks.add("claims_loader", f)
        return f

    def error_handler(self, f: ErrorHandler) -> ErrorHandler:
        """Answer refusals; challenge and ``no-store`` are added where missing.

        :raises SetupError: If there is one already.
        """
        self._hooks.add("error_handler", f)

        for app in self._apps:
            _answers.register(app)

        return f

    def checks(
        self, app: Flask, settings: JWTSettings, *, deploy: bool = False
    ) -> Iterator[Finding]:
        """Yield what works on ``app`` and should not be left like this.

        :param deploy: Ask as well what only matters in production.
        """
        del settings  # as every extension is asked; the state has them
        return _checks.findings(app, self.state_of(app), deploy=deploy)

    def _here(self) -> tuple[Flask, JWTState]:
        app = the_app()
        return app, self.state_of(app)

    def _handed_out(self, app: Flask, state: JWTState, pair: TokenPair) -> TokenPair:
        if has_request_context():
            after_this_request(no_store)

        _tokens.announce(app, state, pair.access_token, pair.refresh_token)
        return pair


def _unverified(jwt: JWT[t.Any]) -> str:
    request = request_or_none()
    view = request and request.endpoint
    where = f" in view {view!r}" if view else ""
    return (
        f"No token was verified{where}: put @{jwt.name}.required above the function,"
        " below its @app.route. Where a token is optional, ask for claims_or_none."
    )
