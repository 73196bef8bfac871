"""The conditions that a rule is made of: roles, scopes, freshness, functions."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable
from dataclasses import dataclass

from flask_toolkit._extension import is_async
from flask_toolkit._values import seconds
from flask_toolkit.identity import Identity

from ._rules import Chances
from ._rules import Outcome
from ._rules import PASSED
from ._rules import Rule
from ._rules import Verdict

if t.TYPE_CHECKING:
    from flask_toolkit.typing import Duration

    from ._rules import Facts

SIGNED: t.Final = "signed-url"
"""By what a caller with a signed address is known."""

# Seconds that the clock of who issued a credential may be ahead, as for tokens: a
# proof of next year would be fresh until then.
_SKEW: t.Final = 120


def _of_users(*, signed: bool) -> Chances:
    """Return the chances of a rule about users: a signed address has none."""
    return Chances(passes=not signed, fails=True)


@dataclass(frozen=True, slots=True, repr=False)
class _Named(Rule):
    """A rule over a set of names."""

    names: tuple[str, ...]
    _word: t.ClassVar[str]

    def _text(self) -> str:
        return f"{self._word}({', '.join(json.dumps(name) for name in self.names)})"


class _Role(_Named):
    __slots__ = ()
    _word = "role"

    def evaluate(self, facts: Facts) -> Verdict:
        roles = facts.roles_of(facts.identity)

        for name in self.names:
            if name in roles:
                return PASSED

        return Verdict(Outcome.DENY, "role-missing", self)

    def chances(self, *, signed: bool) -> Chances:
        return _of_users(signed=signed)


class _Scope(_Named):
    __slots__ = ()
    _word = "scope"

    def evaluate(self, facts: Facts) -> Verdict:
        if facts.identity.scopes.issuperset(self.names):
            return PASSED

        return Verdict(Outcome.DENY, "scope-missing", self)

    def chances(self, *, signed: bool) -> Chances:
        return _of_users(signed=signed)


class _Via(_Named):
    __slots__ = ()
    _word = "via"

    def evaluate(self, facts: Facts) -> Verdict:
        if facts.identity.via in self.names:
            return PASSED

        return Verdict(Outcome.DENY, "wrong-kind", self)

    def chances(self, *, signed: bool) -> Chances:
        named = SIGNED in self.names
        others = len(self.names) > named
        return Chances(named if signed else others, not named if signed else True)


class _Signed(Rule):
    __slots__ = ()
    by_signature = True

    def _text(self) -> str:
        return "signed"

    def evaluate(self, facts: Facts) -> Verdict:
        return PASSED if facts.identity.via == SIGNED else self.for_nobody()

    def for_nobody(self) -> Verdict:
        # To sign in would not help.
        return Verdict(Outcome.DENY, "signature-missing", self)

    def chances(self, *, signed: bool) -> Chances:
        return Chances(passes=signed, fails=not signed)


signed: t.Final[Rule] = _Signed()
"""Whoever has a signed address of the page, from ``sign_url``, while it lasts."""


@dataclass(frozen=True, slots=True, repr=False)
class _Fresh(Rule):
    within: int

    def _text(self) -> str:
        return f"fresh({self.within})"

    def evaluate(self, facts: Facts) -> Verdict:
        auth_time = facts.identity.auth_time

        if auth_time and -_SKEW <= facts.now - auth_time <= self.within:
            return PASSED

        return Verdict(Outcome.STALE, "not-fresh", self)

    def chances(self, *, signed: bool) -> Chances:
        return _of_users(signed=signed)


@dataclass(frozen=True, slots=True, repr=False)
class _Custom(Rule):
    fn: Callable[[Identity[t.Any], t.Any], bool]
    name: str

    def _text(self) -> str:
        return f"rule({json.dumps(self.name)})"

    def evaluate(self, facts: Facts) -> Verdict:
        answer: object = self.fn(facts.identity, facts.obj)

        if answer is True:
            return PASSED

        if answer is False:
            return Verdict(Outcome.DENY, "rule-false", self)

        # Truth by accident (a list, a query, a mock) must not open a route.
        raise TypeError(
            f"{self!r} must return True or False, not {type(answer).__name__}."
        )


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
    if is_async(fn):
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
