"""Tokens as one way to tell who is calling."""

import typing as t
from collections.abc import Callable

import pytest
from flask import Flask
from flask import request

from flask_toolkit.identity import current_identity
from flask_toolkit.identity import Identity
from flask_toolkit.identity import publish
from flask_toolkit.identity import resolve
from flask_toolkit.jwt import Claims
from flask_toolkit.jwt import header
from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import JWTAuthenticator
from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet
from flask_toolkit.jwt import TokenInvalidError

AnyJWT = JWT[t.Any]
Raw = Callable[..., str]
THEIRS = Key.load(bytes(range(1, 33)), kid="theirs")


@pytest.fixture(name="jwt")
def _jwt(app: Flask, key: Key, clock: t.Any) -> AnyJWT:
    app.config["TOOLKIT_JWT_TRUSTED_ISSUERS"] = {"them": KeySet(THEIRS)}
    return JWT(app, keys=KeySet(key), clock=clock)


@pytest.fixture(name="token")
def _token(app: Flask, jwt: AnyJWT) -> str:
    with app.app_context():
        return jwt.issue("7", scope="a b").access_token


def _request(app: Flask, token: str | None) -> t.Any:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return app.test_request_context(headers=headers)


def test_an_identity_says_what_the_token_does(
    app: Flask, jwt: AnyJWT, token: str, clock: t.Any
) -> None:
    """Without a guard too, since the component registers itself."""
    with _request(app, token):
        identity = current_identity()

    assert identity == Identity(
        id="7",
        via="jwt",
        ambient=False,
        auth_time=clock.now,
        scopes=frozenset({"a", "b"}),
    )


def test_iat_is_no_sign_in(app: Flask, jwt: AnyJWT, raw: Raw, clock: t.Any) -> None:
    """Each rotation renews it: a token without ``auth_time`` is never fresh."""
    with _request(app, raw(iat=clock.now)):
        identity = current_identity()

    assert identity is not None
    assert identity.auth_time == 0.0


def test_nothing_there_is_nobody(app: Flask, jwt: AnyJWT) -> None:
    """The next authenticator is asked."""
    with _request(app, None):
        assert JWTAuthenticator(jwt).authenticate(request) is None
        assert current_identity() is None


def test_a_bad_token_is_an_unauthorized(app: Flask, jwt: AnyJWT, raw: Raw) -> None:
    """With a reason for the trace of a guard."""
    with (
        _request(app, raw(exp=1)),
        pytest.raises(TokenInvalidError) as info,
    ):
        JWTAuthenticator(jwt).authenticate(request)

    assert info.value.code == 401
    assert info.value.reason == "expired"


def test_a_foreign_subject_is_no_local_user(app: Flask, jwt: AnyJWT, raw: Raw) -> None:
    """Unless asked for, it is refused, though the token is good (RFC 8725 3.8)."""
    foreign = raw(iss="them", signer=THEIRS)

    with _request(app, foreign):
        found = resolve(request, JWTAuthenticator(jwt, foreign=True))
        assert found is not None
        with pytest.raises(TokenInvalidError) as info:
            resolve(request, JWTAuthenticator(jwt))
        assert info.value.reason == "foreign"
    with _request(app, raw()):
        assert resolve(request, JWTAuthenticator(jwt)) is not None


def test_the_loader_finds_the_user(app: Flask, jwt: AnyJWT, token: str) -> None:
    """Its own, else the component's; one load a request for each."""
    calls: list[str] = []

    @jwt.user_loader
    def shared(claims: Claims) -> str:
        calls.append("shared")
        return f"shared {claims.sub}"

    def own(claims: Claims) -> str:
        calls.append("own")
        return f"own {claims.sub}"

    with _request(app, token):
        for _ in range(2):
            first = resolve(request, JWTAuthenticator(jwt))
            second = resolve(request, JWTAuthenticator(jwt, load=own))
            third = resolve(request, JWTAuthenticator(jwt, foreign=True))

    assert first is not None
    assert second is not None
    assert third is not None
    assert (first.user, second.user, third.user) == ("shared 7", "own 7", "shared 7")
    assert calls == ["shared", "own"]


