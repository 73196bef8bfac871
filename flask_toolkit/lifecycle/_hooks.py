"""The hooks of an application, in the order in which they run."""

from __future__ import annotations

import typing as t

from ._describe import described

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from flask import Flask

    from ._around import Around

    Hook: t.TypeAlias = Callable[..., t.Any]
    Table: t.TypeAlias = Mapping[str | None, Sequence[Hook]]


class HookInfo(t.NamedTuple):
    """One function that runs for an endpoint, in its place."""

    endpoint: str
    stage: str
    """``before_request``, ``view``, ``after_request`` ...; ``around_request`` stands
    where its first half runs, and again where its second half does."""

    name: str
    where: str
    """File and line of its code, or an empty string."""

    scope: str
    """The blueprint whose requests it runs for; empty: those of the application."""


def hooks_of(
    app: Flask, arounds: Sequence[Around], ours: frozenset[Hook]
) -> Iterator[HookInfo]:
    """Yield what runs for each endpoint, from first to last.

    :param ours: The hooks in whose place ``arounds`` run.
    """
    for endpoint in sorted(app.view_functions):
        yield from _of_endpoint(app, endpoint, arounds, ours)


def _of_endpoint(
    app: Flask, endpoint: str, arounds: Sequence[Around], ours: frozenset[Hook]
) -> Iterator[HookInfo]:
    blueprints = _blueprints(endpoint)
    inward: list[str | None] = [None, *reversed(blueprints)]
    outward: list[str | None] = [*blueprints, None]
    fitting = [a for a in arounds if a.blueprint in {None, *blueprints}]

    def listed(
        stage: str, table: Table, names: Iterable[str | None], *, step: int = -1
    ) -> Iterator[HookInfo]:
        for name in names:
            for hook in table.get(name, ())[::step]:
                if hook not in ours:
                    yield _info(endpoint, stage, hook, name)
                elif stage != "teardown_request":
                    # There ends only what no answer came to.
                    for around in fitting[::step]:
                        place = around.function, around.blueprint
                        yield _info(endpoint, "around_request", *place)

    urls, before = app.url_value_preprocessors, app.before_request_funcs
    yield from listed("url_value_preprocessor", urls, inward, step=1)
    yield from listed("before_request", before, inward, step=1)
    yield _info(endpoint, "view", app.view_functions[endpoint], None)
    yield from listed("after_request", app.after_request_funcs, outward)
    yield from listed("teardown_request", app.teardown_request_funcs, outward)
    ending: Table = {None: app.teardown_appcontext_funcs}
    yield from listed("teardown_appcontext", ending, [None])


def _info(endpoint: str, stage: str, function: Hook, scope: str | None) -> HookInfo:
    who = described(function)
    return HookInfo(endpoint, stage, who.full, who.where, scope or "")


def _blueprints(endpoint: str) -> list[str]:
    """Return the names of the blueprints of an endpoint, innermost first."""
    parts = endpoint.split(".")[:-1]
    return [".".join(parts[:end]) for end in range(len(parts), 0, -1)]
