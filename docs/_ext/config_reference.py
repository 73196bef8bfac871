"""The directives ``config-source`` and ``checks-list``, made from the code."""

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
    from checks_inventory import Check
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


class ChecksList(SphinxDirective):
    """Lists the checks of the group that the argument names."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the list: five columns would not fit on a telephone."""
        group = self.arguments[0]

        if group not in groups():
            raise self.error(f"No check begins with {group!r}.")

        chosen = [check for id, check in checks().items() if id.startswith(f"{group}.")]
        listed = nodes.definition_list("", *map(_described, chosen))
        listed["support_smartquotes"] = False  # what is written may be typed
        return [listed]


def _described(check: Check) -> nodes.definition_list_item:
    info, hints = check
    runs = "always" if info.always else "with `--deploy`"
    term = nodes.term("", "", nodes.literal("", info.id), ids=[nodes.make_id(info.id)])
    told = [
        text(f"{info.levels}, {runs}: {info.when}"),
        *(text(f"Hint: {hint}") for hint in hints),
    ]
    return nodes.definition_list_item("", term, nodes.definition("", *told))


def setup(app: Sphinx) -> dict[str, t.Any]:
    """Register with Sphinx."""
    app.add_directive("config-source", ConfigSource)
    app.add_directive("checks-list", ChecksList)
    return {"parallel_read_safe": True}
