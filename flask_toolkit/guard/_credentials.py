"""Credentials that programs send: a password by HTTP Basic, an API key."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import hmac
import re
import secrets
import typing as t

from flask.globals import app_ctx

from flask_toolkit._extension import is_async
from flask_toolkit._extension import run_async
from flask_toolkit.errors import BadCredentialError
from flask_toolkit.identity import Identity

from ._policy import checked_id
from ._policy import default_id
from ._policy import quoted

if t.TYPE_CHECKING:
    from collections.abc import Awaitable
    from collections.abc import Callable
    from collections.abc import Iterable

    from flask import Request

    from flask_toolkit.identity import Authenticator

U = t.TypeVar("U")
_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9]{0,15}")
_KEY = re.compile(
    r"(?P<prefix>[A-Za-z][A-Za-z0-9]{0,15}_[0-9a-f]{12})\.[\w-]{43}", re.ASCII
)
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_TAKEN = frozenset({"authorization", "cookie"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MAX_BASIC = 4096
_NO_DIGEST = "0" * 64


class BasicAuthenticator(t.Generic[U]):
    """Finds a user by name and password in ``Authorization`` (RFC 7617).

    Browsers send the pair by themselves once it was typed, so it is ambient:
    state changes from other sites are refused, and other credentials come first.

    :param verify: Takes name and password and returns the user, or ``None``. May
        be ``async``. It runs on every request, so limit how often it can fail,
        and let :func:`verify_password` take the time it takes.
    :param id_of: Tells the id of a user. Default: ``str(user.id)``.
    :param realm: What browsers show beside the question.
    """

    def __init__(
        self,
        verify: Callable[[str, str], U | Awaitable[U | None] | None],
        *,
        id_of: Callable[[U], str] = default_id,
        realm: str = "login",
        name: str = "basic",
    ) -> None:
        self.name: str = name
        self.ambient: bool = True
        self.header: str = "Authorization"
        self._verify: Callable[..., t.Any] = verify
        self._is_async = is_async(verify)
        self._id_of = id_of
        self._challenge = f'Basic realm={quoted(realm)}, charset="UTF-8"'

    def authenticate(self, request: Request, /) -> Identity[U] | None:
        """Return the user whose name and password came.

        :raises BadCredentialError: If they are not good, or no such pair.
        """
        scheme, _, given = request.environ.get("HTTP_AUTHORIZATION", "").partition(" ")

        if scheme.lower() != "basic":
            return None

        pair = _basic_pair(given.strip(" "))
        user = None if pair is None else _call(self._verify, self._is_async, *pair)

        if user is None:
            raise BadCredentialError(headers=[("WWW-Authenticate", self._challenge)])

        return Identity(
            id=checked_id(self._id_of(user)), via=self.name, ambient=True, user=user
        )

    def challenge(self) -> str | None:
        """Return what makes a browser ask for name and password."""
        return self._challenge


@dataclasses.dataclass(frozen=True, kw_only=True)
class APIKey(t.Generic[U]):
    """What is stored of an API key; the key itself is not."""

    digest: str = dataclasses.field(repr=False)
    """SHA-256 of the key in hex, as :func:`new_api_key` returned it."""

    id: str
    """Whom the key stands for, such as the id of its owner."""

    user: U | None = dataclasses.field(default=None, repr=False)
    scopes: frozenset[str] = frozenset()


class APIKeyAuthenticator(t.Generic[U]):
    """Finds who owns the key in a header of the request.

    :param load: Takes the prefix of a key and returns what is stored of it;
        ``None`` for one that does not exist, has expired or was withdrawn. May be
        ``async``.
    :param header: The header of the key. Answers to its callers vary by it.
    :raises ValueError: If ``header`` is no name of a header of its own.
    """

    def __init__(
        self,
        load: Callable[[str], APIKey[U] | Awaitable[APIKey[U] | None] | None],
        header: str = "X-API-Key",
        *,
        name: str = "api-key",
    ) -> None:
        if not _HEADER.fullmatch(header) or header.lower() in _TAKEN:
            raise ValueError("header= must name a header of its own, as X-API-Key.")

        self.name: str = name
        self.ambient: bool = False
        self.header: str = header
        self._load: Callable[..., t.Any] = load
        self._is_async = is_async(load)
        self._variable = f"HTTP_{header.upper().replace('-', '_')}"
        self._challenge = f"APIKey realm={quoted('api')}, header={quoted(header)}"

    def authenticate(self, request: Request, /) -> Identity[U] | None:
        """Return the owner of the key.

        :raises BadCredentialError: If the key is not good, or no key.
        """
        given: str | None = request.environ.get(self._variable)

        if given is None:
            return None

        match = _KEY.fullmatch(given)
        found: APIKey[U] | None = None

        if match is not None:
            found = _call(self._load, self._is_async, match["prefix"])

        digest = _NO_DIGEST if found is None else found.digest

        # Compared even where nothing is known: the time tells no prefix.
        if not hmac.compare_digest(_digest(given), digest) or found is None:
            raise BadCredentialError(headers=[("WWW-Authenticate", self._challenge)])

        return Identity(
            id=checked_id(found.id),
            via=self.name,
            ambient=False,
            user=found.user,
            scopes=found.scopes,
        )

    def challenge(self) -> str | None:
        """Return the name of the header that is missing."""
        return self._challenge


class NewAPIKey(t.NamedTuple):
    """A key just made. Show ``key`` once, store the other two."""

    key: str
    prefix: str
    """What it is found by; not secret."""

    digest: str

    def __repr__(self) -> str:
        return f"<NewAPIKey {self.prefix}>"


def new_api_key(label: str = "key") -> NewAPIKey:
    """Make an API key with 256 random bits.

    :param label: How keys of this application begin, so that people and scanners
        know a leaked one: a letter, then letters and digits, at most 16.
    :raises ValueError: If the label is not such a word.

    >>> new_api_key("shop").key.startswith("shop_")
    True
    """
    if not _LABEL.fullmatch(label):
        raise ValueError("A label is a letter, then letters and digits, at most 16.")

    prefix = f"{label}_{secrets.token_hex(6)}"
    key = f"{prefix}.{secrets.token_urlsafe(32)}"
    return NewAPIKey(key, prefix, _digest(key))


def _digest(key: str) -> str:
    # Not a slow hash: 256 random bits cannot be guessed.
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _basic_pair(given: str) -> tuple[str, str] | None:
    if len(given) > _MAX_BASIC:
        return None

    try:
        text = base64.b64decode(given, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None

    name, colon, password = text.partition(":")

    # RFC 7617 section 2: no control characters, and a name has no colon.
    return (name, password) if colon and not _CONTROL.search(text) else None


def _call(function: Callable[..., t.Any], is_async: bool, *args: str) -> t.Any:
    if is_async:
        return run_async(app_ctx.app, function, *args)

    return function(*args)


def headers_of(authenticators: Iterable[Authenticator[t.Any]]) -> list[str]:
    """Return the headers of a request that authenticators read, each once.

    One that does not say reads cookies if it is ambient, else ``Authorization``.
    """
    names = [
        getattr(one, "header", "Cookie" if one.ambient else "Authorization")
        for one in authenticators
    ]
    return list(dict.fromkeys(names))
