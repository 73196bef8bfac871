"""Claims, pairs and what a token may carry."""

import math
import typing as t
import uuid
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_toolkit._values import epoch_of
from flask_toolkit.jwt import Claims
from flask_toolkit.jwt import TokenPair
from flask_toolkit.jwt._claims import checked_extra
from flask_toolkit.jwt._claims import checked_subject
from flask_toolkit.jwt._claims import new_sid
from flask_toolkit.jwt._claims import scope_words
from flask_toolkit.jwt._claims import started_at


def test_claims_read_as_attributes_and_mapping() -> None:
    """The registered ones with their types, all others by name."""
    claims = Claims(
        {
            "sub": "7",
            "exp": 1_800_000_060,
            "iat": 1_800_000_000,
            "auth_time": 1_799_999_999.5,
            "jti": "j",
            "iss": "us",
            "aud": ["a", "b"],
            "scope": "x y",
            "sid": "s",
            "https://x/role": 1,
        },
        {"alg": "HS256"},
        "header",
    )

    assert claims.sub == "7"
    assert claims.exp == datetime(2027, 1, 15, 8, 1, tzinfo=UTC)
    assert claims.iat == datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
    assert claims.auth_time == datetime(2027, 1, 15, 7, 59, 59, 500_000, tzinfo=UTC)
    assert (claims.jti, claims.iss, claims.aud) == ("j", "us", ("a", "b"))
    assert (claims.scope, claims.sid) == (frozenset({"x", "y"}), "s")
    assert (claims.header["alg"], claims.location) == ("HS256", "header")
    assert claims["https://x/role"] == claims.get("https://x/role") == 1
    assert len(claims) == len(list(claims)) == 10
    assert repr(claims) == "<Claims of '7'>"


def test_absent_claims_have_empty_values() -> None:
    """Nothing is made up."""
    claims = Claims({"sub": "7", "exp": 1, "aud": "a"}, {})

    assert (claims.iat, claims.jti, claims.iss, claims.sid) == (None,) * 4
    assert (claims.auth_time, claims.location) == (None, None)
    assert (claims.scope, claims.aud) == (frozenset(), ("a",))
    assert Claims({"sub": "7", "exp": 1}, {}).aud == ()
    assert claims.get("x", "default") == "default"


def test_claims_cannot_be_changed() -> None:
    """They are what was verified."""
    claims: t.Any = Claims({"sub": "7", "exp": 1}, {})

    with pytest.raises(TypeError):
        claims["sub"] = "8"
    with pytest.raises(AttributeError):
        claims.sub = "8"
    with pytest.raises(AttributeError):
        claims.role = "admin"


def test_a_pair_is_the_answer_of_rfc_6749() -> None:
    """Section 5.1, without what is not there; its repr shows no token."""
    pair = TokenPair(access_token="AAA", refresh_token="RRR", expires_in=60)
    answer = {
        "access_token": "AAA",
        "token_type": "Bearer",
        "expires_in": 60,
        "refresh_token": "RRR",
    }

    assert pair.to_dict() == answer
    assert "AAA" not in repr(pair)
    assert "RRR" not in repr(pair)
    scoped = TokenPair(access_token="A", refresh_token="R", expires_in=1, scope="x")
    assert scoped.to_dict()["scope"] == "x"


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        pytest.param("", (), id="none"),
        pytest.param(" a  b a ", ("a", "b"), id="text"),
        pytest.param(["b", "a", "b"], ("b", "a"), id="list"),
        pytest.param({"x"}, ("x",), id="set"),
    ],
)
def test_scopes_are_words(scope: t.Any, words: tuple[str, ...]) -> None:
    """One text is a list with spaces, never read letter by letter."""
    assert scope_words(scope) == words


@pytest.mark.parametrize("scope", ["a\\b", 'a"b', "é", ["a b"], [""], [7], b"ab"])
def test_scopes_have_few_characters(scope: t.Any) -> None:
    """RFC 6749 section 3.3; so a challenge needs no quoting of them."""
    with pytest.raises(ValueError, match="must be printable ASCII"):
        scope_words(scope)


@pytest.mark.parametrize("sub", ["", None, 7, b"bytes"])
def test_a_subject_is_text(sub: object) -> None:
    """PyJWT 2.10 refuses numbers when they are read; we when they are written."""
    with pytest.raises(TypeError, match=r"pass str\(user\.id\)"):
        checked_subject(sub)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("iss", "TOOLKIT_JWT_ISSUER"),
        ("sub", "pass sub"),
        ("aud", "TOOLKIT_JWT_AUDIENCE"),
        ("exp", "lifetime="),
        ("nbf", "never written"),
        ("iat", "for you"),
        ("jti", "for you"),
        ("sid", "for you"),
        ("scope", "scope="),
        ("auth_time", "auth_time="),
        ("cnf", "not supported"),
    ],
)
def test_own_claims_cannot_be_overridden(name: str, hint: str) -> None:
    """The message names the parameter that is meant."""
    with pytest.raises(ValueError, match=f"'{name}' cannot be given: .*{hint}"):
        checked_extra({name: 1})


class Endless(dict[str, t.Any]):
    """A table that holds itself."""


ENDLESS = Endless()
ENDLESS["a"] = ENDLESS


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(datetime(2027, 1, 1, tzinfo=UTC), id="datetime"),
        pytest.param(object(), id="object"),
        pytest.param({1, 2}, id="set"),
        pytest.param(math.nan, id="nan"),
        pytest.param(math.inf, id="infinity"),
        pytest.param("\ud800", id="half-a-pair"),
        pytest.param({1: 0, "1": 0}, id="keys-that-become-equal"),
        pytest.param(ENDLESS, id="endless"),
    ],
)
def test_a_claim_is_json(value: object) -> None:
    """What could not be read back is refused by name."""
    with pytest.raises(TypeError, match="the claim 'x' is not JSON"):
        checked_extra({"x": value})


def test_a_claim_has_a_name() -> None:
    """JSON has text keys only."""
    with pytest.raises(TypeError, match="the claim 1 is not JSON"):
        checked_extra(t.cast("t.Any", {1: 1}))
    assert checked_extra({"https://x/role": [1, {"a": None}]}) == {
        "https://x/role": [1, {"a": None}]
    }
    assert checked_extra(None) == {}


def test_a_moment_needs_a_time_zone() -> None:
    """A naive one would be another moment on each server."""
    zone = timezone(timedelta(hours=2))

    assert epoch_of(datetime(2027, 1, 15, 10, tzinfo=zone)) == 1_800_000_000
    with pytest.raises(ValueError, match="needs a time zone"):
        epoch_of(datetime(2027, 1, 15))  # noqa: DTZ001  # refused
    with pytest.raises(ValueError, match="must not be before 1970"):
        epoch_of(datetime(1969, 12, 31, tzinfo=UTC))


@given(st.floats(0, 2**37, allow_nan=False))
def test_a_session_id_tells_its_start(now: float) -> None:
    """It is a UUIDv7 of RFC 9562."""
    sid = new_sid(now)
    parsed = uuid.UUID(sid)

    assert str(parsed) == sid
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert started_at(sid) == int(now * 1000)


def test_session_ids_differ() -> None:
    """74 random bits beside the time."""
    assert len({new_sid(1.0) for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    "sid",
    [None, 7, "", str(uuid.UUID(int=1 << 78)), new_sid(1.0).upper(), new_sid(1) + "\n"],
)
def test_other_session_ids_tell_no_start(sid: object) -> None:
    """Other versions, spellings and kinds."""
    assert started_at(sid) is None
