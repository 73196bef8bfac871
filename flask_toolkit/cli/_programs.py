"""The two programs and the table of their commands."""

from __future__ import annotations

import typing as t

from ._group import Entry
from ._group import LazyGroup

_HERE: t.Final = __package__
_SECRET_KEY: t.Final = Entry(f"{_HERE}._secret_key", "Print a new key for SECRET_KEY.")

toolkit: t.Final = LazyGroup(
    "toolkit",
    entries={
        "check": Entry(f"{_HERE}._check", "Look for what should not be deployed."),
        "config": Entry(f"{_HERE}._config", "Show each value and where it came from."),
        "guard": Entry(f"{_HERE}._guard", "Show and lock who may use which route."),
        "hooks": Entry(f"{_HERE}._hooks", "List what runs for an endpoint."),
        "jwt": Entry(f"{_HERE}._jwt", "Make and rotate keys, look at tokens."),
        "middleware": Entry(f"{_HERE}._middleware", "List the layers around the app."),
        "routes": Entry(f"{_HERE}._routes", "List the routes, and check them."),
        "secret-key": _SECRET_KEY,
        "signals": Entry(f"{_HERE}._signals", "List the signals, and who listens."),
        "store": Entry(f"{_HERE}._store", "Drop what has expired in the stores."),
        "trace": Entry(f"{_HERE}._trace", "Send a request, show its steps."),
    },
    help="Commands of Flask-Toolkit.",
    epilog="Options are given here, never by the environment.",
)
"""``flask toolkit``, behind the entry point ``flask.commands``."""

program: t.Final = LazyGroup(
    "flask-toolkit",
    entries={
        "secret-key": _SECRET_KEY,
        "version": Entry(f"{_HERE}._version", "Print the versions, for a report."),
    },
    help="What Flask-Toolkit does without an application.",
    epilog="With an application: flask --app shop toolkit --help",
)
"""``flask-toolkit``."""


def main() -> None:
    """Run ``flask-toolkit`` on the arguments of the process, and exit."""
    program.main(prog_name="flask-toolkit")
