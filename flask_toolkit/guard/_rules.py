"""Rules: who may use a route, as values that combine and print canonically."""

from __future__ import annotations

import enum
import inspect
import json
import typing as t
from collections.abc import Callable
from collections.abc import Collection
from dataclasses import dataclass

from flask_toolkit._values import seconds
from flask_toolkit.identity import Identity

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from flask_toolkit.typing import Duration


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that a rule may look at; ``roles`` is called at most where needed."""

    identity: Identity[t.Any]
    now: float
    roles: Callable[[], Collection[str]]
    obj: object = None


class Rule:
    """A condition on the caller; combine with ``&``, ``|`` and ``~``.

    Every rule implies that somebody is signed in, so ``~role("banned")`` never
    admits a stranger. Rules are immutable and compare by value.

    >>> role("editor", "admin") & fresh(300)
    role("admin", "editor") & fresh(300)
    """

    __slots__ = ()

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

    def atoms(self) -> Iterable[Rule]:
        """Return the rules that this one is made of."""
        return (self,)


def _is_rule(value: object) -> bool:
    return isinstance(value, Rule)


def evaluate(rule: Rule, facts: Facts | None) -> Verdict:
    """Return what ``rule`` says; without facts nobody is signed in.

    >>> evaluate(~role("banned"), None).outcome
    <Outcome.LOGIN: 'login'>
    """
    if facts is None:
        return Verdict(Outcome.LOGIN, "login-required", rule)

    return rule.evaluate(facts)


@dataclass(frozen=True, slots=True, repr=False)
class _Authenticated(Rule):
    def _text(self) -> str:
        return "authenticated"

    def evaluate(self, facts: Facts) -> Verdict:
        return Verdict(Outcome.ALLOW, "authenticated", self)


authenticated: t.Final[Rule] = _Authenticated()
"""Anybody who is signed in."""


@dataclass(frozen=True, slots=True, repr=False)
class _Named(Rule):
    """A rule over a set of names."""

    names: tuple[str, ...]

    def _text(self) -> str:
        return f"{self._word}({', '.join(json.dumps(name) for name in self.names)})"

    @property
    def _word(self) -> str:
        return type(self).__name__.removeprefix("_").lower()

    def _verdict(self, passed: bool, reason: str) -> Verdict:
        outcome = Outcome.ALLOW if passed else Outcome.DENY
        return Verdict(outcome, self._word if passed else reason, self)


class _Role(_Named):
    __slots__ = ()

    def evaluate(self, facts: Facts) -> Verdict:
        roles = facts.roles()
        return self._verdict(any(name in roles for name in self.names), "role-missing")


class _Scope(_Named):
    __slots__ = ()

    def evaluate(self, facts: Facts) -> Verdict:
        granted = facts.identity.scopes.issuperset(self.names)
        return self._verdict(granted, "scope-missing")


class _Via(_Named):
    __slots__ = ()

    def evaluate(self, facts: Facts) -> Verdict:
        return self._verdict(facts.identity.via in self.names, "wrong-kind")


@dataclass(frozen=True, slots=True, repr=False)
class _Fresh(Rule):
    within: int

    def _text(self) -> str:
        return f"fresh({self.within})"

    def evaluate(self, facts: Facts) -> Verdict:
        auth_time = facts.identity.auth_time

        if auth_time and facts.now - auth_time <= self.within:
            return Verdict(Outcome.ALLOW, "fresh", self)

        return Verdict(Outcome.STALE, "not-fresh", self)


@dataclass(frozen=True, slots=True, repr=False)
class _Custom(Rule):
    fn: Callable[[Identity[t.Any], t.Any], bool]
    name: str

    def _text(self) -> str:
        return f"rule({json.dumps(self.name)})"

    def evaluate(self, facts: Facts) -> Verdict:
        answer: object = self.fn(facts.identity, facts.obj)

        if answer is True:
            return Verdict(Outcome.ALLOW, "rule", self)

        if answer is False:
            return Verdict(Outcome.DENY, "rule-false", self)

        # Truth by accident (a list, a query, a mock) must not open a route.
        raise TypeError(
            f"{self!r} must return True or False, not {type(answer).__name__}."
        )


@dataclass(frozen=True, slots=True, repr=False)
class _Not(Rule):
    part: Rule

    def _text(self) -> str:
        return f"~{_inside(self.part, _And, _Or)}"

    def __invert__(self) -> Rule:
        return self.part

    def evaluate(self, facts: Facts) -> Verdict:
        if self.part.evaluate(facts).outcome is Outcome.ALLOW:
            return Verdict(Outcome.DENY, "excluded", self)

        return Verdict(Outcome.ALLOW, "not-excluded", self)

    def atoms(self) -> Iterable[Rule]:
        return self.part.atoms()


@dataclass(frozen=True, slots=True, repr=False)
class _And(Rule):
    parts: tuple[Rule, ...]

    def _text(self) -> str:
        return " & ".join(_inside(part, _Or) for part in self.parts)

    def evaluate(self, facts: Facts) -> Verdict:
        verdict = Verdict(Outcome.ALLOW, "all", self)

        for part in self.parts:
            verdict = part.evaluate(facts)

            if verdict.outcome is not Outcome.ALLOW:
                break

        return verdict

    def atoms(self) -> Iterable[Rule]:
        return (atom for part in self.parts for atom in part.atoms())


@dataclass(frozen=True, slots=True, repr=False)
class _Or(Rule):
    parts: tuple[Rule, ...]

    def _text(self) -> str:
        return " | ".join(part._text() for part in self.parts)  # noqa: SLF001  # of the same class

    def evaluate(self, facts: Facts) -> Verdict:
        worst: Verdict | None = None

        for part in self.parts:
            verdict = part.evaluate(facts)

            if verdict.outcome is Outcome.ALLOW:
                return verdict

            # A new sign-in can help, so STALE outweighs DENY whatever the order.
            if worst is None or worst.outcome is not Outcome.STALE:
                worst = verdict if worst is None or _is_stale(verdict) else worst

        return t.cast("Verdict", worst)

    def atoms(self) -> Iterable[Rule]:
        return (atom for part in self.parts for atom in part.atoms())


def _is_stale(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.STALE


def _inside(part: Rule, *looser: type[Rule]) -> str:
    text = repr(part)
    return f"({text})" if isinstance(part, looser) else text


def all_of(rules: Iterable[Rule]) -> Rule:
    """Return the rule that all of ``rules`` must pass; none: ``authenticated``.

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

    # Whoever is asked at all is signed in, so the other parts change nothing.
    if authenticated in unique:
        return authenticated

    return unique[0] if len(unique) == 1 else _Or(unique)


