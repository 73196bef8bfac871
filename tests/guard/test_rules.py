"""Rules: values that combine, print canonically and never fail open."""

import functools
import json
import re
import typing as t
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_toolkit.guard import authenticated
from flask_toolkit.guard import fresh
from flask_toolkit.guard import Outcome
from flask_toolkit.guard import role
from flask_toolkit.guard import Rule
from flask_toolkit.guard import rule
from flask_toolkit.guard import scope
from flask_toolkit.guard import signed
from flask_toolkit.guard import via
from flask_toolkit.guard._rules import all_of
from flask_toolkit.guard._rules import evaluate
from flask_toolkit.guard._rules import Facts
from flask_toolkit.guard._rules import is_hopeless
from flask_toolkit.identity import Identity

NOW = 1_000_000.0


def owns(identity: Identity[t.Any], obj: t.Any) -> bool:
    """Tell whether the caller owns the object."""
    return bool(obj == identity.id)


def facts(
    *roles: str,
    via: str = "session",
    scopes: t.Iterable[str] = (),
    age: float = 0,
    obj: object = None,
) -> Facts:
    """Return facts about user 1."""
    identity: Identity[t.Any] = Identity(
        id="1",
        via=via,
        ambient=True,
        auth_time=NOW - age,
        scopes=frozenset(scopes),
    )
    return Facts(identity=identity, now=NOW, roles_of=lambda identity: roles, obj=obj)


A, B, C = role("a"), role("b"), role("c")


def any_rule() -> t.Any:
    """Return a rule that type checkers know nothing of."""
    return A


@pytest.mark.parametrize(
    ("given_rule", "text"),
    [
        pytest.param(authenticated, "authenticated", id="authenticated"),
        pytest.param(role("b", "a", "b"), 'role("a", "b")', id="names-sorted"),
        pytest.param(scope("b", "a"), 'scope("a", "b")', id="scope"),
        pytest.param(via("jwt"), 'via("jwt")', id="via"),
        pytest.param(fresh(timedelta(minutes=5)), "fresh(300)", id="fresh-seconds"),
        pytest.param(role('a"\n\u202e'), 'role("a\\"\\n\\u202e")', id="hostile-name"),
        pytest.param(A & B & C, 'role("a") & role("b") & role("c")', id="flat-and"),
        pytest.param(A & (B & C), 'role("a") & role("b") & role("c")', id="flat-right"),
        pytest.param(A | (B | C), 'role("a") | role("b") | role("c")', id="flat-or"),
        pytest.param(A & B & A, 'role("a") & role("b")', id="duplicate-and"),
        pytest.param(A | A, 'role("a")', id="duplicate-or"),
        pytest.param(A & B | C, 'role("a") & role("b") | role("c")', id="precedence"),
        pytest.param(A & (B | C), 'role("a") & (role("b") | role("c"))', id="parens"),
        pytest.param(~A & B, '~role("a") & role("b")', id="not-binds-tightest"),
        pytest.param(~(A | B), '~(role("a") | role("b"))', id="not-or"),
        pytest.param(~(A & B), '~(role("a") & role("b"))', id="not-and"),
        pytest.param(~~A, 'role("a")', id="double-not"),
        pytest.param(authenticated & A, 'role("a")', id="authenticated-is-implied"),
        pytest.param(authenticated | A, "authenticated", id="or-authenticated"),
        pytest.param(authenticated & authenticated, "authenticated", id="alone"),
        pytest.param(rule(owns), f'rule("{__name__}:owns")', id="function"),
        pytest.param(
            rule(lambda identity, obj: True, name="any"), 'rule("any")', id="named"
        ),
    ],
)
def test_text_is_canonical(given_rule: Rule, text: str) -> None:
    """Equal rules print equally, with the fewest parentheses."""
    assert repr(given_rule) == text


