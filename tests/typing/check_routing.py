"""What type checkers must see of ``flask_toolkit.routing``; never run."""

import enum
import typing as t
from datetime import date
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from flask import Flask
from werkzeug.routing import Map

from flask_toolkit.errors import SetupError
from flask_toolkit.routing import check
from flask_toolkit.routing import Converters
from flask_toolkit.routing import ConvertersSettings
from flask_toolkit.routing import DateConverter
from flask_toolkit.routing import DatetimeConverter
from flask_toolkit.routing import DecimalConverter
from flask_toolkit.routing import DEFAULT
from flask_toolkit.routing import enum_converter
from flask_toolkit.routing import FastMatcherWarning
from flask_toolkit.routing import HexConverter
from flask_toolkit.routing import install_fast_matcher
from flask_toolkit.routing import ListConverter
from flask_toolkit.routing import pattern
from flask_toolkit.routing import PatternError
from flask_toolkit.routing import RegexConverter
from flask_toolkit.routing import RouteFinding
from flask_toolkit.routing import SignedIntConverter
from flask_toolkit.routing import SlugConverter
from flask_toolkit.routing import UUID4Converter
from flask_toolkit.routing import UUID7Converter

app = Flask("typing")

SKU = pattern("sku", r"[A-Z]{3}-\d{4}", examples=["ABC-0042"])
t.assert_type(SKU, type[RegexConverter])
t.assert_type(
    pattern("year", r"\d{4}", cast=int, format="{:04d}".format, examples=("1999",)),
    type[RegexConverter],
)
t.assert_type(
    pattern("day", r"\d+", cast=date.fromisoformat, format=date.isoformat),
    type[RegexConverter],
)


def euros(value: Decimal) -> str:
    return f"{value:.2f}"


pattern("price", "[0-9.]+", cast=Decimal, format=euros, examples=["1.00"])
pattern("price", "[0-9.]+", cast=int, format=euros)  # type: ignore[misc]
pattern("sku", r"\d+", examples=[1])  # type: ignore[list-item]
pattern("sku", r"\d+", int)  # type: ignore[call-arg]  # keyword-only

converters = Converters(app, patterns=[SKU, SlugConverter], include={"regex", *DEFAULT})
converters = Converters(patterns=(SKU,))
t.assert_type(converters.add(SKU), None)
t.assert_type(converters.init_app(app), None)
t.assert_type(converters.settings_of(app), ConvertersSettings)
t.assert_type(converters.settings_of(app).maxlength, int)
t.assert_type(converters.settings_of(app).unicode, bool)
converters.add("sku")  # type: ignore[arg-type]
Converters(app, [SKU])  # type: ignore[call-arg]  # keyword-only

regex = RegexConverter(Map(), "[a-z]+", slashes=None, maxlength=9, unicode=True)
RegexConverter(Map(), "[a-z]+", empty=True, ignorecase=True, weight=40)
t.assert_type(regex.to_url("a"), str)
t.assert_type(regex.pattern, str | None)
t.assert_type(regex.examples, tuple[str, ...])
t.assert_type(regex.maxlength, int)
t.assert_type(regex.slashes, bool)
t.assert_type(regex.weight, int)
app.url_map.converters["regex"] = RegexConverter

t.assert_type(converters.settings_of(app).fast_matcher, bool)
t.assert_type(converters.settings_of(app).lint_ignore, tuple[str, ...])
t.assert_type(DateConverter(Map()).cast("2026-01-01"), date)
t.assert_type(DatetimeConverter(Map(), tz="naive").cast("x"), datetime)
t.assert_type(DecimalConverter(Map(), places="3").cast("1.000"), Decimal)
t.assert_type(
    ListConverter(Map(), of="sint", sep=";", min=1, max=9).cast("1"),
    tuple[t.Any, ...],
)
t.assert_type(SignedIntConverter(Map(), min="-5", max=5).cast("1"), int)
t.assert_type(SlugConverter(Map(), unicode=True).cast("a"), str)
t.assert_type(HexConverter(Map(), length=8).length, int)
t.assert_type(UUID4Converter(Map()).cast("x"), UUID)
t.assert_type(UUID7Converter(Map()).cast("x"), UUID)


class Price(RegexConverter):
    name = "price"
    pattern = r"[0-9]+\.[0-9]{2}"
    examples = ("0.99",)

    def cast(self, text: str) -> Decimal:
        return Decimal(text)


t.assert_type(Price(Map()).cast("0.99"), Decimal)
Converters(app, patterns=[Price])


class Color(enum.Enum):
    RED = "red"


t.assert_type(enum_converter(Color), type[RegexConverter])
enum_converter(Color, name="paint", by="name", ignorecase=True)
enum_converter(Color, by="key")  # type: ignore[arg-type]
enum_converter(Color.RED)  # type: ignore[arg-type]

t.assert_type(check(app), list[RouteFinding])
check(app, ignore=["R010", "R002:shop.item"])
check(app, {"R010"})  # type: ignore[call-arg]  # keyword-only
for finding in check(app):
    t.assert_type(finding.code, str)
    name: str = finding.level.name
    t.assert_type(finding.rule + finding.endpoint + finding.message, str)
    t.assert_type(finding.hint, str)

t.assert_type(install_fast_matcher(app), bool)
warning: RuntimeWarning = FastMatcherWarning()

error = PatternError("Bad", pattern="(", position=0, hint="Close it.")
t.assert_type(error.pattern, str | None)
t.assert_type(error.position, int | None)
t.assert_type(error.hint, str | None)
as_setup: SetupError = error
as_value: ValueError = error
