"""Look for expressions that can take very long, and for those nobody can tell of."""

from __future__ import annotations

import functools
import re
import typing as t

from werkzeug.routing.converters import NumberConverter

from flask_toolkit._findings import Level

from ._backtracking import analyse
from ._backtracking import is_slow
from ._backtracking import longest
from ._converters import GUARD_SLACK
from ._converters import RegexConverter
from ._findings import RouteFinding

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.routing import BaseConverter

    from ._routes import Route
    from ._routes import Segment

_LONGEST_PATH = 8000  # what servers accept in a request line
_SHOWN = 60
_USUAL = RegexConverter.maxlength
_USUAL_NUMBER = 20
_HINT = (
    "Put something between the repetitions that they cannot match, or write (?>...)"
    " or a++; a lower maxlength= bounds the rest."
)
_NOT_ANALYSED = (
    "Not analysed: the expression of this segment is too large, or has something that"
    " is not known here. Whether it can take very long was not looked at, nor which"
    " routes hide others."
)
_NOT_ANALYSED_HINT = (
    "Split the pattern; or try long texts that do not match, and leave the finding out"
    " with ignore=."
)


def slow_findings(route: Route) -> Iterator[RouteFinding]:
    """Yield what R003 finds."""
    for segment in route.segments:
        if not segment.part.static and _compiles(segment):
            found = _slowness(segment.part.content, _length(segment))

            if found is not None:
                level, message, hint = found
                yield RouteFinding(
                    "R003", level, route.text, route.endpoint, message, hint
                )


def guard_findings(route: Route) -> Iterator[RouteFinding]:
    """Yield where the length guard refuses what can be built (R009)."""
    for segment in route.segments:
        sizes = [_longest(each) for each in segment.converters]

        for number, converter in enumerate(segment.converters):
            if isinstance(converter, RegexConverter) and converter.guarded:
                guard = converter.maxlength + GUARD_SLACK
                room = guard - sizes[number]

                if sum(sizes[number + 1 :]) > room:
                    yield RouteFinding(
                        "R009",
                        Level.WARNING,
                        route.text,
                        route.endpoint,
                        f"From <{converter.name}> on, {sum(sizes[number:])} characters"
                        f" can be built in this segment, and {guard} are let through:"
                        " a longer one does not come back.",
                        f"Let what follows it be no longer than {room} characters, by"
                        " maxlength=, or put a slash between them.",
                    )
                    break


def _longest(converter: BaseConverter) -> int:
    """Return how long a value is at most; of a foreign one, within reason."""
    most = converter.maxlength if isinstance(converter, RegexConverter) else _USUAL

    if isinstance(converter, NumberConverter):
        return _USUAL_NUMBER

    size = longest(converter.regex)
    return most if size is None else min(size, most)


def is_harmless(route: Route) -> bool:
    """Tell whether paths can be sent through the expressions of a route."""
    return all(
        segment.part.static
        or analyse(segment.part.content, length=_length(segment)).harmless
        for segment in route.segments
    )


def _compiles(segment: Segment) -> bool:
    try:
        re.compile(segment.part.content)
    except re.error:
        return False  # which is R001

    return True


def _length(segment: Segment) -> int:
    """Return how long a text the expression can meet: our guard stands in front."""
    first = segment.converters[0]

    if isinstance(first, RegexConverter) and first.guarded:
        return first.maxlength + GUARD_SLACK

    return _LONGEST_PATH


@functools.lru_cache(maxsize=1024)
def _slowness(content: str, length: int) -> tuple[Level, str, str] | None:
    analysis = analyse(content, length=length)
    found = analysis.found

    if not analysis.understood:
        return Level.INFO, _NOT_ANALYSED, _NOT_ANALYSED_HINT

    if found is None:
        return None

    if not found.pump:
        text = found.prefix
        kind = f"a text of {len(text)} characters can be read in millions of ways"
    elif found.degree:
        text = found.pump
        kind = (
            f"the time to refuse a text can grow with its length to the {found.degree}"
        )
    else:
        text = found.pump
        kind = "each repetition of a text can double the time to refuse it"

    shown = f"{text!r}{', repeated' if found.pump else ''}"
    where = f", in {found.part:.{_SHOWN}}" if found.part else ""

    if is_slow(content, found, length=length):
        return Level.ERROR, f"Tried, and it is slow; {kind}: {shown}{where}.", _HINT

    return Level.WARNING, f"{kind[0].upper()}{kind[1:]}: {shown}{where}.", _HINT
