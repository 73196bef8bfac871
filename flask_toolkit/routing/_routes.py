"""What Werkzeug made of the rules of an application, for the linter.

It reads the parts and the converters of a rule, which have no public names.
"""

from __future__ import annotations

import functools
import re
import typing as t
from urllib.parse import unquote

from werkzeug.routing import ValidationError

from ._converters import FORMAT_ERRORS
from ._privates import converters_of
from ._privates import parts_of
from ._samples import samples_of

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from werkzeug.routing import BaseConverter
    from werkzeug.routing import Map
    from werkzeug.routing import Rule
    from werkzeug.routing.matcher import State
    from werkzeug.routing.rules import RulePart

_MOST_VISITS = 32


class Segment(t.NamedTuple):
    """What one expression has to match."""

    part: RulePart
    converters: tuple[BaseConverter, ...]


class Visit(t.NamedTuple):
    """A URL of a rule, made from samples."""

    texts: dict[str, str]
    values: dict[str, t.Any]
    domain: str
    path: str | None
    """``None`` if none could be built."""


class Route(t.NamedTuple):
    """A rule that can be matched."""

    rule: Rule
    text: str
    """The rule with its host or subdomain."""

    segments: tuple[Segment, ...]
    domain: str
    """The rule of the host or subdomain."""

    visits: tuple[Visit, ...]
    """Empty if there is no sample for one of its variables."""

    declared: bool
    """Whether all its samples are examples that its converters declare."""

    @property
    def endpoint(self) -> str:
        """Return the name of the endpoint."""
        return str(self.rule.endpoint)

    @property
    def methods(self) -> frozenset[str]:
        """Return what it was registered for, without what comes along by itself."""
        if self.rule.methods is None:
            return frozenset({"GET"})

        own = frozenset(self.rule.methods)
        return own - {"OPTIONS", "HEAD"} or own


def routes_of(app: Flask) -> list[Route]:
    """Return the rules of an application, without those that only build."""
    url_map = app.url_map
    return [_route(url_map, r) for r in url_map.iter_rules() if not r.build_only]


def text_of(url_map: Map, rule: Rule) -> str:
    """Return the rule with its host or subdomain.

    It is written as ``flask toolkit guard`` writes it.
    """
    if url_map.host_matching:
        return f"//{rule.host or ''}{rule.rule}"

    return f"//{rule.subdomain}.*{rule.rule}" if rule.subdomain else rule.rule


def all_matching(state: State, parts: list[str]) -> Iterator[Rule]:
    """Yield every rule that the parts of a path lead to, not only the first."""
    if not parts:
        yield from state.rules
        return

    below = state.static.get(parts[0])

    if below is not None:
        yield from all_matching(below, parts[1:])

    for part, following in state.dynamic:
        pattern = _compiled(part.content)
        found = pattern.match("/".join(parts) if part.final else parts[0])

        if found is not None:
            slash = part.suffixed and found[found.re.groups] == "/"
            rest = parts[1:] if not part.final else [""] if slash else []
            yield from all_matching(following, rest)


@functools.lru_cache(maxsize=8192)  # re itself remembers 512
def _compiled(content: str) -> re.Pattern[str]:
    return re.compile(content)


def _route(url_map: Map, rule: Rule) -> Route:
    domain = (rule.host if url_map.host_matching else rule.subdomain) or ""
    converters = {
        name: converter
        for name, converter in converters_of(rule).items()
        if name not in (rule.defaults or {})
    }
    samples = {name: samples_of(each) for name, each in converters.items()}
    return Route(
        rule=rule,
        text=text_of(url_map, rule),
        segments=tuple(_segments(rule)),
        domain=domain,
        visits=tuple(_visits(rule, samples)),
        declared=all(getattr(c, "examples", ()) for c in converters.values()),
    )


def _segments(rule: Rule) -> Iterator[Segment]:
    converters = iter(converters_of(rule).values())

    for part in parts_of(rule):
        count = 0 if part.static else part.content.count("(?P<__werkzeug_")
        taken = tuple(c for _, c in zip(range(count), converters, strict=False))
        yield Segment(part, taken)


def _visits(rule: Rule, samples: dict[str, tuple[str, ...]]) -> Iterator[Visit]:
    if not all(samples.values()):
        return

    most = max(map(len, samples.values()), default=1)

    for number in range(min(most, _MOST_VISITS)):
        texts = {name: each[number % len(each)] for name, each in samples.items()}
        yield _visit(rule, texts)


def _visit(rule: Rule, texts: dict[str, str]) -> Visit:
    converters = converters_of(rule)

    try:
        values = {name: converters[name].to_python(texts[name]) for name in texts}
        built = rule.build(values, append_unknown=False)
    except (ValidationError, *FORMAT_ERRORS):
        return Visit(texts, {}, "", None)

    expected = values | dict(rule.defaults or {})

    if built is None:
        return Visit(texts, expected, "", None)

    return Visit(texts, expected, unquote(built[0]), unquote(built[1]))
