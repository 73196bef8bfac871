"""The matcher that takes the place of Werkzeug's."""

from __future__ import annotations

import functools
import re
import typing as t

from werkzeug.routing import Map
from werkzeug.routing import NoMatch
from werkzeug.routing import RequestAliasRedirect
from werkzeug.routing import RequestPath
from werkzeug.routing import Rule
from werkzeug.routing import ValidationError
from werkzeug.routing.matcher import State
from werkzeug.routing.matcher import StateMachineMatcher

from ._privates import converters_of
from ._privates import get_matcher
from ._privates import parts_of
from ._privates import root_of
from ._privates import set_matcher
from ._walk import Compiler
from ._walk import follow
from ._walk import MISMATCH
from ._walk import SlashRequiredError

if t.TYPE_CHECKING:
    from collections.abc import MutableMapping

    from werkzeug.routing.rules import RulePart

    from ._walk import Walk

_GREEDY = re.compile("/{2,}")
_LAZY = re.compile("/{2,}?")


def install(url_map: Map) -> bool:
    """Put it into a map, unless that has a matcher of somebody else."""
    current = get_matcher(url_map)
    made = quicker(current)

    if made is current:
        return False

    # One assignment: a request that runs meanwhile uses the old one or the new.
    set_matcher(url_map, made)
    return True


def quicker(matcher: StateMachineMatcher) -> StateMachineMatcher:
    """Return one for the same states; itself if it is not Werkzeug's own."""
    return FastMatcher(matcher) if type(matcher) is StateMachineMatcher else matcher


class FastMatcher(StateMachineMatcher):
    """Takes over the states of Werkzeug's matcher and walks them faster."""

    def __init__(self, other: StateMachineMatcher) -> None:
        super().__init__(other.merge_slashes)
        self._root = root_of(other)
        self._compiler = Compiler()
        self._slashes: re.Pattern[str] = _repeated_slashes()
        self._states: dict[tuple[int, str], list[tuple[RulePart, State]]] = {}
        self._index(self._root)
        self.update()

    def add(self, rule: Rule) -> None:
        """Add a rule; it is matched after the next :meth:`update`."""
        state = self._root

        for part in parts_of(rule):
            if part.static:
                state = state.static.setdefault(part.content, State())
            else:
                state = self._next(state, part)

        state.rules.append(rule)

    def update(self) -> None:
        """Compile the states; Werkzeug calls it under its lock."""
        super().update()
        self._start = self._compiler.node(self._root)

    def match(
        self, domain: str, path: str, method: str, websocket: bool
    ) -> tuple[Rule, MutableMapping[str, t.Any]]:
        """Return the rule of a path and its values.

        :raises NoMatch: If there is none.
        :raises RequestPath: If another path has it.
        :raises RequestAliasRedirect: If the rule is an alias.
        """
        seen: set[str] = set()
        walk = (method, websocket, seen)
        found = self._find(domain, path, walk)

        # A second walk could only differ if there is something to merge.
        if found is None and self.merge_slashes and "//" in path:
            path = self._slashes.sub("/", path)
            found = self._find(domain, path, walk)

            if found is not None and found[0].merge_slashes is not False:
                raise RequestPath(path)

            found = None

        if found is None:
            raise _no_match(walk)

        rule, values = found
        result: dict[str, t.Any] = {}

        if values:
            converters = converters_of(rule)

            try:
                for name, value in zip(converters, values, strict=False):
                    result[name] = converters[name].to_python(value)
            except ValidationError as error:
                raise _no_match(walk) from error

        if rule.defaults:
            result.update(rule.defaults)

        if rule.alias and rule.map.redirect_defaults:
            raise RequestAliasRedirect(result, rule.endpoint)

        return rule, result

    def _find(
        self, domain: str, path: str, walk: Walk
    ) -> tuple[Rule, list[str]] | None:
        try:
            return follow(self._start, [domain, *path.split("/")], 0, [], walk)
        except SlashRequiredError:
            raise RequestPath(f"{path}/") from None

    def _next(self, state: State, part: RulePart) -> State:
        """Return the state behind a dynamic part, the same for equal parts."""
        known = self._states.setdefault((id(state), part.content), [])

        for other, found in known:
            if other == part:
                return found

        made = State()
        known.append((part, made))
        state.dynamic.append((part, made))
        return made

    def _index(self, state: State) -> None:
        for part, following in state.dynamic:
            known = self._states.setdefault((id(state), part.content), [])
            known.append((part, following))
            self._index(following)

        for following in state.static.values():
            self._index(following)


@functools.cache
def _repeated_slashes() -> re.Pattern[str]:
    """Return what this Werkzeug merges; an earlier 3.1 made two slashes of three."""
    rule = Rule("/a///b", endpoint="x")
    Map([rule])
    return _GREEDY if [part.content for part in parts_of(rule)][3] == "b" else _LAZY


def _no_match(walk: Walk) -> NoMatch:
    _, _, seen = walk
    return NoMatch(seen - {MISMATCH}, MISMATCH in seen)
