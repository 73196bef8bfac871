"""Text to value, and checks of typed values."""

import contextlib
import enum
import math
import re
import types
import typing as t
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import MutableMapping
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from flask_toolkit._values import describe
from flask_toolkit._values import from_text
from flask_toolkit._values import from_value
from flask_toolkit._values import hints_of
from flask_toolkit._values import is_deep
from flask_toolkit._values import is_dict
from flask_toolkit._values import is_mapping
from flask_toolkit._values import is_marked
from flask_toolkit._values import is_table
from flask_toolkit._values import read_json
from flask_toolkit._values import seconds
from flask_toolkit._values import unwrap
from flask_toolkit._values import ValueProblem
from flask_toolkit.typing import Constraint
from flask_toolkit.typing import Secret


class Colour(enum.Enum):
    """Values of several types."""

    RED = "red"
    TWO = 2


class Order(enum.IntEnum):
    """Members that are numbers."""

    FIRST = 1


class Row(t.TypedDict):
    """A type that nothing can check at run time."""

    a: int


UserId = t.NewType("UserId", int)
EVEN = Constraint(lambda n: n % 2 == 0, "an even number")
Even = t.Annotated[int, "help", EVEN]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        *(
            pytest.param(bool, text, True, id=f"true-{text}")
            for text in ("true", "1", "YES", "On", " true ")
        ),
        *(
            pytest.param(bool, text, False, id=f"false-{text}")
            for text in ("false", "0", "No", "OFF")
        ),
        pytest.param(int, "-1_000", -1000, id="int"),
        pytest.param(int, "+7", 7, id="int-plus"),
        pytest.param(float, ".5", 0.5, id="float"),
        pytest.param(float, "1_0.5e-1", 1.05, id="float-exponent"),
        pytest.param(str, " x ", " x ", id="str"),
        pytest.param(t.Any, "1", "1", id="any"),
        pytest.param(object, "1", "1", id="object"),
        pytest.param(bytes, "é\udcff", b"\xc3\xa9\xff", id="bytes"),
        pytest.param(type(None), "", None, id="none"),
        pytest.param(UserId, "7", 7, id="newtype"),
        pytest.param(Even, "4", 4, id="constraint"),
        pytest.param(timedelta, "-1.5", timedelta(seconds=-1.5), id="seconds"),
        pytest.param(timedelta, "1d2h3m4s", timedelta(1, 7384), id="units"),
        pytest.param(timedelta, "P1DT2H3M4S", timedelta(1, 7384), id="iso"),
        pytest.param(list, "a, b", ["a", "b"], id="list-bare"),
        pytest.param(list[int], "[1, 2]", [1, 2], id="list-json"),
        pytest.param(list[int], '["1"]', [1], id="list-json-text"),
        pytest.param(list[str], " ", [], id="list-blank"),
        pytest.param(list[bool], "yes,no,", [True, False], id="list-trailing-comma"),
        pytest.param(tuple[int, str], "1,a", (1, "a"), id="tuple-fixed"),
        pytest.param(set[int], "1,1", {1}, id="set"),
        pytest.param(Sequence[int], "1", (1,), id="sequence"),
        pytest.param(Collection[str], "a", ("a",), id="collection"),
        pytest.param(Iterable[str], "a", ("a",), id="iterable"),
        pytest.param(AbstractSet[str], "a", frozenset("a"), id="abstract-set"),
        pytest.param(dict, '{"a": [1]}', {"a": [1]}, id="dict"),
        pytest.param(Mapping[str, int], '{"a": 1}', {"a": 1}, id="mapping"),
        pytest.param(MutableMapping[str, float], '{"a": 1}', {"a": 1.0}, id="mutable"),
        pytest.param(Colour, "red", Colour.RED, id="enum"),
        pytest.param(Colour, "2", Colour.TWO, id="enum-number"),
        pytest.param(Colour, "TWO", Colour.TWO, id="enum-name"),
        pytest.param(t.Literal["a", 1], "1", 1, id="literal"),
        pytest.param(Path, "a/b", Path("a/b"), id="path"),
        pytest.param(int | None, "", None, id="optional-empty"),
        pytest.param(t.Optional[int], "3", 3, id="optional"),  # noqa: UP045  # the old spelling
        pytest.param(str | None, "", "", id="optional-str"),
        pytest.param(bool | dict[str, int], '{"a": 1}', {"a": 1}, id="union-dict"),
        pytest.param(str | int, "3", 3, id="union-str-last"),
        pytest.param(bytes | str, "x", "x", id="union-bytes-never"),
        pytest.param(int | bytes, "x", b"x", id="union-bytes-alone"),
        pytest.param(t.Annotated[str, "x"] | int, "a", "a", id="union-annotated"),
    ],
)
def test_text_is_read_as_its_type(kind: t.Any, text: str, value: object) -> None:
    """Each type has one rule."""
    read = from_text(kind, text)

    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        pytest.param(bool, "", "true or false", id="bool-empty"),
        pytest.param(bool, "ja", "true or false", id="bool"),
        pytest.param(int, "", "an integer", id="int-empty"),
        pytest.param(int, "1.0", "an integer", id="int-float"),
        pytest.param(int, "1__0", "an integer", id="int-underscores"),
        pytest.param(int, "٣", "an integer", id="int-arabic"),
        pytest.param(int, "9" * 101, "an integer", id="int-long"),
        pytest.param(float, "nan", "a finite number", id="nan"),
        pytest.param(float, "1e999", "a finite number", id="inf"),
        pytest.param(float, "1_", "a finite number", id="float-underscore"),
        pytest.param(float, "1" * 101, "a finite number", id="float-long"),
        pytest.param(bytes, "\ud800", "bytes", id="bytes"),
        pytest.param(type(None), "x", "nothing", id="none"),
        pytest.param(timedelta, "", "a duration such", id="duration-empty"),
        pytest.param(timedelta, "1x", "a duration such", id="duration"),
        pytest.param(timedelta, "P", "a duration such", id="duration-bare"),
        pytest.param(timedelta, "9" * 5000 + "d", "a duration such", id="duration-9"),
        pytest.param(timedelta, "9" * 90 + "d", "less than", id="duration-days"),
        pytest.param(timedelta, "1e99", "a duration of less than", id="duration-huge"),
        pytest.param(list[int], "1,x", "an integer", id="list-item"),
        pytest.param(list[str], "a,,b", "a list", id="list-gap"),
        pytest.param(list[str], ",", "a list", id="list-comma"),
        pytest.param(list[str], "[1]", "text", id="list-strict"),
        pytest.param(list[str], "[a", "a JSON list", id="list-json"),
        pytest.param(list[str], "[" * 9000, "a JSON list", id="list-nested"),
        pytest.param(list[str], "[" * 40 + "]" * 40, "a JSON list", id="list-deep"),
        pytest.param(set, "[[]]", "a list of values that can be hashed", id="set"),
        pytest.param(tuple[int, int], "1", "a list of 2", id="tuple"),
        pytest.param(dict, "[]", "a JSON object", id="dict-list"),
        pytest.param(dict, '{"a": NaN}', "a JSON object", id="dict-nan"),
        pytest.param(dict[str, int], '{"a": "1"}', "an integer", id="dict-strict"),
        pytest.param(Colour, "RED2", "one of 'red', 2", id="enum"),
        pytest.param(t.Literal["a"], "A", "one of 'a'", id="literal"),
        pytest.param(t.Literal["a"], "a ", "one of 'a'", id="literal-space"),
        pytest.param(Path, "", "a path", id="path-empty"),
        pytest.param(Path, "a\0", "a path", id="path-nul"),
        pytest.param(Callable[[], int], "x", "something callable", id="callable"),
        pytest.param(int | float | None, "x", "an integer or a number", id="union"),
        pytest.param(Even, "3", "an even number", id="constraint"),
        pytest.param(complex, "1", "complex", id="unknown"),
    ],
)
def test_text_that_does_not_fit_is_refused(
    kind: t.Any, text: str, expected: str
) -> None:
    """The problem says what would fit."""
    with pytest.raises(ValueProblem, match=re.escape(expected)):
        from_text(kind, text)


