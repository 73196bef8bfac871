"""From an annotated class to a plan: which keys there are and of which type."""

from __future__ import annotations

import dataclasses
import enum
import functools
import types
import typing as t
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from flask_toolkit._values import hints_of
from flask_toolkit._values import is_marked
from flask_toolkit._values import is_table
from flask_toolkit._values import members_of
from flask_toolkit._values import unwrap
from flask_toolkit.errors import SetupError
from flask_toolkit.typing import Secret

from ._flask_keys import FLASK_TYPES
from ._nodes import Leaf
from ._nodes import MISSING
from ._nodes import Node
from ._nodes import OMITTED
from ._nodes import Shape
from ._nodes import Table

_LISTS = frozenset({list, tuple, Sequence, Collection, Iterable})
# Un-annotated attributes have the type of their default, if it is one of these.
_GUESSED = (bool, int, float, str, bytes, timedelta, Path, list, tuple, set, dict)
_QUALIFIERS = (t.ClassVar, t.Final, t.Required, t.NotRequired)


@functools.lru_cache(maxsize=128)
def plan_of(cls: type[t.Any]) -> Table:
    """Return the plan of a schema class; made once a class.

    :raises SetupError: If an annotation does not resolve, or a key of the
        schema is not in capitals.
    """
    table = _table(cls, ())
    lower = [name for name in table.fields if not name.isupper()]

    if lower:
        raise SetupError(
            f"{cls.__name__}.{lower[0]}: Flask reads keys in capitals only;"
            f" call it {lower[0].upper()}."
        )

    return table


def is_table_class(kind: t.Any) -> bool:
    """Tell whether ``kind`` is a class that describes a table."""
    if t.is_typeddict(kind) or (
        isinstance(kind, type) and dataclasses.is_dataclass(kind)
    ):
        return True

    return (
        isinstance(kind, type)
        and not {"__init__", "__new__"}
        & {name for base in kind.__mro__[:-1] for name in vars(base)}
        and not issubclass(kind, enum.Enum)
        and any("__annotations__" in vars(base) for base in kind.__mro__)
    )


def _table(cls: type[t.Any], above: tuple[type[t.Any], ...]) -> Table:
    if cls in above:
        raise SetupError(f"{cls.__name__} holds a table of its own class.")

    hints = _hints(cls)
    above = (*above, cls)

    if t.is_typeddict(cls):
        shape: Shape = "typeddict"
        fields = dict(_of_typeddict(cls, hints, above))
    elif dataclasses.is_dataclass(cls):
        shape = "dataclass"
        fields = dict(_of_dataclass(cls, hints, above))
    else:
        shape = "class"
        fields = dict(_of_class(cls, hints, above, top=len(above) == 1))

    return Table(cls, shape, fields, _computed(cls, len(above) == 1))


def _of_typeddict(
    cls: t.Any, hints: dict[str, t.Any], above: tuple[type[t.Any], ...]
) -> t.Iterator[tuple[str, Node]]:
    for name, hint in hints.items():
        # The class itself cannot tell where annotations are text.
        needed = t.get_origin(hint) is t.Required or (
            t.get_origin(hint) is not t.NotRequired and name in cls.__required_keys__
        )
        yield name, _node(cls, name, hint, MISSING if needed else OMITTED, None, above)


def _of_dataclass(
    cls: t.Any, hints: dict[str, t.Any], above: tuple[type[t.Any], ...]
) -> t.Iterator[tuple[str, Node]]:
    for name, hint in hints.items():
        if isinstance(hint, dataclasses.InitVar) and not hasattr(cls, name):
            raise SetupError(
                f"{cls.__name__}.{name}: an InitVar is no field and gets no value;"
                " make it a field, or give it a default."
            )

    for field in dataclasses.fields(cls):
        if field.init:
            made = field.default_factory
            factory = None if made is dataclasses.MISSING else made
            default = MISSING if field.default is dataclasses.MISSING else field.default
            hint = hints[field.name]

            if not field.repr:
                hint = t.Annotated[hint, Secret]

            yield (
                field.name,
                _node(cls, field.name, hint, default, factory, above),
            )


def _of_class(
    cls: type[t.Any],
    hints: dict[str, t.Any],
    above: tuple[type[t.Any], ...],
    *,
    top: bool,
) -> t.Iterator[tuple[str, Node]]:
    for name in dict.fromkeys((*hints, *sorted(dir(cls)))):
        if name.startswith("_") or (top and not name.isupper()):
            continue

        default: t.Any = getattr(cls, name, MISSING)

        if isinstance(default, types.MemberDescriptorType):
            default = MISSING  # of __slots__: where a value will be, and none

        if name in hints:
            yield name, _node(cls, name, hints[name], default, None, above)
        elif not callable(default) and not hasattr(
            t.cast("object", type(default)), "__get__"
        ):
            kind = FLASK_TYPES.get(name) if top else None
            kind = _guessed(default) if kind is None else kind
            yield name, _node(cls, name, kind, default, None, above)


