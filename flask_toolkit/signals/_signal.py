"""The signal itself: a blinker signal that types, orders and owns."""

from __future__ import annotations

import functools
import logging
import typing as t
from contextlib import contextmanager

from blinker import ANY
from flask import Flask
from flask import has_request_context
from flask import request

from flask_toolkit._extension import run_async
from flask_toolkit.errors import SetupError

from ._links import name_of
from ._links import unwrapped
from ._receivers import current
from ._receivers import Receivers
from ._results import Event
from ._results import Result
from ._results import Results

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Generator

    from flask_toolkit.typing import Scope

    from ._links import Link
    from ._links import Receiver

P = t.ParamSpec("P")

_log = logging.getLogger("flask_toolkit.signals")


class _Sending(t.NamedTuple):
    """One sending, checked and ready to be carried out."""

    sender: t.Any
    fields: dict[str, t.Any]
    calls: list[tuple[Link, Receiver]]
    captures: list[Receiver]
    to_sync: Callable[[Receiver], Receiver] | None
    """What makes an async receiver callable."""

    def note(self) -> None:
        """Tell those that capture, before anybody acts."""
        for capture in self.captures:
            capture(self.sender, **self.fields)

    def call(self, link: Link, receiver: Receiver) -> t.Any:
        """Call one receiver with the fields that it accepts."""
        fields, accepts = self.fields, link.accepts

        if accepts is not None:
            fields = {name: fields[name] for name in fields if name in accepts}

        return receiver(self.sender, **fields)

    def call_sync(self, link: Link, receiver: Receiver) -> t.Any:
        """Call one receiver, and wait for it if it is async."""
        if link.is_plain:
            return receiver(self.sender, **self.fields)

        if link.is_async:
            if self.to_sync is None:
                raise RuntimeError(
                    f"{name_of(receiver)} is async: send inside an application"
                    " context, or await asend()."
                )

            receiver = self.to_sync(receiver)

        return self.call(link, receiver)


def _waiting(app: Flask, receiver: Receiver) -> Receiver:
    return functools.partial(run_async, app, receiver)


