"""The shipped converters: one text for one value."""

import logging
import typing as t
import unicodedata
from collections import Counter
from collections.abc import Callable
from datetime import date
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from datetime import UTC
from decimal import Decimal
from urllib.parse import unquote
from uuid import UUID
from uuid import uuid4

import pytest
from flask import Flask
from flask import url_for
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from werkzeug.routing import BuildError
from werkzeug.routing import Map
from werkzeug.routing import Rule

from flask_toolkit.routing import Converters
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
        pytest.param("slug(unicode=True)", "é_b", "404", id="slug-all-mixed"),
        pytest.param("slug(unicode=True)", "é--b", "404", id="slug-all-two-hyphens"),
        pytest.param("slug(unicode=True)", "a→b", "404", id="slug-arrow"),
        pytest.param("slug(unicode=True)", "a\u2010b", "404", id="slug-other-hyphen"),
        pytest.param("slug(unicode=True)", "a\u00a0b", "404", id="slug-other-space"),
        pytest.param("slug(unicode=True)", "\u0301", "404", id="slug-lone-mark"),
        pytest.param("slug(unicode=True)", "a-\u0301", "404", id="slug-mark-in-front"),
        pytest.param("slug(unicode=True)", "a\u200db", "404", id="slug-joiner"),
        pytest.param("slug(unicode=True)", "中\ufe00", "404", id="slug-variation"),
        pytest.param("slug(unicode=True)", "a\u115f", "404", id="slug-filler"),
        pytest.param("slug(unicode=True)", "e\u0301", "404", id="slug-nfd"),
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
        pytest.param("decimal", "12.50", "Decimal('12.50')", id="decimal"),
        pytest.param("decimal", "-0.01", "Decimal('-0.01')", id="decimal-negative"),
        pytest.param("decimal", "0.00", "Decimal('0.00')", id="decimal-zero"),
        pytest.param("decimal", "-0.00", "404", id="decimal-minus-zero"),
        pytest.param("decimal", "1.5", "404", id="decimal-few"),
        pytest.param("decimal", "1.500", "404", id="decimal-many"),
        pytest.param("decimal", "1", "404", id="decimal-none"),
        pytest.param("decimal", "01.50", "404", id="decimal-leading-zero"),
        pytest.param("decimal", ".50", "404", id="decimal-no-whole"),
        pytest.param("decimal", "1.5E1", "404", id="decimal-exponent"),
        pytest.param("decimal", "NaN", "404", id="decimal-nan"),
        pytest.param("decimal", "Infinity", "404", id="decimal-infinity"),
        pytest.param("decimal", "9" * 19 + ".00", "404", id="decimal-too-long"),
        pytest.param("decimal(places=1)", "1.5", "Decimal('1.5')", id="decimal-1"),
        pytest.param(
            "datetime",
            "2026-02-28T23:59:07Z",
            "datetime.datetime(2026, 2, 28, 23, 59, 7, tzinfo=datetime.timezone.utc)",
            id="datetime",
        ),
        pytest.param(
            'datetime(tz="naive")',
            "0987-01-01T00:00:00",
            "datetime.datetime(987, 1, 1, 0, 0)",
            id="datetime-naive",
        ),
        pytest.param("datetime", "2026-02-28T23:59:07", "404", id="datetime-no-z"),
        pytest.param("datetime", "2026-02-28t23:59:07z", "404", id="datetime-lower"),
        pytest.param("datetime", "2026-02-28T24:00:00Z", "404", id="datetime-24"),
        pytest.param("datetime", "2026-02-28T23:59:60Z", "404", id="datetime-leap"),
        pytest.param("datetime", "2026-02-30T23:59:07Z", "404", id="datetime-no-day"),
        pytest.param("datetime", "2026-01-01T10", "404", id="p28-hour"),
        pytest.param("datetime", "2026-01-01T10:00:00.5Z", "404", id="datetime-half"),
        pytest.param(
            "datetime", "2026-01-01T10:00:00+00:00", "404", id="datetime-offset"
        ),
        pytest.param(
            'datetime(tz="naive")', "2026-01-01T10:00:00Z", "404", id="datetime-not-z"
        ),
        pytest.param('list(of="sint")', "1,-2,3", "(1, -2, 3)", id="list"),
        pytest.param("list", "a", "('a',)", id="list-of-one"),
        pytest.param('list(of="sint")', "1,,3", "404", id="list-empty-item"),
        pytest.param('list(of="sint")', "1,2,", "404", id="list-open-end"),
        pytest.param('list(of="sint")', "1,x", "404", id="list-bad-item"),
        pytest.param('list(of="hex")', "Z" * 32, "404", id="list-unmatched-item"),
        pytest.param('list(of="int", max=2)', "1,2,3", "404", id="list-too-many"),
        pytest.param('list(of="int", min=2)', "1", "404", id="list-too-few"),
        pytest.param(
            'list(of="slug", sep="--")', "a-b--c", "('a-b', 'c')", id="list-long-sep"
        ),
        pytest.param('list(of="string", sep="]")', "a]b", "('a', 'b')", id="list-sep"),
        pytest.param('list(of="sint", sep="-")', "1-2", "(1, 2)", id="list-minus"),
        pytest.param('list(of="sint", sep="-")', "1--2", "404", id="list-minus-minus"),
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
        pytest.param("decimal", Decimal("1.5"), "/x/1.50", id="decimal"),
        pytest.param("decimal", Decimal("15E1"), "/x/150.00", id="decimal-exponent"),
        pytest.param("date", date(987, 1, 2), "/x/0987-01-02", id="date"),
        pytest.param(
            "datetime",
            datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))),
            "/x/2025-12-31T23:00:00Z",
            id="datetime-of-another-zone",
        ),
        pytest.param(
            'datetime(tz="naive")',
            datetime(987, 1, 1),  # noqa: DTZ001  # the option is about these
            "/x/0987-01-01T00:00:00",
            id="datetime-naive",
        ),
        pytest.param('list(of="sint")', [1, -2], "/x/1,-2", id="list"),
        pytest.param('list(sep=" ")', ("ä", "b"), "/x/%C3%A4%20b", id="list-quoted"),
        pytest.param('list(of="sint")', {3}, "/x/3", id="list-of-a-set"),
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
        pytest.param("decimal", Decimal("1.005"), id="decimal-needs-rounding"),
        pytest.param("decimal", Decimal("-0.00"), id="decimal-minus-zero"),
        pytest.param("decimal", Decimal("-0.001"), id="decimal-nearly-zero"),
        pytest.param("decimal", Decimal("NaN"), id="decimal-nan"),
        pytest.param("decimal", Decimal("sNaN"), id="decimal-signalling"),
        pytest.param("decimal", Decimal("-Infinity"), id="decimal-infinity"),
        pytest.param("decimal", Decimal("1E+999999999"), id="decimal-huge"),
        pytest.param("decimal", 1.5, id="decimal-float"),
        pytest.param("decimal", "1.50", id="decimal-text"),
        pytest.param("datetime", "2026-01-01T10:00:00Z", id="datetime-text"),
        pytest.param("datetime", date(2026, 1, 1), id="datetime-day"),
        pytest.param("datetime", datetime(2026, 1, 1), id="datetime-naive"),  # noqa: DTZ001  # refused for it
        pytest.param(
            "datetime", datetime(2026, 1, 1, microsecond=1, tzinfo=UTC), id="fraction"
        ),
        pytest.param(
            "datetime",
            datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=9))),
            id="year-0",
        ),
        pytest.param(
            'datetime(tz="naive")',
            datetime(2026, 1, 1, tzinfo=UTC),
            id="datetime-aware",
        ),
        pytest.param("list", "ab", id="list-text"),
        pytest.param('list(of="sint")', b"ab", id="list-bytes"),
        pytest.param('list(of="sint")', bytearray(b"ab"), id="list-bytearray"),
        pytest.param('list(of="sint")', memoryview(b"ab"), id="list-memoryview"),
        pytest.param("list", {"a": 1}, id="list-mapping"),
        pytest.param("list", Counter("ab"), id="list-counter"),
        pytest.param("list", 7, id="list-number"),
        pytest.param("list", [], id="list-empty"),
        pytest.param("list", ["a,b"], id="list-separator-in-item"),
        pytest.param('list(sep="--")', ["a-", "b"], id="list-separator-at-the-seam"),
        pytest.param('list(of="sint")', ["x"], id="list-bad-item"),
        pytest.param('list(of="sint", max=2)', [1, 2, 3], id="list-too-many"),
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
    "text",
    [
        pytest.param("हिन्दी-में", id="devanagari"),
        pytest.param("ภาษาไทย-ที่นี่", id="thai"),
        pytest.param("தமிழ்", id="tamil"),
        pytest.param("עִבְרִית", id="hebrew-with-points"),
        pytest.param("مُحَمَّد", id="arabic-with-points"),
        pytest.param("tiếng-việt", id="vietnamese"),
        pytest.param("i̇stanbul", id="dot-above"),
        pytest.param("русский-7", id="cyrillic"),
    ],
)
def test_slug_takes_marks(make: Make, ask: Ask, build: Build, text: str) -> None:
    """A script that cannot be written without them has slugs as well."""
    app = make("/x/<slug(unicode=True):x>")
    composed = unicodedata.normalize("NFC", text)
    url = build(app, x=composed)

    assert url.isascii()
    assert ask(app, url) == repr(composed)


