"""The part that defines signals and lists them."""

from __future__ import annotations

import functools
import inspect
import typing as t
from contextlib import contextmanager

from flask_toolkit._extension import Extension
from flask_toolkit._extension import is_async
from flask_toolkit.errors import SetupError

from ._links import Holder
from ._links import key_of
from ._links import name_of
from ._links import owned_by
from ._links import owned_for
from ._links import unwrapped
from ._payload import intake_of
from ._receivers import Receivers
from ._settings import SignalsSettings
from ._signal import Signal

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Generator

    import blinker
    from flask import Flask

    from ._links import Link
    from ._links import Receiver
    from ._settings import Check

P = t.ParamSpec("P")
F = t.TypeVar("F", bound="Callable[..., t.Any]")


class ReceiverInfo(t.NamedTuple):
    """One receiver of a signal."""

    name: str
    where: str
    """File and line of its code, or an empty string."""

    lifetime: str
    """``process``, ``weak``, or the names of the applications that own it."""

    order: int


class SignalInfo(t.NamedTuple):
    """One signal and who listens to it."""

    name: str
    doc: str
    fields: tuple[str, ...]
    receivers: tuple[ReceiverInfo, ...]


class Signals(Extension[SignalsSettings], component="signals"):
    """Define signals with typed payloads, and list who listens.

    Signals are defined on this object, often before there is an application;
    attaching it sets when payloads are checked.

    :param check: When payloads and receivers are checked.
    """

    def __init__(self, app: Flask | None = None, *, check: Check | None = None) -> None:
        self._signals: dict[str, Signal[...]] = {}
        super().__init__(app, check=check)

    @t.overload
    def define(
        self, name: str, payload: Callable[P, object], *, doc: str = ...
    ) -> Signal[P]: ...
    @t.overload
    def define(
        self, name: str, payload: None = ..., *, doc: str = ...
    ) -> Signal[...]: ...
    def define(
        self, name: str, payload: Callable[..., object] | None = None, *, doc: str = ""
    ) -> Signal[...]:
        """Return a new signal.

        :param payload: A dataclass or function; its parameters are the fields,
            and type checkers hold every sending against them.
        :raises SetupError: If ``name`` is taken, or a field is called ``sender``.
        """
        signal: Signal[...] = Signal(name, t.cast("t.Any", payload), doc=doc)

        if self._signals.setdefault(name, signal) is not signal:
            raise SetupError(
                f"The signal {name!r} is already defined. Import that one, or"
                " choose another name."
            )

        return signal

    def on(self, signal: blinker.Signal, app: Flask) -> Callable[[F], F]:
        """Connect to any signal, such as Flask's own, for what ``app`` sends.

        The receiver lives as long as ``app``, and no longer, or until :meth:`off`.
        It may be async, and gets the fields that it accepts.
        """
        owner = unwrapped(app)

        def decorate(receiver: F) -> F:
            if isinstance(signal, Receivers):
                return signal.connect(receiver, sender=owner, app=owner)

            # Connected again it stays one entry, as on a signal of ours.
            if not _relays(owner, signal, receiver):
                relay = _relay(receiver)
                signal.connect(relay, sender=owner, weak=True)
                Holder(relay, signal).belong_to(owner)

            return receiver

        return decorate

    def off(
        self, signal: blinker.Signal, app: Flask, receiver: Callable[..., t.Any]
    ) -> None:
        """Undo :meth:`on` for one receiver; others, and other applications, stay."""
        owner = unwrapped(app)

        if isinstance(signal, Receivers):
            signal.disconnect(receiver, owner)
            return

        for holder in _relays(owner, signal, receiver):
            signal.disconnect(t.cast("Receiver", holder.receiver), owner)
            holder.leave()

    def disconnect_all(self, app: Flask) -> int:
        """Let go what ``connect(app=app)`` and :meth:`on` connected.

        :returns: How many receivers that were.
        """
        owner = unwrapped(app)
        owned = owned_by(owner)
        count = len(owned)

        for holder in owned:
            holder.apps.discard(owner)

            if holder.apps:
                # Another application keeps it, to hear itself.
                kept = t.cast("Receiver", holder.receiver)
                holder.signal.disconnect(kept, owner)

        # The signals know these weakly.
        owned.clear()
        return count

    def describe(self) -> list[SignalInfo]:
        """Return each signal with its documentation, fields and receivers."""
        return [
            SignalInfo(
                signal.name,
                signal.__dict__.get("__doc__", ""),
                signal.fields,
                tuple(
                    _info(link) for link in signal.connected() if not link.is_capture
                ),
            )
            for signal in self._signals.values()
        ]

    @contextmanager
    def isolated(self) -> Generator[None, None, None]:
        """Begin a block without receivers, and end it with those of before.

        It holds for all threads of the process: a tool for tests.
        """
        before = {name: s.set_aside() for name, s in self._signals.items()}

        try:
            yield
        finally:
            for name, signal in self._signals.items():
                signal.bring_back(before.get(name, ()))


def _relays(app: Flask, signal: blinker.Signal, receiver: object) -> list[Holder]:
    """Return what passes on to ``receiver`` what ``app`` sends; one or none."""
    key = key_of(receiver)
    owned: list[t.Any] = owned_for(app, signal)
    return [each for each in owned if key_of(each.receiver.__wrapped__) == key]


def _relay(receiver: Callable[..., t.Any]) -> Callable[..., t.Any]:
    """Return a function that passes on what ``receiver`` accepts.

    It is made for one application and goes with it even if ``receiver`` stays.
    """
    accepts = intake_of(receiver, "", None).accepts

    def taken(fields: dict[str, t.Any]) -> dict[str, t.Any]:
        if accepts is None:
            return fields

        return {name: value for name, value in fields.items() if name in accepts}

    if is_async(receiver):

        @functools.wraps(receiver)
        async def later(sender: t.Any, **fields: t.Any) -> t.Any:
            return await receiver(sender, **taken(fields))

        return later

    @functools.wraps(receiver)
    def now(sender: t.Any, **fields: t.Any) -> t.Any:
        return receiver(sender, **taken(fields))

    return now


def _info(link: Link) -> ReceiverInfo:
    receiver: t.Any = link.get()
    holder = link.holder()

    if holder is None:
        lifetime = "weak"
    elif link.kept is not None:
        lifetime = "process"
    else:
        lifetime = ", ".join(sorted(app.name for app in holder.apps))

    return ReceiverInfo(name_of(receiver), _where(receiver), lifetime, link.order)


def _where(receiver: t.Any) -> str:
    inner = inspect.unwrap(getattr(receiver, "func", receiver))
    code = getattr(getattr(inner, "__func__", inner), "__code__", None)
    return "" if code is None else f"{code.co_filename}:{code.co_firstlineno}"
