"""Keys that are bound to one algorithm, and sets of them."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from collections.abc import Mapping

from flask_toolkit.errors import SetupError

from ._errors import TokenInvalidError
from ._jws import encode
from ._jws import parse
from ._jws import remember
from ._jws import write_object
from ._material import generate
from ._material import load
from ._material import SECRET_ALGORITHMS

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ._jws import Header
    from ._jws import Parsed
    from ._material import Material


class Key:
    """A key and the one algorithm it is used with (RFC 8725 section 3.1).

    Made by :meth:`load` or :meth:`generate`. It does not change, and its
    ``repr`` shows no part of it.
    """

    __slots__ = ("_material", "alg", "can_sign", "kid")

    kid: str
    """Key id, written into the header of each token."""

    alg: str
    can_sign: bool
    """Whether it is a secret or private key, and not kept for verifying only."""

    _material: Material

    def __init__(self) -> None:
        raise TypeError("Make a key with Key.load(...) or Key.generate(...).")

    def __setattr__(self, name: str, value: object) -> t.NoReturn:
        raise AttributeError("A key does not change.")

    def __repr__(self) -> str:
        return f"<Key {self.kid!r} {self.alg}>"

    @classmethod
    def load(
        cls,
        source: str | bytes | Mapping[str, t.Any],
        *,
        alg: str | None = None,
        kid: str | None = None,
    ) -> Key:
        """Load a secret, a PEM text or a JWK (RFC 7517), as JSON or mapping.

        :param alg: The algorithm. Without it: HS256 for a secret, RS256 for RSA,
            the one of the curve, EdDSA for Ed25519.
        :param kid: The key id. Without it: the thumbprint (RFC 7638); for a
            secret 8 characters that tell nothing about it.
        :raises ValueError: If it cannot be read, is weak, or does not fit ``alg``.
        :raises MissingExtraError: If it is not a secret and ``cryptography`` is
            not installed.
        """
        return _key(load(source, alg, kid))

    @classmethod
    def generate(cls, alg: str = "HS256") -> Key:
        """Make a new random key, for tests and for keys that need not last.

        RSA keys have 2048 bits.

        :raises ValueError: If ``alg`` is not one of ours.
        """
        return _key(generate(alg))

    def public_jwk(self) -> dict[str, t.Any]:
        """Return the public part as a JWK.

        :raises TypeError: If the key is a secret, which has no public part.
        """
        jwk = self._material.jwk

        if jwk is None:
            raise TypeError(f"{self!r} is a secret and must not be published.")

        return {**jwk, "kid": self.kid, "alg": self.alg, "use": "sig"}

    def sign(self, data: bytes) -> bytes:
        """Return the signature of ``data``.

        :raises SetupError: If the key only verifies.
        """
        if not self.can_sign:
            raise SetupError(f"{self!r} only verifies; signing needs the private key.")

        return self._material.sign(data)

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Tell whether ``signature`` was made with this key over ``data``."""
        return self._material.verify(data, signature)

    def only_verifying(self) -> Key:
        """Return the same key, as one that does not sign any more."""
        return _key(self._material._replace(can_sign=False))


class KeySet(Iterable[Key]):
    """Keys of one issuer: the first that can sign signs, the others verify.

    :raises ValueError: If there is none, or two have the same ``kid``.
    """

    def __init__(self, *keys: Key) -> None:
        if not keys:
            raise ValueError("a key set needs at least one key")

        self._keys: dict[str, Key] = {key.kid: key for key in keys}

        if len(self._keys) != len(keys):
            raise ValueError("two keys of the set have the same kid")

        self._only: Key | None = keys[0] if len(keys) == 1 else None
        self._signing: Key | None = next((key for key in keys if key.can_sign), None)
        self._heads: dict[str, str] = {}
        self._known: dict[bytes, Header] = {}

    def __repr__(self) -> str:
        return f"<KeySet of {', '.join(map(repr, self))}>"

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys.values())

    def sign(self, claims: Mapping[str, t.Any], *, typ: str) -> str:
        """Return a token that says ``claims``.

        :param typ: Kind of the token, for its header (RFC 8725 section 3.11).
        :raises SetupError: If no key of the set can sign.
        :raises TypeError: If a claim is not JSON.
        """
        key = self._signing

        if key is None:
            raise SetupError(f"{self!r} only verifies; signing needs a private key.")

        head = self._heads.get(typ)

        if head is None:
            members = {"alg": key.alg, "typ": typ, "kid": key.kid}
            head = self._heads[typ] = encode(write_object(members))

        signed = f"{head}.{encode(write_object(claims))}"
        return f"{signed}.{encode(key.sign(signed.encode('ascii')))}"

    def verify(
        self, token: str, *, max_size: int = 8192
    ) -> tuple[Mapping[str, t.Any], Mapping[str, t.Any]]:
        """Return header and claims of a token whose signature is good.

        Nothing else is judged: not the time, the issuer, the audience or the kind.

        :raises TokenInvalidError: If it is malformed or not signed by these keys.
        """
        parsed = parse(token, max_size, self._known)
        self.check(parsed)

        if parsed.segment not in self._known:
            remember(self._known, parsed)

        return parsed.header.members, parsed.claims

    def check(self, parsed: Parsed) -> None:
        """Return if one of these keys made the signature of a token.

        :raises TokenInvalidError: If not.
        """
        header = parsed.header
        key = self._only if header.kid is None else self._keys.get(header.kid)

        if key is None:
            raise TokenInvalidError("kid")

        if header.alg != key.alg:
            raise TokenInvalidError("alg")

        if not key.verify(parsed.signed, parsed.signature):
            raise TokenInvalidError("signature")

    def jwks(self) -> dict[str, t.Any]:
        """Return the public keys as a JWK Set (RFC 7517 section 5).

        Secrets are left out: they have no public part.
        """
        public = (key for key in self if key.alg not in SECRET_ALGORITHMS)
        return {"keys": [key.public_jwk() for key in public]}


def _key(material: Material) -> Key:
    key = object.__new__(Key)

    for name, value in (
        ("kid", material.kid),
        ("alg", material.alg),
        ("can_sign", material.can_sign),
        ("_material", material),
    ):
        object.__setattr__(key, name, value)

    return key
