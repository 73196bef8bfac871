"""Tables that are made from code."""

from __future__ import annotations

import re
import typing as t

from docutils import nodes

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence


def table(
    head: Sequence[str], lines: Iterable[Sequence[nodes.paragraph]]
) -> nodes.table:
    """Return a table of these lines, under these words."""
    group = nodes.tgroup("", cols=len(head))
    group += [nodes.colspec(colwidth=1) for _ in head]
    words = _line([nodes.paragraph(text=word) for word in head])
    group += [nodes.thead("", words), nodes.tbody("", *map(_line, lines))]
    # What stands in code may be typed: no typographic quotes and dashes.
    return nodes.table("", group, support_smartquotes=False)


def text(words: str) -> nodes.paragraph:
    """Return a docstring; backquotes are all the markup that occurs there."""
    paragraph = nodes.paragraph()

    for index, part in enumerate(re.split(r"`+(.+?)`+", words)):
        if index % 2:
            paragraph += nodes.literal("", part)
        else:
            paragraph += nodes.Text(part)

    return paragraph


def literal(words: str) -> nodes.paragraph:
    """Return a piece of code."""
    return nodes.paragraph("", "", nodes.literal("", words))


def _line(cells: Sequence[nodes.paragraph]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", cell) for cell in cells))
