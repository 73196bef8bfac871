"""The real programs in processes of their own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import flask_toolkit

Run = Callable[..., subprocess.CompletedProcess[str]]

HOME = Path(flask_toolkit.__file__).parents[1]
ENTRY_POINTS = """\
[console_scripts]
flask-toolkit = flask_toolkit.cli:main

[flask.commands]
toolkit = flask_toolkit.cli:toolkit
"""
SHOP = """\
from flask import Flask

def create_app():
    app = Flask("shop")
    app.add_url_rule("/basket", "basket", lambda: "")

    @app.cli.command("count")
    def count():
        print(app.name, "has 3 bicycles")

    return app
"""


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """Return a folder with an application and the package as if installed."""
    version = flask_toolkit.__version__
    info = tmp_path / "installed" / f"flask_toolkit-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: flask-toolkit\nVersion: {version}\n"
    )
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    (tmp_path / "shop.py").write_text(SHOP)
    return tmp_path


@pytest.fixture(name="run")
def _run(folder: Path) -> Run:
    """Return what runs Python in that folder, with every warning an error."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {
            name: os.environ[name]
            for name in ("PATH", "SYSTEMROOT", "TMPDIR")
            if name in os.environ
        }
        path = os.pathsep.join([str(folder / "installed"), str(HOME)])
        return subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            capture_output=True,
            text=True,
            cwd=folder,
            env={**kept, "PYTHONPATH": path, "COLUMNS": "80", **environment},
            timeout=60,
            check=False,
        )

    return run
