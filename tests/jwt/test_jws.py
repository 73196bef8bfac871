"""The compact form: one way to write a token, all else is refused."""

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


def test_a_set_by_itself_has_a_longest_token() -> None:
    """8192 characters, unless told otherwise."""
    for size, reason in ((8192, "malformed"), (8193, "size")):
        with pytest.raises(TokenInvalidError) as info:
            KEYS.verify("a" * size)
        assert info.value.reason == reason

    with pytest.raises(TokenInvalidError) as info:
        KEYS.verify("a" * 9, max_size=8)
    assert info.value.reason == "size"
