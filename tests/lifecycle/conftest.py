"""An application with a lifecycle, and a list of what happened."""

import pytest
from flask import Flask

from flask_toolkit.lifecycle import Lifecycle


@pytest.fixture(name="app")
def _app() -> Flask:
    app = Flask("shop")
    # As in production: failures are answered, not raised.
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/", "index", lambda: "hello")

    @app.get("/fail")
    def fail() -> str:
        raise LookupError("canary")

    return app


@pytest.fixture(name="lifecycle")
def _lifecycle(app: Flask) -> Lifecycle:
    return Lifecycle(app)


@pytest.fixture(name="said")
def _said() -> list[str]:
    return []
