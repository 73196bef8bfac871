"""Read text as a typed value, and check values that are typed already."""

from __future__ import annotations

import enum
import math
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from flask_toolkit.typing import Constraint

from ._kinds import describe
from ._kinds import is_enum
from ._kinds import is_mapping
from ._kinds import MANY
from ._kinds import members_of
from ._kinds import TABLES
from ._kinds import unwrap
from ._kinds import ValueProblem
from ._text import duration_of
from ._text import read_table
from ._text import READERS
from ._text import split

_EXACT = frozenset({bool, int, str})
_SECONDS = "a number of seconds such as 1800, or a timedelta"
_UNITS = "units such as '30m' and '7d' are read in variables; files give seconds"


def from_text(kind: t.Any, text: str, *, base: Path | None = None) -> t.Any:
    """Return ``text`` as a value of the annotated type ``kind``.

    :param base: Folder that a relative :class:`~pathlib.Path` starts from.
    :raises ValueProblem: If the text does not fit.

    >>> from_text(bool, "No"), from_text(tuple[int, ...], "1, 2")
    (False, (1, 2))
    >>> from_text(timedelta, "1h30m")
    datetime.timedelta(seconds=5400)
    """
    # Most variables are of such a type; the way below costs more.
    reader = reader_of(kind)

    if reader is not None:
        return reader(text)

    kind, constraints = unwrap(kind)
    return _constrained(_parse(kind, text, base), constraints)


def reader_of(kind: t.Any) -> Callable[[str], t.Any] | None:
    """Return what reads text as a plain class, ``None`` for all other types."""
    return READERS.get(kind) if type(kind) is type else None


def from_value(kind: t.Any, value: t.Any, *, base: Path | None = None) -> t.Any:
    """Return ``value`` if it is of type ``kind``, with the few safe conversions.

    An ``int`` passes for a ``float``, a number of seconds for a ``timedelta``, a
    list for a tuple or set, text for a ``Path``, an ``Enum`` member's value for
    the member. Nothing else is converted.

    :raises ValueProblem: If it is not.
    """
    # Most values of most files; the way below costs ten times as much.
    if kind is type(value) and kind in _EXACT:
        return value

    kind, constraints = unwrap(kind)
    return _constrained(_checked(kind, value, base), constraints)


def _constrained(value: t.Any, attached: tuple[t.Any, ...]) -> t.Any:
    for item in attached:
        if isinstance(item, Constraint):
            hint = None

            try:
                passed = item.test(value)
            except Exception as error:  # noqa: BLE001  # its message may hold the value
                passed, hint = False, f"the test raised {type(error).__name__}"

            if not passed:
                raise ValueProblem(item.message, hint=hint)

    return value


def _parse(kind: t.Any, text: str, base: Path | None) -> t.Any:
    members = members_of(kind)

    if members is not None:
        return _parse_union(members, text, base)

    origin = t.get_origin(kind) or kind
    reader = READERS.get(origin)

    if reader is not None:
        return reader(text)

    if origin is Path:
        return _path(text, base)

    if origin is t.Literal or is_enum(kind):
        return _parse_choice(kind, text)

    if origin in MANY:
        return _many(kind, split(text), base, from_text)

    if origin in TABLES:
        return _checked(kind, read_table(text), base)

    raise ValueProblem(describe(kind), hint="this setting cannot be given as text")


def _parse_union(members: tuple[t.Any, ...], text: str, base: Path | None) -> t.Any:
    plain = [unwrap(member)[0] for member in members]

    if not text and type(None) in plain and str not in plain:
        return None

    only = _only(members)

    if only is not None:
        return from_text(only, text, base=base)

    # Text is the reading that always works, so it comes last.
    last = [member for member, bare in zip(members, plain, strict=True) if bare is str]
    skipped: set[t.Any] = {str, type(None), *([bytes] if last else [])}

    for member, bare in zip(members, plain, strict=True):
        if bare not in skipped:
            try:
                return from_text(member, text, base=base)
            except ValueProblem:
                continue

    if last:
        return from_text(last[0], text, base=base)

    raise ValueProblem(describe(t.Union[members]))  # noqa: UP007  # made of a tuple


def _parse_choice(kind: t.Any, text: str) -> t.Any:
    for choice in _choices(kind):
        value = choice.value if isinstance(choice, enum.Enum) else choice

        if text == value or (not isinstance(value, str) and text == str(value)):
            return choice

    if is_enum(kind) and text in kind.__members__:
        return kind[text]

    raise ValueProblem(describe(kind))


def _choices(kind: t.Any) -> tuple[t.Any, ...]:
    return tuple(kind) if is_enum(kind) else t.get_args(kind)


