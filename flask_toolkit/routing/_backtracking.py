"""Find expressions that can take very long to fail, without trying them.

Pure: text in, an :class:`Ambiguity` out. An expression becomes an automaton with
one state for each character that is written (Glushkov), in which ``_loops`` looks
for what can be walked in several ways. What an atomic group or a possessive
quantifier took is not given back; what stands in those and in lookarounds is looked
at by itself. An expression is tried only where the steps that it can need were
counted before, so nothing here takes for ever.
"""

from __future__ import annotations

import functools
import math
import re
import time
import typing as t

from ._automaton import NotUnderstoodError
from ._glushkov import automaton_of
from ._loops import Ambiguity
from ._loops import Finder

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

    from ._automaton import Automaton

_AFFORDABLE = 1_000_000
"""So many steps of ``re``, counted generously, take less than a second."""

_WORTH = 20 * _AFFORDABLE
"""So many are worth it to be sure that something is slow."""

_COUNTED = 10**18

_BLIND = 8
"""So long a text may be the first one, whatever its steps."""

_PATIENCE = 0.02
_LONGEST = 0.5
_STEEP = 3  # the time for 300 characters, to a higher power, is for ever
_ENDINGS = ("\x00", "\n", "\x00/")  # one of them is hardly ever accepted


class Analysis(t.NamedTuple):
    """What is known about an expression."""

    understood: bool
    """Whether it could be looked at: it is not too large, and all of it is known."""

    found: Ambiguity | None

    @property
    def harmless(self) -> bool:
        """Tell whether short texts cannot take for ever."""
        return self.understood and (
            self.found is None or 0 < self.found.degree <= _STEEP
        )


@functools.lru_cache(maxsize=1024)
def analyse(expression: str, *, length: int, inner: bool = False) -> Analysis:
    """Return what makes an expression slow on a text of ``length`` characters.

    :param inner: Whether it stands in a lookaround or in an atomic group.

    >>> analyse("(?:[a-z]+-?)+", length=300).found.degree
    0
    >>> analyse("[a-z]*[a-z0-9]*[a-z]*", length=400).found.degree
    3
    >>> analyse("(?:[a-z]+-)+[a-z]+", length=300)
    Analysis(understood=True, found=None)
    """
    automaton = _automaton(expression)

    if automaton is None:
        return Analysis(False, None)

    finder = Finder(automaton, inner=inner)

    try:
        found = finder.exponential() or finder.wide(length) or finder.polynomial(length)
    except NotUnderstoodError:
        return Analysis(False, None)

    for body in automaton.bodies:
        inside = analyse(body, length=length, inner=True)

        if not inside.understood:
            return inside

        if inside.found is not None and (
            found is None or (found.degree and not inside.found.degree)
        ):
            found = inside.found._replace(part=inside.found.part or body)

    return Analysis(True, found)


def is_slow(
    expression: str,
    found: Ambiguity,
    *,
    length: int,
    clock: Callable[[], float] = time.perf_counter,
) -> bool:
    """Try it, on ever longer texts, until it is slow or they are long enough."""
    tried = found.part or expression
    pattern = re.compile(tried)
    last: dict[str, tuple[float, float]] = {}

    for text in _ever_longer(found, length):
        for ending in _ENDINGS:
            # That ``re`` refuses what is too short says nothing of the rest.
            if len(text + ending) < _shortest(tried):
                continue

            steps = _steps(tried, text + ending)
            before, taken = last.get(ending, (math.inf, 0.0))

            # Of steps that are estimated too high, the growth can still be trusted;
            # but not of the first text, if it is long, nor of steps that were not
            # counted to the end while texts double, nor where a lookaround may have
            # kept the texts so far from what is slow.
            if steps > _WORTH and (
                _looks(tried)
                or (steps > _COUNTED and found.degree)
                or (ending not in last and len(text) > _BLIND)
                or taken * steps > _LONGEST * before
            ):
                return False

            start = clock()
            pattern.match(text + ending)
            taken = clock() - start
            last[ending] = (steps, taken)

            if taken > _PATIENCE:
                return True

    return False


def is_affordable(expression: str, text: str) -> bool:
    """Tell whether it takes no more than a moment to try it on a text.

    >>> is_affordable("(?:a+)+b", "a" * 9)
    True
    >>> is_affordable("(?:a+)+b", "a" * 99)
    False
    """
    return _steps(expression, text) <= _AFFORDABLE


def _ever_longer(found: Ambiguity, length: int) -> Iterator[str]:
    if not found.pump:
        yield from (found.prefix[:size] for size in range(1, len(found.prefix) + 1))
        return

    times = 1

    while len(text := found.prefix + found.pump * times) <= length:
        yield text
        # What doubles at each step must not be doubled.
        times = times * 2 if found.degree else times + 1


@functools.lru_cache(maxsize=1024)
def _automaton(expression: str) -> Automaton | None:
    try:
        re.compile(expression)
        return automaton_of(expression)
    except (re.error, NotUnderstoodError, OverflowError, RecursionError):
        return None


@functools.lru_cache(maxsize=8192)
def _steps(expression: str, text: str) -> float:
    """Return how many steps it takes at most to try an expression on a text."""
    automaton = _automaton(expression)

    if automaton is None:
        return math.inf

    steps, more = float(automaton.steps(text, most=_COUNTED)), 0.0

    for body, once in automaton.bodies.items():
        # Each step can be one that asks what is looked for, anywhere in the text.
        places = range(1 if once else len(text) + 1)
        inside = max(_steps(body, text[at:]) for at in places)
        more += inside if once else steps * inside

    return steps + more


def _shortest(expression: str) -> int:
    automaton = _automaton(expression)
    return 0 if automaton is None else automaton.shortest


def _looks(expression: str) -> bool:
    automaton = _automaton(expression)
    return automaton is None or bool(automaton.bodies)


@functools.lru_cache(maxsize=1024)
def longest(expression: str) -> int | None:
    """Return the length of the longest text that matches, ``None`` if unknown.

    >>> longest("[A-Z]{3}-[0-9]{4}")
    8
    >>> longest("[a-z]+")
    """
    automaton = _automaton(expression)
    return None if automaton is None else automaton.longest()
