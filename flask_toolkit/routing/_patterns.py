"""Read a regular expression as the pattern of one URL value.

Pure: text in, a :class:`Pattern` or a :class:`PatternError` out. Werkzeug joins
the patterns of a segment into one expression and compiles it at the first request
that gets there, so a pattern must be sound on its own, own no group and set no
flag for its neighbours. The tokenizer is ours because ``re``'s parser is private.
"""

from __future__ import annotations

import functools
import re
import typing as t

from flask_toolkit.errors import SetupError

from ._refusals import can_be_refused

TOKEN: t.Final = re.compile(
    r"""
      (?P<comment> \(\?\#[^)]*\) )
    | (?P<look>    \(\?<?[=!] )
    | (?P<named>   \(\?P<[^>]*> )
    | (?P<refer>   \(\?P= | \(\?\( )
    | (?P<scope>   \(\?[a-zA-Z]*(?:-[a-zA-Z]+)?: | \(\?> )
    | (?P<flags>   \(\?[a-zA-Z]+\) )
    | (?P<group>   \( )
    | (?P<close>   \) )
    | (?P<members> \[\^?\]?(?:\\.|[^\]\\])*\] )
    | (?P<octal>   \\(?:[0-3][0-7]{2}|0[0-7]?) )
    | (?P<number>  \\[1-9][0-9]? )
    | (?P<escape>  \\(?:x..|u.{4}|U.{8}|N\{[^}]*\}|.) )
    | (?P<char>    . )
    """,
    re.VERBOSE | re.DOTALL,
)
_MEMBER: t.Final = re.compile(
    r"\\(?:x..|u.{4}|U.{8}|N\{[^}]*\}|[0-7]{1,3}|.)|.", re.DOTALL
)
_HOISTED: t.Final = frozenset("aims")
_EDGES: t.Final = frozenset({r"\b", r"\B"})
_ANCHORS: t.Final = frozenset({"^", "$", r"\A", r"\Z", r"\z"})
_OPERATORS: t.Final = frozenset("*+?|")

_NO_REFERENCE = "Repeat what the group says; groups belong to Werkzeug here."
_NO_ANCHOR = "Drop it; a pattern always matches the whole value."
_NO_ANCHOR_IN_LOOK = r"Write what may not follow: (?!admin\b), (?!admin(?![a-z]))."


class PatternError(SetupError, ValueError):
    """A route pattern cannot work; raised where the pattern is written.

    :param reason: What is wrong, as the start of a sentence.
    :param pattern: The pattern as it was given.
    :param position: Where in the pattern, counted from 0.
    :param hint: What to write instead.
    """

    def __init__(
        self,
        reason: str,
        *,
        pattern: str | None,
        position: int | None = None,
        hint: str | None = None,
    ) -> None:
        of = "" if pattern is None else f" in the pattern {pattern!r}"
        at = "" if position is None else f" at position {position}"
        super().__init__(f"{reason}{of}{at}.{f' {hint}' if hint else ''}")
        self.reason: str = reason
        self.pattern: str | None = pattern
        self.position: int | None = position
        self.hint: str | None = hint

    def __reduce__(self) -> tuple[t.Any, ...]:
        # Without it a copy or a pickle would be made from the message alone.
        rebuild = functools.partial(
            type(self), pattern=self.pattern, position=self.position, hint=self.hint
        )
        return rebuild, (self.reason,)


class Pattern(t.NamedTuple):
    """A pattern that was checked and can stand in a joined expression."""

    source: str
    """The pattern as it was written."""

    body: str
    """The pattern without groups and anchors, its flags in a wrapper."""

    full: re.Pattern[str]
    """The body, compiled."""

    slashes: bool
    """Whether a slash is written that a value can hold."""

    context: bool
    """Whether it looks at its neighbours, so that a match there proves nothing."""

    plain: bool
    """Whether no text that matches can have what ``refusal`` looks for."""


