"""The body of an answer, and the end of a request."""

from __future__ import annotations

import functools
import typing as t

from ._scope import log_failure
from ._scope import logger

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence
    from contextvars import Context
    from wsgiref.types import WSGIEnvironment

    from flask import Flask

    from ._scope import Scope
    from ._steps import Finishes

__all__ = ["conclude", "wrapped"]

# Not Final: type checkers would take each for the only value there is.
_OPEN: int = 0
_BUSY: int = 1  # inside next
_WANTED: int = 2  # inside next, and to be closed after it
_CLOSED: int = 3


class Body:
    """The body of an answer, which knows when it has ended."""

    __slots__ = (
        "_close",
        "_completed",
        "_context",
        "_error",
        "_finishes",
        "_owner",
        "_scope",
        "_source",
        "_stage",
    )

    def __init__(
        self,
        source: Iterable[bytes],
        scope: Scope,
        finishes: Finishes,
        context: Context | None,
        owner: Flask | None,
    ) -> None:
        self._source: Iterable[bytes] = source
        self._close: Callable[[], object] | None = getattr(source, "close", None)
        self._scope: Scope = scope
        self._finishes: Finishes = finishes
        self._context: Context | None = context
        self._owner: Flask | None = owner
        self._completed: bool | None = False
        self._error: BaseException | None = None
        self._stage: int = _OPEN

    def sent_by_server(self) -> None:
        """Give up the body to the server, and only be told when it closes it."""
        file: t.Any = self._source
        file.close = self.close
        self._source, self._completed = (), None

    def __iter__(self) -> Iterator[bytes]:
        # Cheaper than a __next__ written in Python. The generator holds this object,
        # not the other way round, so that what is dropped is freed at once.
        if self._stage != _OPEN:
            return

        self._stage = _BUSY

        try:
            for chunk in self._chunks():
                if self._stage == _BUSY:
                    self._stage = _OPEN
                else:
                    self._end()

                yield chunk

                if self._stage == _CLOSED:
                    return

                self._stage = _BUSY

            self._completed = True
        except GeneratorExit:
            raise
        except BaseException as error:
            self._error = self._error or error
            raise
        finally:
            if self._stage == _BUSY:
                self._stage = _OPEN
            elif self._stage == _WANTED:
                self._end()

    def close(self) -> None:
        """End the answer, once; during a ``next`` of another greenlet, after it."""
        if self._stage == _OPEN:
            self._end()
        elif self._stage == _BUSY:
            self._stage = _WANTED

    def __del__(self) -> None:
        if self._stage == _CLOSED:
            return

        try:
            self._end()
        except Exception as error:  # noqa: BLE001  # logged
            log_failure(self._scope, "Closing an abandoned answer failed", error)

        # Test clients leave answers open; of a server it is against PEP 3333.
        if "SERVER_SOFTWARE" in self._scope.environ:
            logger.warning(
                "The server dropped an answer without close() (request %s)",
                self._scope.request_id or "-",
            )

    def _chunks(self) -> Iterable[bytes]:
        if self._context is None:
            return self._source

        run = self._context.run
        step = functools.partial(run, run(iter, self._source).__next__)
        # No chunk equals this object: it ends where the body ends.
        return iter(step, t.cast("bytes", self))

    def _end(self) -> None:
        self._stage = _CLOSED

        if self._context is None:
            self._conclude()
        else:
            self._context.run(self._conclude)

    def _conclude(self) -> None:
        error = self._error

        try:
            if self._close is not None:
                self._close()
        except BaseException as late:
            error = error or late
            raise
        finally:
            self._scope.completed = self._completed
            conclude(self._scope, self._finishes, error, self._owner)
            # Tracebacks point back here.
            self._error = error = None


class SizedBody(Body):
    """The body made of a list: of one chunk, servers tell the length."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(t.cast("Sequence[bytes]", self._source))

    def _chunks(self) -> Iterable[bytes]:
        return self._source


def wrapped(
    source: Iterable[bytes], environ: WSGIEnvironment, *ending: t.Any
) -> Iterable[bytes]:
    """Return ``source`` as a body that calls the ``finish`` hooks at its end."""
    if isinstance(source, (list, tuple)):
        return SizedBody(source, *ending)

    body = Body(source, *ending)
    wrapper = environ.get("wsgi.file_wrapper")

    if isinstance(wrapper, type) and isinstance(source, wrapper):
        # Inside another object the server would not see that it can use sendfile.
        try:
            body.sent_by_server()
        except (AttributeError, TypeError):
            pass
        else:
            return source

    return body


def conclude(
    scope: Scope, finishes: Finishes, error: BaseException | None, owner: Flask | None
) -> None:
    """Call every ``finish``, then what waits for the end; a failure stops none."""
    for name, finish in finishes:
        try:
            finish(scope, error)
        except Exception as failure:  # noqa: BLE001  # logged
            log_failure(scope, f"finish of middleware {name!r} failed", failure)

    if owner is not None:
        scope.run_after(owner)
