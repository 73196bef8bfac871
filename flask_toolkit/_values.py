"""Read text as a typed value, and check values that are typed already.

Pure: types and values in, a value or a :class:`ValueProblem` out. Settings of
components and the schema of a configuration are both read here, so that one
rule holds for both.
"""

from __future__ import annotations

import enum
import json
import math
import re
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

from flask_toolkit.typing import Constraint

if t.TYPE_CHECKING:
    from flask_toolkit.typing import Duration

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})
_INTEGER = re.compile(r"[+-]?[0-9]+(?:_[0-9]+)*", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_UNITS = re.compile(
    r"(?:(?P<d>[0-9]+)d)?(?:(?P<h>[0-9]+)h)?(?:(?P<m>[0-9]+)m)?(?:(?P<s>[0-9]+)s)?"
)
_ISO = re.compile(
    r"P(?:(?P<d>[0-9]+)D)?"
    r"(?:T(?:(?P<h>[0-9]+)H)?(?:(?P<m>[0-9]+)M)?(?:(?P<s>[0-9]+)S)?)?"
)
_LENGTH = 100  # of a number or duration in text: no setting needs more
_DEPTH = 32
_EXACT = frozenset({bool, int, str})
_TABLES: t.Final = frozenset({dict, Mapping, MutableMapping})
_MANY: dict[t.Any, Callable[[Iterable[t.Any]], t.Any]] = {
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


def seconds(duration: Duration) -> float:
    """Return a duration as seconds.

    >>> seconds(timedelta(minutes=1)), seconds(2.5)
    (60.0, 2.5)
    """
    if isinstance(duration, timedelta):
        return duration.total_seconds()

    return float(duration)


def from_text(kind: t.Any, text: str, *, base: Path | None = None) -> t.Any:
    """Return ``text`` as a value of the annotated type ``kind``.

    :param base: Folder that a relative :class:`~pathlib.Path` starts from.
    :raises ValueProblem: If the text does not fit.

    >>> from_text(bool, "No"), from_text(tuple[int, ...], "1, 2")
    (False, (1, 2))
    >>> from_text(timedelta, "1h30m")
    datetime.timedelta(seconds=5400)
    """
    kind, constraints = unwrap(kind)
    return _constrained(_parse(kind, text, base), constraints)


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

    A ``NewType`` counts as the type that it stands for.
    """
    attached: tuple[t.Any, ...] = ()

    while True:
        if t.get_origin(kind) is t.Annotated:
            attached = kind.__metadata__ + attached
            kind = kind.__origin__
        elif isinstance(kind, t.NewType):
            kind = kind.__supertype__
        else:
            return kind, attached


def is_dict(value: t.Any) -> t.TypeGuard[dict[t.Any, t.Any]]:
    """Tell whether ``value`` is a ``dict``, in words that type checkers follow."""
    return isinstance(value, dict)


def is_mapping(value: t.Any) -> t.TypeGuard[Mapping[t.Any, t.Any]]:
    """Tell whether ``value`` is a mapping."""
    return isinstance(value, Mapping)


def is_table(kind: t.Any) -> bool:
    """Tell whether ``kind`` is ``dict`` or ``Mapping``, with arguments or not."""
    return (t.get_origin(kind) or kind) in _TABLES


def is_deep(value: t.Any, *, limit: int) -> bool:
    """Tell whether a parsed value is nested too deeply or has too many parts."""
    waiting = [(value, 0)]
    count = 0

    while waiting:
        item, depth = waiting.pop()
        count += 1

        if count > limit or depth > _DEPTH:
            return True

        if isinstance(item, (dict, list)):
            parts = t.cast(
                "Iterable[t.Any]", item.values() if isinstance(item, dict) else item
            )
            waiting.extend((part, depth + 1) for part in parts)

    return False


def read_json(text: str) -> t.Any:
    """Return what JSON text says, by the strict reading of RFC 8259.

    A name that occurs twice, ``NaN`` and endless nesting are refused.

    :raises ValueProblem: If it is not such a text.
    """
    hint = None

    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except ValueProblem as problem:
        hint = problem.hint
    except (ValueError, RecursionError):
        pass
    else:
        if not is_deep(value, limit=len(text) + 1):
            return value

        hint = "it is nested too deeply"

    raise ValueProblem("JSON", hint=hint)


def members_of(kind: t.Any) -> tuple[t.Any, ...] | None:
    """Return the members of a union, or ``None`` if it is none."""
    if t.get_origin(kind) in {t.Union, types.UnionType}:
        return t.get_args(kind)

    return None


def describe(kind: t.Any) -> str:
    """Return what ``kind`` asks for, in words."""
    kind, _ = unwrap(kind)
    members = members_of(kind)

    if members is not None:
        named = [describe(member) for member in members if member is not type(None)]
        return " or ".join(dict.fromkeys(named))

    if t.get_origin(kind) is t.Literal:
        return "one of " + ", ".join(repr(choice) for choice in t.get_args(kind))

    if _is_enum(kind):
        return "one of " + ", ".join(repr(member.value) for member in kind)

    origin = t.get_origin(kind) or kind
    return _WORDS.get(origin, getattr(origin, "__name__", str(origin)))


_WORDS: dict[t.Any, str] = {
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
} | dict.fromkeys(_MANY, "a list")


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


def _is_enum(kind: t.Any) -> t.TypeGuard[type[enum.Enum]]:
    return isinstance(kind, type) and issubclass(kind, enum.Enum)


def _parse(kind: t.Any, text: str, base: Path | None) -> t.Any:
    members = members_of(kind)

    if members is not None:
        return _parse_union(members, text, base)

    origin = t.get_origin(kind) or kind
    reader = _READERS.get(origin)

    if reader is not None:
        return reader(text)

    if origin is Path:
        return _path(text, base)

    if origin is t.Literal or _is_enum(kind):
        return _parse_choice(kind, text)

    if origin in _MANY:
        return _many(kind, _split(text), base, from_text)

    if origin in _TABLES:
        return _checked(kind, _table(text), base)

    raise ValueProblem(describe(kind), hint="this setting cannot be given as text")


def _parse_union(members: tuple[t.Any, ...], text: str, base: Path | None) -> t.Any:
    plain = [unwrap(member)[0] for member in members]

    if not text and type(None) in plain and str not in plain:
        return None

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


def _read_bool(text: str) -> bool:
    word = text.strip().lower()

    if word in _TRUE:
        return True

    if word in _FALSE:
        return False

    raise ValueProblem("true or false", hint="true false 1 0 yes no on off")


def _read_int(text: str) -> int:
    word = text.strip()

    if len(word) <= _LENGTH and _INTEGER.fullmatch(word):
        return int(word)

    hint = None

    if "://" in word:
        hint = "this looks like a Kubernetes service variable"

    raise ValueProblem("an integer", hint=hint)


def _read_float(text: str) -> float:
    word = text.strip()

    if len(word) <= _LENGTH and _FLOAT.fullmatch(word):
        try:
            number = float(word)
        except ValueError:
            pass
        else:
            if math.isfinite(number):
                return number

    raise ValueProblem("a finite number")


def _read_duration(text: str) -> timedelta:
    word = text.strip()

    if len(word) > _LENGTH:
        raise ValueProblem(_WORDS[timedelta])

    if _FLOAT.fullmatch(word):
        return _duration(_read_float(word))

    found = _UNITS.fullmatch(word) or _ISO.fullmatch(word)
    parts = (
        {unit: int(n) for unit, n in found.groupdict().items() if n} if found else {}
    )

    if not parts:
        raise ValueProblem(_WORDS[timedelta])

    return _duration(
        parts.get("d", 0) * 86400
        + parts.get("h", 0) * 3600
        + parts.get("m", 0) * 60
        + parts.get("s", 0)
    )


def _duration(number: float) -> timedelta:
    try:
        return timedelta(seconds=number)
    except (OverflowError, ValueError):
        raise ValueProblem("a duration of less than 999999999 days") from None


def _read_bytes(text: str) -> bytes:
    try:
        # Bytes of the environment that are not UTF-8 arrive as surrogates.
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        pass

    raise ValueProblem("bytes")


def _read_none(text: str) -> None:
    if text:
        raise ValueProblem("nothing")


_READERS: dict[t.Any, Callable[[str], t.Any]] = {
    t.Any: str,
    object: str,
    str: str,
    bytes: _read_bytes,
    bool: _read_bool,
    int: _read_int,
    float: _read_float,
    timedelta: _read_duration,
    type(None): _read_none,
}


def _split(text: str) -> list[str] | list[t.Any]:
    word = text.strip()

    if word.startswith("["):
        try:
            # Text that begins so is an array, or JSON refuses it.
            return t.cast("list[t.Any]", read_json(word))
        except ValueProblem as problem:
            raise ValueProblem("a JSON list", hint=problem.hint) from None

    if not word:
        return []

    parts = [part.strip() for part in word.removesuffix(",").split(",")]

    if not all(parts):
        raise ValueProblem("a list", hint="two commas have nothing between them")

    return parts


def _table(text: str) -> dict[str, t.Any]:
    hint = None
    value: t.Any = None

    try:
        value = read_json(text)
    except ValueProblem as problem:
        hint = problem.hint

    if not isinstance(value, dict):
        raise ValueProblem("a JSON object", hint=hint)

    return t.cast("dict[str, t.Any]", value)


def _unique(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    if len(found := dict(pairs)) != len(pairs):
        raise ValueProblem("a JSON object", hint="a name occurs twice (RFC 8259 4)")

    return found


def _refuse(constant: str) -> t.NoReturn:
    raise ValueError(constant)


def _parse_choice(kind: t.Any, text: str) -> t.Any:
    for choice in _choices(kind):
        value = choice.value if isinstance(choice, enum.Enum) else choice

        if text == value or (not isinstance(value, str) and text == str(value)):
            return choice

    if _is_enum(kind) and text in kind.__members__:
        return kind[text]

    raise ValueProblem(describe(kind))


def _choices(kind: t.Any) -> tuple[t.Any, ...]:
    return tuple(kind) if _is_enum(kind) else t.get_args(kind)


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
        return _MANY[origin](values)
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

    if _is_enum(kind):
        return value if isinstance(value, kind) else _checked_choice(kind, value)

    if origin in _MANY:
        if isinstance(value, (list, tuple, set, frozenset)):
            items = t.cast("Iterable[t.Any]", value)
            return _many(kind, items, base, from_value)

        raise ValueProblem(describe(kind))

    if origin in _TABLES:
        return _checked_table(kind, value, base)

    if origin is Callable:
        if callable(value):
            return value

        raise ValueProblem("something callable")

    return _checked_scalar(origin, value, base)


def _checked_union(
    kind: t.Any, members: tuple[t.Any, ...], value: t.Any, base: Path | None
) -> t.Any:
    for member in members:
        try:
            return from_value(member, value, base=base)
        except ValueProblem:
            continue

    raise ValueProblem(describe(kind))


def _checked_choice(kind: t.Any, value: t.Any) -> t.Any:
    for choice in _choices(kind):
        known = choice.value if isinstance(choice, enum.Enum) else choice

        if type(known) is type(value) and known == value:
            return choice

    if _is_enum(kind) and isinstance(value, str) and value in kind.__members__:
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
        elif _is_finite(value):
            return float(value) if origin is float else _duration(value)

    raise ValueProblem(describe(origin))


def _is_finite(value: float) -> bool:
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
