"""Look for routes that other routes hide, by asking the matcher itself."""

from __future__ import annotations

import itertools
import typing as t
from urllib.parse import unquote

from werkzeug.routing import NoMatch
from werkzeug.routing import RoutingException

from flask_toolkit._findings import Level

from ._fast import matcher_of
from ._findings import RouteFinding
from ._privates import converters_of
from ._privates import parts_of
from ._privates import root_of
from ._routes import all_matching

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping

    from flask import Flask
    from werkzeug.routing import Rule
    from werkzeug.routing.matcher import StateMachineMatcher

    from ._routes import Route
    from ._routes import Visit

Outcome = tuple["Rule", "Mapping[str, t.Any]"]


def order_findings(app: Flask, routes: list[Route]) -> Iterator[RouteFinding]:
    """Yield what R002, R008, R009 and R010 find."""
    app.url_map.update()
    matcher = matcher_of(app.url_map)
    doubles = {id(later.rule): first for first, later in _doubles(routes)}

    for route in routes:
        first = doubles.get(id(route.rule))

        if first is not None:
            yield _found(
                "R008",
                Level.ERROR,
                route,
                f"It is the same as {first.text} of {first.endpoint!r}, which was"
                " registered before and answers.",
                "Remove one of them, or give them different methods.",
            )
        elif not route.rule.alias:
            yield from _reached(matcher, routes, route)


def _doubles(routes: list[Route]) -> Iterator[tuple[Route, Route]]:
    """Yield rules of the same parts, methods in common, the first one first."""
    groups: dict[tuple[str, ...], list[Route]] = {}

    for route in routes:
        key = tuple(part.content for part, _ in route.segments)
        groups.setdefault(key, []).append(route)

    for group in groups.values():
        for one, other in itertools.combinations(group, 2):
            same = [part for part, _ in one.segments] == [p for p, _ in other.segments]
            free = one.rule.methods is None or other.rule.methods is None

            if (
                same
                and one.rule.websocket == other.rule.websocket
                and (free or one.methods & other.methods)
            ):
                yield one, other


def _reached(
    matcher: StateMachineMatcher, routes: list[Route], route: Route
) -> Iterator[RouteFinding]:
    visits = [visit for visit in route.visits if visit.path is not None]
    outcomes = [
        (visit, _match(matcher, visit, method, websocket=route.rule.websocket))
        for visit in visits
        for method in sorted(route.methods)
    ]
    winners = [outcome and outcome[0] for _, outcome in outcomes]

    if winners and all(w is not None and _hides(w, route.rule) for w in winners):
        yield _hidden(routes, route, winners)
        return

    if route.declared:
        yield from _not_coming_back(route, outcomes)

    yield from _ties(matcher, routes, route, visits)


def _hides(winner: Rule, rule: Rule) -> bool:
    """Tell whether a rule can hide another: literal text only hides one value."""
    parts = zip(parts_of(winner), parts_of(rule), strict=False)
    return winner is not rule and not any(
        ours.static and not theirs.static for ours, theirs in parts
    )


def _match(
    matcher: StateMachineMatcher, visit: Visit, method: str, *, websocket: bool
) -> Outcome | None:
    """Return where a URL leads, ``None`` if it redirects or cannot be told."""
    try:
        return matcher.match(visit.domain, visit.path or "", method, websocket)
    except (NoMatch, RoutingException):
        return None


def _hidden(
    routes: list[Route], route: Route, winners: list[Rule | None]
) -> RouteFinding:
    by = [other for other in routes if any(other.rule is w for w in winners)]
    named = ", ".join(f"{other.text} of {other.endpoint!r}" for other in by)
    tried = "its examples" if route.declared else "the texts that were tried"
    return _found(
        "R002",
        # Texts of our own may miss the one that would get through.
        Level.ERROR if route.declared else Level.WARNING,
        route,
        f"It is never reached: {named} takes all of {tried}.",
        "Give its converter a lower weight=, or narrow the other rule.",
    )


def _not_coming_back(
    route: Route, outcomes: list[tuple[Visit, Outcome | None]]
) -> Iterator[RouteFinding]:
    lost = [f"{visit.texts}" for visit in route.visits if not _is_written(route, visit)]
    lost += [
        f"{visit.path} gives {dict(outcome[1])}"
        for visit, outcome in outcomes
        if outcome and outcome[0] is route.rule and outcome[1] != visit.values
    ]

    if lost:
        yield _found(
            "R009",
            Level.ERROR,
            route,
            f"An example does not come back from its own URL: {lost[0]}",
            "Let format write what cast reads, and tell neighbours in one segment"
            " apart by what their patterns leave out.",
        )


def _is_written(route: Route, visit: Visit) -> bool:
    """Tell whether each converter writes what it read."""
    converters = converters_of(route.rule)
    return visit.path is not None and all(
        unquote(converters[name].to_url(visit.values[name])) == text
        for name, text in visit.texts.items()
    )


def _ties(
    matcher: StateMachineMatcher,
    routes: list[Route],
    route: Route,
    visits: list[Visit],
) -> Iterator[RouteFinding]:
    """Find earlier rules that only the order of registration puts before or after."""
    earlier = {id(r.rule): r for r in itertools.takewhile(_is_not(route), routes)}

    for visit in visits:
        parts = [visit.domain, *(visit.path or "").split("/")]

        for rule in all_matching(root_of(matcher), parts):
            other = earlier.get(id(rule))

            if other is not None and _is_tie(route, other):
                yield _found(
                    "R010",
                    Level.WARNING,
                    route,
                    f"{visit.path} fits {other.text} of {other.endpoint!r} as well,"
                    " with the same weight: which one answers depends on the order of"
                    " registration.",
                    "Give one of the converters another weight=.",
                )
                return


def _is_not(route: Route) -> t.Callable[[Route], bool]:
    return lambda other: other is not route


def _is_tie(route: Route, other: Route) -> bool:
    if (
        route.rule.websocket != other.rule.websocket
        or not route.methods & other.methods
    ):
        return False

    # There is a difference: rules that are the same are R008.
    parts = zip(parts_of(route.rule), parts_of(other.rule), strict=False)
    one, two = next((one, two) for one, two in parts if one != two)
    return not one.static and not two.static and one.weight == two.weight


def _found(
    code: str, level: Level, route: Route, message: str, hint: str
) -> RouteFinding:
    return RouteFinding(code, level, route.text, route.endpoint, message, hint)
