"""Lay the sources over each other; nothing is read as a type yet."""

from __future__ import annotations

import functools
import re
import typing as t

from flask_toolkit._origins import Entry
from flask_toolkit._origins import Provenance
from flask_toolkit._settings import PREFIX
from flask_toolkit._values import describe
from flask_toolkit._values import is_dict
from flask_toolkit._values import is_mapping
from flask_toolkit._values import unwrap
from flask_toolkit._values import ValueProblem
from flask_toolkit.errors import ConfigProblem
from flask_toolkit.errors import Origin

from ._formats import FormatProblem
from ._known import FREE
from ._known import Known
from ._layers import Computed
from ._layers import fixed
from ._layers import Layer
from ._layers import SecretFile
from ._nodes import fold
from ._nodes import Leaf
from ._nodes import Node
from ._nodes import SIMPLE
from ._nodes import Table
from ._spots import attributes
from ._spots import Branch
from ._spots import dotted
from ._spots import is_union
from ._spots import item_path
from ._spots import Keys
from ._spots import may_be_table
from ._spots import opened
from ._spots import Spot
from ._spots import step
from ._spots import table_defaults

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection
    from collections.abc import Container
    from collections.abc import Mapping
    from pathlib import Path

_KUBERNETES = r".*_SERVICE_HOST|.*_SERVICE_PORT.*|.*_PORT_[0-9]+_(TCP|UDP).*"
_NAMED = frozenset({"env", "dotenv"})
_WHOLE = SIMPLE | {list}
_LISTS = (list, tuple, set, frozenset)


class Unknown:
    """A key that nothing knows.

    :param known: The names it may have been meant to be; ``None``: those of the top
        level.
    :param is_problem: Whether it is one even if it is close to no known key.
    """

    __slots__ = ("is_problem", "known", "locate", "path")

    def __init__(
        self,
        path: Keys,
        locate: Callable[[], Origin],
        known: tuple[str, ...] | None,
        *,
        is_problem: bool,
    ) -> None:
        self.path = path
        self.locate = locate
        self.known = known
        self.is_problem = is_problem


