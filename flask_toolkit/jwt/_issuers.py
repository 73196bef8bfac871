"""Other issuers whose tokens are taken, as settings and code name them."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from ._jws import normal_typ
from ._keys import KeySet

REFRESH_TYP: t.Final = "refresh+jwt"

IssuerSource: t.TypeAlias = KeySet | str | Mapping[str, t.Any]
"""An issuer's keys, the address of its JWK Set, or a table with more."""

_TYP = re.compile(r"[a-z0-9][a-z0-9.+/_-]{0,63}")
_MEMBERS = ("jwks_uri", "audience", "typ", "alg", "users")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Another issuer whose tokens are taken; it owns its keys (RFC 8725 3.8).

    :raises ValueError: If ``typ`` is that of our refresh tokens, or no media type,
        or ``audience`` is empty.
    """

    keys: KeySet
    audience: str | None = None
    """Must stand in ``aud``. None: the token must have no ``aud``."""

    typ: str = "at+jwt"
    """The kind that its access tokens name; some still write ``"JWT"``."""

    users: bool = False
    """Whether the ``user_loader`` is asked for its subjects too. It must then go by
    ``claims.iss`` and ``claims.sub``: its ``"7"`` is nobody of ours."""

    def __post_init__(self) -> None:
        """Check the texts."""
        if not is_access_typ(self.typ):
            raise ValueError(f"{self.typ!r} cannot be the kind of an access token")

        if self.audience == "":
            raise ValueError("audience must not be empty; leave it out instead")


def issuer_of(source: Issuer | IssuerSource) -> Issuer:
    """Return the issuer that an entry of ``TRUSTED_ISSUERS`` means.

    Nothing is fetched.

    :raises ValueError: If it cannot be used.
    :raises MissingExtraError: If its keys are remote and ``cryptography`` is not
        installed.
    """
    if isinstance(source, Issuer):
        return source

    if isinstance(source, KeySet):
        return Issuer(keys=source)

    table = {"jwks_uri": source} if isinstance(source, str) else dict(source)
    strange = [name for name in table if name not in _MEMBERS]

    if strange:
        raise ValueError(
            f"{strange[0]!r} is no member; there are {', '.join(_MEMBERS)}"
        )

    users = table.pop("users", False)

    if not isinstance(users, bool):
        raise ValueError("users must be true or false")  # noqa: TRY004  # as the others

    uri = table.pop("jwks_uri", None)
    odd = [name for name, value in table.items() if not _is_text(value)]

    if not isinstance(uri, str) or odd:
        raise ValueError(f"{(odd or ['jwks_uri'])[0]} must be text")

    keys = KeySet.remote(uri, alg=table.pop("alg", None))
    return Issuer(keys=keys, users=users, **table)


def is_access_typ(typ: str) -> bool:
    """Tell whether access tokens may call themselves so."""
    normal = normal_typ(typ)
    return (
        normal is not None
        and normal != REFRESH_TYP
        and _TYP.fullmatch(normal) is not None
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""
