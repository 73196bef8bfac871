"""Tokens of each algorithm for the suites, and the least code that verifies one."""

from __future__ import annotations

import base64
import hmac
import time
import typing as t

from .keys import private_pem
from .keys import public_pem
from .keys import SECRET
from .model import module

if t.TYPE_CHECKING:
    from collections.abc import Callable

    Verify: t.TypeAlias = Callable[[bytes, bytes], bool]

__all__ = [
    "LIFETIME",
    "bearer",
    "claims",
    "decoded",
    "forged",
    "jwk",
    "keys",
    "signed",
    "verifier",
]

LIFETIME = 86400
_KINDS = {"HS256": "OctKey", "RS256": "RSAKey", "ES256": "ECKey", "EdDSA": "OKPKey"}


def claims() -> dict[str, t.Any]:
    """Return the claims of an access token."""
    now = int(time.time())
    return {
        "iss": "shop",
        "sub": "7",
        "aud": "shop",
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME,
        "jti": "0123456789abcdef0123456789abcdef",
        "sid": "fedcba9876543210fedcba9876543210",
    }


def keys(algorithm: str) -> tuple[str, str]:
    """Return what signs and what verifies."""
    if algorithm == "HS256":
        return SECRET, SECRET

    return private_pem(algorithm).decode(), public_pem(algorithm).decode()


def signed(algorithm: str, **more: str) -> str:
    """Return an access token, with further claims if given."""
    token: str = module("jwt").encode(
        claims() | more, keys(algorithm)[0], algorithm, headers={"typ": "at+jwt"}
    )
    return token


def bearer(token: str) -> dict[str, str]:
    """Return the headers that carry a token."""
    return {"Authorization": f"Bearer {token}"}


def forged(token: str) -> str:
    """Return ``token`` with one character of its signature changed.

    One in the middle: the last has spare bits, at which some would refuse earlier.
    """
    text, _, signature = token.rpartition(".")
    other = "B" if signature[9] == "A" else "A"
    return f"{text}.{signature[:9]}{other}{signature[10:]}"


def jwk(algorithm: str) -> t.Any:
    """Return what verifies, as joserfc has it."""
    kind = getattr(module("joserfc.jwk"), _KINDS[algorithm])
    return kind.import_key(keys(algorithm)[1])


def decoded(text: str) -> bytes:
    """Return the bytes of a base64url text without padding."""
    return base64.urlsafe_b64decode(text + "==")


def verifier(algorithm: str) -> Verify:
    """Return what verifies a signature, with its key loaded once."""
    if algorithm == "HS256":
        secret = SECRET.encode()
        return lambda text, signature: hmac.compare_digest(
            hmac.digest(secret, text, "sha256"), signature
        )

    verify = _VERIFIERS[algorithm](
        module("cryptography.hazmat.primitives.serialization").load_pem_public_key(
            public_pem(algorithm)
        )
    )
    invalid = module("cryptography.exceptions").InvalidSignature

    def holds(text: bytes, signature: bytes) -> bool:
        try:
            verify(text, signature)
        except invalid:
            return False

        return True

    return holds


def _rsa(key: t.Any) -> Callable[[bytes, bytes], None]:
    asymmetric = "cryptography.hazmat.primitives.asymmetric"
    padding = module(f"{asymmetric}.padding").PKCS1v15()
    sha256 = module("cryptography.hazmat.primitives.hashes").SHA256()
    return lambda text, signature: key.verify(signature, text, padding, sha256)


def _ecdsa(key: t.Any) -> Callable[[bytes, bytes], None]:
    asymmetric = "cryptography.hazmat.primitives.asymmetric"
    as_der = module(f"{asymmetric}.utils").encode_dss_signature
    sha256 = module("cryptography.hazmat.primitives.hashes").SHA256()
    ecdsa = module(f"{asymmetric}.ec").ECDSA(sha256)

    def verify(text: bytes, signature: bytes) -> None:
        half = len(signature) // 2
        r, s = (int.from_bytes(part) for part in (signature[:half], signature[half:]))
        key.verify(as_der(r, s), text, ecdsa)

    return verify


def _eddsa(key: t.Any) -> Callable[[bytes, bytes], None]:
    return lambda text, signature: key.verify(signature, text)


_VERIFIERS = {"RS256": _rsa, "ES256": _ecdsa, "EdDSA": _eddsa}
