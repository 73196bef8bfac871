"""The compact form: one way to write a token, all else is refused."""

import json
import typing as t
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet
from flask_toolkit.jwt import TokenInvalidError
from flask_toolkit.jwt._jws import decode
from flask_toolkit.jwt._jws import decode_member
from flask_toolkit.jwt._jws import encode
from flask_toolkit.jwt._jws import Header
from flask_toolkit.jwt._jws import normal_typ
from flask_toolkit.jwt._jws import parse
from flask_toolkit.jwt._jws import read_object
from flask_toolkit.jwt._jws import remember
from flask_toolkit.jwt._jws import write_object

KEYS = KeySet(Key.load(bytes(range(32)), kid="k"))
GOOD = KEYS.sign({"sub": "7"}, typ="at+jwt")


def _parse(token: object, max_size: int = 8192) -> t.Any:
    return parse(token, max_size, {})


def _b64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _with_header(data: bytes) -> str:
    return ".".join([_b64(data), *GOOD.split(".")[1:]])


def test_a_token_is_split_and_read() -> None:
    """Header, claims and what was signed come apart."""
    parsed = _parse(GOOD)

    assert dict(parsed.header.members) == {"alg": "HS256", "typ": "at+jwt", "kid": "k"}
    assert parsed.claims == {"sub": "7"}
    assert parsed.signed == GOOD.rpartition(".")[0].encode()
    assert len(parsed.signature) == 32


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        pytest.param(7, "malformed", id="number"),
        pytest.param(GOOD.encode(), "malformed", id="bytes"),
        pytest.param("", "malformed", id="empty"),
        pytest.param("a.b", "malformed", id="two-segments"),
        pytest.param(f"{GOOD}.a.b", "malformed", id="five-segments-jwe"),
        pytest.param(GOOD.rpartition(".")[0] + ".", "malformed", id="unsigned"),
        pytest.param(GOOD + "=", "malformed", id="padding"),
        pytest.param(GOOD + "\n", "malformed", id="newline"),
        pytest.param(" " + GOOD, "malformed", id="space"),
        pytest.param(GOOD.replace(".", ".\ud800", 1), "malformed", id="surrogate"),
        pytest.param(GOOD.replace(".", ".é", 1), "malformed", id="not-ascii"),
        pytest.param(GOOD.replace(".", ".+", 1), "malformed", id="standard-base64"),
        pytest.param("a" * 9000, "size", id="long"),
        pytest.param("a.b.c", "encoding", id="one-character"),
        pytest.param(GOOD[:-1] + "B", "encoding", id="bits-beyond-the-end"),
        pytest.param(_with_header(b"[]"), "json", id="header-no-object"),
        pytest.param(_with_header(b"\xff\xfe{\x00}\x00"), "json", id="header-utf16"),
        pytest.param(_with_header(b"{}"), "alg", id="no-alg"),
        pytest.param(_with_header(b'{"alg":["HS256"]}'), "alg", id="alg-list"),
        pytest.param(_with_header(b'{"alg":"HS256","kid":1}'), "kid", id="kid-number"),
        pytest.param(_with_header(b'{"alg":"HS256","kid":""}'), "kid", id="kid-empty"),
        pytest.param(
            _with_header(b'{"alg":"HS256","kid":"%s"}' % (b"k" * 129)),
            "kid",
            id="kid-long",
        ),
        pytest.param(
            _with_header(b'{"alg":"HS256","crit":["b64"],"b64":true}'),
            "crit",
            id="crit",
        ),
        pytest.param(_with_header(b'{"alg":"HS256","b64":0}'), "crit", id="b64"),
    ],
)
def test_what_is_no_token_is_refused(token: object, reason: str) -> None:
    """Each with its reason, and never with another exception."""
    with pytest.raises(TokenInvalidError) as info:
        _parse(token)

    assert info.value.reason == reason


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[1]", id="list"),
        pytest.param(b'{"a":1}x', id="rest"),
        pytest.param(b'{"a":1}{"a":1}', id="two"),
        pytest.param(b'{"a":1,"a":2}', id="duplicate"),
        pytest.param(b'{"b":{"a":1,"a":1}}', id="duplicate-inside"),
        pytest.param(b'{"a":NaN}', id="nan"),
        pytest.param(b'{"a":-Infinity}', id="infinity"),
        pytest.param(b'{"a":1e400}', id="overflow"),
        pytest.param(b'{"a":%s}' % (b"9" * 5000), id="endless-integer"),
        pytest.param(b'\xef\xbb\xbf{"a":1}', id="bom"),
        pytest.param('{"a":1}'.encode("utf-16"), id="utf-16"),
        pytest.param('{"a":1}'.encode("utf-32"), id="utf-32"),
        pytest.param(b'{"a":"\xff"}', id="not-utf-8"),
        pytest.param(b'{"a":"\\ud800"}', id="half-a-pair"),
        pytest.param(b'{"a":"\n"}', id="control-character"),
        pytest.param(b'{"a":' + b"[" * 100_000, id="deep"),
    ],
)
def test_json_is_read_strictly(data: bytes) -> None:
    """What other parsers could read in another way is refused."""
    with pytest.raises(TokenInvalidError) as info:
        read_object(data)

    assert info.value.reason == "json"


def test_json_that_has_one_reading_is_taken() -> None:
    """White space, escapes and whole surrogate pairs are fine."""
    assert read_object(b' {"a": "\\ud83d\\ude00", "b": 1.5} \n') == {
        "a": "😀",
        "b": 1.5,
    }