# Letters and marks that show nothing; they are refused.
_INVISIBLE = (0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x3164)
_SELECTORS = (*range(0xFE00, 0xFE10), 0xFFA0, *range(0xE0100, 0xE01F0))
_IGNORED = "".join(map(chr, (*_INVISIBLE, *_SELECTORS)))


def _of(*categories: t.Any) -> st.SearchStrategy[str]:
    return st.characters(
        codec="utf-8", categories=categories, exclude_characters=_IGNORED
    )


_WORD = st.builds(str.__add__, _of("L", "N"), st.text(_of("L", "N", "M"), max_size=5))


@given(st.lists(_WORD, min_size=1, max_size=3).map("-".join))
def test_slug_of_any_script_comes_back(text: str) -> None:
    """Letters, digits and marks on them; of all that reads the same one slug."""
    rules = Map([Rule("/<slug(unicode=True):x>", endpoint="x")], converters=SHIPPED)
    adapter = rules.bind("h")
    composed = unicodedata.normalize("NFC", text.lower())

    url = adapter.build("x", {"x": composed})

    assert adapter.match(unquote(url)) == ("x", {"x": composed})


def test_list_says_what_it_refuses(
    make: Make, build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    """Bytes would become numbers, a mapping its keys; the log names the type."""
    app = make('/x/<list(of="sint"):x>')

    with caplog.at_level(logging.DEBUG, "flask_toolkit.routing"):
        for value in (b"ab", {1: 2}):
            with pytest.raises(BuildError):
                build(app, x=value)

    assert "TypeError: bytes is no collection of items" in caplog.text
    assert "TypeError: dict is no collection of items" in caplog.text


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        pytest.param("/<sint(min=2, max=1):x>", "above its max", id="bounds"),
        pytest.param('/<sint(min="a"):x>', "whole number", id="word"),
        pytest.param("/<hex(length=0):x>", "at least 1", id="no-length"),
        pytest.param("/<hex(length=5000):x>", "at most 4096", id="huge-length"),
        pytest.param("/<decimal(places=0):x>", "at least 1", id="no-places"),
        pytest.param("/<decimal(places=19):x>", "at most 18", id="many-places"),
        pytest.param('/<datetime(tz="CET"):x>', "tz='utc' or", id="zone"),
        pytest.param("/<list(min=0):x>", "at least 1", id="no-items"),
        pytest.param("/<list(min=3, max=2):x>", "at least 3", id="list-bounds"),
        pytest.param('/<list(sep=""):x>', "sep must be a text", id="no-separator"),
        pytest.param("/<list(sep=1):x>", "sep must be a text", id="number-separator"),
        pytest.param('/<list(sep="/"):x>', "it has a slash", id="slash-separator"),
        pytest.param('/<list(of="nope"):x>', "unknown converter", id="unknown"),
        pytest.param('/<list(of="path"):x>', "items with slashes", id="spanning"),
        pytest.param('/<list(of="regex"):x>', "got no pattern", id="regex-items"),
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
        pytest.param("decimal", {"places": 1}, id="decimal-1"),
        pytest.param("datetime", {"tz": "naive"}, id="datetime-naive"),
        pytest.param("list", {"of": "sint", "sep": "-", "min": 3}, id="list-of-three"),
    ],
)
def test_examples_are_values(name: str, options: dict[str, t.Any]) -> None:
    """Each instance has examples, which match, cast and come back."""
    converter = SHIPPED[name](Map(converters=SHIPPED), **options)

    assert converter.examples
    check_examples(converter)


