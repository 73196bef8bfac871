"""Where a value goes, and what may stand there."""

from __future__ import annotations

import typing as t

from flask_toolkit._redact import is_secret_name
from flask_toolkit._values import from_text
from flask_toolkit._values import is_table
from flask_toolkit._values import read_json
from flask_toolkit._values import ValueProblem

from ._known import FREE
from ._known import HIDDEN
from ._nodes import brings
from ._nodes import fold
from ._nodes import Leaf
from ._nodes import MISSING
from ._nodes import Node
from ._nodes import Table
from ._plan import is_table_class

Keys: t.TypeAlias = tuple[t.Any, ...]
Branch: t.TypeAlias = dict[t.Any, t.Any]
"""A table of the merged tree: names to cells and further branches."""


class Spot:
    """Where a value goes, and how its layer spells that."""

    __slots__ = ("branch", "node", "path", "spelled")

    def __init__(self, branch: Branch, node: Node, path: Keys, spelled: Keys) -> None:
        self.branch = branch
        self.node = node
        self.path = path
        self.spelled = spelled


def item_path(path: Keys, number: int) -> Keys:
    """Return the path of an item of a list.

    >>> item_path(("DB", "hosts"), 0)
    ('DB', 'hosts[0]')
    """
    return (*path[:-1], f"{path[-1]}[{number}]")


def dotted(path: Keys) -> str:
    """Return a path as people write it.

    >>> dotted(("DB", "port"))
    'DB.port'
    """
    return ".".join(map(str, path))


def child_of(leaf: Leaf) -> Node:
    """Return what is known of the items of a list, or of a plain ``dict``."""
    if leaf.item is not None:
        return leaf.item

    arguments = t.get_args(leaf.bare) if is_table(leaf.bare) else ()

    if arguments:
        return Leaf(arguments[1], marked=leaf.marked)

    return HIDDEN if leaf.marked else FREE


def step(node: Node, name: t.Any, branch: Branch) -> tuple[t.Any, Node | None]:
    """Return the right spelling of a name in a table and what is known of it."""
    if isinstance(node, Table):
        real = node.folded.get(fold(str(name)))
        return (name, None) if real is None else (real, node.fields[real])

    if isinstance(name, str) and name not in branch:
        same = (each for each in branch if fold(str(each)) == fold(name))
        name = next(same, name)

    return name, child_of(node)


def opened(spot: Spot, text: str) -> tuple[t.Any, bool]:
    """Return text as a table where one must be, and whether it is still text."""
    node = spot.node

    if isinstance(node, Table):
        if node.nullable and not text:
            return None, False

        return from_text(dict, text), False

    kind = node.bare

    if node.item is not None:
        return _opened_many(node, text), False

    if is_table(kind):
        return from_text(dict, text), False

    # Flask's rule for keys that nobody typed; a password of digits stays text.
    if kind in {t.Any, object} and not is_secret_name(dotted(spot.path)):
        try:
            return read_json(text), False
        except ValueProblem:
            pass

    return text, True


def _opened_many(leaf: Leaf, text: str) -> t.Any:
    if not text and type(None) in leaf.members:
        return None

    if not leaf.is_list:
        return from_text(dict, text)

    if text and not text.lstrip().startswith("["):
        raise ValueProblem("a JSON list of tables")

    return from_text(list, text)


def attributes(table: Table, value: t.Any) -> t.Any:
    """Return a class or an instance of a table as a mapping."""
    cls: type[t.Any] = value if isinstance(value, type) else type(value)

    if not is_table_class(cls):
        return value

    return {name: getattr(value, name) for name in table.fields if hasattr(value, name)}


def table_defaults(table: Table) -> dict[str, t.Any]:
    """Return the defaults that the tables inside of a table have."""
    found: dict[str, t.Any] = {}

    for name, node in table.fields.items():
        if isinstance(node, Leaf) and node.item is None:
            continue

        default = node.initial()

        if brings(default):
            found[name] = default
        elif (
            isinstance(node, Table)
            and default is MISSING
            and node.has_defaults
            and not node.nullable
        ):
            found[name] = table_defaults(node)

    return found


def may_be_table(node: Node) -> bool:
    """Tell whether a table may stand at a node."""
    return isinstance(node, Table) or node.may_be_table


def is_union(node: Node) -> bool:
    """Tell whether the type of a node has several members."""
    return isinstance(node, Leaf) and len(node.members) > 1
