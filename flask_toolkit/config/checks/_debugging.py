"""Checks of what belongs on the machine of a developer."""

from __future__ import annotations

import os
import typing as t

from flask_toolkit._findings import Level
from flask_toolkit._values import unwrap
from flask_toolkit.config._flask_keys import FLASK_TYPES

from ._rules import rule

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from flask_toolkit._findings import Finding

    from ._facts import Facts

_ON = {"PROPAGATE_EXCEPTIONS", "TRAP_BAD_REQUEST_ERRORS", "TRAP_HTTP_EXCEPTIONS"}
_SLOW = {"EXPLAIN_TEMPLATE_LOADING", "TEMPLATES_AUTO_RELOAD"}
_OFF = {"0", "false", "no"}


@rule("debug.enabled", "error", "debug is on, or `FLASK_DEBUG` would switch it on")
def enabled(facts: Facts) -> Iterator[Finding]:
    """Find debug switched on, in the configuration or from outside."""
    asked = os.environ.get("FLASK_DEBUG", "").lower()

    if facts.app.debug or (asked and asked not in _OFF):
        yield facts.found(
            "debug.enabled",
            Level.ERROR,
            "Debug is on: errors show the source, and reload and debugger may run.",
            "Take DEBUG and FLASK_DEBUG away.",
            "DEBUG",
        )


@rule("debug.testing", "error", "`TESTING` is on")
def testing(facts: Facts) -> Iterator[Finding]:
    """Find an application that takes itself for one in a test."""
    if facts.config.get("TESTING"):
        yield facts.found(
            "debug.testing",
            Level.ERROR,
            "Extensions switch checks off when TESTING is on.",
            "Take it away.",
            "TESTING",
        )


@rule("debug.type", "error", "a key that is yes or no holds a text", always=True)
def type_(facts: Facts) -> Iterator[Finding]:
    """Find texts where a boolean must stand: every text is true."""
    root = facts.known.root.fields
    kinds = {key: getattr(node, "kind", None) for key, node in root.items()}

    for key, kind in {**FLASK_TYPES, **kinds}.items():
        value = facts.config.get(key)

        if isinstance(value, str) and unwrap(kind)[0] in {bool, bool | None}:
            yield facts.found(
                "debug.type",
                Level.ERROR,
                f"{key} is a text, {value[:20]!r}, and every text but the empty one"
                " is true.",
                "Load it with ConfigLoader, which reads it, or set True or False.",
                key,
            )


@rule("debug.werkzeug", "error", "Werkzeug's debugger is around the application")
def werkzeug(facts: Facts) -> Iterator[Finding]:
    """Find the debugger among the layers, whatever the configuration says."""
    # By its name: importing the module would cost more than the check.
    if any(type(one).__name__ == "DebuggedApplication" for one in facts.layers):
        yield facts.found(
            "debug.werkzeug",
            Level.ERROR,
            "DebuggedApplication is around the application: with its PIN, a visitor"
            " runs Python.",
            "Take it away; flask run --debug puts it there on your machine.",
        )


@rule("debug.propagate", "warning", "`PROPAGATE_EXCEPTIONS` or a `TRAP_` key is on")
def propagate(facts: Facts) -> Iterator[Finding]:
    """Find errors that are raised on instead of answered."""
    for key in sorted(_ON):
        if facts.config.get(key):
            yield facts.found(
                "debug.propagate",
                Level.WARNING,
                "Errors are raised through the server instead of being answered.",
                "Take it away.",
                key,
            )


@rule("debug.explain", "info", "templates are explained or looked for at each use")
def explain(facts: Facts) -> Iterator[Finding]:
    """Find help for those who write templates, which costs time."""
    for key in sorted(_SLOW):
        if facts.config.get(key):
            yield facts.found(
                "debug.explain",
                Level.INFO,
                "Templates are looked at again for each answer.",
                "Take it away.",
                key,
            )
