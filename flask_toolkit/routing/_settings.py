"""Settings of the converters."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ._findings import unknown_ignores

if t.TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertersSettings:
    """Settings of :class:`Converters`, read once per application."""

    maxlength: int = 255
    """The longest value of an ad-hoc ``regex`` in characters, 1 to 4096."""

    unicode: bool = False
    r"""Whether ``\d``, ``\w`` and ``slug`` mean all of Unicode by default."""

    fast_matcher: bool = False
    """Whether routes are matched as by :func:`install_fast_matcher`."""

    lint_ignore: tuple[str, ...] = ()
    """What :func:`check` does not report: ``"R010"``, or ``"R010:endpoint"``."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield each field whose value does not fit, with what would."""
        if not 1 <= self.maxlength <= _LONGEST:
            yield "maxlength", f"must lie between 1 and {_LONGEST}"

        unknown = unknown_ignores(self.lint_ignore)

        if unknown:
            yield "lint_ignore", f"{unknown[0]!r} is not like 'R010' or 'R010:endpoint'"
