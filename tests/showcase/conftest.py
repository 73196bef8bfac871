"""Fixtures: the showcase in a folder of its own, and its visitors."""

from __future__ import annotations

import shutil
import sys
import typing as t
from pathlib import Path

import pytest

SHOWCASE = Path(__file__).parents[2] / "examples" / "showcase"

# As when the tour is run: a script's own folder is where it imports from.
sys.path.insert(0, str(SHOWCASE))

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

    LogIn = Callable[..., FlaskClient]


@pytest.fixture(name="first_start", scope="session")
def _first_start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an instance folder as a first start leaves it."""
    from shop import create_app

    folder = tmp_path_factory.mktemp("first") / "instance"
    create_app(instance=folder)
    return folder


@pytest.fixture(name="instance")
def _instance(first_start: Path, tmp_path: Path) -> Path:
    """Return a copy of it: hashing the passwords anew would take longest."""
    return shutil.copytree(first_start, tmp_path / "instance")


@pytest.fixture(name="app")
def _app(instance: Path) -> Flask:
    from shop import create_app

    return create_app({"TESTING": True}, instance=instance)


@pytest.fixture(name="client")
def _client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(name="password")
def _password(app: Flask) -> str:
    return str(app.config["DEMO_PASSWORD"])


@pytest.fixture(name="log_in")
def _log_in(app: Flask, password: str) -> LogIn:
    """Return a function that gives the browser of somebody who is logged in."""

    def log_in(username: str = "ada") -> FlaskClient:
        client = app.test_client()
        form = {"username": username, "password": password}
        assert client.post("/login", data=form).status_code == 303
        return client

    return log_in


@pytest.fixture(name="editor")
def _editor(log_in: LogIn) -> FlaskClient:
    return log_in("ada")


@pytest.fixture(name="customer")
def _customer(log_in: LogIn) -> FlaskClient:
    return log_in("sam")


@pytest.fixture(name="tokens")
def _tokens(client: FlaskClient, password: str) -> dict[str, str]:
    form = {"username": "ada", "password": password}
    answer: dict[str, str] = client.post("/api/token", data=form).get_json()
    return answer
