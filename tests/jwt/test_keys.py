"""Keys: one algorithm each, weak and misplaced ones refused."""

import base64
import functools
import hmac
import json
import pickle
import secrets
import typing as t
from collections.abc import Mapping

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import ed448
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from flask_toolkit.errors import MissingExtraError
from flask_toolkit.errors import SetupError
from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet
from flask_toolkit.jwt import TokenInvalidError
from flask_toolkit.jwt._keys import _material

SECRET = bytes(range(64))
RSA = rsa.generate_private_key(65537, 2048)
EC = {
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
}
ED = ed25519.Ed25519PrivateKey.generate()
PAIRS: dict[str, t.Any] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), RSA),
    **EC,
    "EdDSA": ED,
}
ALL = ["HS256", "HS384", "HS512", *PAIRS]


def _pem(key: t.Any, password: bytes | None = None) -> bytes:
    encryption: t.Any = serialization.NoEncryption()

    if password is not None:
        encryption = serialization.BestAvailableEncryption(password)

    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )
    return pem


def _public(key: t.Any, encoding: str = "PEM") -> bytes:
    data: bytes = key.public_key().public_bytes(
        getattr(serialization.Encoding, encoding),
        serialization.PublicFormat.SubjectPublicKeyInfo,
    )
    return data


def _private_jwk(alg: str) -> dict[str, t.Any]:
    algorithm = pyjwt.get_algorithm_by_name(alg)
    jwk = algorithm.to_jwk(PAIRS[alg], as_dict=True)
    jwk.pop("key_ops", None)
    return jwk


def _source(alg: str) -> bytes:
    return SECRET if alg.startswith("HS") else _pem(PAIRS[alg])


JWK_PAIR = _private_jwk("ES256")


@pytest.mark.parametrize("alg", ALL)
def test_each_algorithm_signs_and_verifies(alg: str) -> None:
    """What we sign verifies here and in PyJWT, and not when changed."""
    keys = KeySet(Key.load(_source(alg), alg=alg))
    token = keys.sign({"sub": "7"}, typ="at+jwt")
    _, claims = keys.verify(token)
    other = SECRET if alg.startswith("HS") else PAIRS[alg].public_key()

    assert claims == {"sub": "7"}
    assert pyjwt.decode(token, other, algorithms=[alg]) == {"sub": "7"}
    head, payload, signature = token.split(".")
    with pytest.raises(TokenInvalidError):
        keys.verify(f"{head}.{payload}.{signature[4:]}")


@pytest.mark.parametrize("alg", ALL)
def test_generated_keys_work(alg: str) -> None:
    """A new key each time, good for its algorithm."""
    first, second = Key.generate(alg), Key.generate(alg)

    assert (first.alg, first.can_sign) == (alg, True)
    assert first.kid != second.kid
    assert first.verify(b"data", first.sign(b"data"))
    assert not second.verify(b"data", first.sign(b"data"))


@pytest.mark.parametrize("alg", ["none", "HS1", "ES256K", "ES521", "Ed448", "hs256"])
def test_other_algorithms_do_not_exist(alg: str) -> None:
    """Neither ``none`` nor PyJWT's alias nor another spelling."""
    with pytest.raises(ValueError, match="is none of HS256"):
        Key.load(SECRET, alg=alg)
    with pytest.raises(ValueError, match="is none of HS256"):
        Key.generate(alg)


