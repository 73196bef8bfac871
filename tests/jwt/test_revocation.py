"""Sessions and subjects that were ended."""

import typing as t
from collections.abc import Callable
from collections.abc import Sequence

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_toolkit.errors import StoreFullError
from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet
from flask_toolkit.jwt import token_rejected
from flask_toolkit.jwt import token_revoked
from flask_toolkit.jwt import TokenInvalidError
from flask_toolkit.jwt import TokenRevokedError
from flask_toolkit.stores import MemoryStore

AnyJWT = JWT[t.Any]
Ask = Callable[..., TestResponse]
Raw = Callable[..., str]
NOW = 1_800_000_000.0
DAY = 86400
THEIRS = Key.load(bytes(range(1, 33)), kid="theirs")


class Watched(MemoryStore):
    """A store that remembers what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.ttls: dict[str, float] = {}
        self.trips = 0

    def put(self, key: str, value: bytes, ttl: float) -> None:
        """Store, and note for how long."""
        self.ttls[key] = ttl
        super().put(key, value, ttl)

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Read, and count."""
        self.trips += 1
        return super().get_many(keys)


@pytest.fixture(name="store")
def _store() -> Watched:
    return Watched()


@pytest.fixture(name="jwt")
def _jwt(app: Flask, key: Key, clock: t.Any, store: Watched) -> AnyJWT:
    app.config["TOOLKIT_JWT_TRUSTED_ISSUERS"] = {"them": KeySet(THEIRS)}
    jwt: AnyJWT = JWT(app, keys=KeySet(key), clock=clock, store=store)
    app.get("/me")(jwt.required(lambda: "ok"))
    return jwt


def test_revoke_ends_the_whole_session(jwt: AnyJWT, context: None) -> None:
    """Both kinds, by either of them; another session goes on."""
    for kind in ("access_token", "refresh_token"):
        pair, other = jwt.issue("7"), jwt.issue("7")
        jwt.revoke(getattr(pair, kind))

        with pytest.raises(TokenRevokedError):
            jwt.verify(pair.access_token)
        with pytest.raises(TokenRevokedError):
            jwt.rotate(pair.refresh_token)
        assert jwt.verify(other.access_token)


def test_revoke_takes_claims(jwt: AnyJWT, context: None) -> None:
    """Those that were verified before."""
    token = jwt.create_access_token("7")
    jwt.revoke(jwt.verify(token))

    with pytest.raises(TokenRevokedError):
        jwt.verify(token)


def test_logout_is_idempotent(jwt: AnyJWT, context: None, clock: t.Any) -> None:
    """A revoked or expired token is no error, a forged one is."""
    pair = jwt.issue("7")
    jwt.revoke(pair.access_token)
    jwt.revoke(pair.access_token)

    other = jwt.issue("7")
    clock.now += 3600
    jwt.revoke(other.access_token)
    with pytest.raises(TokenRevokedError):
        jwt.rotate(other.refresh_token)

    for forged in (
        pair.access_token[:-3] + "AAA",
        pair.refresh_token[:-3] + "AAA",
        "x",
    ):
        with pytest.raises(TokenInvalidError):
            jwt.revoke(forged)


def test_a_session_that_is_over_needs_no_entry(
    jwt: AnyJWT, context: None, clock: t.Any, store: Watched
) -> None:
    """Nothing of it can come back."""
    pair = jwt.issue("7")
    clock.now += 91 * DAY
    jwt.revoke(pair.access_token)

    assert store.ttls == {}


def test_denials_last_as_long_as_the_session(
    jwt: AnyJWT, context: None, clock: t.Any, store: Watched
) -> None:
    """And no address or subject is readable in the store."""
    pair = jwt.issue("ann@example.org")
    clock.now += DAY
    jwt.revoke(pair.access_token)
    jwt.revoke_subject("ann@example.org")

    (denial, denied), (cut_off, cut) = store.ttls.items()
    assert denial.startswith("jwt:s:")
    assert cut_off.startswith("jwt:c:")
    assert denied == pytest.approx(89 * DAY + 11)
    assert cut == 90 * DAY + 11
    assert "ann" not in repr(store.ttls)
    assert b"ann" not in repr(store._values).encode()
    assert store.get_many([denial]) == [b"%d" % int(clock.now * 1000)]


