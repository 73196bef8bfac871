"""The extension, through real requests: the table of the design, row by row."""

import gc
import logging
import re
import typing as t
import weakref
from pathlib import Path

import pytest
from flask import abort
from flask import Blueprint
from flask import Flask
from flask import got_request_exception
from flask import Response
from werkzeug.exceptions import Conflict
from werkzeug.exceptions import Forbidden
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import NotFound
from werkzeug.test import create_environ

from flask_toolkit.errors import AccessDeniedError
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import SetupError
from flask_toolkit.problems import Problem
from flask_toolkit.problems import Problems

JSON = {"Accept": "application/json"}
PROBLEM = {"Accept": "application/problem+json"}


class SoldError(Exception):
    """An exception of the application."""


class Busy(Problem):
    """A problem with a slug."""

    code, slug, title = 503, "busy", "Too busy"


def test_browsers_keep_todays_page(app: Flask) -> None:
    """The body is Werkzeug's, byte for byte; what is new is Vary."""
    client = app.test_client()
    before = client.get("/nowhere")
    Problems(app := _again(app))
    after = app.test_client().get("/nowhere")

    assert after.data == before.data
    assert after.status == before.status
    assert after.content_type == before.content_type
    assert after.headers["Vary"] == "Accept"


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("place", ["class", "object"])
def test_an_error_that_makes_its_own_answer(accept: str, place: str) -> None:
    """Its headers stand in either form, wherever the method was written."""
    app = Flask("shop")
    Problems(app)

    def get_response(*_: object) -> Response:
        return Response("own", 409, {"X-Own": "1", "Vary": "Origin"})

    class Own(Conflict):
        """Writes the answer by itself."""

    @app.get("/")
    def fail() -> str:
        error = Own("Nothing left.")
        owners: dict[str, t.Any] = {"class": Own, "object": error}
        owners[place].get_response = get_response
        raise error

    answer = app.test_client().get("/", headers={"Accept": accept})

    assert (answer.status_code, answer.headers["X-Own"]) == (409, "1")
    assert answer.vary.as_set() == {"origin", "accept"}


def _again(app: Flask) -> Flask:
    """Return an app like ``app`` that has served nothing yet."""
    return Flask(app.name)


@pytest.mark.usefixtures("problems")
def test_json_clients_get_the_same_under_both_types(app: Flask) -> None:
    """application/json is the same body as application/problem+json."""
    client = app.test_client()
    plain, problem = (client.get("/nowhere", headers=h) for h in (JSON, PROBLEM))

    assert plain.data == problem.data
    assert plain.content_type == "application/json"
    assert problem.content_type == "application/problem+json"
    assert plain.json == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": NotFound.description,
    }
    assert plain.headers["Vary"] == problem.headers["Vary"] == "Accept"


def test_a_path_policy_decides_below_it(app: Flask) -> None:
    """Also for an URL that no route has, and without Vary."""
    app.config["TOOLKIT_PROBLEMS_POLICY"] = {"/api": "json", "/abort": "html"}
    Problems(app)
    client = app.test_client()
    unknown = client.get("/api/nowhere", headers={"Accept": "text/html"})
    page = client.get("/abort/418", headers=JSON)

    assert unknown.content_type == "application/problem+json"
    assert page.content_type == "text/html; charset=utf-8"
    assert "Vary" not in unknown.headers
    assert "Vary" not in page.headers
    assert client.get("/nowhere").content_type == "text/html; charset=utf-8"


@pytest.mark.usefixtures("problems")
@pytest.mark.parametrize("headers", [{}, JSON], ids=["html", "json"])
def test_what_carries_an_answer_is_untouched(
    app: Flask, headers: dict[str, str]
) -> None:
    """A response of its own, abort(Response), a redirect and an odd code."""
    own = Response("mine", 404)

    class Moved(HTTPException):
        code = 302

    @app.get("/own")
    def own_view() -> str:
        raise NotFound(response=own)

    @app.get("/response")
    def response() -> str:
        abort(Response("mine", 418))

    @app.get("/slash/")
    def slash() -> str:
        raise Moved

    client = app.test_client()
    assert client.get("/own", headers=headers).data == b"mine"
    assert client.get("/response", headers=headers).data == b"mine"
    redirect = client.get("/slash", headers=headers)
    assert redirect.status_code == 308
    assert "Vary" not in redirect.headers
    assert client.get("/slash/", headers=headers).mimetype == "text/html"


