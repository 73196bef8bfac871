import gc
import random
import time

import pytest

from benchmarks.clock import batch_size
from benchmarks.clock import take_turns
from benchmarks.clock import timed


def test_no_collection_inside_a_batch() -> None:
    """The collector is off while it counts, and on again after."""
    seen: list[bool] = []

    assert timed(lambda: seen.append(gc.isenabled()), 3) > 0
    assert seen == [False] * 3
    assert gc.isenabled()


def test_collection_is_on_again_after_an_error() -> None:
    """A contestant that fails does not leave the process without a collector."""

    def fail() -> None:
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        timed(fail, 1)

    assert gc.isenabled()


def test_fast_ones_run_often_slow_ones_once() -> None:
    """A batch takes about as long for all."""
    assert batch_size(int, 100_000) > 10
    assert batch_size(lambda: time.sleep(0.001), 1000) == 1


def test_all_take_turns() -> None:
    """Each contestant has one figure a round."""
    runs = {"one": int, "two": float}
    took = take_turns(runs, 4, rng=random.Random(7), duration=1000)

    assert {name: len(times) for name, times in took.items()} == {"one": 4, "two": 4}
    assert min(took["one"]) > 0


def test_a_process_tells_its_own_time() -> None:
    """What a run returns is the figure, and a round is one run."""
    took = take_turns({"one": lambda: 7, "two": lambda: 9}, 2, told=True)

    assert took == {"one": [7, 7], "two": [9, 9]}