@pytest.mark.parametrize(
    ("source", "alg"),
    [
        pytest.param(SECRET, "HS256", id="secret"),
        pytest.param(_pem(RSA), "RS256", id="rsa"),
        pytest.param(_public(RSA), "RS256", id="rsa-public"),
        pytest.param(_pem(EC["ES256"]), "ES256", id="p256"),
        pytest.param(_public(EC["ES384"]).decode(), "ES384", id="p384-text"),
        pytest.param(_pem(EC["ES512"]), "ES512", id="p521"),
        pytest.param(_pem(ED), "EdDSA", id="ed25519"),
        pytest.param(_private_jwk("ES256"), "ES256", id="jwk"),
        pytest.param(json.dumps(_private_jwk("EdDSA")), "EdDSA", id="jwk-text"),
        pytest.param(_private_jwk("RS256"), "RS256", id="rsa-jwk"),
        pytest.param({**_private_jwk("RS256"), "alg": "PS512"}, "PS512", id="own-alg"),
    ],
)
def test_the_key_decides_the_algorithm(source: t.Any, alg: str) -> None:
    """Without ``alg`` the kind of key does."""
    assert Key.load(source).alg == alg


def test_ed25519_has_its_new_name_only_on_request() -> None:
    """RFC 9864: a key that was loaded with that name takes only it."""
    new, old = Key.load(_pem(ED), alg="Ed25519"), Key.load(_pem(ED))
    token = KeySet(new).sign({}, typ="t")

    assert KeySet(new).verify(token)[0]["alg"] == "Ed25519"
    with pytest.raises(TokenInvalidError):
        KeySet(old).verify(token)


@pytest.mark.parametrize(
    ("source", "alg", "message"),
    [
        pytest.param(
            b"short", None, "has 5 bytes; HS256 needs at least 32", id="hs256"
        ),
        pytest.param(SECRET[:47], "HS384", "needs at least 48", id="hs384"),
        pytest.param(SECRET[:63], "HS512", "needs at least 64", id="hs512"),
        pytest.param("ab" * 32, None, "fewer than 8 different bytes", id="monotonous"),
        pytest.param(SECRET, "RS256", "RS256 needs a key pair", id="secret-for-rsa"),
        pytest.param(
            _pem(rsa.generate_private_key(65537, 1024)),  # refused
            None,
            "has 1024 bits; it needs at least 2048",
            id="rsa-1024",
        ),
        pytest.param(_pem(RSA), "ES256", "ES256 does not fit", id="rsa-for-ec"),
        pytest.param(_pem(RSA), "HS256", "HS256 does not fit", id="pem-for-hmac"),
        pytest.param(_pem(EC["ES256"]), "ES384", "ES384 does not fit", id="curve"),
        pytest.param(
            _pem(ec.generate_private_key(ec.SECP256K1())), None, "only RSA", id="k1"
        ),
        pytest.param(_pem(ed448.Ed448PrivateKey.generate()), None, "only", id="ed448"),
        pytest.param(_pem(dsa.generate_private_key(2048)), None, "only", id="dsa"),
        pytest.param(_pem(RSA, b"password"), None, "is encrypted", id="encrypted"),
        pytest.param("-----BEGIN PUBLIC KEY-----", None, "no private or", id="no-pem"),
        pytest.param(
            b"-----BEGIN CERTIFICATE-----\nAA==\n", None, "no private or", id="cert"
        ),
    ],
)
def test_weak_and_misplaced_keys_are_refused(
    source: bytes | str, alg: str | None, message: str
) -> None:
    """RFC 7518 sections 3.2 and 3.3: at start, with the reason."""
    with pytest.raises(ValueError, match=message):
        Key.load(source, alg=alg)


DER = _public(RSA, "DER")


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(DER, id="der"),
        pytest.param(base64.b64encode(DER), id="base64-of-der"),
        pytest.param(base64.encodebytes(DER), id="base64-in-lines"),
        pytest.param(base64.urlsafe_b64encode(DER).rstrip(b"="), id="base64url-of-der"),
        pytest.param(DER.hex().encode(), id="hex-of-der"),
        pytest.param(b"-" + _public(RSA, "PEM").lstrip(b"-"), id="pem-without-dashes"),
        pytest.param(base64.b64encode(_public(ED, "DER")), id="base64-of-ed25519"),
        pytest.param(base64.b64encode(_public(EC["ES256"], "DER")), id="base64-of-ec"),
        pytest.param(base64.b64encode(_public(RSA)), id="base64-of-pem"),
        pytest.param(
            RSA.public_key().public_bytes(
                serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
            ),
            id="ssh",
        ),
        pytest.param(json.dumps({"keys": [_private_jwk("ES256")]}), id="jwks"),
        pytest.param(json.dumps([_private_jwk("ES256")]), id="array"),
        pytest.param(json.dumps(_private_jwk("ES256")).encode("utf-16"), id="utf-16"),
    ],
)
def test_a_public_key_is_no_secret(secret: bytes | str) -> None:
    """Who knows it could sign (PyJWT's GHSA-r6x4 and its relatives)."""
    with pytest.raises(ValueError, match=r"kty or crv|in another form|a JWK Set"):
        Key.load(secret)


