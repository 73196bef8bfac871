"""What a built-in check is, and the table of all of them."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable

    from flask_toolkit._findings import Finding

    from ._facts import Facts

    Find: t.TypeAlias = Callable[[Facts], Iterable[Finding]]


class Rule(t.NamedTuple):
    """A check that is part of the toolkit."""

    id: str
    levels: str
    """How grave it can be, in words."""

    when: str
    """When it fires, as one line."""

    find: Find
    always: bool
    """Whether it runs without ``--deploy`` as well."""


RULES: t.Final[dict[str, Rule]] = {}
"""By id, in the order of their definition."""


def rule(
    id: str, levels: str, when: str, *, always: bool = False
) -> Callable[[Find], Find]:
    """Add a function to the table of checks.

    :param always: Run it without ``--deploy`` as well; what of it only matters
        in production asks ``facts.deploy``.
    """

    def add(find: Find) -> Find:
        RULES[id] = Rule(id, levels, when, find, always)
        return find

    return add
