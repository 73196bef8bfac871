"""Every error that Flask-Toolkit raises.

::

    ToolkitError
    ├── SetupError                   wrong use while the app is built
    │   ├── ConfigError              all problems of a configuration at once
    │   ├── MissingExtraError        an optional dependency is not installed
    │   └── PatternError             a route pattern that cannot work (routing)
    └── RequestError                 wrong input while serving: an HTTPException
        ├── SignedTokenError     400 a signed token or address does not verify
        │   ├── SignedTokenExpiredError  it verifies and is too old
        │   └── SignedTokenUsedError     it verifies and was used before
        ├── LoginRequiredError   401 nobody is signed in
        ├── BadCredentialError   401 a credential came and does not verify
        ├── StepUpRequiredError  401 the sign-in is too old for this
        ├── AccessDeniedError    403 known caller, not enough rights
        ├── CrossOriginError     403 a state change asked for by another site
        └── StoreUnavailableError 503 the store does not answer
            └── StoreFullError   503 the store refuses new entries

Errors of one capability (``jwt``, ``routing``) stand in its package and are
subclasses of these.
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping

from click import ClickException
from werkzeug.exceptions import BadRequest
from werkzeug.exceptions import Forbidden
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.exceptions import Unauthorized

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import WSGIEnvironment

    from werkzeug.datastructures import WWWAuthenticate

__all__ = [
    "AccessDeniedError",
    "BadCredentialError",
    "ConfigError",
    "ConfigProblem",
    "CrossOriginError",
    "LoginRequiredError",
    "MissingExtraError",
    "Origin",
    "RequestError",
    "SetupError",
    "SignedTokenError",
    "SignedTokenExpiredError",
    "SignedTokenUsedError",
    "StepUpRequiredError",
    "StoreFullError",
    "StoreUnavailableError",
    "ToolkitError",
]


_NEVER_STORED = frozenset({401, 403, 503})
# Made once: json.dumps makes one for each answer.
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Origin(t.NamedTuple):
    """Where a configuration value came from."""

    kind: str
    """default, flask, object, file, env, dotenv, secret, override, option,
    computed or code."""

    name: str
    """The file, variable, class or call."""

    line: int | None = None

    def __str__(self) -> str:
        """Return the place as a person would write it: ``settings.toml:58``."""
        where = self.name if self.line is None else f"{self.name}:{self.line}"
        return where if self.kind == "file" else f"{self.kind} {where}".strip()


class ConfigProblem(t.NamedTuple):
    """One thing that is wrong with a configuration."""

    key: str
    message: str
    origin: Origin | None = None
    hint: str | None = None

    def __str__(self) -> str:
        """Return key and message, then place and hint on lines of their own."""
        lines = [f"{self.key}: {self.message}" if self.key else self.message]

        if self.origin is not None:
            lines.append(f"  in {self.origin}")

        if self.hint:
            lines.append(f"  hint: {self.hint}")

        return "\n".join(lines)


class ToolkitError(Exception):
    """Base of every error of this package."""


class SetupError(ToolkitError):
    """The application is put together wrongly; the message says how to mend it."""


class ConfigError(SetupError, ClickException, ValueError):
    """The configuration has problems; it lists all of them.

    Under ``flask ...`` it prints as a message without a traceback, exit code 2.
    """

    exit_code: t.ClassVar[int] = 2  # pyright: ignore[reportIncompatibleVariableOverride]  # click leaves it unannotated

    def __init__(self, problems: Iterable[ConfigProblem]) -> None:
        self.problems: tuple[ConfigProblem, ...] = tuple(problems)
        count = len(self.problems)
        noun = "problem" if count == 1 else "problems"
        listed = "\n".join(str(problem) for problem in self.problems)
        # Called by name: in this mixed tree super() would skip ClickException,
        # and str(error) fails without its attributes.
        ClickException.__init__(self, f"{count} {noun} in the configuration:\n{listed}")

    def __reduce__(self) -> tuple[type[t.Self], tuple[tuple[ConfigProblem, ...]]]:
        return type(self), (self.problems,)


class MissingExtraError(SetupError, ImportError):
    """An optional dependency is not installed."""

    def __init__(self, extra: str) -> None:
        super().__init__(f"Run: pip install 'flask-toolkit[{extra}]'")
        self.extra: str = extra


class RequestError(ToolkitError, HTTPException):
    """A request that cannot be served; it knows its status, headers and body.

    It renders itself as a problem document (RFC 9457). 401, 403 and 503 are never
    stored by caches (RFC 9111 section 5.2.2.5).

    :param detail: What is wrong with this request, for the person who sent it.
    :param headers: Further headers of the answer, such as ``Retry-After``.
    :param members: Extension members of the problem document.
    """

    title: t.ClassVar[str | None] = None
    """What is wrong in general; unset: the phrase of the status."""

    default_detail: t.ClassVar[str | None] = None
    """Stands in where no detail is given."""

    default_headers: t.ClassVar[tuple[tuple[str, str], ...]] = ()
    """Stand in where no headers are given."""

    www_authenticate: Iterable[WWWAuthenticate] | None = None
    """Werkzeug's for a 401; here the challenge stands with the other headers."""

    _members: t.ClassVar[Mapping[str, str]] = {}
    """Extension members that each error of the class has."""

    _bodies: t.ClassVar[dict[int | None, str]] = {}
    """By status, the document of an error that says what all of its class say."""

    def __init_subclass__(cls, **kwargs: t.Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._bodies = {}

    def __init__(
        self,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        members: Mapping[str, t.Any] | None = None,
    ) -> None:
        # Not super(): anybody can ask for refusals at will, so they must be cheap,
        # and Unauthorized imports a module for each one.
        HTTPException.__init__(self, self.default_detail if detail is None else detail)
        self.headers: list[tuple[str, str]] = (
            [*self.default_headers] if headers is None else _pairs(headers)
        )
        self.members: dict[str, t.Any] = {**self._members}

        if members:
            self.members |= members

    def problem(self) -> dict[str, t.Any]:
        """Return the members of the problem document (RFC 9457 section 3.1)."""
        document: dict[str, t.Any] = {
            "type": "about:blank",
            "title": self.title or self.name,
            "status": self.code,
        }

        if self.description is not None:
            document["detail"] = self.description

        return document | self.members

    def get_headers(
        self,
        environ: WSGIEnvironment | None = None,
        scope: dict[str, t.Any] | None = None,
    ) -> list[tuple[str, str]]:
        """Return the headers: content type, the error's own, ``no-store``."""
        headers = [("Content-Type", "application/problem+json"), *self.headers]

        if self.code in _NEVER_STORED:
            headers.append(("Cache-Control", "no-store"))

        return headers

    def get_body(
        self,
        environ: WSGIEnvironment | None = None,
        scope: dict[str, t.Any] | None = None,
    ) -> str:
        """Return the problem document as JSON text."""
        cls = type(self)

        if (
            self.description is not cls.default_detail
            or self.members != cls._members
            or cls.problem is not RequestError.problem
        ):
            return _encode(self.problem())

        # Most refusals say the same each time, and JSON is half of their price.
        body = self._bodies.get(self.code)

        if body is None:
            body = self._bodies[self.code] = _encode(self.problem())

        return body


def _pairs(
    headers: Mapping[str, str] | Iterable[tuple[str, str]],
) -> list[tuple[str, str]]:
    if isinstance(headers, Mapping):
        return list(t.cast("Mapping[str, str]", headers).items())

    return list(headers)


class SignedTokenError(RequestError, BadRequest):
    """A signed token or address does not verify; its answer is never stored."""

    default_detail: t.ClassVar[str | None] = "This link is not valid."
    default_headers: t.ClassVar[tuple[tuple[str, str], ...]] = (
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "no-referrer"),
    )


