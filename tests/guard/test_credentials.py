"""HTTP Basic and API keys: who sends them, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import re
import typing as t

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from flask_toolkit.guard import APIKey
from flask_toolkit.guard import APIKeyAuthenticator
from flask_toolkit.guard import BasicAuthenticator
from flask_toolkit.guard import hash_password
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import new_api_key
from flask_toolkit.guard import require
from flask_toolkit.guard import scope
from flask_toolkit.guard import SessionAuthenticator
from flask_toolkit.guard import verify_password
from flask_toolkit.guard import via

if t.TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse


class User:
    """Somebody with a password."""

    def __init__(self, id: int, stored: str | None = None) -> None:
        self.id = id
        self.stored = stored


ADA = User(7, hash_password("pa:ss wörd"))
KEY = new_api_key("shop")
READER = APIKey(digest=KEY.digest, id="7", user=ADA, scopes=frozenset({"read"}))


def verify(name: str, password: str) -> User | None:
    """Return Ada for her password."""
    user = ADA if name == "ada" else None
    return user if verify_password(user.stored if user else None, password) else None


async def verify_later(name: str, password: str) -> User | None:
    """Return Ada for anything, after a while."""
    return ADA if (name, password) == ("ada", "x") else None


def load(prefix: str) -> APIKey[User] | None:
    """Return what is stored of Ada's key."""
    return READER if prefix == KEY.prefix else None


async def load_later(prefix: str) -> APIKey[User] | None:
    """Return the same, later."""
    return load(prefix)


def site(*authenticators: t.Any) -> FlaskClient:
    """Return a client of an application that asks these authenticators."""
    app = Flask("shop")
    app.secret_key = "k" * 32
    guard: LoginGuard[User] = LoginGuard(app, authenticators=authenticators)

    @app.route("/", methods=["GET", "POST"])
    def home() -> str:
        identity = guard.identity
        assert identity is not None
        return f"{identity.id} via {identity.via}"

    @app.get("/read")
    @require(scope("read"))
    def read() -> str:
        return "read"

    @app.get("/write")
    @require(scope("write"))
    def write() -> str:
        raise NotImplementedError

    @app.get("/people")
    @require(via("session"))
    def people() -> str:
        raise NotImplementedError

    return app.test_client()


def basic(name: str, password: str) -> dict[str, str]:
    """Return the header of RFC 7617."""
    pair = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def key_header(key: str = KEY.key) -> dict[str, str]:
    """Return the header of an API key."""
    return {"X-API-Key": key}


def challenge_of(answer: TestResponse) -> str:
    """Return the only challenge of a 401."""
    assert answer.status_code == 401
    assert answer.headers["Cache-Control"] == "no-store"
    (challenge,) = answer.headers.getlist("WWW-Authenticate")
    return challenge


def test_a_password_signs_in_for_one_request() -> None:
    """Colons, spaces and letters beyond ASCII are part of a password (RFC 7617)."""
    client = site(BasicAuthenticator(verify))

    answer = client.get("/", headers=basic("ada", "pa:ss wörd"))

    assert (answer.status_code, answer.text) == (200, "7 via basic")
    assert "Set-Cookie" not in answer.headers


def test_the_scheme_is_case_insensitive() -> None:
    """RFC 9110 section 11.1, and spaces may follow it."""
    header = basic("ada", "x")["Authorization"].replace("Basic ", "bAsIc   ")

    answer = site(BasicAuthenticator(verify_later)).get(
        "/", headers={"Authorization": header}
    )

    assert answer.text == "7 via basic"


def test_nobody_is_asked_for_name_and_password() -> None:
    """Without a credential the browser shows its dialog."""
    answer = site(BasicAuthenticator(verify, realm='my "shop"')).get("/")

    assert challenge_of(answer) == 'Basic realm="my shop", charset="UTF-8"'


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(basic("ada", "wrong")["Authorization"], id="wrong-password"),
        pytest.param(basic("eve", "x")["Authorization"], id="unknown-name"),
        pytest.param(basic("", "")["Authorization"], id="empty"),
        pytest.param("Basic", id="nothing"),
        pytest.param("Basic !!!!", id="no-base64"),
        pytest.param("Basic YWRh", id="no-colon"),
        pytest.param("Basic YWRhOng", id="no-padding"),
        pytest.param(
            f"Basic {base64.b64encode(bytes([0xFF, 0x3A, 0xFE])).decode()}",
            id="no-utf-8",
        ),
        pytest.param(basic("ada\n", "x")["Authorization"], id="control-character"),
        pytest.param(basic("ada", "x" * 4096)["Authorization"], id="too-long"),
        pytest.param("Basic \xe4\xe4", id="no-ascii"),
    ],
)
def test_a_bad_pair_is_a_401_with_the_challenge(header: str) -> None:
    """Whatever is wrong with it, the answer is the same."""
    answer = site(BasicAuthenticator(verify)).get(
        "/", headers={"Authorization": header}
    )

    assert challenge_of(answer) == 'Basic realm="login", charset="UTF-8"'


