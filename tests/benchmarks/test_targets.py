import json
from pathlib import Path

import pytest

from benchmarks import targets
from benchmarks.figures import Result
from benchmarks.figures import result_of
from benchmarks.suites import cases_of
from benchmarks.suites import SUITES
from benchmarks.targets import Finding
from benchmarks.targets import Target


def _target(limit: float, *, measure: str = "over", goal: bool = False) -> Target:
    return Target(
        case="made-up/one",
        contestant="ours",
        measure=measure,
        limit=limit,
        source="design, section 8",
        goal=goal,
    )


@pytest.fixture(name="result")
def _result() -> Result:
    """Return a run in which ours adds 3 us."""
    took = {"bare": [1000.0], "ours": [4000.0]}
    return result_of("made-up/one", took, roles={"bare": "base", "ours": "ours"})


@pytest.mark.parametrize(
    ("target", "verdict"),
    [
        pytest.param(_target(3), "ok", id="met"),
        pytest.param(_target(2.9), "OVER", id="over"),
        pytest.param(_target(2.9, goal=True), "goal missed", id="goal"),
        pytest.param(_target(1, measure="kir"), "not measured", id="absent"),
    ],
)
def test_verdicts(result: Result, target: Target, verdict: str) -> None:
    """Over the budget is over, by however little."""
    [finding] = targets.compare([result], [target])

    assert finding.verdict == verdict


def test_only_what_ran_is_judged(result: Result) -> None:
    """A run of one suite says nothing of the others."""
    other = Target(
        case="other/one", contestant="ours", measure="over", limit=1, source="-"
    )

    assert targets.compare([result], [other]) == []


def test_a_contestant_that_was_skipped_is_not_measured(result: Result) -> None:
    """Who did not take part met no budget."""
    target = Target(
        case="made-up/one", contestant="rival", measure="over", limit=1, source="-"
    )

    assert targets.compare([result], [target]) == [Finding(target, None)]


def test_a_report_lists_what_is_over_with_its_source() -> None:
    """Who reads it learns the figure, the budget and where it was decided."""
    findings = [
        Finding(_target(3), 2.0),
        Finding(_target(2), 3.456),
        Finding(_target(2), None),
    ]
    text = targets.report(findings)

    assert text.splitlines() == [
        "targets: 1 of 3 met",
        "  OVER         made-up/one ours: over 3.46 > 2",
        "               design, section 8",
        "  not measured made-up/one ours: over",
        "               design, section 8",
    ]


def test_a_file_of_budgets_is_read(tmp_path: Path) -> None:
    """A budget in the file is a budget."""
    row = {"case": "a/b", "contestant": "c", "measure": "over", "limit": 1}
    path = tmp_path / "targets.json"
    path.write_text(json.dumps([{**row, "source": "s", "goal": True}]))

    assert targets.load(path) == [
        Target(
            case="a/b", contestant="c", measure="over", limit=1, source="s", goal=True
        )
    ]


def test_each_budget_is_of_something_that_is_measured() -> None:
    """A budget with a name that nobody has would never be missed."""
    known = {
        (case.title, contestant.name)
        for case in cases_of(SUITES)
        for contestant in case.contestants
    }
    named = [(target.case, target.contestant) for target in targets.load()]
    others = [
        (target.case, target.measure.removeprefix("x "))
        for target in targets.load()
        if target.measure.startswith("x ")
        and target.measure not in {"x limit", "x best peer"}
    ]

    assert {*named, *others} <= known
