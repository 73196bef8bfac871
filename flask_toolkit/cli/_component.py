"""How commands find the JWT that they are about."""

from __future__ import annotations

import typing as t

import click

from flask_toolkit.errors import SetupError

from ._listing import extension_of

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from flask_toolkit.jwt._state import JWTState

F = t.TypeVar("F", bound="Callable[..., t.Any]")


def name_option(command: F) -> F:
    """Add ``--name`` to a command that is about one of several components."""
    return click.option(
        "--name",
        default="jwt",
        show_default=True,
        help="Name of the component, as in JWT(name=...).",
    )(command)


def state_of(app: Flask, name: str) -> JWTState:
    """Return what the component keeps for an application.

    :raises SetupError: If there is none, or it is another kind of component.
    """
    from flask_toolkit.jwt import JWT

    extension = extension_of(app, name, "JWT")

    if not isinstance(extension, JWT):
        raise SetupError(f"{name!r} is a {type(extension).__name__}, not a JWT.")

    state: JWTState = extension.state_of(app)
    return state
