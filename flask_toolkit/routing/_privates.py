"""The private names of Werkzeug that this room reads, and the one that it sets.

``_selfcheck`` looks whether they still are what we know.
"""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from werkzeug.routing import BaseConverter
    from werkzeug.routing import Map
    from werkzeug.routing import Rule
    from werkzeug.routing.matcher import State
    from werkzeug.routing.matcher import StateMachineMatcher
    from werkzeug.routing.rules import RulePart


def get_matcher(url_map: Map) -> StateMachineMatcher:
    """Return what matches the paths of a map."""
    return url_map._matcher  # noqa: SLF001  # no public name


def set_matcher(url_map: Map, matcher: StateMachineMatcher) -> None:
    """Let another one match them."""
    url_map._matcher = matcher  # noqa: SLF001  # no public name


def root_of(matcher: StateMachineMatcher) -> State:
    """Return the state in which each walk begins."""
    return matcher._root  # noqa: SLF001  # no public name


def parts_of(rule: Rule) -> list[RulePart]:
    """Return what a rule consists of, its host or subdomain first."""
    return rule._parts  # noqa: SLF001  # no public name


def converters_of(rule: Rule) -> dict[str, BaseConverter]:
    """Return the converters of a rule by variable, in order."""
    return rule._converters  # noqa: SLF001  # no public name
