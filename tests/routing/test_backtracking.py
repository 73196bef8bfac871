"""Expressions that can take very long: what is found, and what is not."""

from __future__ import annotations

import itertools
import re
import typing as t

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from werkzeug.routing import Map

from flask_toolkit.routing._backtracking import Ambiguity
from flask_toolkit.routing._backtracking import ambiguity_of
from flask_toolkit.routing._backtracking import is_slow
from flask_toolkit.routing._shipped import SHIPPED

LENGTH = 319  # what a guard of 255 lets through


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("(a+)+", id="p24-nested"),
        pytest.param("(a|a)*", id="p24-same-twice"),
        pytest.param("([a-z0-9]+-?)+", id="p24-optional-separator"),
        pytest.param("(-?[a-z]+)*", id="optional-separator-in-front"),
        pytest.param("([a-z-]+-)+", id="separator-in-the-class"),
        pytest.param("(a|aa)*", id="one-or-two"),
        pytest.param("(a|b|ab)*", id="joined"),
        pytest.param(r"(\w|\d)+", id="overlapping-classes"),
        pytest.param("(x+x+)+y", id="two-inside"),
        pytest.param("(a*)*", id="empty-inside"),
        pytest.param("(?:a*?)*?", id="lazy"),
        pytest.param("(a{2,3})+", id="counted"),
        pytest.param("(a{0,99}){9,}", id="counted-far"),
        pytest.param("(?i)(a|A)*", id="global-flag"),
        pytest.param("(?i:a|A)*", id="scoped-flag"),
        pytest.param("(?P<n>a+)+", id="named"),
        pytest.param("(?:(?=x)a+(?#y))+", id="lookahead-and-comment"),
        pytest.param("((?>a)|a)+", id="atomic-in-one-branch"),
    ],
)
def test_doubling_is_found(expression: str) -> None:
    """A loop that reads one text in two ways has degree 0."""
    found = ambiguity_of(expression, length=LENGTH)

    assert found is not None
    assert found.degree == 0


@pytest.mark.parametrize(
    ("expression", "degree"),
    [
        pytest.param("[a-z]*[a-z0-9]*[a-z]*", 3, id="p25-three"),
        pytest.param("[a-z]*-?[a-z]*-?[a-z]*-?[a-z]*", 4, id="four"),
        pytest.param("[a-z]+(?:b[a-z]+)?c?[a-z]+", 3, id="through-others"),
    ],
)
def test_powers_are_found(expression: str, degree: int) -> None:
    """Loops that can share a text, one after the other."""
    found = ambiguity_of(expression, length=LENGTH)

    assert found is not None
    assert found.degree == degree


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("", id="nothing"),
        pytest.param("a|b", id="alternatives"),
        pytest.param("([a-z]+-)+[a-z]+", id="separator"),
        pytest.param("[a-z0-9]+(?:-[a-z0-9]+)*", id="slug"),
        pytest.param("(?:a|ab)*", id="told-apart-later"),
        pytest.param("(?:abc|abx)*", id="told-apart-at-the-end"),
        pytest.param("[A-Z]{3}-[0-9]{4}", id="counts"),
        pytest.param("(?:[0-9]{4})+", id="counted-inside"),
        pytest.param("[a-z]+[a-z0-9]*", id="square-of-a-short-text"),
        pytest.param("(?>a+)+b", id="p31-atomic"),
        pytest.param("(?:a++)+b", id="p31-possessive"),
        pytest.param("(?>a+)(?>[ab]+)[a-c]*[abc]*", id="atomic-in-front"),
        pytest.param("(?:(?>(?:(?!,)[^/])+),)*", id="separator-by-lookahead"),
        pytest.param("{}a{}?", id="braces-are-text"),
        pytest.param("a{,3}", id="no-lower-bound"),
        pytest.param(r"^\b(?<!x)a\Z", id="anchors"),
        pytest.param(r"(a)+\1", id="reference-is-not-understood"),
        pytest.param("(?P<n>a+)+(?P=n)", id="name-is-not-understood"),
        pytest.param("a" * 201 + "(b+)+", id="too-large"),
        pytest.param("[^\\x00-\\U0010ffff]+a", id="class-of-nothing"),
    ],
)
def test_nothing_is_found(expression: str) -> None:
    """No false alarm; and what is not understood is left alone."""
    assert ambiguity_of(expression, length=LENGTH) is None


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_converters_are_quick(name: str) -> None:
    """Ours do not fall to what we warn of."""
    options: dict[str, t.Any] = {"pattern": "[a-z]+"} if name == "regex" else {}
    converter = SHIPPED[name](Map(converters=SHIPPED), **options)

    assert ambiguity_of(converter.regex + r"\Z", length=4096) is None


