"""Rules: who may use a route, as values that combine and print canonically.

What they are made of stands in ``_conditions``.
"""

from __future__ import annotations

import enum
import typing as t
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection
    from collections.abc import Iterable

    from flask_toolkit.identity import Identity


class Outcome(enum.Enum):
    """What a rule says about a caller."""

    ALLOW = "allow"
    LOGIN = "login"
    """Nobody is known: sign in."""

    STALE = "stale"
    """Known, but the proof is too old: sign in again."""

    DENY = "deny"
    """Known, and lacks the right: signing in again would not help."""


class Verdict(t.NamedTuple):
    """The outcome of one rule, and the part of it that decided."""

    outcome: Outcome
    reason: str
    rule: Rule


class Facts(t.NamedTuple):
    """All that a rule may look at; ``roles_of`` is called where needed."""

    identity: Identity[t.Any]
    now: float
    roles_of: Callable[[Identity[t.Any]], Collection[str]]
    obj: object = None


class Chances(t.NamedTuple):
    """What a rule may answer to callers of one kind, whoever they are."""

    passes: bool
    fails: bool


class Rule:
    """A condition on the caller; combine with ``&``, ``|`` and ``~``.

    Every rule implies that somebody is signed in, so ``~role("banned")`` never
    admits a stranger. Rules are immutable and compare by value.

    >>> from flask_toolkit.guard import fresh, role
    >>> role("editor", "admin") & fresh(300)
    role("admin", "editor") & fresh(300)
    """

    __slots__ = ()

    by_signature: t.ClassVar[bool] = False
    """Whether a signed address may satisfy it."""

    def __and__(self, other: Rule) -> Rule:
        return all_of((self, other)) if _is_rule(other) else NotImplemented

    def __or__(self, other: Rule) -> Rule:
        return _any_of((self, other)) if _is_rule(other) else NotImplemented

    def __invert__(self) -> Rule:
        return _Not(self)

    def __bool__(self) -> t.NoReturn:
        # ``role("a") and role("b")`` would silently be ``role("b")``.
        raise TypeError("Combine rules with & | ~, not with 'and', 'or', 'not'.")

    def __repr__(self) -> str:
        return self._text()

    def _text(self) -> str:
        raise NotImplementedError

    def evaluate(self, facts: Facts) -> Verdict:
        """Return what this rule says about a caller who is known."""
        raise NotImplementedError

    def for_nobody(self) -> Verdict:
        """Return what this rule says where nobody is known."""
        return Verdict(Outcome.LOGIN, "login-required", self)

    def atoms(self) -> Iterable[Rule]:
        """Return the rules that this one is made of."""
        return (self,)

    def chances(self, *, signed: bool) -> Chances:
        """Return what it may say about callers who come by a signature, or not.

        Parts are looked at one by one, so it may tell too much, never too little.
        """
        return Chances(passes=True, fails=True)


def _is_rule(value: object) -> bool:
    return isinstance(value, Rule)


def evaluate(rule: Rule, facts: Facts | None) -> Verdict:
    """Return what ``rule`` says; without facts nobody is signed in.

    >>> evaluate(~authenticated, None).outcome
    <Outcome.LOGIN: 'login'>
    """
    return rule.for_nobody() if facts is None else rule.evaluate(facts)


@dataclass(frozen=True, slots=True, repr=False)
class _Authenticated(Rule):
    def _text(self) -> str:
        return "authenticated"

    def evaluate(self, facts: Facts) -> Verdict:
        return PASSED

    def chances(self, *, signed: bool) -> Chances:
        return Chances(passes=True, fails=False)


authenticated: t.Final[Rule] = _Authenticated()
"""Anybody who is signed in."""

# One for all: why somebody passed is never told, and this is the way of most.
ALLOW: t.Final = Outcome.ALLOW
PASSED: t.Final = Verdict(ALLOW, "passed", authenticated)
"""What every rule says that is met."""


@dataclass(frozen=True, slots=True, repr=False)
class _Not(Rule):
    part: Rule

    def _text(self) -> str:
        return f"~{_inside(self.part, _And, _Or)}"

    def __invert__(self) -> Rule:
        return self.part

    def evaluate(self, facts: Facts) -> Verdict:
        if self.part.evaluate(facts).outcome is ALLOW:
            return Verdict(Outcome.DENY, "excluded", self)

        return PASSED

    def atoms(self) -> Iterable[Rule]:
        return self.part.atoms()

    def chances(self, *, signed: bool) -> Chances:
        passes, fails = self.part.chances(signed=signed)
        return Chances(passes=fails, fails=passes)


