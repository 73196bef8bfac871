"""The address of our public keys: complete, cacheable, open, and never a secret."""

import json
import typing as t
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask

from flask_toolkit import LoginGuard
from flask_toolkit import Toolkit
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import SetupError
from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet
from tests.jwt.publisher import Publisher

PATH = "/.well-known/jwks.json"
SECRET = bytes(range(64))
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def _pem() -> str:
    pem: bytes = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem.decode()


FIRST, SECOND = _pem(), _pem()


@pytest.fixture(name="app")
def _app() -> Flask:
    app = Flask("shop")
    app.config.update(
        SECRET_KEY="a secret key for the tests, long enough",
        TOOLKIT_STORE_URL="memory://",
        TOOLKIT_JWT_JWKS_PATH=PATH,
        TOOLKIT_JWT_KEY=FIRST,
    )
    return app


def _kids(app: Flask, path: str = PATH) -> list[str]:
    answer = app.test_client().get(path)
    assert answer.status_code == 200
    return [jwk["kid"] for jwk in json.loads(answer.data)["keys"]]


def _refusal(app: Flask, **options: t.Any) -> str:
    with pytest.raises(ConfigError) as info:
        JWT(app, **options)

    (problem,) = info.value.problems
    assert problem.key == "TOOLKIT_JWT_JWKS_PATH"
    return problem.message


def test_the_set_is_published(app: Flask) -> None:
    """RFC 7517 sections 5 and 8.5.1: media type, public members, cacheable."""
    JWT(app)
    answer = app.test_client().get(PATH)

    assert answer.content_type == "application/jwk-set+json"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert "Set-Cookie" not in answer.headers
    assert "Vary" not in answer.headers
    assert json.loads(answer.data) == {"keys": [Key.load(FIRST).public_jwk()]}


def test_who_has_it_is_told_so(app: Flask) -> None:
    """304 without a body for the ETag of before, 200 for another, HEAD as well."""
    JWT(app)
    client = app.test_client()
    first = client.get(PATH)
    tag = first.headers["ETag"]
    again = client.get(PATH, headers={"If-None-Match": tag})
    other = client.get(PATH, headers={"If-None-Match": '"other"'})

    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == tag
    assert again.headers["Cache-Control"] == "public, max-age=300"
    assert (other.status_code, other.data) == (200, first.data)
    assert client.head(PATH).headers["ETag"] == tag
    assert client.post(PATH).status_code == 405


def test_no_private_member_is_published(app: Flask) -> None:
    """Whatever kind of key: nothing that signs leaves the process."""
    keys = [Key.load(SECRET), *map(Key.generate, ("RS256", "ES384", "EdDSA"))]
    del app.config["TOOLKIT_JWT_KEY"]
    JWT(app, keys=KeySet(*keys))
    answer = app.test_client().get(PATH)
    published = json.loads(answer.data)["keys"]

    assert [jwk["kty"] for jwk in published] == ["RSA", "EC", "OKP"]
    for jwk in published:
        assert not PRIVATE & set(jwk)
        assert jwk["use"] == "sig"
        assert not Key.load(jwk).can_sign


def test_keys_that_only_verify_are_published(app: Flask) -> None:
    """The one before, whose tokens live on; HMAC among them is left out."""
    app.config["TOOLKIT_JWT_KEY_FALLBACKS"] = [SECOND, SECRET]
    JWT(app)

    assert _kids(app) == [Key.load(FIRST).kid, Key.load(SECOND).kid]


def test_a_fallback_is_published_beside_a_derived_key(app: Flask) -> None:
    """Whoever goes back to HMAC still has tokens of the pair out there."""
    del app.config["TOOLKIT_JWT_KEY"]
    app.config["TOOLKIT_JWT_KEY_FALLBACKS"] = [SECOND]
    JWT(app)

    assert _kids(app) == [Key.load(SECOND).kid]


def test_the_next_key_is_published_before_it_signs(app: Flask, tmp_path: Path) -> None:
    """So that a rolling restart refuses no valid token."""
    del app.config["TOOLKIT_JWT_KEY"]
    path = tmp_path / "keys.json"
    path.touch(mode=0o600)
    members = [_private_jwk("a"), _private_jwk("b")]
    path.write_text(json.dumps({"keys": members}))
    app.config["TOOLKIT_JWT_KEY_FILE"] = path
    jwt: JWT[t.Any] = JWT(app)

    assert _kids(app) == ["a", "b"]
    with app.app_context():
        assert jwt.verify(jwt.create_access_token("7")).header["kid"] == "a"


def _private_jwk(kid: str) -> dict[str, t.Any]:
    import jwt as pyjwt

    pair = ec.generate_private_key(ec.SECP256R1())
    jwk = pyjwt.get_algorithm_by_name("ES256").to_jwk(pair, as_dict=True)
    return {name: jwk[name] for name in ("kty", "crv", "x", "y", "d")} | {"kid": kid}


