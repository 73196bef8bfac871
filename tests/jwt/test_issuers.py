"""Other issuers: named in the configuration, each with keys of its own."""

import json
import typing as t
from collections.abc import Callable
from collections.abc import Mapping

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import ConfigProblem
from flask_toolkit.identity import current_identity
from flask_toolkit.jwt import Issuer
from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet
from flask_toolkit.jwt._issuers import issuer_of
from flask_toolkit.jwt._keys import _material
from tests.jwt.publisher import Publisher

THEIRS = Key.generate("ES256")
OTHERS = Key.generate("ES256")
URL = "https://id.example/keys"
KEY = "TOOLKIT_JWT_TRUSTED_ISSUERS"

Raw = Callable[..., str]
Start = Callable[[Mapping[str, t.Any]], Callable[[str], TestResponse]]


@pytest.fixture(name="start")
def _start(app: Flask, key: Key, clock: Callable[[], float]) -> Start:
    """Return a function that starts the app with issuers and sends it tokens."""

    def start(issuers: Mapping[str, t.Any]) -> Callable[[str], TestResponse]:
        app.testing = True
        app.config[KEY] = issuers
        jwt: JWT[t.Any] = JWT(app, keys=KeySet(key), clock=clock)

        @app.get("/me")
        @jwt.required
        def me() -> dict[str, t.Any]:
            who = current_identity()
            return {"iss": jwt.claims.iss, "who": who and who.id}

        def ask(token: str) -> TestResponse:
            headers = {"Authorization": f"Bearer {token}"}
            return app.test_client().get("/me", headers=headers)

        return ask

    return start


def _problems(app: Flask, issuers: object, **options: t.Any) -> list[ConfigProblem]:
    app.config[KEY] = issuers

    with pytest.raises(ConfigError) as info:
        JWT(app, **options)

    return list(info.value.problems)


def test_an_issuer_is_named_in_five_ways(publisher: Publisher, start: Start) -> None:
    """An object, its keys, the address of its keys, a table, and the table as text."""
    publisher.publish(THEIRS)
    ask = start(
        {
            "object": Issuer(keys=KeySet(THEIRS)),
            "keys": KeySet(THEIRS),
            "remote": KeySet.remote(publisher.url),
            "address": publisher.url,
            "table": {"jwks_uri": publisher.url},
        }
    )

    for iss in ("object", "keys", "remote", "address", "table"):
        answer = ask(_theirs(iss=iss))
        assert (answer.status_code, answer.json) == (200, {"iss": iss, "who": None})


def _theirs(*, signer: Key = THEIRS, typ: str = "at+jwt", **claims: t.Any) -> str:
    said = {"sub": "7", "exp": 1_800_000_060, **claims}
    return KeySet(signer).sign(said, typ=typ)


def test_the_table_may_come_as_text(publisher: Publisher, start: Start) -> None:
    """As an environment variable has it."""
    publisher.publish(THEIRS)
    ask = start(t.cast("t.Any", json.dumps({"them": {"jwks_uri": publisher.url}})))

    assert ask(_theirs(iss="them")).status_code == 200


def test_an_issuer_owns_its_keys(publisher: Publisher, start: Start) -> None:
    """RFC 8725 section 3.8: none of them vouches for another, nor for us."""
    publisher.publish(THEIRS)
    ask = start({"them": publisher.url, "others": KeySet(OTHERS)})

    assert ask(_theirs(iss="them")).status_code == 200
    assert ask(_theirs(iss="others", signer=OTHERS)).status_code == 200
    assert ask(_theirs(iss="them", signer=OTHERS)).status_code == 401
    assert ask(_theirs(iss="others")).status_code == 401
    assert ask(_theirs(iss="them ")).status_code == 401
    assert ask(_theirs()).status_code == 401


def test_a_table_says_audience_and_kind(publisher: Publisher, start: Start) -> None:
    """Both are demanded of this issuer alone; some still write JWT (Entra)."""
    publisher.publish(THEIRS)
    table = {"jwks_uri": publisher.url, "audience": "api", "typ": "JWT", "alg": "ES256"}
    ask = start({"them": table, "others": KeySet(OTHERS)})

    assert ask(_theirs(iss="them", aud="api", typ="JWT")).status_code == 200
    assert ask(_theirs(iss="them", aud="api")).status_code == 401
    assert ask(_theirs(iss="them", typ="JWT")).status_code == 401
    assert ask(_theirs(iss="others", signer=OTHERS)).status_code == 200
    assert ask(_theirs(iss="others", signer=OTHERS, typ="JWT")).status_code == 401


