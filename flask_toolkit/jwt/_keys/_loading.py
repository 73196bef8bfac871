"""Load keys: secrets, PEM texts and JWKs, read once and checked."""

from __future__ import annotations

import functools
import hashlib
import json
import secrets
import typing as t
from collections.abc import Mapping

from flask_toolkit.jwt._errors import TokenInvalidError
from flask_toolkit.jwt._jws import decode_member
from flask_toolkit.jwt._jws import encode
from flask_toolkit.jwt._jws import read_object

from ._material import algorithm_of
from ._material import ALGORITHMS
from ._material import KINDS
from ._material import Material
from ._material import MAX_KID
from ._material import MIN_RSA
from ._material import new_pair
from ._material import require_crypto
from ._material import SIZES
from ._material import USES
from ._secrets import from_secret

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from jwt.algorithms import Algorithm

_CURVES = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
_NAMED_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_REQUIRED = {"RSA": ("e", "n"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_BINARY = ("d", "dp", "dq", "e", "n", "oth", "p", "q", "qi", "x", "y")


def load(
    source: str | bytes | Mapping[str, t.Any], alg: str | None, kid: str | None
) -> Material:
    """Load a secret, a PEM text or a JWK.

    :raises ValueError: If it cannot be read, is weak, or does not fit ``alg``.
    :raises MissingExtraError: If it needs ``cryptography``.
    """
    if alg is not None and alg not in ALGORITHMS:
        raise ValueError(f"{alg!r} is none of {', '.join(ALGORITHMS)}")

    if kid is not None and not 0 < len(kid) <= MAX_KID:
        raise ValueError(f"a kid must have 1 to {MAX_KID} characters")

    if isinstance(source, Mapping):
        return _from_jwk(source, alg, kid)

    data = source.encode() if isinstance(source, str) else bytes(source)

    if b"-----BEGIN" in data:
        return _from_object(_read_pem(data), alg, kid)

    jwk = _json_object(data)
    return from_secret(data, alg, kid) if jwk is None else _from_jwk(jwk, alg, kid)


def generate(alg: str) -> Material:
    """Make a new random key.

    :raises ValueError: If ``alg`` is not one of ours.
    """
    if alg in SIZES:
        return load(secrets.token_bytes(SIZES[alg]), alg, None)

    if alg not in KINDS:
        raise ValueError(f"{alg!r} is none of {', '.join(ALGORITHMS)}")

    return _from_object(new_pair(KINDS[alg]), alg, None)


def _from_object(key: t.Any, alg: str | None, kid: str | None) -> Material:
    kind = _kind(key)

    if kind is None:
        raise ValueError("only RSA, P-256, P-384, P-521 and Ed25519 keys are supported")

    if kind == "RSA" and key.key_size < MIN_RSA:
        raise ValueError(
            f"the RSA key has {key.key_size} bits; it needs at least {MIN_RSA}"
            " (RFC 7518 section 3.3)"
        )

    alg = alg or USES[kind][0]

    if alg not in USES[kind]:
        raise ValueError(f"{alg} does not fit a key of kind {kind}")

    is_private = hasattr(key, "public_key")
    public = key.public_key() if is_private else key
    algorithm = algorithm_of(alg)
    jwk = algorithm.to_jwk(public, as_dict=True)
    members = {name: jwk[name] for name in ("kty", *_REQUIRED[jwk["kty"]])}

    def sign(data: bytes) -> bytes:
        return algorithm.sign(data, key)

    def verify(data: bytes, signature: bytes) -> bool:
        return algorithm.verify(data, public, signature)

    return Material(
        sign,
        verify,
        members,
        kid=kid or _thumbprint(members),
        alg=alg,
        can_sign=is_private,
    )


def _thumbprint(members: Mapping[str, str]) -> str:
    """Return the SHA-256 thumbprint of a JWK (RFC 7638 section 3)."""
    text = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return encode(hashlib.sha256(text.encode()).digest())


def _kind(key: t.Any) -> str | None:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric import ed25519
    from cryptography.hazmat.primitives.asymmetric import rsa

    if isinstance(key, (rsa.RSAPrivateKey, rsa.RSAPublicKey)):
        return "RSA"

    if isinstance(key, (ec.EllipticCurvePrivateKey, ec.EllipticCurvePublicKey)):
        return _NAMED_CURVES.get(key.curve.name)

    if isinstance(key, (ed25519.Ed25519PrivateKey, ed25519.Ed25519PublicKey)):
        return "Ed25519"

    return None


def _read_pem(data: bytes) -> t.Any:
    require_crypto()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    if b"PRIVATE KEY" not in data:
        read: Callable[[bytes], t.Any] = serialization.load_pem_public_key
    else:
        read = functools.partial(serialization.load_pem_private_key, password=None)

    try:
        return read(data)
    except TypeError:
        problem = "the PEM key is encrypted; store it decrypted, readable by the app"
    except (ValueError, UnsupportedAlgorithm):
        problem = "this PEM text is no private or public key that can be read"

    # Not chained: what cryptography says may quote the key.
    raise ValueError(problem)


def _json_object(data: bytes) -> dict[str, t.Any] | None:
    try:
        return read_object(data)
    except TokenInvalidError:
        return None


def _from_jwk(jwk: Mapping[str, t.Any], alg: str | None, kid: str | None) -> Material:
    if "keys" in jwk and "kty" not in jwk:
        raise ValueError("this is a JWK Set; give one of its keys, or set KEY_FILE")

    alg = _alg_of(jwk, alg)
    kid = _kid_of(jwk, kid)
    kty = jwk.get("kty")

    if kty == "oct":
        return from_secret(_member(jwk, "k"), alg, kid)

    prototype = {"RSA": "RS256", "OKP": "EdDSA"}.get(str(kty))

    if kty == "EC":
        prototype = _CURVES.get(str(jwk.get("crv")))

    if prototype is None:
        raise ValueError("the JWK has a kty or crv that is not supported")

    algorithm = algorithm_of(prototype)
    members = {name: jwk[name] for name in _BINARY if name in jwk}

    for name in members:
        _member(jwk, name)

    return _from_object(_read_jwk(algorithm, jwk, members), alg, kid)


def _read_jwk(
    algorithm: Algorithm, jwk: Mapping[str, t.Any], members: dict[str, t.Any]
) -> t.Any:
    from jwt.exceptions import PyJWTError

    named = {name: jwk[name] for name in ("kty", "crv") if name in jwk}

    try:
        return algorithm.from_jwk(named | members)
    except (PyJWTError, ValueError, TypeError):
        pass

    raise ValueError("the JWK is not a valid key")


def _member(jwk: Mapping[str, t.Any], name: str) -> bytes:
    try:
        return decode_member(jwk.get(name))
    except ValueError:
        pass

    raise ValueError(f"the member {name!r} of the JWK is missing or no base64url")


def _alg_of(jwk: Mapping[str, t.Any], alg: str | None) -> str | None:
    """Return the algorithm, after what the JWK says about its use."""
    own = jwk.get("alg")
    operations = jwk.get("key_ops", ["verify"])

    if jwk.get("use", "sig") != "sig":
        raise ValueError("the JWK is not for signatures: its use is not 'sig'")

    if not isinstance(operations, list) or "verify" not in operations:
        raise ValueError("the key_ops of the JWK lack 'verify'")

    if own is None:
        return alg

    if own not in ALGORITHMS or (alg is not None and alg != own):
        raise ValueError("the alg of the JWK is not supported or another one")

    return str(own)


def _kid_of(jwk: Mapping[str, t.Any], kid: str | None) -> str | None:
    own = jwk.get("kid")

    if kid is not None or own is None:
        return kid

    if not isinstance(own, str) or not 0 < len(own) <= MAX_KID:
        raise ValueError(f"the kid of the JWK must have 1 to {MAX_KID} characters")

    return own
