"""An expression as an automaton, with one state for each character in it.

Pure. It is what Glushkov built, and remembers in how many ways one state can
follow another. Lookarounds are taken as empty; what stands in them and in atomic
groups is matched by itself, so those are listed as expressions of their own.
"""

from __future__ import annotations

import typing as t
from collections import Counter

PRINTABLE: t.Final = frozenset(map(chr, range(0x20, 0x7F)))
_MOST_COPIES = 64
_MOST_STATES = 20_000
_VERY_MANY = 2**64
_MOST_STEPS = 100_000


def few(number: int) -> int:
    """Return a number, or one that is large enough."""
    return min(number, _VERY_MANY)


def _times(counter: Counter[int], ways: int) -> Counter[int]:
    return Counter({one: few(many * ways) for one, many in counter.items() if ways})


class Fragment(t.NamedTuple):
    """A part of the automaton: where it begins and ends."""

    empty: int
    """In how many ways it can be empty."""

    first: Counter[int]
    last: Counter[int]
    idle: int = 1
    """In how many ways it can be gone through, at most, without reading on."""

    sure: bool = True
    """Whether it is complete wherever one of its last characters was read."""

    shortest: int = 0
    """How many letters it reads at least."""


NOTHING = Fragment(1, Counter(), Counter())
CONDITION = NOTHING._replace(sure=False)
"""What reads nothing and can fail all the same."""

Build = t.Callable[[], Fragment]


class NotUnderstoodError(Exception):
    """The expression is too large, or has something that is not known here."""


class Automaton:
    """The states of an expression and what can follow them."""

    def __init__(self, alphabet: frozenset[str]) -> None:
        self.alphabet = alphabet
        self.characters: list[frozenset[str]] = []
        self.atomic: list[bool] = []
        self.follow: list[Counter[int]] = []
        self.bodies: dict[str, bool] = {}
        """What is matched for itself, and whether that is once, at the beginning."""
        self._in_atomic = 0
        self._in_repeat = 0
        self._slack = 1
        self._steps = 0
        self.idle = 1
        self.shortest = 0
        """``re`` refuses what has fewer letters without a look."""
        self.start: Counter[int] = Counter()
        self.accepting: frozenset[int] = frozenset()

    def steps(self, text: str, *, most: int) -> int:
        """Return in how many ways one can get how far in a text, all in all.

        :param most: Where to stop counting.
        """
        total = self._slack * self.idle
        ways: dict[int, int] = {}

        for at, letter in enumerate(text):
            read: Counter[int] = Counter()

            for state, count in ways.items() if at else [(0, self._slack)]:
                following = self.follow[state] if at else self.start

                for other, many in following.items():
                    if self._reads(other, letter):
                        once = 1 if self.atomic[other] else many
                        read[other] += count * once * self._slack

            total += sum(read.values()) * self.idle
            ways = read

            if total > most:
                break

        return total

    def longest(self) -> int | None:
        """Return the most letters one can read, ``None`` if there is a loop."""
        left = [0] * len(self.follow)

        # But for loops, a state is followed by later ones.
        for state in reversed(range(len(self.follow))):
            following = self.follow[state]

            if any(other <= state for other in following):
                return None

            left[state] = 1 + max((left[other] for other in following), default=0)

        return max((left[first] for first in self.start), default=0)

    def _reads(self, state: int, letter: str) -> bool:
        """Tell whether a state reads a letter; of an unknown one it may."""
        return letter in self.characters[state] or letter not in self.alphabet

    def state(self, characters: frozenset[str]) -> Fragment:
        """Add a state that reads one of these characters."""
        if len(self.characters) == _MOST_STATES:
            raise NotUnderstoodError

        number = len(self.characters)
        self.characters.append(characters)
        self.atomic.append(self._in_atomic > 0)
        self.follow.append(Counter())
        return Fragment(0, Counter([number]), Counter([number]), shortest=1)

    def then(self, one: Fragment, other: Fragment) -> Fragment:
        """Put one after the other."""
        self._connect(one.last, other.first)
        return Fragment(
            few(one.empty * other.empty),
            one.first + _times(other.first, one.empty),
            _times(one.last, other.empty) + other.last,
            few(one.idle * other.idle),
            other.sure and (one.sure or not one.last or not other.empty),
            few(one.shortest + other.shortest),
        )

    def repeat(self, build: Build, least: int, most: int) -> Fragment:
        """Repeat a part, written out if that stays small."""
        before = len(self.characters)
        self._in_repeat += 1
        done = build()
        self._in_repeat -= 1
        size = len(self.characters) - before

        if not size:
            idle = few(done.idle ** min(least, 64))
            idle = few(idle * (1 + done.idle)) if most > least else idle
            return done._replace(empty=max(done.empty, idle), idle=idle)

        # At each of its ends a repetition can be empty once more, and often is.
        if done.empty and most > 1:
            self._slack = few(2 * self._slack * done.idle)

        if most * size > _MOST_COPIES:
            return self._loop(done, least)

        copies = [done, *(build() for _ in range(most - 1))][:most]
        rest = NOTHING

        for number, copy in reversed([*enumerate(copies, 1)]):
            rest = self.then(copy, rest)
            skips = int(number > least)
            rest = rest._replace(
                empty=rest.empty + skips,
                idle=rest.idle + skips,
                shortest=0 if skips else rest.shortest,
            )

        return rest

    def _loop(self, done: Fragment, least: int) -> Fragment:
        """Let a part follow itself; so many times that it is not written out."""
        # Before it may end, any number of them can be empty.
        ways = few(sum(few(done.empty**n) for n in range(min(max(least, 1), 64))))
        self._connect(done.last, _times(done.first, ways))
        return Fragment(
            few(done.empty ** min(least, 64)) + (not least and bool(done.empty)),
            _times(done.first, ways),
            _times(done.last, ways),
            few(2 * done.idle ** min(max(least, 1), 64)),
            # After one turn of several it may have to go back inside.
            done.sure and (least <= 1 or bool(done.empty)),
            few(done.shortest * least),
        )

    def look(self, body: str) -> Fragment:
        """Note what is matched for itself."""
        once = not self.characters and not self._in_repeat
        self.bodies[body] = once and self.bodies.get(body, True)
        return CONDITION

    def without_return(self, body: str, build: Build) -> Fragment:
        """Build a part that gives nothing back."""
        self.look(body)
        self._in_atomic += 1
        done = build()
        self._in_atomic -= 1
        return done

    def _connect(self, last: Counter[int], first: Counter[int]) -> None:
        self._steps += len(last) * len(first)

        if self._steps > _MOST_STEPS:
            raise NotUnderstoodError

        for one, ways in last.items():
            for other, more in first.items():
                self.follow[one][other] += few(ways * more)
