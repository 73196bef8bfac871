"""The access of every route of the showcase is what was agreed on."""

from __future__ import annotations

import typing as t
from pathlib import Path

from flask_toolkit.testing import assert_guard_lock

if t.TYPE_CHECKING:
    from flask import Flask

LOCK = Path(__file__).parents[2] / "examples" / "showcase" / "guard.lock"


def test_the_showcase_is_locked(app: Flask) -> None:
    """A new way in shows in a review of the file, not in an incident."""
    assert_guard_lock(app, LOCK)
