"""The error tree: one root, and answers that render themselves."""

import json
import pickle
import re
import typing as t

import pytest
from flask import Blueprint
from flask import Flask
from flask import Response
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.exceptions import Unauthorized

from flask_toolkit import errors
from flask_toolkit._extension import answer_request_errors
from flask_toolkit.errors import AccessDeniedError
from flask_toolkit.errors import BadCredentialError
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


def test_what_all_errors_of_a_class_say_is_written_once() -> None:
    """An error that says nothing of its own is answered by the text before."""
    body = LoginRequiredError().get_body()

    assert LoginRequiredError().get_body() is body
    assert BadCredentialError().get_body() != body


def test_what_one_error_says_stays_with_it() -> None:
    """Whatever was added to an error is in its answer, and in no other."""

    class TimedError(LoginRequiredError):
        def problem(self) -> dict[str, object]:
            return super().problem() | {"again": next(numbers)}

    numbers = iter(range(9))
    plain = LoginRequiredError().get_body()
    detailed = LoginRequiredError("Told.")
    given = LoginRequiredError(members={"part": 1})
    changed = LoginRequiredError()
    changed.members["part"] = True
    described = LoginRequiredError()
    described.description = "Described."
    coded = LoginRequiredError()
    coded.code = 418

    assert json.loads(detailed.get_body())["detail"] == "Told."
    assert json.loads(given.get_body())["part"] == 1
    assert json.loads(changed.get_body())["part"] is True
    assert json.loads(described.get_body())["detail"] == "Described."
    assert json.loads(coded.get_body())["status"] == 418
    assert [json.loads(TimedError().get_body())["again"] for _ in "ab"] == [0, 1]
    assert LoginRequiredError().get_body() == plain


def test_errors_of_one_status_take_the_detail_first() -> None:
    """Some of Werkzeug's classes take something else there."""

    class ReadOnlyError(RequestError, MethodNotAllowed):
        pass

    assert ReadOnlyError("Nothing can be changed.").problem() == {
        "type": "about:blank",
        "title": "Method Not Allowed",
        "status": 405,
        "detail": "Nothing can be changed.",
    }
    assert LoginRequiredError().www_authenticate is None


def test_a_store_that_is_down_says_when_to_come_back() -> None:
    """503 keeps Retry-After (RFC 9110 10.2.3) and may be given another."""
    assert StoreFullError().get_response({}).headers["Retry-After"] == "5"
    later = StoreFullError(headers={"Retry-After": "60"})
    assert later.get_response({}).headers["Retry-After"] == "60"
    assert StoreFullError(headers={}).headers == []


def test_a_class_has_headers_of_its_own() -> None:
    """They stand in where none are given, in a copy for each error."""

    class TeapotError(RequestError):
        code = 418
        default_headers = (("X-Pot", "tea"),)

    TeapotError().headers.append(("X-Pot", "coffee"))

    assert TeapotError().get_response({}).headers.getlist("X-Pot") == ["tea"]


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


def test_a_refusal_is_a_response_of_the_application(app: Flask) -> None:
    """Its own response class answers, as it does for a view."""

    class Signed(Response):
        default_mimetype = "text/plain"

        def get_wsgi_headers(self, environ: t.Any) -> t.Any:
            headers = super().get_wsgi_headers(environ)
            headers["X-Signed"] = "yes"
            return headers

    app.response_class = Signed
    response = app.test_client().get("/")

    assert response.headers["X-Signed"] == "yes"
    assert response.mimetype == "application/problem+json"


def test_an_error_may_bring_its_own_response(app: Flask) -> None:
    """One that it carries, or one that it makes."""

    class TeapotError(RequestError):
        code = 418

        def get_response(self, *_args: object, **_kwargs: object) -> t.Any:
            return Response("made", 418)

    @app.get("/made")
    def made() -> str:
        raise TeapotError

    @app.get("/carried")
    def carried() -> str:
        error = AccessDeniedError()
        error.response = Response("carried", 410)
        raise error

    client = app.test_client()
    assert client.get("/made").text == "made"
    assert (client.get("/carried").text, client.get("/carried").status_code) == (
        "carried",
        410,
    )


def test_the_handler_of_a_blueprint_is_for_its_views(app: Flask) -> None:
    """One for all errors hides ours in the blueprint, and nowhere else."""
    blueprint = Blueprint("part", __name__)
    blueprint.register_error_handler(HTTPException, lambda _: ("the part's", 418))

    @blueprint.get("/part")
    def part() -> str:
        raise AccessDeniedError

    app.register_blueprint(blueprint)
    client = app.test_client()

    assert client.get("/part").text == "the part's"
    assert client.get("/").status_code == 401
