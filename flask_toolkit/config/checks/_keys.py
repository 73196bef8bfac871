"""Checks of the keys themselves: without effect, mistyped, changed too late."""

from __future__ import annotations

import os
import typing as t

from flask_toolkit._findings import Finding
from flask_toolkit._findings import Level
from flask_toolkit._settings import PREFIX
from flask_toolkit._settings import settings_table
from flask_toolkit._settings import suggest
from flask_toolkit.errors import Origin

from ._rules import rule

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ._facts import Facts

_GONE: t.Final = {
    "ENV": ("2.3", "debug, or a key of your own"),
    "JSON_AS_ASCII": ("2.3", "app.json.ensure_ascii = False"),
    "JSON_SORT_KEYS": ("2.3", "app.json.sort_keys = False"),
    "JSONIFY_MIMETYPE": ("2.3", 'app.json.mimetype = "application/json"'),
    "JSONIFY_PRETTYPRINT_REGULAR": ("2.3", "app.json.compact = False"),
    "PRESERVE_CONTEXT_ON_EXCEPTION": ("2.2", "nothing: debug does it"),
    "LOGGER_NAME": ("1.0", "logging.getLogger(app.name)"),
    "LOGGER_HANDLER_POLICY": ("1.0", "the logging module"),
}
_NONE: t.Final = object()


@rule("config.removed", "warning", "Flask reads a key no more", always=True)
def removed(facts: Facts) -> Iterator[Finding]:
    """Find keys that older tutorials set, and that change nothing."""
    for key, (release, instead) in _GONE.items():
        if key in facts.config and key not in facts.known.root.fields:
            yield facts.found(
                "config.removed",
                Level.WARNING,
                f"Flask reads it no more since {release}.",
                f"Use instead: {instead}",
                key,
            )


@rule("config.typo", "warning", "an unknown key is close to a known one", always=True)
def typo(facts: Facts) -> Iterator[Finding]:
    """Find keys that were meant to be others."""
    for key in facts.config:
        near = _meant(facts, key)

        if near is not None:
            message, hint = "Nobody reads this key.", f"Did you mean {near}?"
            yield facts.found("config.typo", Level.WARNING, message, hint, key)


def _meant(facts: Facts, key: str) -> str | None:
    known = facts.known

    if key in _GONE or known.find(key) or known.allows(key):
        return None

    ours = key.startswith(PREFIX)
    names = [name for name in known.names() if name.startswith(PREFIX) is ours]
    return suggest(key, names)


@rule(
    "config.late",
    "warning",
    "a `TOOLKIT_` key was changed after `init_app`",
    always=True,
)
def late(facts: Facts) -> Iterator[Finding]:
    """Find settings that were set when nobody read them any more."""
    for bound in settings_table(facts.app).values():
        if bound.settings is None:
            continue

        for field in bound.spec.fields.values():
            then = bound.raw.get(field.key, _NONE)
            now = facts.config.get(field.key, _NONE)

            if type(then) is not type(now) or then != now:
                yield facts.found(
                    "config.late",
                    Level.WARNING,
                    f"It was changed after {bound.spec.name!r} had read it, so the"
                    " change has no effect.",
                    "Set it before init_app.",
                    field.key,
                )


@rule(
    "config.unattached",
    "info or warning",
    "a `TOOLKIT_` key of a component that is not attached; of none (warning)",
)
def unattached(facts: Facts) -> Iterator[Finding]:
    """Find settings that no component of this application reads."""
    attached = tuple(one.spec.prefix for one in settings_table(facts.app).values())

    for key in facts.config:
        if not key.startswith(PREFIX) or key.startswith(attached):
            continue

        if facts.known.is_component(key):
            level, message = Level.INFO, "Its component is not attached here."
        elif _meant(facts, key) is None:
            level, message = Level.WARNING, "No component has this name."
        else:
            continue

        hint = "Take it away, or attach the component."
        yield facts.found("config.unattached", level, message, hint, key)


@rule("config.unused", "info", "a variable matches no key, or lacks the prefix")
def unused(facts: Facts) -> Iterator[Finding]:
    """Find variables that somebody set in vain."""
    if facts.loaded is None:
        return

    for place in facts.loaded.unused:
        yield Finding(
            "config.unused",
            Level.INFO,
            f"{place.name} matches no key.",
            "Look for a slip of the pen, or take it away.",
            origin=place,
        )

    prefixes = facts.loaded.prefixes

    for name in sorted(os.environ) if prefixes else ():
        if not name.startswith(prefixes) and facts.known.find(name) is not None:
            yield Finding(
                "config.unused",
                Level.INFO,
                f"{name} is a key, but only variables with a prefix are read.",
                f"It needs the prefix {' or '.join(prefixes)}",
                name,
                Origin("env", name),
            )
