"""Ways and loops in a graph; pure."""

from __future__ import annotations

import typing as t
from collections import deque

if t.TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable
    from collections.abc import Hashable
    from collections.abc import Iterable

H = t.TypeVar("H", bound="Hashable")


def search(
    starts: Iterable[H], step: Callable[[H], Iterable[tuple[H, str]]], goal: H
) -> str | None:
    """Return the shortest text that leads to the goal in at least one step."""
    waiting = deque((start, "") for start in starts)
    seen: set[H] = set()

    while waiting:
        at, word = waiting.popleft()

        for following, letter in step(at):
            if following == goal:
                return word + letter

            if following not in seen:
                seen.add(following)
                waiting.append((following, word + letter))

    return None


def components(follow: list[Counter[int]], without: frozenset[int]) -> list[int | None]:
    """Return for each state the smallest state of its loop, if it is in one."""
    before: list[set[int]] = [set() for _ in follow]

    for state, following in enumerate(follow):
        for each in following:
            before[each].add(state)

    behind = [set(following) for following in follow]
    left = set(range(len(follow))) - without
    loops: list[int | None] = [None] * len(follow)

    while left:
        first = min(left)
        loop = _reach(first, behind, _reach(first, before, left))

        for state in loop:
            loops[state] = first

        left -= loop | {first}

    return loops


def _reach(start: int, steps: list[set[int]], among: set[int]) -> set[int]:
    """Return what can be reached in at least one step."""
    seen: set[int] = set()
    waiting = [start]

    while waiting:
        for following in steps[waiting.pop()]:
            if following in among and following not in seen:
                seen.add(following)
                waiting.append(following)

    return seen
