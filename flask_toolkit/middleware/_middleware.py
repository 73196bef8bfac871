"""The base class of middlewares."""

from __future__ import annotations

import functools
import typing as t

from flask_toolkit._extension import is_async
from flask_toolkit.errors import SetupError

from ._plan import Phase

if t.TYPE_CHECKING:
    from wsgiref.headers import Headers
    from wsgiref.types import WSGIApplication

    from ._scope import Scope

__all__ = ["Middleware", "Raw", "hooks_of"]

_HOOKS = ("before", "headers", "finish")


class Middleware:
    """Something done around every request; override any of the three hooks.

    One object serves all requests, several at a time: what belongs to one request
    goes into ``scope.data``, never on ``self``.
    """

    name: t.ClassVar[str]
    """What ``before=``, ``after=`` and ``remove()`` call it; lives in the class."""

    phase: t.ClassVar[Phase] = Phase.APP

    def before(self, scope: Scope, /) -> WSGIApplication | None:
        """Look at the request; return a response to answer it here.

        It may raise an :class:`~werkzeug.exceptions.HTTPException`.
        """

    def headers(self, scope: Scope, status: str, headers: Headers, /) -> None:
        """Change the headers of the answer; called each time it (re)starts.

        What is set is checked: a name or value that would break the answer, and a
        hop-by-hop header, are a ``ValueError``.
        """

    def finish(self, scope: Scope, exc: BaseException | None, /) -> None:
        """Do what comes after the last byte; called exactly once.

        :param exc: What went wrong first: in the call, while the body was read, or
            when it was closed.
        """


class Raw(Middleware):
    """A middleware of ours whose headers are checked when the app is built."""

    def begin(
        self, scope: Scope, status: str, headers: list[tuple[str, str]], /
    ) -> object:
        """Change the bare list of headers, which costs a tenth of an object."""
        raise NotImplementedError


def hooks_of(middleware: Middleware) -> tuple[str, ...]:
    """Return the names of the hooks that a middleware has.

    :raises SetupError: If it has none, or an ``async`` one, which nobody awaits.
    """
    cls: t.Any = type(middleware)  # a class is hashable, whatever checkers say
    found: tuple[str, ...] = _hooks_of_class(cls)
    return found


# Asking whether a function is async takes longer than all the rest.
@functools.lru_cache(maxsize=128)
def _hooks_of_class(cls: type[t.Any]) -> tuple[str, ...]:
    found = tuple(
        name
        for name in _HOOKS
        if getattr(cls, name) is not getattr(Middleware, name)
        or (name == "headers" and issubclass(cls, Raw))
    )

    if not found:
        raise SetupError(
            f"{cls.__name__} has no hook: override one of {', '.join(_HOOKS)}."
        )

    for name in found:
        if is_async(getattr(cls, name)):
            raise SetupError(
                f"{cls.__name__}.{name} is async; WSGI is not. Write it with def."
            )

    return found
