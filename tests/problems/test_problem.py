"""The error an application raises, without the extension."""

import json
import re
import typing as t

import pytest
from flask import Flask
from werkzeug.exceptions import Conflict

from flask_toolkit.errors import SetupError
from flask_toolkit.problems import FieldError
from flask_toolkit.problems import Problem
from flask_toolkit.problems import Problems


class Taken(Problem, Conflict):
    """Has its code from Werkzeug."""


class Busy(Problem):
    """Has all by itself."""

    code, slug, title = 503, "busy", "Too busy"


def test_members_come_in_order() -> None:
    """Type, title, status, detail, extensions, instance and errors."""
    error = Busy(
        "Later.", instance="/jobs/7", errors=[FieldError.at("no", "a")], queue=9
    )

    assert list(error.problem().items()) == [
        ("type", "about:blank"),
        ("title", "Too busy"),
        ("status", 503),
        ("detail", "Later."),
        ("queue", 9),
        ("instance", "/jobs/7"),
        ("errors", [{"detail": "no", "pointer": "#/a"}]),
    ]


def test_only_what_is_there() -> None:
    """A bare one has Werkzeug's description and no optional member."""
    assert Taken().problem().keys() == {"type", "title", "status", "detail"}
    assert Busy().problem().keys() == {"type", "title", "status"}


@pytest.mark.parametrize("name", ["type", "title", "status"])
def test_extensions_leave_the_class_its_members(name: str) -> None:
    """They are the same for all occurrences."""
    with pytest.raises(TypeError, match=f"'{name}' cannot be an extension"):
        Busy("Later.", **t.cast("dict[str, t.Any]", {name: "x"}))


def test_a_problem_needs_a_code() -> None:
    """The class itself stands for no status."""
    with pytest.raises(TypeError, match="Problem has no code"):
        Problem("Something.")


@pytest.mark.parametrize("code", [200, 302, 399, 600])
def test_the_code_is_an_error(code: int) -> None:
    """At the definition of the class."""
    with pytest.raises(SetupError, match=re.escape("Odd.code must be an error")):
        type("Odd", (Problem,), {"code": code})


@pytest.mark.parametrize("slug", ["", "out of stock", "a/b", "-x", "ä"])
def test_the_slug_can_end_a_uri(slug: str) -> None:
    """At the definition of the class."""
    with pytest.raises(SetupError, match=re.escape("Odd.slug must be letters")):
        type("Odd", (Problem,), {"code": 400, "slug": slug})


@pytest.mark.parametrize("has_problems", [False, True], ids=["alone", "attached"])
def test_what_json_cannot_hold_is_left_out(
    has_problems: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The rest is answered; the log names the member, not its value."""
    app = Flask("shop")
    looped: list[t.Any] = []
    looped.append(looped)

    if has_problems:
        Problems(app, policy={"/": "json"})

    @app.get("/")
    def view() -> str:
        raise Busy(
            "Later: NaN of Infinity.",
            queue=9,
            odd=type("Odd", (), {}),
            looped=looped,
            ratio=float("nan"),
            limits=[1, float("-inf")],
        )

    answer = app.test_client().get("/")
    assert answer.status_code == 503
    assert answer.mimetype == "application/problem+json"
    assert json.loads(answer.data)["queue"] == 9
    assert json.loads(answer.data)["detail"] == "Later: NaN of Infinity."
    assert not {"odd", "looped", "ratio", "limits"} & json.loads(answer.data).keys()
    assert caplog.messages == [
        "Problem member 'odd' left out: type is no JSON",
        "Problem member 'looped' left out: list is no JSON",
        "Problem member 'ratio' left out: float is no JSON",
        "Problem member 'limits' left out: list is no JSON",
    ]


def test_only_numbers_that_json_lacks_are_looked_for() -> None:
    """RFC 8259 section 6; the words may stand in a text or name a member."""
    text = Busy("NaN", Infinity="Infinity", ratio=float("nan")).get_body()

    assert json.loads(text)["Infinity"] == "Infinity"
    assert json.loads(text)["detail"] == "NaN"
    assert "ratio" not in json.loads(text)
