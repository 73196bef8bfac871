"""``flask-toolkit``, and the frame that both programs share."""

import platform
import re
import runpy
import subprocess
import sys
import types
import typing as t
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import flask_toolkit
from flask_toolkit import cli
from flask_toolkit.cli import main
from flask_toolkit.cli import toolkit
from flask_toolkit.cli._group import Entry
from flask_toolkit.cli._group import LazyGroup
from flask_toolkit.cli._programs import program
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import ConfigProblem
from flask_toolkit.errors import MissingExtraError
from flask_toolkit.errors import SetupError

Run = Callable[..., subprocess.CompletedProcess[str]]

SCRIPT = "import sys; from flask_toolkit.cli import main; sys.exit(main())"


def test_the_program_makes_keys(run: Run) -> None:
    """Without an application, a project, or Flask's own program."""
    done = run("-c", SCRIPT, "secret-key", "--bytes", "16")

    assert done.returncode == 0
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}\n", done.stdout)


def test_the_program_runs_as_a_module(run: Run) -> None:
    """Where scripts are not on PATH."""
    done = run("-m", "flask_toolkit.cli", "--help")

    assert done.returncode == 0
    assert done.stdout.startswith("Usage: flask-toolkit [OPTIONS] COMMAND")
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_two_keys_differ() -> None:
    """They are random."""
    runner = CliRunner()
    one, other = (runner.invoke(toolkit, ["secret-key"]).stdout for _ in range(2))

    assert one != other


def test_version_names_what_a_report_needs() -> None:
    """One name and version a line, ours first."""
    done = CliRunner().invoke(program, ["version"])

    lines = done.stdout.splitlines()
    assert lines[0] == f"flask-toolkit {flask_toolkit.__version__}"
    assert lines[-1] == f"python {platform.python_version()}"
    assert [line.split()[0] for line in lines[1:-1]] == ["flask", "werkzeug"]


def test_main_reads_the_arguments_of_the_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends the process with the exit code."""
    monkeypatch.setattr(sys, "argv", ["flask-toolkit", "version"])

    with pytest.raises(SystemExit) as info:
        main()

    assert info.value.code == 0
    assert "flask-toolkit" in capsys.readouterr().out


def test_the_module_is_the_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``python -m flask_toolkit.cli`` takes the same arguments."""
    monkeypatch.setattr(sys, "argv", ["flask-toolkit", "version"])

    with pytest.raises(SystemExit) as info:
        runpy.run_module("flask_toolkit.cli", run_name="__main__")

    assert info.value.code == 0
    assert "flask-toolkit" in capsys.readouterr().out


def test_an_unknown_command_is_wrong_use() -> None:
    """It exits with 2 and says so."""
    done = CliRunner().invoke(program, ["nothing"])

    assert done.exit_code == 2
    assert "No such command 'nothing'" in done.stderr


def test_a_command_that_does_not_import_names_the_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever was raised, it is one line and exit code 1."""
    group = _broken(monkeypatch, OSError("disk is gone"), at_import=True)

    done = CliRunner().invoke(group, ["bad"])

    assert done.exit_code == 1
    assert done.stderr == "Error: bad cannot be loaded: OSError: disk is gone\n"


def test_the_package_lists_and_refuses_names() -> None:
    """A lazy package looks like any other."""
    assert {"main", "manage", "toolkit"} <= set(dir(cli))

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = cli.nothing


@pytest.mark.parametrize("group", [toolkit, program], ids=["flask", "program"])
def test_every_command_in_the_table_exists(group: LazyGroup) -> None:
    """The list says what the command says of itself."""
    context = click.Context(group)

    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.help


@pytest.mark.parametrize("group", [toolkit, program], ids=["flask", "program"])
def test_every_command_stands_in_the_reference(group: LazyGroup) -> None:
    """A command that nobody can read about is not finished."""
    page = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"
    text = page.read_text(encoding="utf-8")
    start = "flask toolkit" if group is toolkit else "flask-toolkit"

    assert [name for name in group.entries if f"`{start} {name}" not in text] == []


def _broken(
    monkeypatch: pytest.MonkeyPatch, error: Exception, *, at_import: bool
) -> LazyGroup:
    """Return a group whose only command raises."""

    class Module(types.ModuleType):
        def __getattr__(self, name: str) -> t.Any:
            if at_import:
                raise error

            @click.command("bad")
            def command() -> None:
                raise error

            return command

    monkeypatch.setitem(sys.modules, "broken_command", Module("broken_command"))
    entries = {"bad": Entry("broken_command", "Break.")}
    return LazyGroup("tools", entries=entries, help="Tools.", epilog="End.")


@pytest.mark.parametrize("at_import", [True, False], ids=["import", "run"])
def test_a_missing_extra_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, at_import: bool
) -> None:
    """In one line, exit code 1."""
    group = _broken(monkeypatch, MissingExtraError("redis"), at_import=at_import)

    done = CliRunner().invoke(group, ["bad"])

    assert done.exit_code == 1
    assert done.stderr.endswith("Run: pip install 'flask-toolkit[redis]'\n")
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_part_that_is_not_set_up_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to call, exit code 1."""
    error = SetupError("Call JWT.init_app(app) first.")

    done = CliRunner().invoke(_broken(monkeypatch, error, at_import=False), ["bad"])

    assert (done.exit_code, done.stderr) == (1, f"Error: {error}\n")


def test_a_broken_configuration_keeps_its_exit_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It lists all problems and exits with 2, as under ``flask run``."""
    error = ConfigError([ConfigProblem("PORT", "must be an integer")])

    done = CliRunner().invoke(_broken(monkeypatch, error, at_import=False), ["bad"])

    assert done.exit_code == 2
    assert "PORT: must be an integer" in done.stderr


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is written for people becomes a line."""
    error = ZeroDivisionError("bug")

    done = CliRunner().invoke(_broken(monkeypatch, error, at_import=False), ["bad"])

    assert done.exception is error


def test_help_lists_a_command_that_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list comes from the table, so nothing in it can break."""
    group = _broken(monkeypatch, ImportError("gone"), at_import=True)

    done = CliRunner().invoke(group, ["--help"])

    assert done.exit_code == 0
    assert re.search(r"bad\s+Break\.", done.stdout)
