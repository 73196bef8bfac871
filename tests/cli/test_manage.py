"""``manage.py``: the commands of one application."""

import subprocess
import sys
import types
import typing as t
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from flask import Flask

from flask_toolkit.cli import manage
from flask_toolkit.errors import SetupError

Run = Callable[..., subprocess.CompletedProcess[str]]

MANAGE = """\
from flask_toolkit.cli import manage

if __name__ == "__main__":
    manage("shop:create_app")
"""


@pytest.fixture(name="script")
def _script(folder: Path) -> str:
    """Return a script as a generated project has it."""
    (folder / "manage.py").write_text(MANAGE)
    return "manage.py"


def test_a_command_of_the_application_runs(run: Run, script: str) -> None:
    """What the factory adds to ``app.cli`` is there."""
    done = run(script, "count")

    assert (done.returncode, done.stdout) == (0, "shop has 3 bicycles\n")


def test_flasks_commands_and_ours_are_there(run: Run, script: str) -> None:
    """It is ``flask`` with the application already named."""
    assert "/basket" in run(script, "routes").stdout
    assert len(run(script, "toolkit", "secret-key").stdout) == 44


@pytest.mark.parametrize("arguments", [[], ["--help"]], ids=["nothing", "help"])
def test_help_lists_all_commands(run: Run, script: str, arguments: list[str]) -> None:
    """Also when nothing is asked for."""
    done = run(script, *arguments)

    assert done.returncode == 0
    assert "Usage: manage.py" in done.stdout
    assert "count" in done.stdout


def test_the_script_wins_over_the_environment(run: Run, script: str) -> None:
    """FLASK_APP of another project does not run its commands here."""
    assert run(script, "count", FLASK_APP="other:app").returncode == 0


def test_the_exit_code_is_that_of_the_command(run: Run, script: str) -> None:
    """A script in a deployment can rely on it."""
    assert run(script, "no-such").returncode == 2


def _create_app() -> Flask:
    app = Flask("shop")
    app.cli.command("count")(lambda: click.echo(app.name))
    return app


def test_the_example_runs(run: Run) -> None:
    """What its docstring says can be typed."""
    example = str(Path(__file__).parents[2] / "examples" / "24_manage.py")

    done = run(example, "price", "3", "--days", "2")

    assert done.stdout == "3 bicycles, 2 days: 72.00\n"


@pytest.fixture(name="here")
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let a module ``managed_shop`` be found, and the environment come back."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "false")
    module = types.ModuleType("managed_shop")
    module.__dict__["app"] = _create_app()
    monkeypatch.setitem(sys.modules, "managed_shop", module)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("target", "arguments", "printed"),
    [
        pytest.param(_create_app, ["count"], "shop", id="factory"),
        pytest.param(_create_app, [], "Commands of this application.", id="help"),
        pytest.param("managed_shop", ["count"], "shop", id="import-name"),
    ],
)
def test_a_target_is_a_name_or_a_factory(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    target: str | Callable[..., Flask],
    arguments: list[str],
    printed: str,
) -> None:
    """Both run in this process and end it."""
    monkeypatch.setattr(sys, "argv", ["manage.py", *arguments])

    with pytest.raises(SystemExit) as info:
        manage(target)

    assert info.value.code == 0
    assert printed in capsys.readouterr().out


@pytest.mark.parametrize("target", [Flask("shop"), None, 5], ids=["app", "none", "int"])
def test_another_target_says_what_to_write(target: t.Any) -> None:
    """Flask-Script took the application; an application is called by servers."""
    with pytest.raises(SetupError, match=r'manage\("shop:app"\)'):
        manage(target)
