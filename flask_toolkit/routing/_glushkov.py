"""Read an expression as an automaton (Glushkov); pure."""

from __future__ import annotations

import functools
import re
import sys
import typing as t
import unicodedata
from collections import Counter

from ._automaton import Automaton
from ._automaton import Build
from ._automaton import CONDITION
from ._automaton import few
from ._automaton import Fragment
from ._automaton import NOTHING
from ._automaton import NotUnderstoodError
from ._automaton import PRINTABLE
from ._patterns import TOKEN

if t.TYPE_CHECKING:
    from collections.abc import Iterable

# And one of each kind that a class can tell apart, also with unicode=True: controls,
# letters with and without case, a digit, a space, a mark, and none of them.
_ALPHABET = PRINTABLE | set("\0\t\n\x1c\x7féÉ中٣\u2003\u0301→")
_QUANTIFIER = re.compile(r"(?:([*+?])|\{(\d*)(,?)(\d*)\})([?+]?)")
_CODE = re.compile(
    r"\\(?:N\{[^}]*\}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})"
)
_EMPTY = frozenset({"^", "$", r"\A", r"\Z", r"\z", r"\b", r"\B"})
_MANY = 10**9


def automaton_of(expression: str) -> Automaton:
    """Return the automaton of an expression that ``re`` compiles.

    :raises NotUnderstoodError: If it is too large, or has something unknown.
    """
    automaton = Automaton(_ALPHABET | _written(expression))
    whole = _Parser(expression, automaton).build()
    automaton.start = whole.first
    automaton.idle = whole.idle
    automaton.shortest = whole.shortest

    # Behind a condition, or before enough turns, it may have to go back inside.
    if whole.sure:
        automaton.accepting = frozenset(whole.last)

    return automaton


class _Parser:
    """Reads an expression that ``re`` compiles."""

    def __init__(self, expression: str, automaton: Automaton) -> None:
        self._text = expression
        self._at = 0
        self._automaton = automaton
        self._scopes: list[str] = []

    def build(self) -> Fragment:
        """Return the whole as one part of the automaton."""
        return self._choice()()

    def _choice(self) -> Build:
        """Read alternatives up to the end or a closing parenthesis."""
        options = [self._sequence()]

        while self._text.startswith("|", self._at):
            self._at += 1
            options.append(self._sequence())

        if len(options) == 1:
            return options[0]

        def build() -> Fragment:
            made = [option() for option in options]
            return Fragment(
                few(sum(each.empty for each in made)),
                _sum(each.first for each in made),
                _sum(each.last for each in made),
                few(sum(each.idle for each in made)),
                all(each.sure for each in made),
                min(each.shortest for each in made),
            )

        return build

    def _sequence(self) -> Build:
        items: list[Build] = []

        while self._at < len(self._text) and self._text[self._at] not in "|)":
            items.append(self._quantified(self._at, self._atom()))

        def build() -> Fragment:
            return functools.reduce(
                self._automaton.then, (item() for item in items), NOTHING
            )

        return build

    def _atom(self) -> Build:
        token = t.cast("re.Match[str]", TOKEN.match(self._text, self._at))
        kind, text = token.lastgroup, token[0]
        self._at = token.end()

        if kind in {"refer", "number"}:
            raise NotUnderstoodError

        if kind == "flags":
            self._scopes.append(f"{text[:-1]}:")

        if kind in {"comment", "flags"}:
            return lambda: NOTHING

        if text in _EMPTY:
            return lambda: CONDITION

        if kind in {"group", "named", "scope", "look"}:
            return self._group(kind, text)

        scopes = "".join(self._scopes)
        characters = _characters(
            f"{scopes}{text}{')' * len(self._scopes)}", self._automaton.alphabet
        )
        return lambda: self._automaton.state(characters)

    def _group(self, kind: str, opening: str) -> Build:
        flags = kind == "scope" and opening not in {"(?:", "(?>"}

        if flags:
            self._scopes.append(opening)

        start = self._at
        inner = self._choice()
        inside = self._text[start : self._at]
        self._at += 1  # the closing parenthesis

        if flags:
            self._scopes.pop()

        body = self._by_itself(inside)

        if kind == "look":
            return lambda: self._automaton.look(body)

        if opening == "(?>":
            return lambda: self._automaton.without_return(body, inner)

        return inner

    def _by_itself(self, inside: str) -> str:
        scopes, ends = "".join(self._scopes), ")" * len(self._scopes)
        return f"{scopes}(?:{inside}){ends}"

    def _quantified(self, start: int, atom: Build) -> Build:
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

        def repeated() -> Fragment:
            return self._automaton.repeat(atom, least, most)

        if manner == "+":
            body = self._by_itself(self._text[start : self._at - 1])
            return lambda: self._automaton.without_return(body, repeated)

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
    """Return the characters beyond ASCII that an expression names, and those beside.

    Where two classes of it overlap, they share one of these.
    """
    escaped = (_named(code) for code in _CODE.findall(expression))
    points = {ord(c) for c in (*expression, *"".join(escaped)) if not c.isascii()}
    around = (point + beside for point in points for beside in (-1, 0, 1))
    return frozenset(chr(point) for point in around if point <= sys.maxunicode)


def _named(code: str) -> str:
    if code[1] != "N":
        return chr(int(code[2:], 16))  # noqa: FURB166  # it is no literal of Python

    try:
        return unicodedata.lookup(code[3:-1])
    except KeyError:  # behind an escaped backslash, or in a comment
        return ""
