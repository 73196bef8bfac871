"""Types of the commands as users see them; checked, never run."""

from typing import assert_type

from flask import Flask

from flask_toolkit.cli import main
from flask_toolkit.cli import manage


def create_app(name: str = "shop") -> Flask:
    return Flask(name)


assert_type(manage("shop:create_app"), None)
assert_type(manage(create_app), None)
assert_type(main(), None)
manage(create_app())  # type: ignore[arg-type]
manage(5)  # type: ignore[arg-type]
