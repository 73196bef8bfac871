"""Access plans: rules only tighten, public only opens, from the outside in."""

import pytest

from flask_toolkit.guard import authenticated
from flask_toolkit.guard import role
from flask_toolkit.guard._plan import Access
from flask_toolkit.guard._plan import compile_access
from flask_toolkit.guard._plan import requires_text
from flask_toolkit.guard._plan import Source
from flask_toolkit.identity import AccessMark

A, B, C = role("a"), role("b"), role("c")
OPEN = AccessMark(public=True)


def needs(*rules: object, cross_origin: bool = False) -> AccessMark:
    """Return the mark of ``@require``."""
    return AccessMark(rules=rules, cross_origin=cross_origin)


@pytest.mark.parametrize(
    ("marks", "public", "rule", "why"),
    [
        pytest.param([], False, A, "default", id="default"),
        pytest.param([needs(B)], False, A & B, "default+0", id="tighten"),
        pytest.param(
            [needs(B), needs(C)], False, A & B & C, "default+0+1", id="tighten-twice"
        ),
        pytest.param([OPEN], True, authenticated, "0", id="open"),
        pytest.param([needs(B), OPEN], True, authenticated, "1", id="open-inside"),
        pytest.param([OPEN, OPEN], True, authenticated, "0+1", id="open-twice"),
        pytest.param([OPEN, needs(B)], False, B, "0+1", id="close-inside-open"),
    ],
)
def test_sources_apply_from_outside_in(
    marks: list[AccessMark], public: bool, rule: object, why: str
) -> None:
    """The inner source decides on top of what the outer ones said."""
    sources = [Source(str(number), mark) for number, mark in enumerate(marks)]
    access = compile_access(A, sources)

    assert (access.public, access.rule, "+".join(access.why)) == (public, rule, why)


def test_cross_origin_holds_for_all_inside() -> None:
    """Once a level takes requests of other sites, inner marks keep it so."""
    sources = [Source("x", needs(A, cross_origin=True)), Source("y", needs(B))]

    assert compile_access(authenticated, sources).cross_origin


def test_the_reason_is_of_the_innermost_mark() -> None:
    """A reason explains the mark that decides, quoted on one line."""
    opened = AccessMark(public=True, reason='the "door"')
    access = compile_access(A, [Source("marker", opened)])
    closed = compile_access(A, [Source("bp", opened), Source("marker", needs(B))])

    assert access.why_text == 'marker "the \\"door\\""'
    assert closed.why_text == "bp+marker"


@pytest.mark.parametrize(
    ("access", "required", "text"),
    [
        pytest.param(Access(public=True), (), "public", id="public"),
        pytest.param(None, (), "unguarded", id="unguarded"),
        pytest.param(Access(), (), "authenticated", id="default"),
        pytest.param(Access(rule=A), ('via("jwt")',), 'role("a") & via("jwt")', id="&"),
        pytest.param(Access(), ('via("jwt")',), 'via("jwt")', id="implied"),
        pytest.param(
            Access(rule=A | B),
            ('via("jwt")',),
            '(role("a") | role("b")) & via("jwt")',
            id="parentheses",
        ),
        pytest.param(Access(rule=A | B), (), 'role("a") | role("b")', id="or-alone"),
        pytest.param(Access(public=True), ("x", "x"), "x", id="public-but-required"),
        pytest.param(
            Access(public=True, cross_origin=True),
            (),
            "public +cross-origin",
            id="flag",
        ),
    ],
)
def test_text_of_what_a_route_requires(
    access: Access | None, required: tuple[str, ...], text: str
) -> None:
    """The map shows marks and self-enforcing decorators as one rule."""
    assert requires_text(access, required) == text


def test_a_redirecting_rule_is_routing() -> None:
    """A ``redirect_to`` rule answers before any guard and says so."""
    assert requires_text(Access(), routing=True) == "routing"
