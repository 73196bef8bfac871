"""Receivers and senders: who is connected, and for how long.

A receiver is reached through a :class:`Holder`, which the application or the
process keeps alive and the signal knows only weakly. So any callable may be a
receiver, also one that takes no weak reference itself.
"""

from __future__ import annotations

import dataclasses
import inspect
import typing as t
import warnings
import weakref
from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Mapping

from blinker import ANY
from werkzeug.local import LocalProxy

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    import blinker
    from flask import Flask

Receiver: t.TypeAlias = Callable[..., t.Any]
_OWNED: t.Final = "toolkit.receivers"


class ReceiverLifetimeWarning(UserWarning):
    """A function made inside another was connected for the whole process."""


class Holder:
    """Keeps a receiver alive; whoever holds this keeps it connected."""

    __slots__ = ("__weakref__", "apps", "receiver", "signal")

    def __init__(self, receiver: Receiver, signal: blinker.Signal) -> None:
        self.receiver: Receiver | None = receiver
        self.signal: blinker.Signal = signal
        self.apps: weakref.WeakSet[Flask] = weakref.WeakSet()

    def belong_to(self, app: Flask) -> None:
        """Live as long as ``app``."""
        app.extensions.setdefault(_OWNED, set()).add(self)
        self.apps.add(app)

    def leave(self) -> None:
        """Belong to no application any more, and be called by nobody.

        A sending that began before still knows this.
        """
        self.receiver = None

        for app in list(self.apps):
            app.extensions.get(_OWNED, set()).discard(self)
            self.apps.discard(app)


class Loose:
    """Stands where the holder would: somebody else keeps the receiver alive."""

    __slots__ = ("_ref",)

    def __init__(self, ref: Callable[[], Receiver | None]) -> None:
        self._ref: Callable[[], Receiver | None] = ref

    def __call__(self) -> Loose:
        """Return this, as the reference to a holder returns the holder."""
        return self

    @property
    def receiver(self) -> Receiver | None:
        """Return the receiver, as long as it lives."""
        return self._ref()

    def leave(self) -> None:
        """Be called by nobody any more, as a holder that leaves."""
        self._ref = _nobody


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One connected receiver; replaced as a whole when it changes."""

    key: Hashable
    ref: Callable[[], Holder | Loose | None]
    """Answers with ``None`` once the holder is gone."""

    kept: Holder | None
    """Its holder, if the process keeps it."""

    senders: Mapping[Hashable, Callable[[], object]]
    """What is alive as long as a sender is, by the sender's key."""

    order: int
    sequence: int
    accepts: frozenset[str] | None
    """The fields that it takes; ``None``: all."""

    problem: str | None
    is_async: bool
    is_capture: bool
    """Whether it only notes what is sent; its answer is nobody's business."""

    def get(self) -> Receiver | None:
        """Return the receiver, as long as it lives."""
        found = self.ref()
        return None if found is None else found.receiver

    def holder(self) -> Holder | None:
        """Return its holder, which one that is connected weakly does not have."""
        found = self.ref()
        return found if isinstance(found, Holder) else None

    def pruned(self) -> Link | None:
        """Return this without senders that are gone; ``None``: nothing is left."""
        if self.get() is None:
            return None

        living = {key: alive for key, alive in self.senders.items() if alive()}
        return dataclasses.replace(self, senders=living) if living else None


@dataclasses.dataclass(frozen=True, slots=True)
class Calls:
    """Who hears one sender, in the order of the calls, and how each is called."""

    links: tuple[Link, ...]

    captures: tuple[Link, ...]
    """Those of them that are told before anybody acts."""

    steps: tuple[tuple[Callable[[], Holder | Loose | None], Link | None], ...]
    """The others; without a link where the receiver is called as it is."""

    problem: str | None
    """Why one of them cannot be called with what the signal carries."""


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """Who is to be called; never changed, only replaced, so sends need no lock."""

    any: Calls
    by_sender: Mapping[Hashable, tuple[Callable[[], object], Calls]]

    def calls_for(self, sender: object) -> Calls:
        """Return the receivers for ``sender``."""
        if self.by_sender:
            found = self.by_sender.get(key_of(sender))

            # Ids are used again: only a living sender can be the one connected.
            if found is not None and found[0]():
                return found[1]

        return self.any


