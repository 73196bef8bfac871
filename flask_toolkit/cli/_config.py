"""``config``: each value of the configuration, and where it came from."""

from __future__ import annotations

import sys
import typing as t

import click

from ._listing import is_terminal
from ._listing import json_option
from ._listing import load_app
from ._listing import show
from ._printable import printable

if t.TYPE_CHECKING:
    from flask import Flask

    from flask_toolkit.config._report import Row

_HEADS: t.Final = ("key", "value", "from", "over")
_STACK: t.Final = ("source", "state")
_UNUSED: t.Final = ("variable", "why", "hint")


@click.command("config")
@click.argument("key", required=False)
@click.option("--all", "every", is_flag=True, help="Also what stands at its default.")
@click.option("--sources", is_flag=True, help="The sources, the weakest first.")
@click.option("--overridden", is_flag=True, help="Only what several sources set.")
@click.option("--unused", is_flag=True, help="The variables that have no effect.")
@click.option("--example", is_flag=True, help="Print a .env.example.")
@click.option("--show-secrets", is_flag=True, help="Unmask; needs a terminal.")
@click.option("--yes", is_flag=True, help="With --show-secrets: without one, too.")
@json_option
def command(
    *,
    key: str | None,
    every: bool,
    sources: bool,
    overridden: bool,
    unused: bool,
    example: bool,
    show_secrets: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Show what is configured, and where each value came from.

    KEY is a key, the dotted path of a value such as DB.port, or a prefix of one.
    Secrets are masked.
    """
    if sum((sources, overridden, unused, example)) > 1:
        raise click.UsageError(
            "Give one of --sources, --overridden, --unused and --example."
        )

    if example and as_json:
        raise click.UsageError("--example is a file of variables; it has no --json.")

    if show_secrets and not (yes or is_terminal()):
        raise click.UsageError(
            "--show-secrets would go into a file or a log; add --yes if it shall."
        )

    app = load_app()

    if sources:
        _sources(app, as_json=as_json)
    elif unused:
        _unused(app, as_json=as_json)
    elif example:
        from flask_toolkit.config._report import example as text_of

        click.echo(text_of(app), nl=False)
    else:
        found = _rows(app, key, every=every, reveal=show_secrets)
        _list(found, overridden=overridden, as_json=as_json)


def _rows(app: Flask, key: str | None, *, every: bool, reveal: bool) -> list[Row]:
    from flask_toolkit.config._report import matching
    from flask_toolkit.config._report import rows

    return [
        row
        for row in rows(app, reveal=reveal)
        # A key that is asked for is shown, whoever set it.
        if (matching(row, key) if key else every or row.is_set)
    ]


def _list(found: list[Row], *, overridden: bool, as_json: bool) -> None:
    kept = [row for row in found if row.over or not overridden]
    heads = _HEADS if as_json or any(row.over for row in kept) else _HEADS[:-1]
    cells = [
        (row.key, _printed(row.value, as_json), row.origin, row.over)[: len(heads)]
        for row in kept
    ]
    show(heads, cells, as_json=as_json, cut="value")


def _sources(app: Flask, *, as_json: bool) -> None:
    from flask_toolkit.config._report import stack

    show(_STACK, stack(app), as_json=as_json)


def _unused(app: Flask, *, as_json: bool) -> None:
    from flask_toolkit.config._report import unused

    show(_UNUSED, unused(app), as_json=as_json)


def _printed(value: str, as_json: bool) -> str:  # noqa: FBT001, RUF100  # private
    """Return a value as a terminal may show it; JSON escapes by itself."""
    return value if as_json else printable(value, sys.stdout.encoding)
