"""What a token says: its claims, judged once and then read only."""

from __future__ import annotations

import functools
import os
import re
import typing as t
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from datetime import UTC

from ._errors import TokenInvalidError
from ._jws import read_object
from ._jws import write_object

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_UUID7 = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
)
_NUMBERS = frozenset({int, float})  # a bool is none
END_OF_TIME = 253402300800  # the year 10000, where datetime ends
_OWN: t.Final[Mapping[str, str]] = {
    "iss": "set TOOLKIT_JWT_ISSUER",
    "sub": "pass sub",
    "aud": "set TOOLKIT_JWT_AUDIENCE",
    "exp": "pass lifetime=",
    "nbf": "it is never written",
    "iat": "it is written for you",
    "jti": "it is written for you",
    "sid": "it is written for you",
    "scope": "pass scope=",
    "auth_time": "pass auth_time=",
    "cnf": "bound tokens are not supported",
}


class Claims(Mapping[str, t.Any]):
    """The claims of a token that was verified; they cannot be changed.

    A mapping of what the token says, with the registered claims as attributes.
    There are none of a token that was not verified.
    """

    __slots__ = ("_claims", "_header", "_location")

    def __init__(
        self,
        claims: Mapping[str, t.Any],
        header: Mapping[str, t.Any],
        location: str | None = None,
    ) -> None:
        self._claims = claims
        self._header = header
        self._location = location

    def __repr__(self) -> str:
        return f"<Claims of {self.sub!r}>"

    def __getitem__(self, name: str) -> t.Any:
        return self._claims[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._claims)

    def __len__(self) -> int:
        return len(self._claims)

    def get(self, name: str, default: t.Any = None, /) -> t.Any:
        """Return a claim, or ``default``."""
        return self._claims.get(name, default)

    @property
    def sub(self) -> str:
        """Return whom the token is about, such as a user's id as text."""
        sub: str = self._claims["sub"]
        return sub

    @property
    def exp(self) -> datetime:
        """Return when the token ends, in UTC."""
        return datetime.fromtimestamp(self._claims["exp"], UTC)

    @property
    def iat(self) -> datetime | None:
        """Return when the token was made, in UTC."""
        return self._time("iat")

    @property
    def jti(self) -> str | None:
        """Return the id of the token."""
        return self._claims.get("jti")

    @property
    def iss(self) -> str | None:
        """Return who issued the token."""
        return self._claims.get("iss")

    @property
    def aud(self) -> tuple[str, ...]:
        """Return for whom the token is."""
        found = self._claims.get("aud", ())
        return (found,) if isinstance(found, str) else tuple(found)

    @property
    def scope(self) -> frozenset[str]:
        """Return what the token grants (RFC 8693 section 4.2)."""
        return frozenset(self._claims.get("scope", "").split())

    @property
    def sid(self) -> str | None:
        """Return the id of the session."""
        return self._claims.get("sid")

    @property
    def auth_time(self) -> datetime | None:
        """Return when the subject last proved who it is, in UTC."""
        return self._time("auth_time")

    @property
    def header(self) -> Mapping[str, t.Any]:
        """Return the header of the token."""
        return self._header

    @property
    def location(self) -> str | None:
        """Return where the token was found; ``None`` if it was handed over."""
        return self._location

    def _time(self, name: str) -> datetime | None:
        found = self._claims.get(name)
        return None if found is None else datetime.fromtimestamp(found, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """An access and a refresh token of one session; ``repr`` shows neither."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    """Seconds until the access token ends."""

    scope: str | None = None
    token_type: str = "Bearer"  # noqa: S105  # the name of a scheme

    def to_dict(self) -> dict[str, t.Any]:
        """Return the answer of a token endpoint (RFC 6749 section 5.1)."""
        answer: dict[str, t.Any] = {
            "access_token": self.access_token,
            "token_type": self.token_type,
            "expires_in": self.expires_in,
            "refresh_token": self.refresh_token,
        }

        if self.scope is not None:
            answer["scope"] = self.scope

        return answer


def scope_words(scope: str | Collection[str]) -> tuple[str, ...]:
    """Return the words of a scope, each once (RFC 6749 section 3.3).

    :param scope: Words, or one text with spaces between them.
    :raises ValueError: If one holds a character that a scope cannot have.

    >>> scope_words("orders:read orders:write")
    ('orders:read', 'orders:write')
    """
    words = scope.split() if isinstance(scope, str) else scope

    for word in t.cast("Collection[object]", words):
        if not isinstance(word, str) or not _SCOPE.fullmatch(word):
            raise ValueError(
                f"the scope {word!r} must be printable ASCII without spaces, quotes"
                " and backslashes"
            )

    return tuple(dict.fromkeys(words))


def checked_subject(sub: object) -> str:
    """Return ``sub`` if it can be one.

    :raises TypeError: If it is not text, or empty.
    """
    if isinstance(sub, str) and sub:
        return sub

    raise TypeError("sub must be a non-empty str; pass str(user.id)")


def checked_extra(claims: Mapping[str, t.Any] | None) -> dict[str, t.Any]:
    """Return further claims if a token can carry them.

    :raises ValueError: If one is a claim that has its own parameter.
    :raises TypeError: If one is not JSON.
    """
    extra = dict(claims or {})

    for name, value in extra.items():
        if name in _OWN:
            raise ValueError(f"the claim {name!r} cannot be given: {_OWN[name]}")

        if not _is_json(name, value):
            raise TypeError(f"the claim {name!r} is not JSON")

    return extra


def check_types(claims: Mapping[str, t.Any]) -> None:
    """Return if each claim that we read has its type (RFC 7519 section 4.1).

    :raises TokenInvalidError: If not.
    """
    sub, jti, sid = claims.get("sub"), claims.get("jti", "-"), claims.get("sid", "-")

    if not (
        (isinstance(sub, str) and isinstance(jti, str) and isinstance(sid, str))
        and (sub and jti and sid)
        and isinstance(claims.get("scope", ""), str)
        and ("iat" not in claims or is_number(claims["iat"]))
        and ("auth_time" not in claims or is_number(claims["auth_time"]))
    ):
        raise TokenInvalidError("claims")


def is_number(value: t.Any) -> bool:
    """Tell whether a claim is a NumericDate that a datetime can hold."""
    return type(value) in _NUMBERS and 0 <= value < END_OF_TIME


def _is_json(name: object, value: object) -> bool:
    if not isinstance(name, str):
        return False

    try:
        # Read back: JSON has no keys but text, and none of them twice.
        read_object(write_object({name: value}))
    except (TypeError, ValueError, RecursionError, TokenInvalidError):
        return False

    return True


def new_sid(now: float) -> str:
    """Return a new session id: a UUIDv7 that tells when it began (RFC 9562 5.7).

    :param now: Seconds since 1970.
    """
    tail = int.from_bytes(os.urandom(10), "big")
    low = (tail & ~(0b11 << 62) | 0b10 << 62) & (1 << 64) - 1
    high = int(now * 1000) << 16 | 7 << 12 | tail >> 68
    text = f"{high:016x}{low:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@functools.lru_cache(maxsize=4096)
def started_at(sid: object) -> int | None:
    """Return when a session began in milliseconds; ``None`` if it does not tell.

    >>> started_at("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
    1645557742000
    """
    if isinstance(sid, str) and _UUID7.fullmatch(sid):
        return int(sid[:8] + sid[9:13], 16)

    return None
