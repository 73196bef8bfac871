"""Verification: each rule, in both directions, and never another exception."""

import dataclasses
import re
import typing as t
from collections.abc import Callable

import pytest

from flask_toolkit.jwt import Claims
from flask_toolkit.jwt import InsufficientScopeError
from flask_toolkit.jwt import Issuer
from flask_toolkit.jwt import JWTError
from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet
from flask_toolkit.jwt import StepUpError
from flask_toolkit.jwt import TokenExpiredError
from flask_toolkit.jwt import TokenInvalidError
from flask_toolkit.jwt._claims import new_sid
from flask_toolkit.jwt._policy import Requirement
from flask_toolkit.jwt._policy import Rules
from flask_toolkit.jwt._policy import verify

NOW = 1_800_000_000.0
DAY = 86400
OWN = Key.load(bytes(range(32)), kid="own")
FOREIGN = Key.load(bytes(range(1, 33)), kid="foreign")
PLAIN = Rules(
    issuers={None: Issuer(keys=KeySet(OWN))},
    own=None,
    leeway=10.0,
    session=90.0 * DAY,
    max_size=8192,
)
NAMED = Rules(
    issuers={
        "us": Issuer(keys=KeySet(OWN), audience="api"),
        "them": Issuer(keys=KeySet(FOREIGN), typ="JWT"),
    },
    own="us",
    leeway=10.0,
    session=90.0 * DAY,
    max_size=8192,
)
Raw = Callable[..., str]


def _reason(token: object, rules: Rules = PLAIN, **options: t.Any) -> str | None:
    try:
        verify(token, rules, NOW, **options)
    except TokenInvalidError as error:
        return error.reason

    return None


@pytest.mark.parametrize(
    ("typ", "reason"),
    [
        pytest.param("at+jwt", None, id="good"),
        pytest.param("AT+JWT", None, id="case"),
        pytest.param("application/at+jwt", None, id="prefix"),
        pytest.param(..., "typ", id="missing"),
        pytest.param("JWT", "typ", id="jwt-is-no-kind"),
        pytest.param("refresh+jwt", "typ", id="refresh"),
        pytest.param("reset+jwt", "typ", id="other"),
        pytest.param(["at+jwt"], "typ", id="list"),
        pytest.param(None, "typ", id="null"),
    ],
)
def test_kinds_are_disjoint(raw: Raw, typ: object, reason: str | None) -> None:
    """RFC 8725 section 3.11: only the kind that is asked for passes."""
    token = raw(header={"typ": typ, "kid": "own"}, signer=OWN)

    assert _reason(token) == reason


def test_kinds_are_disjoint_the_other_way_round(raw: Raw) -> None:
    """An access token is no refresh token."""
    access = raw(signer=OWN)
    refresh = raw(signer=OWN, header={"typ": "refresh+jwt"})

    assert _reason(access, typ="refresh+jwt") == "typ"
    assert _reason(refresh, typ="refresh+jwt") is None


@pytest.mark.parametrize("typ", ["\u212a", "é+jwt"])
def test_a_kind_that_nobody_can_have(raw: Raw, typ: str) -> None:
    """Who asks for it gets no token, least of all one without a kind."""
    assert _reason(raw(signer=OWN, header={"typ": ...}), typ=typ) == "typ"
    assert _reason(raw(signer=OWN, header={"typ": typ}), typ=typ) == "typ"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        pytest.param({"exp": NOW + 1}, None, id="good"),
        pytest.param({"exp": NOW + 0.5}, None, id="fraction"),
        pytest.param({"exp": NOW - 9}, None, id="within-leeway"),
        pytest.param({"exp": NOW - 10}, "expired", id="expired"),
        pytest.param({"exp": 0}, "expired", id="long-ago"),
        pytest.param({"exp": -1}, "exp", id="negative"),
        pytest.param({"exp": NOW + 90 * DAY + 10}, None, id="longest"),
        pytest.param({"exp": NOW + 90 * DAY + 11}, "exp", id="too-far"),
        pytest.param({"exp": 10**400}, "exp", id="huge"),
        pytest.param({"exp": True}, "exp", id="bool"),
        pytest.param({"exp": None}, "exp", id="null"),
        pytest.param({"exp": "1800000060"}, "exp", id="text"),
        pytest.param({"exp": " 1800000060 \n"}, "exp", id="text-with-space"),
        pytest.param({"exp": "9_999_999_999"}, "exp", id="underscores"),
        pytest.param({"exp": "١٨٠٠٠٠٠٠٦٠"}, "exp", id="arabic-digits"),
        pytest.param({"exp": [1]}, "exp", id="list"),
        pytest.param({"nbf": NOW + 10}, None, id="nbf-within-leeway"),
        pytest.param({"nbf": NOW + 11}, "nbf", id="not-yet"),
        pytest.param({"nbf": "0"}, "nbf", id="nbf-text"),
        pytest.param({"nbf": None}, "nbf", id="nbf-null"),
        pytest.param({"iat": NOW + 9999}, None, id="future-iat"),
        pytest.param({"iat": "1"}, "claims", id="iat-text"),
        pytest.param({"iat": 1e300}, "claims", id="iat-no-date"),
        pytest.param({"sub": ""}, "claims", id="sub-empty"),
        pytest.param({"sub": 7}, "claims", id="sub-number"),
        pytest.param({"sub": None}, "claims", id="sub-null"),
        pytest.param({"jti": 7}, "claims", id="jti-number"),
        pytest.param({"jti": ""}, "claims", id="jti-empty"),
        pytest.param({"sid": ["x"]}, "claims", id="sid-list"),
        pytest.param({"scope": ["a"]}, "claims", id="scope-list"),
        pytest.param({"scope": ""}, None, id="scope-empty"),
        pytest.param({"auth_time": False}, "claims", id="auth-time-bool"),
        pytest.param({"auth_time": 1.5}, None, id="auth-time"),
        pytest.param({"cnf": {"jkt": "x"}}, "bound", id="cnf"),
        pytest.param({"cnf": None}, "bound", id="cnf-null"),
        pytest.param({"iss": "us"}, "issuer", id="iss-not-expected"),
        pytest.param({"iss": None}, "issuer", id="iss-null"),
        pytest.param({"iss": ["us"]}, "issuer", id="iss-list"),
        pytest.param({"aud": "api"}, "audience", id="aud-not-expected"),
        pytest.param({"aud": []}, "audience", id="aud-empty"),
        pytest.param({"aud": None}, "audience", id="aud-null"),
        pytest.param({"aud": [None]}, "audience", id="aud-list-of-null"),
        pytest.param({"https://x/role": {"deep": [1]}}, None, id="private-claim"),
    ],
)
def test_claims_are_judged(raw: Raw, claims: t.Any, reason: str | None) -> None:
    """RFC 7519 section 4.1; without ISSUER and AUDIENCE both must be absent."""
    assert _reason(raw(claims, signer=OWN)) == reason