def test_another_toolkit_app_verifies_with_it(app: Flask, publisher: Publisher) -> None:
    """Round trip: what one app signs and publishes, the other takes."""
    app.config["TOOLKIT_JWT_ISSUER"] = "us"
    jwt: JWT[t.Any] = JWT(app)
    publisher.answer = publisher.say(app.test_client().get(PATH).data)
    other = Flask("other")
    other.testing = True
    other.secret_key = "another secret key, long enough too"
    other.config["TOOLKIT_JWT_TRUSTED_ISSUERS"] = {"us": publisher.url}
    other.config["TOOLKIT_STORE_URL"] = "memory://"
    there: JWT[t.Any] = JWT(other)

    with app.app_context():
        token = jwt.create_access_token("7")
    with other.app_context():
        assert there.verify(token).sub == "7"


def test_a_guard_lets_everybody_read_it(app: Flask) -> None:
    """Other services have no login; the other addresses stay closed."""
    app.add_url_rule("/", endpoint="home", view_func=lambda: "home")
    Toolkit(app, guard=LoginGuard[t.Any]())
    client = app.test_client()

    assert client.get(PATH).status_code == 200
    assert client.get("/").status_code == 401


def test_each_instance_publishes_its_own(app: Flask) -> None:
    """Endpoints are named by the component, keys are not mixed."""
    app.config["TOOLKIT_PARTNER_KEY"] = SECOND
    app.config["TOOLKIT_PARTNER_JWKS_PATH"] = "/partner/jwks.json"
    JWT(app)
    JWT(app, name="partner")

    assert _kids(app) == [Key.load(FIRST).kid]
    assert _kids(app, "/partner/jwks.json") == [Key.load(SECOND).kid]
    assert {"jwt_jwks", "partner_jwks"} <= app.view_functions.keys()


def test_one_instance_publishes_for_each_app(app: Flask) -> None:
    """By the settings of that app; without the setting nothing."""
    second, third = Flask("second"), Flask("third")
    second.config.update(TOOLKIT_JWT_KEY=SECOND, TOOLKIT_JWT_JWKS_PATH="/keys")
    third.config.update(TOOLKIT_JWT_KEY=SECOND)
    jwt: JWT[t.Any] = JWT()

    for each in (app, second, third):
        jwt.init_app(each)

    assert _kids(app) == [Key.load(FIRST).kid]
    assert _kids(second, "/keys") == [Key.load(SECOND).kid]
    assert third.test_client().get(PATH).status_code == 404


def test_secrets_are_not_published(app: Flask) -> None:
    """An address with nothing on it is a mistake: who reads it verifies nothing."""
    app.config["TOOLKIT_JWT_KEY"] = SECRET
    assert _refusal(app).startswith("there is nothing to publish: our keys are secrets")

    del app.config["TOOLKIT_JWT_KEY"]
    assert "there is nothing to publish" in _refusal(app)
    assert "there is nothing to publish" in _refusal(app, keys=KeySet(Key.load(SECRET)))
    with pytest.raises(SetupError):
        JWT(app)


def test_keys_of_another_host_are_not_published(
    app: Flask, publisher: Publisher
) -> None:
    """They are not ours to vouch for, even when they are known already."""
    theirs = Key.generate("ES256")
    publisher.publish(theirs)
    keys = KeySet.remote(publisher.url)
    keys.verify(KeySet(theirs).sign({}, typ="t"))
    del app.config["TOOLKIT_JWT_KEY"]
    app.testing = True

    assert "or another host's" in _refusal(app, keys=keys)


@pytest.mark.parametrize(
    "path",
    ["", "/", "jwks.json", "/a/", "//a", "/<kid>", "/a b", "/ä", "/a?b", "/a%20"],
)
def test_the_path_is_a_plain_one(app: Flask, path: str) -> None:
    """Neither a pattern nor a directory, and written as it is asked for."""
    app.config["TOOLKIT_JWT_JWKS_PATH"] = path

    assert _refusal(app) == "must be a path such as /.well-known/jwks.json"


def test_an_address_has_one_owner(app: Flask) -> None:
    """Of two routes the first would win, silently."""
    app.config["TOOLKIT_PARTNER_KEY"] = SECOND
    app.config["TOOLKIT_PARTNER_JWKS_PATH"] = PATH
    JWT(app)

    with pytest.raises(ConfigError, match="is the address of 'jwt_jwks' already"):
        JWT(app, name="partner")


def test_every_host_answers(app: Flask) -> None:
    """Where routes belong to hosts, issuers are still asked at theirs."""
    hosts = Flask("hosts", host_matching=True, static_folder=None)
    hosts.config.update(app.config)
    JWT(hosts)
    client = hosts.test_client()

    for host in ("shop.example", "api.shop.example:8443"):
        assert client.get(PATH, base_url=f"https://{host}").status_code == 200
