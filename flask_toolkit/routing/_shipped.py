"""Converters for common values; each accepts one text for one value."""

from __future__ import annotations

import re
import typing as t
import unicodedata
from datetime import date
from datetime import datetime
from datetime import UTC
from decimal import Decimal
from uuid import UUID

from werkzeug.routing import ValidationError

from ._converters import RegexConverter
from ._lists import ListConverter
from ._patterns import PatternError

if t.TYPE_CHECKING:
    from werkzeug.routing import Map

_UUID = (
    r"[0-9a-f]{{8}}-[0-9a-f]{{4}}-{}[0-9a-f]{{3}}-[89ab][0-9a-f]{{3}}-[0-9a-f]{{12}}"
)
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
# A class cannot name letters and marks; the cast looks at what is not ASCII.
_BEYOND_ASCII = "[a-z0-9\\x80-\\U0010ffff]"
# Letters and marks that show nothing: Default_Ignorable_Code_Point of Unicode.
_INVISIBLE = re.compile(
    "[\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u3164\\ufe00-\\ufe0f\\uffa0"
    "\\U000e0100-\\U000e01ef]"
)
_LONGEST = 4096
_MOST_PLACES = 18
_DIGITS = 18  # before the point, as for sint


class SlugConverter(RegexConverter):
    """Accept words joined by single hyphens: ``<slug:title>``.

    :param unicode: Accept letters and digits of any script with their marks, as
        Devanagari and Thai need them; in lower case and composed (NFC), and
        without invisible characters, so that what looks the same is the same.
    """

    name = "slug"
    guarded: t.ClassVar[bool] = False
    examples: tuple[str, ...] = ("a", "hello-world-2")

    def __init__(
        self, map: Map, *, unicode: bool | None = None, weight: int | None = None
    ) -> None:
        wide = self._switch("unicode", unicode, self.unicode)
        letter = _BEYOND_ASCII if wide else "[a-z0-9]"
        super().__init__(map, f"{letter}+(?:-{letter}+)*", unicode=wide, weight=weight)

    def cast(self, text: str) -> str:
        """Return the slug; refuse text that has another spelling."""
        if not text.isascii():
            if text != unicodedata.normalize("NFC", text.lower()):
                raise ValidationError(f"{self._names(text)}: it is not lower case NFC")

            if not all(map(_is_word, text.split("-"))):
                raise ValidationError(f"{self._names(text)}: it is not made of words")

        return text


def _is_word(text: str) -> bool:
    """Tell whether it is a letter or digit, and more of them or marks on them."""
    marks = [c for c in text if not c.isalnum()]
    return (
        text[0].isalnum()
        and _INVISIBLE.search(text) is None
        and all(unicodedata.category(mark)[0] == "M" for mark in marks)
    )


class SignedIntConverter(RegexConverter):
    """Accept whole numbers of at most 18 digits: ``<sint:offset>``.

    No leading zero, plus sign or ``-0``. ``<sint(min="-5", max=5):n>``: a negative
    bound needs quotes.

    :raises PatternError: If ``min`` is above ``max``.
    """

    name = "sint"
    guarded: t.ClassVar[bool] = False

    def __init__(
        self,
        map: Map,
        *,
        # The names that Werkzeug's own number converters have.
        min: int | str | None = None,  # noqa: A002  # as Werkzeug calls it
        max: int | str | None = None,  # noqa: A002  # as Werkzeug calls it
        weight: int | None = None,
    ) -> None:
        super().__init__(map, "0|-?[1-9][0-9]{0,17}", maxlength=19, weight=weight)
        self.min: int = self._number("min", min, -(10**18) + 1)
        self.max: int = self._number("max", max, 10**18 - 1)

        if self.min > self.max:
            raise PatternError(
                f"<sint> has a min of {self.min} above its max of {self.max}",
                pattern=self.pattern,
            )

        inside = (n for n in (0, 42, -7, self.min) if self.min <= n <= self.max)
        self.examples: tuple[str, ...] = tuple(dict.fromkeys(str(n) for n in inside))

    def cast(self, text: str) -> int:
        """Return the number; refuse one out of bounds."""
        number = int(text)

        if not self.min <= number <= self.max:
            raise ValidationError(
                f"{self._names(text)}: it is not within {self.min} and {self.max}"
            )

        return number


class DecimalConverter(RegexConverter):
    """Accept amounts with a fixed number of decimals: ``<decimal(places=2):price>``.

    At most 18 digits before the point, no leading zero, exponent or ``-0.00``. A
    value that would have to be rounded is not built.

    :param places: The number of decimals, 1 to 18; 2 if unset.
    """

    name = "decimal"
    guarded: t.ClassVar[bool] = False

    def __init__(
        self, map: Map, *, places: int | str | None = None, weight: int | None = None
    ) -> None:
        self.places: int = self._number("places", places, 2, least=1)

        if self.places > _MOST_PLACES:
            raise PatternError(
                f"<decimal> takes at most {_MOST_PLACES} places, got {self.places}",
                pattern=None,
            )

        whole = f"(?:0|[1-9][0-9]{{0,{_DIGITS - 1}}})"
        super().__init__(
            map, rf"-?{whole}\.[0-9]{{{self.places}}}", maxlength=255, weight=weight
        )
        zeros = "0" * (self.places - 1)
        self.examples: tuple[str, ...] = (f"12.{zeros}5", f"-0.{zeros}1")

    def cast(self, text: str) -> Decimal:
        """Return the amount; refuse a zero with a sign."""
        amount = Decimal(text)

        if amount.is_signed() and not amount:
            raise ValidationError(f"{self._names(text)}: zero has no sign")

        return amount

    def format(self, value: t.Any) -> str:
        """Return the text of an amount that needs no rounding."""
        # The size is looked at first: 1E+999999 would be written out.
        if not isinstance(value, Decimal) or value.adjusted() >= _DIGITS:
            raise TypeError("not a Decimal of that size")

        text = f"{value:.{self.places}f}"

        if Decimal(text) != value:
            raise ValueError("it has more decimals")

        return text


