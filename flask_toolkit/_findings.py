"""What checks of an application find; loaded by those who check."""

from __future__ import annotations

import enum
import typing as t

if t.TYPE_CHECKING:
    from flask_toolkit.errors import Origin


class Level(enum.IntEnum):
    """How much a finding matters."""

    INFO = 10
    WARNING = 20
    ERROR = 30


class Finding(t.NamedTuple):
    """What a check of an application found."""

    id: str
    """The name of the check, such as ``"jwt.order"``."""

    level: Level
    message: str
    hint: str = ""
    """What to do about it."""

    key: str | None = None
    """The key of the configuration that it is about."""

    origin: Origin | None = None


class CheckInfo(t.NamedTuple):
    """What there is to know of a check before it runs."""

    id: str
    levels: str
    """How grave it can be, in words: ``"error or info"``."""

    always: bool
    """Whether it runs in debug as well; else only where ``deploy`` is asked."""

    when: str
    """When it fires."""
