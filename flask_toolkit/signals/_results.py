"""What sending and capturing give back."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping


class Event(t.NamedTuple):
    """One sending, as :meth:`Signal.capture` saw it."""

    sender: t.Any
    fields: Mapping[str, t.Any]


class Result(t.NamedTuple):
    """What one receiver did: it returned ``value``, or raised ``error``."""

    receiver: Callable[..., t.Any]
    value: t.Any
    error: Exception | None


class Results(tuple[Result, ...]):
    """What the receivers did, in the order in which they ran.

    >>> Results([Result(print, 3, None)]).errors
    ()
    """

    __slots__ = ()

    @property
    def errors(self) -> tuple[Exception, ...]:
        """Return what was raised; an exception that was *returned* is a value."""
        return tuple(result.error for result in self if result.error is not None)

    def raise_first(self) -> None:
        """Raise the first error, with its own traceback, if there is one."""
        for error in self.errors:
            raise error
