"""``hooks``: what runs for an endpoint, in its order."""

from __future__ import annotations

import typing as t

import click

from ._listing import extension_of
from ._listing import json_option
from ._listing import load_app
from ._listing import show
from ._places import near

if t.TYPE_CHECKING:
    from flask_toolkit.lifecycle import Lifecycle

_HEADS: t.Final = ("endpoint", "stage", "name", "scope", "where")


@click.command("hooks")
@click.argument("endpoint", required=False)
@json_option
def command(*, endpoint: str | None, as_json: bool) -> None:
    """List what runs for ENDPOINT, or for each one, from first to last.

    Only what Flask keeps in its tables: signals and error handlers have no fixed
    place, which 'trace' shows.
    """
    app = load_app()
    lifecycle: Lifecycle = extension_of(app, "lifecycle", "Lifecycle")

    if endpoint is not None and endpoint not in app.view_functions:
        raise click.ClickException(f"There is no endpoint {endpoint!r}.")

    rows = [
        (info.endpoint, info.stage, info.name, info.scope, near(info.where))
        for info in lifecycle.hooks(app)
        if endpoint in {None, info.endpoint}
    ]
    show(_HEADS, rows, as_json=as_json)
