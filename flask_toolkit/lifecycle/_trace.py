"""What happened to a request, step by step."""

from __future__ import annotations

import typing as t
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace
from time import perf_counter

from ._describe import described

if t.TYPE_CHECKING:
    from collections.abc import Generator

    from ._around import Halves


@dataclass(slots=True)
class Step:
    """One step: a hook, a signal, or something that Flask does in between."""

    stage: str
    """Flask's word for it: ``before_request``, ``request_started`` ..."""

    name: str = ""
    """The function, endpoint or template; empty for a signal."""

    where: str = ""
    """File and line of the function."""

    outcome: str = ""
    """``answered``, ``raised LookupError``, ``got LookupError`` as its argument."""

    seconds: float | None = None
    """How long it took; ``None`` for a moment, which is not timed."""

    def __str__(self) -> str:
        outcome = f"({self.outcome})" if self.outcome else ""
        return " ".join(filter(None, (self.stage, self.name, outcome)))


class Trace:
    """The steps of all requests of an application while it was recorded.

    Requests of several threads mix: send one at a time.
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def __str__(self) -> str:
        return "\n".join(map(str, self.steps))

    def __repr__(self) -> str:
        return f"<Trace of {len(self.steps)} steps>"

    def clear(self) -> None:
        """Forget the steps so far, before the next request."""
        self.steps.clear()

    def mark(self, stage: str, name: str = "", outcome: str = "") -> None:
        """Write down a moment, also one of your own."""
        self.steps.append(Step(stage, name, outcome=outcome))

    @contextmanager
    def timed(self, step: Step) -> Generator[Step, None, None]:
        """Write ``step`` down now, and at the end how long it took."""
        self.steps.append(step)
        began = perf_counter()

        try:
            yield step
        except BaseException as error:
            step.outcome = f"raised {type(error).__name__}"
            raise
        finally:
            step.seconds = perf_counter() - began

    def followed(self, function: t.Any, halves: Halves) -> Halves:
        """Return a generator that does what ``halves`` does, on the record."""
        who = described(function)
        followed = _Followed(self, Step("around_request", who.short, who.where), halves)
        return t.cast("Halves", followed)


class _Followed:
    """A generator whose steps are written down."""

    def __init__(self, trace: Trace, step: Step, halves: Halves) -> None:
        self._trace = trace
        self._pattern = step
        self._halves = halves

    def __next__(self) -> None:
        with self._step("enters") as step:
            try:
                next(self._halves)
            except StopIteration as end:
                step.outcome = "enters" if end.value is None else "answered"
                raise

    def send(self, response: t.Any) -> None:
        with self._step("leaves"):
            self._halves.send(response)

    def throw(self, error: BaseException) -> None:
        with self._step(f"got {type(error).__name__}"):
            self._halves.throw(error)

    def close(self) -> None:
        with self._step("closed"):
            self._halves.close()

    @contextmanager
    def _step(self, outcome: str) -> Generator[Step, None, None]:
        step = replace(self._pattern, outcome=outcome)
        raised: BaseException | None = None

        # The end of a generator is no failure of it.
        with self._trace.timed(step):
            try:
                yield step
            except StopIteration as end:
                raised = end

        if raised is not None:
            raise raised
