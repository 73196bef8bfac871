"""Collect the marks that hold for an endpoint, from the outside in."""

from __future__ import annotations

import functools
import inspect
import typing as t

from flask.views import MethodView
from flask.views import View

from flask_toolkit.errors import SetupError
from flask_toolkit.identity import AccessMark

from ._decorators import own_mark
from ._plan import compile_access
from ._plan import Source
from ._policy import SAFE_METHODS
from ._rules import is_hopeless
from ._state import blueprints_of
from ._state import Plan

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

    from flask import Flask

    from ._state import GuardState
    from ._state import Registry

_OPEN = AccessMark(public=True)


def plan_for(app: Flask, registry: Registry, endpoint: str, method: str) -> Plan:
    """Return what holds for an endpoint and method.

    :raises SetupError: If something is both opened and restricted, or asks for
        what nobody has.
    """
    view = app.view_functions.get(endpoint)
    found = registry.deciding(endpoint)

    if found is None:
        return Plan(view, None, None)

    scope, guard = found
    sources = [
        *_of_blueprints(app, endpoint, scope),
        *_of_view(app, registry, endpoint, guard),
        *_of_method(view, method),
    ]
    access = compile_access(guard.rule, sources)

    if access.by_signature and is_hopeless(access.rule):
        raise SetupError(
            f"Endpoint {endpoint!r} asks for {access.rule!r}, which nobody can pass: a"
            " signed address has no user, and one identity answers. Say signed | ...,"
            " or ask for one of them."
        )

    checks = not access.cross_origin and guard.settings.origin_check != "off"
    return Plan(
        view,
        guard,
        access,
        checks_origin=checks and method not in SAFE_METHODS,
        checks_handshake=checks,
    )


def _opened_by(registry: Registry, endpoint: str, guard: GuardState) -> str | None:
    """Return the kind of setting that opens an endpoint, if one does.

    People sign in at any guard's view; the rest each guard opens for itself.
    """
    if any(one.settings.login_view == endpoint for one in registry.guards()):
        return "login-view"

    return "config" if endpoint in guard.settings.public else None


def _of_blueprints(app: Flask, endpoint: str, scope: str) -> Iterator[Source]:
    for name in reversed(list(blueprints_of(endpoint))):
        mark = own_mark(app.blueprints.get(name))
        outside = len(name) < len(scope)

        # What lies outside the guard's own blueprint may tighten, never open it.
        if mark is not None and not (outside and mark.public):
            yield Source(f"blueprint:{name}", mark)


def _of_view(
    app: Flask, registry: Registry, endpoint: str, guard: GuardState
) -> Iterator[Source]:
    view = app.view_functions.get(endpoint)
    cls = _class_of(view)
    inherited = [] if cls is None else [own_mark(base) for base in cls.__mro__[:0:-1]]
    inherited += map(own_mark, _beneath(view))
    # A base class tightens its children, and what a view calls the view; being
    # open is not inherited.
    yield from (Source("marker", m) for m in inherited if m is not None and m.rules)

    marks = [own_mark(cls), own_mark(view)]
    own = [Source("marker", mark) for mark in marks if mark is not None]
    opened = _opened_by(registry, endpoint, guard)

    if opened is not None:
        own.insert(0, Source(opened, _OPEN))

    if len({mark.public for _, mark in own}) > 1:
        where = " and ".join(f"{kind} {_word(mark)}" for kind, mark in own)
        raise SetupError(f"Endpoint {endpoint!r} is opened and restricted: {where}.")

    if not own and _is_open_static(app, registry, endpoint):
        yield Source("static", _OPEN)

    yield from own


def _beneath(view: t.Any) -> Iterator[object]:
    """Yield what runs when a view runs that is no function: where marks may be."""
    while isinstance(view, functools.partial):
        view = t.cast("t.Any", view).func
        yield view

    if view is not None and not inspect.isroutine(view):
        yield type(view)
        yield type(view).__call__


def _of_method(view: Callable[..., t.Any] | None, method: str) -> Iterator[Source]:
    cls = _class_of(view)

    if cls is None:
        return

    names = ["dispatch_request"]

    if issubclass(cls, MethodView):
        verb = method.lower()
        names.append("get" if verb == "head" and not hasattr(cls, "head") else verb)

    for name in names:
        for base in reversed(cls.__mro__):
            mark = own_mark(base.__dict__.get(name))
            # An overridden method still tightens; it no longer opens.
            if mark is not None and (mark.rules or _runs(cls, base, name)):
                yield Source("method-marker", mark)


def _runs(cls: type[View], base: type[t.Any], name: str) -> bool:
    """Tell whether ``base`` defines the method that ``cls`` runs."""
    return next(c for c in cls.__mro__ if name in c.__dict__) is base


def _class_of(view: object) -> type[View] | None:
    cls = getattr(view, "view_class", None)
    return cls if isinstance(cls, type) and issubclass(cls, View) else None


def _word(mark: AccessMark) -> str:
    return "public" if mark.public else "require"


def _is_open_static(app: Flask, registry: Registry, endpoint: str) -> bool:
    scope, _, name = endpoint.rpartition(".")
    found = registry.deciding(endpoint)

    if name != "static" or found is None or not found[1].settings.static_public:
        return False

    view = app.view_functions.get(endpoint)

    # A view of the app's own that happens to be called "static" stays closed.
    if not scope:
        return app.has_static_folder and getattr(view, "__module__", "") == "flask.app"

    blueprint = app.blueprints.get(scope)
    return blueprint is not None and getattr(view, "__self__", None) is blueprint
