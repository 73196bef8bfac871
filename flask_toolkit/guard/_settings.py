"""Settings of the login guard."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import timedelta

if t.TYPE_CHECKING:
    from collections.abc import Iterator

_SHORTEST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """Settings of :class:`LoginGuard`, read once per application."""

    login_view: str | None = None
    """Endpoint where people sign in, open by itself. None: always 401."""

    refresh_view: str | None = None
    """Endpoint where people confirm who they are. None: the login view."""

    public: tuple[str, ...] = ()
    """Endpoints that this deployment opens, each named exactly."""

    static_public: bool = True
    """Whether ``static`` and each blueprint's ``static`` are open."""

    next_param: str | None = "next"
    """Query parameter that carries the way back. None: no way back."""

    max_age: timedelta = timedelta(days=30)
    """How long a sign-in lasts, counted from when it was proved."""

    idle_age: timedelta | None = None
    """How long a sign-in lasts without a request. None: no such limit."""

    origin_check: t.Literal["on", "strict", "off"] = "on"
    """Whether state changes from other sites are refused; strict also refuses
    requests that do not tell where they come from."""

    cache_control: str = "private, no-cache"
    """``Cache-Control`` of guarded answers where the view set none."""

    realm: str | None = None
    """Realm in challenges (RFC 9110 section 11.5). None: the app's name."""

    message: str | None = None
    """Flashed when a visitor is sent to the login view. None: no session write."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield each field whose value does not fit, with what would."""
        if self.max_age < _SHORTEST:
            yield "max_age", "must be at least one second"

        if self.idle_age is not None and self.idle_age < _SHORTEST:
            yield "idle_age", "must be at least one second, or None"

        if self.refresh_view is not None and self.login_view is None:
            yield "refresh_view", "needs TOOLKIT_GUARD_LOGIN_VIEW beside it"

        if self.next_param == "":
            yield "next_param", "must name a parameter, or be None"

        if not _is_header_text(self.cache_control):
            yield "cache_control", "must be printable ASCII and not empty"

        if self.realm is not None and not _is_quotable(self.realm):
            yield "realm", "must be printable ASCII without quotes and backslashes"


def _is_header_text(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable()


def _is_quotable(text: str) -> bool:
    return _is_header_text(text) and not {'"', "\\"} & set(text)