@pytest.mark.parametrize(
    ("given_rule", "about", "outcome", "reason"),
    [
        pytest.param(authenticated, facts(), Outcome.ALLOW, "passed", id="known"),
        pytest.param(role("x", "a"), facts("a"), Outcome.ALLOW, "passed", id="role"),
        pytest.param(A, facts("b"), Outcome.DENY, "role-missing", id="no-role"),
        pytest.param(
            scope("r", "w"), facts(scopes="rw"), Outcome.ALLOW, "passed", id="scopes"
        ),
        pytest.param(
            scope("r", "w"),
            facts(scopes="r"),
            Outcome.DENY,
            "scope-missing",
            id="one-scope-of-two",
        ),
        pytest.param(
            via("jwt", "key"), facts(via="key"), Outcome.ALLOW, "passed", id="via"
        ),
        pytest.param(via("jwt"), facts(), Outcome.DENY, "wrong-kind", id="other-via"),
        pytest.param(fresh(60), facts(age=60), Outcome.ALLOW, "passed", id="fresh"),
        pytest.param(fresh(60), facts(age=61), Outcome.STALE, "not-fresh", id="stale"),
        pytest.param(
            fresh(60), facts(age=-120), Outcome.ALLOW, "passed", id="clocks-differ"
        ),
        pytest.param(
            fresh(60), facts(age=-121), Outcome.STALE, "not-fresh", id="from-the-future"
        ),
        pytest.param(
            fresh(60), facts(age=NOW), Outcome.STALE, "not-fresh", id="no-auth-time"
        ),
        pytest.param(rule(owns), facts(obj="1"), Outcome.ALLOW, "passed", id="owner"),
        pytest.param(
            rule(owns), facts(obj="2"), Outcome.DENY, "rule-false", id="no-owner"
        ),
        pytest.param(A & B, facts("a", "b"), Outcome.ALLOW, "passed", id="and"),
        pytest.param(
            A & fresh(60), facts(age=99), Outcome.DENY, "role-missing", id="and-first"
        ),
        pytest.param(A | B, facts("b"), Outcome.ALLOW, "passed", id="or"),
        pytest.param(A | B, facts(), Outcome.DENY, "role-missing", id="or-none"),
        pytest.param(
            fresh(60) | B, facts(age=99), Outcome.STALE, "not-fresh", id="or-stale"
        ),
        pytest.param(
            B | fresh(60), facts(age=99), Outcome.STALE, "not-fresh", id="or-stale-last"
        ),
        pytest.param(
            fresh(60) | fresh(5), facts(age=99), Outcome.STALE, "not-fresh", id="stales"
        ),
        pytest.param(~A, facts("b"), Outcome.ALLOW, "passed", id="not"),
        pytest.param(~A, facts("a"), Outcome.DENY, "excluded", id="not-denied"),
        pytest.param(~fresh(60), facts(age=99), Outcome.ALLOW, "passed", id="~"),
    ],
)
def test_outcome(given_rule: Rule, about: Facts, outcome: Outcome, reason: str) -> None:
    """Each rule gives the outcome and the reason of the table in the design."""
    assert evaluate(given_rule, about)[:2] == (outcome, reason)


@pytest.mark.parametrize(
    "given_rule", [authenticated, A, ~A, ~(A & B), A | ~B, rule(owns)], ids=repr
)
def test_nobody_is_never_admitted(given_rule: Rule) -> None:
    """Every rule implies a caller, so ``~role`` admits no stranger (fact 8)."""
    assert evaluate(given_rule, None)[:2] == (Outcome.LOGIN, "login-required")


@pytest.mark.parametrize("answer", [1, "yes", None, [], object()], ids=repr)
def test_a_rule_function_must_return_a_bool(answer: t.Any) -> None:
    """Truth by accident opens nothing."""
    lax = rule(lambda identity, obj: t.cast("bool", answer), name="lax")

    with pytest.raises(TypeError, match=r'rule\("lax"\) must return True or False'):
        evaluate(lax, facts())


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda: any_rule() and B, id="and"),
        pytest.param(lambda: any_rule() or B, id="or"),
        pytest.param(lambda: not any_rule(), id="not"),
    ],
)
def test_python_words_do_not_combine_rules(build: t.Callable[[], object]) -> None:
    """``a and b`` would silently be ``b``; it is an error."""
    with pytest.raises(TypeError, match=re.escape("Combine rules with & | ~")):
        build()


@pytest.mark.parametrize(
    "combine",
    [lambda other: A & other, lambda other: A | other],
    ids=["and", "or"],
)
def test_rules_combine_with_rules_only(combine: t.Callable[[t.Any], object]) -> None:
    """A stray string next to ``&`` is an error, not a rule."""
    with pytest.raises(TypeError, match="unsupported operand"):
        combine("admin")


@pytest.mark.parametrize("make", [role, scope, via], ids=lambda make: make.__name__)
@pytest.mark.parametrize(
    "names", [(), ("",), (["a"],)], ids=["none", "empty", "a-list"]
)
def test_names_are_needed(
    make: t.Callable[..., Rule], names: tuple[t.Any, ...]
) -> None:
    """A rule without names, or with something else, is refused where it is made."""
    with pytest.raises(ValueError, match=re.escape(f"{make.__name__}() takes names")):
        make(*names)


