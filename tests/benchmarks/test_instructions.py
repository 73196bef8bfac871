import dataclasses
import json
import platform
import shutil
import subprocess
import typing as t

import pytest

from benchmarks import instructions
from benchmarks.model import Case


def test_the_total_is_read() -> None:
    """Callgrind writes the total at the end."""
    assert instructions.total_of("events: Ir\nfn=(1)\n1 5\ntotals: 1234\n") == 1234


def test_a_file_without_a_total_is_an_error() -> None:
    """A cut file does not count as zero."""
    with pytest.raises(ValueError, match="no totals"):
        instructions.total_of("events: Ir\n")


@pytest.mark.parametrize(
    ("valgrind", "machine", "reason"),
    [
        pytest.param(None, "x86_64", "apt-get install valgrind", id="absent"),
        pytest.param("/bin/valgrind", "mips", "not written for mips", id="machine"),
        pytest.param("/bin/valgrind", "x86_64", None, id="ready"),
    ],
)
def test_it_says_why_it_cannot_count(
    monkeypatch: pytest.MonkeyPatch,
    valgrind: str | None,
    machine: str,
    reason: str | None,
) -> None:
    """Who has no valgrind learns what to install."""
    monkeypatch.setattr(shutil, "which", lambda name: valgrind)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    said = instructions.unavailable()

    assert said == reason if reason is None else reason in str(said)


def _child(
    monkeypatch: pytest.MonkeyPatch, code: int, stdout: str, stderr: str
) -> list[dict[str, t.Any]]:
    calls: list[dict[str, t.Any]] = []

    def run(command: list[str], **options: t.Any) -> subprocess.CompletedProcess[str]:
        calls.append({"command": command, **options})
        return subprocess.CompletedProcess(command, code, stdout, stderr)

    monkeypatch.setattr(subprocess, "run", run)
    return calls


def test_the_child_runs_the_case_below_valgrind(
    monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    """Its last line is the answer, and hashes do not change from run to run."""
    calls = _child(monkeypatch, 0, f"noise\n{json.dumps({'ours': 1.5})}\n", "")

    assert instructions.count(case) == {"ours": 1.5}
    [call] = calls
    assert call["command"][0] == "valgrind"
    assert "made-up/nothing" in call["command"]
    assert call["env"]["PYTHONHASHSEED"] == "0"


def test_a_child_that_fails_is_an_error(
    monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    """What it said is told."""
    _child(monkeypatch, 1, "", "it broke\n")

    with pytest.raises(
        RuntimeError, match="counting made-up/nothing failed:\nit broke"
    ):
        instructions.count(case)


@pytest.fixture(name="told_case")
def _told_case(case: Case) -> Case:
    """Return a case whose contestant is a process."""
    from benchmarks.processes import told_by

    def make() -> t.Any:
        return told_by("print(5)", lambda: None)

    one = dataclasses.replace(case.contestants[3], make=make)
    return dataclasses.replace(case, contestants=(one,), told=True)


def test_processes_are_counted_as_a_whole(
    monkeypatch: pytest.MonkeyPatch, told_case: Case
) -> None:
    """Callgrind tells the sum, and our bytecode is kept as that of peers is."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    calls = _child(monkeypatch, 0, "5\n", "==7== Collected : 12500\n")

    assert instructions.count(told_case) == {"ours": 12.5}
    assert calls[-1]["command"][-1] == "print(5)"
    assert "PYTHONDONTWRITEBYTECODE" not in calls[-1]["env"]


def test_a_process_without_a_sum_is_an_error(
    monkeypatch: pytest.MonkeyPatch, told_case: Case
) -> None:
    """What valgrind said is told."""
    _child(monkeypatch, 0, "5\n", "no such tool\n")

    with pytest.raises(RuntimeError, match="told nothing:\nno such tool"):
        instructions.count(told_case)
