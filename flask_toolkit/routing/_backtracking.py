"""Find expressions that can take very long to fail.

Pure: text in, an :class:`Ambiguity` out. An expression becomes an automaton with
one state for each character that is written (Glushkov). Where a loop can read one
text in two ways, every further repetition doubles the work; where loops that
follow each other can share a text, the work is a power of its length (Weber and
Seidl, On the degree of ambiguity of finite automata). Lookarounds are taken as
empty, and what an atomic group or a possessive quantifier took is not given back.
"""

from __future__ import annotations

import functools
import math
import re
import time
import typing as t
from collections import deque

from ._automaton import Automaton
from ._automaton import NotUnderstoodError

if t.TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable
    from collections.abc import Hashable
    from collections.abc import Iterable
    from collections.abc import Iterator

_NOTICEABLE = 5_000_000
"""So many steps take about 50 ms."""

_PATIENCE = 0.02
_ENDINGS = ("\x00", "\n", "\x00/")  # one of them is hardly ever accepted

H = t.TypeVar("H", bound="Hashable")


class Ambiguity(t.NamedTuple):
    """A text that an expression can read in many ways."""

    degree: int
    """The work is the length to this power; 0 means that it doubles."""

    prefix: str
    """What leads there."""

    pump: str
    """What, repeated, makes it worse."""


@functools.lru_cache(maxsize=1024)
def ambiguity_of(expression: str, *, length: int) -> Ambiguity | None:
    """Return what makes an expression slow on a text of ``length`` characters.

    It returns ``None`` if nothing does, and for what is too large or not understood.

    >>> ambiguity_of("(?:[a-z]+-?)+", length=300).degree
    0
    >>> ambiguity_of("[a-z]*[a-z0-9]*[a-z]*", length=400).degree
    3
    >>> ambiguity_of("(?:[a-z]+-)+[a-z]+", length=300)
    """
    try:
        re.compile(expression)
        finder = _Finder(Automaton(expression))
    except (re.error, NotUnderstoodError):
        return None

    return finder.exponential() or finder.polynomial(length)


def is_slow(
    expression: str,
    found: Ambiguity,
    *,
    length: int,
    clock: Callable[[], float] = time.perf_counter,
) -> bool:
    """Try it, on ever longer texts, until it is slow or they are long enough."""
    pattern = re.compile(expression)
    times = 1

    while True:
        text = found.prefix + found.pump * times

        if len(text) > length:
            return False

        for ending in _ENDINGS:
            start = clock()
            pattern.match(text + ending)

            if clock() - start > _PATIENCE:
                return True

        # What doubles at each step must not be doubled.
        times = times * 2 if found.degree else times + 1