@dataclass(frozen=True, slots=True, repr=False)
class _And(Rule):
    parts: tuple[Rule, ...]

    def _text(self) -> str:
        return " & ".join(_inside(part, _Or) for part in self.parts)

    def evaluate(self, facts: Facts) -> Verdict:
        for part in self.parts:
            verdict = part.evaluate(facts)

            if verdict.outcome is not ALLOW:
                return verdict

        return PASSED

    def for_nobody(self) -> Verdict:
        verdicts = [part.for_nobody() for part in self.parts]
        denied = [one for one in verdicts if one.outcome is Outcome.DENY]
        return denied[0] if denied else verdicts[0]

    def atoms(self) -> Iterable[Rule]:
        return (atom for part in self.parts for atom in part.atoms())

    def chances(self, *, signed: bool) -> Chances:
        each = [part.chances(signed=signed) for part in self.parts]
        return Chances(all(c.passes for c in each), any(c.fails for c in each))


@dataclass(frozen=True, slots=True, repr=False)
class _Or(Rule):
    parts: tuple[Rule, ...]

    def _text(self) -> str:
        return " | ".join(part._text() for part in self.parts)  # noqa: SLF001  # of the same class

    def evaluate(self, facts: Facts) -> Verdict:
        worst: Verdict | None = None

        for part in self.parts:
            verdict = part.evaluate(facts)

            if verdict.outcome is ALLOW:
                return PASSED

            # A new sign-in can help, so STALE outweighs DENY whatever the order.
            if worst is None or worst.outcome is not Outcome.STALE:
                worst = verdict if worst is None or _is_stale(verdict) else worst

        return t.cast("Verdict", worst)

    def for_nobody(self) -> Verdict:
        # To sign in helps where one part would let somebody in.
        verdicts = [part.for_nobody() for part in self.parts]
        helped = [one for one in verdicts if one.outcome is Outcome.LOGIN]
        return helped[0] if helped else verdicts[0]

    def atoms(self) -> Iterable[Rule]:
        return (atom for part in self.parts for atom in part.atoms())

    def chances(self, *, signed: bool) -> Chances:
        each = [part.chances(signed=signed) for part in self.parts]
        return Chances(any(c.passes for c in each), all(c.fails for c in each))


def _is_stale(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.STALE


def is_hopeless(rule: Rule) -> bool:
    """Tell whether nobody can pass ``rule``, with a signed address or without.

    >>> from flask_toolkit.guard import role, signed
    >>> is_hopeless(signed & role("a")), is_hopeless(signed | role("a"))
    (True, False)
    """
    return not any(rule.chances(signed=signed).passes for signed in (True, False))


def asks_signature(rule: Rule) -> bool:
    """Tell whether a signed address may satisfy a part of ``rule``."""
    return any(atom.by_signature for atom in rule.atoms())


def _inside(part: Rule, *looser: type[Rule]) -> str:
    text = repr(part)
    return f"({text})" if isinstance(part, looser) else text


def all_of(rules: Iterable[Rule]) -> Rule:
    """Return the rule that all of ``rules`` must pass; none: ``authenticated``.

    >>> from flask_toolkit.guard import role
    >>> all_of([authenticated, role("a"), role("b") & role("a")])
    role("a") & role("b")
    """
    parts = [
        part
        for rule in rules
        for part in (rule.parts if isinstance(rule, _And) else (rule,))
    ]
    unique = tuple(dict.fromkeys(part for part in parts if part != authenticated))

    if not unique:
        return authenticated

    return unique[0] if len(unique) == 1 else _And(unique)


def _any_of(rules: Iterable[Rule]) -> Rule:
    parts = [
        part
        for rule in rules
        for part in (rule.parts if isinstance(rule, _Or) else (rule,))
    ]
    unique = tuple(dict.fromkeys(parts))

    # Whoever is asked at all is signed in, so the other parts change nothing;
    # but a signature is only looked at where a rule names it.
    if authenticated in unique:
        signed = [part for part in unique if asks_signature(part)]
        unique = (*signed, authenticated)

    return unique[0] if len(unique) == 1 else _Or(unique)
