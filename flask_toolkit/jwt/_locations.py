"""Where tokens are found in a request."""

from __future__ import annotations

import re
import string
import sys
import typing as t
from collections.abc import Callable

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from flask_toolkit.identity import request_origin
from flask_toolkit.identity import RequestOrigin
from flask_toolkit.identity import trusted_origins

from ._errors import CSRFError
from ._errors import InvalidRequestError
from ._errors import TokenInvalidError
from ._errors import TokenMissingError
from ._jws import read_object

if t.TYPE_CHECKING:
    from flask import Flask

    from ._state import JWTState

Location: t.TypeAlias = t.Literal["header", "cookie"] | Callable[[Request], str | None]
"""``"header"``, ``"cookie"``, or a function that finds a token elsewhere.

A function counts as explicit: it must not read cookies, which browsers send by
themselves and which therefore need a check of the origin.
"""

_B64TOKEN = (string.ascii_letters + string.digits + "-._~+/").encode()
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2
_MORE = 64 * 1024  # bytes that a body may hold beside a token
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class _Header:
    """A request header that carries a token."""

    def __init__(self, name: str, scheme: str | None) -> None:
        self.name: str = name
        self.key: str = f"HTTP_{name.upper().replace('-', '_')}"
        self.scheme: str | None = None if scheme is None else scheme.lower()

    def __repr__(self) -> str:
        return f"header({self.name!r}, scheme={self.scheme!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Header) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    def __call__(self, request: Request) -> str | None:
        """Return the token, or ``None`` if the header is not there.

        :raises InvalidRequestError: If the header holds no token.
        """
        return credential(request.environ.get(self.key), self.scheme)


def header(name: str, *, scheme: str | None = "Bearer") -> Location:
    """Return a location: another header, such as ``X-Access-Token``.

    :param scheme: The word before the token. None: the token stands alone.
    :raises ValueError: If ``name`` or ``scheme`` is no token of RFC 9110 5.6.2.
    """
    for word in (name, scheme):
        if word is not None and not _NAME.fullmatch(word):
            raise ValueError(f"{word!r} is no name of a header or scheme")

    return _Header(name, scheme)


def checked(location: object) -> Location:
    """Return ``location`` if it is one.

    :raises TypeError: If it is not, such as a name that is written wrongly.
    """
    if location in ("header", "cookie") or callable(location):
        return t.cast("Location", location)

    raise TypeError(
        f"{location!r} is no location: 'header', 'cookie' or a function of the request"
    )


def credential(
    value: str | None, scheme: str | None, max_size: int = sys.maxsize
) -> str | None:
    """Return the token of a header's value; ``None`` for another scheme.

    :param scheme: In lower case; the value may write it in any case.
    :param max_size: Most characters of the token, spaces before it included.
    :raises InvalidRequestError: If exactly one token does not follow.
    :raises TokenInvalidError: If it is longer.

    >>> credential("bearer abc", "bearer"), credential("Basic abc", "bearer")
    ('abc', None)
    """
    if value is None:
        return None

    start = 0

    if scheme is not None:
        start = len(scheme) + 1

        if value[:start].rstrip(" ").lower() != scheme:
            return None

    # Before anything that looks at the whole of it, or makes a copy.
    if len(value) - start > max_size:
        raise TokenInvalidError("size")

    token = value[start:].lstrip(" ") if start else value

    # A b64token (RFC 6750 section 2.1), without the price of a pattern.
    text = token.rstrip("=").encode("ascii", "replace")

    if not text or text.translate(None, _B64TOKEN):
        raise InvalidRequestError("no-token")

    return token


def token_at(
    app: Flask, state: JWTState, request: Request, location: Location
) -> str | None:
    """Return the token that stands at one location, or ``None``.

    :raises InvalidRequestError: If something else stands there.
    :raises CSRFError: If it is a cookie, and nothing tells that this site sent it.
    """
    if location == "header":
        value: str | None = request.environ.get("HTTP_AUTHORIZATION")
        return credential(value, "bearer", state.settings.max_token_size)

    if isinstance(location, _Header):
        value = request.environ.get(location.key)
        return credential(value, location.scheme, state.settings.max_token_size)

    if location == "cookie":
        token = request.cookies.get(state.access_cookie)

        if token is not None and request.method not in _SAFE_METHODS:
            check_origin(app, state, request)

        return token

    return location(request)


def refresh_token_of(app: Flask, state: JWTState, request: Request) -> tuple[str, str]:
    """Return the refresh token of a request and where it stood.

    A body decides: its member ``refresh_token`` (RFC 6749 section 6). Without a
    body the cookie is asked, if cookies are a location.

    :raises InvalidRequestError: If the body has no such member, or several.
    :raises TokenInvalidError: If the body is much longer than a token may be.
    :raises TokenMissingError: If there is neither body nor cookie.
    :raises CSRFError: As for :func:`token_at`, on every method.
    """
    if request.content_length or "HTTP_TRANSFER_ENCODING" in request.environ:
        return _body_token(request, state.settings.max_token_size), "body"

    if "cookie" not in state.settings.locations:
        raise InvalidRequestError("no-body")

    token = request.cookies.get(state.refresh_cookie)

    if token is None:
        raise TokenMissingError("missing")

    check_origin(app, state, request)
    return token, "cookie"


def check_origin(app: Flask, state: JWTState, request: Request) -> None:
    """Return if this site sent a request, or a trusted one did.

    :raises CSRFError: If not, or if it cannot be told.
    """
    same = RequestOrigin.SAME

    # Trusted origins are few and rarely asked for: only where needed.
    if (
        state.settings.csrf
        and request_origin(request.environ) is not same
        and request_origin(request.environ, trusted_origins(app)) is not same
    ):
        raise CSRFError("csrf")


def refuse_other_site(app: Flask, state: JWTState, request: Request) -> None:
    """Return unless another site made a browser send a request that writes.

    :raises CSRFError: If one did. Where it cannot be told, no browser sent it.
    """
    cross = RequestOrigin.CROSS

    if (
        state.settings.csrf
        and request.method not in _SAFE_METHODS
        and request_origin(request.environ) is cross
        and request_origin(request.environ, trusted_origins(app)) is cross
    ):
        raise CSRFError("csrf")


def name_of(location: Location) -> str:
    """Return how logs and claims call a location."""
    if isinstance(location, str):
        return location

    if isinstance(location, _Header):
        return "header"

    return getattr(location, "__name__", "callable")


def vary_of(locations: tuple[Location, ...]) -> tuple[str, ...]:
    """Return the request headers that the answer depends on."""
    found: list[str] = []

    for location in locations:
        if location == "header":
            found.append("Authorization")
        elif location == "cookie":
            found.append("Cookie")
        elif isinstance(location, _Header):
            found.append(location.name)

    return tuple(found)


def _body_token(request: Request, max_size: int) -> str:
    # JSON is read as a whole: a body of 20 MB would cost a second and 600 MB.
    limit, allowed = max_size + _MORE, request.max_content_length
    request.max_content_length = limit if allowed is None else min(limit, allowed)

    try:
        token = _json_token(request) if request.is_json else _form_token(request)
    except RequestEntityTooLarge:
        raise TokenInvalidError("size") from None

    if not isinstance(token, str) or not token:
        raise InvalidRequestError("no-refresh-token")

    return token


def _json_token(request: Request) -> object:
    data = request.get_data()

    try:
        return read_object(data).get("refresh_token")
    except TokenInvalidError:
        return None


def _form_token(request: Request) -> object:
    given = request.form.getlist("refresh_token")
    return given[0] if len(given) == 1 else None
