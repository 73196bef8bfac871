"""Refresh tokens: each works once, a thief is noticed, a lost answer is not."""

import json
import logging
import typing as t
from base64 import urlsafe_b64decode
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from datetime import datetime
from datetime import UTC

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_toolkit.errors import StoreUnavailableError
from flask_toolkit.jwt import Claims
from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet
from flask_toolkit.jwt import token_issued
from flask_toolkit.jwt import token_reused
from flask_toolkit.jwt import TokenExpiredError
from flask_toolkit.jwt import TokenInvalidError
from flask_toolkit.jwt import TokenPair
from flask_toolkit.jwt import TokenReusedError
from flask_toolkit.jwt import TokenRevokedError
from flask_toolkit.jwt._claims import new_sid
from flask_toolkit.stores import MemoryStore

AnyJWT = JWT[t.Any]
Ask = Callable[..., TestResponse]
Raw = Callable[..., str]
NOW = 1_800_000_000.0
DAY = 86400


def _read(token: str) -> dict[str, t.Any]:
    payload = token.split(".")[1]
    claims: dict[str, t.Any] = json.loads(urlsafe_b64decode(payload + "=="))
    return claims


def _header(token: str) -> dict[str, t.Any]:
    return _read(f".{token}")


@pytest.fixture(name="pair")
def _pair(jwt: AnyJWT, context: None) -> TokenPair:
    return jwt.issue("7", scope="a b", claims={"role": 1})


def test_a_pair_starts_a_session(jwt: AnyJWT, pair: TokenPair) -> None:
    """Both name it; the kinds differ, and the times are those of the settings."""
    access, refresh = _read(pair.access_token), _read(pair.refresh_token)

    assert _header(pair.access_token)["typ"] == "at+jwt"
    assert _header(pair.refresh_token)["typ"] == "refresh+jwt"
    assert access["sid"] == refresh["sid"]
    assert refresh["jti"] == f"{refresh['sid']}.0"
    assert len(access["jti"]) == 22
    assert (access["iat"], access["exp"]) == (NOW, NOW + 900)
    assert (refresh["iat"], refresh["exp"]) == (NOW, NOW + 14 * DAY)
    assert pair.expires_in == 900
    assert pair.scope == access["scope"] == refresh["scope"] == "a b"
    assert access["auth_time"] == refresh["auth_time"] == NOW
    assert access["role"] == refresh["role"] == 1


def test_issuer_and_audience_are_written(app: Flask, key: Key) -> None:
    """And read back exactly."""
    app.config.update(TOOLKIT_JWT_ISSUER="us", TOOLKIT_JWT_AUDIENCE="api")
    jwt: AnyJWT = JWT(app, keys=KeySet(key))

    with app.app_context():
        pair = jwt.issue("7")
        claims = jwt.verify(pair.access_token)
        assert (claims.iss, claims.aud) == ("us", ("api",))
        assert jwt.rotate(pair.refresh_token).access_token


