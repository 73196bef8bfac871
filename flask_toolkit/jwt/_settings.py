"""Settings of tokens."""

from __future__ import annotations

import contextlib
import dataclasses
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
from pathlib import Path

from flask_toolkit.errors import MissingExtraError

from ._issuers import is_access_typ
from ._issuers import Issuer
from ._issuers import issuer_of
from ._issuers import IssuerSource
from ._issuers import REFRESH_TYP
from ._keys import ALGORITHMS
from ._keys import Key
from ._keys._keyfile import Entry
from ._keys._keyfile import living
from ._keys._keyfile import read

if t.TYPE_CHECKING:
    from ._keys import KeySet

_KeySource: t.TypeAlias = str | bytes | Mapping[str, t.Any]
_Location: t.TypeAlias = t.Literal["header", "cookie"] | Callable[[t.Any], str | None]
_LONGEST = timedelta(seconds=120)
_MIN_SIZE = 512
_REALM = re.compile(r"[\x20-\x7e]+")
_PATH = re.compile(r"/[\x21-\x3a\x3c-\x7e]*")
_ROUTE = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
_DOMAIN = re.compile(r"[A-Za-z0-9.-]+")


# No slots: the keys are loaded once and kept, 30 ms for a private RSA key.
@dataclass(frozen=True, kw_only=True)
class JWTSettings:
    """Settings of :class:`JWT`, read once per application."""

    key: _KeySource | None = field(default=None, repr=False)
    """PEM, JWK or secret that signs. None: derived from ``SECRET_KEY``."""

    key_fallbacks: Sequence[_KeySource] = field(default=(), repr=False)
    """Keys that only verify, of any algorithm: the ones before ``KEY``."""

    key_file: Path | None = None
    """A private JWK Set instead of ``KEY``, mode 0600: the key that signs, the next
    one, the retired. ``flask toolkit jwt rotate`` keeps it."""

    algorithm: str | None = None
    """Algorithm of ``KEY``. None: by the kind of the key."""

    issuer: str | None = None
    """``iss``: written and demanded. None: tokens must have none."""

    audience: str | None = None
    """``aud``: written and demanded. None: tokens must have none."""

    trusted_issuers: Mapping[str, Issuer | IssuerSource] = field(
        default_factory=dict[str, Issuer | IssuerSource]
    )
    """Other issuers by their ``iss``: an :class:`Issuer`, its :class:`KeySet`, the
    https address of its JWK Set, or a table of ``jwks_uri``, ``audience``, ``typ``
    and ``alg``."""

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

    jwks_path: str | None = None
    """Path where our public keys are published, such as
    ``/.well-known/jwks.json``. None: nowhere."""

    signature_cache: int = 0
    """How many good signatures of each issuer are remembered; 0: none. Worth 1024
    for RSA, EC and Ed25519."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield each field whose value does not fit, with what would."""
        yield from _duration_problems(self)
        yield from _text_problems(self)
        yield from _place_problems(self)
        yield from _key_problems(self)
        yield from _issuer_problems(self)

    @functools.cached_property
    def own_key(self) -> Key | None:
        """Load ``KEY``.

        :raises ValueError: If it cannot be used.
        """
        return None if self.key is None else Key.load(self.key, alg=self.algorithm)

    @functools.cached_property
    def file_keys(self) -> tuple[Entry, ...]:
        """Read ``KEY_FILE``.

        :raises ValueError: If it cannot be used.
        """
        return () if self.key_file is None else read(self.key_file)

    def keys_at(self, now: float) -> tuple[Key, ...]:
        """Return the keys that are set, the signing one first; perhaps none.

        :param now: Seconds since 1970, for the retired ones of ``KEY_FILE``.
        """
        if self.own_key is not None:
            return (self.own_key, *self.older_keys)

        if self.file_keys:
            return (*living(self.file_keys, now), *self.older_keys)

        return ()

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
            kids -= {entry.key.kid for entry in self.file_keys}

        if len(kids) != len(keys):
            raise ValueError("two keys have the same kid, or it is also KEY's")

        return tuple(keys)

    @functools.cached_property
    def issuers(self) -> Mapping[str, Issuer]:
        """Read ``TRUSTED_ISSUERS``; nothing is fetched.

        :raises ValueError: If one cannot be used.
        """
        found = {iss: issuer_of(it) for iss, it in self.trusted_issuers.items()}
        return {
            iss: dataclasses.replace(issuer, keys=self.remembering(issuer.keys))
            for iss, issuer in found.items()
        }

    def remembering(self, keys: KeySet) -> KeySet:
        """Return the same keys with their ``SIGNATURE_CACHE``, if there is one."""
        return keys.remembering(self.signature_cache) if self.signature_cache else keys

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

    if not is_access_typ(settings.access_typ):
        yield "access_typ", f"must be a media type other than {REFRESH_TYP}"

    if settings.max_token_size < _MIN_SIZE:
        yield "max_token_size", f"must be at least {_MIN_SIZE}"

    if settings.signature_cache < 0:
        yield "signature_cache", "must not be below 0"

    if not _REALM.fullmatch(settings.realm):
        yield "realm", "must be printable ASCII and not empty"


def _place_problems(settings: JWTSettings) -> Iterator[tuple[str, str]]:
    if settings.cookie_domain is not None and not _DOMAIN.fullmatch(
        settings.cookie_domain
    ):
        yield "cookie_domain", "must be a host name"

    if not _PATH.fullmatch(settings.cookie_refresh_path):
        yield "cookie_refresh_path", "must be a path that begins with /"

    if len({*settings.locations}) != len(settings.locations) or not settings.locations:
        yield "locations", "must name at least one place, none of them twice"

    if settings.jwks_path is not None and not _ROUTE.fullmatch(settings.jwks_path):
        yield "jwks_path", "must be a path such as /.well-known/jwks.json"


def _key_problems(settings: JWTSettings) -> Iterator[tuple[str, str]]:
    if settings.algorithm is not None and settings.algorithm not in ALGORITHMS:
        yield "algorithm", f"must be one of {', '.join(ALGORITHMS)}"
    elif settings.key_file is not None:
        yield from _file_problems(settings)
    elif settings.key is None and settings.algorithm not in {None, "HS256"}:
        yield "algorithm", "needs KEY: the key derived from SECRET_KEY is for HS256"
    else:
        yield from _loading_problems(settings, "key", "own_key")

    yield from _loading_problems(settings, "key_fallbacks", "older_keys")


def _issuer_problems(settings: JWTSettings) -> Iterator[tuple[str, str]]:
    if settings.issuer in settings.trusted_issuers:
        yield "trusted_issuers", "must not name ISSUER, which has its own keys"

    # In the store its tokens would stand among ours without an issuer.
    if "" in settings.trusted_issuers:
        yield "trusted_issuers", "must not have an entry without a name"

    for iss, source in settings.trusted_issuers.items():
        try:
            issuer_of(source)
        except (ValueError, MissingExtraError) as error:
            yield "trusted_issuers", f"{iss!r}: {error}"


def _file_problems(settings: JWTSettings) -> Iterator[tuple[str, str]]:
    if settings.key is not None:
        yield "key_file", "cannot stand beside KEY: set one of them"
    elif settings.algorithm is not None:
        yield "algorithm", "is for KEY; each key of KEY_FILE names its own"
    else:
        yield from _loading_problems(settings, "key_file", "file_keys")


def _loading_problems(
    settings: JWTSettings, name: str, loaded: str
) -> Iterator[tuple[str, str]]:
    try:
        getattr(settings, loaded)
    except (ValueError, MissingExtraError) as error:
        yield name, str(error)