@pytest.mark.parametrize("name", ["sub", "exp"])
def test_sub_and_exp_are_needed(raw: Raw, name: str) -> None:
    """A token about nobody, or for ever, is none."""
    assert _reason(raw(signer=OWN, without=name)) in {"claims", "exp"}


@pytest.mark.parametrize(
    ("claims", "signer", "reason"),
    [
        pytest.param({"iss": "us", "aud": "api"}, OWN, None, id="ours"),
        pytest.param({"iss": "us", "aud": ["x", "api"]}, OWN, None, id="aud-list"),
        pytest.param({"iss": "us"}, OWN, "audience", id="no-aud"),
        pytest.param({"iss": "us", "aud": "ap"}, OWN, "audience", id="aud-part"),
        pytest.param({"iss": "us", "aud": ["x"]}, OWN, "audience", id="aud-other"),
        pytest.param({"iss": "us", "aud": ["api", 7]}, OWN, "audience", id="aud-mixed"),
        pytest.param({"iss": "us", "aud": {"api": 1}}, OWN, "audience", id="aud-table"),
        pytest.param({"aud": "api"}, OWN, "issuer", id="no-iss"),
        pytest.param({"iss": "u", "aud": "api"}, OWN, "issuer", id="iss-part"),
        pytest.param({"iss": "US", "aud": "api"}, OWN, "issuer", id="iss-case"),
        pytest.param({"iss": "x", "aud": "api"}, OWN, "issuer", id="iss-unknown"),
        pytest.param({"iss": "us", "aud": "api"}, FOREIGN, "kid", id="their-key"),
        pytest.param({"iss": "them"}, OWN, "kid", id="our-key-for-them"),
        pytest.param({"iss": "them"}, FOREIGN, "typ", id="their-kind"),
    ],
)
def test_an_issuer_owns_its_keys(
    raw: Raw, claims: t.Any, signer: Key, reason: str | None
) -> None:
    """RFC 8725 section 3.8: no fall-back to other keys, exact names."""
    assert _reason(raw(claims, signer=signer), NAMED) == reason


def test_a_foreign_token_of_its_kind_passes(raw: Raw) -> None:
    """With its own kind, and without an audience."""
    token = raw({"iss": "them"}, signer=FOREIGN, header={"typ": "JWT"})

    assert _reason(token, NAMED) is None


@pytest.mark.parametrize("member", ["jku", "x5u", "x5c", "jwk", "cty"])
def test_addresses_and_keys_in_the_header_are_ignored(raw: Raw, member: str) -> None:
    """RFC 8725 section 3.10: nothing is fetched, and no key is taken from it."""
    jwk = {"kty": "oct", "k": "A" * 43}
    value = jwk if member == "jwk" else "http://169.254.169.254/"

    assert _reason(raw(signer=OWN, header={member: value})) is None
    assert _reason(raw(signer=FOREIGN, header={member: value, "kid": "own"})) == (
        "signature"
    )