def test_the_sign_in_can_be_older(jwt: AnyJWT, context: None) -> None:
    """``auth_time`` is taken as given; without scope there is no claim."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    claims = _read(jwt.issue("7", auth_time=moment).access_token)

    assert claims["auth_time"] == moment.timestamp()
    assert "scope" not in claims


def test_a_single_token_has_a_session_of_its_own(jwt: AnyJWT, context: None) -> None:
    """It can be revoked; without a sign-in it has no ``auth_time``."""
    first = _read(jwt.create_access_token("7", lifetime=60))
    second = _read(jwt.create_access_token("7"))

    assert first["sid"] != second["sid"]
    assert first["exp"] == NOW + 60
    assert "auth_time" not in first


@pytest.mark.parametrize("lifetime", [0, -1, 0.5, 90 * DAY + 1, float("nan")])
def test_lifetimes_have_bounds(jwt: AnyJWT, context: None, lifetime: float) -> None:
    """No token without end, and none that is over when it is made."""
    with pytest.raises(
        ValueError, match="lifetime must be at least 1 and at most 7776000"
    ):
        jwt.create_access_token("7", lifetime=lifetime)


def test_tokens_have_a_longest_size(jwt: AnyJWT, context: None) -> None:
    """What would be refused when read is not made."""
    with pytest.raises(ValueError, match="MAX_TOKEN_SIZE is 8192"):
        jwt.issue("7", claims={"x": "y" * 9000})


@pytest.mark.parametrize("sub", ["", None, 7])
def test_subjects_are_text(jwt: AnyJWT, context: None, sub: t.Any) -> None:
    """In both ways to make tokens."""
    for make in (jwt.issue, jwt.create_access_token):
        with pytest.raises(TypeError, match=r"pass str\(user\.id\)"):
            make(sub)


def test_a_claims_loader_feeds_access_tokens(jwt: AnyJWT, context: None) -> None:
    """Anew at each rotation; what was given explicitly wins."""
    roles = ["old"]

    @jwt.claims_loader
    def load(sub: str) -> Mapping[str, t.Any]:
        return {"roles": list(roles), "who": sub, "given": "loader"}

    pair = jwt.issue("7", claims={"given": "call"})
    access = _read(pair.access_token)
    assert (access["roles"], access["who"], access["given"]) == (["old"], "7", "call")
    assert "roles" not in _read(pair.refresh_token)

    roles[0] = "new"
    access = _read(jwt.rotate(pair.refresh_token).access_token)
    assert (access["roles"], access["given"]) == (["new"], "call")
    assert _read(jwt.create_access_token("7"))["roles"] == ["new"]


def test_a_claims_loader_cannot_forge(jwt: AnyJWT, context: None) -> None:
    """Own claims are refused from there as well."""
    jwt.claims_loader(lambda _: {"sub": "admin"})

    with pytest.raises(ValueError, match="'sub' cannot be given"):
        jwt.issue("7")


def test_rotation_goes_on(jwt: AnyJWT, pair: TokenPair, clock: t.Any) -> None:
    """The successor has the next number; scope, sign-in and claims stay."""
    clock.now += 3600
    following = jwt.rotate(pair.refresh_token)
    before, after = _read(pair.refresh_token), _read(following.refresh_token)

    assert after["jti"] == f"{before['sid']}.1"
    assert (after["iat"], after["exp"]) == (clock.now, clock.now + 14 * DAY)
    for name in ("sid", "sub", "scope", "auth_time", "role"):
        assert after[name] == before[name] == _read(following.access_token)[name]
    assert following.scope == "a b"
    assert _read(jwt.rotate(following.refresh_token).refresh_token)["jti"][-2:] == ".2"


def test_a_session_has_an_absolute_end(
    jwt: AnyJWT, pair: TokenPair, clock: t.Any
) -> None:
    """However often it is refreshed; the last tokens are shorter."""
    while clock.now < NOW + 80 * DAY:
        clock.now += 10 * DAY
        pair = jwt.rotate(pair.refresh_token)
    clock.now = NOW + 90 * DAY - 60
    pair = jwt.rotate(pair.refresh_token)

    assert _read(pair.refresh_token)["exp"] == NOW + 90 * DAY
    assert pair.expires_in == 60
    clock.now += 71
    with pytest.raises(TokenExpiredError):
        jwt.rotate(pair.refresh_token)


def test_an_idle_session_ends(jwt: AnyJWT, pair: TokenPair, clock: t.Any) -> None:
    """REFRESH_LIFETIME is how long a token may lie unused."""
    clock.now += 14 * DAY + 11

    with pytest.raises(TokenExpiredError):
        jwt.rotate(pair.refresh_token)


def test_a_repeat_gets_the_same_successor(
    jwt: AnyJWT, pair: TokenPair, clock: t.Any
) -> None:
    """A lost answer can be asked for again, and a thief gains no second branch."""
    first = jwt.rotate(pair.refresh_token)
    clock.now += 10
    again = jwt.rotate(pair.refresh_token)

    assert again.refresh_token == first.refresh_token
    assert again.access_token != first.access_token
    assert jwt.rotate(first.refresh_token).refresh_token


def test_reuse_ends_the_family_whoever_listens(
    jwt: AnyJWT, pair: TokenPair, context: None, clock: t.Any
) -> None:
    """The session is over without a receiver, too."""
    newest = jwt.rotate(pair.refresh_token)
    clock.now += 11

    with pytest.raises(TokenReusedError):
        jwt.rotate(pair.refresh_token)

    with pytest.raises(TokenRevokedError):
        jwt.verify(newest.access_token)


def test_reuse_ends_the_family(
    app: Flask,
    jwt: AnyJWT,
    pair: TokenPair,
    clock: t.Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """RFC 9700 section 4.14.2: the newest tokens die too, and it is told."""
    told: list[dict[str, t.Any]] = []

    def listen(sender: object, **fields: t.Any) -> None:
        assert sender is app
        told.append(fields)

    newest = jwt.rotate(pair.refresh_token)
    clock.now += 10.001
    with token_reused.connected_to(listen), pytest.raises(TokenReusedError):
        jwt.rotate(pair.refresh_token)

    sid = _read(pair.refresh_token)["sid"]
    assert told == [{"sid": sid, "sub": "7"}]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert sid in caplog.text
    assert pair.refresh_token not in caplog.text
    with pytest.raises(TokenRevokedError):
        jwt.rotate(newest.refresh_token)
    for each in (pair, newest):
        with pytest.raises(TokenRevokedError):
            jwt.verify(each.access_token)


def test_reuse_ends_the_family_without_listeners(
    jwt: AnyJWT, pair: TokenPair, clock: t.Any
) -> None:
    """The signal is extra."""
    jwt.rotate(pair.refresh_token)
    clock.now += 11

    for error in (TokenReusedError, TokenRevokedError):
        with pytest.raises(error):
            jwt.rotate(pair.refresh_token)


def test_an_interval_of_zero_is_strict(app: Flask, key: Key, clock: t.Any) -> None:
    """Even in the same moment."""
    app.config["TOOLKIT_JWT_REUSE_INTERVAL"] = 0
    jwt: AnyJWT = JWT(app, keys=KeySet(key), clock=clock)

    with app.app_context():
        pair = jwt.issue("7")
        jwt.rotate(pair.refresh_token)
        with pytest.raises(TokenReusedError):
            jwt.rotate(pair.refresh_token)


def test_a_clock_that_goes_back_makes_no_thief(
    jwt: AnyJWT, pair: TokenPair, clock: t.Any
) -> None:
    """A use in the future, by another server's clock, is one of just now."""
    jwt.rotate(pair.refresh_token)
    clock.now -= 5

    assert jwt.rotate(pair.refresh_token).refresh_token


