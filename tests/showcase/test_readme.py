from __future__ import annotations

import re
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
README = (EXAMPLES / "README.md").read_text("utf-8")


def test_every_example_is_listed() -> None:
    """The table names the files that are there, and no others."""
    named = set(re.findall(r"examples/(\d\d_\w+\.py) run", README))

    assert named == {path.name for path in EXAMPLES.glob("[0-9]*.py")}


def test_the_commands_need_no_activated_environment() -> None:
    """Each names the environment that ``dev.py`` makes; a newcomer's PATH has none."""
    places = re.findall(r"([\w./]*)\b(?:flask --app|python examples)", README)

    assert len(places) > 8
    assert {place.removeprefix("../../") for place in places} == {".venv/bin/"}
    assert "python3 dev.py demo --once" in README


def test_every_file_of_the_showcase_is_listed() -> None:
    """The list leads through all modules, and no others."""
    listed = README.partition("Where to look")[2]
    named = set(re.findall(r"`(\w+\.py|\w+/)`", listed))
    shop = EXAMPLES / "showcase" / "shop"
    folders = {f"{path.name}/" for path in shop.iterdir() if path.is_dir()}

    assert named == {path.name for path in shop.glob("*.py")} | folders - {
        "__pycache__/"
    }
