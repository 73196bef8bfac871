"""Keys for the suites, made once a process; none of them is a secret."""

from __future__ import annotations

import functools
import typing as t

from .model import module

__all__ = ["SECRET", "private_pem", "public_pem"]

SECRET = "only-for-benchmarks-0123456789-0123456789"  # noqa: S105  # not a secret
_BITS = 2048
_ASYMMETRIC = "cryptography.hazmat.primitives.asymmetric"


@functools.cache
def private_pem(algorithm: str) -> bytes:
    """Return the private key for RS256, ES256 or EdDSA as PEM."""
    forms = module("cryptography.hazmat.primitives.serialization")
    pem: bytes = _generated(algorithm).private_bytes(
        forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption()
    )
    return pem


@functools.cache
def public_pem(algorithm: str) -> bytes:
    """Return its public half as PEM."""
    forms = module("cryptography.hazmat.primitives.serialization")
    key = forms.load_pem_private_key(private_pem(algorithm), None).public_key()
    pem: bytes = key.public_bytes(
        forms.Encoding.PEM, forms.PublicFormat.SubjectPublicKeyInfo
    )
    return pem


def _generated(algorithm: str) -> t.Any:
    if algorithm == "RS256":
        rsa = module(f"{_ASYMMETRIC}.rsa")
        return rsa.generate_private_key(public_exponent=65537, key_size=_BITS)

    if algorithm == "ES256":
        ec = module(f"{_ASYMMETRIC}.ec")
        return ec.generate_private_key(ec.SECP256R1())

    return module(f"{_ASYMMETRIC}.ed25519").Ed25519PrivateKey.generate()
