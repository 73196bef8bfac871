"""Who is calling: one answer a request, shared by guard, tokens and views.

Capabilities never import each other; they meet here. An authenticator finds an
:class:`Identity` in a request, :func:`resolve` asks it once, and
:func:`current_identity` tells everybody else.
"""

from __future__ import annotations

import dataclasses
import enum
import re
import typing as t
from urllib.parse import urlsplit

from flask import has_request_context
from flask.globals import app_ctx
from werkzeug.exceptions import HTTPException

from flask_toolkit._context import request_ctx
from flask_toolkit._extension import kernel_settings
from flask_toolkit._settings import declare

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection
    from collections.abc import Iterator
    from collections.abc import Mapping

    from flask import Flask
    from flask import Request

__all__ = [
    "MARK",
    "REQUIRED_BY",
    "AccessMark",
    "Authenticator",
    "Identity",
    "RequestOrigin",
    "current_identity",
    "mark_public",
    "memo",
    "publish",
    "publish_by",
    "register",
    "request_origin",
    "resolve",
    "trusted_origins",
    "withdraw",
]

U = t.TypeVar("U")
F = t.TypeVar("F", bound="Callable[..., t.Any]")

MARK: t.Final = "__toolkit_access__"
"""Attribute of a view that holds its :class:`AccessMark`."""

REQUIRED_BY: t.Final = "__toolkit_required_by__"
"""Attribute of a view whose decorator enforces access itself: rule texts."""

CALLER: t.Final = "toolkit.identity"
"""Where the memo of a request has its caller, or who can find it."""