def test_der_is_found_without_cryptography(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyJWT cannot try to load it, its object identifiers tell."""
    monkeypatch.setattr("jwt.algorithms.has_crypto", False)

    with pytest.raises(ValueError, match="in another form"):
        Key.load(base64.b64encode(DER))


@given(
    st.binary(max_size=99), st.sampled_from([32, 48, 63, 64, 65, 127, 128, 129, 300])
)
def test_our_hmac_is_that_of_the_standard_library(data: bytes, size: int) -> None:
    """The hashes are keyed once, for secrets shorter and longer than a block."""
    secret = bytes(number % 251 for number in range(size))

    for alg, digest in (("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")):
        if size >= int(alg[2:]) // 8:
            key = Key.load(secret, alg=alg)
            assert key.sign(data) == hmac.digest(secret, data, digest)
            assert key.verify(data, hmac.digest(secret, data, digest))


def test_random_secrets_are_taken() -> None:
    """Text, bytes, base64 and hexadecimal digits alike."""
    for secret in (
        secrets.token_bytes(32),
        secrets.token_urlsafe(32),
        base64.b64encode(secrets.token_bytes(33)),
        secrets.token_hex(32),
        "{this is a long passphrase in braces, no JSON}",
        b"a secret which 4 base64 characters would not fill exactly",
        "letters-and-digits-that-are-no-base64-01234567890",
    ):
        assert Key.load(secret).can_sign


JWK: dict[str, t.Any] = {
    "kty": "oct",
    "k": base64.urlsafe_b64encode(SECRET[:33]).decode(),
}


@pytest.mark.parametrize(
    ("jwk", "message"),
    [
        pytest.param({}, "kty or crv", id="empty"),
        pytest.param({"kty": "EC", "crv": "secp256k1"}, "kty or crv", id="curve"),
        pytest.param({"kty": ["RSA"]}, "kty or crv", id="kty-list"),
        pytest.param({"kty": "oct"}, "member 'k' of the JWK is missing", id="no-k"),
        pytest.param({**JWK, "k": 7}, "member 'k'", id="k-number"),
        pytest.param({**JWK, "k": "YQ=="}, "member 'k'", id="k-padded"),
        pytest.param({**JWK, "use": "enc"}, "its use is not 'sig'", id="use"),
        pytest.param({**JWK, "key_ops": ["sign"]}, "lack 'verify'", id="key-ops"),
        pytest.param({**JWK, "key_ops": "verify"}, "lack 'verify'", id="key-ops-text"),
        pytest.param({**JWK, "alg": "none"}, "alg of the JWK", id="alg-none"),
        pytest.param({**JWK, "alg": ["HS256"]}, "alg of the JWK", id="alg-list"),
        pytest.param({**JWK, "kid": 7}, "kid of the JWK", id="kid-number"),
        pytest.param({**JWK, "kid": "k" * 129}, "kid of the JWK", id="kid-long"),
        pytest.param({"kty": "RSA", "n": "AQAB"}, "not a valid key", id="rsa-half"),
        pytest.param({"kty": "RSA", "n": 7, "e": "AQAB"}, "member 'n'", id="n-number"),
        pytest.param(
            {"kty": "EC", "crv": "P-256", "x": "AQAB", "y": "AQAB"},
            "not a valid key",
            id="not-on-curve",
        ),
        pytest.param(
            {"kty": "OKP", "crv": "Ed448", "x": "AQAB"}, "not a valid key", id="ed448"
        ),
        pytest.param(
            {**_private_jwk("EdDSA"), "x": "A" * 43},
            "not a valid key",
            id="x-is-not-of-d",
        ),
    ],
)
def test_bad_jwks_are_refused(jwk: Mapping[str, t.Any], message: str) -> None:
    """With a ValueError that says which member, whatever PyJWT raises."""
    with pytest.raises(ValueError, match=message):
        Key.load(jwk)


def test_a_set_is_not_a_key() -> None:
    """The message says where a set belongs; a member of that name does not matter."""
    with pytest.raises(ValueError, match="this is a JWK Set; give one of its keys"):
        Key.load({"keys": [JWK]})

    assert Key.load({**JWK, "keys": []}).alg == "HS256"


def test_a_jwk_and_a_parameter_must_agree() -> None:
    """Two algorithms for one key are one too many."""
    with pytest.raises(ValueError, match="another one"):
        Key.load({**JWK, "alg": "HS256"}, alg="HS384")


def test_unknown_members_of_a_jwk_are_ignored() -> None:
    """RFC 7517 section 4; so are members of another kind of key."""
    jwk = {
        **JWK,
        "key_ops": ["sign", "verify"],
        "use": "sig",
        "x5u": "http://x",
        "n": 7,
    }

    assert Key.load(jwk, kid="mine").kid == "mine"
    assert Key.load({**jwk, "kid": "own"}).kid == "own"


@pytest.mark.parametrize("kid", ["", "k" * 129])
def test_a_kid_has_a_sane_length(kid: str) -> None:
    """Verifiers refuse others before they look for them."""
    with pytest.raises(ValueError, match="a kid must have"):
        Key.load(SECRET, kid=kid)


def test_the_kid_of_a_secret_tells_nothing_of_it() -> None:
    """It is stable, short and no hash of the secret."""
    kid = Key.load(SECRET).kid

    assert len(kid) == 8
    assert kid == Key.load(SECRET).kid != Key.load(SECRET, alg="HS512").kid


@pytest.mark.parametrize("alg", ["HS256", "RS256", "ES256", "EdDSA"])
def test_no_key_in_a_repr(alg: str) -> None:
    """Kid and algorithm are all that is shown; it cannot be pickled either."""
    key = Key.load(_source(alg), kid="shown")

    assert repr(key) == f"<Key 'shown' {alg}>"
    assert repr(KeySet(key)) == f"<KeySet of <Key 'shown' {alg}>>"
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps(key)


def test_keys_do_not_change() -> None:
    """Neither made by hand nor altered."""
    with pytest.raises(TypeError, match=r"Key\.load"):
        Key()
    with pytest.raises(AttributeError, match="does not change"):
        Key.load(SECRET).alg = "none"


def test_a_private_pem_verifies_with_its_public_half() -> None:
    """The AttributeError of PyJWT does not happen."""
    private, public = Key.load(_pem(RSA)), Key.load(_public(RSA))

    assert private.kid == public.kid
    assert private.verify(b"data", private.sign(b"data"))
    assert public.verify(b"data", private.sign(b"data"))
    assert not public.can_sign
    with pytest.raises(SetupError, match="only verifies"):
        public.sign(b"data")


def test_public_jwks_hold_no_private_member() -> None:
    """RFC 7517 section 8.5.1; a secret has no public part at all."""
    secret = Key.load(SECRET)
    keys = KeySet(Key.load(_pem(RSA)), Key.load(_pem(EC["ES256"])), secret)
    published = keys.jwks()["keys"]

    assert [jwk["kty"] for jwk in published] == ["RSA", "EC"]
    for jwk, key in zip(published, keys, strict=False):
        assert {"kty", "kid", "alg", "use"} <= set(jwk)
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(jwk)
        assert Key.load(jwk).kid == key.kid
    with pytest.raises(TypeError, match="must not be published"):
        secret.public_jwk()


def test_the_first_that_can_sign_signs() -> None:
    """The others verify, and so does what was stripped of signing."""
    public = Key.load(_public(RSA))
    old = Key.load(SECRET, kid="old")
    new = Key.load(SECRET, kid="new")
    token = KeySet(old).sign({}, typ="t")
    keys = KeySet(public, old.only_verifying(), new)

    assert keys.verify(keys.sign({}, typ="t"))[0]["kid"] == "new"
    assert keys.verify(token)[0]["kid"] == "old"
    assert [key.can_sign for key in keys] == [False, False, True]
    with pytest.raises(SetupError, match="only verifies"):
        KeySet(public).sign({}, typ="t")


def test_sets_without_keys_or_with_twins_are_refused() -> None:
    """A kid names one key."""
    with pytest.raises(ValueError, match="at least one key"):
        KeySet()
    with pytest.raises(ValueError, match="same kid"):
        KeySet(Key.load(SECRET, kid="k"), Key.load(SECRET[1:], kid="k"))


def test_without_kid_only_a_single_key_is_tried() -> None:
    """With several no guess is made."""
    alone = Key.load(SECRET, kid="a")
    token = pyjwt.encode({"sub": "7"}, SECRET, "HS256")

    assert KeySet(alone).verify(token)[1] == {"sub": "7"}
    with pytest.raises(TokenInvalidError) as info:
        KeySet(alone, Key.load(SECRET, kid="b")).verify(token)
    assert info.value.reason == "kid"


@pytest.mark.parametrize(
    ("alg", "reason"),
    [
        pytest.param("none", "alg", id="none"),
        pytest.param("None", "alg", id="none-case"),
        pytest.param("hs256", "alg", id="case"),
        pytest.param("HS384", "alg", id="sibling"),
        pytest.param("RS256", "alg", id="family"),
    ],
)
def test_the_header_must_name_the_algorithm_of_the_key(alg: str, reason: str) -> None:
    """RFC 8725 sections 3.1 and 3.2, whatever was signed."""
    key = Key.load(SECRET, kid="k")
    head = base64.urlsafe_b64encode(json.dumps({"alg": alg, "kid": "k"}).encode())
    signed = head.rstrip(b"=") + b".e30"
    token = (
        signed + b"." + base64.urlsafe_b64encode(key.sign(signed)).rstrip(b"=")
    ).decode()

    with pytest.raises(TokenInvalidError) as info:
        KeySet(key).verify(token)
    assert info.value.reason == reason


def test_an_rsa_key_is_not_taken_as_a_secret() -> None:
    """CVE-2022-29217: HMAC with the public PEM does not pass."""
    key = Key.load(_public(RSA))
    head = base64.urlsafe_b64encode(
        json.dumps({"alg": "HS256", "kid": key.kid}).encode()
    ).rstrip(b"=")
    signed = head + b".e30"
    mac = hmac.digest(_public(RSA), signed, "sha256")
    token = (signed + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()

    with pytest.raises(TokenInvalidError):
        KeySet(key).verify(token)


def test_what_cannot_be_signed_is_a_type_error() -> None:
    """Claims are JSON."""
    with pytest.raises(TypeError):
        KeySet(Key.load(SECRET)).sign({"x": object()}, typ="t")


def test_without_cryptography_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Secrets still work; a key pair says what to install."""
    monkeypatch.setattr("jwt.algorithms.has_crypto", False)
    _material._algorithms.cache_clear()

    try:
        assert Key.load(SECRET).can_sign
        for make in (
            functools.partial(Key.load, _pem(RSA)),
            functools.partial(Key.load, JWK_PAIR),
            functools.partial(Key.generate, "EdDSA"),
        ):
            with pytest.raises(MissingExtraError, match="crypto"):
                make()
    finally:
        _material._algorithms.cache_clear()
