"""Private keys as text, for those who store them: PEM, JWK or a secret."""

from __future__ import annotations

import secrets
import typing as t

from flask_toolkit.jwt._jws import encode

from ._key import Key
from ._material import algorithm_of
from ._material import KINDS
from ._material import new_pair
from ._material import SIZES


def private_jwk(alg: str) -> dict[str, t.Any]:
    """Return a new random private key or secret as a JWK (RFC 7517).

    :param alg: One of ``ALGORITHMS``.
    :raises MissingExtraError: If it is a key pair and ``cryptography`` is not
        installed.
    """
    if alg in SIZES:
        jwk: dict[str, t.Any] = {"kty": "oct", "k": encode(_secret(alg))}
    else:
        key = new_pair(KINDS[alg])
        jwk = dict(algorithm_of(alg).to_jwk(key, as_dict=True))
        # By PyJWT ["sign"], which says that it must not verify.
        jwk.pop("key_ops", None)

    kid = Key.load(jwk, alg=alg).kid
    return {**jwk, "kid": kid, "alg": alg, "use": "sig"}


def private_text(alg: str) -> str:
    """Return a new random private key as PEM, or a secret as one line of text.

    :param alg: One of ``ALGORITHMS``.
    :raises MissingExtraError: If it is a key pair and ``cryptography`` is not
        installed.
    """
    if alg in SIZES:
        return encode(_secret(alg))

    key = new_pair(KINDS[alg])
    from cryptography.hazmat.primitives import serialization

    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem.decode("ascii")


def _secret(alg: str) -> bytes:
    return secrets.token_bytes(SIZES[alg])
