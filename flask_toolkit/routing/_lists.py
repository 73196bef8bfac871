"""Several values in one."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from urllib.parse import unquote

from werkzeug.routing import ValidationError

from ._converters import RegexConverter
from ._patterns import PatternError
from ._refusals import refusal
from ._samples import samples_of

if t.TYPE_CHECKING:
    from werkzeug.routing import BaseConverter
    from werkzeug.routing import Map

_NO_COLLECTIONS: t.Any = (str, bytes, bytearray, memoryview, Mapping)
_LONGEST = 4096


class ListConverter(RegexConverter):
    """Accept several values of another converter: ``<list(of="sint"):ids>``.

    The text is split at the separator first, then each item is matched. The view
    gets a tuple.

    :param of: The name of the converter for the items; ``string`` if unset.
    :param sep: What stands between two items, also several characters.
    :param min: The least number of items, at least 1.
    :param max: The largest number of items; 50 if unset.
    :raises PatternError: If there is no such converter, or it spans slashes.
    """

    name = "list"

    def __init__(
        self,
        map: Map,
        *,
        of: str = "string",
        sep: str = ",",
        min: int | str | None = None,  # noqa: A002  # as Werkzeug calls it
        max: int | str | None = None,  # noqa: A002  # as Werkzeug calls it
        weight: int | None = None,
    ) -> None:
        least = self._number("min", min, 1, least=1)
        most = self._number("max", max, 50, least=least)
        self._sep = _checked_sep(sep)
        self._item = _item_converter(map, of)

        if isinstance(self._item, RegexConverter):
            self._item.belong_to_a_list()

        self._item_regex = re.compile(self._item.regex)
        # An item gives nothing back, so this cannot backtrack; what an item may be
        # is asked afterwards, of each one by itself.
        item = f"(?>(?:(?!{re.escape(sep)})[^/])+)"
        regex = f"{item}(?:{re.escape(sep)}{item}){{{least - 1},{most - 1}}}"
        super().__init__(map, regex, maxlength=_LONGEST, weight=weight)
        self.examples: tuple[str, ...] = tuple(
            sep.join([text] * least)
            for text in samples_of(self._item)
            if sep not in text
        )

    def cast(self, text: str) -> tuple[t.Any, ...]:
        """Return the items, each converted."""
        return tuple(map(self._cast_item, text.split(self._sep)))

    def format(self, value: t.Any) -> str:
        """Return the texts of the items with the separator between them."""
        # Bytes would be numbers, and a mapping its keys.
        if isinstance(value, _NO_COLLECTIONS):
            raise TypeError(f"{type(value).__name__} is no collection of items")

        texts = [unquote(self._item.to_url(item)) for item in value]
        text = self._sep.join(texts)

        # With "--" between them, "a-" and "b" would come back as "a" and "-b".
        if text.split(self._sep) != texts:
            raise ValueError("an item holds the separator")

        return text

    def _cast_item(self, text: str) -> t.Any:
        if self._item_regex.fullmatch(text) is None:
            raise ValidationError(f"{self._names(text)}: it is no item")

        return self._item.to_python(text)


def _checked_sep(sep: t.Any) -> str:
    if not isinstance(sep, str) or not sep:
        raise PatternError(f"sep must be a text, got {sep!r}", pattern=None)

    reason = refusal(f"a{sep}a", maxlength=_LONGEST, slashes=False)

    if reason is not None:
        raise PatternError(f"sep cannot be {sep!r}: {reason}", pattern=None)

    return sep


def _item_converter(map: Map, of: t.Any) -> BaseConverter:
    if of not in map.converters:
        raise PatternError(
            f"<list> has items of an unknown converter, {of!r}", pattern=None
        )

    converter = map.converters[of](map)

    if not converter.part_isolating:
        raise PatternError(
            f"<list> cannot have items with slashes, as <{of}> has", pattern=None
        )

    return converter