def plan_of(links: Iterable[Link]) -> Plan:
    """Return the receivers by sender, each in calling order."""
    links = ordered(links)
    senders: dict[Hashable, Callable[[], object]] = {}

    for link in links:
        senders |= link.senders

    senders.pop(ANY, None)
    return Plan(
        _calls(link for link in links if ANY in link.senders),
        {
            key: (
                alive,
                _calls(x for x in links if not x.senders.keys().isdisjoint({key, ANY})),
            )
            for key, alive in senders.items()
        },
    )


def _calls(links: Iterable[Link]) -> Calls:
    links = tuple(links)
    acting = [link for link in links if not link.is_capture]
    return Calls(
        links,
        tuple(link for link in links if link.is_capture),
        tuple(
            (link.ref, link if link.is_async or link.accepts is not None else None)
            for link in acting
        ),
        next((link.problem for link in acting if link.problem), None),
    )


def ordered(links: Iterable[Link]) -> list[Link]:
    """Return the links in the order of their calls."""
    return sorted(links, key=lambda link: (link.order, link.sequence))


def key_of(thing: object) -> Hashable:
    """Return what identifies a receiver or sender while it is alive."""
    if isinstance(thing, str):
        return thing  # compared by value: the tutorial sends strings

    if inspect.ismethod(thing):
        return id(thing.__func__), id(thing.__self__)

    return id(thing)


def weakly(thing: t.Any, forget: Callable[[t.Any], object]) -> Callable[[], t.Any]:
    """Return a weak reference, also to a bound method."""
    if inspect.ismethod(thing):
        return weakref.WeakMethod(thing, forget)

    return weakref.ref(thing, forget)


def sender_link(
    sender: object, forget: Callable[[t.Any], object]
) -> tuple[Hashable, Callable[[], object]]:
    """Return the key of a sender and what is true as long as it lives.

    :raises TypeError: For a sender that cannot be told from others: blinker
        takes 0 for "any" and ``True`` for 1, and the id of a freed list is soon
        the id of another one.
    """
    if sender is ANY:
        return ANY, _always

    sender = unwrapped(sender)

    if isinstance(sender, str):
        return sender, _always

    if isinstance(sender, int):
        raise TypeError(
            f"a sender must be an object or a string, not {sender!r}:"
            " blinker compares numbers by value and takes 0 for any sender"
        )

    try:
        ref = weakly(sender, forget)
    except TypeError:
        raise TypeError(
            f"a {type(sender).__name__} cannot be a sender: it takes no weak"
            " reference, so its id may later be another object's"
        ) from None

    return key_of(sender), lambda: ref() is not None


def unwrapped(sender: t.Any) -> t.Any:
    """Return what stands behind a proxy: nobody is ever sent ``current_app``."""
    if issubclass(type(sender), LocalProxy):
        return sender._get_current_object()  # noqa: SLF001  # documented all the same

    return sender


def is_local(receiver: t.Any) -> bool:
    """Tell whether ``receiver`` was made while another function ran."""
    inner = getattr(receiver, "func", receiver)  # a partial
    return "<locals>" in getattr(inner, "__qualname__", "")


def warn_if_local(receiver: Receiver, signal: str, *, stacklevel: int) -> None:
    """Warn that an application factory would leave a receiver behind per app."""
    if is_local(receiver):
        warnings.warn(
            f"{name_of(receiver)} was made inside a function and now hears {signal!r}"
            " for the life of the process. Pass app= to connect(), so that it goes"
            " with its application, or use connected_to() for a while.",
            ReceiverLifetimeWarning,
            stacklevel=stacklevel,
        )


def name_of(receiver: t.Any) -> str:
    """Return a name for messages: never a ``repr``, which may show arguments."""
    inner = getattr(receiver, "func", receiver)  # a partial
    return str(getattr(inner, "__qualname__", type(inner).__qualname__))


def owned_by(app: Flask) -> set[Holder]:
    """Return and forget what ``app`` keeps connected."""
    owned: set[Holder] = app.extensions.pop(_OWNED, set())
    return owned


def owned_for(app: Flask, signal: blinker.Signal) -> list[Holder]:
    """Return what ``app`` keeps connected to one signal."""
    owned: set[Holder] = app.extensions.get(_OWNED, set())
    return [holder for holder in owned if holder.signal is signal]


def _nobody() -> None:
    return None


def _always() -> bool:
    return True
