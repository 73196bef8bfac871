"""What type checkers see of signals; never run."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask
from flask import request_started

from flask_toolkit.signals import Event
from flask_toolkit.signals import ReceiverInfo
from flask_toolkit.signals import ReceiverLifetimeWarning
from flask_toolkit.signals import Result
from flask_toolkit.signals import Results
from flask_toolkit.signals import Signal
from flask_toolkit.signals import SignalInfo
from flask_toolkit.signals import Signals
from flask_toolkit.signals import SignalsSettings

if t.TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import blinker


@dataclass(frozen=True, kw_only=True)
class OrderPlaced:
    number: int
    note: str = ""


def moved(x: int, y: int = 0) -> None: ...


app = Flask(__name__)
signals = Signals(app, check="always")
Signals(check="sometimes")  # type: ignore[arg-type]
t.assert_type(signals.settings_of(app), SignalsSettings)
t.assert_type(signals.describe(), list[SignalInfo])
t.assert_type(signals.disconnect_all(app), int)
t.assert_type(signals.off(request_started, app, moved), None)
signals.off(request_started, app)  # type: ignore[call-arg]
isolation: AbstractContextManager[None] = signals.isolated()

placed = signals.define("placed", OrderPlaced, doc="An order came in.")
placed.send(number=1)
placed.send(app, number=1, note="soon")
placed.send()  # type: ignore[call-arg]
placed.send(count=1)  # type: ignore[call-arg]
placed.send(number="1")  # type: ignore[arg-type]
placed.send(app, 1)  # type: ignore[call-arg]
placed.send_robust(number="1")  # type: ignore[arg-type]
placed.send_after_response(number="1")  # type: ignore[arg-type]
t.assert_type(placed.send(number=1), list[tuple[Callable[..., t.Any], t.Any]])
t.assert_type(placed.send_robust(number=1), Results)
t.assert_type(placed.send_robust(number=1)[0], Result)
t.assert_type(placed.send_robust(number=1).errors, tuple[Exception, ...])
t.assert_type(placed.send_after_response(number=1), None)
t.assert_type(placed.fields, tuple[str, ...])


async def sends() -> None:
    await placed.asend(number=1)
    await placed.asend(number="1")  # type: ignore[arg-type]


walked = signals.define("walked", moved)
walked.send(None, 1)
walked.send(None, 1, 2)
walked.send(None, "1")  # type: ignore[arg-type]

t.assert_type(signals.define("free"), "Signal[...]")
t.assert_type(Signal("free"), "Signal[...]")
signals.define("free").send(anything=1)
Signal("placed", OrderPlaced).send(number="1")  # type: ignore[arg-type]


@placed.connect
def plain(sender: object, number: int) -> int:
    return number


@placed.connect(app=app, order=1, sender="web")
def optioned(sender: object) -> str:
    return ""


@signals.on(request_started, app)
def started(sender: Flask) -> None: ...


t.assert_type(plain(None, 1), int)
t.assert_type(optioned(None), str)
placed.connect(3)  # type: ignore[call-overload]

with placed.capture(app=app) as events:
    t.assert_type(events, list[Event])

# Whoever knows blinker can use it.
known: blinker.NamedSignal = placed
known.connect(plain)
known.send(app, number=1)

for info in signals.describe():
    t.assert_type(info.receivers, tuple[ReceiverInfo, ...])

warning: type[Warning] = ReceiverLifetimeWarning
