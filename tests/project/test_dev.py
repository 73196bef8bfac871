"""The task runner, used as a newcomer uses it: in a fresh folder."""

import ast
import os
import runpy
import shutil
import signal
import subprocess
import sys
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest

DEV = Path(__file__).parents[2] / "dev.py"
OFFLINE = {
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_EXTRA_INDEX_URL": "",
    "PIP_FIND_LINKS": "",
    "PIP_INDEX_URL": "http://127.0.0.1:9/",
    "PIP_RETRIES": "0",
}
PYPROJECT = """
[build-system]
requires = ["flit_core>=3.11,<5"]
build-backend = "flit_core.buildapi"
[project]
name = "sample"
version = "1"
description = "A stand-in for this project."
[project.optional-dependencies]
all = []
[dependency-groups]
tests = ["pytest"]
[tool.pytest]
addopts = []  # an end to pytest's search for the settings of a project around
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


def _run(folder: Path, *words: str, **variables: str) -> t.Any:
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder.parent,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def _without_ensurepip(*arguments: str) -> list[str]:
    """Return the words that run dev.py where Debian would have no ensurepip."""
    code = (
        "import runpy, sys; sys.modules['ensurepip'] = None;"
        f"sys.argv = {['dev.py', *arguments]!r};"
        "runpy.run_path('sample/dev.py', run_name='__main__')"
    )
    return ["-c", code]


@pytest.fixture(name="project", scope="module")
def _project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a small project that dev.py has set up, without ensurepip."""
    folder = tmp_path_factory.mktemp("dev") / "sample"
    (folder / "constraints").mkdir(parents=True)
    (folder / "constraints" / "tools.txt").write_text("")
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "sample.py").write_text('"""A module."""\n')
    (folder / "test_one.py").write_text("def test_one():\n    assert True\n")
    (folder / "test_two.py").write_text("def test_two():\n    assert False\n")
    shutil.copy(DEV, folder)
    done = _run(folder, *_without_ensurepip("test", "test_one.py"), PIP_USER="1")
    (folder / "first.txt").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_first_use_shows_its_steps(project: Path) -> None:
    """Each step is named with its duration, and then the program speaks."""
    printed = (project / "first.txt").read_text()

    assert "-> make the environment .venv\n   ok, " in printed
    assert "-> install pip into it with the system's pip\n   ok, " in printed
    assert "-> install: tests\n   ok, " in printed
    assert printed.rstrip().splitlines()[-1].lstrip("= ").startswith("1 passed")


def test_a_second_use_needs_no_network(project: Path) -> None:
    """Nothing is installed while nothing changed."""
    done = _run(project, "sample/dev.py", "test", "test_one.py", **OFFLINE)

    assert done.returncode == 0, done.stdout
    assert "->" not in done.stdout


def test_the_exit_code_of_the_tests_comes_back(project: Path) -> None:
    """A failing test fails the task, with pytest's own output."""
    done = _run(project, "sample/dev.py", "test", "test_two.py", PYTHONPATH="/nowhere")

    assert done.returncode == 1
    assert "1 failed" in done.stdout
    assert _run(project, "sample/dev.py", "test", "--no-such").returncode == 4


def test_a_change_installs_again_and_says_what_is_missing(project: Path) -> None:
    """Without a network it names the step, shows pip's words, and no traceback."""
    shutil.copytree(project, project.parent / "changed", symlinks=True)
    folder = project.parent / "changed"
    # A copied environment has scripts of another folder; this one is at home.
    home = (folder / ".venv" / "stamp-python").read_text()
    (folder / ".venv" / "stamp-python").write_text(
        home.replace(str(project), str(folder))
    )
    done = _run(folder, "changed/dev.py", "test", **OFFLINE)

    assert done.returncode == 1
    assert "FAILED (exit 1)" in done.stdout
    assert "is there a network?" in done.stdout
    assert "Stopped: 'install: tests' failed" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert not (folder / ".venv" / "stamp-tests").exists()


def test_an_environment_without_its_python_is_made_anew(project: Path) -> None:
    """Its link goes nowhere once the Python it came from is removed."""
    folder = project.parent / "orphan"
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / "constraints").mkdir()
    shutil.copy(project / "pyproject.toml", folder)
    shutil.copy(DEV, folder)
    dev = runpy.run_path(str(folder / "dev.py"))
    (folder / ".venv" / "stamp-tests").write_text(dev["stamp_of"]("tests"))
    (folder / ".venv" / "bin" / "python").symlink_to("/nowhere/python")
    done = _run(folder, "orphan/dev.py", "test", **OFFLINE)

    assert "make the environment .venv" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_another_python_or_folder_makes_the_environment_anew(project: Path) -> None:
    """What does not belong here is cleared, not repaired."""
    folder = project.parent / "moved"
    (folder / ".venv").mkdir(parents=True)
    (folder / ".venv" / "stale").touch()
    (folder / "constraints").mkdir()
    shutil.copy(project / "pyproject.toml", folder)
    shutil.copy(DEV, folder)
    done = _run(folder, "moved/dev.py", "test", **OFFLINE)

    assert done.returncode == 1
    assert "make the environment .venv" in done.stdout
    assert not (folder / ".venv" / "stale").exists()


