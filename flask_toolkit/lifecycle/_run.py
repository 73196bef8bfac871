"""What one application has begun and must end in this process."""

from __future__ import annotations

import atexit
import os
import traceback
import typing as t
import weakref

from ._once import Once

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from ._trace import Trace

_runs: t.Final[weakref.WeakSet[Run]] = weakref.WeakSet()


class Run:
    """The state of an application that differs from process to process."""

    __slots__ = (
        "__weakref__",
        "_end",
        "_told",
        "first",
        "is_ready",
        "startup",
        "trace",
    )

    def __init__(self) -> None:
        self.startup: Once = Once()
        self.first: Once = Once()
        self.is_ready: bool = False
        """Whether a request has nothing to begin any more."""

        self.trace: Trace | None = None
        self._told: set[tuple[object, ...]] = set()
        self._end: Callable[[], None]
        _runs.add(self)

    def reset(self) -> None:
        """Begin anew, in a forked child."""
        self.startup.reset()
        self.first.reset()
        self.is_ready = False

    def is_news(self, error: BaseException) -> bool:
        """Tell whether a failure is the first of its kind, from its place."""
        last = traceback.extract_tb(error.__traceback__)[-1]
        cause = (type(error), last.filename, last.lineno)
        known = cause in self._told
        self._told.add(cause)
        return not known

    def at_exit(self, end: Callable[[], None]) -> None:
        """Call ``end`` when this process ends, and in none that it forks.

        Such a one inherits the handler (its startup has not run). The handler does
        not hold the application, and what is gone has nothing to end.
        """
        self._end = end
        pid = os.getpid()

        def at_exit() -> None:
            run = here()

            if run is not None and os.getpid() == pid:
                run._end()  # noqa: SLF001  # its own

        # Its end takes the handler out: a test makes a thousand applications.
        here = weakref.ref(self, lambda _: atexit.unregister(at_exit))
        atexit.register(at_exit)


def _begin_anew() -> None:
    for run in list(_runs):
        run.reset()


if hasattr(os, "register_at_fork"):  # pragma: no branch  # Windows does not fork
    os.register_at_fork(after_in_child=_begin_anew)
