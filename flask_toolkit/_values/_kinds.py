"""What a type asks for: unions, lists, tables, and words for messages."""

from __future__ import annotations

import enum
import sys
import types
import typing as t
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import MutableMapping
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from pathlib import Path

from flask_toolkit.typing import Secret

TABLES: t.Final = frozenset({dict, Mapping, MutableMapping})


MANY: dict[t.Any, Callable[[Iterable[t.Any]], t.Any]] = {
    list: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
    Sequence: tuple,
    Collection: tuple,
    Iterable: tuple,
    AbstractSet: frozenset,
}


class ValueProblem(ValueError):  # noqa: N818  # as ConfigProblem: a finding
    """A value does not fit its type. The message never holds the value."""

    def __init__(self, expected: str, *, hint: str | None = None) -> None:
        super().__init__(expected)
        self.expected: str = expected
        self.hint: str | None = hint


def hints_of(cls: type[t.Any]) -> dict[str, t.Any]:
    """Return the resolved annotations of a class and its bases, with their marks.

    Unlike :func:`typing.get_type_hints` it evaluates text with the names of the
    module as globals, so that a ``lambda`` in a :class:`Constraint` sees them.

    :raises NameError: If an annotation does not resolve; or what it raises.
    """
    hints: dict[str, t.Any] = {}

    for base in reversed(cls.__mro__):
        own = vars(base).get("__annotations__")

        if own:
            names = {**vars(base), **vars(sys.modules[base.__module__])}
            parts = {"__annotations__": own, "__module__": base.__module__}
            holder = type(base.__name__, (), parts)
            hints |= t.get_type_hints(holder, names, names, include_extras=True)

    return hints


def unwrap(kind: t.Any) -> tuple[t.Any, tuple[t.Any, ...]]:
    """Split ``Annotated[X, ...]`` into ``X`` and what is attached to it.

    A ``NewType`` counts as the type that it stands for, and so does an alias of
    the ``type`` statement, which would hide the marks of what it names.
    """
    attached: tuple[t.Any, ...] = ()

    while True:
        if t.get_origin(kind) is t.Annotated:
            attached = kind.__metadata__ + attached
            kind = kind.__origin__
        elif isinstance(kind, t.NewType):
            kind = kind.__supertype__
        elif hasattr(kind, "__value__") and not isinstance(kind, type):
            given = t.get_args(kind)
            kind = kind.__value__[given] if given else kind.__value__
        else:
            return kind, attached


def is_marked(kind: t.Any) -> bool:
    """Tell whether a type, or a part of it, is marked as secret."""
    bare, attached = unwrap(kind)
    return Secret in attached or any(map(is_marked, t.get_args(bare)))


def is_dict(value: t.Any) -> t.TypeGuard[dict[t.Any, t.Any]]:
    """Tell whether ``value`` is a ``dict``, in words that type checkers follow."""
    return isinstance(value, dict)


def is_mapping(value: t.Any) -> t.TypeGuard[Mapping[t.Any, t.Any]]:
    """Tell whether ``value`` is a mapping."""
    return isinstance(value, Mapping)


def is_table(kind: t.Any) -> bool:
    """Tell whether ``kind`` is ``dict`` or ``Mapping``, with arguments or not."""
    return (t.get_origin(kind) or kind) in TABLES


def is_enum(kind: t.Any) -> t.TypeGuard[type[enum.Enum]]:
    return isinstance(kind, type) and issubclass(kind, enum.Enum)


def members_of(kind: t.Any) -> tuple[t.Any, ...] | None:
    """Return the members of a union, or ``None`` if it is none."""
    if t.get_origin(kind) in {t.Union, types.UnionType}:
        return t.get_args(kind)

    return None


WORDS: dict[t.Any, str] = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "text",
    bytes: "bytes",
    timedelta: "a duration such as 30, '30m' or '7d'",
    Path: "a path",
    dict: "a table",
    Mapping: "a table",
    Callable: "something callable",
    type(None): "nothing",
} | dict.fromkeys(MANY, "a list")


def describe(kind: t.Any) -> str:
    """Return what ``kind`` asks for, in words."""
    kind, _ = unwrap(kind)
    members = members_of(kind)

    if members is not None:
        named = [describe(member) for member in members if member is not type(None)]
        return " or ".join(dict.fromkeys(named))

    if t.get_origin(kind) is t.Literal:
        return "one of " + ", ".join(repr(choice) for choice in t.get_args(kind))

    if is_enum(kind):
        return "one of " + ", ".join(repr(member.value) for member in kind)

    origin = t.get_origin(kind) or kind
    return WORDS.get(origin, getattr(origin, "__name__", str(origin)))
