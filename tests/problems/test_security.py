"""Section 7 of the design, E1 to E4, and a fuzz over the Accept header."""

import logging
import re
import typing as t
from types import SimpleNamespace

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from werkzeug.exceptions import default_exceptions

from flask_toolkit.problems import FieldError
from flask_toolkit.problems import Problems

JSON = {"Accept": "application/json"}
_LATIN_1 = st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f")


@pytest.mark.usefixtures("problems")
@pytest.mark.parametrize("headers", [{}, JSON], ids=["html", "json"])
@pytest.mark.parametrize(
    ("name", "header", "value"),
    [
        pytest.param("method", "Allow", "GET, PUT", id="rfc-9110-15.5.6"),
        pytest.param("retry", "Retry-After", "7", id="rfc-9110-10.2.3"),
        pytest.param("range", "Content-Range", "bytes */100", id="rfc-9110-14.4"),
        pytest.param(
            "login", "WWW-Authenticate", 'Bearer realm="shop"', id="rfc-9110-11.6.1"
        ),
    ],
)
def test_e1_headers_are_kept(
    app: Flask, headers: dict[str, str], name: str, header: str, value: str
) -> None:
    """The tutorial's ``jsonify(...), e.code`` drops them."""
    answer = app.test_client().get(f"/headers/{name}", headers=headers)

    assert answer.headers[header] == value
    assert len(answer.headers.getlist("Content-Type")) == 1


@pytest.mark.usefixtures("problems")
@pytest.mark.parametrize("headers", [{}, JSON], ids=["html", "json"])
def test_refusals_are_never_stored(app: Flask, headers: dict[str, str]) -> None:
    """401 and 403, of Werkzeug too; others may be."""
    client = app.test_client()

    for code, stored in [(401, "no-store"), (403, "no-store"), (404, None)]:
        answer = client.get(f"/abort/{code}", headers=headers)
        assert answer.headers.get("Cache-Control") == stored


@pytest.mark.usefixtures("problems")
@pytest.mark.parametrize("headers", [{}, JSON], ids=["html", "json"])
def test_e3_an_unhandled_failure_tells_only_its_id(
    app: Flask, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """No text, class, path or stack (RFC 9457 sections 3.1.4 and 5)."""
    answer = app.test_client().get("/fail", headers=headers)

    assert answer.status_code == 500
    assert not re.search("canary|LookupError|Traceback|SELECT|/srv|.py", answer.text)
    found = re.search(r"[0-9a-f]{32}", answer.text)
    assert found is not None
    assert answer.text.startswith("{" if headers else "<!doctype html>")
    record = next(r for r in caplog.records if hasattr(r, "error_id"))
    assert record.__dict__["error_id"] == found[0]
    assert record.getMessage() == f"Error {found[0]} answered with 500"
    assert record.levelno == logging.ERROR


@pytest.mark.usefixtures("problems")
def test_the_error_id_is_the_request_id(app: Flask) -> None:
    """Where the middleware gave one."""
    scope = SimpleNamespace(request_id="req-12345678")
    answer = app.test_client().get(
        "/fail", headers=JSON, environ_base={"toolkit.scope": scope}
    )

    assert answer.json == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": t.cast("t.Any", default_exceptions[500]).description,
        "error_id": "req-12345678",
    }


@pytest.mark.usefixtures("problems")
def test_in_debug_the_failure_is_shown(app: Flask) -> None:
    """Class and traceback, escaped in HTML."""
    app.debug = True
    client = app.test_client()
    answer = client.get("/fail", headers=JSON)
    assert answer.json is not None
    assert answer.json["exception"] == "LookupError"
    assert "canary" in answer.json["traceback"][-1]
    page = client.get("/fail")
    assert "<pre>Traceback" in page.text
    assert "&#34;" in page.text


@pytest.mark.usefixtures("problems")
def test_an_abort_500_is_not_a_failure(app: Flask) -> None:
    """What the application raises on purpose has no error id."""
    answer = app.test_client().get("/abort/500", headers=JSON)

    assert answer.json is not None
    assert "error_id" not in answer.json


@pytest.mark.usefixtures("problems")
def test_html_escapes_every_value(app: Flask) -> None:
    """Detail and field errors of a problem."""
    page = app.test_client().get("/stock").text

    assert "<title>409 Out of stock</title>" in page
    assert "<p>Only &lt;b&gt;2&lt;/b&gt; left.</p>" in page
    assert "<li><code>#/items/0/a~1b</code> too &lt;many&gt;</li>" in page


@pytest.mark.usefixtures("problems")
def test_user_text_stays_out_of_title_and_type(app: Flask) -> None:
    """The path a client invents is nowhere in the answer."""
    answer = app.test_client().get("/canary?canary=<canary>", headers=JSON)

    assert "canary" not in answer.text


@pytest.mark.parametrize("is_debug", [False, True], ids=["production", "debug"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/abort", "/api/abort"], ids=["auto", "json-policy"])
@pytest.mark.parametrize(
    "accept", [None, "*/*", "application/json", "application/problem+json", "x"]
)
def test_e4_every_http_error(
    app: Flask, accept: str | None, path: str, method: str, is_debug: bool
) -> None:
    """Status and body agree; HEAD has the headers and no body."""
    app.debug = is_debug
    Problems(app, policy={"/api": "json"})
    client = app.test_client()
    headers = {"Accept": accept} if accept else {}

    for code in default_exceptions:
        answer = client.open(f"{path}/{code}", method=method, headers=headers)
        assert answer.status_code == code
        assert ("Vary" in answer.headers) == (path == "/abort")
        is_json = path == "/api/abort" or (accept is not None and "json" in accept)
        assert answer.is_json == is_json
        assert "Traceback" not in answer.text

        if method == "HEAD":
            assert not answer.data
        elif is_json:
            assert answer.get_json(force=True)["status"] == code
        else:
            assert f"<title>{code} " in answer.text


@settings(max_examples=150)
@given(
    st.text(
        st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f")
    )
)
def test_no_accept_header_makes_a_500(accept: str) -> None:
    """Whatever a client sends, the error stays the error."""
    answer = _CLIENT.get("/nowhere", headers={"Accept": accept})

    assert answer.status_code == 404
    assert answer.mimetype in {
        "text/html",
        "application/json",
        "application/problem+json",
    }


def _client() -> t.Any:
    app = Flask("fuzz")
    Problems(app)
    return app.test_client()


_CLIENT = _client()


def test_an_extra_slash_changes_no_policy() -> None:
    """Werkzeug reads //api as /api; so does the choice of the form."""
    app = Flask("app")
    Problems(app, policy={"/api": "json"})
    answer = app.test_client().get("/", environ_overrides={"PATH_INFO": "//api/none"})

    assert answer.mimetype == "application/problem+json"


def test_half_a_character_in_a_name_is_no_failure() -> None:
    """A client's JSON may hold a lone surrogate as the name of a member."""
    assert FieldError.at("unknown", "\ud800").pointer == "#/?"