class Broken(MemoryStore):
    """A store that fails where it is told to."""

    fails: str | None = None

    def put_if_absent(self, key: str, value: bytes, ttl: float) -> bytes | None:
        """Store, or fail."""
        self._maybe("put_if_absent")
        return super().put_if_absent(key, value, ttl)

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Read, or fail."""
        self._maybe("get_many")
        return super().get_many(keys)

    def _maybe(self, name: str) -> None:
        if self.fails == name:
            raise StoreUnavailableError


def test_what_fails_does_not_use_up_the_token(app: Flask, key: Key) -> None:
    """A store that is down, a loader that raises: the client tries again."""
    store = Broken()
    failing = ["user", "claims"]
    jwt: AnyJWT = JWT(app, keys=KeySet(key), store=store)

    @jwt.user_loader
    def load(claims: Claims) -> str:
        if "user" in failing:
            raise ZeroDivisionError
        return claims.sub

    @jwt.claims_loader
    def extra(_sub: str) -> Mapping[str, t.Any]:
        if "claims" in failing[1:]:
            raise ZeroDivisionError
        return {}

    failing[:] = []
    with app.app_context():
        pair = jwt.issue("7")

        for name in ("user", "claims"):
            failing[:] = ["", name] if name == "claims" else [name]
            with pytest.raises(ZeroDivisionError):
                jwt.rotate(pair.refresh_token)

        failing[:] = []
        for name in ("get_many", "put_if_absent"):
            store.fails = name
            with pytest.raises(StoreUnavailableError):
                jwt.rotate(pair.refresh_token)

        store.fails = None
        assert not [key for key in store._values if ":u:" in key]
        assert jwt.rotate(pair.refresh_token).refresh_token


class Slow(MemoryStore):
    """A store whose readers come too early to see a use."""

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Read all but uses."""
        found = super().get_many(keys)
        return [None if ":u:" in key else found[n] for n, key in enumerate(keys)]


def test_reuse_is_found_by_the_atomic_step(app: Flask, key: Key, clock: t.Any) -> None:
    """What is read before only saves work."""
    jwt: AnyJWT = JWT(app, keys=KeySet(key), store=Slow(), clock=clock)

    with app.app_context():
        pair = jwt.issue("7")
        first = jwt.rotate(pair.refresh_token)
        clock.now += 5
        assert jwt.rotate(pair.refresh_token).refresh_token == first.refresh_token
        clock.now += 6
        with pytest.raises(TokenReusedError):
            jwt.rotate(pair.refresh_token)
        with pytest.raises(TokenRevokedError):
            jwt.rotate(first.refresh_token)


