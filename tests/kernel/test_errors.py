"""The error tree: one root, and answers that render themselves."""

import json
import pickle
import re

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import Unauthorized

from flask_toolkit import errors
from flask_toolkit._extension import answer_request_errors
from flask_toolkit.errors import AccessDeniedError
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import ConfigProblem
from flask_toolkit.errors import LoginRequiredError
from flask_toolkit.errors import MissingExtraError
from flask_toolkit.errors import Origin
from flask_toolkit.errors import RequestError
from flask_toolkit.errors import SetupError
from flask_toolkit.errors import StoreFullError
from flask_toolkit.errors import ToolkitError

EXCEPTIONS = [
    value
    for name in errors.__all__
    if isinstance(value := getattr(errors, name), type) and issubclass(value, Exception)
]


@pytest.mark.parametrize("cls", EXCEPTIONS, ids=lambda cls: cls.__name__)
def test_each_error_stands_in_the_tree(cls: type[Exception]) -> None:
    """Every public error is a ToolkitError of one of the two branches."""
    assert issubclass(cls, ToolkitError)
    assert cls is ToolkitError or issubclass(cls, (SetupError, RequestError))
    assert cls.__name__.endswith("Error")
    assert f"{cls.__name__} " in f"{errors.__doc__} ".replace("\n", " ")


@pytest.mark.parametrize(
    "cls",
    [cls for cls in EXCEPTIONS if issubclass(cls, RequestError)],
    ids=lambda cls: cls.__name__,
)
def test_request_errors_render_a_problem_document(cls: type[RequestError]) -> None:
    """The body is RFC 9457 JSON whose status equals the answer's."""
    error = cls("Told.", headers={"X-Part": "1"}, members={"part": 1})
    error.code = error.code or 418

    response = error.get_response({})

    assert response.status_code == error.code
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["X-Part"] == "1"
    assert json.loads(response.get_data()) == {
        "type": "about:blank",
        "title": error.name,
        "status": error.code,
        "detail": "Told.",
        "part": 1,
    }


def test_a_request_error_without_detail_has_none() -> None:
    """A bare error of no fixed class tells no detail."""
    error = RequestError()
    error.code = 418

    assert "detail" not in error.problem()


@pytest.mark.parametrize("cls", [LoginRequiredError, AccessDeniedError])
def test_denials_are_never_stored(cls: type[RequestError]) -> None:
    """401 and 403 carry Cache-Control: no-store (RFC 9111 5.2.2.5)."""
    assert ("Cache-Control", "no-store") in cls().get_headers()


def test_a_store_that_is_down_says_when_to_come_back() -> None:
    """503 keeps Retry-After (RFC 9110 10.2.3) and may be given another."""
    assert StoreFullError().get_response({}).headers["Retry-After"] == "5"
    later = StoreFullError(headers={"Retry-After": "60"})
    assert later.get_response({}).headers["Retry-After"] == "60"


def test_config_error_lists_every_problem() -> None:
    """One message names each key with its place and hint."""
    error = ConfigError(
        [
            ConfigProblem("A", "expected 1", Origin("file", "x.toml", 3), "try 1"),
            ConfigProblem("B", "missing", Origin("env", "SHOP_B")),
            ConfigProblem("", "no key"),
        ]
    )

    assert str(error) == (
        "3 problems in the configuration:\n"
        "A: expected 1\n  in x.toml:3\n  hint: try 1\n"
        "B: missing\n  in env SHOP_B\n"
        "no key"
    )
    assert error.exit_code == 2
    assert str(ConfigError(error.problems[:1])).startswith("1 problem in")


def test_config_error_travels_between_processes() -> None:
    """It survives pickling with its problems."""
    error = ConfigError([ConfigProblem("A", "bad")])

    assert pickle.loads(pickle.dumps(error)).problems == error.problems


def test_missing_extra_says_what_to_install() -> None:
    """The message is the command to type."""
    with pytest.raises(ImportError, match=re.escape("flask-toolkit[crypto]")):
        raise MissingExtraError("crypto")


@pytest.fixture(name="app")
def _app() -> Flask:
    app = Flask("shop")
    answer_request_errors(app)

    @app.get("/")
    def index() -> str:
        raise LoginRequiredError(headers=[("WWW-Authenticate", "Bearer")])

    return app


def test_a_refusal_is_answered_by_the_registered_handler(app: Flask) -> None:
    """Status, challenge and problem body reach the client."""
    answer_request_errors(app)  # a second part asks for the same handler

    response = app.test_client().get("/")

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.get_json(force=True)["title"] == "Unauthorized"


@pytest.mark.parametrize("cls", [Unauthorized, 401, HTTPException, Exception])
def test_the_applications_own_handler_wins(
    app: Flask, cls: type[Exception] | int
) -> None:
    """A handler for the code, the class or all errors hides ours."""
    app.register_error_handler(cls, lambda _error: ("theirs", 418))

    assert app.test_client().get("/").status_code == 418


def test_an_async_handler_of_the_application_is_awaited(app: Flask) -> None:
    """A coroutine handler for HTTPException answers too."""

    @app.errorhandler(HTTPException)
    async def handle(_error: HTTPException) -> tuple[str, int]:
        return "theirs", 418

    assert app.test_client().get("/").status_code == 418
