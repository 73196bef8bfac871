"""Keys for the suites, made once a process; none of them is a secret."""

from __future__ import annotations

import functools

from .model import module

__all__ = ["SECRET", "private_pem", "public_pem"]

SECRET = "only-for-benchmarks-0123456789-0123456789"  # noqa: S105  # not a secret
_BITS = 2048


@functools.cache
def private_pem() -> bytes:
    """Return an RSA key as PEM."""
    rsa = module("cryptography.hazmat.primitives.asymmetric.rsa")
    forms = module("cryptography.hazmat.primitives.serialization")
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    pem: bytes = key.private_bytes(
        forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption()
    )
    return pem


@functools.cache
def public_pem() -> bytes:
    """Return its public half as PEM."""
    forms = module("cryptography.hazmat.primitives.serialization")
    key = forms.load_pem_private_key(private_pem(), None).public_key()
    pem: bytes = key.public_bytes(
        forms.Encoding.PEM, forms.PublicFormat.SubjectPublicKeyInfo
    )
    return pem