@given(st.binary(min_size=1, max_size=64))
def test_base64url_goes_round(data: bytes) -> None:
    """Each text means one thing, and each thing has one text."""
    assert decode(encode(data).encode()) == data
    assert "=" not in encode(data)


@given(st.text("ABYZabyz0189-_", min_size=1, max_size=9))
def test_no_second_text_for_the_same_bytes(text: str) -> None:
    """What decodes at all encodes to itself: tokens are not malleable."""
    try:
        data = decode(text.encode())
    except TokenInvalidError:
        return

    assert encode(data) == text


@pytest.mark.parametrize("text", [None, 7, "", "YQ==", "Y", "Y Q", "YR"])
def test_members_of_keys_are_read_strictly(text: object) -> None:
    """Padding, other characters and stray bits are refused."""
    with pytest.raises(ValueError, match="not base64url"):
        decode_member(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=9),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=5))
def test_claims_go_round(claims: dict[str, t.Any]) -> None:
    """What is signed is what is read."""
    assert read_object(write_object(claims)) == claims
    _, read = KEYS.verify(KEYS.sign(claims, typ="t"))
    assert read == claims


@pytest.mark.parametrize(
    ("typ", "normal"),
    [
        pytest.param("AT+jwt", "at+jwt", id="case"),
        pytest.param("application/at+jwt", "at+jwt", id="prefix"),
        pytest.param("Application/at+jwt", "at+jwt", id="prefix-case"),
        pytest.param("\u212a", None, id="kelvin-sign"),
        pytest.param(["at+jwt"], None, id="list"),
        pytest.param(None, None, id="none"),
    ],
)
def test_kinds_have_one_spelling(typ: object, normal: str | None) -> None:
    """RFC 7515 section 4.1.9, in ASCII only."""
    assert normal_typ(typ) == normal


def test_a_header_memory_is_filled_after_success_only() -> None:
    """A forged token leaves nothing behind."""
    keys = KeySet(Key.load(bytes(range(32)), kid="k"))
    forged = GOOD[:-3] + "AAA"

    with pytest.raises(TokenInvalidError):
        keys.verify(forged)
    assert keys._known == {}

    keys.verify(GOOD)
    assert list(keys._known) == [GOOD.split(".")[0].encode()]


def test_a_header_memory_is_bounded() -> None:
    """It holds 64 headers, and none with members that could be changed."""
    known: dict[bytes, Header] = {}

    for number in range(70):
        remember(known, _parse(_with_header(b'{"alg":"HS256","n":"%d"}' % number)))
        assert len(known) <= 64

    before = dict(known)
    remember(known, _parse(_with_header(b'{"alg":"HS256","x":[]}')))
    remember(known, _parse(_with_header(b'{"alg":"HS256","n":"69"}')))
    assert known == before


def test_a_remembered_header_cannot_be_changed() -> None:
    """Two tokens share it."""
    header, _ = KEYS.verify(GOOD)

    with pytest.raises(TypeError):
        header["alg"] = "none"  # type: ignore[index]  # the attempt is the test


@given(st.text(max_size=60) | st.text("abcXYZ019-_.=", max_size=60))
def test_no_text_makes_another_error(token: str) -> None:
    """Whatever comes, the answer is TokenInvalidError."""
    with pytest.raises(TokenInvalidError):
        KEYS.verify(token)


# ---- RFC 7515, appendix A


SYMMETRIC = {
    "kty": "oct",
    "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTw"
    "jAzZr1Z9CAow",
}
RSA = {
    "kty": "RSA",
    "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJr"
    "cS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_"
    "7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTB"
    "QY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs9"
    "1kzk2PAcDTW9gb54h4FRWyuXpoQ",
    "e": "AQAB",
}
EC = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
PAYLOAD = (
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19"
    "yb290Ijp0cnVlfQ"
)


@pytest.mark.parametrize(
    ("jwk", "alg", "token"),
    [
        pytest.param(
            SYMMETRIC,
            "HS256",
            f"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{PAYLOAD}."
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            id="A.1",
        ),
        pytest.param(
            RSA,
            "RS256",
            f"eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}."
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Q"
            "c_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTy"
            "WzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwu"
            "sC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5A"
            "XLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
            id="A.2",
        ),
        pytest.param(
            EC,
            "ES256",
            f"eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}."
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqP"
            "P3-Kg6NU1Q",
            id="A.3",
        ),
    ],
)
def test_the_examples_of_rfc_7515_verify(
    jwk: dict[str, str], alg: str, token: str
) -> None:
    """Signature and claims are as the standard prints them; one bit off fails."""
    keys = KeySet(Key.load(jwk, alg=alg))
    header, claims = keys.verify(token)

    assert header["alg"] == alg
    assert claims == {
        "iss": "joe",
        "exp": 1300819380,
        "http://example.com/is_root": True,
    }
    head, payload, signature = token.split(".")
    changed = ("A" if signature[0] != "A" else "B") + signature[1:]
    with pytest.raises(TokenInvalidError):
        keys.verify(f"{head}.{payload}.{changed}")


def test_the_example_of_rfc_7638_gives_its_thumbprint() -> None:
    """The kid of a public key is its thumbprint (section 3.1)."""
    jwk = {
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPF"
        "FxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_R"
        "N5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5h"
        "ajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqb"
        "w0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
    }

    assert Key.load(jwk).kid == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert json.loads(json.dumps(Key.load(jwk).public_jwk()))["n"] == jwk["n"]
