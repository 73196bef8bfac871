"""The signal itself: a blinker signal that types, orders and owns."""

from __future__ import annotations

import functools
import logging
import typing as t
from contextlib import contextmanager

from blinker import ANY
from flask import has_request_context
from flask import request
from werkzeug.local import LocalProxy

from flask_toolkit.errors import SetupError

from ._calling import adapted
from ._calling import app_of
from ._calling import as_it_is
from ._calling import living
from ._calling import note
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
    from collections.abc import Iterator

    from flask import Flask

    from flask_toolkit.typing import Scope

    from ._calling import Bridge
    from ._calling import Ready
    from ._links import Calls
    from ._links import Receiver

P = t.ParamSpec("P")

_log = logging.getLogger("flask_toolkit.signals")


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

        # Flask and other users of blinker bring their own.
        bridge: t.Any = kwargs.pop("_async_wrapper", None)
        sender, fields, calls = self._checked(sender, args, kwargs)
        results: list[tuple[Receiver, t.Any]] = []

        if calls.captures:
            note(calls, sender, fields)

        # What living() does, without a generator in between: this is the hot path.
        for ref, special in calls.steps:
            holder = ref()
            receiver = None if holder is None else holder.receiver

            if receiver is not None:
                call = (
                    receiver
                    if special is None
                    else adapted(receiver, special, sender, bridge)
                )
                results.append((receiver, call(sender, **fields)))

        return results

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

        bridge: t.Any = kwargs.pop("_async_wrapper", None)
        sender, fields, ready = self._ready(sender, args, kwargs, bridge)
        results: list[Result] = []

        for receiver, call, _ in ready:
            try:
                result = Result(receiver, call(sender, **fields), None)
            except Exception as error:  # noqa: BLE001  # handed to the sender
                result = Result(receiver, None, error)
                _log.error(
                    "Receiver %s of signal %r failed",
                    name_of(receiver),
                    self.name,
                    exc_info=error,
                )

            results.append(result)

        return Results(results)

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

        sender, fields, ready = self._ready(sender, args, kwargs, as_it_is)
        results: list[tuple[Receiver, t.Any]] = []

        for receiver, call, link in ready:
            value = call(sender, **fields)
            is_async = link is not None and link.is_async
            results.append((receiver, await value if is_async else value))

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

        sender, fields, _ = self._checked(sender, args, kwargs)
        later = functools.partial(
            t.cast("Signal[...]", self).send_robust, sender, **fields
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

        def keep(sender: t.Any, **fields: t.Any) -> None:
            if owner is None or sender is owner or current() is owner:
                events.append(Event(sender, fields))

        self._connect(keep, ANY, weak=False, app=None, order=0, is_capture=True)

        try:
            yield events
        finally:
            self.disconnect(keep)

    def _ready(
        self,
        sender: t.Any,
        args: tuple[t.Any, ...],
        kwargs: dict[str, t.Any],
        bridge: Bridge | None,
    ) -> tuple[t.Any, dict[str, t.Any], Iterator[Ready]]:
        """Return sender, fields, and each living receiver with what to call."""
        sender, fields, calls = self._checked(sender, args, kwargs)
        note(calls, sender, fields)
        return sender, fields, living(calls, sender, bridge)

    def _checked(
        self, sender: t.Any, args: tuple[t.Any, ...], kwargs: dict[str, t.Any]
    ) -> tuple[t.Any, dict[str, t.Any], Calls]:
        """Return sender, fields, and who hears them."""
        if sender is None:
            sender = current()
        elif issubclass(type(sender), LocalProxy):
            sender = unwrapped(sender)

        plan = self._plan
        calls = plan.calls_for(sender) if plan.by_sender else plan.any

        if not calls.links:
            return sender, kwargs, calls

        payload = self._payload

        if payload is not None:
            kwargs = payload.fields(args, kwargs)
        elif args:
            raise TypeError(
                f"signal {self.name!r} declares no fields: pass them by name"
            )

        if (payload is not None or calls.problem) and self._is_checked(app_of(sender)):
            if payload is not None:
                payload.check(kwargs)

            if calls.problem:
                raise TypeError(calls.problem)

        return sender, kwargs, calls
