"""From marks to one access plan: which rule holds for one endpoint and method.

Rules only tighten and ``public`` only opens, from the outside in.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

from ._rules import all_of
from ._rules import asks_signature
from ._rules import authenticated
from ._rules import Rule

if t.TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Iterable

    from flask_toolkit.identity import AccessMark

CROSS_ORIGIN_FLAG: t.Final = " +cross-origin"
_OPEN: t.Final = frozenset({"public", "unguarded", "routing"})


class Source(t.NamedTuple):
    """One place that says something about a route."""

    label: str
    mark: AccessMark


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What holds for one endpoint and method."""

    public: bool = False
    rule: Rule = authenticated
    cross_origin: bool = False
    why: tuple[str, ...] = ("default",)
    """The sources that said something, outer to inner."""

    reason: str | None = None
    by_signature: bool = False
    """Whether the rule names ``signed``."""

    @property
    def why_text(self) -> str:
        """Return the sources and the reason in one line."""
        text = "+".join(self.why)
        return text if self.reason is None else f"{text} {json.dumps(self.reason)}"


def compile_access(default: Rule, sources: Iterable[Source]) -> Access:
    """Return what holds after all ``sources``, ordered from outside in.

    ``require`` after ``public`` starts anew with its own rule: what an outer
    rule asked for was opened on purpose.
    """
    public = False
    rule = default
    cross_origin = False
    why = ["default"]
    reason: str | None = None

    for label, mark in sources:
        if mark.public:
            why = [*why, label] if public else [label]
        else:
            rule = all_of(mark.rules if public else (rule, *mark.rules))
            why.append(label)

        public = mark.public
        reason = mark.reason
        cross_origin = cross_origin or mark.cross_origin

    return Access(
        public=public,
        rule=authenticated if public else rule,
        cross_origin=cross_origin,
        why=tuple(why),
        reason=reason,
        by_signature=not public and asks_signature(rule),
    )


def requires_text(
    access: Access | None, required_by: Collection[str] = (), *, routing: bool = False
) -> str:
    """Return what a route asks for, as the map shows it.

    :param access: ``None`` where no guard covers the route.
    :param required_by: What a decorator enforces by itself, as rule texts.
    :param routing: Whether the route answers before any guard runs.

    >>> requires_text(None), requires_text(None, ['via("jwt")'])
    ('unguarded', 'via("jwt")')
    """
    if routing:
        return "routing"

    texts = list(required_by)

    if access is not None and not access.public:
        own = repr(access.rule)
        texts = [own, *texts] if own != "authenticated" or not texts else texts

    flag = CROSS_ORIGIN_FLAG if access is not None and access.cross_origin else ""

    if not texts:
        return ("unguarded" if access is None else "public") + flag

    unique = list(dict.fromkeys(texts))

    if len(unique) > 1:
        unique = [f"({text})" if " | " in text else text for text in unique]

    return " & ".join(unique) + flag


def is_open(requires: str) -> bool:
    """Tell whether the text of :func:`requires_text` lets anybody in.

    >>> is_open("public +cross-origin"), is_open("authenticated")
    (True, False)
    """
    return requires.removesuffix(CROSS_ORIGIN_FLAG) in _OPEN
