"""What may stand in the header of an answer."""

import typing as t
from collections.abc import Callable
from unittest.mock import ANY
from wsgiref.headers import Headers

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from flask_toolkit.middleware import _headers
from flask_toolkit.middleware import Middleware
from flask_toolkit.middleware import Scope
from flask_toolkit.middleware._headers import CheckedHeaders
from flask_toolkit.middleware._headers import trouble

Make = Callable[..., Flask]
Serve = Callable[..., t.Any]


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        pytest.param("X-A", "b\r\nSet-Cookie: x=y", "character", id="crlf"),
        pytest.param("X-A", "b\nc", "character", id="lf"),
        pytest.param("X-A", "b\rc", "character", id="cr"),
        pytest.param("X-A", "b\0c", "character", id="nul"),
        pytest.param("X-A", "b\x7fc", "character", id="delete"),
        pytest.param("X-A", "\u20ac", "character", id="not-latin-1"),
        pytest.param("X-A", " b", "character", id="leading-blank"),
        pytest.param("X-A", 5, "is no text", id="number"),
        pytest.param("X A", "b", "not the name", id="blank-in-name"),
        pytest.param("X-A:", "b", "not the name", id="colon-in-name"),
        pytest.param("X-A\r\n", "b", "not the name", id="crlf-in-name"),
        pytest.param("", "b", "not the name", id="no-name"),
        pytest.param(None, "b", "not the name", id="none"),
        pytest.param("Connection", "close", "hop-by-hop", id="connection"),
        pytest.param("transfer-ENCODING", "chunked", "hop-by-hop", id="any-case"),
    ],
)
def test_no_control_character_and_no_hop_by_hop_header(
    name: t.Any, value: t.Any, word: str
) -> None:
    """RFC 9110 5.5 and 7.6.1, PEP 3333: every way to set a header refuses it."""
    assert word in (trouble(name, value) or "")
    headers = CheckedHeaders([("X-Before", "1")])

    with pytest.raises(ValueError, match=word):
        headers[name] = value
    with pytest.raises(ValueError, match=word):
        headers.setdefault(name, value)
    if isinstance(name, str) and isinstance(value, str):
        with pytest.raises(ValueError, match=word):
            headers.add_header(name, value)

    assert headers.items() == [("X-Before", "1")]


def test_good_headers_are_set() -> None:
    """The object works as the one of the standard library, on the same list."""
    pairs = [("X-A", "1")]
    headers: Headers = CheckedHeaders(pairs)
    headers["X-A"] = "2"
    headers.setdefault("x-a", "3")
    headers.add_header("Content-Disposition", "attachment", filename="a b.txt")

    assert pairs == [
        ("X-A", "2"),
        ("Content-Disposition", 'attachment; filename="a b.txt"'),
    ]


def test_each_way_of_changing_headers_knows_the_others() -> None:
    """Names are told apart by their letters only, whoever set them and how."""
    pairs = [("x-a", "0"), ("X-B", "0")]
    headers: Headers = CheckedHeaders(pairs)
    headers["X-A"] = "1"
    headers["X-C"] = "caf\u00e9"
    headers.add_header("x-e", "2")
    headers["X-E"] = "3"
    headers.setdefault("X-D", "4")
    headers["x-d"] = "5"
    del headers["X-B"]
    headers["X-B"] = ""

    assert dict(headers.items()) == {
        "X-A": "1",
        "X-C": "caf\u00e9",
        "X-E": "3",
        "x-d": "5",
        "X-B": "",
    }


def test_what_is_set_waits_until_somebody_looks() -> None:
    """The list is changed once, in the order of the names, by whoever comes first."""
    pairs = [("X-A", "0"), ("X-B", "0")]
    headers = CheckedHeaders(pairs)
    headers["x-a"] = "1"
    headers["X-C"] = "2"
    headers["X-A"] = "3"
    assert pairs == [("X-A", "0"), ("X-B", "0")]

    headers.flush()
    headers.flush()

    assert pairs == [("X-B", "0"), ("X-A", "3"), ("X-C", "2")]
    assert "x-a" in headers
    assert len(headers) == 3


def test_a_known_value_is_known_by_the_object() -> None:
    """What equals a good value and is no text is refused all the same."""
    headers = CheckedHeaders([])
    headers["X-Known-Value"] = "good"
    impostor: t.Any = ANY

    with pytest.raises(ValueError, match="is no text"):
        headers["X-Known-Value"] = impostor

    assert headers["X-Known-Value"] == "good"


@pytest.mark.parametrize("name", ["_known", "_lower"])
def test_names_are_kept_up_to_a_limit(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """One that takes its names from elsewhere fills no memory."""
    kept: dict[str, t.Any] = {}
    monkeypatch.setattr(_headers, name, kept)
    headers = CheckedHeaders([(f"X-Given-{number}", "1") for number in range(300)])

    for number in range(300):
        headers[f"X-{number}"] = "1"

    assert len(headers) == 600
    assert len(kept) == 256


@given(st.text(), st.text())
def test_what_is_set_is_what_the_rules_allow(name: str, value: str) -> None:
    """The quick look at a value lets nothing pass that the rules refuse."""
    headers = CheckedHeaders([])

    try:
        headers[name] = value
    except ValueError:
        assert trouble(name, value) is not None
    else:
        assert trouble(name, value) is None
        assert headers.items() == [(name, value)]


@given(st.text(), st.text())
def test_what_passes_stays_one_line(name: str, value: str) -> None:
    """No accepted pair can be read as more than one header."""
    if trouble(name, value) is None:
        line = f"{name}: {value}".encode("latin-1")
        assert len(line.splitlines()) == 1 or b"\x85" in line
        assert not set(line) & {0, 10, 13}


def test_an_injected_header_never_reaches_the_client(make: Make, serve: Serve) -> None:
    """A middleware that copies what the client sent fails, loudly."""

    class Echo(Middleware):
        name = "echo"

        def headers(self, scope: Scope, status: str, headers: Headers) -> None:
            headers["X-Echo"] = scope.environ["HTTP_X_ECHO"]

    app = make(Echo())
    good = serve(app.wsgi_app, HTTP_X_ECHO="one")
    bad = serve(app.wsgi_app, HTTP_X_ECHO="one\r\nSet-Cookie: a=b")

    assert good["X-Echo"] == "one"
    assert isinstance(bad.error, ValueError)
    assert (bad.status, bad.headers) == ("", [])
