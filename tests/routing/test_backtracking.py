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

from flask_toolkit.routing._backtracking import analyse
from flask_toolkit.routing._backtracking import is_affordable
from flask_toolkit.routing._backtracking import is_slow
from flask_toolkit.routing._loops import Ambiguity
from flask_toolkit.routing._shipped import SHIPPED

LENGTH = 319  # what a guard of 255 lets through


def ambiguity_of(expression: str, *, length: int) -> Ambiguity | None:
    """Return what is found in an expression that is understood."""
    analysis = analyse(expression, length=length)

    assert analysis.understood
    return analysis.found


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
        pytest.param("[^\\x00-\\U0010ffff]+a", id="class-of-nothing"),
    ],
)
def test_nothing_is_found(expression: str) -> None:
    """No false alarm."""
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


@pytest.mark.parametrize(
    ("expression", "degree", "part"),
    [
        pytest.param("(?>(?:a+)+b)", 0, "(?:(?:a+)+b)", id="atomic"),
        pytest.param("(?:(?:a+)+b)++c", 0, "(?:(?:(?:a+)+b)+)", id="possessive"),
        pytest.param("(?=(?:a+)+b)a+", 0, "(?:(?:a+)+b)", id="lookahead"),
        pytest.param("(?!(?:a+)+b)a+", 0, "(?:(?:a+)+b)", id="negative"),
        pytest.param("x(?=(?>(?i:(a|A)*b)))", 0, "(?:(?i:(a|A)*b))", id="deep"),
        pytest.param("(?i:(?=(a|A)*b))x", 0, "(?i:(?:(a|A)*b))", id="flags-outside"),
        pytest.param("(?=a*a*a*b)a", 3, "(?:a*a*a*b)", id="power"),
        pytest.param("a*a*a*(?=(?:a+)+b)a", 0, "(?:(?:a+)+b)", id="worse-inside"),
        pytest.param("(?:a+)+(?=(?:b+)+c)", 0, "", id="as-bad-outside"),
        pytest.param("a*a*a*(?=b*b*b*c)", 3, "", id="power-outside"),
        pytest.param("(?>(?:a+)+(?=b))", 0, "(?:(?:a+)+(?=b))", id="then-ahead"),
        pytest.param("(?=(?:a+)+(?!.))a", 0, "(?:(?:a+)+(?!.))", id="then-none"),
        pytest.param("(?>(?:a+)+(?<=-))b", 0, "(?:(?:a+)+(?<=-))", id="then-behind"),
        pytest.param(r"(?>(?:a|a)*\b)-", 0, r"(?:(?:a|a)*\b)", id="then-edge"),
        pytest.param("(?>(?:a+(?=b))+)", 0, "(?:(?:a+(?=b))+)", id="in-each-turn"),
        pytest.param("(?!(?:a+){70})a", 0, "(?:(?:a+){70})", id="turns-short"),
        pytest.param("(?>(?:[a-z]+-?){50})", 0, "(?:(?:[a-z]+-?){50})", id="turns"),
        pytest.param("(?>(?:a+)+(?:b|(?=c)))", 0, "(?:(?:a+)+(?:b|(?=c)))", id="or"),
    ],
)
def test_lookarounds_and_atomic_groups_are_looked_at(
    expression: str, degree: int, part: str
) -> None:
    """They are matched for themselves, and go back inside as anything else."""
    found = ambiguity_of(expression, length=LENGTH)

    assert found is not None
    assert (found.degree, found.part) == (degree, part)


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("(?>(?:[a-z0-9]+-?)+)!", id="ends-everywhere"),
        pytest.param("(?=[a-z]*[a-z0-9]*[a-z]*)x", id="power"),
        pytest.param("(?>(?:a|a|xb)+)", id="after-each-turn"),
        pytest.param("(?>(?:a?){60})a{60}", id="wide"),
        pytest.param("(?>(?=x)(?:a+)+)", id="condition-in-front"),
        pytest.param("(?>(?:(?!x)a+)+b?)", id="condition-in-each-turn"),
        pytest.param("(?:(?>a?)){60}b", id="entered-in-one-way"),
    ],
)
def test_what_ends_anywhere_is_not_tried_again(expression: str) -> None:
    """Matched for itself, it ends where it cannot go on: the cure that we name."""
    assert ambiguity_of(expression, length=LENGTH) is None


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        pytest.param("(?:a?){60}a{60}", "aaaaa", id="sixty"),
        pytest.param("x(?:b|y(?:a?){60})a{60}", "xyaaaaa", id="the-way-there"),
        pytest.param("(?:(?:ab)?){30}b", "abababababababababa", id="words"),
        pytest.param("(?>(?:a?){60}b)", "aaaaa", id="atomic"),
    ],
)
def test_very_many_ways_without_a_loop_are_found(expression: str, text: str) -> None:
    """The text by itself can be read in millions of ways."""
    found = ambiguity_of(expression, length=LENGTH)

    assert found is not None
    assert (found.degree, found.pump) == (0, "")
    assert found.prefix.startswith(text[:5])


def test_many_ways_on_different_texts_are_no_matter() -> None:
    """Each text has one, though there are millions of them."""
    assert ambiguity_of("(?:aa|bb|cc|dd){20}z", length=LENGTH) is None
    assert ambiguity_of("(?:a?){60}a{60}", length=3) is None


