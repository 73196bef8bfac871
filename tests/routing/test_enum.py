"""Converters for the members of an enumeration."""

from __future__ import annotations

import enum
import typing as t

import pytest
from flask import Flask
from flask import url_for
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.routing import BuildError
from werkzeug.routing import Map
from werkzeug.routing import Rule

from flask_toolkit.routing import Converters
from flask_toolkit.routing import enum_converter
from flask_toolkit.routing import PatternError

if t.TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[Flask, str], str]


class Color(enum.Enum):
    """Values with signs, of which one begins another, and an alias."""

    RED = "red"
    RED_PLUS = "red+"
    SKY = "sky/blue"
    CRIMSON = "red"  # noqa: PIE796  # an alias


class Size(enum.IntEnum):
    """Numbers."""

    SMALL = 1
    BIG = 10


class Right(enum.Flag):
    """Members that combine."""

    READ = 1
    WRITE = 2


def app_of(cls: type[enum.Enum], **options: t.Any) -> Flask:
    """Return an app that answers with the member."""
    app = Flask("shop", static_folder=None)
    Converters(app, patterns=[enum_converter(cls, name="member", **options)])
    app.add_url_rule("/x/<member:x>", "x", lambda x: str(x.name))
    return app


@pytest.mark.parametrize(
    ("cls", "options", "text", "answer"),
    [
        pytest.param(Color, {}, "red", "RED", id="value"),
        pytest.param(Color, {}, "red+", "RED_PLUS", id="sign-and-prefix"),
        pytest.param(Color, {}, "sky/blue", "SKY", id="slash"),
        pytest.param(Color, {}, "RED", "404", id="name-for-value"),
        pytest.param(Color, {}, "green", "404", id="no-member"),
        pytest.param(Color, {"by": "name"}, "RED", "RED", id="name"),
        pytest.param(Color, {"by": "name"}, "CRIMSON", "404", id="alias"),
        pytest.param(Color, {"by": "name"}, "red", "404", id="lower-name"),
        pytest.param(
            Color, {"by": "name", "ignorecase": True}, "reD", "RED", id="ignorecase"
        ),
        pytest.param(Size, {}, "10", "BIG", id="number"),
        pytest.param(Size, {}, "01", "404", id="number-otherwise"),
        pytest.param(Right, {"by": "name"}, "WRITE", "WRITE", id="flag"),
    ],
)
def test_only_the_text_of_a_member_is_a_value(
    ask: Ask, *, cls: type[enum.Enum], options: t.Any, text: str, answer: str
) -> None:
    """The view gets the member; anything else is a 404."""
    assert ask(app_of(cls, **options), f"/x/{text}") == answer


@given(st.sampled_from([*Color, *Size, *Right]), st.sampled_from(["name", "value"]))
def test_member_comes_back_from_its_url(
    member: enum.Enum, by: t.Literal["name", "value"]
) -> None:
    """``match(url_for(member)) == member``."""
    converter = enum_converter(type(member), name="m", by=by)
    rules = Map([Rule("/<m:x>", endpoint="x")], converters={"m": converter})
    adapter = rules.bind("h")

    assert adapter.match(adapter.build("x", {"x": member})) == ("x", {"x": member})


@pytest.mark.parametrize("value", ["red", Size.BIG, None, "RED"])
def test_only_members_are_built(value: object) -> None:
    """A text is not a member, nor is one of another enumeration."""
    app = app_of(Color)

    with app.test_request_context(), pytest.raises(BuildError):
        url_for("x", x=value)


def test_combined_flags_have_no_text() -> None:
    """They are no members that can be listed."""
    app = app_of(Right)

    with app.test_request_context(), pytest.raises(BuildError):
        url_for("x", x=Right.READ | Right.WRITE)


def test_ignorecase_builds_what_is_written() -> None:
    """One spelling is canonical in links."""
    app = app_of(Color, by="name", ignorecase=True)

    with app.test_request_context():
        assert url_for("x", x=Color.RED) == "/x/RED"


def test_the_name_is_that_of_the_class() -> None:
    """In lower case, unless another is given."""
    assert enum_converter(Color).name == "color"
    assert enum_converter(Color, name="paint").name == "paint"
    assert enum_converter(Color).examples == ("red", "red+", "sky/blue")


@pytest.mark.parametrize(
    ("members", "options", "message"),
    [
        pytest.param({}, {}, "no members", id="none"),
        pytest.param({"A": 1, "B": "1"}, {}, "two of the same text", id="same-text"),
        pytest.param(
            {"A": "x", "B": "X"},
            {"ignorecase": True},
            "two of the same",
            id="same-case",
        ),
        pytest.param({"A": ""}, {}, "Nothing to match", id="empty"),
        pytest.param({"A": "a", "B": ".."}, {}, "dot segment", id="dots"),
        pytest.param({"A": "a"}, {"by": "key"}, "by is 'name' or 'value'", id="by"),
    ],
)
def test_definition_is_checked(
    members: dict[str, object], options: dict[str, t.Any], message: str
) -> None:
    """What cannot stand in a URL is found where it is defined."""
    cls = enum.Enum("Odd", members)  # type: ignore[misc]  # members from a table

    with pytest.raises(PatternError, match=message):
        enum_converter(cls, **options)