def test_length_decides_about_powers() -> None:
    """Two loops are nothing for 300 characters, and much for 8000."""
    assert ambiguity_of("[a-z]+[a-z]+", length=LENGTH) is None
    assert ambiguity_of("[a-z]+[a-z]+", length=8000) == Ambiguity(2, "a", "a")


def test_prefix_leads_to_the_loop() -> None:
    """The text that is told starts like one that the expression accepts."""
    found = ambiguity_of("x(?:y[bc]|z)(?:a+)+!", length=LENGTH)

    assert found == Ambiguity(0, "xza", "a")
    assert ambiguity_of(r"(?:[\x01]|x)(?:a+)+", length=9) == Ambiguity(0, "xa", "a")


def ways(options: list[str], text: str) -> int:
    """Count the ways to put a text together."""
    if not text:
        return 1

    return sum(
        ways(options, text[len(one) :]) for one in options if text.startswith(one)
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=4))
def test_loops_of_words_against_counting(words: list[str]) -> None:
    """``(?:w1|w2|...)*`` doubles exactly if some text can be read in two ways.

    Texts of up to ten letters are tried: enough for words of three, unless the
    words are a code (Sardinas and Patterson), which has no such text at all.
    """
    texts = (
        "".join(t) for n in range(1, 11) for t in itertools.product("ab", repeat=n)
    )
    twofold = any(ways(words, text) > 1 for text in texts)

    found = ambiguity_of(f"(?:{'|'.join(words)})*", length=LENGTH)

    assert (found is not None and found.degree == 0) is twofold


class Clock:
    """Each attempt takes longer than the one before."""

    def __init__(self, *times: float) -> None:
        self.times = iter(itertools.accumulate(t for time in times for t in (0, time)))

    def __call__(self) -> float:
        """Return what it is now."""
        return next(self.times)


def test_slow_is_what_takes_more_than_20_ms() -> None:
    """It stops at the first text that does."""
    found = Ambiguity(0, "a", "a")

    assert is_slow("(a+)+b", found, length=9, clock=Clock(0.001, 0.002, 0, 0.02, 0.021))


@pytest.mark.parametrize(
    ("degree", "attempts"),
    [pytest.param(0, 8, id="one-by-one"), pytest.param(3, 4, id="doubling")],
)
def test_not_slow_is_what_stays_below(degree: int, attempts: int) -> None:
    """It ends with the longest text; what doubles by itself grows by one."""
    clock = Clock(*[0.001] * attempts * 3)

    assert not is_slow("a*b", Ambiguity(degree, "a", "a"), length=9, clock=clock)
    assert next(clock.times, None) is None


def test_text_fails_at_its_end() -> None:
    """A dot takes anything but a newline; so one is tried."""
    assert is_slow(r"(?:.*)*\Z", Ambiguity(0, "a", "a"), length=64)
    assert re.match(r"(?:.*)*\Z", "a\x00")


@pytest.mark.parametrize(
    "expression",
    ["(?:[д-я]+)+", r"(?:[\u0434-\u044f]+)+", "(?:😀|.)+x", "(?:д|[д-я])+x"],
)
def test_letters_of_any_script_are_looked_at(expression: str) -> None:
    """A class of another script is no empty class."""
    found = ambiguity_of(expression, length=300)
    assert found is not None
    assert found.degree == 0
