"""States that are ready to be matched, and the walk through them."""

from __future__ import annotations

import functools
import re
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.routing import Rule
    from werkzeug.routing.matcher import State
    from werkzeug.routing.rules import RulePart

_GROUP = "__werkzeug_"
_SLASH = [""]  # what is left of a path that ends with a slash


Walk = tuple[str, bool, set[str]]
"""What is asked for, method and whether it is a WebSocket, and what stood in the way:
the methods of rules that fit otherwise, and ``MISMATCH``. A tuple is made quickly."""

MISMATCH: t.Final = "a WebSocket, or none"


class Edge(t.NamedTuple):
    """A dynamic transition."""

    match: Callable[[str], re.Match[str] | None]
    groups: tuple[int, ...]
    final: bool
    suffix: int
    """The group that takes the slash at the end, 0 if there is none."""

    node: Node


class Node(t.NamedTuple):
    """A state, ready to be matched."""

    static: dict[str, Node]
    edges: list[Edge]
    rules: list[Rule]


class SlashRequiredError(Exception):
    """With a slash at the end there would be a match."""


class Compiler:
    """Makes them from Werkzeug's states, and remembers what it compiled."""

    def __init__(self) -> None:
        self._compiled: dict[str, re.Pattern[str]] = {}

    def node(self, state: State) -> Node:
        """Return a state with all that lie behind it."""
        return Node(
            {text: self.node(below) for text, below in state.static.items()},
            [self._edge(part, self.node(below)) for part, below in state.dynamic],
            list(state.rules),
        )

    def _edge(self, part: RulePart, node: Node) -> Edge:
        pattern = self._compiled.get(part.content)

        if pattern is None:
            try:
                pattern = re.compile(part.content)
            except (re.error, OverflowError, RecursionError):
                # Werkzeug fails when a request gets here, and only then.
                late = functools.partial(_compile_late, part.content)
                return Edge(late, (), part.final, 0, node)

            self._compiled[part.content] = pattern

        names = [name for name in pattern.groupindex if name.startswith(_GROUP)]
        names.sort(key=lambda name: int(name.removeprefix(_GROUP)))
        return Edge(
            match=pattern.match,
            groups=tuple(pattern.groupindex[name] for name in names),
            final=part.final,
            suffix=pattern.groups if part.suffixed else 0,
            node=node,
        )


def _compile_late(content: str, text: str) -> re.Match[str] | None:
    return re.compile(content).match(text)


def follow(
    node: Node, parts: list[str], at: int, values: list[str], walk: Walk
) -> tuple[Rule, list[str]] | None:
    """Match ``parts`` from ``at`` on; the order of trying is Werkzeug's."""
    last = len(parts) - 1

    while at <= last:
        part = parts[at]
        is_slash = part == "" and at == last
        below = node.static.get(part)

        if below is not None and not node.edges and not is_slash:
            # Nothing else could match here, so there is nothing to come back to.
            node = below
            at += 1
            continue

        found = None

        if below is not None:
            found = follow(below, parts, at + 1, values, walk)

        if found is None and node.edges:
            found = _take_edge(node.edges, parts, at, values, walk)

        if found is None and is_slash:
            rule = _fitting(node.rules, walk, loose=True)
            found = None if rule is None else (rule, values)

        return found

    return _at_the_end(node, values, walk)


def _take_edge(
    edges: list[Edge], parts: list[str], at: int, values: list[str], walk: Walk
) -> tuple[Rule, list[str]] | None:
    part = parts[at]
    tail = None

    for match, groups, final, suffix, following in edges:
        if final and tail is None:
            tail = "/".join(parts[at:])

        matched = match(tail if final and tail is not None else part)

        if matched is not None:
            taken = [*values, *map(matched.group, groups)]

            if not final and at + 1 < len(parts):
                found = follow(following, parts, at + 1, taken, walk)
            elif suffix and matched[suffix] == "/":
                found = follow(following, _SLASH, 0, taken, walk)
            else:
                found = _at_the_end(following, taken, walk)

            if found is not None:
                return found

    return None


def _at_the_end(
    node: Node, values: list[str], walk: Walk
) -> tuple[Rule, list[str]] | None:
    rule = _fitting(node.rules, walk) if node.rules else None

    if rule is not None:
        return rule, values

    below = node.static.get("")

    if below is not None:
        method, websocket, _ = walk

        for rule in below.rules:
            if websocket == rule.websocket and (
                rule.methods is None or method in rule.methods
            ):
                if rule.strict_slashes:
                    raise SlashRequiredError

                return rule, values

    return None


def _fitting(rules: list[Rule], walk: Walk, *, loose: bool = False) -> Rule | None:
    """Return the first rule of a state that takes the request, and note the others.

    :param loose: Only rules that do not insist on their slash.
    """
    method, websocket, seen = walk

    for rule in rules:
        if loose and rule.strict_slashes:
            continue

        if rule.methods is not None and method not in rule.methods:
            seen.update(rule.methods)
        elif rule.websocket != websocket:
            seen.add(MISMATCH)
        else:
            return rule

    return None
