"""The settings of :class:`~flask_toolkit.signals.Signals`."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

Check: t.TypeAlias = t.Literal["auto", "always", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsSettings:
    """Settings of :class:`Signals`, read once per application."""

    check: Check = "auto"
    """When payloads and receivers are checked; ``auto``: in debug and testing."""
