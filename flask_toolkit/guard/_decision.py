"""What the guard decided about one request, and how it got there."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from flask_toolkit.identity import Identity

from ._rules import Outcome
from ._rules import Rule


class Step(t.NamedTuple):
    """One line of a trace: who was asked, and what came of it."""

    source: str
    """An authenticator's name, or the text of a rule."""

    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Why a request was let through or not; it holds no credential.

    The reasons of authenticators are ``no-credential``, ``bad-credential``,
    ``expired``, ``idle``, ``epoch-changed`` and ``user-gone``.
    """

    outcome: Outcome
    reason: str
    rule: Rule
    """The whole rule of the route."""

    guard: str
    endpoint: str | None
    method: str
    identity: Identity[t.Any] | None
    trace: tuple[Step, ...]

    def summary(self) -> dict[str, t.Any]:
        """Return the decision as plain values, as the debug answer shows it."""
        return {
            "outcome": self.outcome.value,
            "reason": self.reason,
            "rule": repr(self.rule),
            "guard": self.guard,
            "endpoint": self.endpoint,
            "method": self.method,
            "trace": [f"{step.source}: {step.result}" for step in self.trace],
        }