@pytest.mark.usefixtures("problems")
def test_handlers_of_the_app_win(app: Flask) -> None:
    """For a code and for a class; the rest stays ours."""
    app.register_error_handler(404, lambda error: ("by code", 404))
    app.register_error_handler(Busy, lambda error: ("by class", 503))

    @app.get("/busy")
    def busy() -> str:
        raise Busy

    client = app.test_client()
    assert client.get("/nowhere", headers=JSON).data == b"by code"
    assert client.get("/busy", headers=JSON).data == b"by class"
    assert client.get("/abort/400", headers=JSON).is_json


@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("cls", [HTTPException, Exception])
@pytest.mark.parametrize("path", ["/nowhere", "/stock"])
def test_a_handler_for_all_errors_wins(
    app: Flask, cls: type[Exception], is_before: bool, path: str
) -> None:
    """Whether it came before Problems or after, also for our own errors."""
    if not is_before:
        Problems(app)

    @app.errorhandler(cls)
    async def handler(error: HTTPException) -> tuple[str, int]:
        return "theirs", error.code or 500

    if is_before:
        Problems(app)

    assert app.test_client().get(path, headers=JSON).data == b"theirs"


@pytest.mark.usefixtures("problems")
def test_a_blueprints_handler_wins(app: Flask) -> None:
    """Flask asks it first."""
    blueprint = Blueprint("b", __name__)
    blueprint.register_error_handler(HTTPException, lambda error: ("theirs", 418))
    blueprint.add_url_rule("/b", view_func=lambda: abort(404))
    app.register_blueprint(blueprint)

    assert app.test_client().get("/b").data == b"theirs"
    assert app.test_client().get("/c", headers=JSON).is_json


@pytest.mark.usefixtures("problems")
def test_a_request_error_is_negotiated(app: Flask) -> None:
    """An error of the kernel gets a page of its own for a browser."""

    @app.get("/denied")
    def denied() -> str:
        raise AccessDeniedError("Not <you>.", members={"need": "editor"})

    client = app.test_client()
    page = client.get("/denied")
    assert page.content_type == "text/html; charset=utf-8"
    assert "<title>403 Forbidden</title>" in page.text
    assert "<p>Not &lt;you&gt;.</p>" in page.text
    answer = client.get("/denied", headers=JSON)
    assert answer.json is not None
    assert answer.json["need"] == "editor"
    assert answer.headers.getlist("Cache-Control") == ["no-store"]


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param("", "about:blank", id="none"),
        pytest.param(
            "https://shop.example/problems/",
            "https://shop.example/problems/out-of-stock",
            id="https",
        ),
        pytest.param("urn:shop:", "urn:shop:out-of-stock", id="urn"),
    ],
)
def test_a_problem_has_the_type_of_its_class(
    app: Flask, base: str, expected: str
) -> None:
    """TYPE_BASE and slug make it; an error without a slug is about:blank."""
    Problems(app, type_base=base)
    client = app.test_client()
    answer = client.get("/stock", headers=PROBLEM)

    assert answer.status_code == 409
    assert answer.headers["X-Left"] == "2"
    assert answer.json == {
        "type": expected,
        "title": "Out of stock",
        "status": 409,
        "detail": "Only <b>2</b> left.",
        "instance": "/stock/7",
        "errors": [{"detail": "too <many>", "pointer": "#/items/0/a~1b"}],
        "sku": "ABC",
    }
    other = client.get("/nowhere", headers=PROBLEM)
    assert other.json is not None
    assert other.json["type"] == "about:blank"


def test_map_answers_without_the_exceptions_text(
    app: Flask, problems: Problems, caplog: pytest.LogCaptureFixture
) -> None:
    """Status, type and detail are as given; the text goes to the log only."""
    problems.map(SoldError, 409, slug="sold", detail="Sold out.", log=logging.INFO)

    @app.get("/sold")
    def sold() -> str:
        raise SoldError("canary")

    with caplog.at_level(logging.INFO):
        answer = app.test_client().get("/sold", headers=JSON)

    assert answer.status_code == 409
    assert answer.json == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "Sold out.",
    }
    [record] = caplog.records
    assert (record.levelname, record.getMessage()) == (
        "INFO",
        "SoldError answered with 409",
    )
    assert "canary" in caplog.text
    page = app.test_client().get("/sold")
    assert "canary" not in page.text


