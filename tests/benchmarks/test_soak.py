import os
import re
import sys

import pytest

from benchmarks import soak

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="memory is read from /proc"
)


@pytest.mark.parametrize("worker", ["gthread", "gevent"])
def test_a_short_soak_finds_nothing(
    capfd: pytest.CaptureFixture[str], worker: str
) -> None:
    """Every answer is right, every request ends, and the script ends by itself."""
    pytest.importorskip("gunicorn")
    pytest.importorskip(worker if worker == "gevent" else "gunicorn")

    assert soak.main(["--worker", worker, "--seconds", "1"]) == 0
    said = capfd.readouterr().out
    answers = re.match(rf"{worker}: (\d+) answers in 1 s", said)
    assert answers is not None
    assert int(answers[1]) > 16
    assert "errors of clients 0, tracebacks 0, requests without an end 0" in said


@pytest.mark.parametrize(
    ("errors", "log", "still_open", "memory"),
    [
        pytest.param({"OSError: x": 1}, "", 0, [1, 1], id="error"),
        pytest.param({}, "Traceback (most recent", 0, [1, 1], id="traceback"),
        pytest.param({}, "", 1, [1, 1], id="no-end"),
        pytest.param({}, "", 0, [100, 106], id="memory"),
    ],
)
def test_what_is_not_well(
    errors: dict[str, int], log: str, still_open: int, memory: list[int]
) -> None:
    """Each of four findings makes the exit code 1."""
    tally = soak.Tally(memory=memory)
    tally.answers["/"] = 1
    tally.errors.update(errors)

    assert not soak._tell("gthread", 1, tally, {"open": still_open}, log)
    assert soak._tell("gthread", 1, soak.Tally(memory=[1, 1]), {"open": 0}, "")


def test_memory_is_that_of_a_process() -> None:
    """Our own has some."""
    assert soak._memory_of(os.getpid()) > 1000
