"""How a receiver is called: with what it accepts, and waited for if it is async."""

from __future__ import annotations

import functools
import typing as t

from flask import Flask

from flask_toolkit._extension import run_async

from ._links import name_of
from ._receivers import current

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection
    from collections.abc import Iterator

    from ._links import Calls
    from ._links import Link
    from ._links import Receiver

    Bridge: t.TypeAlias = Callable[[Receiver], Receiver]
    # The receiver, what is to be called, and its link if it is not called as it is.
    Ready: t.TypeAlias = tuple[Receiver, Receiver, Link | None]

__all__ = ["adapted", "app_of", "as_it_is", "living", "note"]


def note(calls: Calls, sender: object, fields: dict[str, t.Any]) -> None:
    """Tell those that capture, before anybody acts."""
    for link in calls.captures:
        keep = link.get()

        if keep is not None:  # its block has ended meanwhile, in another thread
            keep(sender, **fields)


def living(calls: Calls, sender: object, bridge: Bridge | None) -> Iterator[Ready]:
    """Yield each receiver with what to call, unless it is gone when its turn comes."""
    for ref, special in calls.steps:
        holder = ref()
        receiver = None if holder is None else holder.receiver

        if receiver is not None:
            call = (
                receiver
                if special is None
                else adapted(receiver, special, sender, bridge)
            )
            yield receiver, call, special


def adapted(
    receiver: Receiver, link: Link, sender: object, bridge: Bridge | None
) -> Receiver:
    """Return what calls one receiver with what it accepts, and waits for it."""
    if link.is_async:
        app = app_of(sender)

        if app is not None and bridge is not as_it_is:
            bridge = functools.partial(_waiting, app)

        receiver = (bridge or _unbridged)(receiver)

    return receiver if link.accepts is None else _narrowed(receiver, link.accepts)


def app_of(sender: object) -> Flask | None:
    """Return the application that a sending is about."""
    return sender if isinstance(sender, Flask) else current()


def as_it_is(receiver: Receiver) -> Receiver:
    """Leave an async receiver alone, whose caller awaits it."""
    return receiver


def _waiting(app: Flask, receiver: Receiver) -> Receiver:
    return functools.partial(run_async, app, receiver)


def _unbridged(receiver: Receiver) -> Receiver:
    """Stand for an async receiver that nobody can wait for."""

    def fail(_sender: object, **_fields: object) -> t.NoReturn:
        raise RuntimeError(
            f"{name_of(receiver)} is async: send inside an application context, or"
            " await asend()."
        )

    return fail


def _narrowed(receiver: Receiver, accepts: Collection[str]) -> Receiver:
    """Return what calls ``receiver`` with the fields that it accepts."""

    def narrowed(sender: object, **fields: t.Any) -> t.Any:
        taken = {name: fields[name] for name in fields if name in accepts}
        return receiver(sender, **taken)

    return narrowed
