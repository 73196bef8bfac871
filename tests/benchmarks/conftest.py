"""Make the folder of the benchmarks importable, and a case that takes no time."""

import os
import sys
import typing as t
from pathlib import Path

import pytest

# At the end: a toolkit that is installed stays the one that is tested.
sys.path.append(str(Path(__file__).parents[2]))

if t.TYPE_CHECKING:
    from collections.abc import Generator

    from benchmarks.model import Case


@pytest.fixture(name="case")
def _case() -> "Case":
    """Return a case of a base, a limit, a peer that is missing, and ours."""
    from benchmarks.model import Case
    from benchmarks.model import Contestant
    from benchmarks.model import Subject

    def make() -> Subject:
        return Subject(int, lambda: None, {"modules": 3})

    return Case(
        suite="made-up",
        name="nothing",
        contestants=(
            Contestant(name="bare", role="base", make=make),
            Contestant(name="by hand", role="limit", make=make),
            Contestant(
                name="rival", role="peer", make=make, needs={"no_such_": "rival-dist"}
            ),
            Contestant(name="ours", role="ours", make=make),
        ),
        rounds=3,
    )


@pytest.fixture(name="clean_environ")
def _clean_environ() -> "Generator[None]":
    """Take back what a suite puts into the environment."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
