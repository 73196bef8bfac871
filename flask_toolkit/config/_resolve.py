"""From the merged tree to typed values and the settings object."""

from __future__ import annotations

import functools
import typing as t

from flask_toolkit._origins import Entry
from flask_toolkit._redact import got
from flask_toolkit._redact import is_secret
from flask_toolkit._redact import mask
from flask_toolkit._redact import masked_text
from flask_toolkit._redact import spellings
from flask_toolkit._settings import PREFIX
from flask_toolkit._settings import suggest
from flask_toolkit._values import from_text
from flask_toolkit._values import from_value
from flask_toolkit._values import is_dict
from flask_toolkit._values import is_table
from flask_toolkit._values import unwrap
from flask_toolkit._values import ValueProblem
from flask_toolkit.errors import Origin

from ._known import FREE
from ._nodes import copied
from ._nodes import fold
from ._nodes import Leaf
from ._nodes import OMITTED
from ._nodes import Table
from ._spots import child_of
from ._spots import dotted
from ._spots import item_path

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from collections.abc import Sequence

    from ._merge import Merge
    from ._nodes import Node
    from ._spots import Branch
    from ._spots import Keys

Spell: t.TypeAlias = "Callable[[Keys], tuple[list[str], list[str]]]"
_BAD: t.Final = object()
_MANY: t.Final = frozenset({"a list", "a table"})
_CLOSER: t.Final = frozenset({"flask", "secret"})
_SECRET_NAMES = "TOOLKIT_CONFIG_SECRET_NAMES"  # noqa: S105  # the name of a key
_PUBLIC_NAMES = "TOOLKIT_CONFIG_PUBLIC_NAMES"


