"""What a guard lets happen, and should not be left like this."""

from __future__ import annotations

import typing as t
from pathlib import Path

from flask_toolkit._findings import CheckInfo
from flask_toolkit._findings import Finding
from flask_toolkit._findings import Level
from flask_toolkit.errors import SetupError

from ._gate import METHODS
from ._gate import setup_problems
from ._lockfile import check_lock
from ._lockfile import LOCK_FILE
from ._map import earlier_hooks
from ._marks import plan_for
from ._state import registry_of

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from ._state import GuardState

KNOWN: t.Final = (
    CheckInfo(
        "guard.names",
        "error",
        always=True,
        when="an endpoint in the settings does not exist, or cannot serve as that",
    ),
    CheckInfo(
        "guard.marks",
        "error",
        always=True,
        when="a route is opened and restricted, or asks for what nobody can have",
    ),
    CheckInfo(
        "guard.lock",
        "error or info",
        always=False,
        when="the routes differ from `guard.lock`; there is none (info)",
    ),
    CheckInfo(
        "guard.hooks",
        "info",
        always=False,
        when="something of the application runs before the guard",
    ),
    CheckInfo(
        "guard.origin-off",
        "error",
        always=False,
        when="requests that another site makes a browser send are taken",
    ),
)


def findings(app: Flask, state: GuardState, *, deploy: bool) -> Iterator[Finding]:
    """Yield what the checks find.

    :param deploy: Ask as well what only matters in production.
    """
    registry = registry_of(app)
    first = next(registry.guards(), None)

    # What is told of all guards of an application, one of them tells.
    if first is state:
        yield from _names(app)
        yield from _marks(app)

        if deploy:
            yield from _lock(app)
            yield from _hooks(app)

    if deploy and state.ambient and state.settings.origin_check == "off":
        yield Finding(
            "guard.origin-off",
            Level.ERROR,
            "Another site can make a browser change things in the name of whoever"
            " is signed in there.",
            "Leave it at 'on'; TOOLKIT_TRUSTED_ORIGINS names further sites.",
            f"TOOLKIT_{state.name.upper()}_ORIGIN_CHECK",
        )


def _names(app: Flask) -> Iterator[Finding]:
    for problem in setup_problems(app, registry_of(app)):
        key = problem.partition(":")[0]
        yield Finding(
            "guard.names",
            Level.ERROR,
            f"Every request is a 500 until it is mended. {problem}",
            "Name an endpoint that is there: flask routes",
            key if key.isupper() else None,
        )


def _marks(app: Flask) -> Iterator[Finding]:
    registry = registry_of(app)
    routes = {
        (rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods or METHODS
    }
    told: set[str] = set()

    for endpoint, method in sorted(routes):
        try:
            plan_for(app, registry, endpoint, method)
        except SetupError as error:
            told.add(str(error))

    for problem in sorted(told):
        yield Finding(
            "guard.marks",
            Level.ERROR,
            f"Every request to it is a 500 until it is mended. {problem}",
            "See what the other routes ask for: flask toolkit guard",
        )


def _lock(app: Flask) -> Iterator[Finding]:
    # Debug-only routes would get in; debug.enabled tells of that.
    if app.debug or not Path(LOCK_FILE).exists():
        yield Finding(
            "guard.lock",
            Level.INFO,
            "Nothing tells when a route is opened by mistake: there is no guard.lock"
            " here, or debug is on.",
            "Write it, and commit it: flask toolkit guard --lock",
        )
        return

    try:
        changes = check_lock(app).changes or ()
    except SetupError as error:
        told = f"The routes cannot be compared with {LOCK_FILE}: {error}"
    else:
        more = f", and {len(changes) - 1} more" if changes[1:] else ""
        first = f"{changes[0]}{more}" if changes else ""
        told = first and f"The routes differ from {LOCK_FILE}: {first}"

    if told:
        yield Finding(
            "guard.lock",
            Level.ERROR,
            told,
            "flask toolkit guard --check shows all; --lock accepts them.",
        )


def _hooks(app: Flask) -> Iterator[Finding]:
    for hook in earlier_hooks(app):
        yield Finding(
            "guard.hooks",
            Level.INFO,
            f"It runs before the guard, so for everybody: {hook}",
            "Register it after the guard was attached, if it serves callers.",
        )
