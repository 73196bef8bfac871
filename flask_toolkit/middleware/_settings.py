"""The settings of :class:`~flask_toolkit.middleware.MiddlewareStack`."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import timedelta

from ._headers import trouble
from ._headers import trouble_with_id

if t.TYPE_CHECKING:
    from collections.abc import Iterator

_PROXY_KEYS: t.Final = ("x_for", "x_proto", "x_host", "x_port", "x_prefix")


@dataclass(frozen=True, slots=True, kw_only=True)
class MiddlewareSettings:
    """Settings of :class:`MiddlewareStack`, read once per application."""

    isolate_context: bool = True
    """Run each request in a context of its own, so that nothing of it stays in the
    thread (2 to 4 us)."""

    proxy_fix: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many proxies set which header, as in ``{"x_for": 1}``; a header that is
    not named is not trusted. Empty: there is no proxy."""

    request_id_header: str = "X-Request-ID"
    """Header of the answer that carries the id; of the request, if trusted."""

    trust_inbound: bool = False
    """Take id and ``traceparent`` from the caller. Only behind a proxy that sets
    them."""

    server_timing: bool = False
    """Send ``Server-Timing``, which tells strangers how long you work."""

    slow_after: timedelta = timedelta(0)
    """Log requests that take longer; 0: none."""

    security_headers: bool | Mapping[str, str] = False
    """Send what tells browsers to be careful; a table changes or adds headers, an
    empty value leaves one out."""

    health_path: str = ""
    """Answer this path with ``ok``, without the application; empty: off."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield each field whose value does not fit, with what would."""
        for name, count in self.proxy_fix.items():
            if name not in _PROXY_KEYS:
                yield "proxy_fix", f"{name!r} is none of {', '.join(_PROXY_KEYS)}"
            elif count < 0:
                yield "proxy_fix", f"{name!r} counts proxies; it cannot be negative"

        if problem := trouble_with_id(self.request_id_header):
            yield "request_id_header", problem

        if self.slow_after < timedelta(0):
            yield "slow_after", "must not be negative"

        if not isinstance(self.security_headers, bool):
            for name, value in self.security_headers.items():
                if problem := trouble(name, value):
                    yield "security_headers", problem

        if self.health_path and not self.health_path.startswith("/"):
            yield "health_path", "must begin with '/'"
