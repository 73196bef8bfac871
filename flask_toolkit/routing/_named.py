"""Patterns with a name."""

from __future__ import annotations

import re
import typing as t

from werkzeug.routing import Map
from werkzeug.routing import ValidationError

from ._converters import FORMAT_ERRORS
from ._converters import RegexConverter
from ._patterns import PatternError
from ._refusals import refusal

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence
    from enum import Enum

T = t.TypeVar("T")

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")  # Werkzeug's grammar of rules


def pattern(
    name: str,
    regex: str,
    *,
    cast: Callable[[str], T] | None = None,
    format: Callable[[T], str] = str,
    examples: Sequence[str] = (),
    canonical: bool = False,
    slashes: bool | None = None,
    maxlength: int = 255,
    unicode: bool = False,
    ignorecase: bool = False,
    empty: bool = False,
    weight: int | None = None,
) -> type[RegexConverter]:
    r"""Return a converter with a name, for :class:`Converters`; it registers nothing.

    Unlike an argument inside a rule, the pattern may hold any character::

        YEAR = pattern("year", r"[12]\d{3}", cast=int, examples=["1999"])
        Converters(app, patterns=[YEAR])  # then: "/<year:y>"

    :param cast: From text to the value that the view gets; needs ``examples``.
    :param format: From that value to the text of a URL.
    :param examples: Texts that must match, and come back the same from ``cast``
        and ``format``. Checked here.
    :param canonical: Refuse any other text than ``format`` gives for its value,
        so that one value has one URL.

    The other options are those of :class:`RegexConverter`.

    :raises PatternError: If the name, the pattern or an example does not fit.
    """

    class Named(RegexConverter):
        def __init__(self, map: Map) -> None:
            super().__init__(
                map,
                slashes=slashes,
                maxlength=maxlength,
                unicode=unicode,
                ignorecase=ignorecase,
                empty=empty,
                weight=weight,
            )
            self._casts = cast is not None or canonical

        def cast(self, text: str) -> t.Any:
            value = text if cast is None else cast(text)

            if canonical and self.format(value) != text:
                raise ValidationError(f"{self._names(text)}: it is not canonical")

            return value

        def format(self, value: t.Any) -> str:
            return format(value)

    if _NAME.fullmatch(name) is None:
        raise PatternError(f"{name!r} cannot be a name in a rule", pattern=regex)

    if isinstance(examples, str) or (cast is not None and not examples):
        raise PatternError(
            "A cast needs examples", pattern=regex, hint='Say examples=["..."].'
        )

    Named.__name__ = Named.__qualname__ = name
    Named.name = name
    Named.pattern = regex
    Named.examples = tuple(examples)
    check_examples(Named(Map()))
    return Named


def enum_converter(
    enum: type[Enum],
    *,
    name: str | None = None,
    by: t.Literal["name", "value"] = "value",
    ignorecase: bool = False,
) -> type[RegexConverter]:
    """Return a converter for the members of an enumeration.

    ::

        class Color(enum.Enum):
            RED = "red"
            GREEN = "green"


        Converters(app, patterns=[enum_converter(Color)])  # then: "/<color:c>"

    :param name: What it is called in a rule; the name of the class in lower case.
    :param by: Whether a URL has the values of the members or their names.
    :param ignorecase: Accept either case; a URL is built as the member is written.
    :raises PatternError: If there is no member, or two have the same text.
    """
    if by not in {"name", "value"}:
        raise PatternError(f"by is 'name' or 'value', got {by!r}", pattern=None)

    texts = {one.name: str(one.name if by == "name" else one.value) for one in enum}
    members = {_folded(text, ignorecase): enum[key] for key, text in texts.items()}

    if not texts or len(members) < len(texts):
        raise PatternError(
            f"{enum.__name__} has no members, or two of the same text", pattern=None
        )

    def text_of(member: Enum) -> str:
        if not isinstance(member, enum):
            raise TypeError(f"not a {enum.__name__}")

        return texts[member.name]

    made = pattern(
        enum.__name__.lower() if name is None else name,
        "|".join(map(re.escape, texts.values())),
        cast=lambda text: members[_folded(text, ignorecase)],
        format=text_of,
        examples=tuple(texts.values()),
        maxlength=max(1, *map(len, texts.values())),
        ignorecase=ignorecase,
    )
    made.guarded = False  # a choice of literals reads a text in one way
    return made


def _folded(text: str, ignorecase: bool) -> str:
    return text.lower() if ignorecase else text


def check_examples(converter: RegexConverter) -> None:
    """Send each example through the converter and back.

    :raises PatternError: If one does not match, cast, or come back the same.
    """
    for example in converter.examples:
        reason = refusal(
            example, maxlength=converter.maxlength, slashes=converter.slashes
        )

        if reason is None and not converter.matches(example):
            reason = "it does not match"

        if reason is not None:
            raise _bad_example(converter, example, reason)

        try:
            value = converter.to_python(example)
            text = converter.format(value)
        except FORMAT_ERRORS as error:
            raise _bad_example(converter, example, str(error)) from None

        if text != example:
            raise _bad_example(converter, example, f"it comes back as {text!r}")


def _bad_example(converter: RegexConverter, example: str, reason: str) -> PatternError:
    return PatternError(
        f"The example {example!r} of <{converter.name}> fails: {reason};",
        pattern=converter.pattern,
    )
