"""An application that raises what its path says."""

import typing as t

import pytest
from flask import abort
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.exceptions import Unauthorized

from flask_toolkit.problems import FieldError
from flask_toolkit.problems import Problem
from flask_toolkit.problems import Problems


class OutOfStock(Problem):
    """A problem of the shop."""

    code, slug, title = 409, "out-of-stock", "Out of stock"


def _with_headers(name: str) -> HTTPException:
    challenge: t.Any = ("WWW-Authenticate", 'Bearer realm="shop"')

    match name:
        case "method":
            return MethodNotAllowed(["GET", "PUT"])
        case "retry":
            return ServiceUnavailable(retry_after=7)
        case "range":
            return RequestedRangeNotSatisfiable(100)
        case _:
            error = Unauthorized()
            error.get_headers = lambda *_: [challenge]  # type: ignore[method-assign]  # a header no class of ours has
            return error


@pytest.fixture(name="app")
def _app() -> Flask:
    app = Flask("shop")
    # As in production: failures are answered, not raised.
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/abort/<int:code>", view_func=abort, endpoint="abort")
    app.add_url_rule("/api/abort/<int:code>", view_func=abort, endpoint="api")

    @app.get("/fail")
    def fail() -> str:
        raise LookupError("canary: SELECT secret FROM /srv/shop.db")

    @app.get("/headers/<name>")
    def headers(name: str) -> str:
        raise _with_headers(name)

    @app.get("/stock")
    def stock() -> str:
        raise OutOfStock(
            "Only <b>2</b> left.",
            headers={"X-Left": "2"},
            instance="/stock/7",
            errors=[FieldError.at("too <many>", "items", 0, "a/b")],
            sku="ABC",
        )

    return app


@pytest.fixture(name="problems")
def _problems(app: Flask) -> Problems:
    return Problems(app)
