"""What is measured: cases, their contestants, and what a contestant does."""

from __future__ import annotations

import importlib
import importlib.util
import typing as t
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

__all__ = ["Case", "Contestant", "Role", "Subject", "expect", "missing", "module"]

Role = t.Literal["base", "limit", "peer", "ours"]


class Subject(t.NamedTuple):
    """A contestant that is set up and ready to run."""

    run: Callable[[], t.Any]
    """One operation; this is what is timed."""

    check: Callable[[], None]
    """Fails unless ``run`` does the job: an answer that is wrong costs nothing."""

    facts: Mapping[str, float] = {}
    """What is counted once and does not vary, such as imported modules."""

    code: str = ""
    """What a Python of its own runs, where ``run`` starts one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One way to do the job of a case."""

    name: str

    role: Role
    """``base``: the same without the job. ``limit``: the least code, by hand."""

    make: Callable[[], Subject]

    needs: Mapping[str, str] = field(default_factory=dict)
    """Modules that may be missing, and the distributions that bring them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Contestants that do one job, measured together."""

    suite: str

    name: str

    contestants: tuple[Contestant, ...]

    rounds: int | None = None
    """At most so many, for operations that take long."""

    counted: bool = True
    """Whether instructions can be counted."""

    told: bool = False
    """Whether ``run`` starts a process, which tells how many nanoseconds of the
    processor the job took; else ``run`` is the job, and is timed."""

    @property
    def title(self) -> str:
        """Return what tables and targets call it."""
        return f"{self.suite}/{self.name}"


def module(name: str) -> t.Any:
    """Import by name what type checkers may not find here."""
    return importlib.import_module(name)


def missing(contestant: Contestant) -> list[str]:
    """Return the distributions that are missing for a contestant."""
    return [
        distribution
        for name, distribution in contestant.needs.items()
        if importlib.util.find_spec(name) is None
    ]


def expect(fact: bool, problem: object) -> None:
    """Fail with ``problem`` unless ``fact`` holds; also where Python runs with -O."""
    if not fact:
        raise AssertionError(problem)
