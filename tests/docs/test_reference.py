"""The reference describes every public name and every setting."""

import importlib.util
import re
import typing as t
from pathlib import Path

import pytest

import flask_toolkit
from flask_toolkit._settings import declared

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = DOCS / "reference"
API = "\n".join(path.read_text("utf-8") for path in REFERENCE.glob("api/*.md"))


def _load_inventory() -> t.Any:
    path = DOCS / "_ext" / "inventory.py"
    spec = importlib.util.spec_from_file_location("inventory", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


inventory = _load_inventory()
MODULES = inventory.public_modules()
COMPONENTS = inventory.components()


def test_every_public_module_is_described() -> None:
    """The pages name the modules that there are, each once, and no others."""
    described = re.findall(r"^\.\. automodule:: (\S+)$", API, re.MULTILINE)

    assert sorted(described) == sorted(MODULES)


@pytest.mark.parametrize("module", MODULES.values(), ids=list(MODULES))
def test_only_what_is_described_elsewhere_is_left_out(module: t.Any) -> None:
    """A name is missing from its module only if it is described elsewhere, or alone."""
    block = re.search(
        rf"automodule:: {re.escape(module.__name__)}\n   :exclude-members: (.+)", API
    )
    left_out = block[1].split(", ") if block else []
    strange = [
        n for n in module.__all__ if inventory.home_of(module, n) != module.__name__
    ]
    alone = re.findall(
        rf"^\.\. autoclass:: {re.escape(module.__name__)}\.(\w+)$", API, re.MULTILINE
    )

    assert sorted(left_out) == sorted([*strange, *alone])


@pytest.mark.parametrize("module", MODULES.values(), ids=list(MODULES))
def test_every_public_name_has_a_docstring(module: t.Any) -> None:
    """Whatever can be imported says what it is."""
    silent = [n for n in module.__all__ if not inventory.docstring_of(module, n)]

    assert silent == []


def test_every_name_of_the_root_is_listed() -> None:
    """The list names what ``from flask_toolkit import`` takes, at its real home."""
    index = (REFERENCE / "api" / "index.md").read_text("utf-8")
    listed = re.findall(r"`~(\S+)\.(\w+)`", index)
    objects = {name: getattr(MODULES[module], name) for module, name in listed}

    assert objects == {n: getattr(flask_toolkit, n) for n in flask_toolkit.__all__}


def test_every_component_has_a_table() -> None:
    """The page of all settings makes a table for each component, and no other."""
    page = (REFERENCE / "settings.md").read_text("utf-8")
    made = re.findall(r"^```\{settings-table\} (\w+)$", page, re.MULTILINE)

    assert sorted(made) == sorted(COMPONENTS)


@pytest.mark.parametrize("spec", COMPONENTS.values(), ids=list(COMPONENTS))
def test_every_setting_says_what_it_means(spec: t.Any) -> None:
    """Each field has a docstring, which becomes its line in the table."""
    rows = inventory.settings(spec)

    assert rows
    assert [row.field.key for row in rows if not row.meaning] == []


@pytest.mark.parametrize("spec", COMPONENTS.values(), ids=list(COMPONENTS))
def test_every_setting_stands_in_the_page_of_its_part(spec: t.Any) -> None:
    """The written page of a part names each key, whole or without its prefix."""
    room = spec.cls.__module__.split(".")[1]
    pages = [p for p in REFERENCE.glob("*.md") if p.stem == room]
    # What no part owns stands in the page of some part.
    pages = pages or [p for p in REFERENCE.glob("*.md") if p.stem != "settings"]
    text = "\n".join(page.read_text("utf-8") for page in pages)
    keys = [field.key for field in spec.fields.values()]
    missing = [
        key
        for key in keys
        if not re.search(rf"`({key}|{key.removeprefix(spec.prefix)})\b", text)
    ]

    assert missing == []


def test_a_renamed_part_is_described_once() -> None:
    """A second instance under another name adds no table."""
    flask_toolkit.JWT(name="partner")

    assert inventory.components().keys() == COMPONENTS.keys()


def test_a_part_is_described_under_its_own_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whichever part had the other name before: tests of others leave some."""
    flask_toolkit.JWT(name="lent")
    specs = {**declared()}
    first = {"lent": specs.pop("lent")}
    monkeypatch.setattr(inventory, "declared", lambda: first | specs)

    assert inventory.components().keys() == COMPONENTS.keys()