def test_a_table_says_the_algorithm(publisher: Publisher, start: Start) -> None:
    """Keys for another one are not taken."""
    publisher.publish(THEIRS, OTHERS)
    ask = start({"them": {"jwks_uri": publisher.url, "alg": "RS256"}})

    # No key is left, so nobody can tell.
    assert ask(_theirs(iss="them")).status_code == 503


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        pytest.param("http://id.example/", "must begin with https://", id="http"),
        pytest.param("file:///etc/keys.json", "must begin with https://", id="file"),
        pytest.param("https://me:pw@id.example/", "neither a user", id="credentials"),
        pytest.param("", "must be printable ASCII", id="empty"),
        pytest.param({}, "jwks_uri must be text", id="no-address"),
        pytest.param({"jwks_uri": 7}, "jwks_uri must be text", id="address-number"),
        pytest.param({"jwks_uri": None}, "jwks_uri must be text", id="address-null"),
        pytest.param(
            {"jwks_uri": URL, "users": "yes"}, "users must be true or false", id="users"
        ),
        pytest.param({"jwks_uri": URL, "audience": ["a"]}, "audience must", id="aud"),
        pytest.param({"jwks_uri": URL, "audience": ""}, "audience must", id="no-aud"),
        pytest.param({"jwks_uri": URL, "typ": None}, "typ must be text", id="typ"),
        pytest.param(
            {"jwks_uri": URL, "alg": 256}, "alg must be text", id="alg-number"
        ),
        pytest.param({"jwks_uri": URL, "alg": "HS256"}, "alg must be one of", id="alg"),
        pytest.param(
            {"jwks_uri": URL, "typ": "refresh+jwt"}, "cannot be the kind", id="refresh"
        ),
        pytest.param(
            {"jwks_uri": URL, "jwks_url": URL},
            "'jwks_url' is no member; there are jwks_uri, audience, typ, alg",
            id="unknown-member",
        ),
    ],
)
def test_a_bad_entry_stops_the_start(app: Flask, entry: t.Any, said: str) -> None:
    """The message names setting and issuer."""
    (problem,) = _problems(app, {"https://id.example": entry})

    assert problem.key == KEY
    assert problem.message.startswith("'https://id.example': ")
    assert said in problem.message


@pytest.mark.parametrize("entry", [7, None, True, [URL], b"https://id.example"])
def test_other_types_are_no_issuer(app: Flask, entry: t.Any) -> None:
    """The type is checked with that of every setting."""
    (problem,) = _problems(app, {"https://id.example": entry})

    assert problem.key == KEY
    assert "expected Issuer or KeySet or text or a table" in problem.message


def test_all_bad_entries_are_told_at_once(app: Flask) -> None:
    """With the problems of other settings."""
    app.config["TOOLKIT_JWT_ISSUER"] = "us"
    app.config["TOOLKIT_JWT_LEEWAY"] = 999
    found = _problems(app, {"us": URL, "a": "http://a.example/", "b": {}, "c": URL})

    assert [problem.key.removeprefix("TOOLKIT_JWT_") for problem in found] == [
        "LEEWAY",
        *["TRUSTED_ISSUERS"] * 3,
    ]
    assert [problem.message.split(":")[0] for problem in found[1:]] == [
        "must not name ISSUER, which has its own keys",
        "'a'",
        "'b'",
    ]


def test_without_cryptography_the_start_says_so(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a problem of the setting, not as an error of the first request."""
    monkeypatch.setattr("jwt.algorithms.has_crypto", False)
    _material._algorithms.cache_clear()

    try:
        (problem,) = _problems(app, {"them": URL})
    finally:
        _material._algorithms.cache_clear()

    assert problem.message == "'them': Run: pip install 'flask-toolkit[crypto]'"


LOCAL = "http://localhost:5000/keys"


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(LOCAL, id="address"),
        pytest.param({"jwks_uri": LOCAL}, id="table"),
        pytest.param(KeySet.remote(LOCAL), id="keys"),
        pytest.param(Issuer(keys=KeySet.remote(LOCAL)), id="issuer"),
    ],
)
def test_http_is_for_debug_and_testing(app: Flask, entry: t.Any) -> None:
    """And on this machine alone: elsewhere keys could be exchanged on the way."""
    (problem,) = _problems(app, {"good": URL, "them": entry, "known": KeySet(THEIRS)})
    assert problem.key == KEY
    assert problem.message == (
        "'them': the address must begin with https:// outside of debug and testing"
    )

    app.debug = True
    JWT(app)
    app.debug, app.testing = False, True
    JWT(app, name="tested")


def test_our_own_keys_need_https_too(app: Flask) -> None:
    """What the component was given is judged like a setting."""
    (problem,) = _problems(app, {}, keys=KeySet.remote(LOCAL))

    assert problem.key == "TOOLKIT_JWT_KEY"
    assert problem.message.startswith("keys=: the address must begin with https://")

    app.testing = True
    assert JWT(app, keys=KeySet.remote(LOCAL)).state_of(app).keys is not None


def test_an_issuer_object_checks_its_texts() -> None:
    """When it is made, wherever that is."""
    with pytest.raises(ValueError, match="cannot be the kind of an access token"):
        Issuer(keys=KeySet(THEIRS), typ="refresh+jwt")
    with pytest.raises(ValueError, match="audience must not be empty"):
        Issuer(keys=KeySet(THEIRS), audience="")


def test_an_issuer_object_is_taken_as_it_is() -> None:
    """Nothing is made anew of what the application made."""
    issuer = Issuer(keys=KeySet(THEIRS))

    assert issuer_of(issuer) is issuer
    assert issuer_of(issuer.keys) == issuer


def test_two_apps_have_their_own_issuers(publisher: Publisher) -> None:
    """What one app fetched is not known to the other, whose table is another."""
    publisher.publish(THEIRS)
    jwt: JWT[t.Any] = JWT(clock=lambda: 1_800_000_000.0)
    apps = [Flask("first"), Flask("second")]
    token = _theirs(iss="them")

    for app in apps:
        app.testing = True
        app.secret_key = "a secret key for the tests, long enough"
        app.config["TOOLKIT_STORE_URL"] = "memory://"
        app.config[KEY] = {"them": publisher.url}
        jwt.init_app(app)

        with app.app_context():
            assert jwt.verify(token).iss == "them"

    assert len(publisher.requests) == 2
