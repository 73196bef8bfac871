"""Sending in its four manners, and capturing."""

import asyncio
import dataclasses
import logging
import re
import typing as t
from collections.abc import Callable

import pytest
from flask import Flask

from flask_toolkit.signals import Event
from flask_toolkit.signals import Result
from flask_toolkit.signals import Signal
from flask_toolkit.signals import Signals
from flask_toolkit.signals._calling import note


class AsyncCall:
    """Its call is a coroutine."""

    async def __call__(self, sender: object, **fields: int) -> int:
        """Answer the number."""
        return fields["number"]


@dataclasses.dataclass
class FakeScope:
    """Keeps what is to run after the answer."""

    environ: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    request_id: str | None = None
    later: list[Callable[..., object]] = dataclasses.field(default_factory=list)

    def after_response(self, fn: Callable[..., object], /) -> None:
        """Keep ``fn``."""
        self.later.append(fn)


async def later(sender: object, number: int) -> int:
    """Answer the number, in a while."""
    return number


def fails(sender: object, **fields: object) -> None:
    """Fail."""
    raise LookupError("no such order")


def works(sender: object, number: int) -> int:
    """Answer the number."""
    return number


@pytest.mark.filterwarnings("ignore::flask_toolkit.signals.ReceiverLifetimeWarning")
@pytest.mark.parametrize("manner", ["send", "send_robust", "asend"])
@pytest.mark.parametrize("life", ["app", "process", "weak"])
def test_who_was_disconnected_is_not_called(
    app: Flask, placed: Signal[...], life: str, manner: str
) -> None:
    """As in blinker, also if it happens during the sending; the next are called."""
    heard: list[str] = []

    def saying(name: str) -> Callable[[object], None]:
        return lambda sender: heard.append(name)

    second, third, fourth = saying("second"), saying("third"), saying("fourth")

    def first(sender: object) -> None:
        heard.append("first")
        placed.disconnect(second)
        placed.connect(fourth, app=app, order=1)

    placed.connect(first, app=app)
    placed.connect(second, app=app if life == "app" else None, weak=life == "weak")
    placed.connect(third, app=app)

    with app.app_context():
        sent = getattr(placed, manner)(number=1)
        results = asyncio.run(sent) if manner == "asend" else sent

    assert heard == ["first", "third"]
    assert [result[0] for result in results] == [first, third]


def test_a_capture_may_end_while_another_thread_sends(placed: Signal[...]) -> None:
    """The sending goes on with those that it found at its beginning."""
    with placed.capture() as events:
        calls = placed._plan.any

    note(calls, None, {"number": 1})

    assert len(calls.captures) == 1
    assert events == []


def test_the_sender_is_the_app_by_default(app: Flask, placed: Signal[...]) -> None:
    """Inside a context the real application, outside None."""
    placed.connect(lambda sender: sender, app=app)

    with app.app_context():
        [(_, inside)] = placed.send(number=1)

    [(_, outside)] = placed.send(number=1)
    assert inside is app
    assert outside is None


def test_nothing_is_built_when_nobody_listens(app: Flask) -> None:
    """Neither defaults nor checks run, in any manner of sending."""

    def payload(number: int) -> None: ...

    signal = Signals(app, check="always").define("x", payload)

    with app.app_context():
        assert t.cast("t.Any", signal).send(wrong=1) == []
        assert not t.cast("t.Any", signal).send_robust(wrong=1)
        assert asyncio.run(t.cast("t.Any", signal).asend(wrong=1)) == []
        t.cast("t.Any", signal).send_after_response(wrong=1)

        signal.connect(works, sender="somebody")
        assert t.cast("t.Any", signal).send(wrong=1) == []


def test_send_stops_at_the_first_error(app: Flask, placed: Signal[...]) -> None:
    """As in blinker."""
    ran: list[int] = []
    placed.connect(fails)
    placed.connect(lambda sender: ran.append(1), app=app)

    with pytest.raises(LookupError, match="no such order"):
        placed.send(number=1)

    assert not ran


def test_send_robust_runs_all(
    app: Flask, placed: Signal[...], caplog: pytest.LogCaptureFixture
) -> None:
    """Errors are logged with traceback, without payload, and given back."""
    error = ValueError("returned, not raised")
    placed.connect(fails)
    placed.connect(lambda sender: error, app=app)
    placed.connect(works)

    with caplog.at_level(logging.ERROR):
        results = placed.send_robust(number=4711)

    first, second, third = results
    assert isinstance(first.error, LookupError)
    assert first.error.__traceback__ is not None
    assert second == (second.receiver, error, None)
    assert third == Result(works, 4711, None)
    assert results.errors == (first.error,)
    assert caplog.messages == ["Receiver fails of signal 'placed' failed"]
    assert caplog.records[0].exc_info is not None
    assert "4711" not in caplog.text

    with pytest.raises(LookupError, match="no such order"):
        results.raise_first()


def test_raise_first_without_errors(placed: Signal[...]) -> None:
    """It does nothing."""
    placed.connect(works)
    placed.send_robust(number=1).raise_first()


@pytest.mark.parametrize(
    "receiver", [pytest.param(later, id="def"), pytest.param(AsyncCall(), id="call")]
)
def test_async_receivers(
    app: Flask, placed: Signal[...], receiver: Callable[..., t.Any]
) -> None:
    """send() waits for them, asend() awaits them, among others and in order."""
    placed.connect(receiver, app=app)
    placed.connect(works)

    with app.app_context():
        assert [value for _, value in placed.send(number=3)] == [3, 3]
        assert [r.value for r in placed.send_robust(number=3)] == [3, 3]

    sent = asyncio.run(placed.asend(number=4))
    assert [value for _, value in sent] == [4, 4]


