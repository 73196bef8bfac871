"""What a plan is made of: keys with a value, and tables of keys."""

from __future__ import annotations

import enum
import functools
import typing as t
from datetime import timedelta

from flask_toolkit._values import is_dict
from flask_toolkit._values import is_table
from flask_toolkit._values import members_of
from flask_toolkit._values import reader_of
from flask_toolkit._values import unwrap
from flask_toolkit.typing import Constraint

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping

MISSING: t.Final = object()
"""No default: a value must be given."""

_EXACT: t.Final[frozenset[type]] = frozenset({bool, int, str, type(None)})
SIMPLE: t.Final[frozenset[type]] = _EXACT | {float}
"""Types of values that hold no others and are never changed."""

OMITTED: t.Final = object()
"""Default of a TypedDict's key that may be left out."""

_SHOWN = (bool, int, float, timedelta, enum.Enum, type(None))


# Plain classes here: a frozen dataclass costs 4 million instructions at import.
class Leaf:
    """One key with a value.

    :param marked: Whether a marker makes it secret, whatever its name.
    :param owner: Class that holds the default.
    :param item: What each value of a list or a ``dict`` of tables is.
    """

    def __init__(
        self,
        kind: t.Any,
        default: t.Any = MISSING,
        factory: Callable[[], t.Any] | None = None,
        *,
        marked: bool = False,
        owner: str = "",
        item: Table | None = None,
    ) -> None:
        self.kind = kind
        self.default = default
        self.factory = factory
        self.marked = marked
        self.owner = owner
        self.item = item

    def but(self, **changes: t.Any) -> Leaf:
        """Return another one with these changes."""
        return Leaf(**{name: getattr(self, name) for name in _OF_LEAF} | changes)

    @functools.cached_property
    def required(self) -> bool:
        """Tell whether a value must be given."""
        return self.default is MISSING and self.factory is None

    @functools.cached_property
    def bare(self) -> t.Any:
        """Return the type without what is attached to it."""
        return unwrap(self.kind)[0]

    @functools.cached_property
    def members(self) -> tuple[t.Any, ...]:
        """Return the types it may have: several for a union."""
        kind = self.bare
        return tuple(unwrap(each)[0] for each in members_of(kind) or (kind,))

    @functools.cached_property
    def plain(self) -> bool:
        """Tell whether the type is one whose values are shown despite a name."""
        return all(map(_is_plain, self.members))

    @functools.cached_property
    def accepts(self) -> frozenset[type]:
        """Return the types whose values fit without being looked at."""
        if self.marked or self.constrained:
            return frozenset()

        return SIMPLE if self.bare is t.Any else _EXACT.intersection(self.members)

    @functools.cached_property
    def items(self) -> type | None:
        """Return the one class of a list's items that fit without being looked at."""
        if self.marked or self.constrained or t.get_origin(self.bare) is not list:
            return None

        (kind,) = t.get_args(self.bare)
        return kind if isinstance(kind, type) and kind in _EXACT else None

    @functools.cached_property
    def reader(self) -> Callable[[str], t.Any] | None:
        """Return what reads its text, if nothing else has a say in that."""
        return None if self.marked or self.constrained else reader_of(self.bare)

    @functools.cached_property
    def constrained(self) -> bool:
        """Tell whether a constraint asks for more than the type."""
        return any(isinstance(note, Constraint) for note in unwrap(self.kind)[1])

    @functools.cached_property
    def may_be_table(self) -> bool:
        """Tell whether its value may be a table."""
        return any(is_table(kind) or kind in {t.Any, object} for kind in self.members)

    @functools.cached_property
    def is_list(self) -> bool:
        """Tell whether its value is a list of tables."""
        return self.item is not None and not any(map(is_table, self.members))

    def initial(self) -> t.Any:
        """Return a default that nobody else holds."""
        return self.default if self.factory is None else self.factory()


class Table:
    """A class of keys: the schema itself or a table inside it.

    :param nullable: Whether ``None`` may stand in its place.
    :param owner: Class that holds the default.
    """

    def __init__(
        self,
        cls: type[t.Any],
        shape: Shape,
        fields: Mapping[str, Node],
        computed: tuple[str, ...] = (),
        *,
        nullable: bool = False,
        default: t.Any = MISSING,
        factory: Callable[[], t.Any] | None = None,
        owner: str = "",
    ) -> None:
        self.cls = cls
        self.shape = shape
        self.fields = fields
        self.computed = computed
        self.nullable = nullable
        self.default = default
        self.factory = factory
        self.owner = owner
        self.folded: Mapping[str, str] = {fold(name): name for name in fields}
        """The names of the fields by their folded spelling."""

        self.leaves: frozenset[str] = frozenset(
            name
            for name, node in fields.items()
            if isinstance(node, Leaf) and node.item is None
        )
        """The names of the fields that are no tables and hold none."""

        self.tables: Mapping[str, Node] = {
            name: node for name, node in fields.items() if name not in self.leaves
        }
        """The other fields."""

        self.has_defaults: bool = any(map(_brings_tables, fields.values()))
        """Whether a table in it has a default of its own."""

    def but(self, **changes: t.Any) -> Table:
        """Return another one with these changes."""
        return Table(**{name: getattr(self, name) for name in _OF_TABLE} | changes)

    def initial(self) -> t.Any:
        """Return a default that nobody else holds."""
        return self.default if self.factory is None else self.factory()


Node: t.TypeAlias = Leaf | Table
Shape: t.TypeAlias = t.Literal["class", "dataclass", "typeddict"]
_OF_LEAF = ("kind", "default", "factory", "marked", "owner", "item")
_OF_TABLE = (
    "cls", "shape", "fields", "computed", "nullable", "default", "factory", "owner"
)  # fmt: skip


def fold(name: str) -> str:
    """Return the spelling by which keys are compared.

    >>> fold("pool-size") == fold("Pool_Size")
    True
    """
    return name.replace("-", "_").upper()


def copied(value: t.Any) -> t.Any:
    """Return ``value`` with its containers copied and all else shared."""
    if is_dict(value) and type(value) is dict:
        return {
            name: item if type(item) in SIMPLE else copied(item)
            for name, item in value.items()
        }

    members: t.Any = value

    if type(value) is list:
        return [copied(item) for item in members]

    if type(value) is tuple:
        return tuple(map(copied, members))

    return set(members) if type(value) is set else value


def brings(default: t.Any) -> bool:
    """Tell whether a default is a value: by identity, which no class can refuse."""
    return not any(default is none for none in (MISSING, OMITTED, None))


def _brings_tables(node: Node) -> bool:
    given = node.factory is not None or brings(node.default)

    if isinstance(node, Leaf):
        return given and node.item is not None

    return given or (node.default is MISSING and node.has_defaults)


EMPTY: t.Final = Table(object, "class", {})
"""The plan where no schema is given."""


def _is_plain(kind: t.Any) -> bool:
    return t.get_origin(kind) is t.Literal or (
        isinstance(kind, type) and issubclass(kind, _SHOWN)
    )
