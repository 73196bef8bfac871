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
