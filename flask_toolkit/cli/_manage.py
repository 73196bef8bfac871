"""The body of ``manage.py``."""

from __future__ import annotations

import sys
import typing as t

from flask import Flask
from flask.cli import FlaskGroup

from flask_toolkit.errors import SetupError

if t.TYPE_CHECKING:
    from collections.abc import Callable

_HELP: t.Final = "Commands of this application."


def manage(target: str | Callable[..., Flask]) -> None:
    """Run a command of one application, as ``flask --app`` would, and exit.

    All of ``flask`` is there: ``run``, ``shell``, ``routes``, ``toolkit``, those
    of extensions and those that the application adds to ``app.cli``. The target
    wins over ``FLASK_APP``::

        if __name__ == "__main__":
            manage("shop:create_app")

    :param target: ``"module:name"`` of an application or a factory, or a factory
        that can be called without arguments.
    :raises SetupError: If it is anything else, as an application itself.
    """
    given = t.cast("object", target)
    # Without a command, Click would only say that one is missing.
    arguments = sys.argv[1:] or ["--help"]

    if isinstance(given, str):
        FlaskGroup(help=_HELP).main(["--app", given, *arguments])
    elif isinstance(given, Flask) or not callable(given):
        raise SetupError(
            'manage() takes "module:name" or a factory: manage("shop:app"),'
            f" not {type(given).__name__}."
        )
    else:
        FlaskGroup(help=_HELP, create_app=t.cast("t.Any", given)).main(arguments)
