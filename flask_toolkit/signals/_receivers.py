"""The connecting side of a signal."""

from __future__ import annotations

import dataclasses
import itertools
import os
import sys
import threading
import typing as t
import weakref
from contextlib import contextmanager

import blinker
from blinker import ANY
from flask import has_app_context

from flask_toolkit._context import the_app
from flask_toolkit._extension import is_async

from ._links import Holder
from ._links import key_of
from ._links import Link
from ._links import Loose
from ._links import ordered
from ._links import Plan
from ._links import plan_of
from ._links import sender_link
from ._links import unwrapped
from ._links import warn_if_local
from ._links import weakly
from ._payload import intake_of
from ._payload import Payload

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Generator
    from collections.abc import Hashable
    from collections.abc import Iterable

    from flask import Flask

    from ._links import Receiver

F = t.TypeVar("F", bound="Callable[..., t.Any]")

_sequence = itertools.count()
_living: t.Final[weakref.WeakSet[Receivers]] = weakref.WeakSet()


class Receivers(blinker.NamedSignal):
    """A named signal that knows how long each of its receivers lives."""

    def __init__(
        self, name: str, payload: Callable[..., object] | None, doc: str
    ) -> None:
        super().__init__(name, doc)
        self._payload: Payload | None = (
            None if payload is None else Payload(name, payload)
        )
        self._settings_key: str = "toolkit.signals"
        self._lock: threading.RLock = threading.RLock()
        self._links: dict[Hashable, Link] = {}
        self._plan: Plan = plan_of(())
        _living.add(self)

    @t.overload
    def connect(
        self,
        receiver: F,
        sender: object = ...,
        weak: bool = ...,
        *,
        app: Flask | None = ...,
        order: int = ...,
    ) -> F: ...
    @t.overload
    def connect(
        self,
        receiver: None = ...,
        sender: object = ...,
        weak: bool = ...,
        *,
        app: Flask | None = ...,
        order: int = ...,
    ) -> Callable[[F], F]: ...
    def connect(
        self,
        receiver: F | None = None,
        sender: object = ANY,
        weak: bool = False,
        *,
        app: Flask | None = None,
        order: int = 0,
    ) -> F | Callable[[F], F]:
        """Call ``receiver`` at each sending. Use with or without parentheses.

        A receiver connected again stays one entry; the last options win, further
        senders add up, and it is never demoted to weak.

        :param sender: Only hear this one; strings are compared by value.
        :param weak: Do not keep the receiver alive, as blinker does by default.
        :param app: Keep the receiver as long as this application, and no longer.
            Without it, it stays for the life of the process.
        :param order: Lower ones are called first.
        :raises TypeError: If ``sender`` is a number or takes no weak reference;
            with checks on, also if ``receiver`` cannot take what is sent.
        """
        owner = unwrapped(app)
        depth = 3 if receiver is None else 4

        def decorate(receiver: F, /) -> F:
            if owner is None and not weak:
                warn_if_local(receiver, self.name, stacklevel=depth)

            self._connect(receiver, sender, weak=weak, app=owner, order=order)
            return receiver

        return decorate if receiver is None else decorate(receiver)

    def disconnect(self, receiver: Receiver, sender: object = ANY) -> None:
        """Stop calling ``receiver``, at all or only for one ``sender``."""
        sender = unwrapped(sender)
        gone = key_of(sender)

        with self._lock:
            links = dict(self._links)
            link = links.pop(key_of(receiver), None)

            if link is not None and sender is not ANY:
                senders = {key: v for key, v in link.senders.items() if key != gone}
                links[link.key] = dataclasses.replace(link, senders=senders)

            self._install(links.values())

        self._tell("receiver_disconnected", receiver=receiver, sender=sender)

    @contextmanager
    def connected_to(
        self, receiver: Receiver, sender: object = ANY
    ) -> Generator[None, None, None]:
        """Connect ``receiver`` for a block, and leave it then as it was before.

        Only what is disconnected in the block stays so, as in blinker.
        """
        key = key_of(receiver)
        before = self._links.get(key)
        self._connect(receiver, sender, weak=False, app=None, order=0)

        try:
            yield None
        finally:
            with self._lock:
                links = dict(self._links)
                # Dropped first: what it was may have been weak.
                now = links.pop(key, None)

                if before is not None and now is not None:
                    left = before.senders.keys() & now.senders.keys()
                    senders = {key: before.senders[key] for key in left}
                    links[key] = dataclasses.replace(before, senders=senders)

                self._install(links.values())

    def receivers_for(self, sender: object) -> Generator[Receiver, None, None]:
        """Yield each living receiver for ``sender``, in the order of their calls."""
        for link in self._plan.calls_for(unwrapped(sender)).links:
            receiver = link.get()

            if receiver is not None:
                yield receiver

    def has_receivers_for(self, sender: object) -> bool:
        """Tell whether a sending by ``sender`` would call anybody."""
        return bool(self._plan.calls_for(unwrapped(sender)).links)

    def _connect(
        self,
        receiver: Receiver,
        sender: object,
        *,
        weak: bool,
        app: Flask | None,
        order: int,
        is_capture: bool = False,
    ) -> None:
        sender_key, alive = sender_link(sender, self._prune)
        key = key_of(receiver)
        declared = None if self._payload is None else self._payload.names
        intake = intake_of(receiver, self.name, declared)

        if intake.problem and self._is_checked(app or current()):
            raise TypeError(intake.problem)

        with self._lock:
            known = self._links.get(key)
            old = None if known is None else known.pruned()
            holder = None if old is None else old.holder()

            if holder is None and (app is not None or not weak):
                holder = Holder(receiver, self)

            if app is not None and holder is not None:
                holder.belong_to(app)

            ref: t.Any = (
                Loose(weakly(receiver, self._prune))
                if holder is None
                else weakref.ref(holder, self._prune)
            )
            is_kept = (old is not None and old.kept is not None) or not (weak or app)
            link = Link(
                key=key,
                ref=ref,
                kept=holder if is_kept else None,
                senders={**(old.senders if old else {}), sender_key: alive},
                order=order,
                sequence=next(_sequence) if old is None else old.sequence,
                accepts=intake.accepts,
                problem=intake.problem,
                is_async=is_async(receiver),
                is_capture=is_capture,
            )
            self._install((self._links | {key: link}).values())

        self._tell("receiver_connected", receiver=receiver, sender=sender, weak=weak)

    def connected(self) -> list[Link]:
        """Return the living receivers in the order of their calls."""
        return [
            link for link in ordered(self._links.values()) if link.get() is not None
        ]

    def _install(self, links: Iterable[Link]) -> None:
        """Replace all receivers by those of ``links`` that still live.

        One that dies meanwhile is skipped when sending and goes with the next
        change.
        """
        living = [link for old in links if (link := old.pruned()) is not None]
        before = self._links
        self._links = {link.key: link for link in living}
        self._plan = plan_of(living)
        # What blinker users may ask for its truth.
        self.receivers: dict[t.Any, t.Any] = {link.key: link.get for link in living}

        for key in before.keys() - self._links.keys():
            found = before[key].ref()

            if found is not None:
                found.leave()

    def set_aside(self) -> list[Link]:
        """Disconnect all receivers and return them; their owners keep them."""
        with self._lock:
            before = list(self._links.values())
            self._links = {}
            self._install(())
            return before

    def bring_back(self, links: Iterable[Link]) -> None:
        """Connect ``links`` again, and nobody else."""
        with self._lock:
            self._install(links)

    def _prune(self, _gone: object) -> None:
        # A dying receiver or sender calls this, in whichever thread collects it.
        if not sys.is_finalizing():
            with self._lock:
                self._install(self._links.values())

    def renew_lock(self) -> None:
        """Take a new lock: the old one may be held by a thread left behind."""
        self._lock = threading.RLock()

    def _tell(self, name: str, **fields: t.Any) -> None:
        # blinker makes these two signals when somebody asks for them.
        if name in self.__dict__:
            getattr(self, name).send(self, **fields)

    def _is_checked(self, app: Flask | None) -> bool:
        if app is None:
            return False

        state = app.extensions.get(self._settings_key)
        check = "auto" if state is None else state.settings.check

        if check == "auto":
            # Twice as fast as app.debug and app.testing, at each sending.
            config: t.Any = app.config
            return bool(config["TESTING"] or config["DEBUG"])

        return check == "always"


def current() -> Flask | None:
    """Return the application in whose context this runs, itself, not a proxy."""
    return the_app() if has_app_context() else None


def _renew_locks() -> None:
    for signal in list(_living):
        signal.renew_lock()


if hasattr(os, "register_at_fork"):  # pragma: no branch  # Windows does not fork
    # A dying receiver takes the lock too, so that a child could stop anywhere.
    os.register_at_fork(after_in_child=_renew_locks)
