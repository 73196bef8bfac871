"""Loops of an automaton that can be walked in several ways.

Pure. Where a loop can read one text in two ways, every further repetition doubles
the work; where loops that follow each other can share a text, the work is a power
of its length (Weber and Seidl, On the degree of ambiguity of finite automata).
Without any loop there can still be very many ways, as through ``(?:a?){60}``.
"""

from __future__ import annotations

import itertools
import math
import typing as t
from collections import Counter

from ._automaton import NotUnderstoodError
from ._automaton import PRINTABLE
from ._graphs import components
from ._graphs import search

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

    from ._automaton import Automaton

_NOTICEABLE = 5_000_000
"""So many steps take about 50 ms."""

_MOST_STEPS = 300_000
"""So many of ours take about two seconds."""

_BEGIN: t.Final = -1
_Pair = tuple[int | None, int | None]


class Ambiguity(t.NamedTuple):
    """A text that an expression can read in many ways."""

    degree: int
    """The work is the length to this power; 0 means that it doubles."""

    prefix: str
    """What leads there."""

    pump: str
    """What, repeated, makes it worse; empty if the prefix is all of it."""

    part: str = ""
    """The lookaround or atomic group that it is about; empty if it is the whole."""


class Finder:
    """Looks for what can be walked in several ways.

    :param inner: Whether the expression is matched for itself, as a lookaround is:
        where it could end, it does, so no way is tried again from before there.
    """

    def __init__(self, automaton: Automaton, *, inner: bool = False) -> None:
        self._start = automaton.start
        self._characters = automaton.characters
        self._alphabet = automaton.alphabet
        self._atomic = automaton.atomic
        self._follow = automaton.follow
        self._ends = automaton.accepting if inner else frozenset[int]()
        self._loop_of = components(automaton.follow, self._ends)
        self._in_loops = [n for n, loop in enumerate(self._loop_of) if loop is not None]
        self._left = _MOST_STEPS

    def exponential(self) -> Ambiguity | None:
        """Find a loop that reads one text in two ways."""
        for state in self._in_loops:
            start = (state, state, False)
            word = search([start], self._pairs(state), (state, state, True))

            if word is not None:
                return Ambiguity(0, self._way_to(state), word)

        return None

    def polynomial(self, length: int) -> Ambiguity | None:
        """Find the longest chain of loops that can share a text."""
        shared = dict(self._shared())
        best: dict[int | None, int] = {}

        def depth(loop: int | None) -> int:
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

    def wide(self, length: int) -> Ambiguity | None:
        """Find a text that can be gone through in very many ways without a loop."""
        weights = self._weights()

        if weights[_BEGIN] <= _NOTICEABLE:
            return None

        ways, word, steps = {_BEGIN: 1}, "", 0

        while ways and len(word) < min(length, 2 * len(self._follow)):
            read = [(letter, self._read(ways, letter)) for letter in self._kinds()]
            letter, ways = max(
                read, key=lambda each: sum(n * weights[s] for s, n in each[1].items())
            )
            word += letter
            steps += sum(ways.values())

            if steps > _NOTICEABLE:
                return Ambiguity(0, word, "")

        return None

    def _weights(self) -> dict[int, int]:
        """Return in how many ways one can go on from each state, loops left out."""
        loop_of = components(self._follow, frozenset())
        weights: dict[int, int] = {}

        # But for loops, a state is followed by later ones.
        for state in (*reversed(range(len(self._follow))), _BEGIN):
            following = self._start if state == _BEGIN else self._follow[state]
            loop = None if state == _BEGIN else loop_of[state]
            weights[state] = 1 + sum(
                many * weights[other]
                for other, many in following.items()
                if state not in self._ends and (loop is None or loop != loop_of[other])
            )

        return weights

    def _kinds(self) -> list[str]:
        """Return one letter for all that the same states read."""
        sets = list(dict.fromkeys(self._characters))
        self._spend(len(sets))
        kinds = {
            tuple(letter in each for each in sets): letter
            for letter in sorted(self._alphabet, reverse=True)
        }
        return list(kinds.values())

    def _read(self, ways: dict[int, int], letter: str) -> dict[int, int]:
        """Return where the ways lead to on a letter, and how many of them."""
        read: Counter[int] = Counter()

        for state, count in ways.items():
            following = self._start if state == _BEGIN else self._follow[state]
            self._spend(len(following))
            fitting = [n for n in following if letter in self._characters[n]]
            first = next((n for n in fitting if self._atomic[n]), None)

            for other in fitting:
                # An atomic group is entered in one way only.
                if other not in self._ends and (
                    other == first or not self._atomic[other]
                ):
                    read[other] += count * following[other]

        return read

    def _spend(self, steps: int) -> None:
        self._left -= steps

        if self._left < 0:
            raise NotUnderstoodError

    def _way_to(self, state: int) -> str:
        def step(at: int) -> Iterator[tuple[int, str]]:
            for following in self._start if at == _BEGIN else self._follow[at]:
                if self._characters[following]:
                    yield following, _letter(self._characters[following])

        return search([_BEGIN], step, state) or ""

    def _pairs(self, state: int) -> Callable[[t.Any], Iterator[tuple[t.Any, str]]]:
        """Walk a loop twice at the same time; note where the two ways differ."""
        loop = self._loop_of[state]

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

    def _shared(self) -> Iterator[tuple[_Pair, tuple[int, str]]]:
        """Yield each two loops of which the first can leave its text to the other."""
        seen: set[_Pair] = set()

        for one, other in itertools.product(self._in_loops, repeat=2):
            loop, behind = self._loop_of[one], self._loop_of[other]
            known = loop == behind or (loop, behind) in seen
            self._spend(1)

            if not known and not self._atomic[one]:
                step = self._triples(loop, behind)
                word = search([(one, one, other)], step, (one, other, other))

                if word:
                    seen.add((loop, behind))
                    yield (loop, behind), (one, word)

    def _triples(
        self, loop: int | None, behind: int | None
    ) -> Callable[[t.Any], Iterator[tuple[t.Any, str]]]:
        """Stay in one loop, stay in the next, and go from one to the next."""

        def step(at: tuple[int, int, int]) -> Iterator[tuple[t.Any, str]]:
            for a, c, _ in self._same(at[0], at[2]):
                if self._loop_of[a] != loop or self._loop_of[c] != behind:
                    continue

                both = self._characters[a] & self._characters[c]

                self._spend(len(self._follow[at[1]]))

                for b in self._follow[at[1]]:
                    letters = both & self._characters[b]

                    if letters and b not in self._ends:
                        yield (a, b, c), _letter(letters)

        return step

    def _same(self, one: int, other: int) -> Iterator[tuple[int, int, str]]:
        """Yield what follows two states on the same letter."""
        self._spend(len(self._follow[one]) * len(self._follow[other]))

        for a in self._follow[one]:
            for b in self._follow[other]:
                letters = self._characters[a] & self._characters[b]

                if letters:
                    yield a, b, _letter(letters)


def _letter(letters: frozenset[str]) -> str:
    return min(letters & PRINTABLE or letters)
