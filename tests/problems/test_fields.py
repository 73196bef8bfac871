"""Errors of validators, as problems name them.

The shapes are what WTForms 3.3.2, pydantic 2.14.4 and marshmallow 4 return; none
of them is needed here.
"""

import json
import typing as t

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from flask_toolkit.problems import field_errors
from flask_toolkit.problems import FieldError
from flask_toolkit.problems import Problem

WTFORMS: dict[str | None, t.Any] = {
    "name": ["This field is required."],
    "tags": [["Field must be at least 3 characters long."], [], "many"],
    "addresses": [{}, {"street": ["This field is required."]}],
    "home": {"street": ("This field is required.",)},
    "": ["form is odd"],
}
PYDANTIC: list[dict[str, t.Any]] = [
    {"type": "missing", "loc": ("name",), "msg": "Field required", "input": "canary"},
    {"type": "float", "loc": ("items", 0, "price"), "msg": "no number", "input": "x"},
    {"type": "value_error", "loc": (), "msg": "Value error, odd", "ctx": {}},
]
MARSHMALLOW: dict[str, t.Any] = {
    "name": ["Missing data for required field."],
    "items": {1: {"price": ["Not a valid number."]}},
    "a/b": ["Unknown field."],
    "_schema": ["whole"],
}


class Form:
    """A form of WTForms, after validate()."""

    errors = WTFORMS


class PydanticError(ValueError):
    """A ValidationError of pydantic."""

    def errors(self) -> list[dict[str, t.Any]]:
        """Return a flat list."""
        return PYDANTIC


class MarshmallowError(ValueError):
    """A ValidationError of marshmallow."""

    def __init__(self, messages: t.Any) -> None:
        self.messages = messages


class Lazy:
    """A translation that is made when it is shown."""

    def __str__(self) -> str:
        return "übersetzt"


def _pairs(errors: list[FieldError]) -> list[tuple[str, str]]:
    return [(error.pointer, error.detail) for error in errors]


def test_wtforms() -> None:
    """Lists of fields, forms in forms, and errors of the whole form."""
    assert _pairs(field_errors(Form())) == [
        ("#/name", "This field is required."),
        ("#/tags/0", "Field must be at least 3 characters long."),
        ("#/tags", "many"),
        ("#/addresses/1/street", "This field is required."),
        ("#/home/street", "This field is required."),
        ("#", "form is odd"),
    ]


def test_pydantic() -> None:
    """The place is a tuple; what was sent is not repeated."""
    found = field_errors(PydanticError())

    assert _pairs(found) == [
        ("#/name", "Field required"),
        ("#/items/0/price", "no number"),
        ("#", "Value error, odd"),
    ]
    assert "canary" not in repr(found)


def test_marshmallow() -> None:
    """Names are escaped; indexes are numbers."""
    assert _pairs(field_errors(MarshmallowError(MARSHMALLOW))) == [
        ("#/name", "Missing data for required field."),
        ("#/items/1/price", "Not a valid number."),
        ("#/a~1b", "Unknown field."),
        ("#", "whole"),
    ]
    assert _pairs(field_errors(MarshmallowError(["just text"]))) == [("#", "just text")]


def test_a_plain_mapping() -> None:
    """With one message or several, of any kind that can be shown."""
    messages = {"name": "required", "age": [Lazy(), "odd"], None: "whole"}

    assert _pairs(field_errors(messages, root="#/user")) == [
        ("#/user/name", "required"),
        ("#/user/age", "übersetzt"),
        ("#/user/age", "odd"),
        ("#/user", "whole"),
    ]


@pytest.mark.parametrize("source", ["text", 7, None, object()])
def test_anything_else_is_refused(source: t.Any) -> None:
    """An empty list would say that all is well."""
    with pytest.raises(TypeError, match="takes a form, a ValidationError or a map"):
        field_errors(source)


def test_a_root_is_a_pointer() -> None:
    """In fragment form, as all pointers here."""
    with pytest.raises(ValueError, match="is no JSON Pointer"):
        field_errors({"name": "required"}, root="/user")


def test_it_makes_the_member_of_a_problem() -> None:
    """As an application would raise it."""
    app = Flask("shop")

    class Invalid(Problem):
        code, slug, title = 422, "invalid", "Invalid"

    @app.post("/")
    def view() -> str:
        raise Invalid("Look below.", errors=field_errors(Form()))

    answer = app.test_client().post("/")
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["errors"][0] == {
        "detail": "This field is required.",
        "pointer": "#/name",
    }


_NAMES = st.text(min_size=1).filter(lambda name: name != "_schema")


@given(
    st.recursive(
        st.lists(st.text(), min_size=1, max_size=2),
        lambda below: st.dictionaries(_NAMES, below, max_size=3),
    )
)
def test_each_pointer_leads_to_its_message(messages: t.Any) -> None:
    """Whatever the names are: unescaped and followed, it finds the place."""
    from urllib.parse import unquote

    for error in field_errors(messages):
        node = json.loads(json.dumps(messages))

        for step in error.pointer.split("/")[1:]:
            name = unquote(step, errors="surrogatepass")
            node = node[name.replace("~1", "/").replace("~0", "~")]

        assert error.detail in node