def test_a_store_that_is_down_is_a_503(app: Flask, key: Key) -> None:
    """Never open, and no 401 that would log clients out."""
    store = Broken()
    jwt: AnyJWT = JWT(app, keys=KeySet(key), store=store)
    app.add_url_rule("/x", view_func=jwt.required(optional=True)(lambda: "ok"))

    with app.app_context():
        token = jwt.issue("7").access_token

    store.fails = "get_many"
    answer = app.test_client().get("/x", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.headers.getlist("Cache-Control") == ["no-store"]


def test_a_user_that_is_gone_cannot_refresh(
    app: Flask, jwt: AnyJWT, pair: TokenPair
) -> None:
    """Disabled after the login; the token is not used up."""
    users: set[str] = set()
    jwt.user_loader(lambda claims: claims.sub if claims.sub in users else None)

    with pytest.raises(TokenInvalidError) as info:
        jwt.rotate(pair.refresh_token)
    assert info.value.reason == "user-gone"
    users.add("7")
    assert jwt.rotate(pair.refresh_token).refresh_token


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({}, id="no-session"),
        pytest.param({"sid": "x", "jti": "x.0"}, id="no-uuid"),
        pytest.param({"sid": new_sid(NOW)}, id="no-jti"),
        pytest.param({"sid": new_sid(NOW), "jti": "other.0"}, id="other-session"),
        pytest.param({"sid": new_sid(NOW), "jti": 7}, id="number"),
    ],
)
def test_only_refresh_tokens_of_our_form_rotate(
    jwt: AnyJWT, context: None, raw: Raw, claims: t.Any
) -> None:
    """Signed by us is not enough."""
    token = raw(claims, header={"typ": "refresh+jwt"})

    with pytest.raises(TokenInvalidError):
        jwt.rotate(token)


def test_a_number_must_be_one(jwt: AnyJWT, context: None, raw: Raw) -> None:
    """The part behind the dot counts."""
    sid = new_sid(NOW)
    claims = {"sid": sid, "jti": f"{sid}.x"}

    with pytest.raises(TokenInvalidError) as info:
        jwt.rotate(raw(claims, header={"typ": "refresh+jwt"}))
    assert info.value.reason == "no-refresh-token"


def test_an_access_token_does_not_rotate(jwt: AnyJWT, pair: TokenPair) -> None:
    """And a refresh token opens no view."""
    with pytest.raises(TokenInvalidError):
        jwt.rotate(pair.access_token)
    with pytest.raises(TokenInvalidError):
        jwt.verify(pair.refresh_token)
    assert jwt.verify(pair.refresh_token, typ="refresh+jwt").sub == "7"


def test_scope_never_grows(jwt: AnyJWT, pair: TokenPair) -> None:
    """Whatever happens in between, the scope is that of the login."""
    for _ in range(3):
        pair = jwt.rotate(pair.refresh_token)

    assert _read(pair.access_token)["scope"] == "a b"


def test_a_key_can_be_replaced_without_a_logout(app: Flask) -> None:
    """The old one only verifies, even of another algorithm."""
    old, new = Key.load(bytes(range(32))), Key.generate("ES256")
    first: AnyJWT = JWT(app, keys=KeySet(old))
    other = Flask("other")
    store = MemoryStore()
    second: AnyJWT = JWT(other, keys=KeySet(new, old.only_verifying()), store=store)

    with app.app_context():
        pair = first.issue("7")
    with other.app_context():
        assert second.verify(pair.access_token).sub == "7"
        assert _header(second.rotate(pair.refresh_token).access_token)["alg"] == "ES256"


def test_same_claims_for_keys_with_a_nonce(app: Flask, clock: t.Any) -> None:
    """ES256 signs the same successor with other bytes."""
    jwt: AnyJWT = JWT(app, keys=KeySet(Key.generate("ES256")), clock=clock)

    with app.app_context():
        pair = jwt.issue("7")
        first = jwt.rotate(pair.refresh_token).refresh_token
        again = jwt.rotate(pair.refresh_token).refresh_token
        assert first != again
        assert _read(first) == _read(again)
        assert jwt.rotate(again).refresh_token


def test_issued_tokens_are_announced(app: Flask, jwt: AnyJWT, context: None) -> None:
    """With their claims, of both kinds, and only when they were handed out."""
    told: list[Claims] = []

    def listen(_sender: object, claims: Claims) -> None:
        told.append(claims)

    with token_issued.connected_to(listen):
        pair = jwt.issue("7")
        jwt.create_access_token("8")
        jwt.rotate(pair.refresh_token)

    assert [claims.sub for claims in told] == ["7", "7", "8", "7", "7"]
    assert [claims.header["typ"] for claims in told] == [
        "at+jwt",
        "refresh+jwt",
        "at+jwt",
        "at+jwt",
        "refresh+jwt",
    ]


# ---- Over requests