class DateConverter(RegexConverter):
    """Accept days as ``YYYY-MM-DD`` (RFC 3339): ``<date:day>``."""

    name = "date"
    guarded: t.ClassVar[bool] = False
    pattern: str | None = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    examples: tuple[str, ...] = ("2026-02-28", "0001-01-01")

    def cast(self, text: str) -> date:
        """Return the day."""
        return date.fromisoformat(text)

    def format(self, value: t.Any) -> str:
        """Return the text of a day; that of a datetime does not match."""
        if not isinstance(value, date):
            raise TypeError("not a date")

        return value.isoformat()


class DatetimeConverter(RegexConverter):
    """Accept moments as ``YYYY-MM-DDTHH:MM:SSZ`` (RFC 3339): ``<datetime:at>``.

    The value is an aware :class:`~datetime.datetime` in UTC. One of another zone is
    converted when building; one with a fraction of a second is not built.

    :param tz: ``"naive"`` for times of no zone, without the ``Z``; else ``"utc"``.
    """

    name = "datetime"
    guarded: t.ClassVar[bool] = False

    def __init__(self, map: Map, *, tz: str = "utc", weight: int | None = None) -> None:
        if tz not in {"utc", "naive"}:
            raise PatternError(
                f"<datetime> takes tz='utc' or tz='naive', got {tz!r}", pattern=None
            )

        self._end = "" if tz == "naive" else "Z"
        pattern = f"{DateConverter.pattern}T{_TIME}{self._end}"
        super().__init__(map, pattern, weight=weight)
        self.examples: tuple[str, ...] = (f"2026-02-28T23:59:00{self._end}",)

    def cast(self, text: str) -> datetime:
        """Return the moment."""
        return datetime.fromisoformat(text)

    def format(self, value: t.Any) -> str:
        """Return the text of a moment in whole seconds, with or without a zone."""
        if not isinstance(value, datetime):
            raise TypeError("not a datetime")

        if value.microsecond or (value.utcoffset() is None) is bool(self._end):
            raise ValueError("a fraction of a second, or the other kind of time")

        moment = value.astimezone(UTC) if self._end else value
        return f"{moment.replace(tzinfo=None).isoformat()}{self._end}"


class UUID4Converter(RegexConverter):
    """Accept random UUIDs, lower case with hyphens (RFC 9562): ``<uuid4:key>``."""

    name = "uuid4"
    guarded: t.ClassVar[bool] = False
    pattern: str | None = _UUID.format(4)
    examples: tuple[str, ...] = ("9b2e7d3c-5a41-4f6e-8c0d-1f2a3b4c5d6e",)

    def cast(self, text: str) -> UUID:
        """Return the UUID."""
        return UUID(text)


class UUID7Converter(UUID4Converter):
    """Accept time-ordered UUIDs, lower case with hyphens: ``<uuid7:key>``."""

    name = "uuid7"
    pattern: str | None = _UUID.format(7)
    examples: tuple[str, ...] = ("018f3f5e-7c1a-7b2d-9e4f-0a1b2c3d4e5f",)


class HexConverter(RegexConverter):
    """Accept lower-case hexadecimal text of one length: ``<hex(length=8):etag>``.

    :param length: The number of digits, 1 to 4096; 32 if unset.
    """

    name = "hex"
    guarded: t.ClassVar[bool] = False

    def __init__(
        self, map: Map, *, length: int | str | None = None, weight: int | None = None
    ) -> None:
        digits = self._number("length", length, 32, least=1)

        if digits > _LONGEST:
            raise PatternError(
                f"<hex> takes a length of at most {_LONGEST}, got {digits}",
                pattern=None,
            )

        super().__init__(map, f"[0-9a-f]{{{digits}}}", maxlength=digits, weight=weight)
        self.length: int = digits
        self.examples: tuple[str, ...] = (
            ("0123456789abcdef" * (digits // 16 + 1))[:digits],
        )


SHIPPED: t.Final[dict[str, type[RegexConverter]]] = {
    cls.name: cls
    for cls in (
        RegexConverter,
        SlugConverter,
        SignedIntConverter,
        DecimalConverter,
        DateConverter,
        DatetimeConverter,
        UUID4Converter,
        UUID7Converter,
        HexConverter,
        ListConverter,
    )
}
DEFAULT: t.Final = tuple(SHIPPED)
"""The names that :class:`Converters` installs."""