@functools.lru_cache(maxsize=512)
def check_pattern(
    source: str,
    *,
    unicode: bool = False,
    ignorecase: bool = False,
    empty: bool = False,
) -> Pattern:
    r"""Return the pattern, ready for a route.

    :param unicode: Let ``\d``, ``\w``, ``\s`` and ``ignorecase`` mean all of
        Unicode and not only ASCII.
    :param empty: Allow a pattern that matches the empty text.
    :raises PatternError: If it does not compile, refers to a group, sets flags
        inside, has an anchor inside, or can match nothing.

    >>> check_pattern(r"^([a-z]+)-\d$").body
    '(?a:(?:[a-z]+)-\\d)'
    >>> check_pattern("(?i)docs/[a-z]+").slashes
    True
    """
    _compile(source, source)
    tokens = list(TOKEN.finditer(source))
    flags = _leading_flags(source, tokens)

    if tokens and tokens[0][0] == "^":
        tokens.pop(0)

    if tokens and tokens[-1][0] == "$":
        tokens.pop()

    rewriter = _Rewriter(source)

    for token in tokens:
        rewriter.take(token)

    if not rewriter.consumes:
        raise PatternError("Nothing to match", pattern=source)

    flags |= ({"i"} if ignorecase else set()) | (set() if unicode else {"a"})
    body = f"(?{''.join(sorted(flags))}:{''.join(rewriter.parts)})"
    full = _compile(body, source)

    if not empty and full.fullmatch(""):
        raise PatternError(
            "The empty text matches",
            pattern=source,
            hint="Use + for *, or say empty=True.",
        )

    return Pattern(
        source,
        body,
        full,
        slashes=rewriter.slashes,
        context=rewriter.context,
        plain=rewriter.plain,
    )


def _compile(expression: str, source: str) -> re.Pattern[str]:
    try:
        return re.compile(expression)
    except re.error as error:
        raise PatternError(
            f"{error.msg[:1].upper()}{error.msg[1:]}",
            pattern=source,
            position=error.pos,
        ) from None
    except (OverflowError, RecursionError):
        raise PatternError(
            "Too large a repetition or nesting", pattern=source
        ) from None


def _leading_flags(source: str, tokens: list[re.Match[str]]) -> set[str]:
    """Remove ``(?i)`` and the like from the front and return the letters."""
    flags: set[str] = set()

    while tokens and tokens[0].lastgroup == "flags":
        token = tokens.pop(0)
        letters = set(token[0][2:-1])
        _refuse_flags(source, token, letters - _HOISTED)
        flags |= letters

    return flags


def _refuse_flags(source: str, token: re.Match[str], letters: set[str]) -> None:
    if letters:
        raise PatternError(
            f"The flag {min(letters)!r} cannot be set",
            pattern=source,
            position=token.start(),
            hint="Write the pattern without it; for 'u' there is unicode=True.",
        )


def _is_slash(item: str) -> bool:
    r"""Tell whether one written character is a slash, also as ``\x2f``."""
    if item[0] != "\\":
        return item == "/"

    return item[1] in "/xuUN01234567" and re.fullmatch(f"[{item}]", "/") is not None


class _Rewriter:
    """Takes the tokens of a pattern that compiles and finds what it may not say."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.parts: list[str] = []
        self.slashes = False
        self.context = False
        self.consumes = False
        self.plain = True
        self._open: list[bool] = []  # one entry a group: is it a lookaround?

    def take(self, token: re.Match[str]) -> None:
        """Add one token."""
        kind = t.cast("str", token.lastgroup)
        self._refuse(kind, token)

        if kind in {"group", "named", "scope", "look"}:
            self._open.append(kind == "look")
            self.context |= kind == "look"
        elif kind == "close":
            self._open.pop()
        elif kind != "comment":
            self._atom(kind, token[0])

        self.parts.append("(?:" if kind in {"group", "named"} else token[0])

    def _refuse(self, kind: str, token: re.Match[str]) -> None:
        at = token.start()

        if kind in {"refer", "number"}:
            self._fail("A group cannot be referred to", at, _NO_REFERENCE)
        elif kind == "flags":
            self._fail("Flags stand inside", at, "Write (?i:...) around that part.")
        elif kind == "scope":
            # Under x a comment would swallow the parenthesis that Werkzeug adds.
            letters = set(token[0][2:-1].partition("-")[0])
            _refuse_flags(self.source, token, letters & {"x", "L", "u"})
        elif token[0] in _ANCHORS:
            hint = _NO_ANCHOR_IN_LOOK if any(self._open) else _NO_ANCHOR
            self._fail(f"The anchor {token[0]} stands inside", at, hint)

    def _atom(self, kind: str, text: str) -> None:
        if text in _EDGES:
            self.context = True
        elif text not in _OPERATORS and not any(self._open):
            self.consumes = True
            self.slashes |= self._writes_slash(kind, text)
            self.plain = self.plain and not can_be_refused(text)

    def _writes_slash(self, kind: str, text: str) -> bool:
        if kind == "members":
            items = _MEMBER.findall(text[1:-1])
            return items[0] != "^" and any(map(_is_slash, items))

        return _is_slash(text)

    def _fail(self, reason: str, position: int, hint: str) -> t.NoReturn:
        raise PatternError(reason, pattern=self.source, position=position, hint=hint)
