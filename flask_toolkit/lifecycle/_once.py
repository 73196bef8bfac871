"""Steps that run once in a process, whoever comes first."""

from __future__ import annotations

import threading
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence


class Once:
    """Run steps once, in order; a second try goes on with the one that failed.

    The lock is made at the first use: one made at import, before gevent has
    patched the threads, would stop all greenlets instead of one.

    >>> once, done = Once(), []
    >>> once.run([lambda: done.append("a"), lambda: done.append("b")], wait=1)
    True
    >>> once.run([lambda: done.append("a")], wait=1), once.is_done, done
    (True, True, ['a', 'b'])
    """

    __slots__ = ("_failures", "_lock", "_runner", "_steps_done", "is_done")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all: in a forked child nothing has run, and no thread holds it."""
        self.is_done: bool = False
        self._steps_done: int = 0
        self._failures: int = 0
        self._runner: int | None = None
        self._lock: dict[str, threading.Lock] = {}

    @property
    def has_begun(self) -> bool:
        """Tell whether a step runs or has run, so that none can be added."""
        return self._runner is not None or self._steps_done > 0 or self.is_done

    def run(self, steps: Sequence[Callable[[], object]], *, wait: float) -> bool:
        """Run what is left of ``steps``, or wait for the thread that does.

        What a step itself calls passes at once. When a step fails, those that wait
        do not try it again one after the other: the next one to come does.

        :param wait: How many seconds to wait for the other thread.
        :returns: Whether the steps are done, or this thread is doing them.
        """
        failures = self._failures
        # setdefault() is atomic: all threads get the same lock.
        lock = self._lock.setdefault("lock", threading.Lock())

        if self._runner == threading.get_ident():
            return True

        if not lock.acquire(timeout=wait):
            return False

        try:
            if self._failures != failures:
                return False

            self._runner = threading.get_ident()

            for step in steps[self._steps_done :]:
                step()
                self._steps_done += 1

            self.is_done = True
        except Exception:
            self._failures += 1
            raise
        finally:
            self._runner = None
            lock.release()

        return True