class Signal(Receivers, t.Generic[P]):
    """A signal whose payload is declared and whose receivers do not vanish.

    Receivers are called as ``receiver(sender, **fields)``, with the fields that
    they accept, by ``order``, then in the order in which they were connected.
    With checks on, a wrong payload or receiver is a ``TypeError`` before any
    receiver runs. When nobody listens, a sending does nothing at all.

    :param payload: A dataclass or function whose parameters are the fields.
    :raises SetupError: For a field called ``sender``, which receivers get first.
    """

    @t.overload
    def __init__(
        self, name: str, payload: Callable[P, object], *, doc: str = ...
    ) -> None: ...
    @t.overload
    def __init__(
        self: Signal[...], name: str, payload: None = ..., *, doc: str = ...
    ) -> None: ...
    def __init__(
        self, name: str, payload: Callable[..., object] | None = None, *, doc: str = ""
    ) -> None:
        super().__init__(name, payload, doc)

        if "sender" in self.fields:
            raise SetupError(
                f"signal {name!r}: no field can be called 'sender',"
                " which is the first argument of every receiver."
            )

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the names of the declared fields."""
        return tuple(self._payload.signature.parameters) if self._payload else ()

    def send(  # type: ignore[override]  # narrower, so that fields are checked
        self, sender: object | None = None, /, *args: P.args, **kwargs: P.kwargs
    ) -> list[tuple[Receiver, t.Any]]:
        """Call the receivers; the first that raises ends it, as in blinker.

        :param sender: Who sends; by default the current application.
        :returns: Each receiver with what it returned.
        :raises TypeError: With checks on, if the payload is not as declared.
        """
        if not self.receivers or self.is_muted:
            return []

        sending = self._sending(sender, args, kwargs)
        sending.note()
        return [
            (receiver, sending.call_sync(link, receiver))
            for link, receiver in sending.calls
        ]

    def send_robust(
        self, sender: object | None = None, /, *args: P.args, **kwargs: P.kwargs
    ) -> Results:
        """Call all receivers, whatever some of them raise.

        An exception is logged with its traceback, without the payload.

        :param sender: Who sends; by default the current application.
        :raises TypeError: With checks on, if the payload is not as declared.
        """
        if not self.receivers or self.is_muted:
            return Results()

        sending = self._sending(sender, args, kwargs)
        sending.note()
        return Results(self._tried(sending, *call) for call in sending.calls)

    async def asend(
        self, sender: object | None = None, /, *args: P.args, **kwargs: P.kwargs
    ) -> list[tuple[Receiver, t.Any]]:
        """Call the receivers in their order and await those that are async.

        :param sender: Who sends; by default the current application.
        :returns: Each receiver with what it returned.
        :raises TypeError: With checks on, if the payload is not as declared.
        """
        if not self.receivers or self.is_muted:
            return []

        sending = self._sending(sender, args, kwargs)
        sending.note()
        results: list[tuple[Receiver, t.Any]] = []

        for link, receiver in sending.calls:
            value = sending.call(link, receiver)
            results.append((receiver, await value if link.is_async else value))

        return results

    async def send_async(
        self, sender: object | None = None, /, **kwargs: t.Any
    ) -> list[tuple[Receiver, t.Any]]:
        """Do what :meth:`asend` does, under blinker's name."""
        kwargs.pop("_sync_wrapper", None)
        asend = t.cast("Signal[...]", self).asend
        return await asend(sender, **kwargs)

    def send_after_response(
        self, sender: object | None = None, /, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Send robustly after the last byte of the answer was sent.

        Outside a request it happens at once. The payload is checked now.

        :param sender: Who sends; by default the current application.
        :raises RuntimeError: In a request without a ``MiddlewareStack``.
        :raises TypeError: With checks on, if the payload is not as declared.
        """
        if not self.receivers or self.is_muted:
            return

        sending = self._sending(sender, args, kwargs)
        later = functools.partial(
            t.cast("Signal[...]", self).send_robust, sending.sender, **sending.fields
        )

        if not has_request_context():
            later()
            return

        scope: Scope | None = request.environ.get("toolkit.scope")

        if scope is None:
            raise RuntimeError(
                "send_after_response() needs to know when the answer is out:"
                " attach a MiddlewareStack to this application."
            )

        # The partial keeps the fields apart from the options of after_response.
        scope.after_response(later)

    @contextmanager
    def capture(
        self, *, app: Flask | None = None
    ) -> Generator[list[Event], None, None]:
        """Collect what is sent during a block, in all threads.

        Other receivers are called as before, after the event was noted.

        :param app: Only what was sent by, or in a context of, this application.
        """
        events: list[Event] = []
        owner = unwrapped(app)

        def note(sender: t.Any, **fields: t.Any) -> None:
            if owner is None or sender is owner or current() is owner:
                events.append(Event(sender, fields))

        self._connect(note, ANY, weak=False, app=None, order=0, is_capture=True)

        try:
            yield events
        finally:
            self.disconnect(note)

    def _sending(
        self, sender: t.Any, args: tuple[t.Any, ...], kwargs: dict[str, t.Any]
    ) -> _Sending:
        sender = current() if sender is None else unwrapped(sender)
        app = sender if isinstance(sender, Flask) else current()
        # Flask and other users of blinker bring their own.
        given = kwargs.pop("_async_wrapper", None)
        to_sync = given if app is None else functools.partial(_waiting, app)
        calls: list[tuple[Link, Receiver]] = []
        captures: list[Receiver] = []

        for link in self._plan.links_for(sender):
            receiver = link.get()

            if link.is_capture:
                captures.append(t.cast("Receiver", receiver))
            elif receiver is not None:
                calls.append((link, receiver))

        if calls or captures:
            kwargs = self._fields(args, kwargs)

            if self._is_checked(app):
                self._check(kwargs, calls)

        return _Sending(sender, kwargs, calls, captures, to_sync)

    def _fields(
        self, args: tuple[t.Any, ...], kwargs: dict[str, t.Any]
    ) -> dict[str, t.Any]:
        if self._payload is not None:
            return self._payload.fields(args, kwargs)

        if args:
            raise TypeError(
                f"signal {self.name!r} declares no fields: pass them by name"
            )

        return kwargs

    def _check(
        self, fields: dict[str, t.Any], calls: list[tuple[Link, Receiver]]
    ) -> None:
        if self._payload is not None:
            self._payload.check(fields)

        for link, _ in calls:
            if link.problem:
                raise TypeError(link.problem)

    def _tried(self, sending: _Sending, link: Link, receiver: Receiver) -> Result:
        try:
            return Result(receiver, sending.call_sync(link, receiver), None)
        except Exception as error:  # noqa: BLE001  # handed to the sender
            _log.exception(
                "Receiver %s of signal %r failed", name_of(receiver), self.name
            )
            return Result(receiver, None, error)
