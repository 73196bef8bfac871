"""The directive ``settings-table``: the keys of a component, from its class."""

from __future__ import annotations

import importlib
import re
import typing as t
from datetime import timedelta

from docutils import nodes
from inventory import components
from inventory import settings
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import stringify_annotation

from flask_toolkit._settings import MISSING

if t.TYPE_CHECKING:
    from sphinx.application import Sphinx

    from flask_toolkit._settings import SettingsField

_UNITS = {"d": 86400, "h": 3600, "min": 60, "s": 1}


def _type(kind: t.Any) -> str:
    text = stringify_annotation(kind, "smart", short_literals=True)
    # "~" asks Sphinx for a short name; this is plain text.
    return re.sub(r"~?(?:[a-z_]+\.)+(?=[A-Za-z])|~", "", text)


def _default(field: SettingsField) -> str:
    if field.default is MISSING:
        return "required"

    if isinstance(field.default, timedelta):
        return _duration(field.default)

    return repr(field.default)


def _duration(value: timedelta) -> str:
    seconds = value.total_seconds()
    unit = next((unit for unit, size in _UNITS.items() if not seconds % size), "s")
    return f"{seconds / _UNITS[unit]:g} {unit}" if seconds else "0"


class SettingsTable(SphinxDirective):
    """Writes the table of the component that the argument names."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        name = self.arguments[0]

        try:
            spec = components()[name]
        except KeyError:
            raise self.error(f"No component is called {name!r}.") from None

        home = importlib.import_module(spec.cls.__module__)
        self.env.note_dependency(str(home.__file__))
        head = [nodes.paragraph(text=word) for word in ("key", "type", "default")]
        table = _table([*head, nodes.paragraph(text="meaning")])
        body = t.cast("nodes.tbody", table[0][-1])

        for field, meaning in settings(spec):
            words = (field.key, _type(field.type), _default(field))
            body += _line([*map(_literal, words), _text(meaning)])

        return [table]


def _text(words: str) -> nodes.paragraph:
    """Return a docstring; double backquotes are all the markup that occurs there."""
    paragraph = nodes.paragraph()

    for index, part in enumerate(re.split(r"``(.+?)``", words)):
        if index % 2:
            paragraph += nodes.literal("", part)
        else:
            paragraph += nodes.Text(part)

    return paragraph


def _literal(text: str) -> nodes.paragraph:
    return nodes.paragraph("", "", nodes.literal("", text))


def _line(cells: list[nodes.paragraph]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", cell) for cell in cells))


def _table(head: list[nodes.paragraph]) -> nodes.table:
    group = nodes.tgroup("", cols=len(head))
    group += [nodes.colspec(colwidth=1) for _ in head]
    group += [nodes.thead("", _line(head)), nodes.tbody()]
    return nodes.table("", group)


def setup(app: Sphinx) -> dict[str, t.Any]:
    """Register with Sphinx."""
    app.add_directive("settings-table", SettingsTable)
    return {"parallel_read_safe": True}