def test_a_check_is_one_trip_a_request(
    jwt: AnyJWT, app: Flask, store: Watched, client: FlaskClient
) -> None:
    """However often the token is asked for."""

    @app.get("/twice")
    @jwt.required
    @jwt.required(optional=True)
    def twice() -> str:
        return jwt.claims.sub

    with app.app_context():
        token = jwt.issue("7").access_token

    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/twice", headers=headers).text == "7"
    assert store.trips == 1


def test_revoke_subject_ends_what_began_before(
    jwt: AnyJWT, context: None, clock: t.Any
) -> None:
    """A login in the next millisecond stays; so does anybody else."""
    before, other = jwt.issue("7"), jwt.issue("8")
    clock.now += 0.001
    jwt.revoke_subject("7")
    after = jwt.issue("7")

    with pytest.raises(TokenRevokedError):
        jwt.verify(before.access_token)
    with pytest.raises(TokenRevokedError):
        jwt.rotate(before.refresh_token)
    assert jwt.verify(after.access_token)
    assert jwt.verify(other.access_token)
    assert jwt.rotate(after.refresh_token).refresh_token


def test_a_rotation_does_not_escape_a_cut_off(
    jwt: AnyJWT, context: None, clock: t.Any, raw: Raw
) -> None:
    """The session's start counts, not the ``iat`` of its newest token."""
    sid = jwt.verify(jwt.issue("7").access_token).sid
    clock.now += 1
    jwt.revoke_subject("7")
    clock.now += 1
    # What a rotation beside it would have made: a younger token of the session.
    young = raw(sid=sid, iat=clock.now, jti="young")

    with pytest.raises(TokenRevokedError):
        jwt.verify(young)


def test_a_slow_clock_does_not_move_a_cut_off_back(
    jwt: AnyJWT, context: None, clock: t.Any
) -> None:
    """The later one of two servers wins."""
    clock.now += 100
    token = jwt.issue("7").access_token
    clock.now += 1
    jwt.revoke_subject("7")
    clock.now -= 60
    jwt.revoke_subject("7")

    with pytest.raises(TokenRevokedError):
        jwt.verify(token)


def test_foreign_tokens_end_one_by_one(jwt: AnyJWT, context: None, raw: Raw) -> None:
    """By ``jti``, else by what their issuer calls a session."""
    first = raw({"iss": "them", "jti": "1", "sid": "s"}, signer=THEIRS)
    second = raw({"iss": "them", "jti": "2", "sid": "s"}, signer=THEIRS)
    third = raw({"iss": "them", "sid": "s"}, signer=THEIRS)
    jwt.revoke(first)

    with pytest.raises(TokenRevokedError):
        jwt.verify(first)
    assert jwt.verify(second)
    assert jwt.verify(third)
    jwt.revoke(third)
    with pytest.raises(TokenRevokedError):
        jwt.verify(third)
    with pytest.raises(ValueError, match="without sid and jti"):
        jwt.revoke(raw({"iss": "them"}, signer=THEIRS))


def test_foreign_subjects_end_by_whole_seconds(
    jwt: AnyJWT, context: None, raw: Raw, clock: t.Any
) -> None:
    """The second of the cut-off counts as before; without ``iat`` all is."""

    def token(**claims: t.Any) -> str:
        return raw({"iss": "them", **claims}, signer=THEIRS)

    clock.now = NOW + 0.5
    jwt.revoke_subject("7", issuer="them")

    for dead in (token(iat=NOW - 1), token(iat=NOW), token(iat=NOW + 0.9), token()):
        with pytest.raises(TokenRevokedError):
            jwt.verify(dead)
    assert jwt.verify(token(iat=NOW + 1))
    assert jwt.verify(jwt.issue("7").access_token)
    with pytest.raises(ValueError, match="none of the trusted issuers"):
        jwt.revoke_subject("7", issuer="strangers")


def test_our_own_tokens_from_elsewhere(
    jwt: AnyJWT, context: None, raw: Raw, store: Watched
) -> None:
    """Signed with our key by another program: their session may be a plain name."""
    shared = raw(sid="plain")
    jwt.revoke(shared)

    with pytest.raises(TokenRevokedError):
        jwt.verify(raw(sid="plain", jti="other"))
    assert next(iter(store.ttls.values())) == 90 * DAY + 11
    jwt.revoke(raw(jti="alone"))
    with pytest.raises(TokenRevokedError):
        jwt.verify(raw(jti="alone"))
    assert jwt.verify(raw())


