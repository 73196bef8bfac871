"""The measured pitfalls of blinker and Django, S1 to S12, as regression tests."""

import functools
import gc
import sys
import threading
import typing as t
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import current_app
from flask import Flask
from flask import request_started

from flask_toolkit import Toolkit
from flask_toolkit.signals import ReceiverLifetimeWarning
from flask_toolkit.signals import Signal


class Shop:
    """Has a method that listens."""

    def hear(self, sender: object) -> str:
        """Answer who heard."""
        return "shop"


def audit(sender: object, number: int = 0) -> str:
    """Stand for a receiver of a module."""
    return "audit"


def values(sent: list[tuple[t.Any, t.Any]]) -> list[t.Any]:
    """Return what the receivers returned."""
    return [value for _, value in sent]


def test_s1_receivers_do_not_vanish(app: Flask, placed: Signal[...]) -> None:
    """A closure, a lambda, a partial and a method of a temporary stay."""
    name = "closure"

    @placed.connect(app=app)
    def closure(sender: object) -> str:
        return name

    placed.connect(lambda sender: "lambda", app=app)
    placed.connect(functools.partial(audit, number=2), app=app)
    placed.connect(Shop().hear, app=app)
    del closure
    gc.collect()

    assert values(placed.send(number=1)) == ["closure", "lambda", "audit", "shop"]


def test_s2_a_strong_local_receiver_draws_a_warning(placed: Signal[...]) -> None:
    """Strong without an owner is what leaks: it draws a warning."""
    with pytest.warns(ReceiverLifetimeWarning, match="Pass app="):
        placed.connect(lambda sender: None)


def test_s3_a_strong_receiver_is_never_demoted(placed: Signal[...]) -> None:
    """Connected again weakly, it stays."""
    shop = Shop()
    placed.connect(shop.hear)
    placed.connect(shop.hear, weak=True)
    del shop
    gc.collect()

    assert values(placed.send(number=1)) == ["shop"]


@pytest.mark.parametrize("sender", [0, 1, True, False])
def test_s4_numbers_are_no_senders(placed: Signal[...], sender: object) -> None:
    """In blinker 0 hears everybody, and True hears 1."""
    with pytest.raises(TypeError, match="a sender must be an object or a string"):
        placed.connect(audit, sender=sender)


def test_s5_a_reused_id_delivers_nothing(placed: Signal[...]) -> None:
    """What follows a freed sender at its address is not taken for it."""
    for _ in range(50):
        sender = Shop()
        placed.connect(audit, sender=sender)
        del sender
        assert placed.send(Shop(), number=1) == []


