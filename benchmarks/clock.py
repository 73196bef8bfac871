"""Time: contestants take turns in short batches, so that noise hits all alike."""

from __future__ import annotations

import gc
import random
import typing as t
from time import perf_counter_ns

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping

__all__ = ["BATCH", "batch_size", "take_turns", "timed"]

BATCH = 1_000_000
"""Nanoseconds that a batch is meant to take."""


def timed(run: Callable[[], object], times: int) -> float:
    """Return the nanoseconds that one of ``times`` runs took on average.

    The garbage collector is off meanwhile: it would hit whoever comes at its time.
    """
    gc.disable()

    try:
        turns = range(times)
        began = perf_counter_ns()

        for _ in turns:
            run()

        return (perf_counter_ns() - began) / times
    finally:
        gc.enable()


def batch_size(run: Callable[[], object], duration: int = BATCH) -> int:
    """Return how many runs take about ``duration`` nanoseconds, at least one."""
    times = 1

    while (took := timed(run, times) * times) < duration / 2:
        times *= 2

    return max(1, round(times * duration / took))


def take_turns(
    runs: Mapping[str, Callable[[], t.Any]],
    rounds: int,
    *,
    rng: random.Random | None = None,
    duration: int = BATCH,
    told: bool = False,
) -> dict[str, list[float]]:
    """Return for each name the nanoseconds of one run, round by round.

    In a round each takes one batch, in an order that is shuffled anew; entries
    with one index were measured within the same few milliseconds.

    :param told: Each run returns the nanoseconds that count, and is a round.
    """
    rng = rng or random.Random()  # noqa: S311  # nothing secret
    sizes = {} if told else {n: batch_size(run, duration) for n, run in runs.items()}
    took: dict[str, list[float]] = {name: [] for name in runs}
    order = list(runs)

    for _ in range(rounds):
        rng.shuffle(order)

        for name in order:
            run = runs[name]
            took[name].append(run() if told else timed(run, sizes[name]))

    return took
