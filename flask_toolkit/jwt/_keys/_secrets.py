"""Secrets: HMAC keys, and what must not be taken for one."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode

from flask_toolkit.jwt._jws import encode

from ._material import algorithm_of
from ._material import Material
from ._material import SIZES

_DIGESTS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
# Object identifiers of RSA, EC and Ed25519 keys in DER (RFC 8410, 5480).
_KEY_IDS = (
    bytes.fromhex("06092a864886f70d010101"),
    bytes.fromhex("06072a8648ce3d0201"),
    bytes.fromhex("06032b6570"),
)
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2})+")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]+={0,2}")
_MIN_DISTINCT = 8


def from_secret(secret: bytes, alg: str | None, kid: str | None) -> Material:
    """Take a secret as an HMAC key.

    :raises ValueError: If it is weak, known to everybody, or not for ``alg``.
    """
    alg = alg or "HS256"
    size = SIZES.get(alg)

    if size is None:
        raise ValueError(f"{alg} needs a key pair; this is neither PEM nor a JWK")

    if len(secret) < size:
        raise ValueError(
            f"the secret has {len(secret)} bytes; {alg} needs at least {size}"
            " (RFC 7518 section 3.2)"
        )

    if len(set(secret)) < _MIN_DISTINCT:
        raise ValueError(f"the secret has fewer than {_MIN_DISTINCT} different bytes")

    _refuse_public_key(secret)
    # HMAC (RFC 2104) with both hashes keyed once: a third of the time.
    block = hashlib.new(_DIGESTS[alg]).block_size
    short = (
        hashlib.new(_DIGESTS[alg], secret).digest() if len(secret) > block else secret
    )
    padded = short.ljust(block, b"\0")
    keyed_inner = hashlib.new(_DIGESTS[alg], bytes(byte ^ 0x36 for byte in padded))
    keyed_outer = hashlib.new(_DIGESTS[alg], bytes(byte ^ 0x5C for byte in padded))

    def sign(data: bytes) -> bytes:
        inner, outer = keyed_inner.copy(), keyed_outer.copy()
        inner.update(data)
        outer.update(inner.digest())
        return outer.digest()

    def verify(data: bytes, signature: bytes) -> bool:
        return hmac.compare_digest(sign(data), signature)

    # No thumbprint, which for a secret would be a hash of it.
    kid = kid or encode(sign(b"kid"))[:8]
    return Material(sign, verify, None, kid=kid, alg=alg, can_sign=True)


def _refuse_public_key(secret: bytes) -> None:
    """Refuse what is known to everybody: a public key as a secret is forgeable.

    Some consoles print a key as the base64 or hex of its DER form, without PEM's
    lines, or lose a dash of them.
    """
    from jwt.exceptions import InvalidKeyError

    compact = b"".join(secret.split())
    forms = [secret]

    if _BASE64.fullmatch(compact):
        standard = compact.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))

        # One character more than a multiple of four is no base64.
        if len(standard) % 4 != 1:
            forms.append(b64decode(standard + b"=" * (-len(standard) % 4)))

    if _HEX.fullmatch(compact):
        forms.append(bytes.fromhex(compact.decode()))

    for form in forms:
        is_der = b"-BEGIN " in form or (
            form.startswith(b"0") and any(known in form for known in _KEY_IDS)
        )

        try:
            algorithm_of("HS256").prepare_key(form)
        except InvalidKeyError:
            is_der = True

        if is_der:
            raise ValueError(
                "the secret is a key or certificate in another form; whoever knows"
                " the public key could sign. Give it as PEM or JWK"
            )
