"""Defining, listing, Flask's own signals, isolation."""

import functools
import gc
import re
import typing as t
import weakref

import pytest
from flask import Flask
from flask import request_finished
from flask import request_started

from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import SetupError
from flask_toolkit.signals import ReceiverInfo
from flask_toolkit.signals import Signal
from flask_toolkit.signals import Signals


def audit(sender: object, **fields: object) -> str:
    """Stand for a receiver of a module."""
    return "audit"


class Shop:
    """Has a method that listens."""

    def hear(self, sender: object, **fields: object) -> None:
        """Hear."""


def test_two_apps_have_their_own_check() -> None:
    """One Signals serves both."""
    first, second = Flask("first"), Flask("second")
    second.config["TOOLKIT_SIGNALS_CHECK"] = "never"
    signals = Signals(check="always")
    signals.init_app(first)
    signals.init_app(second)

    assert signals.settings_of(first).check == "always"
    assert signals.settings_of(second).check == "never"


def test_a_second_init_app_is_refused(app: Flask, signals: Signals) -> None:
    """It would overwrite the first."""
    with pytest.raises(SetupError, match="already registered"):
        signals.init_app(app)


def test_an_unknown_check_is_refused() -> None:
    """The message names the key."""
    app = Flask("shop")
    app.config["TOOLKIT_SIGNALS_CHECK"] = "sometimes"

    with pytest.raises(ConfigError, match="TOOLKIT_SIGNALS_CHECK"):
        Signals(app)


def test_signals_exist_before_an_app() -> None:
    """They are defined, connected and sent without a context."""
    signal = Signals().define("ping")
    signal.connect(audit)

    assert signal.send() == [(audit, "audit")]
    assert signal.fields == ()


def test_a_freed_app_leaves_nothing() -> None:
    """The part does not keep the application alive."""
    app = Flask("shop")
    signals = Signals(app)
    signals.define("ping").connect(audit, app=app)
    gone = weakref.ref(app)

    del app
    gc.collect()
    assert gone() is None


def test_no_payload_in_repr(placed: Signal[...]) -> None:
    """A signal shows its name only."""
    assert "'placed'" in repr(placed)
    assert repr(Signals()) == "<Signals 'signals'>"


def test_a_name_is_defined_once(signals: Signals, placed: Signal[...]) -> None:
    """Two modules cannot mean different signals by one name."""
    with pytest.raises(SetupError, match="'placed' is already defined"):
        signals.define("placed")

    assert [info.name for info in signals.describe()] == ["placed"]


def test_describe_lists_receivers(
    app: Flask, signals: Signals, placed: Signal[...]
) -> None:
    """Names, places and lifetimes, in calling order; no repr of an argument."""
    shop = Shop()
    placed.connect(audit)
    placed.connect(shop.hear, app=app, order=-1)
    placed.connect(functools.partial(audit, key="canary"), app=app, order=1)
    placed.connect(dict, weak=True, order=2)
    signals.define("ping")
    first, second = signals.describe()

    here = re.escape(__file__)
    assert (first.name, first.doc) == ("placed", "An order came in.")
    assert first.fields == ("number", "note", "tags")
    assert [(r.name, r.lifetime) for r in first.receivers] == [
        ("Shop.hear", "shop"),
        ("audit", "process"),
        ("audit", "shop"),
        ("dict", "weak"),
    ]
    assert re.fullmatch(rf"{here}:\d+", first.receivers[0].where)
    assert first.receivers[3] == ReceiverInfo("dict", "", "weak", 2)
    assert "canary" not in repr(first)
    assert (second.name, second.doc, second.receivers) == ("ping", "", ())


def test_on_hears_flasks_own_signals(app: Flask, signals: Signals) -> None:
    """Only of this app, sync and async, and no longer than it lives."""
    other = Flask("other")
    heard: list[str] = []

    @signals.on(request_started, app)
    def started(sender: Flask) -> None:
        heard.append(sender.name)

    @signals.on(request_finished, app)
    async def finished(sender: Flask, response: t.Any) -> None:
        heard.append(response.status)

    del started, finished
    gc.collect()
    app.test_client().get("/")
    other.test_client().get("/")
    assert heard == ["shop", "404 NOT FOUND"]


def test_on_passes_what_is_accepted(app: Flask, signals: Signals) -> None:
    """A new field of Flask breaks nobody, and an async call is awaited."""
    heard: list[object] = []

    class AsyncCall:
        async def __call__(self, sender: Flask, **fields: object) -> None:
            heard.append(sorted(fields))

    @signals.on(request_finished, app)
    def finished(sender: Flask) -> None:
        heard.append(sender)

    signals.on(request_finished, app)(AsyncCall())
    app.test_client().get("/")

    assert len(heard) == 2
    assert app in heard
    assert ["response"] in heard


