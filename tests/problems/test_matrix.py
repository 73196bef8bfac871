"""Every HTTP error, by every way of asking, with and without debug mode."""

import typing as t

import pytest
from flask import Flask
from werkzeug.exceptions import abort
from werkzeug.exceptions import default_exceptions
from werkzeug.exceptions import HTTPException

from flask_toolkit import Toolkit
from flask_toolkit.middleware import Middleware
from flask_toolkit.middleware import MiddlewareStack
from flask_toolkit.problems import Problems
from flask_toolkit.typing import Scope

CHROME = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
    "image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
)
ACCEPTS = {
    "none": None,
    "chrome": CHROME,
    "anything": "*/*",
    "json": "application/json",
    "problem": "application/problem+json",
    "axios": "application/json, text/plain, */*",
    "image": "image/png",
    "broken": ";;q=,",
}
TRACES = ("Traceback", "LookupError", "canary", ".py")

each_accept = pytest.mark.parametrize("accept", ACCEPTS.values(), ids=list(ACCEPTS))
each_mode = pytest.mark.parametrize("debug", [False, True], ids=["production", "debug"])
each_path = pytest.mark.parametrize("path", ["", "/api"], ids=["auto", "json-policy"])


class Refuse(Middleware):
    """Raises the error that the path names, before there is a Flask request."""

    name = "refuse"

    def before(self, scope: Scope) -> None:
        """Refuse."""
        code = scope.environ["PATH_INFO"].rpartition("/")[2]
        abort(int(code), "Not here.")


def _headers(accept: str | None) -> dict[str, str]:
    return {} if accept is None else {"Accept": accept}


@each_accept
@each_mode
@each_path
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_failure_shows_its_stack_in_debug_mode_only(
    app: Flask, accept: str | None, debug: bool, path: str, method: str
) -> None:
    """In no form, for no client; HEAD has the headers of GET."""
    app.debug = debug
    app.add_url_rule("/api/fail", view_func=app.view_functions["fail"])
    Problems(app, policy={"/api": "json"})
    client = app.test_client()
    get = client.get(f"{path}/fail", headers=_headers(accept))
    answer = client.open(f"{path}/fail", method=method, headers=_headers(accept))

    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == get.headers["Content-Type"]
    assert answer.text == ("" if method == "HEAD" else answer.text)
    shown = [word for word in TRACES if word in get.text]
    assert shown == (list(TRACES) if debug else [])


@pytest.mark.usefixtures("problems")
@each_accept
@each_mode
@pytest.mark.parametrize(
    "kept",
    [
        ("method", "Allow", "GET, PUT"),
        ("retry", "Retry-After", "7"),
        ("range", "Content-Range", "bytes */100"),
        ("login", "WWW-Authenticate", 'Bearer realm="shop"'),
    ],
    ids=["allow", "retry", "range", "challenge"],
)
def test_headers_are_kept_in_every_form(
    app: Flask, accept: str | None, debug: bool, kept: tuple[str, str, str]
) -> None:
    """RFC 9110 sections 15.5.6, 10.2.3, 14.4 and 11.6.1."""
    app.debug = debug
    name, header, value = kept
    answer = app.test_client().get(f"/headers/{name}", headers=_headers(accept))

    assert answer.headers[header] == value


@each_accept
@each_mode
def test_the_wsgi_layer_answers_as_a_view(accept: str | None, debug: bool) -> None:
    """The same error, raised before Flask or in a view, is the same answer."""
    inside, outside = Flask("shop"), Flask("shop")
    inside.debug = outside.debug = debug

    @inside.get("/<int:code>")
    def fail(code: int) -> t.Any:
        abort(code, "Not here.")

    Toolkit(inside)
    Toolkit(outside, middleware=MiddlewareStack(use=[Refuse()]))

    def answer(app: Flask, code: int) -> t.Any:
        got = app.test_client().get(f"/{code}", headers=_headers(accept))
        dropped = {"X-Request-ID"}
        headers = [pair for pair in got.headers if pair[0] not in dropped]
        assert "X-Request-ID" in got.headers
        return got.status, sorted(headers), got.data

    for code in default_exceptions:
        assert answer(outside, code) == answer(inside, code)


def test_the_matrix_is_complete() -> None:
    """A status that Werkzeug adds is tested without a change here."""
    assert {401, 403, 404, 405, 409, 410, 422, 429, 500, 503} <= set(default_exceptions)
    assert all(issubclass(e, HTTPException) for e in default_exceptions.values())
