"""Settings of the sessions."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from dataclasses import field
from datetime import timedelta

from flask_toolkit.stores import StoreSettings

if t.TYPE_CHECKING:
    from collections.abc import Iterator

_SHORTEST: t.Final = timedelta(seconds=1)
_LARGEST: t.Final = 1 << 20  # what a store takes as one value


@dataclass(frozen=True, slots=True, kw_only=True)
class CookieSessionSettings:
    """Settings of :class:`CookieSession`: none, Flask's own hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSettings:
    """Settings of :class:`ServerSession`, read once per application."""

    # It may hold a password.
    store_url: str | None = field(default=None, repr=False)
    """Address of the store for sessions. None: the shared store."""

    max_age: timedelta = timedelta(days=90)
    """How long a session lasts at most, however often it is used. How long it
    lasts unused is Flask's ``PERMANENT_SESSION_LIFETIME``."""

    max_bytes: int = 262_144
    """How large the data of one session may be, serialised."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield each field whose value does not fit, with what would."""
        if self.max_age < _SHORTEST:
            yield "max_age", "must be at least one second"

        if not 1 <= self.max_bytes <= _LARGEST:
            yield "max_bytes", f"must lie between 1 and {_LARGEST}"

        if self.store_url is not None:
            for _, message in StoreSettings(url=self.store_url).problems():
                yield "store_url", message