class Merge:
    """The layers, laid over each other in the order they are added."""

    def __init__(self, known: Known, base: Path) -> None:
        self.known = known
        self.base = base
        self.tree: Branch = {}
        self.problems: list[ConfigProblem] = []
        self.unknown: list[Unknown] = []
        self.origins = Provenance()
        self.blamed: set[str] = set()
        """Leaves that already have a problem: they are not missing as well."""

        self.items: dict[str, Callable[[], Origin]] = {}
        """Where each item of a list of tables stands."""

        self.choosing: set[str] = set()
        """Variables that choose a source: no keys, unless the schema has them."""

        self._layer = Layer({}, text=False, origin=fixed(Origin("code", "")))
        self._lenient = False

    def add(self, layer: Layer, *, lenient: bool = False) -> None:
        """Lay ``layer`` over what is there; equal keys are replaced.

        :param lenient: It holds what stood in ``app.config`` before; its keys
            are never a problem.
        """
        self._layer = layer
        self._lenient = lenient
        self.origins.files.extend(layer.files)

        if layer.text:
            self._add_text(layer.data)
        else:
            self._add_table(layer.data)

    def blame(
        self, path: Keys, message: str, place: Origin | None, hint: str | None = None
    ) -> None:
        """Record a problem of a key."""
        key = dotted(path)
        self.blamed.add(key)
        self.problems.append(ConfigProblem(key, message, place, hint))

    def _add_table(self, data: Mapping[t.Any, t.Any]) -> None:
        rest = self._take(self.tree, data, self.known.leaves, (), ())
        seen = {name: name for name in data if name not in rest}

        for name, value in rest.items():
            if not isinstance(name, str):
                self.blame((name,), "a key must be text", self._layer.place)
                continue

            key = name if self._lenient else fold(name)

            if key in seen:
                self._twice((key,), seen[key], name)
                continue

            seen[key] = name

            # A subclass of the schema inherits what the schema computes.
            if isinstance(value, Computed) and self.known.is_computed(value):
                continue

            flat = self._flat(key, value)

            if flat is not None:
                message = "settings of a component are no table"
                place = self._layer.origin((name,))
                self.blame((key,), message, place, f"write {flat}")
                continue

            node = self._top(key, (name,))

            if node is not None:
                item = value.value() if isinstance(value, Computed) else value
                self._put(Spot(self.tree, node, (key,), (name,)), item, text=False)

    def _flat(self, key: str, value: t.Any) -> str | None:
        """Return the one right spelling of a component's key in a table."""
        name = f"{key}_"

        if not name.startswith(PREFIX) or not is_mapping(value):
            return None

        if name != PREFIX and name not in self.known.prefixes:
            return None

        while is_mapping(value) and value:
            below, value = next(iter(value.items()))
            key = f"{key}_{fold(str(below))}"

        return key

    def _add_text(self, data: Mapping[str, t.Any]) -> None:
        rest = self._take(self.tree, data, self.known.texts, (), (), text=True)

        if not rest:
            return

        seen: dict[Keys, str] = {(name,): name for name in data if name not in rest}

        # Whole values first, so that the nested ones change them.
        for name in sorted(rest, key=lambda name: (name.count("__"), name)):
            target, value = self._indirect(name, rest[name])
            parts = self._split(target)
            folded = tuple(map(fold, parts))

            if not all(parts):
                self.origins.unused.append(self._layer.origin((name,)))
            elif folded in seen:
                self._twice(self._walk(parts)[0], seen[folded], name)
            else:
                seen[folded] = name
                self._put_text(parts, name, value)

    def _twice(self, path: Keys, first: str, second: str) -> None:
        names = (first, second)

        if self._layer.text:
            places = [self._layer.origin((name,)) for name in names]

            if all(place.kind == "env" for place in places):
                names = (places[0].name, places[1].name)

        message = f"{names[0]} and {names[1]} set the same key"
        self.blame(path, message, None if self._layer.text else self._layer.place)

    def _top(self, key: str, spelled: Keys) -> Node | None:
        """Return the node of a top level key, ``None`` if it is to be left out."""
        node = self.known.find(key)

        if node is not None or self._lenient or self.known.allows(key):
            return node or FREE

        text = self._layer.text
        locate = functools.partial(self._layer.origin, spelled)

        if key in self.known.root.computed:
            message = f"computed by {self.known.root.cls.__name__}; it cannot be set"
            self.blame((key,), message, locate())
            return None

        if key.startswith(PREFIX):
            if self.known.is_component(key):
                self.unknown.append(Unknown((key,), locate, None, is_problem=True))
                return None

            # A later component may know it, unless it is a slip of the pen.
            self.unknown.append(Unknown((key,), locate, None, is_problem=False))
            return Leaf(str) if text else FREE

        chooses = text and locate().name in self.choosing

        if chooses or (text and re.fullmatch(_KUBERNETES, key)):
            self.origins.unused.append(locate())
        elif self.known.strict:
            self.unknown.append(Unknown((key,), locate, None, is_problem=not text))
        else:
            return FREE

        return None

    def _split(self, name: str) -> list[str]:
        return [name] if self.known.find(fold(name)) else name.split("__")

    def _indirect(self, name: str, value: t.Any) -> tuple[str, t.Any]:
        """Return key and value; ``X_FILE`` names a file that holds ``X``."""
        if name.upper().endswith("_FILE"):
            target = name[: -len("_FILE")]
            named = self._layer.origin((name,)).kind in _NAMED

            if named and not self._is_known(name) and self._is_known(target):
                return target, SecretFile((self._layer.base or self.base) / value)

        return name, value

    def _is_known(self, name: str) -> bool:
        node = self._walk(self._split(name))[1]
        return node is not None and node is not FREE

    def _walk(self, parts: list[str]) -> tuple[Keys, Node | None]:
        """Return the path that the parts name, and what is known of it."""
        key = fold(parts[0])
        node = self.known.find(key)
        path: Keys = (key,)

        for part in parts[1:]:
            name, node = (part, None) if node is None else step(node, part, {})
            path = (*path, name)

        return path, node

    def _put_text(self, parts: list[str], name: str, value: t.Any) -> None:
        key = fold(parts[0])
        node = self._top(key, (name,))

        if node is None:
            return

        spot = Spot(self.tree, node, (key,), (name,))

        for part in parts[1:]:
            branch = self._open(spot)

            if branch is None:
                return

            below, child = step(spot.node, part, branch)

            if child is None:
                self._strange(spot, part, is_problem=False)
                return

            spot = Spot(branch, child, (*spot.path, below), (name,))

        if isinstance(value, SecretFile):
            self._put_secret(spot, value)
        else:
            self._put(spot, value, text=True)

    def _put_secret(self, spot: Spot, file: SecretFile) -> None:
        try:
            value = file.read()
        except FormatProblem as problem:
            if spot.node is FREE and file.path.is_dir():
                # Nobody asked for it: a file system brings folders of its own.
                self.origins.unused.append(self._layer.origin(spot.spelled))
                return

            # The path is not told: people put the secret itself here.
            message = f"the file that should hold it {problem.message}"
            self.blame(spot.path, message, self._layer.origin(spot.spelled))
            return

        if self._layer.origin(spot.spelled).kind != "secret":
            self.origins.files.append(file.path)
            place = Origin("secret", str(file.path))
            outer = self._layer
            self._layer = outer._replace(origin=fixed(place), place=place)
            self._put(spot, value, text=True)
            self._layer = outer
        else:
            self._put(spot, value, text=True)

    def _strange(self, spot: Spot, name: t.Any, *, is_problem: bool) -> None:
        """Record a name that a table of the schema does not have."""
        table = t.cast("Table", spot.node)
        path = (*spot.path, name)
        spelled = spot.spelled if self._layer.text else (*spot.spelled, name)
        locate = functools.partial(self._layer.origin, spelled)

        if name in table.computed:
            message = f"computed by {table.cls.__name__}; it cannot be set"
            self.blame(path, message, locate())
        elif not self._lenient:
            names = tuple(table.fields)
            self.unknown.append(Unknown(path, locate, names, is_problem=is_problem))

    def _put(self, spot: Spot, value: t.Any, *, text: bool) -> None:
        """Put a value at its spot, over what is there."""
        if text:
            try:
                value, text = opened(spot, value)
            except ValueProblem as problem:
                message = f"expected {problem.expected}"
                place = self._layer.origin(spot.spelled)
                self.blame(spot.path, message, place, problem.hint)
                return

        if isinstance(spot.node, Table):
            value = attributes(spot.node, value)
        elif isinstance(value, _LISTS) and spot.node.is_list:
            self._put_items(spot, t.cast("Collection[t.Any]", value))
            return

        if may_be_table(spot.node) and is_mapping(value):
            self._put_table(spot, value)
            return

        name = spot.path[-1]
        current = spot.branch.get(name)

        if isinstance(current, list):
            self.origins.forget(dotted(spot.path))
        elif isinstance(current, dict):
            if value is not None and not is_union(spot.node):
                self._conflict(spot, "a table is there; one value cannot replace it")
                return

            self.origins.forget(dotted(spot.path))

        layer = self._layer
        locate = functools.partial(layer.origin, spot.spelled)
        entry = Entry(layer.place or locate(), value, text, locate, layer.base)
        spot.branch[name] = entry
        self.origins.add(dotted(spot.path), entry)

    def _take(
        self,
        branch: Branch,
        data: Mapping[t.Any, t.Any],
        leaves: Container[str],
        above: Keys,
        spelled: Keys,
        *,
        text: bool = False,
    ) -> Mapping[t.Any, t.Any]:
        """Put what is spelled right and can be no table; return the rest.

        Most values of most sources are such; the way of the others costs more.
        """
        locate, place, base = self._layer.origin, self._layer.place, self._layer.base
        entries = self.origins.entries
        prefix = "".join(f"{part}." for part in above)
        rest: dict[t.Any, t.Any] = {}

        for name, value in data.items():
            if (
                type(value) not in _WHOLE
                or name not in leaves
                or type(branch.get(name)) is dict
            ):
                rest[name] = value
                continue

            keys = (*spelled, name) if spelled else (name,)
            origin = place or locate(keys)
            entry = Entry(origin, value, text, locate, base, (keys,))
            path = prefix + name
            branch[name] = entry

            if path in entries:
                entries[path].append(entry)
            else:
                entries[path] = [entry]

        return rest

    def _put_table(self, spot: Spot, value: Mapping[t.Any, t.Any]) -> None:
        branch = self._open(spot)

        if branch is None:
            return

        if not value and not branch and isinstance(spot.node, Leaf):
            # Nothing below it tells where it came from.
            locate = functools.partial(self._layer.origin, spot.spelled)
            entry = Entry(self._layer.place or locate(), {}, False, locate)
            self.origins.add(dotted(spot.path), entry)

        leaves = spot.node.leaves if isinstance(spot.node, Table) else ()
        rest = self._take(branch, value, leaves, spot.path, spot.spelled)

        if not rest:
            return

        seen = {name: name for name in value if name not in rest}

        for name, item in rest.items():
            below, child = step(spot.node, name, branch)

            if child is None:
                self._strange(spot, name, is_problem=True)
            elif below in seen:
                self._twice((*spot.path, below), repr(seen[below]), repr(name))
            else:
                seen[below] = name
                inner = Spot(branch, child, (*spot.path, below), (*spot.spelled, name))
                self._put(inner, item, text=False)

    def _put_items(self, spot: Spot, items: Collection[t.Any]) -> None:
        """Put a list of tables; it replaces the one that is there as a whole."""
        key = dotted(spot.path)
        item = t.cast("Table", t.cast("Leaf", spot.node).item)
        entries = self.origins.entries
        old = {leaf: entries.pop(leaf) for leaf in list(self.origins.leaves(key))}
        branch: Branch = {}

        for number, value in enumerate(items):
            path = item_path(spot.path, number)
            inner = Spot(branch, item, path, (*spot.spelled, str(number)))
            locate = functools.partial(self._layer.origin, inner.spelled)
            self.items[dotted(path)] = locate
            self._put(inner, value, text=False)

        if not items:
            locate = functools.partial(self._layer.origin, spot.spelled)
            entries[key] = [Entry(self._layer.place or locate(), [], False, locate)]

        for leaf in self.origins.leaves(key):
            entries[leaf][:0] = old.get(leaf, ())

        spot.branch[spot.path[-1]] = list(branch.values())

    def _open(self, spot: Spot) -> Branch | None:
        """Return the branch at a spot, made if need be; ``None``: a problem."""
        name = spot.path[-1]
        current = spot.branch.get(name)

        if is_dict(current):
            if not current:
                # What says that it is empty: it may be so no more.
                self.origins.entries.pop(dotted(spot.path), None)

            return current

        if not may_be_table(spot.node):
            self._not_a_table(spot)
            return None

        single = current is not None and current.value is not None

        if single and not is_union(spot.node):
            self._conflict(spot, "one value is there; a table cannot replace it")
            return None

        if current is not None:
            self.origins.forget(dotted(spot.path))

        branch: Branch = {}
        spot.branch[name] = branch

        if isinstance(spot.node, Table) and spot.node.has_defaults:
            self._put_defaults(spot, spot.node)

        return branch

    def _put_defaults(self, spot: Spot, table: Table) -> None:
        """Lay what the tables in a new table are below what it is given."""
        place = Origin("default", table.cls.__name__)
        outer, lenient = self._layer, self._lenient
        self._layer = Layer({}, text=False, origin=fixed(place), place=place)
        self._lenient = True
        self._put_table(spot, table_defaults(table))
        self._layer, self._lenient = outer, lenient

    def _not_a_table(self, spot: Spot) -> None:
        kind = unwrap(t.cast("Leaf", spot.node).kind)[0]
        message = f"expected {describe(kind)}, not parts of it"
        hint = None

        if describe(kind) == "a list":
            hint = "a list is given whole: a,b or a JSON list"

        self.blame(spot.path, message, self._layer.origin(spot.spelled), hint)

    def _conflict(self, spot: Spot, message: str) -> None:
        leaf = next(self.origins.leaves(dotted(spot.path)), "")
        below = self.origins.of(leaf)
        hint = f"set before in {below.located()}" if below else None
        self.blame(spot.path, message, self._layer.origin(spot.spelled), hint)
