"""``flask_toolkit.testing.bearer``: a caller with a token."""

import subprocess
import sys
import typing as t
from datetime import datetime
from datetime import timedelta
from datetime import UTC

import pytest
from flask import Flask

from flask_toolkit.errors import SetupError
from flask_toolkit.jwt import JWT
from flask_toolkit.testing import bearer

START = 1_800_000_000.0


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


@pytest.fixture(name="app")
def _app() -> Flask:
    app = Flask("shop")
    app.config.update(SECRET_KEY="only for these tests, 0123456789", TESTING=True)
    return app


@pytest.fixture(name="jwt")
def _jwt(app: Flask, clock: Clock) -> JWT[t.Any]:
    jwt: JWT[t.Any] = JWT(app, clock=clock)

    @app.get("/me")
    @jwt.required
    def me() -> dict[str, t.Any]:
        return dict(jwt.claims)

    @app.get("/orders")
    @jwt.required(scope="orders:read", max_age=60)
    def orders() -> str:
        return "orders"

    return jwt


def test_the_header_signs_a_caller_in(app: Flask, jwt: JWT[t.Any]) -> None:
    """A view that demands a token takes it; without options it is about "test"."""
    answer = app.test_client().get("/me", headers=bearer(jwt, app=app))

    assert answer.json is not None
    assert answer.json["sub"] == "test"


def test_options_are_those_of_the_token(app: Flask, jwt: JWT[t.Any]) -> None:
    """Scope, sign-in, lifetime and further claims are there as asked for."""
    headers = bearer(
        jwt,
        "7",
        app=app,
        scope=["orders:read"],
        auth_time=datetime.fromtimestamp(START, UTC),
        lifetime=timedelta(minutes=1),
        claims={"role": "editor"},
    )
    client = app.test_client()

    said = client.get("/me", headers=headers).json
    assert said is not None
    assert said.items() >= {"sub": "7", "role": "editor", "exp": START + 60}.items()
    assert client.get("/orders", headers=headers).text == "orders"
    assert client.get("/orders", headers=bearer(jwt, app=app)).status_code == 403


def test_it_takes_the_application_of_the_context(app: Flask, jwt: JWT[t.Any]) -> None:
    """Within a context there is nothing to say."""
    with app.app_context():
        headers = bearer(jwt)

    assert app.test_client().get("/me", headers=headers).status_code == 200


def test_the_named_application_wins_over_the_context(
    app: Flask, jwt: JWT[t.Any]
) -> None:
    """Each application has its own key."""
    other = Flask("other")
    other.config.update(SECRET_KEY="another one for these tests, 012", TESTING=True)
    jwt.init_app(other)

    with other.app_context():
        headers = bearer(jwt, app=app)

    assert app.test_client().get("/me", headers=headers).status_code == 200


def test_a_clock_lets_it_expire(app: Flask, jwt: JWT[t.Any], clock: Clock) -> None:
    """No test has to wait for a token to end."""
    headers = bearer(jwt, app=app, lifetime=60)
    client = app.test_client()

    clock.now += 59
    assert client.get("/me", headers=headers).status_code == 200
    clock.now += 60
    assert client.get("/me", headers=headers).status_code == 401


def test_without_an_application_it_says_what_to_pass(jwt: JWT[t.Any]) -> None:
    """Which of several applications is meant cannot be guessed."""
    with pytest.raises(RuntimeError, match=r"pass app=, or call it within"):
        bearer(jwt)


def test_a_component_that_is_not_attached_is_refused() -> None:
    """As everywhere else."""
    with pytest.raises(SetupError, match=r"No JWT named 'jwt'"):
        bearer(JWT(), app=Flask("bare"))


def test_it_does_not_import_pytest() -> None:
    """Whoever tests with something else can use it."""
    code = "import sys, flask_toolkit.testing; print('pytest' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"
