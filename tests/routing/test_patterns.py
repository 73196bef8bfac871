"""Patterns: what is accepted, what it becomes, what it means."""

import copy
import pickle
import re
import warnings

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from flask_toolkit.errors import SetupError
from flask_toolkit.routing import PatternError
from flask_toolkit.routing._patterns import check_pattern
from flask_toolkit.routing._refusals import refusal


@pytest.mark.parametrize(
    ("source", "body"),
    [
        pytest.param("[a-z]+", "(?a:[a-z]+)", id="plain"),
        pytest.param("^[a-z]+$", "(?a:[a-z]+)", id="anchors-around"),
        pytest.param("(?i)^abc$", "(?ai:abc)", id="flag-then-anchor"),
        pytest.param("(?i)(?s)abc", "(?ais:abc)", id="two-flags"),
        pytest.param("(?ms)a.c", "(?ams:a.c)", id="flags-together"),
        pytest.param("(?a)abc", "(?a:abc)", id="ascii-flag"),
        pytest.param("(a|b)c", "(?a:(?:a|b)c)", id="group"),
        pytest.param("(?P<n>a)c", "(?a:(?:a)c)", id="named-group"),
        pytest.param(r"\(a\)", r"(?a:\(a\))", id="escaped-parenthesis"),
        pytest.param("[()]a", "(?a:[()]a)", id="parenthesis-in-class"),
        pytest.param("[]()]a", "(?a:[]()]a)", id="bracket-first-in-class"),
        pytest.param(r"[\](]a", r"(?a:[\](]a)", id="escaped-bracket-in-class"),
        pytest.param("(?#(x)a", "(?a:(?#(x)a)", id="comment"),
        pytest.param("(?i:a)b", "(?a:(?i:a)b)", id="scoped-flag"),
        pytest.param("(?-i:a)b", "(?a:(?-i:a)b)", id="scoped-off"),
        pytest.param("(?>a+)b", "(?a:(?>a+)b)", id="p31-atomic"),
        pytest.param("a++b", "(?a:a++b)", id="p31-possessive"),
        pytest.param("(?=a)[a-z]+", "(?a:(?=a)[a-z]+)", id="lookahead"),
        pytest.param("(?<!x)[a-z]+", "(?a:(?<!x)[a-z]+)", id="lookbehind"),
        pytest.param(r"[\1]a", r"(?a:[\1]a)", id="octal-in-class"),
        pytest.param(r"\012a", r"(?a:\012a)", id="octal"),
        pytest.param(r"\101a", r"(?a:\101a)", id="octal-of-three"),
        pytest.param(r"a\$", r"(?a:a\$)", id="escaped-dollar"),
    ],
)
def test_pattern_is_rewritten(source: str, body: str) -> None:
    """Groups lose their numbers, anchors go, flags move into the wrapper."""
    checked = check_pattern(source)

    assert (checked.source, checked.body) == (source, body)
    assert checked.full.groups == 0