def test_async_receivers_need_an_app_or_asend(placed: Signal[...]) -> None:
    """Outside a context send() says what to do, unless the sender brings a bridge."""
    placed.connect(later)

    with pytest.raises(RuntimeError, match=re.escape("later is async")):
        placed.send(number=1)

    def bridge(receiver: Callable[..., t.Any]) -> Callable[..., t.Any]:
        return lambda *args, **fields: asyncio.run(receiver(*args, **fields))

    assert placed.send(number=1, _async_wrapper=bridge) == [(later, 1)]


def test_blinkers_send_async(placed: Signal[...]) -> None:
    """It takes sync receivers too and ignores blinker's wrapper."""
    placed.connect(works)
    placed.connect(later)
    sent = asyncio.run(placed.send_async("web", number=1, _sync_wrapper=None))

    assert [value for _, value in sent] == [1, 1]


def test_receivers_get_what_they_accept(app: Flask, placed: Signal[...]) -> None:
    """Defaults of the payload are filled in; each call gets its own."""
    placed.connect(lambda sender, note, tags: (note, tags), app=app)
    placed.connect(lambda *args, **fields: fields, app=app)
    [(_, (note, tags)), (_, fields)] = placed.send(None, number=1)

    assert (note, tags) == (None, [])
    assert fields == {"number": 1, "note": None, "tags": []}
    [(_, (_, again)), _] = placed.send(None, number=1)
    assert again is not tags


def test_positional_fields_get_their_names(app: Flask) -> None:
    """A payload that takes them by position is sent by position."""

    def moved(x: int, y: int = 0) -> None: ...

    signal = Signal("moved", moved)
    signal.connect(lambda sender, x, y: (x, y), app=app)

    assert [value for _, value in signal.send(None, 1)] == [(1, 0)]

    with pytest.raises(TypeError, match="signal 'moved': too many positional"):
        t.cast("t.Any", signal).send(None, 1, 2, 3)


def test_fields_without_a_payload(app: Flask) -> None:
    """They go by name, and only by name."""
    signal = Signal("free")
    signal.connect(lambda sender, x: x, app=app)

    assert signal.send(app, x=1)[0][1] == 1
    assert [value for _, value in signal.send(None, x=1, y=2)] == [1]

    with pytest.raises(TypeError, match="pass them by name"):
        signal.send(None, 1)


def test_capture_collects_in_between(app: Flask, placed: Signal[...]) -> None:
    """It nests, ends with an error, and leaves receivers alone."""
    placed.connect(fails)

    with placed.capture() as outer:
        assert placed.receivers
        assert len(placed.send_robust("web", number=0)) == 1

        with placed.capture() as inner, app.app_context():
            placed.send_robust(number=1)

        with pytest.raises(LookupError), placed.capture():
            placed.send("web", number=2)

    assert inner == [Event(app, {"number": 1, "note": None, "tags": []})]
    assert [event.fields["number"] for event in outer] == [0, 1, 2]
    assert list(placed.receivers_for("web")) == [fails]


def test_capture_for_one_app(app: Flask, placed: Signal[...]) -> None:
    """Counted is what the app sends, or is sent in its context."""
    other = Flask("other")

    with placed.capture(app=app) as events:
        placed.send(other, number=1)
        placed.send([], number=2)
        placed.send(app, number=3)

        with app.app_context():
            placed.send([], number=4)

    assert [event.fields["number"] for event in events] == [3, 4]


def test_send_after_response_goes_through_the_scope(
    app: Flask, placed: Signal[...]
) -> None:
    """Nothing runs before; then robustly, with the app as sender."""
    scope = FakeScope()

    @app.get("/")
    def view() -> str:
        placed.send_after_response(number=1)
        return "ok"

    with placed.capture() as events:
        app.test_client().get("/", environ_base={"toolkit.scope": scope})
        assert not events
        [send] = scope.later
        send()

    assert [(event.sender, event.fields["number"]) for event in events] == [(app, 1)]


def test_send_after_response_without_a_request(placed: Signal[...]) -> None:
    """At once, and robustly."""
    placed.connect(fails)

    with placed.capture() as events:
        placed.send_after_response("shell", number=1)

    assert events[0].sender == "shell"


def test_send_after_response_needs_the_stack(app: Flask, placed: Signal[...]) -> None:
    """The error names what is missing."""
    placed.connect(works)

    with (
        app.test_request_context(),
        pytest.raises(RuntimeError, match="attach a MiddlewareStack"),
    ):
        placed.send_after_response(number=1)


def test_send_after_response_checks_now(app: Flask, placed: Signal[...]) -> None:
    """A wrong payload shows where it was sent."""
    placed.connect(works)

    with app.test_request_context(), pytest.raises(TypeError, match="'number'"):
        placed.send_after_response()


def test_an_async_receiver_of_a_send_in_a_running_loop() -> None:
    """A signal sent from an async view waits for its async receivers."""
    app = Flask("app")
    placed = Signal("placed")
    seen: list[object] = []

    @placed.connect(app=app)
    async def note(sender: object) -> None:
        seen.append(sender)

    @app.get("/")
    async def index() -> str:
        placed.send()
        return "sent"

    assert app.test_client().get("/").text == "sent"
    assert seen == [app]
