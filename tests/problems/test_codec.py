"""JSON Pointers as URI fragments."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_toolkit.problems import FieldError
from flask_toolkit.problems._codec import pointer


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param([], "#", id="whole"),
        pytest.param(["foo", 0], "#/foo/0", id="array"),
        pytest.param([""], "#/", id="empty"),
        pytest.param(["a/b"], "#/a~1b", id="slash"),
        pytest.param(["c%d"], "#/c%25d", id="percent"),
        pytest.param(["e^f"], "#/e%5Ef", id="caret"),
        pytest.param([" "], "#/%20", id="space"),
        pytest.param(["m~n"], "#/m~0n", id="tilde"),
        pytest.param(["~1"], "#/~01", id="tilde-one"),
    ],
)
def test_pointers_of_rfc_6901(path: list[str | int], expected: str) -> None:
    """The examples of section 6, and the order of the escapes."""
    assert pointer(*path) == expected


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_a_pointer_leads_back(path: list[str]) -> None:
    """Unescaped by RFC 6901 section 4 it is the path again."""
    error = FieldError.at("wrong", *path)
    steps = unquote(error.pointer.removeprefix("#")).split("/")[1:]

    assert [s.replace("~1", "/").replace("~0", "~") for s in steps] == path


@pytest.mark.parametrize("place", ["items", "/items", "", "#items", "#/a b", "#/a#b"])
def test_a_pointer_must_be_a_fragment(place: str) -> None:
    """The message says what writes one."""
    with pytest.raises(ValueError, match=re.escape("FieldError.at(detail, *path)")):
        FieldError("wrong", place)
