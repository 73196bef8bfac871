"""The directive ``settings-table``: the keys of a component, from its class."""

from __future__ import annotations

import importlib
import re
import typing as t
from datetime import timedelta

from inventory import components
from inventory import settings
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import stringify_annotation
from tables import literal
from tables import table
from tables import text

from flask_toolkit._settings import MISSING

if t.TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

    from flask_toolkit._settings import SettingsField

_UNITS = {"d": 86400, "h": 3600, "min": 60, "s": 1}


def _type(kind: t.Any) -> str:
    words = stringify_annotation(kind, "smart", short_literals=True)
    # "~" asks Sphinx for a short name; this is plain text.
    return re.sub(r"~?(?:[a-z_]+\.)+(?=[A-Za-z])|~", "", words)


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
        lines = (
            [
                *map(literal, (field.key, _type(field.type), _default(field))),
                text(meaning),
            ]
            for field, meaning in settings(spec)
        )
        return [table(("key", "type", "default", "meaning"), lines)]


def setup(app: Sphinx) -> dict[str, t.Any]:
    """Register with Sphinx."""
    app.add_directive("settings-table", SettingsTable)
    return {"parallel_read_safe": True}
