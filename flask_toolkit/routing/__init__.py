"""Routes whose values match a pattern, in both directions.

:class:`RegexConverter` is ``<regex("...")>``, :func:`pattern` gives a pattern a
name, :class:`Converters` installs them on an application, before its routes.
:func:`check` looks for routes that do not do what they seem to, and
:func:`install_fast_matcher` is for applications that have very many.
"""

from ._converters import RegexConverter
from ._extension import Converters
from ._fast import FastMatcherWarning
from ._fast import install_fast_matcher
from ._findings import RouteFinding
from ._lint import check
from ._lists import ListConverter
from ._named import enum_converter
from ._named import pattern
from ._patterns import PatternError
from ._settings import ConvertersSettings
from ._shipped import DateConverter
from ._shipped import DatetimeConverter
from ._shipped import DecimalConverter
from ._shipped import DEFAULT
from ._shipped import HexConverter
from ._shipped import SignedIntConverter
from ._shipped import SlugConverter
from ._shipped import UUID4Converter
from ._shipped import UUID7Converter

__all__ = [
    "DEFAULT",
    "Converters",
    "ConvertersSettings",
    "DateConverter",
    "DatetimeConverter",
    "DecimalConverter",
    "FastMatcherWarning",
    "HexConverter",
    "ListConverter",
    "PatternError",
    "RegexConverter",
    "RouteFinding",
    "SignedIntConverter",
    "SlugConverter",
    "UUID4Converter",
    "UUID7Converter",
    "check",
    "enum_converter",
    "install_fast_matcher",
    "pattern",
]
