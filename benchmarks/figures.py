"""From raw measurements to the figures that are shown and judged."""

from __future__ import annotations

import typing as t
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from statistics import median

from .model import Role

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence

__all__ = ["Figures", "Result", "ratio", "result_of"]

_US = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was found out about one contestant; times in microseconds."""

    name: str
    role: Role
    min: float
    median: float

    over: float
    """The median of the differences from the base, each within one round."""

    over_min: float
    """The difference of the minima, which a busy machine disturbs least."""

    kir: float | None = None
    """Thousands of instructions for one run."""

    over_kir: float | None = None
    """Those that the base does not need."""

    facts: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A case that was measured."""

    title: str
    rounds: int
    rows: tuple[Figures, ...]
    skipped: tuple[str, ...] = ()
    """A line for each contestant that was left out, and why."""

    def row(self, name: str) -> Figures | None:
        """Return the figures of a contestant, if it took part."""
        return next((row for row in self.rows if row.name == name), None)

    def to_limit(self, row: Figures) -> float | None:
        """Return how often ``row`` contains the least that the job needs."""
        limits = [other for other in self.rows if other.role == "limit"]
        return ratio(row, limits[0]) if limits else None

    def to_best_peer(self, row: Figures) -> float | None:
        """Return the ratio to the peer that costs least."""
        ratios = [ratio(row, other) for other in self.rows if other.role == "peer"]
        return max((each for each in ratios if each is not None), default=None)

    def measure(self, row: Figures, name: str) -> float | None:
        """Return what a target calls ``name``, or ``None`` if it was not measured.

        Known are the fields of :class:`Figures`, the facts of a contestant,
        ``x limit``, ``x best peer``, and ``x`` with the name of any contestant.
        """
        if name == "x limit":
            return self.to_limit(row)

        if name == "x best peer":
            return self.to_best_peer(row)

        if name.startswith("x "):
            other = self.row(name.removeprefix("x "))
            return None if other is None else ratio(row, other)

        if name in row.facts:
            return row.facts[name]

        found: float | None = getattr(row, name, None)
        return found

    def to_dict(self) -> dict[str, t.Any]:
        """Return it as JSON can hold it, ratios included."""
        rows = [
            asdict(row)
            | {"to_limit": self.to_limit(row), "to_best_peer": self.to_best_peer(row)}
            for row in self.rows
        ]
        return {
            "case": self.title,
            "rounds": self.rounds,
            "rows": rows,
            "skipped": list(self.skipped),
        }


def ratio(one: Figures, other: Figures) -> float | None:
    """Return how many times ``other`` fits into ``one``, over the base.

    By instructions where both were counted, else by the minima of time. ``None``
    where ``other`` costs nothing that could be measured.
    """
    if one.over_kir is not None and other.over_kir is not None:
        above, below = one.over_kir, other.over_kir
    else:
        above, below = one.over_min, other.over_min

    return above / below if below > 0 else None


def result_of(
    title: str,
    took: Mapping[str, Sequence[float]],
    *,
    roles: Mapping[str, Role],
    kir: Mapping[str, float] | None = None,
    facts: Mapping[str, Mapping[str, float]] | None = None,
    skipped: Iterable[str] = (),
) -> Result:
    """Return the figures of a case from its rounds.

    :param took: Nanoseconds of one run, by contestant; one entry a round.
    :param kir: Thousands of instructions of one run, where they were counted.
    """
    base = next((name for name in took if roles[name] == "base"), None)
    counts = kir or {}
    zero = [0.0] * len(next(iter(took.values()), []))
    base_times = took[base] if base else zero
    base_kir = counts.get(base) if base else 0.0
    rows = []

    for name, times in took.items():
        own = counts.get(name)
        known = own is not None and base_kir is not None
        rows.append(
            Figures(
                name=name,
                role=roles[name],
                min=min(times) / _US,
                median=median(times) / _US,
                over=median(a - b for a, b in zip(times, base_times, strict=True))
                / _US,
                over_min=(min(times) - min(base_times)) / _US,
                kir=own,
                over_kir=t.cast("float", own) - t.cast("float", base_kir)
                if known
                else None,
                facts=dict((facts or {}).get(name, {})),
            )
        )

    return Result(
        title=title, rounds=len(zero), rows=tuple(rows), skipped=tuple(skipped)
    )
