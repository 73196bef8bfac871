"""The reference describes every source and every check, from the code."""

import importlib
import re
import sys
import typing as t
from pathlib import Path
from unittest.mock import patch

import pytest
from flask import Config

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = DOCS / "reference"


def _load(name: str) -> t.Any:
    with patch.object(sys, "path", [str(DOCS / "_ext"), *sys.path]):
        return importlib.import_module(name)


inventory = _load("sources_inventory")
checks = _load("checks_inventory")
SOURCES = inventory.sources()
CHECKS = checks.checks()


def _made(page: str, directive: str) -> list[str]:
    text = (REFERENCE / page).read_text("utf-8")
    return re.findall(rf"^```{{{directive}}} (\w+)$", text, re.MULTILINE)


def test_every_source_is_described() -> None:
    """The page has a section for each source, and for nothing else."""
    assert sorted(_made("sources.md", "config-source")) == sorted(SOURCES)


def test_what_only_describes_a_source_is_none() -> None:
    """Classes and functions count, the protocol and the loader do not."""
    assert {"File", "by_environment"} <= SOURCES.keys()
    assert not {"Source", "ConfigLoader", "generate_secret_key"} & SOURCES.keys()


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_stands_in_the_overview(name: str) -> None:
    """The page of the configuration has a line for it."""
    page = (REFERENCE / "config.md").read_text("utf-8")

    assert f"\n| `{name}` |" in page


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_every_argument_says_what_it_means(source: t.Any) -> None:
    """Each has a line in the docstring, which becomes its line in the table."""
    found = inventory.arguments(source)

    assert found
    assert [one.name for one in found if not one.meaning] == []
    assert inventory.description(source)


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_tells_what_it_does_without_its_data(name: str) -> None:
    """Each was tried in at least one odd situation."""
    assert inventory.outcomes(name)


@pytest.mark.parametrize(
    ("name", "case", "outcome"),
    [
        pytest.param(
            "File", "the file is absent", "problem: `absent.toml: does not exist`"
        ),
        pytest.param("File", "it is absent, with `optional=True`", "skipped"),
        pytest.param("Values", "it is empty", "nothing is read"),
        pytest.param(
            "Env",
            "a name looks like no key",
            "ignored; `flask toolkit config --unused` lists it",
        ),
        pytest.param(
            "by_environment",
            "the variable is unset or empty, and the default sets 50",
            "`PAGE_SIZE` is 50",
        ),
    ],
)
def test_situations_are_tried(name: str, case: str, outcome: str) -> None:
    """Each kind of outcome is what the source really did."""
    assert dict(inventory.outcomes(name))[case] == outcome


def test_every_group_of_checks_has_a_list() -> None:
    """The page makes a list for each group, so that no check is missing."""
    assert sorted(_made("checks.md", "checks-list")) == sorted(checks.groups())


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_every_check_is_described(check: t.Any) -> None:
    """It has levels, says when it fires, and advises something."""
    assert check.info.levels
    assert check.info.when
    assert check.hints


def test_every_finding_belongs_to_a_listed_check() -> None:
    """What a part finds stands in its ``known_checks``."""
    assert checks.hints_in_source().keys() == CHECKS.keys()


def test_the_guide_names_every_loader_of_flask() -> None:
    """Whatever fills or reads Flask's configuration has a line in the table."""
    guide = (DOCS / "how-to/migrate-from-flask-config-loaders.md").read_text("utf-8")
    left = {
        name
        for name in {*vars(Config)} - {*vars(dict)}
        if not name.startswith("_") and f"`{name}(" not in guide
    }

    assert left == set()
