"""The shipped converters: one text for one value."""

import typing as t
from collections.abc import Callable
from datetime import date
from datetime import datetime
from datetime import UTC
from uuid import UUID
from uuid import uuid4

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from werkzeug.routing import BuildError
from werkzeug.routing import Map
from werkzeug.routing import Rule

from flask_toolkit.routing import PatternError
from flask_toolkit.routing._named import check_examples
from flask_toolkit.routing._shipped import SHIPPED

Make = Callable[..., Flask]
Ask = Callable[[Flask, str], str]
Build = Callable[..., str]

UUID4 = "9b2e7d3c-5a41-4f6e-8c0d-1f2a3b4c5d6e"
UUID7 = "018f3f5e-7c1a-7b2d-9e4f-0a1b2c3d4e5f"


@pytest.mark.parametrize(
    ("converter", "text", "answer"),
    [
        pytest.param("slug", "hello-world-2", "'hello-world-2'", id="slug"),
        pytest.param("slug", "Hello", "404", id="slug-upper"),
        pytest.param("slug", "a--b", "404", id="slug-double-hyphen"),
        pytest.param("slug", "-a", "404", id="slug-leading-hyphen"),
        pytest.param("slug", "a_b", "404", id="slug-underscore"),
        pytest.param("slug", "über", "404", id="slug-ascii"),
        pytest.param("slug(unicode=True)", "über-uns", "'über-uns'", id="slug-all"),
        pytest.param("slug(unicode=True)", "u\u0308ber", "404", id="slug-decomposed"),
        pytest.param("slug(unicode=True)", "Über", "404", id="slug-all-upper"),
        pytest.param("slug(unicode=True)", "a_b", "404", id="slug-all-underscore"),
        pytest.param("sint", "0", "0", id="zero"),
        pytest.param("sint", "-7", "-7", id="negative"),
        pytest.param("sint", "9" * 18, "9" * 18, id="sint-longest"),
        pytest.param("sint", "1" + "0" * 18, "404", id="sint-too-long"),
        pytest.param("sint", "-0", "404", id="minus-zero"),
        pytest.param("sint", "007", "404", id="leading-zero"),
        pytest.param("sint", "+1", "404", id="plus"),
        pytest.param("sint", "٣", "404", id="other-digits"),
        pytest.param('sint(min="-5", max=5)', "-5", "-5", id="p20-min"),
        pytest.param('sint(min="-5", max=5)', "-6", "404", id="below"),
        pytest.param("sint(min=1, max=5)", "6", "404", id="above"),
        pytest.param("date", "2024-02-29", "datetime.date(2024, 2, 29)", id="date"),
        pytest.param("date", "2023-02-29", "404", id="no-such-day"),
        pytest.param("date", "0000-01-01", "404", id="no-such-year"),
        pytest.param("date", "20260101", "404", id="p28-basic"),
        pytest.param("date", "2026-W01-1", "404", id="p28-week"),
        pytest.param("date", "2026-01-01T10", "404", id="p28-time"),
        pytest.param("uuid4", UUID4, f"UUID('{UUID4}')", id="uuid4"),
        pytest.param("uuid4", UUID4.upper(), "404", id="uuid4-upper"),
        pytest.param("uuid4", UUID7, "404", id="uuid4-other-version"),
        pytest.param("uuid4", UUID4.replace("-", ""), "404", id="uuid4-no-hyphens"),
        pytest.param("uuid4", UUID4.replace("-8", "-c"), "404", id="uuid4-variant"),
        pytest.param("uuid7", UUID7, f"UUID('{UUID7}')", id="uuid7"),
        pytest.param("uuid7", UUID4, "404", id="uuid7-other-version"),
        pytest.param("hex", "0f" * 16, f"'{'0f' * 16}'", id="hex"),
        pytest.param("hex", "0F" * 16, "404", id="hex-upper"),
        pytest.param("hex", "0f" * 15, "404", id="hex-short"),
        pytest.param("hex(length=8)", "0123abcd", "'0123abcd'", id="hex-8"),
        pytest.param("hex(length=8)", "0123abcde", "404", id="hex-9"),
        pytest.param("hex(length=400)", "a" * 400, f"'{'a' * 400}'", id="hex-long"),
    ],
)
def test_only_the_canonical_text_is_a_value(
    make: Make, ask: Ask, converter: str, text: str, answer: str
) -> None:
    """Every other spelling is a 404: one resource, one URL."""
    assert ask(make(f"/x/<{converter}:x>"), f"/x/{text}") == answer


