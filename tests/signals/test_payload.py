"""Payload and receiver checks."""

import re
import typing as t
from dataclasses import dataclass

import pytest
from flask import Flask

from flask_toolkit.errors import SetupError
from flask_toolkit.signals import Signal
from flask_toolkit.signals import Signals

if t.TYPE_CHECKING:
    from decimal import Decimal


class Quacks(t.Protocol):
    """A protocol that cannot be asked."""

    def quack(self) -> None:
        """Quack."""
        ...


@dataclass
class Wide:
    """Many kinds of fields."""

    price: float = 0
    tags: list[str] | None = None
    duck: Quacks | None = None
    choice: t.Literal["a", "b"] = "a"
    anything: t.Any = None


def hidden(amount: "Decimal") -> None:
    """Have a type that only the checker knows."""


def any_fields(sender: object, **fields: object) -> None:
    """Take everything."""


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        pytest.param({}, "signal 'placed': field 'number' is missing", id="missing"),
        pytest.param(
            {"number": 1, "count": 2},
            "signal 'placed': field 'count' is not declared",
            id="unknown",
        ),
        pytest.param(
            {"number": "canary"},
            "signal 'placed': field 'number' must be int, not str",
            id="wrong",
        ),
        pytest.param(
            {"number": 1, "note": 2},
            "signal 'placed': field 'note' must be str | None, not int",
            id="union",
        ),
    ],
)
def test_a_wrong_payload_stops_before_any_receiver(
    app: Flask, placed: Signal[...], fields: dict[str, t.Any], problem: str
) -> None:
    """The error names signal and field, never the value."""
    with (
        app.app_context(),
        placed.capture() as events,
        pytest.raises(TypeError, match=re.escape(problem)) as info,
    ):
        placed.send(**fields)

    assert not events
    assert "canary" not in str(info.value)


@pytest.mark.parametrize(
    ("check", "testing", "debug", "is_checked"),
    [
        pytest.param("auto", True, False, True, id="testing"),
        pytest.param("auto", False, True, True, id="debug"),
        pytest.param("auto", False, False, False, id="production"),
        pytest.param("always", False, False, True, id="always"),
        pytest.param("never", True, True, False, id="never"),
    ],
)
def test_when_checks_run(
    check: str, testing: bool, debug: bool, is_checked: bool
) -> None:
    """As TOOLKIT_SIGNALS_CHECK says."""
    app = Flask("shop")
    app.config.update(TOOLKIT_SIGNALS_CHECK=check, TESTING=testing, DEBUG=debug)
    signal = Signals(app).define("priced", Wide)
    signal.connect(any_fields)

    with app.app_context():
        if is_checked:
            with pytest.raises(TypeError, match="'price' must be float"):
                t.cast("t.Any", signal).send(price="much")
        else:
            t.cast("t.Any", signal).send(price="much")


def test_checks_know_only_the_app() -> None:
    """Outside a context, and in an app without Signals, the defaults hold."""
    signal = Signal("priced", Wide)
    signal.connect(any_fields)
    untyped = t.cast("t.Any", signal)
    untyped.send(price="much")
    app = Flask("shop")
    untyped.send(app, price="much")
    app.testing = True

    with pytest.raises(TypeError, match="'price' must be float"):
        untyped.send(app, price="much")


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"price": 1}, id="int-as-float"),
        pytest.param({"tags": ["a"]}, id="generic"),
        pytest.param({"duck": 3}, id="protocol"),
        pytest.param({"choice": "z"}, id="literal-unchecked"),
        pytest.param({"anything": object()}, id="any"),
    ],
)
def test_what_passes_the_checks(app: Flask, fields: dict[str, t.Any]) -> None:
    """Annotations that are no classes are left to the type checker."""
    signal = Signal("wide", Wide)
    signal.connect(any_fields)

    assert len(t.cast("t.Any", signal).send(app, **fields)) == 1


def test_a_type_that_is_not_there_is_not_checked(app: Flask) -> None:
    """A name under TYPE_CHECKING does not exist at run time."""
    signal = Signal("paid", hidden)
    signal.connect(any_fields)

    assert len(t.cast("t.Any", signal).send(app, amount="much")) == 1


@pytest.mark.parametrize(
    ("receiver", "problem"),
    [
        pytest.param(lambda: None, "takes no sender", id="nothing"),
        pytest.param(lambda **fields: None, "takes no sender", id="only-fields"),
        pytest.param(lambda sender, count: None, "needs 'count'", id="unknown"),
        pytest.param(lambda sender, number, /: None, "needs 'number'", id="positional"),
    ],
)
def test_a_receiver_that_cannot_be_called_is_refused(
    app: Flask, placed: Signal[...], receiver: t.Any, problem: str
) -> None:
    """At connect where the app is known, else at the first checked sending."""
    message = f"signal 'placed': receiver .*<lambda> {re.escape(problem)}"

    with pytest.raises(TypeError, match=message):
        placed.connect(receiver, app=app)

    assert not placed.receivers
    placed.connect(receiver, weak=True)

    with placed.capture() as events, pytest.raises(TypeError, match=message):
        placed.send(app, number=1)

    assert not events


def test_a_signal_without_a_payload_checks_its_receivers(app: Flask) -> None:
    """No field is declared, so only a sender that is not taken is found."""
    signal = Signal("anything")
    unchecked = Flask("unchecked")
    signal.connect(lambda: None, sender=app, app=unchecked)

    with pytest.raises(TypeError, match="takes no sender"):
        signal.send(app, number=1)


@pytest.mark.parametrize(
    "receiver",
    [
        pytest.param(lambda *args: None, id="args"),
        pytest.param(lambda sender, note="": None, id="one"),
        pytest.param(lambda sender, extra=1: None, id="own-default"),
        pytest.param(lambda sender, **fields: None, id="all"),
        pytest.param(lambda sender, x=1, /: None, id="positional-default"),
    ],
)
def test_receivers_that_can_be_called(
    app: Flask, placed: Signal[...], receiver: t.Any
) -> None:
    """They need not take every field."""
    placed.connect(receiver, app=app)

    assert len(placed.send(app, number=1)) == 1


def test_a_callable_that_tells_nothing(app: Flask) -> None:
    """Some callables written in C have no signature; they get all fields."""
    signal = Signal("free")
    signal.connect(dict, app=app)

    assert signal.send([("a", 1)], b=2) == [(dict, {"a": 1, "b": 2})]


def test_no_field_is_called_sender() -> None:
    """It would be given twice to each receiver."""

    def payload(sender: str) -> None: ...

    with pytest.raises(SetupError, match="no field can be called 'sender'"):
        Signal("x", payload)
