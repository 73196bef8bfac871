"""How commands find an application, and how they print what they list."""

from __future__ import annotations

import json
import os
import shutil
import sys
import typing as t

import click
from flask.cli import NoAppException
from flask.cli import ScriptInfo

from flask_toolkit.errors import SetupError

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Sequence

    from flask import Flask

F = t.TypeVar("F", bound="Callable[..., t.Any]")
_NARROWEST: t.Final = 8


def json_option(command: F) -> F:
    """Add ``--json`` to a command that lists something."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def load_app() -> Flask:
    """Return the application that ``flask`` was asked to load.

    :raises click.ClickException: With Flask's reason; the exit code is 1.
    """
    try:
        return click.get_current_context().ensure_object(ScriptInfo).load_app()
    except NoAppException as error:
        # Flask's own counts as wrong use, exit code 2.
        raise click.ClickException(error.format_message()) from error


def extension_of(app: Flask, name: str, cls: str) -> t.Any:
    """Return the extension of a component name.

    :param cls: The name of its class, for the message.
    :raises SetupError: If none is attached.
    """
    key = f"toolkit.{name}"

    if key not in app.extensions:
        raise SetupError(f"{cls} is not set up on this app ({key}).")

    return app.extensions[key].extension


def show(
    heads: Sequence[str],
    rows: Iterable[Sequence[str | Sequence[str]]],
    *,
    as_json: bool,
    cut: str | None = None,
) -> None:
    """Print rows under their heads: as a table, or as a JSON list of objects.

    :param cut: The column that is cut where a terminal is too narrow for all.
    """
    if as_json:
        click.echo(
            json.dumps([dict(zip(heads, r, strict=True)) for r in rows], indent=2)
        )
    else:
        for line in table(heads, rows, cut=cut, width=width() if cut else None):
            click.echo(line)


def is_terminal() -> bool:
    """Tell whether somebody reads what is printed."""
    return sys.stdout.isatty()


def width() -> int | None:
    """Return how many columns the terminal has, ``None`` if there is no terminal."""
    return shutil.get_terminal_size().columns if is_terminal() else None


def styled(text: str, **style: t.Any) -> str:
    """Return ``text`` in a colour, if a terminal shows it and ``NO_COLOR`` is unset."""
    if is_terminal() and not os.environ.get("NO_COLOR"):
        return click.style(text, **style)

    return text


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str | Sequence[str]]],
    *,
    cut: str | None = None,
    width: int | None = None,
) -> list[str]:
    """Return the lines of a table; what is empty shows as ``-``.

    :param cut: The column that is cut so that lines fit into ``width``.

    >>> table(["name", "hooks"], [["timing", ("before", "finish")], ["shop", ()]])
    ['NAME    HOOKS', 'timing  before,finish', 'shop    -']
    """
    cells = [[head.upper() for head in heads]]
    cells += [
        [(item if isinstance(item, str) else ",".join(item)) or "-" for item in row]
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]

    if cut is not None and width is not None:
        index = [*heads].index(cut)
        over = sum(widths) + 2 * (len(widths) - 1) - width
        widths[index] = max(widths[index] - max(over, 0), _NARROWEST)
        cells = [_cut(row, index, widths[index]) for row in cells]

    return [
        "  ".join(map(str.ljust, row, widths)).rstrip()  # the last one needs no room
        for row in cells
    ]


def _cut(row: list[str], index: int, size: int) -> list[str]:
    text = row[index]
    shown = text if len(text) <= size else f"{text[: size - 3]}..."
    return [*row[:index], shown, *row[index + 1 :]]
