"""Errors of tokens: each knows its status, challenge and RFC code.

::

    JWTError
    ├── TokenMissingError       401 no credential was sent
    ├── TokenInvalidError       401 the token does not verify
    │   ├── TokenExpiredError   401 it did, until it expired
    │   └── TokenRevokedError   401 its session or subject was ended
    │       └── TokenReusedError 401 a used refresh token came back
    ├── InvalidRequestError     400 a credential that is no token at all
    ├── StepUpError             401 the sign-in is too old for this (RFC 9470)
    ├── InsufficientScopeError  403 the token does not grant what is needed
    └── CSRFError               403 a token cookie without proof of its origin
"""

from __future__ import annotations

import functools
import typing as t

from werkzeug.exceptions import BadRequest

from flask_toolkit.errors import AccessDeniedError
from flask_toolkit.errors import BadCredentialError
from flask_toolkit.errors import CrossOriginError
from flask_toolkit.errors import LoginRequiredError
from flask_toolkit.errors import RequestError
from flask_toolkit.errors import StepUpRequiredError

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import WSGIEnvironment


class JWTError(RequestError):
    """A request that its token does not allow.

    :param reason: Why, in one word, for logs and signals; it is never sent.
    :param parameters: Further parameters of the challenge.
    """

    error: t.ClassVar[str] = "invalid_token"
    """The member ``error`` of the answer: the code of RFC 6750, 9470 or ours."""

    location: str | None = None
    """Where the token was found, such as ``"header"``."""

    component: str = "jwt"
    """Name of the component that refused."""

    _realm: str = "api"
    _parameters: tuple[tuple[str, str], ...] = ()

    def __init_subclass__(cls, **kwargs: t.Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._members = {"error": cls.error}

    def __init__(
        self, reason: str, *, parameters: Iterable[tuple[str, str]] = ()
    ) -> None:
        super().__init__()
        self.reason: str = reason

        if parameters:
            self._parameters = tuple(parameters)

    def at(self, *, component: str, realm: str, location: str | None) -> t.Self:
        """Record who refused, where, and the realm of its challenge."""
        self.component = component
        self._realm = realm
        self.location = location
        return self

    def get_headers(
        self,
        environ: WSGIEnvironment | None = None,
        scope: dict[str, t.Any] | None = None,
    ) -> list[tuple[str, str]]:
        """Return the headers: those of every error, and the challenge."""
        headers = super().get_headers(environ, scope)
        challenge = self._challenge()

        if challenge is not None:
            headers.append(("WWW-Authenticate", challenge))

        return headers

    def _challenge(self) -> str | None:
        return bearer(("realm", self._realm), ("error", self.error), *self._parameters)


class TokenMissingError(JWTError, LoginRequiredError):
    """No token was sent; the challenge has no error code (RFC 6750 section 3.1)."""

    error: t.ClassVar[str] = "missing_token"
    default_detail: t.ClassVar[str | None] = "This address needs an access token."

    def _challenge(self) -> str | None:
        return bearer(("realm", self._realm))


class TokenInvalidError(JWTError, BadCredentialError):
    """The token does not verify; the answer never tells why."""

    default_detail: t.ClassVar[str | None] = "The token is invalid"

    kid: str | None = None
    """Key id that the token names; not verified."""

    jti: str | None = None
    """Id of the token, as it says; not verified."""

    def _challenge(self) -> str | None:
        return bearer(
            ("realm", self._realm),
            ("error", self.error),
            ("error_description", self.description or ""),
            *self._parameters,
        )


class TokenExpiredError(TokenInvalidError):
    """The token or its session has ended; the client should refresh or sign in."""

    default_detail: t.ClassVar[str | None] = "The token has expired"


class TokenRevokedError(TokenInvalidError):
    """The session of the token was ended, or all of its subject were."""


class TokenReusedError(TokenRevokedError):
    """A refresh token came back after its time: somebody has a copy."""


class InvalidRequestError(JWTError, BadRequest):
    """The request is malformed: no token, or several, where one must stand."""

    error: t.ClassVar[str] = "invalid_request"
    default_detail: t.ClassVar[str | None] = (
        "The request must carry exactly one well-formed token."
    )

    def get_headers(
        self,
        environ: WSGIEnvironment | None = None,
        scope: dict[str, t.Any] | None = None,
    ) -> list[tuple[str, str]]:
        """Return the headers, with the ``no-store`` that a 400 does not have."""
        return [*super().get_headers(environ, scope), ("Cache-Control", "no-store")]


class StepUpError(JWTError, StepUpRequiredError):
    """The caller must sign in again (RFC 9470 section 3)."""

    error: t.ClassVar[str] = "insufficient_user_authentication"


class InsufficientScopeError(JWTError, AccessDeniedError):
    """The token is valid and does not grant what this address needs."""

    error: t.ClassVar[str] = "insufficient_scope"
    default_detail: t.ClassVar[str | None] = (
        "The token does not grant what this address needs."
    )


class CSRFError(JWTError, CrossOriginError):
    """A token cookie came without proof that this site sent the request."""

    error: t.ClassVar[str] = "cross_origin"
    default_detail: t.ClassVar[str | None] = (
        "A token cookie needs a Sec-Fetch-Site or Origin header that names this site;"
        " clients that are no browsers send the token in the Authorization header."
    )

    def _challenge(self) -> str | None:
        return None


@functools.lru_cache(maxsize=256)
def bearer(*parameters: tuple[str, str]) -> str:
    """Return a challenge (RFC 6750 section 3)."""
    return "Bearer " + ", ".join(
        f"{name}={_quoted(value)}" for name, value in parameters
    )


def _quoted(value: str) -> str:
    r"""Return a quoted string (RFC 9110 section 5.6.4).

    >>> print(_quoted('a "b" \\ c'))
    "a \"b\" \\ c"
    """
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
