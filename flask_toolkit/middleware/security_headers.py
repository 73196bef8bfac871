"""Headers that tell browsers to be careful with a page."""

from __future__ import annotations

import typing as t

from ._headers import checked
from ._middleware import Raw
from ._plan import Phase

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ._scope import Scope

__all__ = ["DEFAULTS", "SecurityHeaders"]

_HSTS: t.Final = "strict-transport-security"

DEFAULTS: t.Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
}
"""What :class:`SecurityHeaders` sends."""


class SecurityHeaders(Raw):
    """Add security headers to each answer; one that is there already stays.

    ``Strict-Transport-Security`` goes out over https only (RFC 6797 section 7.2).

    :param headers: Changes to :data:`DEFAULTS`; an empty value leaves one out.
    """

    name = "security_headers"
    phase = Phase.HEADERS

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        chosen = {name.lower(): (name, value) for name, value in DEFAULTS.items()}
        chosen |= {
            name.lower(): checked(name, value)
            for name, value in (headers or {}).items()
        }
        ready = [(low, pair) for low, pair in chosen.items() if pair[1]]
        self._secure: tuple[tuple[str, tuple[str, str]], ...] = tuple(ready)
        self._plain = tuple(item for item in ready if item[0] != _HSTS)

    def begin(
        self, scope: Scope, status: str, headers: list[tuple[str, str]], /
    ) -> None:
        """Add those that the application did not set."""
        there = {name.lower() for name, _ in headers}
        secure = scope.environ.get("wsgi.url_scheme") == "https"
        ready = self._secure if secure else self._plain
        headers += [pair for low, pair in ready if low not in there]