@pytest.mark.parametrize(
    ("source", "position", "message"),
    [
        pytest.param("(abc", 0, "unterminated subpattern", id="p7-open"),
        pytest.param("a)|(b", 1, "Unbalanced parenthesis", id="p16-two-halves"),
        pytest.param("abc(?i)", 3, "not at the start", id="flag-at-the-end"),
        pytest.param("(?#x)(?i)a", 5, "Flags stand inside", id="flag-after-comment"),
        pytest.param("a{99999999999}", None, "Too large", id="overflow"),
        pytest.param(r"(a|b)\1", 5, "cannot be referred to", id="p12-number"),
        pytest.param("(?P<n>a)(?P=n)", 8, "cannot be referred to", id="p12-name"),
        pytest.param("(<)?a(?(1)>|$)", 5, "cannot be referred to", id="p13"),
        pytest.param("(?x)a # b", 0, "flag 'x'", id="verbose"),
        pytest.param("(?u)a", 0, "flag 'u'", id="unicode-flag"),
        pytest.param("a(?x:b # c)\n)d", 1, "flag 'x'", id="scoped-verbose"),
        pytest.param("a(?u:b)", 1, "flag 'u'", id="scoped-unicode"),
        pytest.param("a^b", 1, "anchor . stands inside", id="caret-inside"),
        pytest.param("^^a", 1, "anchor . stands inside", id="second-caret"),
        pytest.param("(?:a$|b)", 4, "anchor . stands inside", id="dollar-in-group"),
        pytest.param("a$(?#c)", 1, "anchor . stands inside", id="dollar-then-comment"),
        pytest.param(r"\Aab", 0, r"anchor \\A stands inside", id="start-of-text"),
        pytest.param(r"ab\Z", 2, r"anchor \\Z stands inside", id="end-of-text"),
        pytest.param("", None, "Nothing to match", id="nothing"),
        pytest.param("^$", None, "Nothing to match", id="anchors-only"),
        pytest.param("(?i)", None, "Nothing to match", id="flags-only"),
        pytest.param(r"\b", None, "Nothing to match", id="edge-only"),
        pytest.param("(?=a)", None, "Nothing to match", id="lookahead-only"),
        pytest.param("a*", None, "The empty text matches", id="p17-star"),
        pytest.param("a|", None, "The empty text matches", id="empty-branch"),
    ],
)
def test_broken_pattern_is_refused(
    source: str, position: int | None, message: str
) -> None:
    """A pattern that cannot work says what is wrong and where."""
    with pytest.raises(PatternError, match=message) as caught:
        check_pattern(source)

    assert caught.value.pattern == source
    assert caught.value.position == position
    assert repr(source) in str(caught.value)


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        pytest.param("(?!admin$)[a-z]+", r"(?!admin\b)", id="in-lookaround"),
        pytest.param("(?:a$|b)", "Drop it", id="elsewhere"),
    ],
)
def test_hint_of_an_anchor_keeps_the_meaning(source: str, hint: str) -> None:
    """To drop it from a lookaround would refuse more values."""
    with pytest.raises(PatternError) as caught:
        check_pattern(source)

    assert hint in str(caught.value)


def test_deep_nesting_is_refused() -> None:
    """A pattern that ``re`` cannot nest is a PatternError like any other."""
    with pytest.raises(PatternError, match="Too large a repetition or nesting"):
        check_pattern("(" * 5000 + "a" + ")" * 5000)


@pytest.mark.parametrize(
    ("source", "spans"),
    [
        pytest.param("[a-z/]+", True, id="p8-in-class"),
        pytest.param("a/b", True, id="alone"),
        pytest.param(r"a\/b", True, id="p30-escaped"),
        pytest.param(r"[\/a]+", True, id="escaped-in-class"),
        pytest.param(r"a\x2fb", True, id="hexadecimal"),
        pytest.param(r"a\u002fb", True, id="unicode-escape"),
        pytest.param(r"a\N{SOLIDUS}b", True, id="by-name"),
        pytest.param(r"a\057b", True, id="octal"),
        pytest.param(r"[\57]", True, id="octal-in-class"),
        pytest.param("[/-9]+", True, id="end-of-range"),
        pytest.param("(?:x|(a/b))", True, id="in-groups"),
        pytest.param("[^.]+", False, id="p8b-negated"),
        pytest.param("[^/]+", False, id="negated-slash"),
        pytest.param("[!-~]+", False, id="p29-range"),
        pytest.param(r"[\W]+", False, id="p29-non-word"),
        pytest.param(".+", False, id="dot"),
        pytest.param("(?#c/d)a", False, id="p30-comment"),
        pytest.param("(?!a/b)c", False, id="p30-lookahead"),
        pytest.param("(?!(?:a/)b)c", False, id="group-in-lookahead"),
        pytest.param(r"\x2e\t", False, id="other-escapes"),
    ],
)
def test_written_slash_is_seen(source: str, spans: bool) -> None:
    """Only a slash that is written, and that a value can hold, counts."""
    assert check_pattern(source).slashes is spans