def test_s5_holds_before_the_signal_has_noticed(
    placed: Signal[...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread may free a sender while this one sends."""
    monkeypatch.setattr(sys, "is_finalizing", lambda: True)  # nothing is pruned
    sender = Shop()
    placed.connect(audit, sender=sender)
    address = id(sender)
    del sender
    others = [Shop() for _ in range(1000)]
    heirs = [other for other in others if id(other) == address]

    assert heirs
    assert placed.send(heirs[0], number=1) == []


def test_s6_connected_to_keeps_a_permanent_connection(
    app: Flask, placed: Signal[...]
) -> None:
    """The block ends with the connection as it was; one of its own ends."""
    placed.connect(audit, sender=app)

    with placed.connected_to(audit), placed.connected_to(Shop().hear):
        assert values(placed.send("web", number=1)) == ["audit", "shop"]

    assert placed.send("web", number=1) == []
    assert values(placed.send(app, number=1)) == ["audit"]


@pytest.mark.parametrize("kept_by", ["process", "app", "nobody"])
def test_s6_who_disconnects_in_the_block_means_it(
    app: Flask, placed: Signal[...], kept_by: str
) -> None:
    """As in blinker, a receiver does not come back then, whoever kept it."""
    owner = app if kept_by == "app" else None
    placed.connect(audit, app=owner, weak=kept_by == "nobody")

    with placed.connected_to(audit):
        placed.disconnect(audit)

    assert list(placed.receivers_for(app)) == []
    assert placed.send(number=1) == []


def test_s6_a_sender_disconnected_in_the_block_stays_so(
    app: Flask, placed: Signal[...]
) -> None:
    """The others come back."""
    placed.connect(audit, sender=app)
    placed.connect(audit, sender="web")

    with placed.connected_to(audit):
        placed.disconnect(audit, app)

    assert placed.send(app, number=1) == []
    assert values(placed.send("web", number=1)) == ["audit"]


def test_s6_connected_to_restores_a_weak_connection(placed: Signal[...]) -> None:
    """It is as weak afterwards as it was before."""
    shop = Shop()
    placed.connect(shop.hear, weak=True)

    with placed.connected_to(shop.hear):
        pass

    del shop
    assert not placed.receivers


def test_s7_the_order_is_defined(app: Flask, placed: Signal[...]) -> None:
    """Thirty receivers run as they were connected."""
    for number in range(30):
        placed.connect(lambda sender, number, n=number: n, app=app)

    assert values(placed.send(number=1)) == list(range(30))


def test_s8_one_failure_skips_nobody(app: Flask, placed: Signal[...]) -> None:
    """With send_robust."""

    @placed.connect(app=app)
    def fails(sender: object) -> None:
        raise LookupError

    placed.connect(audit)
    first, second = placed.send_robust(number=1)
    assert (type(first.error), second.value) == (LookupError, "audit")


def test_s9_a_new_field_breaks_nobody(app: Flask, placed: Signal[...]) -> None:
    """Receivers get the fields they name."""
    placed.connect(lambda sender, number: number, app=app)

    assert values(placed.send(number=1, note="new")) == [1]


def test_s10_current_app_matches(app: Flask, placed: Signal[...]) -> None:
    """Sent with the proxy, heard by who connected the application."""
    placed.connect(audit, sender=app)

    with app.app_context():
        assert values(placed.send(current_app, number=1)) == ["audit"]


def test_s11_send_robust_survives_a_failing_partial(
    app: Flask, placed: Signal[...], caplog: pytest.LogCaptureFixture
) -> None:
    """A partial has no name; the log finds the function's."""

    def fails(sender: object, secret: str) -> None:
        raise LookupError

    placed.connect(functools.partial(fails, secret="canary"), app=app)
    placed.connect(audit)
    assert [r.value for r in placed.send_robust(number=1)] == [None, "audit"]
    assert "fails of signal 'placed'" in caplog.text
    assert "canary" not in caplog.messages[0]


def test_s12_a_hundred_factories_leave_nothing(placed: Signal[...]) -> None:
    """Closures over their app, with it as sender, and a shared function."""

    def make() -> None:
        app = Flask("short")
        placed.connect(lambda sender: app.name, app=app)
        placed.connect(lambda sender: app.name, sender=app, app=app)
        placed.connect(audit, sender=app, app=app)
        assert len(placed.send(app, number=1)) >= 3

    for _ in range(100):
        make()

    gc.collect()
    assert not placed.receivers
    assert placed.connected() == []


def test_s12_a_hundred_toolkits_leave_nothing(placed: Signal[...]) -> None:
    """Nor does any part of them, with receivers of Flask's own signals too."""
    before = len(request_started.receivers)
    apps: list[weakref.ref[Flask]] = []

    def make() -> None:
        app = Flask("short")
        toolkit = Toolkit(app)
        toolkit.signals.on(request_started, app)(lambda sender: app.name)
        placed.connect(lambda sender: app.name, app=app)
        app.add_url_rule("/", "index", lambda: str(placed.send(number=1)[0][1]))
        assert app.test_client().get("/").text == "short"
        apps.append(weakref.ref(app))

    for _ in range(100):
        make()

    gc.collect()
    assert [app for app in apps if app() is not None] == []
    assert len(request_started.receivers) == before
    assert not placed.receivers


def test_threads_connect_send_and_disconnect(placed: Signal[...]) -> None:
    """No error, no lost receiver, nothing left."""
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()

        for _ in range(100):
            shop = Shop()
            placed.connect(shop.hear)
            assert "shop" in values(placed.send("web", number=1))
            placed.disconnect(shop.hear)

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work) for _ in range(8)]:
            done.result()

    assert not placed.receivers


def test_capture_hears_all_threads(placed: Signal[...]) -> None:
    """A sending in another thread is collected too."""
    with placed.capture() as events:
        thread = threading.Thread(target=placed.send, kwargs={"number": 7})
        thread.start()
        thread.join()

    assert events[0].fields["number"] == 7
