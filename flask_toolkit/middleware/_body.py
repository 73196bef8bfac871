"""The body of an answer, and the end of a request."""

from __future__ import annotations

import typing as t

from ._scope import log_failure
from ._scope import logged
from ._scope import logger

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence
    from contextvars import Context

    from flask import Flask

    from ._scope import Scope
    from ._steps import Finishes

__all__ = ["Body", "SizedBody"]

# Not Final: type checkers would take each for the only value there is.
_OPEN: int = 0
_BUSY: int = 1  # inside next
_WANTED: int = 2  # inside next, and to be closed after it
_CLOSED: int = 3
_PLAIN: t.Any = (list, tuple)


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
        self._scope: Scope = scope
        self._finishes: Finishes = finishes
        self._context: Context | None = context
        self._owner: Flask | None = owner
        self._completed: bool | None = False
        self._error: BaseException | None = None
        self._stage: int = _OPEN
        # Set for a file only, which is no longer the source then.
        self._close: Callable[[], object] | None

    def hear_of_end(self) -> bool:
        """Give up a file to the server, which sends it, and only hear of its end.

        Inside another object the server would not see that it can use sendfile.

        :returns: Whether the file lets itself be watched.
        """
        file: t.Any = self._source
        close = getattr(file, "close", None)

        try:
            file.close = self.close
        except (AttributeError, TypeError):
            return False

        self._source, self._close, self._completed = (), close, None
        return True

    def __iter__(self) -> Iterator[bytes]:
        # Cheaper than a __next__ written in Python. The generator holds this object,
        # not the other way round, so that what is dropped is freed at once.
        if self._stage != _OPEN:
            return

        self._stage = _BUSY
        run = None if self._context is None else self._context.run
        # No chunk equals this object: it stands for the end.
        end: t.Any = self

        try:
            chunks = iter(self._source) if run is None else run(iter, self._source)

            while True:
                # Three times as fast as an iterator that calls run().
                chunk = next(chunks, end) if run is None else run(next, chunks, end)

                if chunk is end:
                    break

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

    def fail(self, error: BaseException) -> None:
        """End the answer: there is none, for ``error`` came instead."""
        self._error = error
        self._end()

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

    def _end(self) -> None:
        self._stage = _CLOSED

        if self._context is None:
            self._conclude()
        else:
            self._context.run(self._conclude)

    def _conclude(self) -> None:
        """Close what is inside, call every ``finish``, and end the request.

        In one function: each that a request goes through costs it a cold memory.
        """
        scope, error = self._scope, self._error
        close = getattr(self._source, "close", None)

        if self._completed is None:
            # A file wrapper and its close() know each other.
            close, self._close = self._close, None

        try:
            if close is not None:
                close()
        except BaseException as late:
            error = error or late
            raise
        finally:
            scope.completed = self._completed
            fatal: BaseException | None = None

            for name, finish in self._finishes:
                try:
                    finish(scope, error)
                except BaseException as failure:  # noqa: BLE001  # others follow
                    what = f"finish of middleware {name!r} failed"
                    fatal = logged(scope, what, failure, fatal)

            try:
                if self._owner is not None:
                    scope.leave(self._owner)
            finally:
                # Tracebacks point back here.
                self._error = error = None

                if fatal is not None:
                    raise fatal


class SizedBody(Body):
    """The body made of a list: of one chunk, servers tell the length."""

    __slots__ = ()

    def __iter__(self) -> Iterator[bytes]:
        if type(self._source) not in _PLAIN:
            yield from super().__iter__()
        elif self._stage == _OPEN:
            # No code of the application runs in between: there is nothing to guard.
            for chunk in self._source:
                yield chunk

                if self._stage == _CLOSED:
                    return

            self._completed = True

    def __len__(self) -> int:
        return len(t.cast("Sequence[bytes]", self._source))
