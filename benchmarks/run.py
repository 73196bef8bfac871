"""Measure what the toolkit costs, beside the least possible and its peers.

python benchmarks/run.py [suite ...] [--ir] [--json FILE] [--rounds N] [--check]

Times are microseconds; those of a busy machine vary by a factor of two, so judge
by ratios, and by instructions (--ir) before times. --check compares with
targets.json and exits with 1 if something is over its budget.
"""

from __future__ import annotations

import argparse
import sys
import typing as t
from pathlib import Path

if __name__ == "__main__":
    # Beside this file modules are called like libraries; start one folder above.
    sys.path[0] = str(Path(__file__).parents[1])

from benchmarks import instructions
from benchmarks import report
from benchmarks import targets
from benchmarks.race import race
from benchmarks.suites import cases_of
from benchmarks.suites import SUITES

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.figures import Result
    from benchmarks.model import Case

__all__ = ["main"]

_ROUNDS = 200


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for and return the exit code."""
    given = _parser().parse_args(arguments)
    counting = _counting() if given.ir else False
    results = []

    for case in cases_of(given.suites or SUITES):
        result = _measure(case, given.rounds, counting=counting)
        _say(report.table(result), "")
        results.append(result)

    if given.json:
        given.json.write_text(report.as_json(results), encoding="utf-8")

    if not given.check:
        return 0

    findings = targets.compare(results, targets.load())
    _say(targets.report(findings))
    return int(any(finding.verdict == "OVER" for finding in findings))


def _measure(case: Case, rounds: int, *, counting: bool) -> Result:
    kir = instructions.count(case) if counting and case.counted else None
    return race(case, rounds, kir=kir)


def _counting() -> bool:
    reason = instructions.unavailable()

    if reason:
        _say(f"no instructions, only times: {reason}", "")

    return reason is None


def _say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)  # a program talks


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("suites", nargs="*", metavar="suite", help=f"default: {', '.join(SUITES)}")
    add("--ir", action="store_true", help="count instructions too, with valgrind")
    add("--json", type=Path, metavar="FILE", help="write the figures to a file")
    add("--rounds", type=_positive, default=_ROUNDS, metavar="N")
    add("--check", action="store_true", help="compare with targets.json")
    return parser


def _positive(text: str) -> int:
    number = int(text)

    if number < 1:
        raise ValueError(text)

    return number


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
