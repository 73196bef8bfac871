"""The access of every route, as data."""

from __future__ import annotations

import inspect
import typing as t

from flask.views import MethodView

from flask_toolkit.identity import REQUIRED_BY

from ._gate import METHODS
from ._hooks import earlier
from ._marks import plan_for
from ._plan import is_open
from ._plan import requires_text
from ._state import registry_of

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

    from flask import Flask
    from werkzeug.routing import Rule

    from ._state import Registry


class RouteAccess(t.NamedTuple):
    """What one method of one route asks for."""

    method: str
    rule: str
    endpoint: str
    guard: str
    """Name of the guard that decides, ``-`` if none does."""

    requires: str
    """``public``, ``unguarded``, ``routing`` or the text of a rule; then flags."""

    why: str
    """The sources that said so, outer to inner, and the reason."""

    source: str
    """File and line of the view, empty if unknown."""

    @property
    def is_open(self) -> bool:
        """Tell whether anybody gets in."""
        return is_open(self.requires)


def guard_map(app: Flask) -> tuple[RouteAccess, ...]:
    """Return what each route of ``app`` asks for, ordered by rule and method.

    No view runs. HEAD stands beside GET only where it differs, OPTIONS only
    where a view of the application answers it.

    :raises SetupError: If something is both opened and restricted.
    """
    found = {access for _, access in accesses(app)}
    return tuple(sorted(found, key=lambda one: (one.rule, one.method, one.endpoint)))


def accesses(app: Flask) -> Iterator[tuple[Rule, RouteAccess]]:
    """Yield the rules of ``app``, each with what one of its methods asks for.

    :raises SetupError: If something is both opened and restricted.
    """
    registry = registry_of(app)

    for rule in app.url_map.iter_rules():
        if not rule.build_only:
            for access in _of_rule(app, registry, rule):
                yield rule, access


def earlier_hooks(app: Flask) -> tuple[str, ...]:
    """Return what runs before the guard, in order: a name, a file and a line.

    URL preprocessors always do, those of blueprints too, and the
    ``before_request`` functions registered before the guard was attached.
    """
    return tuple(
        f"{one.name.replace(':', '.')} {_source_of(one.function)}".rstrip()
        for one in earlier(app, registry_of(app))
    )


def _of_rule(app: Flask, registry: Registry, rule: Rule) -> Iterator[RouteAccess]:
    methods = set(METHODS if rule.methods is None else rule.methods)

    if rule.websocket:
        methods = {"GET"}
    elif getattr(rule, "provide_automatic_options", False):
        methods.discard("OPTIONS")

    records = {method: _record(app, registry, rule, method) for method in methods}
    get = records.get("GET")

    for method, record in records.items():
        same = get is not None and record == get._replace(method="HEAD")

        if method != "HEAD" or not same:
            yield record


def _record(app: Flask, registry: Registry, rule: Rule, method: str) -> RouteAccess:
    endpoint = t.cast("str", rule.endpoint)
    plan = plan_for(app, registry, endpoint, method)
    routing = rule.redirect_to is not None
    required = required_by(plan.view, method)
    sources = [] if plan.access is None else [plan.access.why_text]
    why = "+".join([*sources, *(["decorator"] if required else [])]) or "none"

    return RouteAccess(
        method="WEBSOCKET" if rule.websocket else method,
        rule=_text_of(app, rule),
        endpoint=endpoint,
        guard="-" if plan.guard is None else plan.guard.name,
        requires=requires_text(plan.access, required, routing=routing),
        why="routing" if routing else why,
        source=_source_of(plan.view),
    )


def _text_of(app: Flask, rule: Rule) -> str:
    if app.url_map.host_matching:
        return f"//{rule.host or ''}{rule.rule}"

    return f"//{rule.subdomain}.*{rule.rule}" if rule.subdomain else rule.rule


def required_by(view: Callable[..., t.Any] | None, method: str) -> tuple[str, ...]:
    """Return what decorators on the view, or on its method, enforce themselves."""
    cls = getattr(view, "view_class", None)
    places: list[object] = [view]

    if isinstance(cls, type) and issubclass(cls, MethodView):
        verb = method.lower()
        verb = "get" if verb == "head" and not hasattr(cls, "head") else verb
        places.append(getattr(cls, verb, None))

    return tuple(text for place in places for text in getattr(place, REQUIRED_BY, ()))


def _source_of(view: Callable[..., t.Any] | None) -> str:
    target = getattr(view, "view_class", None)

    try:
        inner: t.Any = inspect.unwrap(view) if view is not None else None
        code = getattr(inner, "__code__", None)

        if target is None and code is not None:
            return f"{code.co_filename}:{code.co_firstlineno}"

        if target is None:
            return ""

        return f"{inspect.getsourcefile(target)}:{inspect.getsourcelines(target)[1]}"
    except (OSError, TypeError, ValueError):
        return ""