def test_a_duplicate_name_has_a_hint() -> None:
    """The last of two values would win silently (RFC 8259 section 4)."""
    with pytest.raises(ValueProblem, match="a JSON object") as info:
        from_text(dict, '{"a": 1, "a": 2}')

    assert info.value.hint == "a name occurs twice (RFC 8259 4)"


def test_a_constraint_that_raises_does_not_pass() -> None:
    """Its exception could hold the value, so it is only named."""
    kind = t.Annotated[str, Constraint(lambda text: text[9] == "x", "long")]

    with pytest.raises(ValueProblem, match="long") as info:
        from_text(kind, "canary")

    assert info.value.hint == "the test raised IndexError"


class Base(t.Protocol):
    """A protocol that cannot be checked."""


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        pytest.param(float, 1, 1.0, id="int-for-float"),
        pytest.param(float, 1.5, 1.5, id="float"),
        pytest.param(int, 5, 5, id="int"),
        pytest.param(timedelta, 2, timedelta(seconds=2), id="number-for-duration"),
        pytest.param(timedelta, timedelta(1), timedelta(1), id="duration"),
        pytest.param(Path, "a", Path("a"), id="text-for-path"),
        pytest.param(Path, Path("a"), Path("a"), id="path"),
        pytest.param(tuple[float, ...], [1], (1.0,), id="list-for-tuple"),
        pytest.param(frozenset[str], ["a"], frozenset("a"), id="list-for-set"),
        pytest.param(list[int], (1,), [1], id="tuple-for-list"),
        pytest.param(Colour, Colour.RED, Colour.RED, id="enum"),
        pytest.param(Colour, "red", Colour.RED, id="value-for-enum"),
        pytest.param(Colour, "TWO", Colour.TWO, id="name-for-enum"),
        pytest.param(Order, 1, Order.FIRST, id="int-enum"),
        pytest.param(t.Literal[1], 1, 1, id="literal"),
        pytest.param(int | str, "x", "x", id="union"),
        pytest.param(dict, {"a": 1}, {"a": 1}, id="dict"),
        pytest.param(dict[str, float], {"a": 1}, {"a": 1.0}, id="dict-typed"),
        pytest.param(Callable[[], int], len, len, id="callable"),
        pytest.param(t.Any, len, len, id="any"),
        pytest.param(bytes, b"x", b"x", id="bytes"),
        pytest.param(type(None), None, None, id="none"),
        pytest.param(Base, 5, 5, id="protocol"),
        pytest.param(list[Row], [{"a": 1}], [{"a": 1}], id="typed-dict"),
        pytest.param(UserId, 5, 5, id="newtype"),
    ],
)
def test_a_typed_value_passes(kind: t.Any, value: object, expected: object) -> None:
    """With the few conversions that cannot be meant otherwise."""
    read = from_value(kind, value)

    assert read == expected
    assert type(read) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        pytest.param(bool, 1, id="number-for-bool"),
        pytest.param(int, True, id="bool-for-int"),
        pytest.param(int, 1.0, id="float-for-int"),
        pytest.param(int, "1", id="text-for-int"),
        pytest.param(float, True, id="bool-for-float"),
        pytest.param(float, math.inf, id="inf"),
        pytest.param(float, 10**400, id="huge"),
        pytest.param(timedelta, math.nan, id="nan-duration"),
        pytest.param(timedelta, True, id="bool-duration"),
        pytest.param(timedelta, 1e300, id="huge-duration"),
        pytest.param(timedelta, "30m", id="text-duration"),
        pytest.param(str, b"x", id="bytes-for-str"),
        pytest.param(list[str], "abc", id="text-for-list"),
        pytest.param(list[int], ["1"], id="item"),
        pytest.param(tuple[int, int], [1], id="length"),
        pytest.param(set[t.Any], [[]], id="unhashable"),
        pytest.param(dict, [], id="list-for-dict"),
        pytest.param(dict[str, int], {1: 1}, id="key"),
        pytest.param(t.Literal[1], True, id="literal-bool"),
        pytest.param(Colour, "pink", id="enum"),
        pytest.param(Colour, 2.0, id="enum-type"),
        pytest.param(Path, 1, id="path"),
        pytest.param(Callable[[], int], 1, id="callable"),
        pytest.param(int | None, "x", id="union"),
        pytest.param(type(None), 0, id="none"),
    ],
)
def test_a_typed_value_of_another_type_is_refused(kind: t.Any, value: object) -> None:
    """A file that has types is taken at its word."""
    with pytest.raises(ValueProblem):
        from_value(kind, value)


