"""Routes whose values match a pattern, in both directions.

:class:`RegexConverter` is ``<regex("...")>``, :func:`pattern` gives a pattern a
name, :class:`Converters` installs them on an application, before its routes.
"""

from ._converters import RegexConverter
from ._extension import Converters
from ._named import pattern
from ._patterns import PatternError
from ._settings import ConvertersSettings
from ._shipped import DateConverter
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
    "HexConverter",
    "PatternError",
    "RegexConverter",
    "SignedIntConverter",
    "SlugConverter",
    "UUID4Converter",
    "UUID7Converter",
    "pattern",
]
