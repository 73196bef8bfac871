"""How commands find an application, and how they print what they list."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sys
import textwrap
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
_MARKS: t.Final = " ,;:/._"


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

    Where a terminal is too narrow for all, cells go on in the next line. Neither
    JSON nor what goes through a pipe is changed.

    :param cut: The column that is cut instead.
    """
    if as_json:
        click.echo(
            json.dumps([dict(zip(heads, r, strict=True)) for r in rows], indent=2)
        )
    else:
        for line in table(heads, rows, cut=cut, width=width()):
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

    :param cut: The column that is cut so that lines fit into ``width``; cells of
        the others go on in the next line.

    >>> table(["name", "hooks"], [["timing", ("before", "finish")], ["shop", ()]])
    ['NAME    HOOKS', 'timing  before,finish', 'shop    -']
    >>> table(["name", "hooks"], [["timing", ("before", "finish")]], width=16)
    ['NAME    HOOKS', 'timing  before,', '        finish']
    """
    cells = [[head.upper() for head in heads]]
    cells += [
        [(item if isinstance(item, str) else ",".join(item)) or "-" for item in row]
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]

    if width is not None:
        widths = _fitted(widths, width - 2 * (len(widths) - 1))

    return [
        "  ".join(map(str.ljust, line, widths)).rstrip()  # the last one needs no room
        for row in cells
        for line in itertools.zip_longest(
            *(
                _cut(text, size) if head == cut else _folded(text, size)
                for head, text, size in zip(heads, row, widths, strict=True)
            ),
            fillvalue="",
        )
    ]


def _fitted(widths: Sequence[int], room: int) -> list[int]:
    """Return widths that fit, the widest columns made narrower first."""
    most = max(widths)

    while most > _NARROWEST and sum(min(each, most) for each in widths) > room:
        most -= 1

    return [min(each, most) for each in widths]


def _cut(text: str, size: int) -> list[str]:
    return [text if len(text) <= size else f"{text[: size - 3]}..."]


def _folded(text: str, size: int) -> list[str]:
    """Return the lines of a cell; joined they are the text again."""
    lines: list[str] = []

    while len(text) > size:
        # Behind the last mark of the second half, if there is one.
        at = max(text.rfind(mark, size // 2, size) for mark in _MARKS) + 1 or size
        lines.append(text[:at])
        text = text[at:]

    return [*lines, text]


def line(text: str) -> None:
    """Print one line, on a terminal in as many as it needs."""
    for part in _folded(text, width() or len(text)):
        click.echo(part)


def paragraph(text: str) -> None:
    """Print a text that belongs to the line above, in as many lines as it needs."""
    wrapped = textwrap.fill(
        text,
        width() or 80,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    click.echo(wrapped)