class SignedTokenExpiredError(SignedTokenError):
    """A signed token or address verifies and is too old."""

    default_detail: t.ClassVar[str | None] = "This link has expired. Ask for a new one."


class SignedTokenUsedError(SignedTokenError):
    """A signed token verifies and was used, or overtaken by a change."""

    default_detail: t.ClassVar[str | None] = (
        "This link was used before. Ask for a new one if you still need it."
    )


class LoginRequiredError(RequestError, Unauthorized):
    """Nobody is signed in; the headers carry a challenge (RFC 9110 15.5.2)."""

    default_detail: t.ClassVar[str | None] = "Sign in to use this address."


class BadCredentialError(RequestError, Unauthorized):
    """A credential was sent and does not verify."""

    default_detail: t.ClassVar[str | None] = (
        "The credential that was sent is not valid."
    )


class StepUpRequiredError(RequestError, Unauthorized):
    """The caller is known but signed in too long ago (RFC 9470)."""

    default_detail: t.ClassVar[str | None] = "Sign in again to use this address."


class AccessDeniedError(RequestError, Forbidden):
    """The caller is known and lacks the right."""

    default_detail: t.ClassVar[str | None] = (
        "You do not have the right to use this address."
    )


class CrossOriginError(RequestError, Forbidden):
    """A state change was asked for from another site."""

    default_detail: t.ClassVar[str | None] = (
        "This request came from another site and was refused."
    )


class StoreUnavailableError(RequestError, ServiceUnavailable):
    """The store does not answer; the request fails closed."""

    default_detail: t.ClassVar[str | None] = (
        "The service cannot be reached at the moment. Try again shortly."
    )
    default_headers: t.ClassVar[tuple[tuple[str, str], ...]] = (("Retry-After", "5"),)


class StoreFullError(StoreUnavailableError):
    """The store has no room left and never drops living entries."""
