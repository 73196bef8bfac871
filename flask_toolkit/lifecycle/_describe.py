"""What a function is called and where it is written."""

from __future__ import annotations

import functools
import inspect
import typing as t


class Described(t.NamedTuple):
    """A function for people: names, and ``file:line`` if it has code."""

    module: str
    name: str
    where: str

    @property
    def full(self) -> str:
        """Return the name with its module."""
        return f"{self.module}.{self.name}"

    @property
    def short(self) -> str:
        """Return the name without the function that it is written in."""
        return self.name.rpartition("<locals>.")[2]


def described(function: t.Any) -> Described:
    """Return what ``function`` is called, with partials and wrappers taken off.

    >>> described(functools.partial(described, 1)).short
    'described'
    >>> described(len).full, described(len).where
    ('builtins.len', '')
    """
    inner: t.Any = function

    while isinstance(inner, functools.partial):
        inner = t.cast("t.Any", inner).func

    inner = inspect.unwrap(inner)
    # An object that can be called is named after its class.
    named: t.Any = inner if hasattr(inner, "__qualname__") else inner.__class__
    code = getattr(getattr(inner, "__func__", inner), "__code__", None)
    where = "" if code is None else f"{code.co_filename}:{code.co_firstlineno}"
    return Described(named.__module__, named.__qualname__, where)