class _Finder:
    """Looks for loops of an automaton that can be walked in several ways."""

    def __init__(self, automaton: Automaton) -> None:
        self._start = automaton.start
        self._characters = automaton.characters
        self._atomic = automaton.atomic
        self._follow = automaton.follow
        self._loop_of = _components(automaton.follow)

    def exponential(self) -> Ambiguity | None:
        """Find a loop that reads one text in two ways."""
        for state, loop in enumerate(self._loop_of):
            if loop is None:
                continue

            start = (state, state, False)
            word = _search([start], self._pairs(loop), (state, state, True))

            if word is not None:
                return Ambiguity(0, self._way_to(state), word)

        return None

    def polynomial(self, length: int) -> Ambiguity | None:
        """Find the longest chain of loops that can share a text."""
        shared = dict(self._shared())
        best: dict[int, int] = {}

        def depth(loop: int) -> int:
            if loop not in best:
                below = (depth(b) for a, b in shared if a == loop)
                best[loop] = 1 + max(below, default=0)

            return best[loop]

        for (loop, _), (state, word) in shared.items():
            degree = depth(loop)
            steps = (length / len(word)) ** degree / math.factorial(degree)

            if steps > _NOTICEABLE:
                return Ambiguity(degree, self._way_to(state), word)

        return None

    def _way_to(self, state: int) -> str:
        begin = -1

        def step(at: int) -> Iterator[tuple[int, str]]:
            for following in self._start if at == begin else self._follow[at]:
                if self._characters[following]:
                    yield following, min(self._characters[following])

        return _search([begin], step, state) or ""

    def _pairs(self, loop: int) -> Callable[[t.Any], Iterator[tuple[t.Any, str]]]:
        """Walk a loop twice at the same time; note where the two ways differ."""

        def step(at: tuple[int, int, bool]) -> Iterator[tuple[t.Any, str]]:
            one, other, parted = at

            for a, b, letter in self._same(one, other):
                if self._loop_of[a] != loop or self._loop_of[b] != loop:
                    continue

                if a != b and not self._can_part(one, other, a, b):
                    continue

                twice = (
                    one == other
                    and a == b
                    and self._follow[one][a] > 1
                    and not self._atomic[a]
                )
                yield (a, b, parted or a != b or twice), letter

        return step

    def _can_part(self, one: int, other: int, a: int, b: int) -> bool:
        """Tell whether two ways can part: an atomic group that goes on goes on."""
        if one == other and self._atomic[one]:
            return not (self._atomic[a] or self._atomic[b])

        return not (self._atomic[a] and self._atomic[b])

    def _shared(self) -> Iterator[tuple[tuple[int, int], tuple[int, str]]]:
        """Yield each two loops of which the first can leave its text to the other."""
        seen: set[tuple[int, int]] = set()

        for one, loop in enumerate(self._loop_of):
            if loop is None or self._atomic[one]:
                continue

            for other, behind in enumerate(self._loop_of):
                if behind is None or behind == loop or (loop, behind) in seen:
                    continue

                step = self._triples(loop, behind)
                word = _search([(one, one, other)], step, (one, other, other))

                if word:
                    seen.add((loop, behind))
                    yield (loop, behind), (one, word)

    def _triples(
        self, loop: int, behind: int
    ) -> Callable[[t.Any], Iterator[tuple[t.Any, str]]]:
        """Stay in one loop, stay in the next, and go from one to the next."""

        def step(at: tuple[int, int, int]) -> Iterator[tuple[t.Any, str]]:
            for a, c, _ in self._same(at[0], at[2]):
                if self._loop_of[a] != loop or self._loop_of[c] != behind:
                    continue

                both = self._characters[a] & self._characters[c]

                for b in self._follow[at[1]]:
                    letters = both & self._characters[b]

                    if letters:
                        yield (a, b, c), min(letters)

        return step

    def _same(self, one: int, other: int) -> Iterator[tuple[int, int, str]]:
        """Yield what follows two states on the same letter."""
        for a in self._follow[one]:
            for b in self._follow[other]:
                letters = self._characters[a] & self._characters[b]

                if letters:
                    yield a, b, min(letters)


def _search(
    starts: Iterable[H], step: Callable[[H], Iterable[tuple[H, str]]], goal: H
) -> str | None:
    """Return the shortest text that leads to the goal in at least one step."""
    waiting = deque((start, "") for start in starts)
    seen: set[H] = set()

    while waiting:
        at, word = waiting.popleft()

        for following, letter in step(at):
            if following == goal:
                return word + letter

            if following not in seen:
                seen.add(following)
                waiting.append((following, word + letter))

    return None


def _components(follow: list[Counter[int]]) -> list[int | None]:
    """Return for each state the smallest state of its loop, if it is in one."""
    reach: list[set[int]] = []

    for start in range(len(follow)):
        seen: set[int] = set()
        waiting = list(follow[start])

        while waiting:
            at = waiting.pop()

            if at not in seen:
                seen.add(at)
                waiting.extend(follow[at])

        reach.append(seen)

    return [
        min(other for other in seen if state in reach[other]) if state in seen else None
        for state, seen in enumerate(reach)
    ]
