"""What stands twice in the project says the same."""

import configparser
import re
import tomllib
from pathlib import Path

import flask_toolkit
from tests.services import SERVICES

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _pins(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    pins = (line.partition(";")[0] for line in lines if line and line[0] != "#")
    return dict(pin.split("==") for pin in pins)


def test_lowest_constraints_are_the_lower_bounds() -> None:
    """The run on the oldest dependencies tests what is promised."""
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = [*PROJECT["project"]["dependencies"]]
    wanted += [each for name in extras if name != "all" for each in extras[name]]

    assert _pins(ROOT / "constraints" / "lowest.txt") == dict(
        requirement.split(">=") for requirement in wanted
    )


def test_every_tool_is_pinned() -> None:
    """No check turns red by a release somewhere else."""
    groups = PROJECT["dependency-groups"]
    named = {
        re.split(r"[>=\[]", item)[0].lower()
        for items in groups.values()
        for item in items
        if isinstance(item, str)
    }
    pinned = {name.lower() for name in _pins(ROOT / "constraints" / "tools.txt")}

    assert named - pinned == {"flask"}


def test_the_version_stands_once_in_two_places() -> None:
    """The module and the metadata agree, as does the changelog."""
    version = PROJECT["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert flask_toolkit.__version__ == version
    assert version in changelog


def test_no_dependency_has_an_upper_bound() -> None:
    """A user decides when to take a newer Flask."""
    assert "<" not in "".join(PROJECT["project"]["dependencies"])


def test_the_ci_runs_what_developers_run() -> None:
    """.ci/run ends in dev.py check; before, it only installs servers."""
    run = ROOT / ".ci" / "run"

    lines = run.read_text(encoding="utf-8").rstrip().splitlines()

    assert lines[-1] == "exec python3 dev.py check"


def test_contributors_read_how_the_services_are_found() -> None:
    """A row for each, with what the finder looks for and in its order."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if "`TOOLKIT_TEST_" in line]

    for service, row in zip(SERVICES, rows, strict=True):
        cells = row.split("|")
        code = [re.findall(r"`([^`]*)`", cell) for cell in cells]
        assert code[2] == [service.variable]
        assert code[3] == [*service.programs, *filter(None, [service.folders])]
        assert code[5] == [service.package]
        assert f":{cells[4].split(',')[0].strip()}" in (service.standard or ":")


def test_the_entry_points_are_those_that_the_command_tests_use() -> None:
    """What is tested as installed is what gets installed."""
    declared = {"console_scripts": PROJECT["project"]["scripts"]}
    declared |= PROJECT["project"]["entry-points"]
    tested = configparser.ConfigParser()
    conftest = (ROOT / "tests" / "cli" / "conftest.py").read_text(encoding="utf-8")
    tested.read_string(conftest.split('"""\\\n')[1].split('"""')[0])

    assert {name: dict(tested[name]) for name in tested.sections()} == declared