def _path(text: str, base: Path | None) -> Path:
    if not text or "\0" in text:
        raise ValueProblem("a path")

    return Path(text) if base is None else base / text


def _many(
    kind: t.Any,
    items: Iterable[t.Any],
    base: Path | None,
    read: Callable[..., t.Any],
) -> t.Any:
    origin = t.get_origin(kind) or kind
    arguments = t.get_args(kind)
    listed = list(items)

    if origin is tuple and arguments and arguments[-1] is not Ellipsis:
        if len(arguments) != len(listed):
            raise ValueProblem(f"a list of {len(arguments)}")

        kinds = list(arguments)
    else:
        kinds = [arguments[0] if arguments else t.Any] * len(listed)

    values = [
        (read if isinstance(item, str) else from_value)(each, item, base=base)
        for each, item in zip(kinds, listed, strict=True)
    ]

    try:
        return MANY[origin](values)
    except TypeError:
        raise ValueProblem("a list of values that can be hashed") from None


def _checked(kind: t.Any, value: t.Any, base: Path | None) -> t.Any:  # noqa: PLR0911  # one a shape
    members = members_of(kind)

    if members is not None:
        return _checked_union(kind, members, value, base)

    origin = t.get_origin(kind) or kind

    if origin in {t.Any, object}:
        return value

    if origin is t.Literal:
        return _checked_choice(kind, value)

    if is_enum(kind):
        return value if isinstance(value, kind) else _checked_choice(kind, value)

    if origin in MANY:
        if isinstance(value, (list, tuple, set, frozenset)):
            items = t.cast("Iterable[t.Any]", value)
            return _many(kind, items, base, from_value)

        raise ValueProblem(describe(kind))

    if origin in TABLES:
        return _checked_table(kind, value, base)

    if origin is Callable:
        if callable(value):
            return value

        raise ValueProblem("something callable")

    return _checked_scalar(origin, value, base)


def _checked_union(
    kind: t.Any, members: tuple[t.Any, ...], value: t.Any, base: Path | None
) -> t.Any:
    only = _only(members)

    if only is not None and value is not None:
        return from_value(only, value, base=base)

    for member in members:
        try:
            return from_value(member, value, base=base)
        except ValueProblem:
            continue

    raise ValueProblem(describe(kind))


def _only(members: tuple[t.Any, ...]) -> t.Any:
    """Return the one member beside ``None``: its problem says the most."""
    some = [member for member in members if unwrap(member)[0] is not type(None)]
    return some[0] if len(some) == 1 else None


def _checked_choice(kind: t.Any, value: t.Any) -> t.Any:
    for choice in _choices(kind):
        known = choice.value if isinstance(choice, enum.Enum) else choice

        if type(known) is type(value) and known == value:
            return choice

    if is_enum(kind) and isinstance(value, str) and value in kind.__members__:
        return kind[value]

    raise ValueProblem(describe(kind))


def _checked_table(kind: t.Any, value: t.Any, base: Path | None) -> t.Any:
    if not is_mapping(value):
        raise ValueProblem("a table")

    arguments = t.get_args(kind)

    if not arguments:
        return value

    return {
        from_value(arguments[0], key): from_value(arguments[1], item, base=base)
        for key, item in value.items()
    }


def _checked_scalar(origin: t.Any, value: t.Any, base: Path | None) -> t.Any:
    if origin is Path and isinstance(value, str):
        return _path(value, base)

    if isinstance(value, (int, float)) and origin in {int, float, timedelta}:
        return _checked_number(origin, value)

    if origin is timedelta and not isinstance(value, timedelta):
        raise ValueProblem(_SECONDS, hint=_UNITS if isinstance(value, str) else None)

    if not _fits(origin, value):
        hint = "YAML read a boolean, quote it" if _unquoted(origin, value) else None
        raise ValueProblem(describe(origin), hint=hint)

    return value


def _checked_number(origin: t.Any, value: float) -> t.Any:
    # A bool is an int to Python, never to a configuration.
    if not isinstance(value, bool):
        if origin is int:
            if isinstance(value, int):
                return value
        elif is_finite(value):
            return float(value) if origin is float else duration_of(value)

    raise ValueProblem(_SECONDS if origin is timedelta else describe(origin))


def is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _fits(origin: t.Any, value: t.Any) -> bool:
    try:
        return isinstance(value, origin)
    except TypeError:
        # A protocol or a TypedDict: nothing at run time tells.
        return True


def _unquoted(origin: t.Any, value: t.Any) -> bool:
    return origin is str and isinstance(value, bool)
