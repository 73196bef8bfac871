"""The directives ``config-source`` and ``checks-table``, made from the code."""

from __future__ import annotations

import typing as t

from checks_inventory import checks
from checks_inventory import groups
from docutils import nodes
from sources_inventory import arguments
from sources_inventory import call_of
from sources_inventory import description
from sources_inventory import outcomes
from sources_inventory import sources
from sphinx.util.docutils import SphinxDirective
from tables import literal
from tables import table
from tables import text

if t.TYPE_CHECKING:
    from sphinx.application import Sphinx


class ConfigSource(SphinxDirective):
    """Describes the source that the argument names."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return its call, its arguments and what it does in odd situations."""
        name = self.arguments[0]
        source = sources().get(name)

        if source is None:
            raise self.error(f"No source is called {name!r}.")

        call = nodes.literal_block(call_of(name), call_of(name), language="python")
        about = [text(part) for part in description(source).split("\n\n")]
        lines = (
            [literal(one.name), literal(one.default), text(one.meaning)]
            for one in arguments(source)
        )
        cases = ([text(case), text(what)] for case, what in outcomes(name))
        return [
            call,
            *about,
            table(("argument", "default", "meaning"), lines),
            table(("when", "what happens"), cases),
        ]


class ChecksTable(SphinxDirective):
    """Writes the table of the group of checks that the argument names."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        group = self.arguments[0]

        if group not in groups():
            raise self.error(f"No check begins with {group!r}.")

        lines = (
            [
                literal(info.id),
                text(info.levels),
                text("always" if info.always else "`--deploy`"),
                text(info.when),
                text(" / ".join(hints)),
            ]
            for info, hints in checks().values()
            if info.id.partition(".")[0] == group
        )
        return [table(("id", "level", "runs", "fires when", "hint"), lines)]


def setup(app: Sphinx) -> dict[str, t.Any]:
    """Register with Sphinx."""
    app.add_directive("config-source", ConfigSource)
    app.add_directive("checks-table", ChecksTable)
    return {"parallel_read_safe": True}