@pytest.fixture(name="refresh")
def _refresh(app: Flask, jwt: AnyJWT, client: FlaskClient) -> FlaskClient:
    app.post("/refresh")(lambda: jwt.rotate().to_dict())
    app.get("/issue", endpoint="issue")(lambda: jwt.issue("7").to_dict())
    return client


def test_tokens_are_not_cached(refresh: FlaskClient) -> None:
    """RFC 6749 section 5.1."""
    issued = refresh.get("/issue")
    token = t.cast("t.Any", issued.json)["refresh_token"]
    rotated = refresh.post("/refresh", data={"refresh_token": token})

    assert issued.headers["Cache-Control"] == "no-store"
    assert rotated.headers["Cache-Control"] == "no-store"
    assert rotated.status_code == 200


def test_a_single_token_leaves_the_answer_alone(
    app: Flask, jwt: AnyJWT, client: FlaskClient
) -> None:
    """It may be for another service; its answer is the application's business."""
    app.get("/page")(lambda: str(len(jwt.create_access_token("7"))))

    assert "Cache-Control" not in client.get("/page").headers


def test_the_body_decides(refresh: FlaskClient) -> None:
    """A form field (RFC 6749 section 6) or a JSON member."""
    token = t.cast("t.Any", refresh.get("/issue").json)["refresh_token"]

    assert refresh.post("/refresh", json={"refresh_token": token}).status_code == 200
    form = refresh.post("/refresh", data={"refresh_token": token})
    assert form.status_code == 200


@pytest.mark.parametrize(
    ("options", "status"),
    [
        pytest.param({}, 400, id="no-body"),
        pytest.param({"json": []}, 400, id="json-list"),
        pytest.param({"json": "text"}, 400, id="json-text"),
        pytest.param({"json": {}}, 400, id="json-empty"),
        pytest.param({"json": {"refresh_token": 7}}, 400, id="json-number"),
        pytest.param({"json": {"refresh_token": ""}}, 400, id="json-blank"),
        pytest.param({"json": {"refresh_token": "\ud800"}}, 400, id="surrogate"),
        pytest.param({"json": {"refresh_token": "a.b.c"}}, 401, id="json-bad-token"),
        pytest.param(
            {"data": b"{" * 9999, "content_type": "application/json"}, 400, id="deep"
        ),
        pytest.param({"data": {"other": "x"}}, 400, id="form-without"),
        pytest.param({"data": {"refresh_token": ["a", "b"]}}, 400, id="form-twice"),
        pytest.param({"data": {"refresh_token": "é"}}, 401, id="form-bad-token"),
        pytest.param({"data": b"x", "content_type": "text/plain"}, 400, id="text"),
    ],
)
def test_bodies_without_a_token(
    refresh: FlaskClient, options: t.Any, status: int
) -> None:
    """Never a server error (FJE answers three of these with 500)."""
    answer = refresh.post("/refresh", **options)

    assert answer.status_code == status
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json is not None
    assert answer.json["error"].startswith("invalid_")


def test_rotate_outside_a_request(jwt: AnyJWT, context: None) -> None:
    """There a token must be passed."""
    with pytest.raises(RuntimeError, match="pass the token"):
        jwt.rotate()


def test_the_memory_store_warns_once(
    key: Key, caplog: pytest.LogCaptureFixture
) -> None:
    """At the first use of it, outside debug and testing, unless chosen on purpose."""
    app = Flask("shop")
    jwt: AnyJWT = JWT(app, keys=KeySet(key))

    with caplog.at_level(logging.WARNING), app.app_context():
        jwt.verify(jwt.issue("7").access_token)
        assert caplog.text == ""
        jwt.rotate(jwt.issue("7").refresh_token)
        jwt.revoke(jwt.issue("7").access_token)

    assert caplog.text.count("TOOLKIT_STORE_URL") == 1


@pytest.mark.parametrize(
    ("config", "store"),
    [
        pytest.param({"DEBUG": True}, None, id="debug"),
        pytest.param({"TESTING": True}, None, id="testing"),
        pytest.param({"TOOLKIT_STORE_URL": "memory://"}, None, id="chosen"),
        pytest.param({}, MemoryStore(), id="given"),
    ],
)
def test_the_memory_store_is_quiet(
    key: Key,
    caplog: pytest.LogCaptureFixture,
    config: dict[str, t.Any],
    store: MemoryStore | None,
) -> None:
    """Where nothing is wrong with it."""
    app = Flask("shop")
    app.config.update(config)
    jwt: AnyJWT = JWT(app, keys=KeySet(key), store=store)

    with caplog.at_level(logging.WARNING), app.app_context():
        jwt.rotate(jwt.issue("7").refresh_token)

    assert caplog.text == ""
