"""A clock that tests set, and an application with a store."""

import time
from collections.abc import Callable
from collections.abc import Iterator

import pytest
from flask import Flask

NOW = 1_800_000_000


@pytest.fixture(name="clock")
def _clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return what sets the time, in seconds after a fixed one."""

    def at(offset: float) -> None:
        monkeypatch.setattr(time, "time", lambda: NOW + offset)

    at(0)
    return at


@pytest.fixture(name="app")
def _app() -> Iterator[Flask]:
    """Return an application whose context is pushed."""
    app = Flask("shop")
    app.config["SECRET_KEY"] = "s" * 32

    with app.app_context():
        yield app
