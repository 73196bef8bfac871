"""How a broken configuration looks in the programs that load an application."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import flask_toolkit

Run = Callable[..., subprocess.CompletedProcess[str]]
HOME = str(Path(flask_toolkit.__file__).parents[1])
CANARY = "canary-7f3a"
SHOP = """\
from typing import Annotated

from flask import Flask
from flask_toolkit.config import ConfigLoader, Env, File, Secret


class Database:
    host: str
    port: int = 5432
    pin: Annotated[int, Secret] = 0


class Settings:
    DB: Database
    PAGE_SIZE: int = 20


loader = ConfigLoader(File("settings.toml"), Env("SHOP_"), schema=Settings)


def create_app(overrides=None):
    app = Flask(__name__)
    loader.init_app(app, overrides)
    return app
"""
SETTINGS = f"""\
PAGE_SIZE = "many"
PAGE_SIZ = 1

[db]
pin = "{CANARY}"
"""
LIST = """\
4 problems in the configuration:
DB.pin: expected an integer
  in settings.toml:5
PAGE_SIZE: expected an integer, got 'many'
  in settings.toml:1
PAGE_SIZ: unknown key
  in settings.toml:2
  hint: did you mean PAGE_SIZE?
DB.host: required; set SHOP_DB__HOST, SHOP_DB__HOST_FILE or put it in settings.toml
"""


@pytest.fixture(name="run")
def _run(tmp_path: Path) -> Run:
    """Return what runs Python in the folder of an application that cannot start."""
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "app.py").write_text(
        "from shop import create_app\napp = create_app()\n"
    )
    (tmp_path / "settings.toml").write_text(SETTINGS)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "PYTHONPATH": os.pathsep.join([str(tmp_path), HOME]),
            },
            timeout=60,
            check=False,
        )

    return run


def test_python_ends_with_the_whole_list(run: Run) -> None:
    """One frame of ours stands between the caller's and the list, no chain."""
    done = run("app.py")

    assert done.returncode == 1
    assert done.stderr.endswith(f"flask_toolkit.errors.ConfigError: {LIST}")
    assert done.stderr.count(f'File "{HOME}') == 1
    assert done.stderr.count("Traceback") == 1
    assert CANARY not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["run", "--port", "0"], id="run"),
        pytest.param(["run", "--port", "0", "--debug", "--no-reload"], id="run-debug"),
        pytest.param(["run", "--port", "0", "--debug"], id="run-reload"),
        pytest.param(["routes"], id="routes"),
        pytest.param(["shell"], id="shell"),
    ],
)
@pytest.mark.parametrize("target", ["app", "shop"])
def test_flask_prints_the_list_alone(
    run: Run, target: str, arguments: list[str]
) -> None:
    """No traceback, exit code 2; whether a module or a factory fails."""
    done = run("-m", "flask", "--app", target, *arguments)

    assert done.returncode == 2
    assert done.stderr == f"Error: {LIST}"
    assert done.stdout == ""


@pytest.mark.parametrize(
    "target", ["app:app", pytest.param("shop:create_app()", id="factory")]
)
def test_gunicorn_logs_the_list_and_ends(run: Run, target: str) -> None:
    """The worker does not boot, and the master gives up."""
    done = run("-m", "gunicorn", "-b", "unix:s", target)

    assert done.returncode == 3
    assert f"flask_toolkit.errors.ConfigError: {LIST}" in done.stderr
    assert done.stderr.count("Traceback") == 1
    assert "Worker failed to boot" in done.stderr
    assert CANARY not in done.stderr


PYTESTS = {
    "collect": "from app import app\n\ndef test_it(): pass\n",
    "fixture": (
        "import pytest, shop\n\n"
        "@pytest.fixture\n"
        "def app(): return shop.create_app({'PIN_TOKEN': 'canary-7f3a'})\n\n"
        "def test_it(app): pass\n"
    ),
    "load": "import shop\n\ndef test_it(): shop.loader.load()\n",
}


@pytest.mark.parametrize("case", PYTESTS)
def test_pytest_shows_the_list_under_the_line_that_asked(
    run: Run, tmp_path: Path, case: str
) -> None:
    """Nothing of the loader's inside, and no argument that may be secret."""
    (tmp_path / "test_shop.py").write_text(PYTESTS[case])

    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_shop.py")

    shown = [line.removeprefix("E").strip() for line in done.stdout.splitlines()]
    listed = [line.strip() for line in LIST.splitlines()[1:]]
    assert done.returncode in {1, 2}
    assert [line for line in shown if line in listed] == listed
    assert "_loader.py" not in done.stdout
    assert CANARY not in done.stdout.replace("{'PIN_TOKEN': 'canary-7f3a'}", "")
