import json

import pytest

from benchmarks import report
from benchmarks.figures import Result
from benchmarks.figures import result_of


@pytest.fixture(name="result")
def _result() -> Result:
    """Return figures of all sizes."""
    return result_of(
        "made-up/one",
        {
            "bare": [100.0, 120.0],
            "a way of doing it with a name": [123_456_789.0, 223_456_789.0],
            "by hand": [2_345.0, 2_345.0],
            "ours": [345_678.0, 345_678.0],
        },
        roles={
            "bare": "base",
            "a way of doing it with a name": "peer",
            "by hand": "limit",
            "ours": "ours",
        },
        kir={"bare": 0.1, "by hand": 12.3, "ours": 123456.7},
        facts={"ours": {"modules": 59}},
        skipped=["rival skipped: pip install rival"],
    )


def test_a_table_fits_the_terminal(result: Result) -> None:
    """No line is wider than 80 columns, and all columns stand below their head."""
    lines = report.table(result).splitlines()
    head = lines[1]

    assert max(map(len, lines)) <= 80
    assert lines[0] == "made-up/one  (2 rounds, us)"
    assert len(lines[5]) == len(head)
    assert lines[4].endswith("12.20")
    assert len(lines[4]) == head.index("over kIr") + len("over kIr")


def test_a_table_tells_facts_and_who_is_missing(result: Result) -> None:
    """Below the figures stand counts, and how to get who did not take part."""
    lines = report.table(result).splitlines()

    assert lines[-2:] == ["  ours: modules 59", "  rival skipped: pip install rival"]


def test_json_says_on_what_it_ran(result: Result) -> None:
    """Figures without versions could not be compared later."""
    read = json.loads(report.as_json([result]))

    assert read["cases"][0]["rows"][3]["name"] == "ours"
    assert set(read["versions"]) >= {"flask", "werkzeug"}
    assert read["python"].startswith("3.")


def test_versions_of_what_is_there() -> None:
    """What is not installed has no version and is no error."""
    assert list(report.versions(["no-such-dist", "flask"])) == ["flask"]
