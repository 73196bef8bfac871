"""Lengths of time, as settings and parameters give them."""

from __future__ import annotations

import typing as t
from datetime import timedelta

if t.TYPE_CHECKING:
    from flask_toolkit.typing import Duration


def seconds(duration: Duration) -> float:
    """Return a duration as seconds.

    >>> seconds(timedelta(minutes=1)), seconds(2.5)
    (60.0, 2.5)
    """
    if isinstance(duration, timedelta):
        return duration.total_seconds()

    return float(duration)