def test_map_before_init_app_reaches_all_apps() -> None:
    """And its slug makes the type of each app."""
    problems = Problems()
    problems.map(SoldError, 409, slug="sold")

    def sold() -> str:
        raise SoldError

    types: list[str] = []

    for base in ("urn:a:", "urn:b:"):
        app = Flask("shop")
        app.config["TOOLKIT_PROBLEMS_TYPE_BASE"] = base
        app.add_url_rule("/", view_func=sold)
        problems.init_app(app)
        answer = app.test_client().get("/", headers=JSON)
        assert answer.json is not None
        assert "detail" not in answer.json
        types.append(answer.json["type"])

    assert types == ["urn:a:sold", "urn:b:sold"]


@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
def test_a_handler_of_the_app_wins_over_map(app: Flask, is_before: bool) -> None:
    """For the exception itself, and for the status it is mapped to."""
    problems = Problems()

    if not is_before:
        problems.init_app(app)
        problems.map(SoldError, 409)

    app.register_error_handler(SoldError, lambda error: ("theirs", 418))

    if is_before:
        problems.map(SoldError, 409)
        problems.init_app(app)

    @app.get("/sold")
    def sold() -> str:
        raise SoldError

    assert app.test_client().get("/sold").data == b"theirs"


def test_a_handler_for_the_status_wins_over_map(app: Flask, problems: Problems) -> None:
    """It gets a problem with that status."""
    problems.map(SoldError, 409)
    app.register_error_handler(409, lambda error: (error.name, 409))

    @app.get("/sold")
    def sold() -> str:
        raise SoldError

    client = app.test_client()
    assert client.get("/sold").data == b"Conflict"
    # Flask does not ask it: the class of this problem is not Werkzeug's.
    assert client.get("/stock").data == b"Conflict"


@pytest.mark.parametrize("exception", [Exception, NotFound, BaseException])
def test_map_refuses_what_would_hide_failures(
    problems: Problems, exception: type[Exception]
) -> None:
    """HTTP errors know their status; Exception would silence the log."""
    with pytest.raises(SetupError, match="takes an exception of your own"):
        problems.map(exception, 500)


@pytest.mark.parametrize(("code", "slug"), [(200, None), (409, "a b")])
def test_map_refuses_what_is_no_problem(
    problems: Problems, code: int, slug: str | None
) -> None:
    """A success, or a slug that cannot end a URI."""
    with pytest.raises(SetupError, match="SoldErrorProblem"):
        problems.map(SoldError, code, slug=slug)


def _templates(folder: Path, **pages: str) -> None:
    for name, text in pages.items():
        (folder / f"{name}.html").write_text(text)


def test_templates_render_html(tmp_path: Path) -> None:
    """With problem and error; where there is none, the plain page stands."""
    _templates(tmp_path, e404="<h1>{{ problem.title }}</h1>{{ error.code }}")
    app = Flask("shop", template_folder=str(tmp_path))
    problems = Problems(app)
    problems.render_html("e{code}.html")
    client = app.test_client()

    assert client.get("/nowhere").data == b"<h1>Not Found</h1>404"
    assert "<h1>Method Not Allowed</h1>" in client.post("/static/x").text
    # The WSGI layer has no context.
    error, environ = NotFound(), create_environ("/")
    outside = problems.response(app, environ, error)
    assert outside.data == b"<h1>Not Found</h1>404"

    with Flask("other").app_context():
        assert problems.response(app, environ, error).data == outside.data


