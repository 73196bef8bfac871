"""``middleware``: the layers around an application."""

from __future__ import annotations

import typing as t

import click

from ._listing import extension_of
from ._listing import json_option
from ._listing import load_app
from ._listing import show

if t.TYPE_CHECKING:
    from flask_toolkit.middleware import MiddlewareStack

_HEADS: t.Final = ("name", "kind", "phase", "path", "hooks")


@click.command("middleware")
@json_option
def command(as_json: bool) -> None:
    """List the layers around the application, outermost first.

    What others put around it is listed too, as far as it can be followed.
    """
    app = load_app()
    stack: MiddlewareStack = extension_of(app, "middleware", "MiddlewareStack")
    layers = stack.describe(app)
    rows = [[getattr(layer, head) for head in _HEADS] for layer in layers]
    show(_HEADS, rows, as_json=as_json)
