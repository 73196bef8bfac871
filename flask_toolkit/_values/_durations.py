"""Lengths of time, as settings and parameters give them."""

from __future__ import annotations

import typing as t
from datetime import timedelta

if t.TYPE_CHECKING:
    from datetime import datetime

    from flask_toolkit.typing import Duration


def seconds(duration: Duration) -> float:
    """Return a duration as seconds.

    >>> seconds(timedelta(minutes=1)), seconds(2.5)
    (60.0, 2.5)
    """
    if isinstance(duration, timedelta):
        return duration.total_seconds()

    return float(duration)


def epoch_of(moment: datetime) -> int:
    """Return a moment in whole seconds since 1970.

    :raises ValueError: If it has no time zone: it would mean another moment on
        each server. Or if it is before 1970, which no token can say.
    """
    if moment.tzinfo is None:
        raise ValueError("auth_time needs a time zone: datetime.now(UTC)")

    seconds = int(moment.timestamp())

    if seconds < 0:
        raise ValueError("auth_time must not be before 1970")

    return seconds
