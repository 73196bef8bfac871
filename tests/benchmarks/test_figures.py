import json

import pytest

from benchmarks.figures import Figures
from benchmarks.figures import ratio
from benchmarks.figures import Result
from benchmarks.figures import result_of
from benchmarks.model import Role

ROLES: dict[str, Role] = {
    "bare": "base",
    "hand": "limit",
    "dear": "peer",
    "cheap": "peer",
    "ours": "ours",
}
TOOK = {
    "bare": [1000.0, 2000.0, 9000.0],
    "hand": [3000.0, 4000.0, 11000.0],
    "dear": [11000.0, 12000.0, 19000.0],
    "cheap": [6000.0, 7000.0, 14000.0],
    "ours": [4000.0, 11000.0, 12000.0],
}


def _result(kir: dict[str, float] | None = None) -> Result:
    return result_of("made-up/one", TOOK, roles=ROLES, kir=kir, skipped=["a line"])


def _row(result: Result, name: str) -> Figures:
    row = result.row(name)
    assert row is not None
    return row


def test_overhead_is_paired() -> None:
    """What a slow round adds to all contestants does not count as overhead."""
    ours = _row(_result(), "ours")

    assert (ours.min, ours.median, ours.over, ours.over_min) == (4, 11, 3, 3)


def test_ratios_compare_what_is_added_to_the_base() -> None:
    """The base's own cost is no part of a ratio; the cheapest peer counts."""
    result = _result()
    ours = _row(result, "ours")

    assert result.to_limit(ours) == pytest.approx(3 / 2)
    assert result.to_best_peer(ours) == pytest.approx(3 / 5)


def test_instructions_win_over_time() -> None:
    """Where both were counted, a ratio is one of instructions."""
    result = _result({"bare": 100, "hand": 110, "ours": 140})
    ours = _row(result, "ours")

    assert (ours.kir, ours.over_kir) == (140, 40)
    assert result.to_limit(ours) == pytest.approx(4)
    # Not counted for the peers: those are compared by time.
    assert result.to_best_peer(ours) == pytest.approx(3 / 5)


def test_without_a_base_all_of_it_counts() -> None:
    """A case of pure functions has no base."""
    took = {"hand": [1000.0, 1000.0], "ours": [3000.0, 2000.0]}
    result = result_of("pure/one", took, roles=ROLES, kir={"hand": 2, "ours": 5})
    ours = _row(result, "ours")

    assert (ours.over, ours.over_kir) == (2.5, 5)
    assert result.to_limit(ours) == pytest.approx(2.5)
    assert result.to_best_peer(ours) is None


def test_no_limit_no_ratio() -> None:
    """A case without a limit has no ratio to one."""
    result = result_of("pure/two", {"ours": [1.0]}, roles=ROLES)

    assert result.to_limit(_row(result, "ours")) is None


def test_nothing_measurable_gives_no_ratio() -> None:
    """Where the other costs less than the base, noise is all there is."""
    result = _result()

    assert ratio(_row(result, "ours"), _row(result, "bare")) is None


def test_a_base_that_was_not_counted_leaves_no_difference() -> None:
    """Instructions over the base need those of the base."""
    assert _row(_result({"ours": 140}), "ours").over_kir is None


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        pytest.param("over", 3, id="field"),
        pytest.param("x limit", 1.5, id="limit"),
        pytest.param("x best peer", 0.6, id="best"),
        pytest.param("x dear", 0.3, id="named"),
        pytest.param("x nobody", None, id="absent"),
        pytest.param("modules", 7, id="fact"),
        pytest.param("no such thing", None, id="unknown"),
    ],
)
def test_measures(measure: str, value: float | None) -> None:
    """A target can name a field, a fact, or a ratio to anybody."""
    facts = {"ours": {"modules": 7.0}}
    result = result_of("made-up/one", TOOK, roles=ROLES, facts=facts)

    assert result.measure(_row(result, "ours"), measure) == pytest.approx(value)


def test_it_fits_into_json() -> None:
    """A result survives JSON, its ratios with it."""
    read = json.loads(json.dumps(_result().to_dict()))

    assert read["case"] == "made-up/one"
    assert read["rows"][-1]["to_limit"] == pytest.approx(1.5)
    assert read["skipped"] == ["a line"]