@pytest.mark.parametrize("within", [0, -1, 0.5, 1.5, timedelta()], ids=str)
def test_fresh_takes_whole_seconds(within: float | timedelta) -> None:
    """The text of a rule shows whole seconds, so it takes no others."""
    with pytest.raises(ValueError, match="whole number of seconds"):
        fresh(within)


@pytest.mark.parametrize(
    "fn",
    [
        pytest.param(lambda identity, obj: True, id="lambda"),
        pytest.param(functools.partial(owns, obj=1), id="partial"),
    ],
)
def test_a_nameless_function_needs_a_name(fn: t.Any) -> None:
    """The map must be able to tell which rule a route has."""
    with pytest.raises(ValueError, match="Give this rule a name"):
        rule(fn)


def test_a_coroutine_function_is_no_rule() -> None:
    """Its coroutine would be truthy without ever running."""

    async def later(identity: object, obj: object) -> bool:
        raise NotImplementedError

    with pytest.raises(TypeError, match="use a plain function"):
        rule(t.cast("t.Any", later))


def test_rules_of_one_name_and_two_functions_differ() -> None:
    """Dropping duplicates must not drop another rule of the same name."""
    no = rule(lambda identity, obj: False, name="same")
    yes = rule(lambda identity, obj: True, name="same")

    assert evaluate(yes & no, facts()).outcome is Outcome.DENY


def test_an_empty_conjunction_still_asks_for_a_caller() -> None:
    """No rules means authenticated, not open."""
    assert all_of([]) == authenticated


def test_atoms_of_a_rule() -> None:
    """A rule tells what it is made of, however deep."""
    deep = A & (B | ~(fresh(60) & C))

    assert list(deep.atoms()) == [A, B, fresh(60), C]


ATOMS = st.sampled_from([A, B, C, fresh(60), scope("r"), authenticated])
RULES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: pair[0] & pair[1]),
        st.tuples(inner, inner).map(lambda pair: pair[0] | pair[1]),
        inner.map(lambda one: ~one),
    ),
    max_leaves=8,
)


def truth(text: str, about: Facts) -> bool:
    """Read a canonical text as Python over truth values."""

    def one(given_rule: Rule) -> bool:
        return evaluate(given_rule, about).outcome is Outcome.ALLOW

    names: dict[str, t.Any] = {
        "role": lambda *a: one(role(*a)),
        "scope": lambda *a: one(scope(*a)),
        "fresh": lambda n: one(fresh(n)),
        "authenticated": True,
        "__builtins__": {},
    }
    plain = text.replace("~", " not ").replace("&", " and ").replace("|", " or ")
    return bool(eval(plain, names))  # the text is of our own making


@given(RULES, st.sets(st.sampled_from("abc")), st.sampled_from([0, 99]))
def test_text_means_what_the_rule_does(
    given_rule: Rule, roles: set[str], age: int
) -> None:
    """Reading a rule's text as logic gives what evaluating it gives."""
    about = facts(*roles, age=age)
    allowed = evaluate(given_rule, about).outcome is Outcome.ALLOW

    assert truth(repr(given_rule), about) is allowed


@given(st.lists(st.text(min_size=1), min_size=1))
def test_names_print_as_ascii_json(names: list[str]) -> None:
    """No control, bidi or invisible character reaches a review."""
    text = repr(role(*names))

    assert text.isascii()
    assert text.isprintable()
    assert json.loads(f"[{text[5:-1]}]") == sorted(set(names))


SIGNED_TOO = st.recursive(
    ATOMS | st.sampled_from([signed, via("signed-url"), via("session"), via("jwt")]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: pair[0] & pair[1]),
        st.tuples(inner, inner).map(lambda pair: pair[0] | pair[1]),
        inner.map(lambda one: ~one),
    ),
    max_leaves=6,
)
CALLERS = [
    Facts(Identity(id="x", via="signed-url", ambient=False), NOW, lambda _: ()),
    *(
        facts(*roles, age=age, scopes=scopes, via=kind)
        for roles in ("", "a", "bc", "abc")
        for age in (0, 99)
        for scopes in ("", "r")
        for kind in ("session", "jwt")
    ),
]


@given(SIGNED_TOO)
def test_what_somebody_passes_is_not_called_hopeless(given_rule: Rule) -> None:
    """Setup refuses such rules, so it must not err; a part it cannot judge is let."""
    passed = any(evaluate(given_rule, one).outcome is Outcome.ALLOW for one in CALLERS)

    assert not (passed and is_hopeless(given_rule))
    assert not (is_hopeless(given_rule) and is_hopeless(~given_rule))
