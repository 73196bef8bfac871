"""What a run prints, at most 80 columns wide, and what it writes as JSON."""

from __future__ import annotations

import json
import platform
import typing as t
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

    from .figures import Figures
    from .figures import Result

__all__ = ["as_json", "table", "versions"]

_NAME = 22
_HEAD = ("min", "median", "over", "kIr", "over kIr", "x limit", "x peer")
_WIDTHS = (8, 8, 8, 9, 9, 8, 7)
_NOTED = ("flask", "werkzeug", "blinker", "pyjwt", "cryptography")


def table(result: Result) -> str:
    """Return the figures of a case as text; times are microseconds.

    ``over`` is what the contestant adds to the base. The two ratios compare that:
    by instructions where they were counted, else by the smallest times.
    """
    lines = [f"{result.title}  ({result.rounds} rounds, us)", _line("", _HEAD)]
    lines += [_line(row.name, _cells(result, row)) for row in result.rows]

    for row in result.rows:
        if row.facts:
            facts = ", ".join(f"{name} {value:g}" for name, value in row.facts.items())
            lines.append(f"  {row.name}: {facts}")

    lines += [f"  {line}" for line in result.skipped]
    return "\n".join(lines)


def as_json(results: Iterable[Result]) -> str:
    """Return a run as JSON: the figures, and on what they were taken."""
    document = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "versions": versions(),
        "cases": [result.to_dict() for result in results],
    }
    return json.dumps(document, indent=2) + "\n"


def versions(names: Sequence[str] = _NOTED) -> dict[str, str]:
    """Return the versions of those distributions that are installed."""
    found = {}

    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue

    return found


def _cells(result: Result, row: Figures) -> list[str]:
    return [
        _number(row.min),
        _number(row.median),
        "" if row.role == "base" else _number(row.over),
        _number(row.kir),
        "" if row.role == "base" else _number(row.over_kir),
        "" if row.role in {"base", "limit"} else _ratio(result.to_limit(row)),
        _ratio(result.to_best_peer(row)) if row.role == "ours" else "",
    ]


def _line(name: str, cells: Sequence[str]) -> str:
    columns = [cell.rjust(width) for cell, width in zip(cells, _WIDTHS, strict=True)]
    return f"{name[:_NAME]:<{_NAME}}{''.join(columns)}".rstrip()


def _number(value: float | None) -> str:
    if value is None:
        return ""

    size = abs(value)
    places = 3 if size < 1 else 2 if size < 100 else 1 if size < 10000 else 0  # noqa: PLR2004  # powers of ten
    return f"{value:.{places}f}"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
