"""What runs before the guard, and whether the guard runs at all."""

from __future__ import annotations

import functools
import inspect
import typing as t

from flask_toolkit._extension import RUNS
from flask_toolkit.errors import SetupError

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

    from flask import Flask

    from ._state import Registry

    Hook: t.TypeAlias = Callable[..., t.Any]


class Earlier(t.NamedTuple):
    """A function that Flask calls before the guard."""

    scope: str
    stage: str
    why: str
    function: Hook

    @property
    def name(self) -> str:
        """Return ``module:qualname``."""
        function: t.Any = self.function

        while isinstance(function, functools.partial):
            function = t.cast("t.Any", function).func

        # A callable object has no name of its own.
        known = hasattr(function, "__qualname__")
        named = function if known else t.cast("t.Any", type(function))
        return f"{named.__module__}:{named.__qualname__}"


def earlier(app: Flask, registry: Registry) -> Iterator[Earlier]:
    """Yield what runs before the guard, in order; a hook of ours as what it runs.

    URL preprocessors always do, those of blueprints too, and the
    ``before_request`` functions registered before the guard was attached.
    """
    for name, hooks in app.url_value_preprocessors.items():
        scope = "app" if name is None else f"blueprint:{name}"

        for each in hooks:
            yield Earlier(scope, "url_value_preprocessor", "always", each)

    for hook in app.before_request_funcs.get(None, ()):
        if _is_gate(hook, registry):
            break

        runs = getattr(hook, RUNS, None)

        for function in (hook,) if runs is None else runs():
            yield Earlier("app", "before_request", "earlier", function)


def require_gate(app: Flask, registry: Registry) -> None:
    """Refuse to vouch for guards whose hook Flask would not call.

    :raises SetupError: If it is not there any more.
    """
    hooks = app.before_request_funcs.get(None, ())

    if registry.scopes and not any(_is_gate(hook, registry) for hook in hooks):
        raise SetupError(
            f"The guard of {app.name!r} does not run: something took its hook out of"
            " app.before_request_funcs."
        )


def _is_gate(hook: Hook, registry: Registry) -> bool:
    # A recorder may stand around it.
    return registry.gate is not None and inspect.unwrap(hook) is registry.gate