def test_equal_ones_share_their_result(jwt: AnyJWT) -> None:
    """By what they ask and what they are called: ``via()`` goes by the name."""

    def load(_claims: Claims) -> str:
        raise NotImplementedError

    first = JWTAuthenticator(jwt, location=header("X"), load=load)
    same = JWTAuthenticator(jwt, location=header("X"), load=load, name="jwt")

    assert first == same
    assert hash(first) == hash(same)
    for other in (
        JWTAuthenticator(JWT(), location=header("X"), load=load),
        JWTAuthenticator(jwt, load=load),
        JWTAuthenticator(jwt, location=header("X"), load=load, foreign=True),
        JWTAuthenticator(jwt, location=header("X")),
        JWTAuthenticator(jwt, location=header("X"), load=load, name="other"),
        "something else",
    ):
        assert first != other


def test_names_and_challenges(app: Flask, jwt: AnyJWT) -> None:
    """A cookie is ambient and has no challenge."""
    cookie = JWTAuthenticator(jwt, location="cookie")
    bearer = JWTAuthenticator(jwt)
    other: AnyJWT = JWT(name="partner")
    partner = JWTAuthenticator(other, location="cookie")

    assert (bearer.name, bearer.ambient) == ("jwt", False)
    assert (cookie.name, cookie.ambient) == ("jwt-cookie", True)
    assert partner.name == "partner-cookie"
    assert JWTAuthenticator(jwt, name="mine").name == "mine"
    assert repr(bearer) == "<JWTAuthenticator 'jwt'>"
    with app.app_context():
        assert bearer.challenge() == 'Bearer realm="api"'
        assert cookie.challenge() is None


def test_the_published_caller_stays(app: Flask, jwt: AnyJWT, token: str) -> None:
    """A guard that decided first is not overruled; the claims are the token's."""
    guard = Identity[t.Any](id="1", via="session", ambient=True)

    with _request(app, token):
        publish(request, guard)
        jwt.authenticate()
        assert current_identity() is guard
        assert jwt.claims.sub == "7"


def test_a_token_that_was_demanded_names_the_caller(
    app: Flask, jwt: AnyJWT, token: str
) -> None:
    """Before all that are only registered, and with one load of the user."""
    calls: list[str] = []
    other = Identity[t.Any](id="1", via="session", ambient=True)

    @jwt.user_loader
    def load(claims: Claims) -> str:
        calls.append(claims.sub)
        return f"user {claims.sub}"

    with app.test_request_context(headers={"X-Token": f"Bearer {token}"}):
        real = request._get_current_object()  # type: ignore[attr-defined]  # a proxy
        assert current_identity() is None
        jwt.authenticate(locations=[header("X-Token")])
        caller = current_identity()
        assert caller is current_identity()
        assert publish(real, other) is caller
        assert publish(real, other, replace=True) is other

    assert caller is not None
    assert (caller.id, caller.via, caller.user) == ("7", "jwt", "user 7")
    assert calls == ["7"]


def test_refresh_tokens_say_nobody(app: Flask, jwt: AnyJWT) -> None:
    """They are no way to sign a request."""
    with app.app_context():
        token = jwt.issue("7").refresh_token

    with _request(app, token):
        assert jwt.verify(token, typ="refresh+jwt").sub == "7"
        assert current_identity() is None


def test_two_components_do_not_mix(app: Flask, jwt: AnyJWT, key: Key) -> None:
    """Own keys, own names, own claims."""
    partner: AnyJWT = JWT(app, name="partner")

    with app.app_context():
        token = partner.create_access_token("p")

    with _request(app, token):
        assert partner.authenticate() is partner.claims
        assert jwt.claims_or_none is None
        with pytest.raises(TokenInvalidError):
            jwt.authenticate()
