"""What no value may read, whatever its pattern."""

import pytest

from flask_toolkit.routing._refusals import refusal
from flask_toolkit.routing._refusals import slash_refusal


@pytest.mark.parametrize(
    ("text", "slashes", "reason"),
    [
        pytest.param("a.b", False, None, id="dot-inside"),
        pytest.param("...", False, None, id="three-dots"),
        pytest.param("100%", False, None, id="percent"),
        pytest.param("a b\u2028", False, None, id="not-printable-but-harmless"),
        pytest.param("a/b", True, None, id="slash-told"),
        pytest.param("x" * 21, False, "longer than 20", id="long"),
        pytest.param("a\nb", False, "control", id="newline"),
        pytest.param("\x7f", False, "control", id="delete"),
        pytest.param("\x00", False, "control", id="null"),
        pytest.param("\ud800", False, "control", id="surrogate"),
        pytest.param("a/b", False, "slash", id="slash-not-told"),
        pytest.param(".", False, "dot", id="here"),
        pytest.param("..", False, "dot", id="up"),
        pytest.param("%2e%2E", False, "dot", id="up-encoded"),
        pytest.param(".%2e", False, "dot", id="up-half-encoded"),
        pytest.param("a/../b", True, "dot", id="up-inside"),
        pytest.param("a/.", True, "dot", id="here-at-the-end"),
    ],
)
def test_dangerous_text_is_refused(
    text: str, slashes: bool, reason: str | None
) -> None:
    """Length, control characters, slashes and dot segments have one gate."""
    answer = refusal(text, maxlength=20, slashes=slashes)

    assert answer is None if reason is None else reason in str(answer)


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        pytest.param("a/b", True, id="inside"),
        pytest.param("/a", False, id="leading"),
        pytest.param("a/", False, id="trailing"),
        pytest.param("a//b", False, id="double"),
    ],
)
def test_empty_segments_are_refused(text: str, fine: bool) -> None:
    """No value that is built brings an empty segment."""
    assert (slash_refusal(text) is None) is fine