def test_choices_that_are_not_written_out_are_counted() -> None:
    """A hundred of them become a loop, in which some may be empty."""
    assert ambiguity_of("(?:a?){100}a{100}", length=LENGTH) == Ambiguity(0, "a", "a")
    assert ambiguity_of("(?:a?){1,100}b", length=LENGTH) is None


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param(r"(?:\d|[^\x00-\x7f])+!", id="digits"),
        pytest.param(r"(?:\s|[^!-~])+!", id="spaces"),
        pytest.param(r"(?:\W|[^\x00-\x7f])+!", id="no-words"),
        pytest.param(r"(?:\w|[^\x00-\x7f])+!", id="words"),
        pytest.param(r"(?i:é|É)+!", id="case"),
        pytest.param(r"(?:\s|\n)+!", id="control"),
        pytest.param(r"(?:[^\x00-à]|[á-ÿ])+!", id="beside-the-ends"),
        pytest.param(r"(?:\N{LATIN SMALL LETTER L WITH STROKE}|[ł])+!", id="name"),
        pytest.param(r"(?:[\u0660-\u0669]|\d)+!", id="codes"),
    ],
)
def test_classes_of_all_of_unicode_are_looked_at(expression: str) -> None:
    """Two classes that share no ASCII character can overlap beyond."""
    found = ambiguity_of(expression, length=LENGTH)

    assert found is not None
    assert found.degree == 0


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("[^\\d]+\\d[^\\d]+", id="apart"),
        pytest.param(r"(?:\\N{x}|b)+", id="no-name"),
        pytest.param("(?:[a-z\U0010ffff]+-)+b", id="last-character"),
    ],
)
def test_classes_that_share_nothing_are_fine(expression: str) -> None:
    """No false alarm by the letters that are tried."""
    assert ambiguity_of(expression, length=LENGTH) is None


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param(r"(a)+\1", id="reference"),
        pytest.param("(?P<n>a+)+(?P=n)", id="name"),
        pytest.param("(?=(a)\\1)b", id="reference-inside"),
        pytest.param("ab" * 10_001, id="states"),
        pytest.param(
            "|".join(f"[a-{c}]?" for c in "bcdef") + "(?:a?){64}" * 60, id="w"
        ),
        pytest.param("[a-z]*" * 200 + "!", id="loops"),
        pytest.param("(?=" + "[a-z]*" * 200 + "!)a", id="loops-inside"),
        pytest.param("(?:" * 300 + "a" + ")" * 300, id="nesting"),
        pytest.param("(", id="broken"),
    ],
)
def test_what_was_not_looked_at_is_told(expression: str) -> None:
    """An expression is fine, or not, or nobody knows."""
    assert not analyse(expression, length=LENGTH).understood
    assert not analyse(expression, length=LENGTH).harmless
    assert not is_affordable(expression, "a" * 40)


def test_many_literals_are_looked_at() -> None:
    """An enumeration of some hundred members is not too large."""
    analysis = analyse("|".join(f"word{n}" for n in range(600)), length=LENGTH)

    assert analysis.understood
    assert analysis.harmless


@pytest.mark.parametrize(
    ("expression", "text", "affordable"),
    [
        pytest.param("[a-z]+", "a" * 5000, True, id="linear"),
        pytest.param("[a-z]*[a-z]*[a-z]*!", "a" * 60, True, id="power"),
        pytest.param("[a-z]*[a-z]*[a-z]*!", "a" * 1000, False, id="long"),
        pytest.param("(?:a+)+b", "b" * 1000, True, id="no-match"),
        pytest.param("(?:a+)+b", "a" * 40, False, id="doubling"),
        pytest.param("(?:a?){9}a{9}", "a", True, id="short"),
        pytest.param("(?:a?){60}a{60}", "a" * 20, False, id="wide"),
        pytest.param("(?:(?:a?){9}){9}b", "a" * 9, False, id="empty-ones"),
        pytest.param("(?:a*)*" * 30 + "b", "", False, id="only-empty-ones"),
        pytest.param("(?:)*b", "a" * 40, True, id="nothing-repeated"),
        pytest.param(r"(?:(?:\b)?){60}a", "b", False, id="edges-repeated"),
        pytest.param("(?:a?|(?:b?|c?)){30}d", "", False, id="empty-in-many-ways"),
        pytest.param("(?:(?:a?|b?)c)+!", "c" * 40, False, id="empty-in-each-turn"),
        pytest.param("(?:(?=(?:a+)+b)c)+", "aaaaa", True, id="inside-short"),
        pytest.param("c(?=(?:a+)+b)", "c" + "a" * 40, False, id="inside"),
        pytest.param("(?!(?s:.{320}))a+", "a" * 319, True, id="guard"),
        pytest.param("[ä]+[ä]+[ä]+!", "ö" * 900, False, id="unknown-letters"),
    ],
)
def test_steps_are_counted_before(expression: str, text: str, affordable: bool) -> None:
    """What could take long is known without trying it."""
    assert is_affordable(expression, text) is affordable


def test_what_is_not_affordable_is_not_tried() -> None:
    """It stays a warning, as ``re`` may know better."""
    found = ambiguity_of("(?=.{40})(?:a|a)+b", length=LENGTH)

    assert found is not None
    assert not is_slow("(?=.{40})(?:a|a)+b", found, length=LENGTH)


def test_what_is_refused_as_too_short_is_no_measure() -> None:
    """Then the first text that can be read is as long as the next ones are dear."""
    clock = Clock(*[0.001] * 9)
    found = ambiguity_of("(?:a+){50}b", length=LENGTH)

    assert found is not None
    assert not is_slow("(?:a+){50}b", found, length=LENGTH, clock=clock)
    assert next(clock.times) == 0  # nobody asked it before: nothing was tried


def test_texts_without_a_pump_grow_as_well() -> None:
    """Up to the whole of it, and not further."""
    clock = Clock(*[0.001] * 9)

    assert not is_slow("a?b?cd?", Ambiguity(0, "abc", ""), length=9, clock=clock)
    assert next(clock.times, None) is None
