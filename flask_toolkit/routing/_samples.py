"""Texts that a converter takes, for those who have to try it."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import unquote

from werkzeug.routing import AnyConverter
from werkzeug.routing import FloatConverter
from werkzeug.routing import IntegerConverter
from werkzeug.routing import ValidationError

from ._backtracking import is_affordable

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.routing import BaseConverter

# Of many kinds, so that what takes all of them is not narrower than what was meant.
_CANDIDATES = (
    "a",
    "1",
    "0.5",
    "2026",
    "0042",
    "x-Y_z~2",
    "é,(b) c",
    "9b2e7d3c-5a41-4f6e-8c0d-1f2a3b4c5d6e",
    *("a" * length for length in (2, 3, 4, 5, 6, 8, 10, 16, 20, 32, 64)),
    *("1" * length for length in (2, 3, 4, 5, 6, 8, 10)),
    "a/b",
    "d/e.f/1",
)
REFUSALS = (ValidationError, ValueError, TypeError, LookupError, ArithmeticError)


def samples_of(converter: BaseConverter) -> tuple[str, ...]:
    """Return texts that a converter accepts and gives back the same.

    They are its ``examples``, if it declares some; else whatever fits it of a list.
    """
    declared: tuple[str, ...] = getattr(converter, "examples", ())
    return declared or tuple(_fitting(converter))


def _fitting(converter: BaseConverter) -> Iterator[str]:
    try:
        regex = re.compile(converter.regex)
    except re.error:
        return

    texts = dict.fromkeys((*_of_its_own(converter), *_CANDIDATES))

    # To try what is not affordable could take for ever.
    for text in (each for each in texts if is_affordable(converter.regex, each)):
        if regex.fullmatch(text) is not None and _comes_back(converter, text):
            yield text


def _of_its_own(converter: BaseConverter) -> Iterator[str]:
    """Yield what the options of Werkzeug's converters name."""
    if isinstance(converter, AnyConverter):
        yield from sorted(converter.items)
    elif isinstance(converter, IntegerConverter | FloatConverter):
        for bound in (converter.min, converter.max, 7):
            yield str(bound).zfill(converter.fixed_digits)


def _comes_back(converter: BaseConverter, text: str) -> bool:
    try:
        return unquote(converter.to_url(converter.to_python(text))) == text
    except REFUSALS:
        return False