@pytest.mark.parametrize(
    "text", ["{{ 1 / 0 }}", "{% include 'none.html' %}", "{{ x.y }}", "{% if %}"]
)
def test_a_failing_template_leaves_the_plain_page(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """And the failure is in the log."""
    _templates(tmp_path, e404=text)
    app = Flask("shop", template_folder=str(tmp_path))
    Problems(app).render_html("e{code}.html")
    answer = app.test_client().get("/nowhere")

    assert answer.status_code == 404
    assert answer.text == NotFound().get_body()
    assert caplog.messages == ["Rendering an error 404 failed"]
    assert caplog.records[0].exc_info is not None


def test_a_template_may_use_the_request_before_there_is_one(tmp_path: Path) -> None:
    """An error of a middleware gets the page that one of a view gets."""
    _templates(tmp_path, e403="{{ url_for('door') }} {{ request.args.x }}")
    app = Flask("shop", template_folder=str(tmp_path))
    app.add_url_rule("/door", "door", lambda: abort(403))
    problems = Problems(app)
    problems.render_html("e{code}.html")
    environ = create_environ("/door?x=1")

    assert app.test_client().get("/door?x=1").data == b"/door 1"
    assert problems.response(app, environ, Forbidden()).data == b"/door 1"

    with app.test_request_context("/door?x=2"):
        assert problems.response(app, environ, Forbidden()).data == b"/door 1"


def test_a_failing_template_changes_nothing_for_caches(tmp_path: Path) -> None:
    """A refusal is stored nowhere, and other clients get another form."""
    _templates(tmp_path, e401="{{ 1 / 0 }}")
    app = Flask("shop", template_folder=str(tmp_path))
    app.add_url_rule("/", view_func=lambda: abort(401))
    Problems(app).render_html("e{code}.html")
    answer = app.test_client().get("/")

    assert answer.status_code == 401
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.vary.as_set() == {"accept"}


@pytest.mark.usefixtures("problems")
def test_a_failing_json_provider_leaves_the_plain_page(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An error while answering an error is no 500."""
    monkeypatch.setattr(app.json, "response", lambda *_: 1 / 0)

    assert app.test_client().get("/nowhere", headers=JSON).status_code == 404
    assert caplog.messages == ["Rendering an error 404 failed"]


@pytest.mark.usefixtures("problems")
def test_a_description_may_be_anything(app: Flask) -> None:
    """Applications pass dicts and lazy translations; detail is text."""

    @app.get("/odd")
    def odd() -> str:
        description: t.Any = {"why": "so"}
        raise NotFound(description)

    answer = app.test_client().get("/odd", headers=JSON)
    assert answer.json is not None
    assert answer.json["detail"] == "{'why': 'so'}"


@pytest.mark.usefixtures("problems")
def test_a_bare_error_has_no_detail(app: Flask) -> None:
    """A code that Werkzeug does not describe."""

    class Odd(HTTPException):
        code = 499

    @app.get("/odd")
    def odd() -> str:
        raise Odd

    answer = app.test_client().get("/odd", headers=JSON)
    assert answer.json == {
        "type": "about:blank",
        "title": "Unknown Error",
        "status": 499,
    }


def test_two_apps_have_their_own_policy() -> None:
    """One Problems serves both."""
    first, second = Flask("first"), Flask("second")
    second.config["TOOLKIT_PROBLEMS_POLICY"] = {"/": "json"}
    problems = Problems(policy={"/": "html"})
    problems.init_app(first)
    problems.init_app(second)

    assert first.test_client().get("/", headers=JSON).mimetype == "text/html"
    assert second.test_client().get("/").mimetype == "application/problem+json"


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        pytest.param("POLICY", {"api": "json"}, "must begin with '/'", id="prefix"),
        pytest.param("POLICY", {"/api": "xml"}, "TOOLKIT_PROBLEMS_POLICY", id="form"),
        pytest.param("TYPE_BASE", "/problems/", "must be an absolute URI", id="path"),
        pytest.param("TYPE_BASE", "https://a b/", "absolute URI", id="space"),
        pytest.param("POLICE", {}, "did you mean TOOLKIT_PROBLEMS_POLICY?", id="typo"),
    ],
)
def test_bad_config_fails_at_start(
    app: Flask, key: str, value: object, problem: str
) -> None:
    """A bad value stops the app from starting and names the key."""
    app.config[f"TOOLKIT_PROBLEMS_{key}"] = value

    with pytest.raises(ConfigError, match=re.escape(problem)):
        Problems(app)


def test_a_second_init_app_is_refused(app: Flask, problems: Problems) -> None:
    """It would overwrite the first."""
    with pytest.raises(SetupError, match="already registered"):
        problems.init_app(app)


def test_without_init_app_it_says_so(app: Flask) -> None:
    """No app of this name has it."""
    with pytest.raises(SetupError, match="No Problems named 'problems'"):
        Problems().settings_of(app)

    assert repr(Problems()) == "<Problems 'problems'>"


def test_a_freed_app_leaves_nothing() -> None:
    """The part does not keep the application alive."""
    app = Flask("shop")
    problems = Problems(app)
    problems.map(SoldError, 409)
    gone = weakref.ref(app)

    del app
    gc.collect()
    assert gone() is None


def test_unhandled_failures_reach_log_signal_and_debugger(
    app: Flask, problems: Problems, caplog: pytest.LogCaptureFixture
) -> None:
    """E2: a handler for Exception would silence all three."""
    seen: list[BaseException] = []

    def note(sender: Flask, exception: BaseException) -> None:
        seen.append(exception)

    with got_request_exception.connected_to(note, app):
        assert app.test_client().get("/fail").status_code == 500

    assert isinstance(seen[0], LookupError)
    assert "Exception on /fail [GET]" in caplog.text
    app.config["PROPAGATE_EXCEPTIONS"] = True

    with pytest.raises(LookupError, match="canary"):
        app.test_client().get("/fail")
