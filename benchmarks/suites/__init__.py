"""The suites, one module each, with its cases in ``CASES``."""

from __future__ import annotations

import typing as t

from benchmarks.model import module

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.model import Case

__all__ = ["SUITES", "cases_of", "find"]

SUITES = (
    "toolkit",
    "jwt",
    "refusals",
    "tokens",
    "guard",
    "safe_next",
    "signing",
    "sessions",
    "middleware",
    "signals",
    "lifecycle",
    "problems",
    "routing",
    "config",
    "start",
)


def cases_of(suites: Iterable[str]) -> list[Case]:
    """Return the cases of these suites, in order.

    :raises SystemExit: If there is no such suite.
    """
    found: list[Case] = []

    for name in suites:
        if name not in SUITES:
            raise SystemExit(f"No suite {name!r}. There are: {', '.join(SUITES)}.")

        found += module(f"{__name__}.{name}").CASES

    return found


def find(title: str) -> Case:
    """Return the case that tables call ``title``."""
    suite = title.partition("/")[0]
    return next(case for case in cases_of([suite]) if case.title == title)
