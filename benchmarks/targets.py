"""Budgets: what a run may cost at most, and where that was decided."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass
from pathlib import Path

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

    from .figures import Result

__all__ = ["Finding", "Target", "compare", "load", "report"]

FILE = Path(__file__).with_name("targets.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One budget."""

    case: str
    contestant: str
    measure: str
    limit: float
    source: str
    """Design file and section."""

    goal: bool = False
    """Something to reach for: told when missed, but no failure."""


class Finding(t.NamedTuple):
    """What became of a budget; no value where it was not measured."""

    target: Target
    value: float | None

    @property
    def verdict(self) -> str:
        """Return ``ok``, ``OVER``, ``goal missed`` or ``not measured``."""
        if self.value is None:
            return "not measured"

        if self.value <= self.target.limit:
            return "ok"

        return "goal missed" if self.target.goal else "OVER"


def load(path: Path = FILE) -> list[Target]:
    """Read the budgets of a file."""
    return [Target(**each) for each in json.loads(path.read_text(encoding="utf-8"))]


def compare(results: Iterable[Result], targets: Iterable[Target]) -> list[Finding]:
    """Hold what was measured against the budgets of the cases that ran."""
    by_title = {result.title: result for result in results}
    found = []

    for target in targets:
        if target.case in by_title:
            result = by_title[target.case]
            row = result.row(target.contestant)
            value = None if row is None else result.measure(row, target.measure)
            found.append(Finding(target, value))

    return found


def report(findings: Sequence[Finding]) -> str:
    """Return a table of what is over its budget or was not measured."""
    bad = [finding for finding in findings if finding.verdict != "ok"]
    lines = [f"targets: {len(findings) - len(bad)} of {len(findings)} met"]

    for target, value in bad:
        verdict = Finding(target, value).verdict
        figure = "" if value is None else f"{value:.3g} > {target.limit:g}"
        lines += [
            f"  {verdict:<12} {target.case} {target.contestant}: {target.measure}"
            f" {figure}".rstrip(),
            f"               {target.source}",
        ]

    return "\n".join(lines)
