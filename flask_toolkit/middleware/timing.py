"""How long requests take: for the browser's tools and for the log."""

from __future__ import annotations

import typing as t
from time import perf_counter

from flask_toolkit._values import seconds

from ._middleware import Raw
from ._plan import Phase
from ._scope import logger

if t.TYPE_CHECKING:
    from flask_toolkit.typing import Duration

    from ._scope import Scope

__all__ = ["Timing"]


class Timing(Raw):
    """Send ``Server-Timing`` and log slow requests.

    The header holds the time until the answer began, in milliseconds; the log looks
    at the time until its last byte.

    :param server_timing: Send the header.
    :param slow_after: Log what takes longer; 0: nothing.
    """

    name = "timing"
    phase = Phase.TIMING

    def __init__(self, *, server_timing: bool = True, slow_after: Duration = 0) -> None:
        self.server_timing: bool = server_timing
        self.slow_after: float = seconds(slow_after)

    def begin(
        self, scope: Scope, status: str, headers: list[tuple[str, str]], /
    ) -> None:
        """Send the time until now."""
        if self.server_timing:
            spent = (perf_counter() - scope.started) * 1000
            headers.append(("Server-Timing", f"total;dur={spent:.1f}"))

    def finish(self, scope: Scope, exc: BaseException | None, /) -> None:
        """Log a request that took too long; its query may hold secrets."""
        spent = perf_counter() - scope.started

        if 0 < self.slow_after < spent:
            logger.warning(
                "%s %r took %.3f s: status %s, request %s",
                scope.method,
                scope.path,
                spent,
                scope.status,
                scope.request_id or "-",
                extra={"request_id": scope.request_id or "-"},
            )