def _guessed(default: t.Any) -> t.Any:
    if isinstance(default, enum.Enum):
        return type(default)

    return next((kind for kind in _GUESSED if isinstance(default, kind)), t.Any)


def _unqualified(hint: t.Any, default: t.Any) -> t.Any:
    """Return a hint without what tells how an attribute is meant, wherever it is."""
    if hint in _QUALIFIERS:
        return _guessed(default)

    if t.get_origin(hint) in _QUALIFIERS:
        return _unqualified(t.get_args(hint)[0], default)

    if t.get_origin(hint) is t.Annotated:
        bare = _unqualified(hint.__origin__, default)
        return t.Annotated[(bare, *hint.__metadata__)]

    return hint


def _node(  # noqa: PLR0917  # one call each, in the order of a definition
    cls: type[t.Any],
    name: str,
    hint: t.Any,
    default: t.Any,
    factory: Callable[[], t.Any] | None,
    above: tuple[type[t.Any], ...],
) -> Node:
    hint = _unqualified(hint, default)
    kind, attached = unwrap(hint)
    owner = cls.__name__
    members = members_of(kind) or (kind,)
    some = [member for member in members if member is not type(None)]

    marked = is_marked(hint)
    only: t.Any = unwrap(some[0])[0] if len(some) == 1 else None

    if is_table_class(only):
        table = _table(only, above)
        return (_all_marked(table) if marked else table).but(
            nullable=len(members) > 1,
            default=default,
            factory=factory,
            owner=owner,
        )

    if default is not MISSING and kind is default and not isinstance(kind, type):
        raise SetupError(
            f"{owner}.{name}: the annotation is its own default, because the key is"
            " named like its class; rename the class."
        )

    leaf = Leaf(hint, default, factory, marked=marked, owner=owner)
    many, kind = _many(only)

    if kind is None:
        return leaf

    item = _node(cls, name, kind, MISSING, None, above)

    if not isinstance(item, Table):
        return leaf

    # What a table is asked for, its plan knows; the type says what holds it.
    for note in unwrap(some[0])[1]:
        many = t.Annotated[many, note]

    many = many if len(members) == 1 else t.Union[many, None]  # noqa: UP007  # made here

    for note in attached:
        many = t.Annotated[many, note]

    return leaf.but(kind=many, item=_all_marked(item) if marked else item)


def _many(kind: t.Any) -> tuple[t.Any, t.Any]:
    """Return what holds several values without their type, and their type."""
    origin, arguments = t.get_origin(kind), t.get_args(kind)

    if is_table(kind) and arguments:
        return origin[arguments[0], t.Any], arguments[1]

    if origin in _LISTS and arguments[1:] in {(), (Ellipsis,)}:
        return origin, arguments[0]

    return kind, None


def _all_marked(table: Table) -> Table:
    """Return a plan whose every value is secret."""
    return table.but(
        fields={
            name: _all_marked(node)
            if isinstance(node, Table)
            else node.but(marked=True, item=node.item and _all_marked(node.item))
            for name, node in table.fields.items()
        },
    )


def _hints(cls: type[t.Any]) -> dict[str, t.Any]:
    try:
        return hints_of(cls)
    except Exception:  # noqa: BLE001  # evaluating annotations can raise anything
        places = ", ".join(_unresolved(cls))

    raise SetupError(
        f"{places}: the annotation does not resolve. Import its names at run"
        " time, and define classes of tables in a module, not in a function."
    )


def _unresolved(cls: type[t.Any]) -> t.Iterator[str]:
    for base in cls.__mro__:
        own = {name: value for name, value in vars(base).items() if name[:2] != "__"}

        for name, hint in vars(base).get("__annotations__", {}).items():
            names = own | {
                "__annotations__": {name: hint},
                "__module__": base.__module__,
            }

            try:
                hints_of(type(base.__name__, (), names))
            except Exception:  # noqa: BLE001  # the one we look for
                yield f"{base.__name__}.{name}"


def _computed(cls: type[t.Any], top: bool) -> tuple[str, ...]:  # noqa: FBT001, RUF100  # private
    return tuple(
        name
        for name in dir(cls)
        if not name.startswith("_")
        and (name.isupper() or not top)
        and isinstance(_static(cls, name), (property, functools.cached_property))
    )


def _static(cls: type[t.Any], name: str) -> t.Any:
    return next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)
