"""What is measured in a Python of its own: what comes once in a process."""

from __future__ import annotations

import os
import subprocess
import sys
import typing as t
from pathlib import Path

from .model import Subject

if t.TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["child_environ", "run_apart", "told_by"]

_ROOT = Path(__file__).parents[1]


def child_environ() -> dict[str, str]:
    """Return the variables of a Python that is measured.

    It may keep its bytecode: that of installed peers is there already.
    """
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(_ROOT)}


def run_apart(code: str) -> list[int]:
    """Run ``code`` in a Python of its own and return the numbers it prints."""
    done = subprocess.run(  # noqa: S603  # our own code
        [sys.executable, "-P", "-c", code],
        env=child_environ(),
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(word) for word in done.stdout.split()]


def told_by(code: str, check: Callable[[], None]) -> Subject:
    """Return a subject of a case that is ``told``: ``code`` prints nanoseconds."""
    return Subject(lambda: run_apart(code)[0], check, code=code)
