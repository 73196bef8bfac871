"""Look for routes that do not do what they seem to."""

from __future__ import annotations

import re
import typing as t

from flask_toolkit._findings import Level
from flask_toolkit.errors import SetupError

from ._fast import is_fast
from ._findings import is_ignored
from ._findings import RouteFinding
from ._findings import unknown_ignores
from ._lint_order import order_findings
from ._lint_slow import guard_findings
from ._lint_slow import is_harmless
from ._lint_slow import slow_findings
from ._places import VARIABLE
from ._privates import converters_of
from ._routes import routes_of
from ._samples import REFUSALS

if t.TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Iterator

    from flask import Flask
    from werkzeug.routing import BaseConverter

    from ._routes import Route

_LITERAL_REGEX = re.compile(r"\(\?P<|^/\^|\$$|\\[dwsDWS]|\[[^\]/]-[^\]/][^\]/]*\]")
_CROWDED = 200
_CACHED = 512


class Report(t.NamedTuple):
    """What the linter found, and what it could not try."""

    findings: list[RouteFinding]
    not_sampled: list[Route]
    """Routes with a variable of which no text is known."""


def check(app: Flask, *, ignore: Collection[str] = ()) -> list[RouteFinding]:
    """Return what is wrong with the routes of ``app``; nothing in a healthy one.

    It is a tool for development and tests: no view runs, and expressions that
    look slow are tried. ``flask toolkit routes --check`` prints the same.

    :param ignore: Findings to leave out, ``"R010"`` or ``"R010:endpoint"``, beside
        those of the setting ``LINT_IGNORE``.
    :raises SetupError: If ``ignore`` has something else.
    """
    return lint(app, ignore=ignore).findings


def lint(app: Flask, *, ignore: Collection[str] = ()) -> Report:
    """Return what is found, and which routes could not be tried.

    :raises SetupError: If ``ignore`` has something that is no code.
    """
    unknown = unknown_ignores(ignore)

    if unknown:
        raise SetupError(
            f"Nothing is called {unknown[0]!r}. ignore takes several of 'R010' or"
            " 'R010:endpoint'."
        )

    state = app.extensions.get("toolkit.converters")
    unwanted = {*ignore, *(state.settings.lint_ignore if state else ())}
    routes = routes_of(app)
    found = [finding for route in routes for finding in _of_route(route)]
    found += _crowded(app, routes)

    # Where one does not compile, no path can be followed, and none should where one
    # may take for ever.
    if not any(_not_compiling(route) or not is_harmless(route) for route in routes):
        found += order_findings(app, routes)

    findings = [one for one in found if not is_ignored(one, unwanted)]
    findings.sort(key=lambda one: (-one.level, one.code, one.rule))
    return Report(findings, [route for route in routes if not route.visits])


def _of_route(route: Route) -> Iterator[RouteFinding]:
    for rule in (_broken, slow_findings, guard_findings, _merged, _in_host, _literal):
        yield from rule(route)


def _found(
    code: str, level: Level, route: Route, message: str, hint: str
) -> RouteFinding:
    return RouteFinding(code, level, route.text, route.endpoint, message, hint)


def _not_compiling(route: Route) -> list[tuple[str, re.error]]:
    found: list[tuple[str, re.error]] = []

    for part, _ in route.segments:
        if not part.static:
            try:
                re.compile(part.content)
            except re.error as error:
                found.append((part.content, error))

    return found


def _broken(route: Route) -> Iterator[RouteFinding]:
    for content, error in _not_compiling(route):
        yield _found(
            "R001",
            Level.ERROR,
            route,
            f"{content!r} does not compile: {error}. Each request that gets here is"
            " a 500, also those for the routes beside it.",
            "Mend the regex of the converter, or derive it from RegexConverter, which"
            " checks its pattern.",
        )


def _merged(route: Route) -> Iterator[RouteFinding]:
    if not route.rule.merge_slashes:
        return

    for variable in VARIABLE.finditer(route.rule.rule):
        if "//" in (variable["arguments"] or ""):
            yield _found(
                "R004",
                Level.ERROR,
                route,
                f"The '//' in {variable[0]} is merged to '/' before the converter"
                " sees it.",
                "Give the pattern a name with pattern(): nothing is merged there.",
            )


def _in_host(route: Route) -> Iterator[RouteFinding]:
    for variable in VARIABLE.finditer(route.domain):
        converter = converters_of(route.rule)[variable["name"]]

        if not converter.part_isolating:
            yield _found(
                "R005",
                Level.ERROR,
                route,
                f"{variable[0]} spans slashes, so in a host or subdomain it takes the"
                " path, too, and nothing matches.",
                "Use a pattern in which no slash is written, or slashes=False.",
            )
        elif _writes(converter, "evil.example/") or _writes(converter, "evil@a:1"):
            yield _found(
                "R005",
                Level.WARNING,
                route,
                f"{variable[0]} builds whatever it is given, so a value such as"
                " 'evil.example/' makes a link to another host.",
                "Use a converter that checks what it builds, as slug or regex.",
            )


def _writes(converter: BaseConverter, text: str) -> bool:
    """Tell whether a converter writes a text as it is, though no host reads so."""
    try:
        return converter.to_url(text) == text
    except REFUSALS:
        return False


def _literal(route: Route) -> Iterator[RouteFinding]:
    def keep_name(variable: re.Match[str]) -> str:
        return f"<{variable['name']}>"

    bare = VARIABLE.sub(keep_name, route.rule.rule)
    found = _LITERAL_REGEX.search(bare)

    if found is not None:
        yield _found(
            "R007",
            Level.WARNING,
            route,
            f"{found[0]!r} stands outside of a converter, where it is literal text.",
            'Write <regex("..."):name>, or use pattern().',
        )


def _crowded(app: Flask, routes: list[Route]) -> Iterator[RouteFinding]:
    if is_fast(app):
        return

    places: dict[tuple[str, ...], dict[str, Route]] = {}

    for route in routes:
        before: tuple[str, ...] = ()

        for part, _ in route.segments:
            if not part.static:
                places.setdefault(before, {}).setdefault(part.content, route)

            before = (*before, part.content)

    for beside in places.values():
        if len(beside) > _CROWDED:
            yield _found(
                "R006",
                Level.ERROR if len(beside) > _CACHED else Level.WARNING,
                next(iter(beside.values())),
                f"{len(beside)} expressions are tried side by side here. Above"
                f" {_CACHED}, Werkzeug compiles each of them for each request.",
                "Put a static segment in front, as /shop/<sku:code>, or call"
                " install_fast_matcher(app).",
            )