def test_an_interrupted_set_up_is_done_again(tmp_path: Path) -> None:
    """One line, exit code 130, and no mark that it was finished."""
    (tmp_path / "constraints").mkdir()
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    shutil.copy(DEV, tmp_path)

    with subprocess.Popen(
        [sys.executable, str(tmp_path / "dev.py"), "test"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as dev:
        assert dev.stdout is not None
        dev.stdout.readline()
        dev.send_signal(signal.SIGINT)
        printed = dev.stdout.read()

    assert dev.returncode == 130
    assert printed.startswith("Interrupted; what was not finished")
    assert list(tmp_path.glob(".venv/stamp-*")) == []


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGTERM, 128 + signal.SIGTERM, id="term"),
        pytest.param(signal.SIGINT, 5, id="int"),
    ],
)
def test_a_signal_reaches_the_program(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """Ending dev.py alone, by its process id, leaves no program behind."""
    program = tmp_path / "program.py"
    program.write_text(
        "import sys, time\ntry:\n    print('up', flush=True)\n    time.sleep(60)\n"
        "except KeyboardInterrupt:\n    sys.exit(5)\n"
    )
    runner = (
        f"import runpy, sys; dev = runpy.run_path({str(DEV)!r});"
        "dev['run'].__globals__['PATIENCE'] = 0.1;"
        f"sys.exit(dev['run']([sys.executable, {str(program)!r}]))"
    )

    with subprocess.Popen(
        [sys.executable, "-c", runner], stdout=subprocess.PIPE, text=True
    ) as dev:
        assert dev.stdout is not None
        assert dev.stdout.readline() == "up\n"
        dev.send_signal(number)

    assert dev.returncode == code


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        pytest.param([], 2, "python3 dev.py test", id="nothing"),
        pytest.param(["--help"], 0, "python3 dev.py check", id="help"),
        pytest.param(
            ["tset"],
            2,
            "there are: demo, test, check, matrix, bench, docs",
            id="unknown",
        ),
        pytest.param(["demo", "--help"], 0, "end after the tour", id="demo-help"),
        pytest.param(["demo", "--onec"], 2, "arguments: --onec", id="option"),
        pytest.param(["demo", "--port"], 2, "expected one argument", id="no-port"),
        pytest.param(["demo", "--port=99999"], 2, "from 0 to 65535", id="port"),
        pytest.param(["check", "all"], 1, "check takes no arguments", id="check"),
        pytest.param(["docs", "all"], 1, "docs takes no arguments", id="docs"),
    ],
)
def test_a_wrong_call_says_what_is_right(
    tmp_path: Path, words: list[str], code: int, message: str
) -> None:
    """The message comes before anything is set up."""
    shutil.copy(DEV, tmp_path)
    done = _run(tmp_path, str(tmp_path / "dev.py"), *words)

    assert done.returncode == code
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_an_old_python_is_told_what_is_needed(tmp_path: Path) -> None:
    """The file can be read by Python 3.8, which then prints one line."""
    ast.parse(DEV.read_text(encoding="utf-8"), feature_version=(3, 8))
    code = (
        "import runpy, sys; sys.version_info = (3, 8, 10, 'final', 0);"
        f"sys.argv = ['dev.py', 'test']; runpy.run_path({str(DEV)!r},"
        " run_name='__main__')"
    )
    done = _run(tmp_path, "-c", code)

    assert done.returncode == 2
    assert done.stdout == "Flask-Toolkit needs Python 3.11 or newer; this is 3.8.10.\n"


@pytest.mark.parametrize("broken", ["ruff check", "demo --once", "none"])
def test_check_runs_everything_and_lists_what_failed(
    broken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One failure hides no other step, and decides the exit code."""
    dev = runpy.run_path(str(DEV))
    ran: list[str] = []

    def step(title: str, *_command: object, **_options: object) -> bool:
        ran.append(title)
        return title != broken

    # The steps themselves run where this test runs: in check.
    dev["check"].__globals__.update(
        set_up=lambda _stage: None, step=step, _check_packages=list
    )
    code = dev["main"](["check"])
    printed = capsys.readouterr().out

    assert code == (0 if broken == "none" else 1)
    assert ran[-1] == "demo --once"
    assert "tests with branch coverage" in ran
    assert ("All checks passed." in printed) is (broken == "none")
    assert (f"FAILED: {broken}" in printed) is (broken != "none")


def test_a_failed_step_shows_its_own_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A step that succeeds is quiet but for the lines that are asked for."""
    dev = runpy.run_path(str(DEV))
    loud = [sys.executable, "-c", "print('1 passed'); print('noise')"]

    assert dev["step"]("good", loud, cwd=tmp_path, shown="passed")
    assert dev["step"]("bad", [*loud[:2], "print('why'); raise SystemExit(3)"]) is False
    printed = capsys.readouterr().out
    assert "1 passed" in printed
    assert "noise" not in printed
    assert "   why\n   FAILED (exit 3)" in printed


def test_a_missing_program_is_a_failed_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The steps after it still run."""
    dev = runpy.run_path(str(DEV))

    assert dev["step"]("gone", [str(tmp_path / "gone")], cwd=tmp_path) is False
    assert "FAILED (exit 127)" in capsys.readouterr().out