_KEY: t.Final = "toolkit.identity"
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>[^/?#@\\\s]+)", re.IGNORECASE)
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_SERVER_ERROR = 500
_NO_SCOPES: t.Final[frozenset[str]] = frozenset()
_UNKNOWN: t.Final = object()


# No slots: a frozen generic class that has them fails at Identity[User](...),
# where typing sets __orig_class__.
@dataclasses.dataclass(frozen=True, kw_only=True, init=False)
class Identity(t.Generic[U]):
    """Who sent a request, and how that is known."""

    id: str
    """The caller's stable name, such as a user's primary key as text."""

    via: str
    """Name of the authenticator that found it."""

    ambient: bool
    """Whether browsers send the credential by themselves (cookies, Basic)."""

    user: U | None = dataclasses.field(default=None, repr=False)
    auth_time: float = dataclasses.field(default=0.0, repr=False)
    """When the caller last proved who it is, in Unix seconds; 0.0 = unknown, so
    never fresh."""

    scopes: frozenset[str] = dataclasses.field(default=_NO_SCOPES, repr=False)

    def __init__(
        self,
        *,
        id: str,
        via: str,
        ambient: bool,
        user: U | None = None,
        auth_time: float = 0.0,
        scopes: frozenset[str] = _NO_SCOPES,
    ) -> None:
        self.__dict__.update(
            id=id,
            via=via,
            ambient=ambient,
            user=user,
            auth_time=auth_time,
            scopes=scopes,
        )


# The class for type checkers, which want to know of whom.
_IDENTITY: t.Final = t.cast("type[Identity[t.Any]]", Identity)


def identified(  # noqa: PLR0917  # the point of it
    id: str,
    via: str,
    ambient: bool,
    user: t.Any = None,
    auth_time: float = 0.0,
    scopes: frozenset[str] = _NO_SCOPES,
) -> Identity[t.Any]:
    """Return an :class:`Identity` at half the price of the class.

    Most requests make one, and arguments by name cost on their way through a
    class, as does ``object.__setattr__`` for each field of a frozen one.
    """
    identity = object.__new__(_IDENTITY)
    fields = identity.__dict__
    fields["id"] = id
    fields["via"] = via
    fields["ambient"] = ambient
    fields["user"] = user
    fields["auth_time"] = auth_time
    fields["scopes"] = scopes
    return identity


class Authenticator(t.Protocol[U]):
    """Finds one kind of credential in a request."""

    @property
    def name(self) -> str:
        """Return what ``via()`` rules call it."""
        ...

    @property
    def ambient(self) -> bool:
        """Return whether browsers send the credential by themselves."""
        ...

    def authenticate(self, request: Request, /) -> Identity[U] | None:
        """Return who sent ``request``; ``None`` without a credential of this kind.

        :raises werkzeug.exceptions.Unauthorized: If it is there and bad.
        """
        ...

    def challenge(self) -> str | None:
        """Return the value for ``WWW-Authenticate`` (RFC 9110 section 11.6.1)."""
        ...


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AccessMark:
    """What decorators wrote on a view, class or blueprint."""

    public: bool = False
    rules: tuple[t.Any, ...] = ()
    reason: str | None = None
    cross_origin: bool = False


class RequestOrigin(enum.Enum):
    """From where a browser sent a request."""

    SAME = "same"
    CROSS = "cross"
    UNKNOWN = "unknown"
    """Neither header is there: no browser, or one of before 2020 on a GET."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TrustedSettings:
    """Settings that guard and token cookies share."""

    origins: tuple[str, ...] = ()
    """Other sites that may send state changes: ``scheme://host[:port]``."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield the origins that are none (RFC 6454 section 6.2)."""
        for origin in self.origins:
            if _normal(origin) is None:
                yield (
                    "origins",
                    f"{origin!r} must read scheme://host or scheme://host:port",
                )


_TRUSTED = declare("trusted", TrustedSettings)


def trusted_origins(app: Flask) -> frozenset[str]:
    """Return ``TOOLKIT_TRUSTED_ORIGINS`` of ``app``, normalised.

    :raises ConfigError: If one of them is no origin.
    """
    settings: TrustedSettings = kernel_settings(app, _TRUSTED)
    return frozenset(filter(None, map(_normal, settings.origins)))


def memo(request: Request) -> dict[t.Any, t.Any]:
    """Return a place for values of this request.

    It lives on the request object: ``g`` belongs to the app context, which can
    outlive a request and would hand an identity to the next one.
    """
    place: dict[t.Any, t.Any] = request.__dict__.setdefault("_toolkit_memo", {})
    return place


def resolve(request: Request, authenticator: Authenticator[U]) -> Identity[U] | None:
    """Ask ``authenticator`` once a request; what it raises is remembered too.

    :raises werkzeug.exceptions.HTTPException: What the authenticator raised.
    """
    return resolve_in(memo(request), request, authenticator)


def resolve_in(
    known: dict[t.Any, t.Any], request: Request, authenticator: Authenticator[U]
) -> Identity[U] | None:
    """Do as :func:`resolve`, for who has the memo of the request already.

    :raises werkzeug.exceptions.HTTPException: What the authenticator raised.
    """
    found: t.Any = known.get(authenticator, _UNKNOWN)

    if found is _UNKNOWN:
        try:
            found = authenticator.authenticate(request)
        except HTTPException as error:
            known[authenticator] = error
            raise

        known[authenticator] = found
    elif isinstance(found, HTTPException):
        raise found.with_traceback(None)

    identity: Identity[U] | None = found
    return identity


def publish(
    request: Request, identity: Identity[t.Any], *, replace: bool = False
) -> Identity[t.Any]:
    """Make ``identity`` the caller of this request, unless there is one.

    :param replace: Replace the one that is there.
    :returns: The caller from now on.
    """
    known = memo(request)

    if CALLER in known and not replace:
        published = _published(request)

        if published is not None:
            return published

    known[CALLER] = identity
    return identity


def publish_by(request: Request, authenticator: Authenticator[t.Any]) -> None:
    """Make who ``authenticator`` finds the caller, unless there is one.

    It is asked when somebody wants to know, and must find somebody then: a
    credential that was verified needs no :class:`Identity` before.
    """
    memo(request).setdefault(CALLER, authenticator)


def withdraw(request: Request, identity: Identity[t.Any]) -> None:
    """Undo :func:`publish` after a sign-out, if ``identity`` is the caller."""
    if _published(request) is identity:
        del memo(request)[CALLER]


def register(app: Flask, authenticator: Authenticator[t.Any]) -> None:
    """Let :func:`current_identity` ask ``authenticator`` where no guard decided."""
    known: list[Authenticator[t.Any]] = app.extensions.setdefault(_KEY, [])

    if authenticator not in known:
        known.append(authenticator)


def current_identity() -> Identity[t.Any] | None:
    """Return who sent the current request, or ``None`` for nobody known.

    A credential that does not verify reads as nobody.

    :raises StoreUnavailableError: If a store that must be asked is down.
    """
    if not has_request_context():
        return None

    current = request_ctx.request
    published = _published(current)

    if published is not None:
        return published

    for authenticator in app_ctx.app.extensions.get(_KEY, ()):
        try:
            found = resolve(current, authenticator)
        except HTTPException as error:
            if error.code is None or error.code >= _SERVER_ERROR:
                raise

            continue

        if found is not None:
            return found

    return None


def _published(request: Request) -> Identity[t.Any] | None:
    known = memo(request)
    found: Identity[t.Any] | Authenticator[t.Any] | None = known.get(CALLER)

    if found is None or isinstance(found, Identity):
        return found

    return resolve(request, found)


def mark_public(view: F, reason: str | None = None) -> F:
    """Mark a view of our own as open, as ``guard.public`` does for users."""
    setattr(view, MARK, AccessMark(public=True, reason=reason))
    return view


def request_origin(
    environ: Mapping[str, t.Any], trusted: Collection[str] = ()
) -> RequestOrigin:
    """Tell whether a request comes from this site, another or cannot be told.

    Fetch Metadata decides where the browser sends it (https and localhost),
    else ``Origin``, else the origin of ``Referer``.

    :param trusted: Normalised origins that count as this site.

    >>> request_origin({"HTTP_SEC_FETCH_SITE": "cross-site"})
    <RequestOrigin.CROSS: 'cross'>
    >>> request_origin({})
    <RequestOrigin.UNKNOWN: 'unknown'>
    """
    site = environ.get("HTTP_SEC_FETCH_SITE")

    if site in {"same-origin", "none"}:
        return RequestOrigin.SAME

    claimed = environ.get("HTTP_ORIGIN") or _referer_origin(environ)

    if not claimed and not site:
        return RequestOrigin.UNKNOWN

    origin = _normal(claimed) if claimed else None

    if origin is not None and (
        origin in trusted or (not site and origin == _own(environ))
    ):
        return RequestOrigin.SAME

    return RequestOrigin.CROSS


def _own(environ: Mapping[str, t.Any]) -> str | None:
    host = environ.get("HTTP_HOST")

    if not host:
        host = f"{environ.get('SERVER_NAME', '')}:{environ.get('SERVER_PORT', '')}"

    return _normal(f"{environ.get('wsgi.url_scheme', '')}://{host}")


def _referer_origin(environ: Mapping[str, t.Any]) -> str | None:
    referer: str | None = environ.get("HTTP_REFERER")

    if not referer:
        return None

    try:
        parts = urlsplit(referer)
    except ValueError:
        # It is there and names no site: refused, not unknown.
        return "null"

    return f"{parts.scheme}://{parts.netloc}"


def _normal(origin: str) -> str | None:
    """Return ``scheme://host[:port]`` in one spelling, ``None`` if it is none."""
    found = _ORIGIN.fullmatch(origin)

    if found is None or "*" in origin:
        return None

    scheme = found["scheme"].lower()
    return f"{scheme}://{found['host'].lower().removesuffix(_DEFAULT_PORTS[scheme])}"
