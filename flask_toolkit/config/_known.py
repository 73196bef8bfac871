"""What is known of the keys of one application."""

from __future__ import annotations

import functools
import typing as t
from fnmatch import fnmatchcase

from flask_toolkit._redact import is_secret_name
from flask_toolkit._settings import declared
from flask_toolkit._settings import PREFIX

from ._flask_keys import FLASK_TYPES
from ._nodes import EMPTY
from ._nodes import Leaf
from ._nodes import Node
from ._nodes import Table

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from flask_toolkit._settings import SettingsField
    from flask_toolkit._settings import SettingsSpec

    from ._layers import Computed

FREE: t.Final = Leaf(t.Any)
"""A key whose type nobody told."""

HIDDEN: t.Final = Leaf(t.Any, None, marked=True)
"""The same inside of what is marked as secret."""

_FLASK = {
    key: Leaf(kind, None, marked=key.startswith("SECRET_"))
    for key, kind in FLASK_TYPES.items()
}


class Known:
    """What is known of the keys: schema, Flask's, components', allowed ones."""

    def __init__(self, root: Table | None, allow: tuple[str, ...]) -> None:
        self.strict: bool = root is not None
        self.root: Table = EMPTY if root is None else root
        self.allow = allow

    def find(self, key: str) -> Node | None:
        """Return what is known of a top level key."""
        node = self.root.fields.get(key) or _FLASK.get(key)

        if node is None and key.startswith(PREFIX):
            return self.components.get(key)

        return node

    @property
    def leaves(self) -> Mapping[str, Leaf]:
        """The keys of the schema and of Flask that are no table of the schema."""
        return _leaves_of(self.root)[0]

    @property
    def texts(self) -> frozenset[str]:
        """Those of them whose text is never opened as a table."""
        return _leaves_of(self.root)[1]

    def allows(self, key: str) -> bool:
        """Tell whether the caller asked to let a key pass."""
        return any(fnmatchcase(key, glob) for glob in self.allow)

    def is_computed(self, value: Computed) -> bool:
        """Tell whether a property of a source is the schema's own."""
        own = getattr(self.root.cls, value.name, None)
        return own is not None and own is getattr(value.owner, value.name)

    def is_component(self, key: str) -> bool:
        """Tell whether a key begins like those of a declared component."""
        return any(key.startswith(prefix) for prefix in self.prefixes)

    @functools.cached_property
    def components(self) -> dict[str, Leaf]:
        """Return the settings of every declared component, by key."""
        return {
            field.key: _leaf_of(field)
            for spec in _declared()
            for field in spec.fields.values()
        }

    @functools.cached_property
    def prefixes(self) -> frozenset[str]:
        """Return what the keys of each declared component begin with."""
        return frozenset(spec.prefix for spec in _declared())

    def names(self) -> list[str]:
        """Return every key that may be suggested: globs never are."""
        literal = [name for name in self.allow if not set(name) & set("*?[")]
        return [*self.root.fields, *_FLASK, *self.components, *literal]


def _declared() -> list[SettingsSpec]:
    """Return what every component declared, the loader itself among them."""
    from ._settings import SPEC  # its import declares it

    known = {SPEC.name: (SPEC,), **declared()}
    # The first of a name counts.
    return [spec for specs in known.values() for spec in reversed(specs)]


@functools.lru_cache(maxsize=128)
def _leaves_of(root: Table) -> tuple[Mapping[str, Leaf], frozenset[str]]:
    """Return the top level leaves by key, and which of them are never tables."""
    leaves = {key: leaf for key, leaf in _FLASK.items() if key not in root.fields}
    leaves |= {
        key: node
        for key, node in root.fields.items()
        if isinstance(node, Leaf) and key in root.leaves
    }
    texts = frozenset(key for key, leaf in leaves.items() if not leaf.may_be_table)
    return leaves, texts


def _leaf_of(field: SettingsField) -> Leaf:
    # Whether a component is used, and so misses a value, its bind tells.
    leaf = Leaf(field.type, None, marked=field.secret)

    # The name alone hides no number and no choice.
    if leaf.plain and is_secret_name(field.key):
        return Leaf(field.type, None)

    return leaf