class Resolver:
    """Reads one merged tree; problems are recorded in the merge.

    :param spell: Tells which variables and files can set a key.
    """

    def __init__(self, merge: Merge, spell: Spell) -> None:
        self.merge = merge
        self.spell = spell
        self.more: tuple[str, ...] = self._names(_SECRET_NAMES)
        self.public: tuple[str, ...] = self._names(_PUBLIC_NAMES)
        self._missing: list[Keys] = []
        self._read_secrets: list[t.Any] = []

    def values(self) -> dict[str, t.Any]:
        """Return every value by its top level key; bad ones are left out."""
        tree, known = self.merge.tree, self.merge.known
        values = self._fields(known.root, tree, ())

        for key, here in tree.items():
            if key not in known.root.fields:
                node = known.find(key) or FREE
                value = self._leaf(t.cast("Leaf", node), here, (key,))

                if value is not _BAD:
                    values[key] = value

        self._report_unknown()
        self._report_missing()
        return values

    def build(self, values: dict[str, t.Any]) -> t.Any:
        """Return the schema's object; computed values are added to ``values``."""
        return self._build(self.merge.known.root, values, ())

    def _fields(self, table: Table, branch: Branch, path: Keys) -> dict[str, t.Any]:
        values: dict[str, t.Any] = {}
        above = "".join(f"{part}." for part in path)
        plain = self.merge.origins.plain

        for name, node in table.fields.items():
            here = branch.get(name)

            # Most values of most sources need none of what follows.
            if type(here) is Entry and type(node) is Leaf and node.required:
                value = _quickly(node, here)

                if value is not _BAD:
                    if node.plain:
                        plain.add(above + name)

                    values[name] = value
                    continue

            below = (*path, name)

            if isinstance(node, Table):
                value = self._table(node, here, below)
            elif isinstance(here, Entry) and here.origin.kind == "flask":
                # A default of Flask never stands in for what the schema asks.
                value = self._default(node, below)
            elif here is None:
                value = self._default(node, below)
            else:
                self._default_entry(node, below)
                value = self._leaf(node, here, below)

            if value is not _BAD:
                values[name] = value

        return values

    def _table(self, node: Table, here: t.Any, path: Keys) -> t.Any:
        if is_dict(here):
            return self._fields(node, here, path)

        if here is None and node.default is OMITTED:
            return _BAD

        if here is None:
            return self._absent_table(node, path)

        cell = t.cast("Entry", here)

        if cell.value is None and node.nullable:
            return None

        self.merge.blame(path, "expected a table", cell.located())
        return _BAD

    def _absent_table(self, node: Table, path: Keys) -> t.Any:
        if not node.nullable:
            return self._fields(node, {}, path)

        if node.default is None:
            self._add_default(path, None, Origin("default", node.owner))
            return None

        self._missing.append(path)
        return _BAD

    def _default(self, leaf: Leaf, path: Keys) -> t.Any:
        if leaf.required:
            self._missing.append(path)
            return _BAD

        value = leaf.initial()

        if value is OMITTED:
            return _BAD

        place = Origin("default", leaf.owner)
        self._add_default(path, value, place)
        return self._convert(leaf, Entry(place, value), path)

    def _default_entry(self, leaf: Leaf, path: Keys) -> None:
        """Record a default that something stronger replaced."""
        if leaf.item is not None:
            return  # it was laid down as a layer

        if not leaf.required and leaf.factory is None and leaf.default is not OMITTED:
            self._add_default(path, leaf.default, Origin("default", leaf.owner))

    def _add_default(self, path: Keys, value: t.Any, place: Origin) -> None:
        entries = self.merge.origins.entries.setdefault(dotted(path), [])
        above = bool(entries) and entries[0].origin.kind == "flask"
        entries.insert(int(above), Entry(place, value))

    def _leaf(self, leaf: Leaf, here: t.Any, path: Keys) -> t.Any:
        if isinstance(here, Entry):
            return self._convert(leaf, here, path)

        found = len(self.merge.problems) + len(self._missing)
        child = child_of(leaf)
        read: t.Any

        if is_dict(here):
            read = {
                name: self._below(child, item, (*path, name))
                for name, item in here.items()
            }
        else:
            read = [
                self._below(child, item, item_path(path, number))
                for number, item in enumerate(here)
            ]

        if len(self.merge.problems) + len(self._missing) > found:
            return _BAD

        return self._convert(leaf, Entry(self._place_below(path), read), path)

    def _below(self, node: Node, here: t.Any, path: Keys) -> t.Any:
        if isinstance(node, Table):
            return self._table(node, here, path)

        return self._leaf(node, here, path)

    def _place_below(self, path: Keys) -> Origin:
        leaf = next(self.merge.origins.leaves(dotted(path)), "")
        entry = self.merge.origins.of(leaf)
        return entry.origin if entry else Origin("code", "app.config")

    def _convert(self, leaf: Leaf, cell: Entry, path: Keys) -> t.Any:
        key = dotted(path)
        self._mark(leaf, cell, key)

        try:
            value = self._read(leaf, cell)
        except ValueProblem as problem:
            expected = problem.expected

            if leaf.item is not None and expected in _MANY:
                expected += " of tables"

            message = f"expected {expected}"

            if not self._is_secret(cell, key) and not _may_hold_secrets(leaf, cell):
                told = got(key, cell.value, more=self.more, public=self.public)
                message += f", got {told}"

            self.merge.blame(path, message, cell.located(), problem.hint)
            return _BAD

        if cell.is_text and not isinstance(value, str) and self._is_secret(cell, key):
            self._read_secrets.append(value)

        empty = isinstance(value, (str, bytes)) and not value

        if empty and leaf.required and leaf is not FREE and self._is_secret(cell, key):
            self.merge.blame(path, "empty; it needs a value", cell.located())
            return _BAD

        return value

    def _read(self, leaf: Leaf, cell: Entry) -> t.Any:
        base = cell.base or self.merge.base

        if cell.is_text:
            return from_text(leaf.kind, cell.value, base=base)

        try:
            return from_value(leaf.kind, copied(cell.value), base=base)
        except ValueProblem:
            # Set by hand or by Flask's own loader, which leaves text behind.
            is_text = isinstance(cell.value, str) and leaf.item is None

            if cell.origin.kind != "code" or not is_text:
                raise

        return from_text(leaf.kind, cell.value, base=base)

    def _mark(self, leaf: Leaf, cell: Entry, key: str) -> None:
        """Record what type and place say about a value: secret, or shown."""
        if leaf.marked or cell.origin.kind == "secret":
            self.merge.origins.secrets.add(key)
        elif leaf is not FREE and leaf.plain:
            self.merge.origins.plain.add(key)

    def _is_secret(self, cell: Entry, key: str) -> bool:
        origins = self.merge.origins
        return key not in origins.plain and is_secret(
            key,
            cell.value,
            marked=key in origins.secrets,
            more=self.more,
            public=self.public,
        )

    @functools.cached_property
    def _secrets(self) -> frozenset[str]:
        """The texts that must not stand in what others wrote."""
        origins = self.merge.origins
        winners = {key: entries[-1] for key, entries in origins.entries.items()}
        given = [c.value for key, c in winners.items() if self._is_secret(c, key)]
        return frozenset(spellings([given, self._read_secrets]))

    def _tells(self, text: str) -> bool:
        """Tell whether a secret stands in a text."""
        return any(secret in text for secret in self._secrets)

    def _names(self, key: str) -> tuple[str, ...]:
        cell = self.merge.tree.get(key)

        if not isinstance(cell, Entry):
            return ()

        try:
            names: tuple[str, ...] = self._read(Leaf(tuple[str, ...]), cell)
        except ValueProblem:
            return ()

        return tuple(name.upper() for name in names)

    def _report_unknown(self) -> None:
        missing = [dotted(path) for path in self._missing]

        for one in self.merge.unknown:
            path, known = one.path, one.known
            above = dotted(path[:-1])
            asked = [key.rpartition(".")[2] for key in missing if _is_in(key, above)]
            names = self._candidates(str(path[-1])) if known is None else known
            near = _near(str(path[-1]), asked) or _near(str(path[-1]), names)

            if near is not None:
                self.merge.blamed.add(dotted((*path[:-1], near)))
                hint = f"did you mean {near}?"
                self.merge.blame(path, "unknown key", one.locate(), hint)
            elif one.is_problem:
                self.merge.blame(path, "unknown key", one.locate(), self._advice(path))
            elif not str(path[0]).startswith(PREFIX):
                self.merge.origins.unused.append(one.locate())

    def _candidates(self, name: str) -> list[str]:
        """Return the top level keys that a key may have been meant to be."""
        names = self.merge.known.names()

        if name.startswith(PREFIX):
            return [known for known in names if known.startswith(PREFIX)]

        return names

    def _advice(self, path: Keys) -> str | None:
        if str(path[0]).startswith(PREFIX) or len(path) > 1:
            return None

        return f"add it to {self.merge.known.root.cls.__name__}, or to allow="

    def _report_missing(self) -> None:
        blamed = self.merge.blamed

        for path in self._missing:
            above = {dotted(path[:size]) for size in range(1, len(path) + 1)}

            if blamed.isdisjoint(above):
                place, ways = self._item_place(path), ""

                if place is None:
                    ways = f"; {self._ways(path)}"

                self.merge.blame(path, f"required{ways}", place)

    def _item_place(self, path: Keys) -> Origin | None:
        """Return where the item of a list stands that lacks a value."""
        above = [dotted(path[:size]) for size in range(len(path), 0, -1)]
        locate = next(filter(None, map(self.merge.items.get, above)), None)
        return None if locate is None else locate()

    def _ways(self, path: Keys) -> str:
        variables, files = self.spell(path)
        ways: list[str] = []

        if variables:
            ways.append(f"set {', '.join(variables)}")

        if files:
            ways.append(f"put it in {', '.join(files)}")

        return " or ".join(ways) or "it is not set"

    def _build(self, table: Table, values: dict[str, t.Any], path: Keys) -> t.Any:
        given = dict(values)

        if not path:
            # Keys of Flask and of components are none of the schema's.
            for name in values.keys() - table.fields.keys():
                del given[name]

        for name, node in table.tables.items():
            if given.get(name) is not None:
                given[name] = self._build_below(node, given[name], (*path, name))

        if table.shape == "typeddict":
            return given

        try:
            built = _made(table, given)
        except ValueError as error:
            self._refused(path, table, error)
            return None

        for name in table.computed:
            try:
                values[name] = getattr(built, name)
            except ValueError as error:
                self._refused((*path, name), table, error)
            else:
                self._add_computed(table, (*path, name), values[name])

        return built

    def _build_below(self, node: Node, value: t.Any, path: Keys) -> t.Any:
        if isinstance(node, Table):
            return self._build(node, value, path)

        return self._build_many(t.cast("Table", node.item), value, path)

    def _build_many(self, item: Table, values: t.Any, path: Keys) -> t.Any:
        if is_dict(values):
            return {
                name: None if each is None else self._build(item, each, (*path, name))
                for name, each in values.items()
            }

        return type(values)(
            None if each is None else self._build(item, each, item_path(path, number))
            for number, each in enumerate(values)
        )

    def _add_computed(self, table: Table, path: Keys, value: t.Any) -> None:
        key = dotted(path)
        place = Origin("computed", f"{table.cls.__name__}.{path[-1]}")
        self.merge.origins.add(key, Entry(place, value))

        # An address made of a password is as secret as the password.
        if self._tells(str(mask(key, value))):
            self.merge.origins.secrets.add(key)

    def _refused(self, path: Keys, table: Table, error: ValueError) -> None:
        message = str(error)

        # The author of the message may have put a value in.
        if self._tells(message):
            message = "the values do not fit together"

        message = masked_text(message)

        place = Origin("computed", table.cls.__name__)
        self.merge.blame(path or (table.cls.__name__,), message, place)


