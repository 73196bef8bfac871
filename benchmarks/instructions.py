"""Instructions, counted by callgrind: the figure that a busy machine leaves alone.

The case runs in a child below valgrind, which counts only between the two calls
of ``_ask`` around the timed part; imports and set-up run uncounted, and faster.
"""

from __future__ import annotations

import ctypes
import gc
import json
import mmap
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).parents[1]

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.model import Case

__all__ = ["count", "total_of", "unavailable"]

_COLLECTED = re.compile(r"Collected : ([0-9]+)")
_MACHINES = {"x86_64", "AMD64"}
_MOST = 40
_LEAST = 3
_SECONDS = 0.5
_PATIENCE = 900


def unavailable() -> str | None:
    """Return why instructions cannot be counted here, or ``None`` if they can."""
    if shutil.which("valgrind") is None:
        return "valgrind is not installed: apt-get install valgrind"

    if platform.machine() not in _MACHINES:
        return f"the switch for callgrind is not written for {platform.machine()}"

    return None


def count(case: Case) -> dict[str, float]:
    """Return for each contestant the thousands of instructions of one run.

    :raises RuntimeError: If the child fails, with what it said.
    """
    if case.told:
        return _count_processes(case)

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        command = [
            "valgrind",
            "-q",
            "--tool=callgrind",
            "--instr-atstart=no",
            f"--callgrind-out-file={out}",
            sys.executable,
            __file__,
            case.title,
            str(out),
        ]
        # Which slot of a dict is taken first must not change from run to run.
        child = subprocess.run(  # noqa: S603  # our own file
            command,
            env={**os.environ, "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )

    if child.returncode:
        raise RuntimeError(f"counting {case.title} failed:\n{child.stderr.strip()}")

    found: dict[str, float] = json.loads(child.stdout.splitlines()[-1])
    return found


def _count_processes(case: Case) -> dict[str, float]:
    from benchmarks.race import prepare

    subjects, _ = prepare(case)
    return {name: whole(subject.code) for name, subject in subjects.items()}


def whole(code: str) -> float:
    """Return the thousands of instructions of a Python that runs ``code``."""
    from benchmarks.processes import child_environ

    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    child = subprocess.run(  # noqa: S603  # our own code
        [*command, sys.executable, "-P", "-c", code],
        env={**child_environ(), "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=True,
    )
    found = _COLLECTED.search(child.stderr)

    if found is None:
        raise RuntimeError(f"callgrind told nothing:\n{child.stderr.strip()}")

    return int(found[1]) / 1000


def total_of(dump: str) -> int:
    r"""Return the number of instructions in a file of callgrind.

    >>> total_of("events: Ir\ntotals: 1234\n")
    1234
    """
    for line in reversed(dump.splitlines()):
        if line.startswith("totals:"):
            return int(line.split()[1])

    raise ValueError("no totals: in what callgrind wrote")


# What valgrind.h does: four rotations that cancel out tell it to look at a
# request; the address of its words is in the first argument. Without valgrind
# the code does nothing and returns 0.
_SWITCH = bytes.fromhex(
    "4889f8"  # mov rax, rdi
    "31d2"  # xor edx, edx
    "48c1c703 48c1c70d 48c1c73d 48c1c733"  # rol rdi, 3, 13, 61, 51
    "4887db"  # xchg rbx, rbx
    "4889d0"  # mov rax, rdx
    "c3"  # ret
)
_DUMP, _ZERO, _START, _STOP = (0x43540000 + code for code in (0, 1, 4, 5))


class _Counter:
    """Switches the counting of callgrind, from inside."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._dumps = 0
        access = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
        self._page = mmap.mmap(-1, mmap.PAGESIZE, prot=access)
        self._page.write(_SWITCH)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self._page))
        self._call = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p)(start)

    def of(self, run: Callable[[], object], times: int) -> int:
        """Return the instructions of so many runs, and of the loop around them."""
        turns = range(times)
        self._ask(_START)
        self._ask(_ZERO)

        for _ in turns:
            run()

        self._ask(_DUMP)
        self._ask(_STOP)
        self._dumps += 1
        dump = self._out.with_name(f"{self._out.name}.{self._dumps}")
        return total_of(dump.read_text(encoding="utf-8"))

    def _ask(self, request: int) -> None:
        words = (ctypes.c_size_t * 6)(request)
        self._call(ctypes.addressof(words))


def _warmed_up(run: Callable[[], object]) -> int:
    """Run until the interpreter knows the code; return how many runs to count."""
    run()
    began = perf_counter()
    run()
    possible = _SECONDS / (perf_counter() - began)
    times = max(_LEAST, min(_MOST, int(possible)))

    for _ in range(times):
        run()

    return times


def _child(title: str, out: Path) -> None:
    from benchmarks.race import prepare
    from benchmarks.suites import find

    subjects, _ = prepare(find(title))
    counter = _Counter(out)
    gc.collect()
    gc.disable()
    nothing = counter.of(int, 0)
    found = {}

    for name, subject in subjects.items():
        times = _warmed_up(subject.run)
        found[name] = (counter.of(subject.run, times) - nothing) / times / 1000

    print(json.dumps(found))  # the answer to the parent


if __name__ == "__main__":
    sys.path[0] = str(ROOT)
    _child(sys.argv[1], Path(sys.argv[2]))
