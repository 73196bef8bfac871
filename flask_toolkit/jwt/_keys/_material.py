"""What keys are made of, and which algorithms there are.

PyJWT is imported at the first key: an application without tokens does not pay for
it. It loads keys, signs and verifies; what a token says is read by :mod:`._jws`.
"""

from __future__ import annotations

import functools
import typing as t

from flask_toolkit.errors import MissingExtraError

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from jwt.algorithms import Algorithm

SIZES: t.Final = {"HS256": 32, "HS384": 48, "HS512": 64}
"""The shortest secrets (RFC 7518 section 3.2)."""

# The first is the default (RFC 7518, 8037, 9864).
USES: t.Final = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
    "Ed25519": ("EdDSA", "Ed25519"),
}
"""What a kind of key pair may be used for."""

KINDS: t.Final = {alg: kind for kind, algs in USES.items() for alg in algs}
MIN_RSA: t.Final = 2048
MAX_KID: t.Final = 128

SECRET_ALGORITHMS: t.Final = frozenset(SIZES)
PUBLIC_ALGORITHMS: t.Final = tuple(KINDS)
ALGORITHMS: t.Final = (*SIZES, *PUBLIC_ALGORITHMS)
"""Every algorithm that a key may have; ``none`` is not one of them."""


class Material(t.NamedTuple):
    """A key that is loaded, and what can be done with it."""

    sign: Callable[[bytes], bytes]
    verify: Callable[[bytes, bytes], bool]
    jwk: dict[str, t.Any] | None
    """The public part; ``None`` for a secret."""

    kid: str
    alg: str
    can_sign: bool


@functools.cache
def _algorithms() -> dict[str, Algorithm]:
    from jwt.algorithms import get_default_algorithms

    return get_default_algorithms()


def algorithm_of(alg: str) -> Algorithm:
    """Return what signs and verifies.

    :raises MissingExtraError: If it needs ``cryptography``.
    """
    # PyJWT knows Ed25519 by its older name only (RFC 9864).
    found = _algorithms().get("EdDSA" if alg == "Ed25519" else alg)

    if found is None:
        raise MissingExtraError("crypto")

    return found


def require_crypto() -> None:
    """Return if key pairs can be used.

    :raises MissingExtraError: If ``cryptography`` is not installed.
    """
    algorithm_of("EdDSA")


def new_pair(kind: str) -> t.Any:
    """Return a new private key of ``cryptography``.

    :raises MissingExtraError: If that is not installed.
    """
    require_crypto()
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric import ed25519
    from cryptography.hazmat.primitives.asymmetric import rsa

    if kind == "RSA":
        return rsa.generate_private_key(65537, MIN_RSA)

    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()

    curves: dict[str, Callable[[], ec.EllipticCurve]]
    curves = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
    return ec.generate_private_key(curves[kind]())
