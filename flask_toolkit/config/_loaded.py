"""What was loaded, and how it is shown: secrets masked."""

from __future__ import annotations

import functools
import typing as t

import flask

from flask_toolkit._redact import is_secret
from flask_toolkit._redact import MASK
from flask_toolkit._redact import mask
from flask_toolkit._redact import shown
from flask_toolkit._values import is_dict
from flask_toolkit._values import read_json
from flask_toolkit._values import ValueProblem
from flask_toolkit.errors import Origin

from ._layers import choosing
from ._nodes import Leaf
from ._nodes import Table
from ._spots import step

if t.TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence
    from pathlib import Path

    from flask_toolkit._origins import Entry
    from flask_toolkit._origins import Provenance

    from ._known import Known
    from ._layers import Source
    from ._nodes import Node
    from ._settings import ConfigSettings

T = t.TypeVar("T")
_MISSING: t.Final = object()


class LoadedConfig(t.Generic[T]):
    """What a :class:`ConfigLoader` found for one application."""

    def __init__(
        self,
        settings: T,
        origins: Provenance,
        *,
        values: Mapping[str, t.Any],
        live: Mapping[str, t.Any],
        names: ConfigSettings,
        known: Known,
        stack: Sequence[tuple[Source, int | None]],
    ) -> None:
        self.settings: T = settings
        """The typed settings: an object of the schema, or a ``dict``."""

        self.files: tuple[Path, ...] = tuple(dict.fromkeys(origins.files))
        """The files that were read, for ``app.run(extra_files=...)``."""

        self.known: Known = known
        """What is known of the keys: for the checks and the command."""

        self.stack: tuple[tuple[Source, int | None], ...] = tuple(stack)
        """The sources, weakest first, each with the number of its values;
        ``None`` if it is optional and absent."""

        self._origins = origins
        self._values = values
        self._live = live
        self._names: dict[str, t.Any] = {
            "more": {name.upper() for name in names.secret_names},
            "public": {name.upper() for name in names.public_names},
        }

    def __repr__(self) -> str:
        return f"<LoadedConfig of {len(self._values)} keys>"

    def explain(self, key: str) -> list[tuple[Origin, str]]:
        """Return every value a key was given, the winner first, secrets masked.

        A value that was changed since it was loaded comes first, as ``code``.

        :param key: A key, or the dotted path of a leaf: ``"DB.port"``.
        """
        found: list[tuple[Origin, str]] = []

        for leaf in self._origins.leaves(key):
            now = _at(self._live, leaf)
            loaded = _at(self._values, leaf)

            if now is not _MISSING and not same(now, loaded):
                place = Origin("code", "app.config")
                found.append((place, self._shown(leaf, now)))

            winner = self._origins.of(leaf)
            found.extend(
                (
                    entry.located(),
                    # The winner as it was read, the others as they were given.
                    self._shown(
                        leaf, loaded if entry is winner else _given(entry), entry.origin
                    ),
                )
                for entry in reversed(self._origins.entries[leaf])
            )

        return found

    @property
    def unused(self) -> tuple[Origin, ...]:
        """The variables that were read and are no key, nor choose a source."""
        known = choosing(source for source, _ in self.stack)
        # One prefix may begin with another: what one source leaves, the other took.
        known |= {
            entry.origin.name
            for entries in self._origins.entries.values()
            for entry in entries
            if entry.origin.kind == "env"
        }
        return tuple(o for o in self._origins.unused if o.name not in known)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The prefixes of the variables that are read."""
        found = (getattr(source, "prefix", "") for source, _ in self.stack)
        return tuple(dict.fromkeys(filter(None, found)))

    def leaves(self) -> list[str]:
        """Return the dotted path of every value, in the order they were found."""
        return list(self._origins.entries)

    def value(self, leaf: str) -> t.Any:
        """Return the value of a leaf as it is now, unmasked; ``None`` if gone."""
        found = _at(self._live, leaf)
        return None if found is _MISSING else found

    def masked(self, leaf: str) -> t.Any:
        """Return the value of a leaf as it is now, secrets masked."""
        return self._masked(leaf, self.value(leaf), self._node(leaf))

    def is_secret(self, leaf: str) -> bool:
        """Tell whether a leaf is masked wherever it is shown."""
        marked = self._is_secret(leaf)

        if marked is None:
            return is_secret(leaf, self.value(leaf), **self._names)

        return marked

    def redacted(self) -> dict[str, t.Any]:
        """Return the configuration as it is now, with every secret masked."""
        return {
            key: self._masked(key, value, self.known.find(key))
            for key, value in self._live.items()
        }

    def _masked(self, path: str, value: t.Any, node: Node | None) -> t.Any:
        secret = self._is_secret(path)

        # What code put there since has no record; the schema knows it all the same.
        if secret is None and isinstance(node, Leaf) and node.marked:
            secret = True

        if secret is not None:
            return mask(path, value, secret=secret)

        knows = isinstance(node, Table) or (node is not None and node.item is not None)

        if is_dict(value) and (knows or self._is_open(f"{path}.")):
            return {
                name: self._masked(f"{path}.{name}", item, _below(node, name))
                for name, item in value.items()
            }

        if isinstance(value, (list, tuple)) and (knows or self._is_open(f"{path}[")):
            items = t.cast("Sequence[t.Any]", value)
            child = _below(node, "")
            return [
                self._masked(f"{path}[{n}]", item, child)
                for n, item in enumerate(items)
            ]

        return mask(path, value, **self._names)

    def _node(self, path: str) -> Node | None:
        """Return what the schema knows of a leaf."""
        top, *names = path.replace("[", ".").split(".")
        return functools.reduce(_below, names, self.known.find(top))

    def _is_open(self, below: str) -> bool:
        """Tell whether the parts of a value are known each by itself."""
        return any(leaf.startswith(below) for leaf in self._origins.entries)

    def _shown(self, leaf: str, value: t.Any, origin: Origin | None = None) -> str:
        if origin is not None and origin.kind == "secret":
            return shown(leaf, value, secret=True)

        # Masked already, by all that is known of it.
        return shown(leaf, self._masked(leaf, value, self._node(leaf)), secret=False)

    def _is_secret(self, leaf: str) -> bool | None:
        """Return what is known of a leaf; ``None``: its name decides."""
        if leaf in self._origins.secrets:
            return True

        return False if leaf in self._origins.plain else None


class RedactedConfig(flask.Config):
    """Flask's configuration with a ``repr`` that masks secrets by their names.

    ``{{ config }}`` in a template and a debugger then show none. Set it as
    ``config_class`` of a subclass of :class:`flask.Flask`.
    """

    def __repr__(self) -> str:
        values = t.cast("dict[str, t.Any]", self)
        masked = {key: mask(key, value) for key, value in values.items()}
        return f"<{type(self).__name__} {masked!r}>"


def _given(entry: Entry) -> t.Any:
    """Return what a source gave: of JSON text its parts, which masks are for."""
    if not entry.is_text or "{" not in entry.value:
        return entry.value

    try:
        return read_json(entry.value)
    except ValueProblem:
        return MASK


def _below(node: Node | None, name: t.Any) -> Node | None:
    return None if node is None else step(node, name, {})[1]


def same(one: object, other: object) -> bool:
    """Tell whether two values are equal, and of one type."""
    # 1 == True, and a changed type is a change.
    try:
        return one is other or (type(one) is type(other) and bool(one == other))
    except Exception:  # noqa: BLE001  # a class may refuse to compare
        return False


def _at(values: Mapping[str, t.Any], path: str) -> t.Any:
    # A name with a dot in it is a key of its own.
    if path in values:
        return values[path]

    found: t.Any = values

    for name in path.split("."):
        if is_dict(found) and name not in found and name.endswith("]"):
            of, _, numbers = name[:-1].partition("[")
            found = _item_at(found.get(of), numbers.split("]["))
        elif is_dict(found) and name in found:
            found = found[name]
        else:
            return _MISSING

    return found


def _item_at(found: t.Any, numbers: Sequence[str]) -> t.Any:
    for number in map(int, numbers):
        if not isinstance(found, (list, tuple)):
            return _MISSING

        items = t.cast("Sequence[t.Any]", found)
        found = items[number] if number < len(items) else _MISSING

    return found
