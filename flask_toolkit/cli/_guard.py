"""``guard``: who may use which route, and the lock that keeps it so."""

from __future__ import annotations

import typing as t

import click

from flask_toolkit.errors import SetupError

from ._listing import json_option
from ._listing import line
from ._listing import load_app
from ._listing import show

if t.TYPE_CHECKING:
    from flask import Flask

_HEADS: t.Final = ("method", "rule", "endpoint", "guard", "requires", "why", "source")
_DIFFERENT: t.Final = 1


class _CannotTellError(click.ClickException):
    """Nothing can be compared, which is not the same as a difference."""

    exit_code = 2


@click.command("guard")
@click.option("--public", "only_open", is_flag=True, help="Only what is open.")
@click.option("--lock", "write", is_flag=True, help="Write the lock.")
@click.option("--check", "check", is_flag=True, help="Compare with the lock.")
@click.option(
    "--file",
    "path",
    type=click.Path(dir_okay=False),
    default="guard.lock",
    show_default=True,
    help="The lock, for --lock and --check.",
)
@json_option
def command(
    *, only_open: bool, write: bool, check: bool, path: str, as_json: bool
) -> None:
    """Show what each route asks of its callers; no view runs.

    --lock writes it to a file that belongs into version control. --check tells
    how the application differs from that file, with exit code 1 if it does and 2
    if it cannot be told.
    """
    if write and check:
        raise click.UsageError("Give --lock or --check, not both.")

    if not (write or check):
        _list(load_app(), only_open=only_open, as_json=as_json)
        return

    if only_open or as_json:
        raise click.UsageError("--public and --json are for the list.")

    _compare(path, write=write)


def _list(app: Flask, *, only_open: bool, as_json: bool) -> None:
    from flask_toolkit.guard import earlier_hooks
    from flask_toolkit.guard import guard_map

    rows = [one for one in guard_map(app) if one.is_open or not only_open]
    show(_HEADS, rows, as_json=as_json)

    if not as_json:
        for hook in earlier_hooks(app):
            line(f"Runs before the guard: {hook}")


def _compare(path: str, *, write: bool) -> None:
    from flask_toolkit.guard import check_lock
    from flask_toolkit.guard import write_lock

    try:
        app = load_app()
        report = write_lock(app, path) if write else check_lock(app, path)
    except (click.ClickException, SetupError) as error:
        raise _CannotTellError(str(error)) from error

    click.echo(report.text)

    if report.changes and not write:
        click.get_current_context().exit(_DIFFERENT)
