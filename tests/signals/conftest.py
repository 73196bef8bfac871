"""An application, a part that defines signals, and one signal."""

from dataclasses import dataclass
from dataclasses import field

import pytest
from flask import Flask

from flask_toolkit.signals import Signal
from flask_toolkit.signals import Signals


@dataclass(frozen=True, kw_only=True)
class OrderPlaced:
    """What happened."""

    number: int
    note: str | None = None
    tags: list[str] = field(default_factory=list)


@pytest.fixture(name="app")
def _app() -> Flask:
    app = Flask("shop")
    app.testing = True
    return app


@pytest.fixture(name="signals")
def _signals(app: Flask) -> Signals:
    return Signals(app)


@pytest.fixture(name="placed")
def _placed(signals: Signals) -> Signal[...]:
    return signals.define("placed", OrderPlaced, doc="An order came in.")
