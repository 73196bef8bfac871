"""Keys that are bound to one algorithm."""

from __future__ import annotations

import typing as t

from flask_toolkit.errors import SetupError

from ._loading import generate
from ._loading import load

if t.TYPE_CHECKING:
    from collections.abc import Mapping

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