@pytest.mark.parametrize(
    ("converter", "value", "url"),
    [
        pytest.param("slug", "a-b", "/x/a-b", id="slug"),
        pytest.param("slug(unicode=True)", "ü", "/x/%C3%BC", id="slug-unicode"),
        pytest.param("sint", -7, "/x/-7", id="sint"),
        pytest.param("date", date(987, 1, 2), "/x/0987-01-02", id="date"),
        pytest.param("uuid4", UUID(UUID4), f"/x/{UUID4}", id="uuid4"),
        pytest.param("uuid7", UUID(UUID7), f"/x/{UUID7}", id="uuid7"),
        pytest.param("hex(length=2)", "0f", "/x/0f", id="hex"),
    ],
)
def test_value_becomes_its_url(
    make: Make, build: Build, converter: str, value: object, url: str
) -> None:
    """``url_for`` takes the Python value."""
    assert build(make(f"/x/<{converter}:x>"), x=value) == url


@pytest.mark.parametrize(
    ("converter", "value"),
    [
        pytest.param("slug", "A", id="slug-upper"),
        pytest.param("slug(unicode=True)", "u\u0308", id="slug-decomposed"),
        pytest.param("sint", 10**18, id="sint-too-long"),
        pytest.param("sint", 1.0, id="sint-float"),
        pytest.param("sint", True, id="sint-bool"),
        pytest.param("sint(max=5)", 6, id="sint-above"),
        pytest.param("date", "2026-01-01", id="date-text"),
        pytest.param("date", datetime(2026, 1, 1, tzinfo=UTC), id="date-with-time"),
        pytest.param("uuid4", UUID(UUID7), id="uuid-version"),
        pytest.param("hex", "0f", id="hex-short"),
    ],
)
def test_wrong_value_is_not_built(
    make: Make, build: Build, converter: str, value: object
) -> None:
    """A value that would not come back is a BuildError where it is built."""
    app = make(f"/x/<{converter}:x>")

    with pytest.raises(BuildError):
        build(app, x=value)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        pytest.param("/<sint(min=2, max=1):x>", "above its max", id="bounds"),
        pytest.param('/<sint(min="a"):x>', "whole number", id="word"),
        pytest.param("/<hex(length=0):x>", "at least 1", id="no-length"),
        pytest.param("/<hex(length=5000):x>", "at most 4096", id="huge-length"),
    ],
)
def test_wrong_option_fails_when_added(make: Make, rule: str, message: str) -> None:
    """An option that cannot work is found before a request comes."""
    app = make()

    with pytest.raises(PatternError, match=message):
        app.add_url_rule(rule, "x")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *(pytest.param(name, {}, id=name) for name in SHIPPED if name != "regex"),
        pytest.param("slug", {"unicode": True}, id="slug-unicode"),
        pytest.param("sint", {"min": 50, "max": 60}, id="sint-bounds"),
        pytest.param("hex", {"length": 5}, id="hex-5"),
    ],
)
def test_examples_are_values(name: str, options: dict[str, t.Any]) -> None:
    """Each instance has examples, which match, cast and come back."""
    converter = SHIPPED[name](Map(), **options)

    assert converter.examples
    check_examples(converter)


def test_built_in_uuid_stays(make: Make, ask: Ask) -> None:
    """Werkzeug's own converters keep their names and manners."""
    assert ask(make("/x/<uuid:x>"), f"/x/{UUID4.upper()}") == f"UUID('{UUID4}')"


def _ascii(x: object) -> str:
    return ascii(x)


_LETTERS = st.characters(codec="utf-8", categories=["Ll", "Lo"])


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.tuples(
            st.just("slug"), st.from_regex("[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True)
        ),
        st.tuples(st.just("slug(unicode=True)"), st.text(_LETTERS, min_size=1)),
        st.tuples(st.just("sint"), st.integers(-(10**18), 10**18)),
        st.tuples(st.just("date"), st.dates()),
        st.tuples(st.just("uuid4"), st.builds(uuid4)),
        st.tuples(st.sampled_from(["uuid4", "uuid7"]), st.uuids()),
        st.tuples(st.just("hex(length=6)"), st.text("0123456789abcdefA", max_size=7)),
        st.tuples(st.just('regex("[^/]+")'), st.text(max_size=9)),
    )
)
def test_value_comes_back_from_its_url(pair: tuple[str, object]) -> None:
    """``match(url_for(v)) == v`` for every shipped converter."""
    converter, value = pair
    rules = Map([Rule(f"/x/<{converter}:x>", endpoint="x")], converters=SHIPPED)
    app = Flask("x", static_folder=None)
    app.url_map = rules
    app.view_functions["x"] = _ascii

    try:
        url = rules.bind("localhost").build("x", {"x": value})
    except BuildError:
        return

    response = app.test_client().get(url)
    assert (response.status_code, response.text) == (200, ascii(value))
