"""The order of middlewares as a table."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_toolkit.errors import SetupError
from flask_toolkit.middleware._plan import check_names
from flask_toolkit.middleware._plan import Entry
from flask_toolkit.middleware._plan import is_below
from flask_toolkit.middleware._plan import ordered
from flask_toolkit.middleware._plan import Phase


def _entry(
    name: str, phase: Phase = Phase.APP, before: str = "", after: str = ""
) -> Entry:
    return Entry(name, phase, None, before.split(), after.split())


def _names(*entries: Entry) -> str:
    return " ".join(entry.name for entry in ordered(entries))


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([], "", id="none"),
        pytest.param([_entry("b"), _entry("a")], "b a", id="as-added"),
        pytest.param(
            [_entry("a"), _entry("h", Phase.HEADERS), _entry("p", Phase.PROXY)],
            "p h a",
            id="by-phase",
        ),
        pytest.param([_entry("a"), _entry("b", before="a")], "b a", id="before"),
        pytest.param([_entry("a", after="b"), _entry("b")], "b a", id="after"),
        pytest.param(
            [_entry("a", after="c"), _entry("b"), _entry("c", after="b")],
            "b c a",
            id="chain",
        ),
        pytest.param(
            [_entry("a", after="h"), _entry("h", Phase.HEADERS, before="a")],
            "h a",
            id="what-the-phase-says-anyway",
        ),
        pytest.param([_entry("a", before="off", after="gone")], "a", id="absent"),
    ],
)
def test_order(entries: list[Entry], expected: str) -> None:
    """By phase, then by name, then as they were added."""
    assert _names(*entries) == expected


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        pytest.param(
            [_entry("a"), _entry("a")], "Two middlewares are called 'a'", id="twice"
        ),
        pytest.param(
            [_entry("a", before="b"), _entry("b", before="a"), _entry("c", after="b")],
            "in a circle: a, b",
            id="circle",
        ),
        pytest.param([_entry("a", after="a")], "in a circle: a", id="itself"),
        pytest.param(
            [_entry("h", Phase.HEADERS), _entry("a", before="h")],
            "'a' cannot stand before 'h': its phase APP comes after HEADERS",
            id="before-an-earlier-phase",
        ),
        pytest.param(
            [_entry("h", Phase.HEADERS, after="a"), _entry("a")],
            "'a' cannot stand before 'h'",
            id="after-a-later-phase",
        ),
    ],
)
def test_an_impossible_order_stops_the_start(
    entries: list[Entry], message: str
) -> None:
    """The message names those who cannot stand as asked."""
    with pytest.raises(SetupError, match=re.escape(message)):
        ordered(entries)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(Phase),
            st.sets(st.integers(0, 7)),
            st.sets(st.integers(0, 7)),
        ),
        max_size=8,
    )
)
def test_every_order_keeps_its_promises(
    drawn: list[tuple[Phase, set[int], set[int]]],
) -> None:
    """Phases ascend, and each before and after holds, or it is a SetupError."""
    entries = [
        Entry(str(index), phase, None, [*map(str, before)], [*map(str, after)])
        for index, (phase, before, after) in enumerate(drawn)
    ]

    try:
        found = ordered(entries)
    except SetupError:
        return

    place = {entry.name: index for index, entry in enumerate(found)}
    assert sorted(place) == sorted(entry.name for entry in entries)
    assert [entry.phase for entry in found] == sorted(entry.phase for entry in found)
    for entry in found:
        assert all(place[entry.name] < place.get(name, 99) for name in entry.before)
        assert all(place[entry.name] > place.get(name, -1) for name in entry.after)


@pytest.mark.parametrize(
    ("known", "message"),
    [
        pytest.param(["timing"], "Did you mean 'timing'?", id="typo"),
        pytest.param(["other"], "Add it first.", id="unknown"),
    ],
)
def test_a_name_that_is_not_there_is_refused(known: list[str], message: str) -> None:
    """A typo in before= would else order nothing, silently."""
    with pytest.raises(SetupError, match=re.escape(message)):
        check_names(_entry("a", before="timin"), known)


@pytest.mark.parametrize(
    ("path", "prefix", "expected"),
    [
        ("/api", "/api", True),
        ("/api/", "/api", True),
        ("/api/items", "/api", True),
        ("/apis", "/api", False),
        ("/", "/api", False),
        ("", "/api", False),
        ("/v1/api", "/api", False),
    ],
)
def test_a_prefix_ends_at_a_slash(path: str, prefix: str, expected: bool) -> None:
    """Whole segments only."""
    assert is_below(path, prefix) is expected
