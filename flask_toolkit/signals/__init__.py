"""Signals with declared payloads, receivers that live as long as their app.

A :class:`Signal` is a :class:`blinker.NamedSignal`: whoever knows blinker, or
Flask's own signals, can connect to it and send it.
"""

from ._extension import ReceiverInfo
from ._extension import SignalInfo
from ._extension import Signals
from ._links import ReceiverLifetimeWarning
from ._results import Event
from ._results import Result
from ._results import Results
from ._settings import SignalsSettings
from ._signal import Signal

__all__ = [
    "Event",
    "ReceiverInfo",
    "ReceiverLifetimeWarning",
    "Result",
    "Results",
    "Signal",
    "SignalInfo",
    "Signals",
    "SignalsSettings",
]