def test_another_scheme_is_not_ours() -> None:
    """A bearer token does not count as a bad password."""
    client = site(BasicAuthenticator(verify), APIKeyAuthenticator(load))

    answer = client.get("/", headers={"Authorization": "Bearer x", **key_header()})

    assert answer.text == "7 via api-key"


def test_a_form_of_another_site_cannot_use_the_password() -> None:
    """Browsers send Basic by themselves: state changes are origin-checked."""
    client = site(BasicAuthenticator(verify_later))
    headers = {**basic("ada", "x"), "Sec-Fetch-Site": "cross-site"}

    assert client.post("/", headers=headers).status_code == 403
    assert client.get("/", headers=headers).status_code == 200


def test_the_id_of_a_user_can_be_told() -> None:
    """Where users have no id of their own."""
    found: list[User] = []

    def id_of(user: User) -> str:
        found.append(user)
        return "ada"

    client = site(BasicAuthenticator(verify_later, id_of=id_of, name="password"))

    assert client.get("/", headers=basic("ada", "x")).text == "ada via password"
    assert found == [ADA]


@pytest.mark.parametrize("loader", [load, load_later], ids=["sync", "async"])
def test_a_key_finds_its_owner(loader: t.Any) -> None:
    """By its prefix, with the scopes that it has; the answer varies by the header."""
    client = site(APIKeyAuthenticator(loader))

    answer = client.get("/", headers=key_header())

    assert answer.text == "7 via api-key"
    assert answer.headers["Vary"] == "X-API-Key"
    assert client.get("/read", headers=key_header()).status_code == 200
    assert client.get("/write", headers=key_header()).status_code == 403
    assert client.get("/people", headers=key_header()).status_code == 403


def test_a_key_is_no_ambient_credential() -> None:
    """No browser sends it by itself, so any site may."""
    client = site(APIKeyAuthenticator(load))
    headers = {**key_header(), "Sec-Fetch-Site": "cross-site"}

    assert client.post("/", headers=headers).status_code == 200


def test_without_a_key_the_header_is_named() -> None:
    """A program is told what to send."""
    answer = site(APIKeyAuthenticator(load, header="X-Shop-Key")).get("/")

    assert challenge_of(answer) == 'APIKey realm="api", header="X-Shop-Key"'


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("", id="empty"),
        pytest.param(KEY.prefix, id="prefix-alone"),
        pytest.param(KEY.key[:-1], id="cut"),
        pytest.param(KEY.key + "A", id="longer"),
        pytest.param(f"{KEY.prefix}.{'A' * 43}", id="forged"),
        pytest.param(new_api_key("shop").key, id="unknown"),
        pytest.param(f"{KEY.key}, {KEY.key}", id="sent-twice"),
        pytest.param(KEY.key.replace("_", "\xaa"), id="no-ascii"),
        pytest.param("x" * 10_000, id="long"),
    ],
)
def test_a_bad_key_ends_the_search(key: str) -> None:
    """An explicit credential that is bad is a 401, also beside a good session."""
    client = site(APIKeyAuthenticator(load), SessionAuthenticator())

    answer = client.get("/", headers=key_header(key))

    assert challenge_of(answer) == 'APIKey realm="api", header="X-API-Key"'


@pytest.mark.parametrize("header", ["Authorization", "cookie", "X Key", "", "Ä"])
def test_a_header_must_be_the_keys_own(header: str) -> None:
    """A name that cannot work stops the start."""
    with pytest.raises(ValueError, match="header="):
        APIKeyAuthenticator(load, header=header)


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,15}", fullmatch=True))
def test_a_new_key_is_found_by_its_prefix(label: str) -> None:
    """The digest is SHA-256 of the key, which nothing stored holds."""
    made = new_api_key(label)

    assert made.key.startswith(f"{made.prefix}.")
    assert made.prefix.startswith(f"{label}_")
    assert made.digest == hashlib.sha256(made.key.encode()).hexdigest()
    assert made.key not in repr(made)
    assert re.fullmatch(r"[\w-]{43}", made.key.removeprefix(f"{made.prefix}."))


@pytest.mark.parametrize("label", ["", "1a", "a-b", "x" * 17, "ä"])
def test_a_label_is_a_word(label: str) -> None:
    """What would not be found again is refused when it is made."""
    with pytest.raises(ValueError, match="A label is a letter"):
        new_api_key(label)


def test_what_is_stored_shows_no_digest() -> None:
    """Neither a log nor a debugger shows what to look for."""
    assert KEY.digest not in repr(READER)


def test_each_of_two_keys_is_its_own() -> None:
    """256 random bits, never twice."""
    assert new_api_key().key != new_api_key().key
