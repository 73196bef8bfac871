"""The page that shows the whole house."""

import pkgutil
import re
from pathlib import Path

import flask_toolkit

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "how-it-fits.md"


def test_the_page_names_every_room() -> None:
    """A part that is added takes its place in the picture of the layers."""
    text = PAGE.read_text("utf-8")
    layers = text.partition("## Layers")[2].partition("```text")[2].partition("```")[0]
    modules = pkgutil.iter_modules(flask_toolkit.__path__)
    rooms = {module.name for module in modules if not module.name.startswith("_")}

    assert rooms <= set(re.findall(r"\w+", layers))
