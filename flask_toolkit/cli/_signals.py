"""``signals``: what is sent, and who listens."""

from __future__ import annotations

import inspect
import sys
import typing as t
from pathlib import Path

import blinker
import click

from ._listing import json_option
from ._listing import load_app
from ._listing import show

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from flask_toolkit.signals import Signals

_HEADS: t.Final = ("signal", "fields", "receiver", "lifetime", "where")
_ROOMS: t.Final = "flask_toolkit."


@click.command("signals")
@click.option("--listened", is_flag=True, help="Only those with a receiver.")
@json_option
def command(*, listened: bool, as_json: bool) -> None:
    """List the signals, and who listens to them for this application.

    Those of the application, of Flask, and of the parts of the toolkit. A line a
    receiver.
    """
    app = load_app()
    rows = [*_defined(app), *_others(app)]
    rows = [row for row in rows if row[2] or not listened]
    show(_HEADS, rows, as_json=as_json)


def _defined(app: Flask) -> Iterator[tuple[str, tuple[str, ...], str, str, str]]:
    """Yield what the application defined through ``Signals``."""
    state = app.extensions.get("toolkit.signals")

    if state is None:
        return

    signals: Signals = state.extension

    for signal in signals.describe():
        for one in signal.receivers:
            where = _near(one.where)
            yield signal.name, signal.fields, one.name, one.lifetime, where

        if not signal.receivers:
            yield signal.name, signal.fields, "", "", ""


def _others(app: Flask) -> Iterator[tuple[str, tuple[str, ...], str, str, str]]:
    """Yield the signals of Flask and of the parts, by name."""
    found = {id(signal): (name, signal) for name, signal in _named()}

    for name, signal in sorted(found.values(), key=lambda pair: pair[0]):
        fields = tuple(getattr(signal, "fields", ()))
        receivers = list(signal.receivers_for(app))

        for receiver in receivers:
            called = getattr(receiver, "__qualname__", type(receiver).__qualname__)
            yield name, fields, called, "", _where(receiver)

        if not receivers:
            yield name, fields, "", "", ""


def _named() -> Iterator[tuple[str, blinker.Signal]]:
    rooms = [
        module
        for name, module in list(sys.modules.items())
        if name == "flask.signals" or (name.startswith(_ROOMS) and name.count(".") == 1)
    ]

    for room in rooms:
        for value in vars(room).values():
            if isinstance(value, blinker.NamedSignal):
                yield value.name, value


def _where(receiver: t.Any) -> str:
    code = getattr(inspect.unwrap(receiver), "__code__", None)
    return "" if code is None else _near(f"{code.co_filename}:{code.co_firstlineno}")


def _near(where: str) -> str:
    """Return a place relative to the current folder, if it lies below it."""
    path = Path(where)
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else where
