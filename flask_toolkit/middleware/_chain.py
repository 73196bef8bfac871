"""The layers around one application, made from the inside out."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable

from flask_toolkit._extension import State

from ._fused import fused
from ._fused import limited
from ._fused import Link
from ._mounts import check_sessions
from ._mounts import Mount
from ._plan import Entry
from ._settings import MiddlewareSettings

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence
    from wsgiref.types import StartResponse
    from wsgiref.types import WSGIApplication
    from wsgiref.types import WSGIEnvironment

    from flask import Flask

__all__ = ["StackState", "compiled", "mounts_in", "serving"]


@dataclasses.dataclass(frozen=True)
class StackState(State[MiddlewareSettings]):
    """What the stack keeps for one application."""

    shipped: tuple[Entry, ...] = dataclasses.field(repr=False)
    """What the settings switch on."""

    inner: t.Any = dataclasses.field(repr=False)
    """What ``app.wsgi_app`` was before."""

    link: Link = dataclasses.field(repr=False)
    """What leads to the chain."""

    outer: t.Any = dataclasses.field(repr=False)
    """What ``app.wsgi_app`` is now: the method of ``link``."""

    answer_error: t.Any = dataclasses.field(repr=False)

    mounts: Callable[[], list[Mount]] = dataclasses.field(repr=False)
    """What is mounted now, for an application that this one is mounted in."""

    made: dict[Entry, tuple[t.Any, Link]] = dataclasses.field(
        default_factory=dict[Entry, t.Any], repr=False
    )
    """Plain WSGI middlewares are made once, around a link to what is inside."""

    served: list[bool] = dataclasses.field(default_factory=list[bool], repr=False)
    """Not empty once a request came in."""


def compiled(app: Flask, state: StackState, plan: Sequence[Entry]) -> WSGIApplication:
    """Return the chain, made from the inside out."""
    chain: WSGIApplication = state.inner
    segment: list[Entry] = []

    def fuse(*, outermost: bool) -> WSGIApplication:
        return fused(
            segment[::-1],
            chain,
            outermost=outermost,
            isolate=state.settings.isolate_context,
            app=app,
            answer_error=state.answer_error,
        )

    for entry in reversed(plan):
        if entry.hooks:
            segment.append(entry)
            continue

        if segment:
            chain = fuse(outermost=False)
            segment = []

        chain = _around(state, entry, chain)

    return fuse(outermost=True)


def _around(state: StackState, entry: Entry, chain: WSGIApplication) -> WSGIApplication:
    """Put a plain WSGI middleware around ``chain``."""
    if entry not in state.made:
        link = Link(chain)
        state.made[entry] = entry.what(link.serve), link

    made, link = state.made[entry]
    link.target = chain
    return limited(made, chain, entry.path) if entry.path else made


def mounts_in(plan: Iterable[Entry]) -> list[Mount]:
    """Return the mounts of a plan."""
    return [entry.what for entry in plan if isinstance(entry.what, Mount)]


def serving(
    app: Flask, state: StackState, chain: WSGIApplication, mounts: Sequence[Mount]
) -> WSGIApplication:
    """Return what serves the first request and then takes itself out.

    :raises SetupError: If sessions of mounted applications do not stay apart.
    """
    check_sessions(app, mounts)

    def serve(
        environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        # Keys are often set after the parts were attached.
        check_sessions(app, mounts)
        state.served.append(True)
        state.link.target = chain
        return chain(environ, start_response)

    return serve