def role(*any_of: str) -> Rule:
    """Pass callers who have at least one of these roles.

    :raises ValueError: Without a name.

    >>> role("editor", "admin")
    role("admin", "editor")
    """
    return _Role(_names("role", any_of))


def scope(*all_of: str) -> Rule:
    """Pass credentials that grant all of these scopes (RFC 6749 section 3.3).

    :raises ValueError: Without a name.
    """
    return _Scope(_names("scope", all_of))


def via(*names: str) -> Rule:
    """Pass callers found by one of these authenticators.

    :raises ValueError: Without a name.
    """
    return _Via(_names("via", names))


def fresh(within: Duration) -> Rule:
    """Pass callers who proved who they are at most ``within`` ago (RFC 9470).

    :raises ValueError: If it is not a whole number of seconds, at least one.

    >>> fresh(300)
    fresh(300)
    """
    length = seconds(within)

    if length < 1 or length != int(length):
        raise ValueError("fresh() takes a whole number of seconds, at least 1.")

    return _Fresh(int(length))


def rule(
    fn: Callable[[Identity[t.Any], t.Any], bool], *, name: str | None = None
) -> Rule:
    """Pass callers for whom ``fn(identity, obj)`` is ``True``.

    :param fn: Must return a ``bool``. ``obj`` is ``None`` unless the rule is
        asked by ``check()`` or ``allows()``.
    :param name: What the rule is called; needed where the function has no name
        of its own (a lambda, a partial).
    :raises TypeError: If ``fn`` is a coroutine function.
    :raises ValueError: If a name is needed.
    """
    if inspect.iscoroutinefunction(fn):
        raise TypeError("A rule runs while rules are evaluated: use a plain function.")

    # A partial and a callable object have no name of their own.
    qualname: str = getattr(fn, "__qualname__", "<lambda>")

    if name is None and "<lambda>" in qualname:
        raise ValueError("Give this rule a name: rule(fn, name='owner').")

    return _Custom(fn, name or f"{fn.__module__}:{qualname}")


def fresh_seconds(rule: Rule) -> int | None:
    """Return how recent a ``fresh`` rule wants the proof; else ``None``."""
    return rule.within if isinstance(rule, _Fresh) else None


def scope_names(rule: Rule) -> tuple[str, ...]:
    """Return the scopes that a ``scope`` rule wants; none of another rule.

    >>> scope_names(scope("b", "a")), scope_names(role("a"))
    (('a', 'b'), ())
    """
    return rule.names if isinstance(rule, _Scope) else ()


def _names(word: str, names: tuple[str, ...]) -> tuple[str, ...]:
    given = t.cast("tuple[object, ...]", names)

    if not given or not all(isinstance(name, str) and name for name in given):
        raise ValueError(f'{word}() takes names, as in {word}("a", "b").')

    return tuple(sorted(set(names)))
