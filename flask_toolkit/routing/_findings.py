"""What the linter of routes can say."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from flask_toolkit._findings import Level

CODES: t.Final = {
    "R001": "a segment does not compile",
    "R002": "a rule is never reached",
    "R003": "an expression can take very long",
    "R004": "slashes in a pattern are merged",
    "R005": "a converter of a host spans slashes",
    "R006": "many expressions side by side",
    "R007": "an expression is written as literal text",
    "R008": "two rules are the same",
    "R009": "an example does not come back",
    "R010": "the order of registration decides",
}
"""Each code, and what it is about."""


class RouteFinding(t.NamedTuple):
    """Something that :func:`check` found about one rule."""

    code: str
    """``R001`` to ``R010``."""

    level: Level
    """How much it matters: a warning, or an error."""

    rule: str
    endpoint: str
    message: str
    hint: str
    """What to do about it."""


def unknown_ignores(ignore: t.Iterable[str]) -> list[str]:
    """Return what is neither a code nor a code with an endpoint.

    >>> unknown_ignores(["R010", "R002:shop.item", "R11"])
    ['R11']
    """
    return [entry for entry in ignore if entry.partition(":")[0] not in CODES]


def is_ignored(finding: RouteFinding, ignore: t.Collection[str]) -> bool:
    """Tell whether a finding is not wanted, everywhere or of its endpoint."""
    return finding.code in ignore or f"{finding.code}:{finding.endpoint}" in ignore