@pytest.mark.parametrize(
    ("source", "context"),
    [
        pytest.param("[a-z]+", False, id="plain"),
        pytest.param(r"[\b]a", False, id="backspace-in-class"),
        pytest.param(r"a\b", True, id="edge"),
        pytest.param("a(?!b)", True, id="lookahead"),
        pytest.param("(?<=b)a", True, id="lookbehind"),
    ],
)
def test_look_at_neighbours_is_seen(source: str, context: bool) -> None:
    """Lookarounds and word edges depend on what stands beside the value."""
    assert check_pattern(source).context is context


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        pytest.param(r"[A-Z]{3}-\d{4}", True, id="code"),
        pytest.param(r"(?i)\w+~é", True, id="words"),
        pytest.param(r"(?!\.)a(?#.)", True, id="not-consuming"),
        pytest.param(".+", False, id="dot"),
        pytest.param("[^/]+", False, id="negated"),
        pytest.param("[!-~]+", False, id="range"),
        pytest.param(r"\W", False, id="non-word"),
        pytest.param(r"a\.b", False, id="written-dot"),
        pytest.param(r"a\x2eb", False, id="escaped-dot"),
        pytest.param("100%", False, id="percent"),
        pytest.param("a/b", False, id="slash"),
        pytest.param(r"a\t", False, id="control"),
        pytest.param("[\ud8a0]", False, id="surrogate"),
    ],
)
def test_plain_patterns_are_known(source: str, plain: bool) -> None:
    """What they match needs no further look at a request."""
    assert check_pattern(source).plain is plain


def test_digits_are_ascii_unless_opened() -> None:
    """One resource has one URL: the digits of other scripts are not digits."""
    assert not check_pattern(r"\d+").full.fullmatch("٣")
    assert check_pattern(r"\d+", unicode=True).full.fullmatch("٣")
    assert check_pattern("ä+").full.fullmatch("ää")


def test_options_widen_the_match() -> None:
    """Case and emptiness are allowed when asked for."""
    assert check_pattern("abc", ignorecase=True).full.fullmatch("aBC")
    assert check_pattern("a*", empty=True).full.fullmatch("")


def test_pattern_error_is_a_setup_and_a_value_error() -> None:
    """Both handlers see it, and a copy or a pickle is complete."""
    error = PatternError("Bad", pattern="(a", position=0, hint="Close it.")

    assert str(error) == "Bad in the pattern '(a' at position 0. Close it."
    assert isinstance(error, SetupError)
    assert isinstance(error, ValueError)

    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (str(twin), vars(twin)) == (str(error), vars(error))


_ATOMS = st.sampled_from(
    [
        *("a", "b", "/", ".", r"\d", r"\w", r"\W", r"\.", r"\x61", r"\012", r"\b"),
        *("[ab]", "[^a]", "[a-c/]", "[]a]", r"[\]b]"),
        *("(?#(c)", "(?i:A)", "(?!ab)", "(?<=a)"),
    ]
)
_PATTERNS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner).map("|".join),
        inner.map("({})".format),
        inner.map("(?P<n>{})".format),
        inner.map("(?>{})".format),
        st.tuples(inner, st.sampled_from(["+", "*", "?", "{1,2}", "++"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(
    _PATTERNS,
    st.lists(st.text("abcA1/.\nü", max_size=4), min_size=5, max_size=5),
    st.sampled_from(["{}", "^(?:{})$", "(?i){}", "(?s){}"]),
)
def test_rewritten_pattern_means_the_same(
    source: str, texts: list[str], form: str
) -> None:
    """Python's own reading of the pattern is the oracle."""
    given_source = form.format(source)

    try:
        oracle = re.compile(given_source, re.ASCII)
        checked = check_pattern(given_source, empty=True)
    except (re.error, PatternError):
        # A name twice, or nothing to match: refused for a reason tested above.
        return

    for text in texts:
        # Python's $ also matches before a last newline; a value may hold none.
        if not text.endswith("\n"):
            expected = bool(oracle.fullmatch(text))
            assert bool(checked.full.fullmatch(text)) is expected


@settings(max_examples=300, deadline=None)
@given(_PATTERNS, st.lists(st.text("aA1/.%\n\ud800", max_size=4), min_size=9))
def test_plain_patterns_match_nothing_dangerous(source: str, texts: list[str]) -> None:
    """Skipping the look loses nothing."""
    try:
        checked = check_pattern(source, empty=True)
    except PatternError:
        return

    for text in texts:
        if checked.plain and checked.full.fullmatch(text):
            assert refusal(text, maxlength=99, slashes=False) is None


@settings(max_examples=300, deadline=None)
@given(st.text("()[]{}?P<n>:=!#i^$|*+\\1ab/-", max_size=12))
def test_any_text_is_a_pattern_or_a_pattern_error(source: str) -> None:
    """Nothing else leaves the checker, and what passes owns no group."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # about "[["

        try:
            checked = check_pattern(source)
        except PatternError:
            return

        joined = re.compile(f"(?P<w0>{checked.body})(?P<w1>{checked.body})")

    assert joined.groups == 2
