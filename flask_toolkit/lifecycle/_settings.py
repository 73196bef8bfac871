"""The settings of :class:`~flask_toolkit.lifecycle.Lifecycle`."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import timedelta

if t.TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_WAIT: t.Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleSettings:
    """Settings of :class:`Lifecycle`, read once per application."""

    startup_wait: timedelta = timedelta(seconds=30)
    """How long a request waits while another one runs what ``on_startup`` and
    ``on_first_request`` registered; then it is answered with 503."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield each field whose value does not fit, with what would."""
        if not timedelta(0) <= self.startup_wait <= _MAX_WAIT:
            yield "startup_wait", "must lie between 0 and an hour"
