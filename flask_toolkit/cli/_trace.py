"""``trace``: one request, step by step."""

from __future__ import annotations

import sys
import typing as t

import click

from ._listing import extension_of
from ._listing import json_option
from ._listing import load_app
from ._listing import show
from ._places import near
from ._printable import printable

if t.TYPE_CHECKING:
    from flask import Flask

    from flask_toolkit.lifecycle import Lifecycle
    from flask_toolkit.lifecycle import Trace

_HEADS: t.Final = ("stage", "name", "outcome", "ms", "where")


@click.command("trace")
@click.argument("method")
@click.argument("path")
@click.option("-H", "--header", "headers", multiple=True, help="As in 'Accept: */*'.")
@click.option("-d", "--data", help="The body of the request.")
@json_option
def command(
    *, method: str, path: str, headers: tuple[str, ...], data: str | None, as_json: bool
) -> None:
    """Send a request to the application, and show what ran and in which order.

    No server is needed, and the request is real: what it stores is stored.
    """
    app = load_app()
    lifecycle: Lifecycle = extension_of(app, "lifecycle", "Lifecycle")
    options: dict[str, t.Any] = {
        "method": method.upper(),
        "headers": [_header(each) for each in headers],
        "data": data,
    }

    with lifecycle.trace(app) as trace:
        raised = _send(app, path, options)

    show(_HEADS, _rows(trace), as_json=as_json)

    if raised is not None:
        what = printable(f"{type(raised).__name__}: {raised}", sys.stderr.encoding)
        raise click.ClickException(what) from raised


def _send(app: Flask, path: str, options: dict[str, t.Any]) -> BaseException | None:
    try:
        app.test_client().open(path, buffered=True, **options)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # shown after what came before
        return error

    return None


def _rows(trace: Trace) -> list[tuple[str, ...]]:
    return [
        (
            step.stage,
            step.name,
            step.outcome,
            "" if step.seconds is None else f"{step.seconds * 1000:.2f}",
            near(step.where),
        )
        for step in trace.steps
    ]


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")

    if not colon:
        raise click.UsageError(f"-H takes 'Name: value', not {text!r}.")

    return name.strip(), value.strip()
