"""What comes once: importing, and attaching to an application."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import typing as t
from pathlib import Path

from flask import Flask

import flask_toolkit
from benchmarks.model import Case
from benchmarks.model import Contestant
from benchmarks.model import expect
from benchmarks.model import Subject
from flask_toolkit import Toolkit

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.model import Role

__all__ = ["CASES", "importing"]

_HOME = Path(flask_toolkit.__file__).parents[1]
_COUNT = "import sys; print(len(sys.modules))"
_WHOLE = "import flask, flask_toolkit; flask_toolkit.Toolkit(flask.Flask('shop'))"
_ROUNDS = 15


def importing(code: str) -> Subject:
    """Run ``code`` in a Python of its own, and count the modules it loads."""
    environ = {**os.environ, "PYTHONPATH": str(_HOME)}

    def run_code(code: str) -> str:
        done = subprocess.run(  # noqa: S603  # our own code
            [sys.executable, "-P", "-c", code],
            env=environ,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    modules = int(run_code(f"{code}\n{_COUNT}"))

    def check() -> None:
        expect(modules > 0, modules)

    return Subject(lambda: run_code(code), check, {"modules": modules})


def _import_case(
    name: str, *contestants: tuple[str, Role, str, Mapping[str, str]]
) -> Case:
    return Case(
        suite="start",
        name=name,
        contestants=tuple(
            Contestant(
                name=title,
                role=role,
                make=functools.partial(importing, code),
                needs=needs,
            )
            for title, role, code, needs in contestants
        ),
        rounds=_ROUNDS,
        counted=False,
    )


def attach(*, toolkit: bool) -> Subject:
    """Make an application, with the toolkit or without."""

    def run() -> Flask:
        app = Flask("shop")

        if toolkit:
            Toolkit(app)

        return app

    def check() -> None:
        expect(("toolkit" in run().extensions) is toolkit, "not attached")

    return Subject(run, check)


CASES = [
    _import_case(
        "import",
        ("python", "base", "pass", {}),
        ("flask", "limit", "import flask", {}),
        ("flask_toolkit", "ours", "import flask_toolkit", {}),
        ("Toolkit(app)", "ours", _WHOLE, {}),
    ),
    _import_case(
        "import beside flask",
        ("flask", "base", "import flask", {}),
        ("PyJWT", "peer", "import flask, jwt", {}),
        ("dynaconf", "peer", "import flask, dynaconf", {"dynaconf": "dynaconf"}),
        (
            "pydantic-settings",
            "peer",
            "import flask, pydantic_settings",
            {"pydantic_settings": "pydantic-settings"},
        ),
        ("ours: config", "ours", "import flask, flask_toolkit.config", {}),
        ("ours: jwt", "ours", "import flask, flask_toolkit.jwt", {}),
        ("ours: guard", "ours", "import flask, flask_toolkit.guard", {}),
    ),
    Case(
        suite="start",
        name="Toolkit(app)",
        contestants=(
            Contestant(
                name="Flask(...)",
                role="base",
                make=functools.partial(attach, toolkit=False),
            ),
            Contestant(
                name="Toolkit(app)",
                role="ours",
                make=functools.partial(attach, toolkit=True),
            ),
        ),
    ),
]
