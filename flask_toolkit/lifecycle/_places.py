"""The hooks of a lifecycle: in their place once there is work for them."""

from __future__ import annotations

import typing as t

from flask_toolkit.errors import SetupError

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    Stage: t.TypeAlias = t.Literal[
        "before_request", "after_request", "teardown_request"
    ]


class Places:
    """Where the hooks of one application belong, and which are there.

    An idle hook would cost every request 0.7 us. So each is registered when it is
    needed, and moved to where it would stand had it been registered at once: who
    attaches the guard later comes later.
    """

    __slots__ = ("_at", "_hooks", "_there")

    def __init__(self, app: Flask, hooks: dict[Stage, Callable[..., t.Any]]) -> None:
        self._hooks = hooks
        self._at = {stage: len(_table(app, stage).get(None, ())) for stage in hooks}
        self._there: set[Stage] = set()

    @property
    def hooks(self) -> frozenset[Callable[..., t.Any]]:
        """Return the hooks, whether they are there or not."""
        return frozenset(self._hooks.values())

    def fill(self, app: Flask, *stages: Stage) -> None:
        """Register the hooks of these stages, unless they are.

        :raises SetupError: If ``app`` already served a request.
        """
        for stage in stages:
            if stage in self._there:
                continue

            try:
                getattr(app, stage)(self._hooks[stage])
            except AssertionError:
                raise too_late(app) from None

            hooks = _table(app, stage)[None]
            hooks.insert(self._at[stage], hooks.pop())
            self._there.add(stage)


def too_late(app: Flask) -> SetupError:
    """Return the error of what comes after the beginning."""
    return SetupError(
        f"{app.name!r} already began to serve: it is too late to add to its"
        " lifecycle. Do it while the application is built."
    )


def _table(app: Flask, stage: Stage) -> dict[str | None, list[t.Any]]:
    table: dict[str | None, list[t.Any]] = getattr(app, f"{stage}_funcs")
    return table