def test_a_bool_for_text_has_a_hint() -> None:
    """YAML makes a boolean of an unquoted ``no``."""
    with pytest.raises(ValueProblem) as info:
        from_value(str, value=False)

    assert info.value.hint == "YAML read a boolean, quote it"


def test_a_kubernetes_variable_has_a_hint() -> None:
    """Kubernetes injects an address for each service."""
    with pytest.raises(ValueProblem) as info:
        from_text(int, "tcp://10.0.0.1:80")

    assert info.value.hint == "this looks like a Kubernetes service variable"


def test_paths_start_at_the_base() -> None:
    """Absolute ones stay."""
    base = Path("/etc/shop")

    assert from_text(Path, "a", base=base) == Path("/etc/shop/a")
    assert from_text(list[Path], "a,/b", base=base) == [Path("/etc/shop/a"), Path("/b")]
    assert from_value(Path | None, "a", base=base) == Path("/etc/shop/a")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        pytest.param(int | str | None, "an integer or text", id="union"),
        pytest.param(list[str] | tuple[str], "a list", id="once"),
        pytest.param(t.Annotated[bool, 1], "true or false", id="annotated"),
        pytest.param(Mapping[str, int], "a table", id="mapping"),
        pytest.param(Row, "Row", id="class"),
    ],
)
def test_types_are_described_in_words(kind: t.Any, words: str) -> None:
    """A message speaks of what to write, not of Python."""
    assert describe(kind) == words


