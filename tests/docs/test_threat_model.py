"""The page on threats names tests that there are."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/explanation/token-threat-model.md").read_text("utf-8")
TESTS = "\n".join(path.read_text("utf-8") for path in ROOT.glob("tests/jwt/test_*.py"))


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", PAGE))))
def test_a_named_test_exists(name: str) -> None:
    """Whoever renames a test has to say so on the page."""
    assert re.search(rf"^(?:async )?def {name}\(", TESTS, re.MULTILINE)


def test_every_threat_is_held_by_something() -> None:
    """A section that names no test is one of those that need none."""
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    unheld = {part.partition("\n")[0] for part in sections if "`test_" not in part}

    assert unheld == {
        "The design in a paragraph",
        "In short",
        "Replay of a request",
        "What we measured elsewhere",
        "See also",
    }
