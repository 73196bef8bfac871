"""``flask toolkit``: behind the entry point, beside all other commands."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

KEY = re.compile(r"[A-Za-z0-9_-]{43}\n")


def test_the_group_is_there_without_an_application(run: Run) -> None:
    """A key is needed before there is anything to load."""
    done = run("-m", "flask", "toolkit", "secret-key")

    assert (done.returncode, done.stderr) == (0, "")
    assert KEY.fullmatch(done.stdout)


def test_the_group_is_listed_beside_the_others(run: Run) -> None:
    """It adds one name, and takes none."""
    done = run("-m", "flask", "--app", "shop", "--help")

    assert done.returncode == 0
    listed = done.stdout.partition("Commands:")[2]
    names = re.findall(r"^  (\S+)", listed, re.MULTILINE)
    assert names == ["count", "routes", "run", "shell", "toolkit"]


def test_a_broken_application_does_not_matter(run: Run, folder: Path) -> None:
    """What needs none loads none."""
    (folder / "shop.py").write_text("raise RuntimeError('broken')\n")

    assert run("-m", "flask", "--app", "shop", "toolkit", "secret-key").returncode == 0


@pytest.mark.parametrize("broken", ["flask_toolkit.config", "flask_toolkit.errors"])
def test_other_commands_survive_a_part_that_does_not_import(
    run: Run, folder: Path, broken: str
) -> None:
    """Flask loads every plugin for every command; ours imports no such part."""
    (folder / "installed" / "sitecustomize.py").write_text(
        f"import sys\nsys.modules[{broken!r}] = None\n"
    )

    listed = run("-m", "flask", "--app", "shop", "routes")
    helped = run("-m", "flask", "toolkit", "--help")
    asked = run("-m", "flask", "toolkit", "secret-key")

    assert (listed.returncode, helped.returncode) == (0, 0)
    assert "/basket" in listed.stdout
    assert "secret-key" in helped.stdout
    assert (asked.returncode, asked.stdout) == (1, "")


def test_a_command_that_does_not_import_is_one_line(run: Run, folder: Path) -> None:
    """It says which part is broken, without a traceback."""
    (folder / "installed" / "sitecustomize.py").write_text(
        "import sys\nsys.modules['flask_toolkit.config'] = None\n"
    )

    done = run("-m", "flask", "toolkit", "secret-key")

    assert re.fullmatch(
        r"Error: secret-key cannot be loaded: ModuleNotFoundError: .*config.*\n",
        done.stderr,
    )


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({"FLASK_TOOLKIT_SECRET_KEY_BYTES": "64"}, id="long"),
        pytest.param({"FLASK_TOOLKIT_SECRET_KEY_NBYTES": "64"}, id="by-name"),
        pytest.param({"FLASK_TOOLKIT_HELP": "1"}, id="help-of-the-group"),
        pytest.param({"FLASK_TOOLKIT_SECRET_KEY_HELP": "1"}, id="help"),
    ],
)
def test_no_option_comes_from_the_environment(
    run: Run, variables: dict[str, str]
) -> None:
    """The same names are keys of Flask's prefixed configuration."""
    done = run("-m", "flask", "toolkit", "secret-key", **variables)

    assert KEY.fullmatch(done.stdout)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["secret-key", "--bytes", "8"], "16<=x<=1024", id="weak"),
        pytest.param(["secret-key", "--bytes", "x"], "not a valid integer", id="text"),
        pytest.param(["secret-keys"], "No such command", id="unknown"),
        pytest.param(["secret-key", "now"], "unexpected extra argument", id="more"),
    ],
)
def test_wrong_use_exits_with_2(run: Run, arguments: list[str], said: str) -> None:
    """And says how it is used."""
    done = run("-m", "flask", "toolkit", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["secret-key", "--help"]], ids=str)
@pytest.mark.parametrize("name", ["NO_COLOR", "FORCE_COLOR"])
def test_help_fits_80_columns_and_has_no_colour(
    run: Run, arguments: list[str], name: str
) -> None:
    """A pipe, a log and a small terminal can show it."""
    done = run("-m", "flask", "toolkit", *arguments, **{name: "1"})

    assert done.returncode == 0
    assert done.stdout.isascii()
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_importing_the_package_loads_nothing(run: Run) -> None:
    """Every ``flask`` command pays for it, and a runner must patch before ssl."""
    code = (
        "import sys, flask_toolkit.cli;"
        "print({'click', 'flask', 'jwt', 'ssl', 'threading'} & {*sys.modules})"
    )

    assert run("-c", code).stdout == "set()\n"


def test_the_group_itself_loads_click_alone(run: Run) -> None:
    """What Flask asks for is the list of commands, not the commands."""
    code = (
        "import sys; from flask_toolkit.cli import toolkit;"
        "print([n for n in sys.modules if n.startswith('flask')])"
    )

    found = run("-c", code).stdout
    assert "flask_toolkit.cli._group" in found
    assert "'flask'" not in found
    assert "flask_toolkit.config" not in found
