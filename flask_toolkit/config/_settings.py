"""Settings of the configuration itself."""

from __future__ import annotations

import dataclasses
import typing as t

from flask_toolkit._settings import declare


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ConfigSettings:
    """Settings of :class:`ConfigLoader`, read once per application."""

    silenced_checks: tuple[str, ...] = ()
    """Ids of checks, or ``group.*``, whose findings are only counted."""

    fail_level: t.Literal["info", "warning", "error"] = "error"
    """From which level on ``flask toolkit check`` ends with exit code 1."""

    secret_names: tuple[str, ...] = ()
    """Further keys to mask, or parts of keys between underscores."""

    public_names: tuple[str, ...] = ()
    """Keys shown despite their name; a marker or a secret file is never lifted."""


SPEC: t.Final = declare("config", ConfigSettings)
