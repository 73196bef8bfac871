"""What keys are made of: secrets, PEM and JWK, read once and checked.

PyJWT is imported here alone, at the first key: an application without tokens
does not pay for it. It loads keys, signs and verifies; what a token says is read
by :mod:`._jws`.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
import re
import secrets
import typing as t
from base64 import b64decode
from collections.abc import Callable
from collections.abc import Mapping

from flask_toolkit.errors import MissingExtraError

from ._errors import TokenInvalidError
from ._jws import decode_member
from ._jws import encode
from ._jws import read_object

if t.TYPE_CHECKING:
    from jwt.algorithms import Algorithm

_DIGESTS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
_SIZES = {"HS256": 32, "HS384": 48, "HS512": 64}
_CURVES = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
_NAMED_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
# What a kind of key may do; the first is the default (RFC 7518, 8037, 9864).
_USES = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
    "Ed25519": ("EdDSA", "Ed25519"),
}
_KINDS = {alg: kind for kind, algs in _USES.items() for alg in algs}
_REQUIRED = {"RSA": ("e", "n"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_BINARY = ("d", "dp", "dq", "e", "n", "oth", "p", "q", "qi", "x", "y")
# Object identifiers of RSA, EC and Ed25519 keys in DER (RFC 8410, 5480).
_KEY_IDS = (
    bytes.fromhex("06092a864886f70d010101"),
    bytes.fromhex("06072a8648ce3d0201"),
    bytes.fromhex("06032b6570"),
)
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2})+")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]+={0,2}")
_MIN_RSA = 2048
_MIN_DISTINCT = 8
_MAX_KID = 128

SECRET_ALGORITHMS: t.Final = frozenset(_DIGESTS)
ALGORITHMS: t.Final = (*_DIGESTS, *_KINDS)
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


def load(
    source: str | bytes | Mapping[str, t.Any], alg: str | None, kid: str | None
) -> Material:
    """Load a secret, a PEM text or a JWK.

    :raises ValueError: If it cannot be read, is weak, or does not fit ``alg``.
    :raises MissingExtraError: If it needs ``cryptography``.
    """
    if alg is not None and alg not in ALGORITHMS:
        raise ValueError(f"{alg!r} is none of {', '.join(ALGORITHMS)}")

    if kid is not None and not 0 < len(kid) <= _MAX_KID:
        raise ValueError(f"a kid must have 1 to {_MAX_KID} characters")

    if isinstance(source, Mapping):
        return _from_jwk(source, alg, kid)

    data = source.encode() if isinstance(source, str) else bytes(source)

    if b"-----BEGIN" in data:
        return _from_object(_read_pem(data), alg, kid)

    jwk = _json_object(data)
    return _from_secret(data, alg, kid) if jwk is None else _from_jwk(jwk, alg, kid)


def generate(alg: str) -> Material:
    """Make a new random key.

    :raises ValueError: If ``alg`` is not one of ours.
    """
    if alg in _SIZES:
        return load(secrets.token_bytes(_SIZES[alg]), alg, None)

    if alg not in _KINDS:
        raise ValueError(f"{alg!r} is none of {', '.join(ALGORITHMS)}")

    return _from_object(_generated(_KINDS[alg]), alg, None)


@functools.cache
def _algorithms() -> dict[str, Algorithm]:
    from jwt.algorithms import get_default_algorithms

    return get_default_algorithms()


def _algorithm(alg: str) -> Algorithm:
    # PyJWT knows Ed25519 by its older name only (RFC 9864).
    found = _algorithms().get("EdDSA" if alg == "Ed25519" else alg)

    if found is None:
        raise MissingExtraError("crypto")

    return found


def _from_secret(secret: bytes, alg: str | None, kid: str | None) -> Material:
    alg = alg or "HS256"
    size = _SIZES.get(alg)

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
        forms.append(b64decode(standard + b"=" * (-len(standard) % 4) or b""))

    if _HEX.fullmatch(compact):
        forms.append(bytes.fromhex(compact.decode()))

    for form in forms:
        is_der = b"-BEGIN " in form or (
            form.startswith(b"0") and any(known in form for known in _KEY_IDS)
        )

        try:
            _algorithm("HS256").prepare_key(form)
        except InvalidKeyError:
            is_der = True

        if is_der:
            raise ValueError(
                "the secret is a key or certificate in another form; whoever knows"
                " the public key could sign. Give it as PEM or JWK"
            )


def _from_object(key: t.Any, alg: str | None, kid: str | None) -> Material:
    kind = _kind(key)

    if kind is None:
        raise ValueError("only RSA, P-256, P-384, P-521 and Ed25519 keys are supported")

    if kind == "RSA" and key.key_size < _MIN_RSA:
        raise ValueError(
            f"the RSA key has {key.key_size} bits; it needs at least {_MIN_RSA}"
            " (RFC 7518 section 3.3)"
        )

    alg = alg or _USES[kind][0]

    if alg not in _USES[kind]:
        raise ValueError(f"{alg} does not fit a key of kind {kind}")

    is_private = hasattr(key, "public_key")
    public = key.public_key() if is_private else key
    algorithm = _algorithm(alg)
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


def _generated(kind: str) -> t.Any:
    _algorithm("EdDSA")  # says what to install
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric import ed25519
    from cryptography.hazmat.primitives.asymmetric import rsa

    if kind == "RSA":
        return rsa.generate_private_key(65537, _MIN_RSA)

    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()

    curves: dict[str, Callable[[], ec.EllipticCurve]]
    curves = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
    return ec.generate_private_key(curves[kind]())


def _read_pem(data: bytes) -> t.Any:
    _algorithm("EdDSA")  # says what to install
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
    alg = _alg_of(jwk, alg)
    kid = _kid_of(jwk, kid)
    kty = jwk.get("kty")

    if kty == "oct":
        return _from_secret(_member(jwk, "k"), alg, kid)

    prototype = {"RSA": "RS256", "OKP": "EdDSA"}.get(str(kty))

    if kty == "EC":
        prototype = _CURVES.get(str(jwk.get("crv")))

    if prototype is None:
        raise ValueError("the JWK has a kty or crv that is not supported")

    algorithm = _algorithm(prototype)
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

    if not isinstance(own, str) or not 0 < len(own) <= _MAX_KID:
        raise ValueError(f"the kid of the JWK must have 1 to {_MAX_KID} characters")

    return own
