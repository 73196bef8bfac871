"""In debug: run the checks once, at the first request, and log what they find."""

from __future__ import annotations

import logging
import typing as t

from flask import request_started

from flask_toolkit._findings import Level

if t.TYPE_CHECKING:
    from flask import Flask

_KEY: t.Final = "toolkit.checks-watch"
_LEVELS: t.Final = {
    Level.INFO: logging.INFO,
    Level.WARNING: logging.WARNING,
    Level.ERROR: logging.ERROR,
}
_log = logging.getLogger("flask_toolkit.checks")


class _Watch:
    """Listens for the first request of one application."""

    def __init__(self) -> None:
        self._waiting = [True]

    def look(self, app: Flask, **_: t.Any) -> None:
        """Run the checks, whatever happens: no answer is ever changed."""
        try:
            # Two first requests at once: only one of them gets it.
            self._waiting.pop()
        except IndexError:
            return

        request_started.disconnect(self.look, app)

        try:
            report(app)
        except Exception:  # noqa: BLE001, RUF100  # a report must not break the request
            _log.exception("the checks of %r cannot run", app.name)


def watch(app: Flask) -> None:
    """Look at ``app``, which is in debug, when its first request comes."""
    if _KEY not in app.extensions:
        found = app.extensions[_KEY] = _Watch()
        # Held by the application alone, which is what it listens for.
        request_started.connect(found.look, app, weak=True)


def report(app: Flask) -> None:
    """Log what the checks that always run find."""
    # The checks are not imported before somebody asks for them.
    from .checks import run_checks

    for finding in run_checks(app):
        key = f" [{finding.key}]" if finding.key else ""
        _log.log(
            _LEVELS[finding.level],
            "%s%s: %s %s",
            finding.id,
            key,
            finding.message,
            finding.hint,
        )
