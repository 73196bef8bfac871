import json
from pathlib import Path

import pytest

from benchmarks import run
from benchmarks.model import Case
from benchmarks.targets import Target


@pytest.fixture(name="only_case", autouse=True)
def _only_case(monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    """Let all suites be the one that takes no time."""
    monkeypatch.setattr(run, "cases_of", lambda suites: [case])


def _budget(monkeypatch: pytest.MonkeyPatch, limit: float) -> None:
    target = Target(
        case="made-up/nothing",
        contestant="ours",
        measure="modules",
        limit=limit,
        source="-",
    )
    monkeypatch.setattr("benchmarks.run.targets.load", lambda: [target])


def test_it_prints_a_table_and_writes_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run shows its figures and keeps them."""
    path = tmp_path / "figures.json"

    assert run.main(["toolkit", "--rounds", "2", "--json", str(path)]) == 0
    assert capsys.readouterr().out.startswith("made-up/nothing  (2 rounds, us)\n")
    assert json.loads(path.read_text())["cases"][0]["case"] == "made-up/nothing"


@pytest.mark.parametrize(
    ("limit", "code", "said"),
    [
        pytest.param(3, 0, "targets: 1 of 1 met", id="met"),
        pytest.param(
            2, 1, "OVER         made-up/nothing ours: modules 3 > 2", id="over"
        ),
    ],
)
def test_check_fails_when_something_is_over_its_budget(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    limit: float,
    code: int,
    said: str,
) -> None:
    """The exit code is what a gate can act on."""
    _budget(monkeypatch, limit)

    assert run.main(["--check", "--rounds", "1"]) == code
    assert said in capsys.readouterr().out


def test_it_says_when_instructions_cannot_be_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without valgrind there are times, and a line that says so."""
    monkeypatch.setattr(
        "benchmarks.run.instructions.unavailable", lambda: "no valgrind here"
    )

    assert run.main(["--ir", "--rounds", "1"]) == 0
    assert "only times: no valgrind here" in capsys.readouterr().out


def test_counted_instructions_are_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With valgrind they stand beside the times."""
    kir = {"bare": 100.0, "by hand": 110.0, "ours": 130.0}
    monkeypatch.setattr("benchmarks.run.instructions.unavailable", lambda: None)
    monkeypatch.setattr("benchmarks.run.instructions.count", lambda case: kir)

    assert run.main(["--ir", "--rounds", "1"]) == 0
    assert "130.0    30.00    3.00" in capsys.readouterr().out


@pytest.mark.parametrize("rounds", ["0", "-1", "many"])
def test_rounds_are_a_number_above_zero(
    rounds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nonsense is refused before anything runs."""
    with pytest.raises(SystemExit):
        run.main(["--rounds", rounds])

    assert "--rounds" in capsys.readouterr().err
