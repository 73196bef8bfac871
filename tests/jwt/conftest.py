"""An application with tokens, a clock that stands still, and hand-made tokens."""

import json
import typing as t
from base64 import urlsafe_b64encode
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet
from tests.jwt.publisher import Publisher

SECRET = "a secret key for the tests, long enough"
NOW = 1_800_000_000.0


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


@pytest.fixture(name="key")
def _key() -> Key:
    return Key.load(bytes(range(32)))


@pytest.fixture(name="app")
def _app() -> Flask:
    app = Flask("shop")
    app.config.update(
        SECRET_KEY=SECRET,
        TOOLKIT_STORE_URL="memory://",
        TOOLKIT_TRUSTED_ORIGINS=["https://app.example"],
    )
    return app


@pytest.fixture(name="jwt")
def _jwt(app: Flask, key: Key, clock: Clock) -> JWT[t.Any]:
    jwt: JWT[t.Any] = JWT(app, keys=KeySet(key), clock=clock)

    @app.route("/me", methods=["GET", "POST"])
    @jwt.required
    def me() -> dict[str, t.Any]:
        return {"sub": jwt.claims.sub, "location": jwt.claims.location}

    return jwt


@pytest.fixture(name="context")
def _context(app: Flask, jwt: JWT[t.Any]) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.fixture(name="client")
def _client(app: Flask, jwt: JWT[t.Any]) -> FlaskClient:
    return app.test_client()


@pytest.fixture(name="publisher")
def _publisher() -> Iterator[Publisher]:
    publisher = Publisher()
    yield publisher
    publisher.close()


def encode(part: Mapping[str, t.Any] | bytes) -> str:
    """Return a segment; a signature is bytes already."""
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return urlsafe_b64encode(data).decode().rstrip("=")


Raw = Callable[..., str]


@pytest.fixture(name="raw")
def _raw(key: Key) -> Raw:
    """Return a maker of tokens by hand, good unless told otherwise."""

    def raw(
        claims: Mapping[str, t.Any] | None = None,
        *,
        header: Mapping[str, t.Any] | None = None,
        signer: Key = key,
        without: str | None = None,
        **more: t.Any,
    ) -> str:
        said = {"sub": "7", "exp": NOW + 60, **(claims or {}), **more}
        said.pop(without or "", None)
        head = {"alg": signer.alg, "kid": signer.kid, "typ": "at+jwt", **(header or {})}
        head = {name: head[name] for name in head if head[name] != ...}
        signed = f"{encode(head)}.{encode(said)}"
        return f"{signed}.{encode(signer.sign(signed.encode()))}"

    return raw


@pytest.fixture(name="ask")
def _ask(client: FlaskClient) -> Callable[..., TestResponse]:
    """Return a function that sends a bearer token to ``/me`` or another path."""

    def ask(token: str, path: str = "/me", method: str = "GET") -> TestResponse:
        headers = {"Authorization": f"Bearer {token}"}
        return client.open(path, method=method, headers=headers)

    return ask