def _made(table: Table, given: dict[str, t.Any]) -> t.Any:
    if table.shape == "dataclass":
        return table.cls(**given)

    built = object.__new__(table.cls)

    for name, value in given.items():
        setattr(built, name, value)

    return built


def _quickly(leaf: Leaf, entry: Entry) -> t.Any:
    """Return a value that can be nothing but right, or ``_BAD``: look closer."""
    value = entry.value

    # A default of Flask is none of the schema; an empty secret is a problem.
    # Not value == "": what a class compares to it is not ours to ask.
    if entry.origin.kind in _CLOSER or (type(value) is str and not value):
        return _BAD

    if not entry.is_text:
        if type(value) in leaf.accepts:
            return value

        items: t.Any = value
        is_right = type(value) is list and {*map(type, items)} == {leaf.items}
        return items.copy() if is_right else _BAD

    try:
        return _BAD if leaf.reader is None else leaf.reader(value)
    except ValueProblem:
        return _BAD


def _may_hold_secrets(leaf: Leaf, cell: Entry) -> bool:
    """Tell whether a malformed text could be a table with secrets inside."""
    text = isinstance(cell.value, str) and "{" in cell.value
    return text or leaf.item is not None or is_table(unwrap(leaf.kind)[0])


def _is_in(key: str, above: str) -> bool:
    return key.rpartition(".")[0] == above


def _near(name: str, known: Sequence[str]) -> str | None:
    names: Mapping[str, str] = {fold(each): each for each in known}
    found = suggest(fold(name), names)
    return None if found is None else names[found]
