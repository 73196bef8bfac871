"""Find the line of a key in each format."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from flask_toolkit.config._lines import line_in_file
from flask_toolkit.config._lines import line_of

TOML = '''\
# name = "not here"
name = "x = 1"
"quoted key" = 'y'
long = """
name2 = 1
"""
list = [
  1,
  { a = 1 }, # a = 2
  2,
]
dotted.inner.leaf = 1.5
point = { x = 1, "y" = { z = 2 } , w = 1979-05-27T07:32:00Z }

[table]
port = 1
raw = \'\'\'
port2 = 2
\'\'\'

[table."sub part"]
leaf = 1

[[many]]
one = 1
parts = [{ a = 1 }, [
{ a = 2 }]]
[[many]]
one = 1
[many.below]
two = 1
[[many.deep]]
three = 1
[[many.deep]]
three = 1
'''


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        pytest.param(("name",), 2, id="string"),
        pytest.param(("quoted key",), 3, id="quoted"),
        pytest.param(("name2",), None, id="in-a-text"),
        pytest.param(("list",), 7, id="list"),
        pytest.param(("list", "1", "a"), 9, id="in-a-list"),
        pytest.param(("dotted", "inner", "leaf"), 12, id="dotted"),
        pytest.param(("point", "y", "z"), 13, id="inline"),
        pytest.param(("point", "w"), 13, id="after-inline"),
        pytest.param(("table",), 15, id="header"),
        pytest.param(("table", "port"), 16, id="in-a-table"),
        pytest.param(("table", "port2"), 15, id="nearest"),
        pytest.param(("table", "sub part", "leaf"), 22, id="sub-table"),
        pytest.param(("many", "0"), 24, id="array-of-tables"),
        pytest.param(("many", "0", "one"), 25, id="in-an-item"),
        pytest.param(("many", "0", "parts", "1", "0", "a"), 27, id="inline-item"),
        pytest.param(("many", "1", "one"), 29, id="in-the-next-item"),
        pytest.param(("many", "1", "below", "two"), 31, id="table-of-an-item"),
        pytest.param(("many", "1", "deep", "1", "three"), 35, id="items-of-an-item"),
        pytest.param(("no",), None, id="absent"),
        pytest.param((), None, id="whole-file"),
    ],
)
def test_lines_of_toml(keys: tuple[str, ...], line: int | None) -> None:
    """Texts, comments and inline tables do not mislead."""
    assert line_of("toml", TOML, keys) == line


@pytest.mark.parametrize(
    ("format", "text", "keys", "line"),
    [
        pytest.param("json", '{"a": "b:",\n"c": [{"d": 1}]}', ("c",), 2, id="json"),
        pytest.param(
            "json",
            '{"c": [1, [2,3],\n{"d": 1,\n"e": 2},\n{"d": 4}]}',
            ("c", "3", "d"),
            4,
            id="json-item",
        ),
        pytest.param("json", '{\n"a\\n": 1\n}', ("a\n",), 2, id="json-escape"),
        pytest.param("json", '{"a": {\n"b": 1},\n"b": 2}', ("b",), 3, id="json-level"),
        pytest.param("json", "}", ("a",), None, id="json-broken"),
        pytest.param("yaml", "a:\n  b: 1\n", ("a", "b"), 2, id="yaml"),
        pytest.param(
            "yaml", "a:\n- b: 1\n- c: 2\n  b: 1", ("a", "1", "b"), 4, id="yaml-item"
        ),
        pytest.param("yaml", "a: &a\n  b: *a\n", ("a", "b"), 2, id="yaml-loop"),
        pytest.param("py", "A = 1\nB: int = 2\nimport os", ("B",), 2, id="py"),
        pytest.param("py", "A, B = 1, 2\nA.x = 3\nA = 1", ("A",), 3, id="py-targets"),
        pytest.param("py", "A = (", ("A",), None, id="py-broken"),
    ],
)
def test_lines_of_other_formats(
    format: str, text: str, keys: tuple[str, ...], line: int | None
) -> None:
    """Each format has a finder; a broken file has no line."""
    assert line_of(format, text, keys) == line


def test_a_file_that_is_gone_has_no_line(tmp_path: Path) -> None:
    """A line is a courtesy, never a new error."""
    assert line_in_file(tmp_path / "no.toml", "toml", ("a",)) is None
    assert line_in_file(tmp_path, "toml", ("a",)) is None


@given(
    st.dictionaries(
        st.text("ab.[]{}=:,# \\\"'", min_size=1, max_size=6),
        st.text("ab.[]{}=:,# \\\"'", max_size=6),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=60)
def test_json_and_toml_keys_are_found_whatever_they_hold(
    table: dict[str, str],
) -> None:
    """Every key stands on the line where it was written."""
    lines = [f"{json.dumps(key)}: {json.dumps(table[key])}" for key in table]
    text = "{\n" + ",\n".join(lines) + "\n}"
    toml = "\n".join(f"{json.dumps(key)} = {json.dumps(table[key])}" for key in table)

    for number, key in enumerate(table, start=1):
        assert line_of("json", text, (key,)) == number + 1
        assert line_of("toml", toml, (key,)) == number
