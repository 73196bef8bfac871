"""Nobody costs as much as somebody: hashes are counted, no clock is read."""

from __future__ import annotations

import base64
import hashlib
import typing as t

import pytest
from flask import Flask
from flask import request
from werkzeug.security import generate_password_hash

from flask_toolkit.guard import _credentials
from flask_toolkit.guard import APIKey
from flask_toolkit.guard import APIKeyAuthenticator
from flask_toolkit.guard import BasicAuthenticator
from flask_toolkit.guard import hash_password
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import needs_rehash
from flask_toolkit.guard import new_api_key
from flask_toolkit.guard import public
from flask_toolkit.guard import verify_password

if t.TYPE_CHECKING:
    from collections.abc import Callable

KEY = new_api_key("shop")
OTHER = new_api_key("shop")


class User:
    """Somebody with a password."""

    def __init__(self, id: str, password: str) -> None:
        self.id = id
        self.password = password


@pytest.fixture(name="work")
def _work(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write down each slow hash, and each digest of a key."""
    done: list[str] = []

    def counted(name: str, function: Callable[..., t.Any]) -> Callable[..., t.Any]:
        def call(*args: t.Any, **kwargs: t.Any) -> t.Any:
            done.append(name)
            return function(*args, **kwargs)

        return call

    for name in ("scrypt", "pbkdf2_hmac"):
        monkeypatch.setattr(hashlib, name, counted(name, getattr(hashlib, name)))

    digest = _credentials._digest
    monkeypatch.setattr(_credentials, "_digest", counted("digest", digest))
    return done


@pytest.fixture(name="app")
def _app() -> Flask:
    app = Flask("shop", static_folder=None)
    app.config.update(SECRET_KEY="k" * 32, TESTING=True)
    users = {
        "ada": User("ada", hash_password("lovelace")),
        "old": User("old", generate_password_hash("password", "pbkdf2:sha256:1000")),
    }

    def find(name: str, password: str) -> User | None:
        user = users.get(name)
        right = verify_password(user.password if user else None, password)
        return user if right else None

    guard = LoginGuard[User](
        app,
        authenticators=[
            APIKeyAuthenticator(
                {KEY.prefix: APIKey(digest=KEY.digest, id="ada", user=users["ada"])}.get
            ),
            BasicAuthenticator(find),
        ],
    )
    app.add_url_rule("/me", "me", lambda: guard.user.id)

    @app.post("/login")
    @public
    def sign_in() -> str | tuple[str, int]:
        user = find(request.form["name"], request.form["password"])

        if user is None:
            return "no", 401

        if needs_rehash(user.password):
            user.password = hash_password(request.form["password"])

        return user.id

    return app


@pytest.mark.parametrize(
    ("name", "password", "status"),
    [
        pytest.param("ada", "lovelace", 200, id="right"),
        pytest.param("ada", "wrong", 401, id="wrong"),
        pytest.param("eve", "lovelace", 401, id="unknown"),
        pytest.param("ada", "x" * 4097, 401, id="known-and-too-long"),
        pytest.param("eve", "x" * 4097, 401, id="unknown-and-too-long"),
        pytest.param("ada", "", 401, id="known-and-empty"),
        pytest.param("eve", "", 401, id="unknown-and-empty"),
    ],
)
def test_a_form_costs_one_hash(
    app: Flask, work: list[str], name: str, password: str, status: int
) -> None:
    """Whether the account exists, the answer takes the same work."""
    form = {"name": name, "password": password}

    assert app.test_client().post("/login", data=form).status_code == status
    assert work == ["scrypt"]


@pytest.mark.parametrize("pair", ["ada:lovelace", "ada:no", "eve:no", ":no", "eve:"])
def test_basic_costs_one_hash(app: Flask, work: list[str], pair: str) -> None:
    """Each request with a name and a password, be there such a user or not."""
    told = base64.b64encode(pair.encode()).decode()
    answer = app.test_client().get("/me", headers={"Authorization": f"Basic {told}"})

    assert answer.status_code == (200 if pair == "ada:lovelace" else 401)
    assert work == ["scrypt"]


@pytest.mark.parametrize(
    ("key", "status"),
    [
        pytest.param(KEY.key, 200, id="right"),
        pytest.param(f"{KEY.prefix}.{'x' * 43}", 401, id="known-prefix"),
        pytest.param(OTHER.key, 401, id="unknown-prefix"),
        pytest.param("no key", 401, id="malformed"),
    ],
)
def test_a_key_costs_one_digest(
    app: Flask, work: list[str], key: str, status: int
) -> None:
    """A prefix that exists takes no longer than one that does not."""
    answer = app.test_client().get("/me", headers={"X-API-Key": key})

    assert answer.status_code == status
    assert work == ["digest"]


def test_a_sign_in_renews_an_old_hash(app: Flask, work: list[str]) -> None:
    """The first one after the change stores what the next ones verify."""
    client = app.test_client()
    form = {"name": "old", "password": "password"}

    for expected in (["pbkdf2_hmac", "scrypt"], ["scrypt"], ["scrypt"]):
        work.clear()
        assert client.post("/login", data=form).text == "old"
        assert work == expected

    form["password"] = "wrong"
    assert client.post("/login", data=form).status_code == 401