def test_revocation_can_be_left_to_rotation(app: Flask, key: Key) -> None:
    """Then requests cost no trip, and access tokens live out their minutes."""
    app.config["TOOLKIT_JWT_REVOCATION"] = "rotation"
    store = Watched()
    jwt: AnyJWT = JWT(app, keys=KeySet(key), store=store)
    app.get("/me")(jwt.required(lambda: "ok"))

    with app.app_context():
        pair = jwt.issue("7")
        jwt.revoke(pair.access_token)
        assert jwt.verify(pair.access_token)
        headers = {"Authorization": f"Bearer {pair.access_token}"}
        assert app.test_client().get("/me", headers=headers).text == "ok"
        assert store.trips == 0
        with pytest.raises(TokenRevokedError):
            jwt.rotate(pair.refresh_token)


class Counted(MemoryStore):
    """A store with a length, as one that is a mapping has."""

    def __len__(self) -> int:
        """Return how many values there are."""
        return len(self._values)


def test_an_empty_store_is_a_store(app: Flask, key: Key) -> None:
    """One that is false while it is empty is used from the beginning."""
    store = Counted()
    jwt: AnyJWT = JWT(app, name="counted", keys=KeySet(key), store=store)

    with app.app_context():
        jwt.revoke(jwt.issue("7").access_token)

    assert len(store) == 1


def test_who_fills_the_store_keeps_nobody_from_logging_out(
    app: Flask, key: Key
) -> None:
    """Rotation is refused then, and every session can still be ended."""
    jwt: AnyJWT = JWT(app, keys=KeySet(key), store=MemoryStore(max_items=20))

    with app.app_context():
        victim, pair = jwt.issue("7"), jwt.issue("8")

        for _ in range(18):
            pair = jwt.rotate(pair.refresh_token)

        with pytest.raises(StoreFullError):
            jwt.rotate(pair.refresh_token)

        jwt.revoke(victim.access_token)
        with pytest.raises(TokenRevokedError):
            jwt.verify(victim.access_token)


def test_signals_tell(app: Flask, jwt: AnyJWT, context: None) -> None:
    """Who was ended, and what was refused; never a token."""
    told: list[t.Any] = []

    def listen(_sender: object, **fields: t.Any) -> None:
        told.append(fields)

    token = jwt.issue("7").access_token
    claims = jwt.verify(token)
    with token_revoked.connected_to(listen), token_rejected.connected_to(listen):
        jwt.revoke(token)
        jwt.revoke_subject("7")
        with pytest.raises(TokenRevokedError):
            jwt.verify(token)
        with pytest.raises(TokenInvalidError):
            jwt.verify("a.b.c")

    assert told == [
        {"sid": claims.sid, "sub": "7"},
        {"sid": None, "sub": "7"},
        {"reason": "revoked", "kid": None, "jti": claims.jti, "location": None},
        {"reason": "encoding", "kid": None, "jti": None, "location": None},
    ]


# ---- Over requests


@pytest.fixture(name="logout")
def _logout(app: Flask, jwt: AnyJWT, client: FlaskClient) -> FlaskClient:
    @app.post("/logout")
    def logout() -> str:
        jwt.revoke()
        return "bye"

    @app.post("/guarded")
    @jwt.required
    def guarded() -> str:
        jwt.revoke()
        return "bye"

    return client


@pytest.mark.parametrize("path", ["/logout", "/guarded"])
def test_logout_by_the_access_token(
    app: Flask, jwt: AnyJWT, logout: FlaskClient, path: str
) -> None:
    """In a view that demands it, or not."""
    with app.app_context():
        token = jwt.issue("7").access_token

    headers = {"Authorization": f"Bearer {token}"}
    assert logout.post(path, headers=headers).text == "bye"
    assert logout.get("/me", headers=headers).status_code == 401


def test_logout_by_the_refresh_token(
    app: Flask, jwt: AnyJWT, logout: FlaskClient, clock: t.Any
) -> None:
    """Also long after it expired."""
    with app.app_context():
        pair = jwt.issue("7")
        clock.now += 20 * DAY
        data = {"refresh_token": pair.refresh_token}
        assert logout.post("/logout", data=data).text == "bye"
        clock.now -= 20 * DAY
        with pytest.raises(TokenRevokedError):
            jwt.verify(pair.access_token)


def test_logout_without_a_good_token(logout: FlaskClient) -> None:
    """The usual answers."""
    bearer = {"Authorization": "Bearer a.b.c"}

    assert logout.post("/logout").status_code == 400
    assert logout.post("/logout", headers=bearer).status_code == 401
    assert logout.post("/logout", data={"refresh_token": "x"}).status_code == 401
