"""Errors as HTML or as problem documents (RFC 9457), by negotiation."""

from ._codec import field_errors
from ._codec import FieldError
from ._extension import Problems
from ._problem import Problem
from ._settings import ProblemsSettings

__all__ = ["FieldError", "Problem", "Problems", "ProblemsSettings", "field_errors"]
