"""``flask toolkit middleware``: the first command that asks an application."""

import json
import subprocess
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo

from flask_toolkit.cli import toolkit
from flask_toolkit.middleware import MiddlewareStack
from flask_toolkit.middleware.timing import Timing

Run = Callable[..., subprocess.CompletedProcess[str]]

STACKED = """\
from flask import Flask
from flask_toolkit.middleware import MiddlewareStack

app = Flask("shop")
MiddlewareStack(app)
"""


def _stacked() -> Flask:
    app = Flask("shop")
    MiddlewareStack(app).use(Timing(), path="/slow")
    return app


def _ask(create_app: Callable[[], Flask], *arguments: str) -> t.Any:
    obj = ScriptInfo(create_app=create_app)
    return CliRunner().invoke(toolkit, ["middleware", *arguments], obj=obj)


def test_the_layers_are_listed_outermost_first() -> None:
    """The table says the same as describe()."""
    done = _ask(_stacked)

    lines = [line.split() for line in done.stdout.splitlines()]
    assert done.exit_code == 0
    assert lines[0] == ["NAME", "KIND", "PHASE", "PATH", "HOOKS"]
    assert lines[-1] == ["shop", "application", "-", "-", "-"]
    assert ["timing", "/slow"] in [[line[0], line[3]] for line in lines]
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_json_holds_the_same_as_data() -> None:
    """Empty stays empty, and hooks are a list."""
    app = _stacked()
    stack: MiddlewareStack = app.extensions["toolkit.middleware"].extension

    done = _ask(lambda: app, "--json")

    assert json.loads(done.stdout) == [
        {**layer._asdict(), "hooks": list(layer.hooks)} for layer in stack.describe(app)
    ]


def test_an_app_without_the_part_says_so() -> None:
    """In one line, exit code 1."""
    done = _ask(lambda: Flask("bare"))

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: MiddlewareStack is not set up on this app (toolkit.middleware).\n"
    )


def test_an_app_that_is_not_there_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Flask counts it as wrong use, exit code 2; here the use was right."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    done = CliRunner().invoke(toolkit, ["middleware"], obj=ScriptInfo("no_such_shop"))

    assert done.exit_code == 1
    assert done.stderr == "Error: Could not import 'no_such_shop'.\n"


def test_the_program_asks_the_application(run: Run, folder: Path) -> None:
    """As it is typed."""
    (folder / "stacked.py").write_text(STACKED)

    done = run("-m", "flask", "--app", "stacked", "toolkit", "middleware")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("shop ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param([], "Could not locate a Flask application", id="none"),
        pytest.param(["--app", "no_such"], "Could not import 'no_such'", id="missing"),
    ],
)
def test_an_application_that_cannot_be_loaded_is_flasks_line(
    run: Run, folder: Path, arguments: list[str], said: str
) -> None:
    """Without a traceback, exit code 1."""
    (folder / "shop.py").rename(folder / "other.py")

    done = run("-m", "flask", *arguments, "toolkit", "middleware")

    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