def test_a_session_ends_however_young_its_tokens_are(raw: Raw) -> None:
    """The start is in ``sid``; a lowered SESSION_LIFETIME ends old ones at once."""
    young = new_sid(NOW - 90 * DAY)
    old = new_sid(NOW - 90 * DAY - 10)

    assert _reason(raw({"sid": young}, signer=OWN)) is None
    with pytest.raises(TokenExpiredError) as info:
        verify(raw({"sid": old}, signer=OWN), PLAIN, NOW)
    assert info.value.reason == "session-over"
    foreign = raw({"sid": old, "iss": "them"}, signer=FOREIGN, header={"typ": "JWT"})
    assert _reason(foreign, NAMED) is None


def test_a_lapsed_token_can_be_read_on_purpose(raw: Raw) -> None:
    """For logout: only the times do not matter then."""
    old = {"exp": NOW - 999, "nbf": NOW + 999, "sid": new_sid(0)}

    assert _reason(raw(old, signer=OWN), lapsed=True) is None
    assert _reason(raw(old, signer=FOREIGN), lapsed=True) == "kid"
    assert _reason(raw({**old, "sub": ""}, signer=OWN), lapsed=True) == "claims"


def test_a_refusal_names_kid_and_jti(raw: Raw) -> None:
    """As the token says; for signals only."""
    with pytest.raises(TokenInvalidError) as info:
        verify(raw({"exp": 1, "jti": "j"}, signer=OWN), PLAIN, NOW)
    assert (info.value.kid, info.value.jti) == ("own", "j")

    with pytest.raises(TokenInvalidError) as info:
        verify(raw({"jti": 7}, signer=OWN), PLAIN, NOW)
    assert info.value.jti is None


def test_only_good_signatures_are_remembered(raw: Raw) -> None:
    """The memory of headers must not belong to whoever sends rubbish."""
    good = raw(signer=OWN)
    rules = dataclasses.replace(PLAIN, known={})

    assert _reason(good[:-3] + "AAA", rules) == "signature"
    assert rules.known == {}
    assert _reason(good, rules) is None
    assert len(rules.known) == 1


def test_the_size_is_checked_before_anything_else() -> None:
    """A token of two megabytes costs nothing."""
    assert _reason("a" * 8193) == "size"
    assert _reason("a" * 8192) == "malformed"


# ---- Requirements


def _claims(**claims: t.Any) -> Claims:
    return Claims({"sub": "7", "exp": NOW + 60, **claims}, {})


def _challenge(error: JWTError) -> str:
    return dict(error.get_headers())["WWW-Authenticate"]


def test_scopes_are_all_needed() -> None:
    """Whole words, not parts of them."""
    need = Requirement(scope=("a:read", "b"))

    need.judge(_claims(scope="b x a:read"), NOW)
    for scope in ("a:read", "a:readx b", ""):
        with pytest.raises(InsufficientScopeError) as info:
            need.judge(_claims(scope=scope), NOW)
        assert _challenge(info.value) == (
            'Bearer realm="api", error="insufficient_scope", scope="a:read b"'
        )


@pytest.mark.parametrize(
    ("auth_time", "fresh"),
    [
        pytest.param(NOW - 300, True, id="just"),
        pytest.param(NOW - 301, False, id="too-old"),
        pytest.param(NOW + 99, True, id="another-clock"),
        pytest.param(None, False, id="unknown"),
    ],
)
def test_max_age_counts_from_the_sign_in(auth_time: float | None, fresh: bool) -> None:
    """RFC 9470: never from ``iat``, which every rotation renews."""
    claims = {} if auth_time is None else {"auth_time": auth_time}
    need = Requirement(max_age=300)

    if fresh:
        need.judge(_claims(iat=NOW, **claims), NOW)
    else:
        with pytest.raises(StepUpError) as info:
            need.judge(_claims(iat=NOW, **claims), NOW)
        assert _challenge(info.value).endswith(
            'error="insufficient_user_authentication", max_age="300"'
        )


def test_check_decides_with_a_bool() -> None:
    """Anything else would let a coroutine pass as true."""
    Requirement(check=lambda claims: claims.sub == "7").judge(_claims(), NOW)
    with pytest.raises(InsufficientScopeError) as info:
        Requirement(check=lambda claims: claims.sub == "8").judge(_claims(), NOW)
    assert "scope=" not in _challenge(info.value)

    not_bool = t.cast("t.Any", lambda _claims: "yes")
    with pytest.raises(TypeError, match="returns a bool"):
        Requirement(check=not_bool).judge(_claims(), NOW)


@pytest.mark.parametrize(
    "typ", ["", "refresh+jwt", "Application/Refresh+JWT", "a b", "é"]
)
def test_an_issuer_cannot_have_our_refresh_kind(typ: str) -> None:
    """Its tokens could be exchanged else; and a kind is a media type."""
    with pytest.raises(ValueError, match=re.escape("cannot be the kind")):
        Issuer(keys=KeySet(OWN), typ=typ)


def test_an_issuer_with_an_empty_audience_is_refused() -> None:
    """As ``AUDIENCE`` is: none, or one with a name."""
    with pytest.raises(ValueError, match="audience must not be empty"):
        Issuer(keys=KeySet(OWN), audience="")
