"""Every public name is typed, and the lists of names agree."""

import importlib
import re
from pathlib import Path

import pytest

PACKAGES = [
    "cli",
    "config",
    "errors",
    "guard",
    "identity",
    "jwt",
    "lifecycle",
    "middleware",
    "problems",
    "routing",
    "sessions",
    "signals",
    "signing",
    "stores",
    "testing",
    "toolkit",
    "typing",
]
TYPED = "\n".join(
    path.read_text(encoding="utf-8")
    for path in (Path(__file__).parent / "typing").glob("*.py")
)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_has_a_typing_test(package: str) -> None:
    """A checker looks at each name as a user would write it."""
    names = importlib.import_module(f"flask_toolkit.{package}").__all__

    assert [name for name in names if not re.search(rf"\b{name}\b", TYPED)] == []


def test_every_package_is_in_the_list() -> None:
    """A new room takes its place here."""
    root = Path(importlib.import_module("flask_toolkit").__file__ or "").parent
    rooms = {path.stem for path in root.iterdir() if path.stem[0] not in "_."}

    assert rooms - {"py"} == set(PACKAGES)
