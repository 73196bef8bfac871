"""The session's cookie is read as Werkzeug reads it."""

from __future__ import annotations

import pytest
from flask import Flask
from flask import request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.http import parse_cookie

from flask_toolkit.sessions._sent import find
from flask_toolkit.sessions._sent import sent

HEADERS = st.text(st.sampled_from("sx=; \t\"\\,ä'\n")) | st.text(max_size=20)


@given(HEADERS)
def test_every_header_is_read_as_by_werkzeug(header: str) -> None:
    """The first cookie with the name, or none; quotes are left to Werkzeug."""
    found = find(header, "s")

    assert found is None or found == parse_cookie(header).get("s", "")


@pytest.mark.parametrize(
    ("header", "value"),
    [
        pytest.param("session=abc", "abc", id="alone"),
        pytest.param("a=1; session=abc; b=2", "abc", id="in the middle"),
        pytest.param("session=abc; session=def", "abc", id="the first counts"),
        pytest.param("xsession=abc", "", id="another name"),
        pytest.param("session", "", id="no value"),
        pytest.param('session="abc"', "abc", id="quoted"),
        pytest.param("session=abc; b=\xc3\xa4", "abc", id="not ASCII"),
        pytest.param("", "", id="empty"),
    ],
)
def test_the_cookie_of_a_request(header: str, value: str) -> None:
    """It is what ``request.cookies`` has."""
    with Flask("shop").test_request_context(environ_base={"HTTP_COOKIE": header}):
        assert sent(request, "session") == value
        assert request.cookies.get("session", "") == value


@pytest.mark.parametrize("white", [" ", "\t"])
def test_white_space_is_left_to_werkzeug(white: str) -> None:
    """Its versions differ: some read the value, some the next cookie."""
    header = f"session=a{white}b; session=def"

    with Flask("shop").test_request_context(environ_base={"HTTP_COOKIE": header}):
        assert sent(request, "session") == request.cookies.get("session", "")


def test_a_request_without_cookies_has_none() -> None:
    """Most requests for open pages are like that."""
    with Flask("shop").test_request_context():
        assert sent(request, "session") == ""
