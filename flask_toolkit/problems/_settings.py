"""The settings of :class:`~flask_toolkit.problems.Problems`."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

from ._policy import Policy

if t.TYPE_CHECKING:
    from collections.abc import Iterator

# RFC 3986 section 4.3 with a fragment allowed, as in "https://example.com/#".
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemsSettings:
    """Settings of :class:`Problems`, read once per application."""

    policy: Mapping[str, Policy] = field(default_factory=lambda: {"/": "auto"})
    """Path prefix to ``auto``, ``json`` or ``html``; the longest prefix wins."""

    type_base: str = ""
    """Absolute URI put before ``slug``; empty: every type is ``about:blank``."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield each field whose value does not fit, with what would."""
        for prefix in self.policy:
            if not prefix.startswith("/"):
                yield "policy", f"prefix {prefix!r} must begin with '/'"

        if self.type_base and not _ABSOLUTE.fullmatch(self.type_base):
            yield "type_base", "must be an absolute URI, such as https://example.com/p/"