def test_kinds_and_shapes_are_told_apart() -> None:
    """Small predicates, as type checkers can follow them."""
    assert is_table(dict[str, int])
    assert not is_table(list)
    assert is_dict({})
    assert not is_dict([])
    assert is_mapping({})
    assert not is_mapping([])
    assert unwrap(t.Annotated[UserId, 1]) == (int, (1,))
    assert seconds(timedelta(minutes=1)) == seconds(60) == 60.0


def test_depth_and_size_are_bounded() -> None:
    """Below either limit a value is fine."""
    assert not is_deep({"a": [1, 2]}, limit=4)
    assert is_deep({"a": [1, 2]}, limit=3)
    loop: list[t.Any] = []
    loop.append(loop)
    assert is_deep(loop, limit=10**6)


def test_json_is_read_strictly() -> None:
    """Good JSON is read, the rest has one kind of problem."""
    assert read_json("[1, {}]") == [1, {}]

    with pytest.raises(ValueProblem, match="JSON") as info:
        read_json("[" * 40 + "]" * 40)

    assert info.value.hint == "it is nested too deeply"


KINDS: list[t.Any] = [
    *(bool, int, float, str, bytes, timedelta, Path, list, dict, set, Colour),
    *(list[int], tuple[int, ...], tuple[int, str], set[str], dict[str, int]),
    *(int | None, str | bytes, bool | dict[str, t.Any], t.Literal["a", 1], t.Any),
]
TEXTS = st.text(max_size=30) | st.sampled_from(
    ["[" * 99999, "{" * 99999, "9" * 9999, "1" * 99 + "d", "\udcff", "\ud800", "1e400"]
)


@given(st.sampled_from(KINDS), TEXTS)
@settings(max_examples=400)
def test_any_text_is_read_or_refused(kind: t.Any, text: str) -> None:
    """Nothing but a ValueProblem without the text comes out."""
    try:
        value = from_text(kind, text)
    except ValueProblem as problem:
        told = f"{problem} {problem.hint}"
    else:
        # What was read passes the check of typed values unchanged.
        assert from_value(kind, value) == value
        told = ""

    # A part of "an integer" may come up by chance; that is our own word.
    assert len(text) < 8 or text in describe(kind) or text not in told


@given(
    st.sampled_from(KINDS),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.binary(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        ),
        max_leaves=5,
    ),
)
@settings(max_examples=300)
def test_any_value_is_taken_or_refused(kind: t.Any, value: t.Any) -> None:
    """Nothing but a ValueProblem comes out, and the value is not changed."""
    before = repr(value)

    with contextlib.suppress(ValueProblem):
        from_value(kind, value)

    assert repr(value) == before


@given(
    st.integers(-(10**90), 10**90), st.lists(st.integers(), max_size=5), st.booleans()
)
def test_what_was_written_is_read(number: int, items: list[int], flag: bool) -> None:
    """``str`` and comma lists round-trip."""
    assert from_text(int, str(number)) == number
    assert from_text(list[int], ",".join(map(str, items))) == items
    assert from_text(bool, str(flag)) is flag


@given(st.timedeltas(timedelta(), timedelta(days=10**6)))
def test_durations_round_trip(duration: timedelta) -> None:
    """To the second, in each of the two notations."""
    whole = timedelta(days=duration.days, seconds=duration.seconds)
    day, rest = whole.days, whole.seconds
    text = f"{day}d{rest // 3600}h{rest % 3600 // 60}m{rest % 60}s"

    assert from_text(timedelta, text) == whole
    iso = f"P{day}DT{rest // 3600}H{rest % 3600 // 60}M{rest % 60}S"
    assert from_text(timedelta, iso) == whole


LIMIT = 10


class Limited:
    """A schema whose constraint names a constant of its module."""

    DEFAULT = 1
    size: "t.Annotated[int, Constraint(lambda n: n <= LIMIT, 'at most 10')]"


def test_a_lambda_in_an_annotation_sees_its_module() -> None:
    """As under ``from __future__ import annotations``, where all are text."""
    kind = hints_of(Limited)["size"]

    assert from_value(kind, 10) == 10
    with pytest.raises(ValueProblem, match="at most 10"):
        from_value(kind, 11)


def test_an_alias_counts_as_what_it_names() -> None:
    """What the ``type`` statement makes hides no mark, no type and no constraint."""
    stand_in = lambda _, value: types.SimpleNamespace(__value__=value)  # noqa: E731  # short
    alias = getattr(t, "TypeAliasType", stand_in)  # since Python 3.12
    password = alias("Password", t.Annotated[str, Secret])
    even = alias("Even", t.Annotated[int, EVEN])

    assert is_marked(password)
    assert from_text(even, "2") == 2

    with pytest.raises(ValueProblem, match="an even number"):
        from_value(even, 3)

    with pytest.raises(ValueProblem, match="an integer"):
        from_value(even, "2")