def test_built_in_uuid_stays(make: Make, ask: Ask) -> None:
    """Werkzeug's own converters keep their names and manners."""
    assert ask(make("/x/<uuid:x>"), f"/x/{UUID4.upper()}") == f"UUID('{UUID4}')"


def _whole_seconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _nothing(x: object) -> str:
    del x
    return ""


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
        st.tuples(st.just("decimal"), st.decimals(allow_nan=True)),
        st.tuples(st.just("decimal(places=3)"), st.decimals(-1000, 10**19, places=3)),
        st.tuples(
            st.just("datetime"),
            st.datetimes(timezones=st.timezones()).map(
                lambda d: d.replace(microsecond=0)
            ),
        ),
        st.tuples(
            st.just('datetime(tz="naive")'),
            st.datetimes().map(_whole_seconds),
        ),
        st.tuples(
            st.sampled_from(['list(sep="--")', "list", 'list(sep=" .")']),
            st.lists(st.text("ab-, .é/", max_size=4), max_size=4).map(tuple),
        ),
        st.tuples(
            st.sampled_from(['list(of="sint")', 'list(of="sint", sep="-", max=3)']),
            st.lists(st.integers(-99, 99), max_size=5).map(tuple),
        ),
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
    app.view_functions["x"] = _nothing

    try:
        url = rules.bind("localhost").build("x", {"x": value})
    except BuildError:
        return

    found = rules.bind("localhost").match(unquote(url))
    assert found == ("x", {"x": _in_utc(value)})
    assert app.test_client().get(url).status_code == 200


def _in_utc(value: t.Any) -> t.Any:
    # A time that a change of clocks skips or repeats equals none of another zone
    # (PEP 495), not even the same moment.
    is_aware = isinstance(value, datetime) and value.tzinfo is not None
    return value.astimezone(UTC) if is_aware else value


def test_a_number_that_cannot_be_shown_is_a_build_error() -> None:
    """Python writes no more than 4300 digits, not even in a message."""
    app = Flask("huge")
    Converters(app)
    app.add_url_rule("/<sint:n>", "e", str)

    with app.test_request_context(), pytest.raises(BuildError):
        url_for("e", n=10**5000)


def test_a_short_value_does_not_limit_its_neighbour() -> None:
    """``/7-a-long-title`` is built, so it must come back."""
    app = Flask("neighbours")
    Converters(app)
    app.add_url_rule("/<sint:n>-<slug:title>", "e", lambda n, title: f"{n} {title}")

    with app.test_request_context():
        url = url_for("e", n=7, title="a" * 200)

    assert app.test_client().get(url).text == f"7 {'a' * 200}"
