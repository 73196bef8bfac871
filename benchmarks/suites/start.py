"""What comes once: importing, and attaching to an application."""

from __future__ import annotations

import functools
import typing as t

from flask import Flask
from werkzeug.exceptions import HTTPException

from benchmarks.model import Case
from benchmarks.model import Contestant
from benchmarks.model import expect
from benchmarks.model import Subject
from benchmarks.processes import run_apart
from benchmarks.processes import told_by
from flask_toolkit import Toolkit
from flask_toolkit.errors import RequestError
from flask_toolkit.routing._shipped import SHIPPED

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping

    from benchmarks.model import Role

__all__ = ["CASES", "importing"]

_TOLD = """
import sys, time
began = time.process_time_ns()
{code}
print(time.process_time_ns() - began, len(sys.modules))
"""
_WHOLE = "import flask, flask_toolkit; flask_toolkit.Toolkit(flask.Flask('shop'))"
_ROUNDS = 15


def importing(code: str) -> Subject:
    """Run ``code`` in a Python of its own, and count the modules it loads."""
    program = _TOLD.format(code=code)
    modules = run_apart(program)[-1]

    def check() -> None:
        expect(modules > 0, modules)

    return told_by(program, check)._replace(facts={"modules": modules}, code=code)


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
        told=True,
    )


def attach(attached: Callable[[Flask], object]) -> Subject:
    """Make an application, and attach to it."""

    def run() -> Flask:
        app = Flask("shop")
        attached(app)
        return app

    def check() -> None:
        is_ours = "toolkit" in run().extensions
        expect(is_ours is (attached is Toolkit), "not attached")

    return Subject(run, check)


def _nothing(app: Flask) -> None:
    """Attach nothing."""


def _by_hand(app: Flask) -> None:
    """Register what a plain Toolkit does, without settings, checks or state."""
    inner = app.wsgi_app

    def serve(environ: t.Any, start_response: t.Any) -> t.Any:
        return inner(environ, start_response)

    def answer(error: HTTPException) -> t.Any:
        return error

    app.wsgi_app = serve  # type: ignore[method-assign]  # as Flask's docs do
    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(RequestError, answer)
    app.url_map.converters.update(SHIPPED)
    app.extensions["by hand"] = [1, 2, 3, 4, 5, 6]


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
                make=functools.partial(attach, _nothing),
            ),
            Contestant(
                name="by hand",
                role="limit",
                make=functools.partial(attach, _by_hand),
            ),
            Contestant(
                name="Toolkit(app)",
                role="ours",
                make=functools.partial(attach, Toolkit),
            ),
        ),
    ),
]
