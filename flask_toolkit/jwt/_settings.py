"""Settings of tokens."""

from __future__ import annotations

import contextlib
import functools
import re
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from datetime import timedelta

from flask_toolkit.errors import MissingExtraError

from ._jws import normal_typ
from ._keys import Key
from ._keys import KeySet
from ._material import ALGORITHMS

REFRESH_TYP: t.Final = "refresh+jwt"

_KeySource: t.TypeAlias = str | bytes | Mapping[str, t.Any]
_Location: t.TypeAlias = t.Literal["header", "cookie"] | Callable[[t.Any], str | None]
_LONGEST = timedelta(seconds=120)
_MIN_SIZE = 512
_TYP = re.compile(r"[a-z0-9][a-z0-9.+/_-]{0,63}")
_REALM = re.compile(r"[\x20-\x7e]+")
_PATH = re.compile(r"/[\x21-\x3a\x3c-\x7e]*")
_DOMAIN = re.compile(r"[A-Za-z0-9.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Another issuer whose tokens are taken; it owns its keys (RFC 8725 3.8).

    :raises ValueError: If ``typ`` is that of our refresh tokens, or no media type.
    """

    keys: KeySet
    audience: str | None = None
    """Must stand in ``aud``. None: the token must have no ``aud``."""

    typ: str = "at+jwt"
    """The kind that its access tokens name; some still write ``"JWT"``."""

    def __post_init__(self) -> None:
        """Check the kind."""
        if not _is_access_typ(self.typ):
            raise ValueError(f"{self.typ!r} cannot be the kind of an access token")


# No slots: the keys are loaded once and kept, 30 ms for a private RSA key.
@dataclass(frozen=True, kw_only=True)
class JWTSettings:
    """Settings of :class:`JWT`, read once per application."""

    key: _KeySource | None = field(default=None, repr=False)
    """PEM, JWK or secret that signs. None: derived from ``SECRET_KEY``."""

    key_fallbacks: Sequence[_KeySource] = field(default=(), repr=False)
    """Keys that only verify, of any algorithm: the ones before ``KEY``."""

    algorithm: str | None = None
    """Algorithm of ``KEY``. None: by the kind of the key."""

    issuer: str | None = None
    """``iss``: written and demanded. None: tokens must have none."""

    audience: str | None = None
    """``aud``: written and demanded. None: tokens must have none."""

    trusted_issuers: Mapping[str, Issuer | KeySet] = field(
        default_factory=dict[str, Issuer | KeySet]
    )
    """Other issuers by their ``iss``, each with its keys."""

    leeway: timedelta = timedelta(seconds=10)
    """How far two clocks may differ, for ``exp`` and ``nbf``; at most 120 s."""

    access_lifetime: timedelta = timedelta(minutes=15)
    """How long an access token lives."""

    refresh_lifetime: timedelta = timedelta(days=14)
    """How long a refresh token may lie unused."""

    session_lifetime: timedelta = timedelta(days=90)
    """How long a session may last at all, however often it is refreshed."""

    reuse_interval: timedelta = timedelta(seconds=10)
    """How long a used refresh token gives the same successor again, for tabs and
    lost answers; 0 to 120 s."""

    revocation: t.Literal["always", "rotation"] = "always"
    """Ask the store on every request, or only when a token is refreshed."""

    access_typ: str = "at+jwt"
    """The kind that our access tokens name (RFC 9068 section 2.1)."""

    locations: tuple[_Location, ...] = ("header",)
    """Where tokens are looked for, in order; a cookie always comes last."""

    max_token_size: int = 8192
    """Longest token in characters, taken or made."""

    realm: str = "api"
    """``realm`` of the challenge (RFC 6750 section 3)."""

    cookie_secure: bool = True
    """Cookies for https only, named ``__Host-...``. False: plain names."""

    cookie_domain: str | None = None
    """Domain of the cookies; set, they are named ``__Secure-...``."""

    cookie_refresh_path: str = "/"
    """Path of the refresh cookie."""

    csrf: bool = True
    """Demand that a request with a token cookie comes from this site."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield each field whose value does not fit, with what would."""
        yield from _duration_problems(self)
        yield from _text_problems(self)
        yield from _key_problems(self)

    @functools.cached_property
    def own_key(self) -> Key | None:
        """Load ``KEY``.

        :raises ValueError: If it cannot be used.
        """
        return None if self.key is None else Key.load(self.key, alg=self.algorithm)

    @functools.cached_property
    def older_keys(self) -> tuple[Key, ...]:
        """Load ``KEY_FALLBACKS``.

        :raises ValueError: If one cannot be used, or is there twice.
        """
        keys = [Key.load(key).only_verifying() for key in self.key_fallbacks]
        kids = {key.kid for key in keys}

        # A KEY that does not load is a problem of its own.
        with contextlib.suppress(ValueError):
            kids -= {key.kid for key in (self.own_key,) if key is not None}

        if len(kids) != len(keys):
            raise ValueError("two keys have the same kid, or it is also KEY")

        return tuple(keys)

    @property
    def ordered_locations(self) -> tuple[_Location, ...]:
        """Return the locations; what browsers send by themselves comes last."""
        return tuple(sorted(self.locations, key=lambda place: place == "cookie"))


def _duration_problems(settings: JWTSettings) -> Iterator[tuple[str, str]]:
    for name in ("leeway", "reuse_interval"):
        if not timedelta() <= getattr(settings, name) <= _LONGEST:
            yield name, f"must lie between 0 and {_LONGEST.seconds} seconds"

    if settings.access_lifetime < timedelta(seconds=1):
        yield "access_lifetime", "must be at least 1 second"

    if settings.refresh_lifetime < settings.access_lifetime:
        yield "refresh_lifetime", "must not be shorter than access_lifetime"

    if settings.session_lifetime < settings.refresh_lifetime:
        yield "session_lifetime", "must not be shorter than refresh_lifetime"


def _text_problems(settings: JWTSettings) -> Iterator[tuple[str, str]]:
    for name in ("issuer", "audience"):
        if getattr(settings, name) == "":
            yield name, "must not be empty; leave it out instead"

    if not _is_access_typ(settings.access_typ):
        yield "access_typ", f"must be a media type other than {REFRESH_TYP}"

    if settings.max_token_size < _MIN_SIZE:
        yield "max_token_size", f"must be at least {_MIN_SIZE}"

    if not _REALM.fullmatch(settings.realm):
        yield "realm", "must be printable ASCII and not empty"

    if settings.cookie_domain is not None and not _DOMAIN.fullmatch(
        settings.cookie_domain
    ):
        yield "cookie_domain", "must be a host name"

    if not _PATH.fullmatch(settings.cookie_refresh_path):
        yield "cookie_refresh_path", "must be a path that begins with /"

    if len({*settings.locations}) != len(settings.locations) or not settings.locations:
        yield "locations", "must name at least one place, none of them twice"

    if settings.issuer in settings.trusted_issuers:
        yield "trusted_issuers", "must not name ISSUER, which has its own keys"


def _key_problems(settings: JWTSettings) -> Iterator[tuple[str, str]]:
    if settings.algorithm is not None and settings.algorithm not in ALGORITHMS:
        yield "algorithm", f"must be one of {', '.join(ALGORITHMS)}"
    elif settings.key is None and settings.algorithm not in {None, "HS256"}:
        yield "algorithm", "needs KEY: the key derived from SECRET_KEY is for HS256"
    else:
        yield from _loading_problems(settings, "key", "own_key")

    yield from _loading_problems(settings, "key_fallbacks", "older_keys")


def _loading_problems(
    settings: JWTSettings, name: str, loaded: str
) -> Iterator[tuple[str, str]]:
    try:
        getattr(settings, loaded)
    except (ValueError, MissingExtraError) as error:
        yield name, str(error)


def _is_access_typ(typ: str) -> bool:
    normal = normal_typ(typ)
    return (
        normal is not None
        and normal != REFRESH_TYP
        and _TYP.fullmatch(normal) is not None
    )
