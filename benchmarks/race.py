"""One case from set-up to figures."""

from __future__ import annotations

import typing as t

from .clock import take_turns
from .figures import result_of
from .model import missing

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from .figures import Result
    from .model import Case
    from .model import Subject

__all__ = ["prepare", "race"]


def prepare(case: Case) -> tuple[dict[str, Subject], list[str]]:
    """Set up and check the contestants; name those that are not installed.

    :raises RuntimeError: If one of them does not do its job.
    """
    subjects = {}
    skipped = []

    for contestant in case.contestants:
        absent = missing(contestant)

        if absent:
            skipped.append(f"{contestant.name} skipped: pip install {' '.join(absent)}")
            continue

        subject = contestant.make()

        try:
            subject.run()
            subject.check()
        except Exception as error:
            raise RuntimeError(f"{case.title}, {contestant.name}: {error}") from error

        subjects[contestant.name] = subject

    return subjects, skipped


def race(case: Case, rounds: int, *, kir: Mapping[str, float] | None = None) -> Result:
    """Measure a case.

    :param kir: Thousands of instructions by contestant, if they were counted.
    """
    subjects, skipped = prepare(case)
    rounds = min(rounds, case.rounds or rounds)
    runs = {name: subject.run for name, subject in subjects.items()}
    return result_of(
        case.title,
        take_turns(runs, rounds, told=case.told),
        roles={each.name: each.role for each in case.contestants},
        kir=kir,
        facts={name: subject.facts for name, subject in subjects.items()},
        skipped=skipped,
    )