def test_on_takes_a_signal_of_ours(
    app: Flask, signals: Signals, placed: Signal[...]
) -> None:
    """It is one entry, owned by the app, under the name of the function."""
    signals.on(placed, app)(audit)
    signals.on(placed, app)(audit)
    [info] = signals.describe()[0].receivers

    assert placed.send(app, number=1)[0][1] == "audit"
    assert (info.name, info.lifetime) == ("audit", "shop")
    assert info.where.startswith(f"{__file__}:")


def test_on_leaves_nothing_behind(signals: Signals) -> None:
    """Also for a function that outlives the app."""
    gc.collect()
    before = len(request_started.receivers)

    for _ in range(5):
        signals.on(request_started, Flask("short"))(audit)

    gc.collect()
    assert len(request_started.receivers) == before


def test_disconnect_all(app: Flask, signals: Signals, placed: Signal[...]) -> None:
    """What the app owns goes, on every signal; what the process keeps stays."""
    before = len(request_started.receivers)
    placed.connect(audit)
    placed.connect(audit, app=app)
    placed.connect(Shop().hear, app=app)
    signals.on(request_started, app)(audit)

    assert signals.disconnect_all(app) == 3
    assert list(placed.receivers_for(app)) == [audit]
    assert signals.describe()[0].receivers[0].lifetime == "process"
    assert len(request_started.receivers) == before
    assert signals.disconnect_all(app) == 0


def test_disconnect_all_leaves_other_apps_theirs(
    app: Flask, signals: Signals, placed: Signal[...]
) -> None:
    """One receiver of two applications no longer hears the one that let go."""
    other = Flask("other")

    for each in (app, other):
        signals.on(placed, each)(audit)
        signals.on(request_started, each)(audit)

    assert signals.disconnect_all(app) == 2
    assert list(placed.receivers_for(app)) == []
    assert list(request_started.receivers_for(app)) == []
    assert list(placed.receivers_for(other)) == [audit]
    assert len(list(request_started.receivers_for(other))) == 1


def test_on_twice_is_one_entry(app: Flask, signals: Signals) -> None:
    """On Flask's signals too, for a function and for a method."""
    heard: list[str] = []

    class Ear:
        def hear(self, sender: Flask) -> None:
            heard.append("method")

    def started(sender: Flask) -> None:
        heard.append("function")

    ear = Ear()

    for _ in range(2):
        signals.on(request_started, app)(started)
        signals.on(request_started, app)(ear.hear)
        signals.on(request_finished, app)(started)

    app.test_client().get("/")

    assert sorted(heard) == ["function", "function", "method"]


def test_off_lets_one_receiver_go(
    app: Flask, signals: Signals, placed: Signal[...]
) -> None:
    """For one application, on Flask's signals and on ours; others stay."""
    heard: list[str] = []
    other = Flask("other")

    class Ear:
        def hear(self, sender: Flask) -> None:
            heard.append(f"method {sender.name}")

    def started(sender: Flask) -> None:
        heard.append(f"function {sender.name}")

    ear = Ear()

    for each in (app, other):
        signals.on(request_started, each)(started)
        signals.on(request_started, each)(ear.hear)
        signals.on(placed, each)(audit)

    for _ in range(2):
        signals.off(request_started, app, started)
        signals.off(placed, app, audit)

    for each in (app, other):
        each.test_client().get("/")

    assert sorted(heard) == ["function other", "method other", "method shop"]
    assert list(placed.receivers_for(app)) == []
    assert list(placed.receivers_for(other)) == [audit]
    signals.off(request_started, app, ear.hear)
    assert list(request_started.receivers_for(app)) == []


def test_isolated_begins_empty_and_restores(
    app: Flask, signals: Signals, placed: Signal[...]
) -> None:
    """Receivers of before come back with their owners; those of inside go."""
    placed.connect(audit)
    placed.connect(lambda sender: "owned", app=app)

    def fails() -> None:
        with signals.isolated():
            assert placed.send(number=1) == []
            placed.connect(Shop().hear, app=app)
            signals.define("late").connect(audit)
            assert len(placed.send(number=1)) == 1
            raise LookupError

    with pytest.raises(LookupError):
        fails()

    gc.collect()
    assert [value for _, value in placed.send(number=1)] == ["audit", "owned"]
    assert [len(info.receivers) for info in signals.describe()] == [2, 0]
    assert signals.disconnect_all(app) == 1
