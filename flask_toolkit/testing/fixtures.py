"""Fixtures for pytest: ``pytest_plugins = ["flask_toolkit.testing.fixtures"]``.

They do not load by themselves: that would import the package before coverage
begins to measure.
"""

from __future__ import annotations

import typing as t
from contextlib import ExitStack

import pytest

from flask_toolkit.errors import SetupError

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

    from flask import Flask

    from flask_toolkit.lifecycle import Trace
    from flask_toolkit.signals import Signals


@pytest.fixture
def lifecycle_trace() -> Iterator[Callable[[Flask], Trace]]:
    """Return a function that traces an application until the end of the test.

    Debug or testing mode must be on. A second call for the same application is a
    ``RuntimeError``; ``trace.clear()`` begins anew.
    """
    with ExitStack() as stack:

        def begin(app: Flask) -> Trace:
            state = app.extensions.get("toolkit.lifecycle")

            if state is None:
                raise SetupError("lifecycle_trace needs a Lifecycle on the app.")

            trace: Trace = stack.enter_context(state.extension.trace(app))
            return trace

        yield begin


@pytest.fixture
def isolated_signals() -> Iterator[Callable[[Signals], None]]:
    """Return a function that sets all receivers aside until the end of the test."""
    with ExitStack() as stack:

        def begin(signals: Signals) -> None:
            stack.enter_context(signals.isolated())

        yield begin
