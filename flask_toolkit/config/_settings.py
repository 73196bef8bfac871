"""Settings of the configuration itself."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ConfigSettings:
    """Settings of :class:`ConfigLoader`, read once per application."""

    secret_names: tuple[str, ...] = ()
    """Further keys to mask, or parts of keys between underscores."""

    public_names: tuple[str, ...] = ()
    """Keys shown despite their name; a marker or a secret file is never lifted."""
