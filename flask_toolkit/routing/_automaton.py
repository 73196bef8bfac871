"""An expression as an automaton, with one state for each character in it.

Pure. It is what Glushkov built, and remembers in how many ways one state can
follow another. Lookarounds are taken as empty.
"""

from __future__ import annotations

import functools
import re
import typing as t
from collections import Counter

from ._patterns import TOKEN

if t.TYPE_CHECKING:
    from collections.abc import Iterable

_ALPHABET = frozenset(map(chr, range(0x20, 0x7F))) | {"é", "中"}
_QUANTIFIER = re.compile(r"(?:([*+?])|\{(\d*)(,?)(\d*)\})([?+]?)")
_CODE = re.compile(
    r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})"
)
_EMPTY = frozenset({"^", "$", r"\A", r"\Z", r"\z", r"\b", r"\B"})
_MOST_COPIES = 64
_MOST_STATES = 200
_MANY = 10**9


class _Fragment(t.NamedTuple):
    """A part of the automaton: where it begins and ends."""

    nullable: bool
    first: Counter[int]
    last: Counter[int]


_NOTHING = _Fragment(True, Counter(), Counter())
_Build = t.Callable[[], _Fragment]


class NotUnderstoodError(Exception):
    """The expression is too large, or has something that is not known here."""


class Automaton:
    """The states of an expression and what can follow them."""

    def __init__(self, expression: str) -> None:
        self.characters: list[frozenset[str]] = []
        self.atomic: list[bool] = []
        self.follow: list[Counter[int]] = []
        self._in_atomic = 0
        self.start: Counter[int] = _Parser(expression, self).build().first

    def state(self, characters: frozenset[str]) -> _Fragment:
        """Add a state that reads one of these characters."""
        if len(self.characters) == _MOST_STATES:
            raise NotUnderstoodError

        number = len(self.characters)
        self.characters.append(characters)
        self.atomic.append(self._in_atomic > 0)
        self.follow.append(Counter())
        return _Fragment(False, Counter([number]), Counter([number]))

    def then(self, one: _Fragment, other: _Fragment) -> _Fragment:
        """Put one after the other."""
        self._connect(one.last, other.first)
        return _Fragment(
            one.nullable and other.nullable,
            one.first + other.first if one.nullable else one.first,
            one.last + other.last if other.nullable else other.last,
        )

    def repeat(self, build: _Build, least: int, most: int) -> _Fragment:
        """Repeat a part, written out if that stays small."""
        before = len(self.characters)
        done = build()
        size = max(len(self.characters) - before, 1)

        if most * size > _MOST_COPIES:
            self._connect(done.last, done.first)
            return done._replace(nullable=done.nullable or not least)

        copies = [done, *(build() for _ in range(most - 1))][:most]
        rest = _NOTHING

        for number, copy in reversed([*enumerate(copies, 1)]):
            rest = self.then(copy, rest)
            rest = rest._replace(nullable=rest.nullable or number > least)

        return rest

    def without_return(self, build: _Build) -> _Fragment:
        """Build a part that gives nothing back."""
        self._in_atomic += 1
        done = build()
        self._in_atomic -= 1
        return done

    def _connect(self, last: Counter[int], first: Counter[int]) -> None:
        for one, ways in last.items():
            for other, more in first.items():
                self.follow[one][other] += ways * more


class _Parser:
    """Reads an expression that ``re`` compiles."""

    def __init__(self, expression: str, automaton: Automaton) -> None:
        self._text = expression
        self._at = 0
        self._automaton = automaton
        self._scopes: list[str] = []
        self._alphabet: frozenset[str] = _ALPHABET | _written(expression)

    def build(self) -> _Fragment:
        """Return the whole as one part of the automaton."""
        return self._choice()()

    def _choice(self) -> _Build:
        """Read alternatives up to the end or a closing parenthesis."""
        options = [self._sequence()]

        while self._text.startswith("|", self._at):
            self._at += 1
            options.append(self._sequence())

        if len(options) == 1:
            return options[0]

        def build() -> _Fragment:
            made = [option() for option in options]
            return _Fragment(
                any(each.nullable for each in made),
                _sum(each.first for each in made),
                _sum(each.last for each in made),
            )

        return build

    def _sequence(self) -> _Build:
        items: list[_Build] = []

        while self._at < len(self._text) and self._text[self._at] not in "|)":
            items.append(self._quantified(self._atom()))

        def build() -> _Fragment:
            return functools.reduce(
                self._automaton.then, (item() for item in items), _NOTHING
            )

        return build

    def _atom(self) -> _Build:
        token = t.cast("re.Match[str]", TOKEN.match(self._text, self._at))
        kind, text = token.lastgroup, token[0]
        self._at = token.end()

        if kind in {"refer", "number"}:
            raise NotUnderstoodError

        if kind == "flags":
            self._scopes.append(f"{text[:-1]}:")

        if kind in {"comment", "flags"} or text in _EMPTY:
            return lambda: _NOTHING

        if kind in {"group", "named", "scope", "look"}:
            return self._group(kind, text)

        scopes = "".join(self._scopes)
        characters = _characters(
            f"{scopes}{text}{')' * len(self._scopes)}", self._alphabet
        )
        return lambda: self._automaton.state(characters)

    def _group(self, kind: str, opening: str) -> _Build:
        flags = kind == "scope" and opening not in {"(?:", "(?>"}

        if flags:
            self._scopes.append(opening)

        inner = self._choice()
        self._at += 1  # the closing parenthesis

        if flags:
            self._scopes.pop()

        if kind == "look":
            return lambda: _NOTHING

        if opening == "(?>":
            return lambda: self._automaton.without_return(inner)

        return inner

    def _quantified(self, atom: _Build) -> _Build:
        found = _QUANTIFIER.match(self._text, self._at)

        if found is None or found[0] in {"{}", "{}?", "{}+"}:
            return atom

        self._at = found.end()
        sign, low, comma, high, manner = found.groups()

        if sign:
            least, most = int(sign == "+"), 1 if sign == "?" else _MANY
        else:
            least = int(low or 0)
            most = int(high) if high else _MANY if comma else least

        def repeated() -> _Fragment:
            return self._automaton.repeat(atom, least, most)

        if manner == "+":
            return lambda: self._automaton.without_return(repeated)

        return repeated


def _sum(counters: Iterable[Counter[int]]) -> Counter[int]:
    total: Counter[int] = Counter()

    for counter in counters:
        total.update(counter)

    return total


@functools.lru_cache(maxsize=1024)
def _characters(token: str, alphabet: frozenset[str]) -> frozenset[str]:
    pattern = re.compile(token)
    return frozenset(c for c in alphabet if pattern.fullmatch(c))


def _written(expression: str) -> frozenset[str]:
    """Return the characters beyond ASCII that an expression names."""
    codes = (code[2:] for code in _CODE.findall(expression))
    escaped = (chr(int(code, 16)) for code in codes)
    return frozenset(c for c in (*expression, *escaped) if not c.isascii())
