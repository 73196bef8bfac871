"""Read text as one value of a plain type; containers come as their parts."""

from __future__ import annotations

import json
import math
import re
import typing as t
from datetime import timedelta

from ._kinds import is_dict
from ._kinds import ValueProblem
from ._kinds import WORDS

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection

_TRUE = frozenset({"true", "1", "yes", "on"})


_FALSE = frozenset({"false", "0", "no", "off"})


# Compiled by the first text that needs them: few applications have one.
_UNITS = r"(?:(?P<d>[0-9]+)d)?(?:(?P<h>[0-9]+)h)?(?:(?P<m>[0-9]+)m)?(?:(?P<s>[0-9]+)s)?"


_ISO = (
    r"P(?:(?P<d>[0-9]+)D)?"
    r"(?:T(?:(?P<h>[0-9]+)H)?(?:(?P<m>[0-9]+)M)?(?:(?P<s>[0-9]+)S)?)?"
)


_LENGTH = 100  # of a number or duration in text: no setting needs more


_DEPTH = 32


def _read_bool(text: str) -> bool:
    word = text.strip().lower()

    if word in _TRUE:
        return True

    if word in _FALSE:
        return False

    raise ValueProblem("true or false", hint="true false 1 0 yes no on off")


def _read_int(text: str) -> int:
    word = text.strip()

    # Other digits than ASCII's are taken by int() as well.
    if len(word) <= _LENGTH and word.isascii():
        try:
            return int(word)
        except ValueError:
            pass

    hint = None

    if "://" in word:
        hint = "this looks like a Kubernetes service variable"

    raise ValueProblem("an integer", hint=hint)


def _read_float(text: str) -> float:
    number = _number(text.strip())

    if number is None:
        raise ValueProblem("a finite number")

    return number


def _number(word: str) -> float | None:
    """Return a finite number, or ``None`` if the text is none."""
    if len(word) > _LENGTH or not word.isascii():
        return None

    try:
        number = float(word)
    except ValueError:
        return None

    # "inf", "nan" and what is too large.
    return number if math.isfinite(number) else None


def _read_duration(text: str) -> timedelta:
    word = text.strip()

    if len(word) > _LENGTH:
        raise ValueProblem(WORDS[timedelta])

    number = _number(word)

    if number is not None:
        return duration_of(number)

    found = re.fullmatch(_UNITS, word) or re.fullmatch(_ISO, word)
    parts = (
        {unit: int(n) for unit, n in found.groupdict().items() if n} if found else {}
    )

    if not parts:
        raise ValueProblem(WORDS[timedelta])

    return duration_of(
        parts.get("d", 0) * 86400
        + parts.get("h", 0) * 3600
        + parts.get("m", 0) * 60
        + parts.get("s", 0)
    )


def duration_of(number: float) -> timedelta:
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


READERS: dict[t.Any, Callable[[str], t.Any]] = {
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


def is_deep(value: t.Any, *, limit: int) -> bool:
    """Tell whether a parsed value is nested too deeply or has too many parts."""
    waiting: list[tuple[Collection[t.Any], int]] = [((value,), 0)]
    count = 0

    while waiting:
        parts, depth = waiting.pop()
        count += len(parts)

        if count > limit or depth > _DEPTH:
            return True

        # Only what can hold more waits: most values of most files cannot.
        for part in parts:
            if is_dict(part):
                waiting.append((part.values(), depth + 1))
            elif isinstance(part, list):
                waiting.append((t.cast("t.Any", part), depth + 1))

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


def split(text: str) -> list[str] | list[t.Any]:
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


def read_table(text: str) -> dict[str, t.Any]:
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
