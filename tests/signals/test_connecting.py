"""Who is connected, in which order, and for how long."""

import functools
import gc
import os
import re
import sys
import threading
import typing as t
import weakref

import pytest
from flask import current_app
from flask import Flask

from flask_toolkit.signals import ReceiverLifetimeWarning
from flask_toolkit.signals import Signal
from flask_toolkit.signals._receivers import _renew_locks

if t.TYPE_CHECKING:
    import blinker


def audit(sender: object, **fields: object) -> str:
    """Stand for a receiver of a module."""
    return "audit"


class Shop:
    """Has a method that listens."""

    def hear(self, sender: object, **fields: object) -> str:
        """Answer who heard."""
        return "shop"


class Slotted:
    """A callable that takes no weak reference."""

    __slots__ = ()

    def __call__(self, sender: object, **fields: object) -> str:
        """Answer who heard."""
        return "slotted"


def heard(signal: Signal[...], sender: object = None, **fields: t.Any) -> list[t.Any]:
    """Return what the receivers return."""
    return [value for _, value in signal.send(sender, **(fields or {"number": 1}))]


def test_connect_is_a_decorator_with_and_without_parentheses(
    app: Flask, placed: Signal[...]
) -> None:
    """Both forms connect, and give the function back."""

    @placed.connect(app=app, order=1)
    def first(sender: object) -> int:
        return 1

    assert placed.connect(audit) is audit
    assert first(None) == 1
    assert heard(placed) == ["audit", 1]


def test_the_app_owns_what_it_connects(app: Flask, placed: Signal[...]) -> None:
    """A lambda, a partial, a method and a slotted object live with the app."""
    placed.connect(lambda sender: "lambda", app=app)
    placed.connect(functools.partial(audit, extra=1), app=app)
    placed.connect(Shop().hear, app=app)
    placed.connect(Slotted(), app=app)
    gc.collect()

    assert heard(placed) == ["lambda", "audit", "shop", "slotted"]


def test_receivers_go_with_their_app(placed: Signal[...]) -> None:
    """Nothing keeps the app alive, and nothing of it stays connected."""
    app = Flask("other")
    placed.connect(functools.partial(audit, app=app), app=app)
    placed.connect(audit, sender=app, app=app)
    gone = weakref.ref(app)
    assert len(placed.receivers) == 2

    del app
    gc.collect()
    assert gone() is None
    assert not placed.receivers


def test_a_receiver_of_two_apps_lives_as_long_as_the_last(
    placed: Signal[...],
) -> None:
    """One function of a module, connected by a factory, serves both."""
    first, second = Flask("first"), Flask("second")
    placed.connect(audit, app=first)
    placed.connect(audit, app=second)
    assert heard(placed) == ["audit"]

    del second
    gc.collect()
    assert heard(placed) == ["audit"]

    del first
    gc.collect()
    assert not placed.receivers


def test_without_an_app_a_receiver_stays(placed: Signal[...]) -> None:
    """A method of a temporary lives as long as the process."""
    placed.connect(Shop().hear)
    gc.collect()

    assert heard(placed) == ["shop"]


@pytest.mark.parametrize("is_decorator", [False, True], ids=["call", "decorator"])
def test_a_local_receiver_without_app_warns_where_it_stands(
    placed: Signal[...], is_decorator: bool
) -> None:
    """The warning names receiver, signal and remedy, and points at the caller."""

    def local(sender: object) -> None: ...

    with pytest.warns(ReceiverLifetimeWarning, match="local.*'placed'.*app=") as seen:
        placed.connect()(local) if is_decorator else placed.connect(local)

    assert seen[0].filename == __file__


def test_a_local_partial_warns_too(placed: Signal[...]) -> None:
    """The function behind a partial tells where it was made."""
    with pytest.warns(ReceiverLifetimeWarning, match="<lambda>"):
        placed.connect(functools.partial(lambda sender, x: None, x=1))


def test_connected_twice_is_one_entry(placed: Signal[...]) -> None:
    """The last options win; the place among equals stays."""
    placed.connect(audit)
    placed.connect(Shop().hear)
    placed.connect(audit)
    assert heard(placed) == ["audit", "shop"]

    placed.connect(audit, order=1)
    assert heard(placed) == ["shop", "audit"]


def test_weak_is_honoured_when_asked_for(placed: Signal[...]) -> None:
    """The default of blinker stays available, and can be made to last."""
    shop = Shop()
    placed.connect(shop.hear, weak=True)
    assert heard(placed) == ["shop"]

    placed.connect(shop.hear)
    del shop
    gc.collect()
    assert heard(placed) == ["shop"]

    placed.connect(gone := Shop().hear, weak=True)
    del gone
    assert heard(placed) == ["shop"]


def test_order_decides_then_connection(app: Flask, placed: Signal[...]) -> None:
    """Lower orders come first, equals as they were connected."""
    for name, order in [("c", 1), ("a", -1), ("d", 1), ("b", 0)]:
        placed.connect(lambda sender, name=name: name, app=app, order=order)

    assert heard(placed) == ["a", "b", "c", "d"]


def test_a_sender_filters(app: Flask, placed: Signal[...]) -> None:
    """Objects are told apart by identity, strings by value, methods by object."""
    shop, other = Shop(), Shop()
    placed.connect(lambda sender: "this", sender=shop, app=app)
    placed.connect(lambda sender: "text", sender="web", app=app)
    placed.connect(lambda sender: "method", sender=shop.hear, app=app)
    placed.connect(lambda sender: "any", app=app, order=1)

    assert heard(placed, shop) == ["this", "any"]
    assert heard(placed, other) == ["any"]
    assert heard(placed, "WEB".lower()) == ["text", "any"]
    assert heard(placed, shop.hear) == ["method", "any"]
    assert heard(placed, other.hear) == ["any"]


def test_senders_add_up(placed: Signal[...]) -> None:
    """As in blinker, and a receiver is called once a sending."""
    placed.connect(audit, sender="a")
    placed.connect(audit, sender="b")
    assert [heard(placed, name) for name in "abc"] == [["audit"], ["audit"], []]

    placed.disconnect(audit, sender="a")
    assert [heard(placed, name) for name in "abc"] == [[], ["audit"], []]

    placed.disconnect(audit, sender="b")
    assert not placed.receivers


@pytest.mark.parametrize(
    ("sender", "problem"),
    [
        pytest.param(0, "not 0: blinker compares numbers", id="zero"),
        pytest.param(True, "not True", id="bool"),
        pytest.param([], "a list cannot be a sender", id="list"),
        pytest.param({}, "a dict cannot be a sender", id="dict"),
        pytest.param(None, "a NoneType cannot be a sender", id="none"),
    ],
)
def test_a_sender_that_cannot_be_told_apart_is_refused(
    placed: Signal[...], sender: object, problem: str
) -> None:
    """Nothing is registered."""
    with pytest.raises(TypeError, match=re.escape(problem)):
        placed.connect(audit, sender=sender)

    assert not placed.receivers


def test_proxies_are_unwrapped(app: Flask, placed: Signal[...]) -> None:
    """current_app as sender, owner and in send() means the application."""
    with app.app_context():
        placed.connect(lambda sender: sender, sender=current_app, app=current_app)
        assert heard(placed, current_app) == [app]
        assert placed.has_receivers_for(current_app)
        assert heard(placed) == [app]
        placed.connect(audit, sender=current_app)
        placed.disconnect(audit, sender=current_app)
        assert heard(placed) == [app]

    assert heard(placed) == []


def test_disconnect_frees_the_receiver(app: Flask, placed: Signal[...]) -> None:
    """The app lets it go too."""
    shop = Shop()
    placed.connect(shop.hear, app=app)
    placed.disconnect(shop.hear)
    placed.disconnect(shop.hear)
    gone = weakref.ref(shop)

    del shop
    assert gone() is None


def test_a_dead_sender_takes_its_receivers_along(placed: Signal[...]) -> None:
    """Who can never be called again is not kept."""
    shop = Shop()
    placed.connect(audit, sender=shop)
    del shop

    assert not placed.receivers


def test_nothing_is_pruned_while_the_interpreter_ends(
    placed: Signal[...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Module names may be gone by then."""
    shop = Shop()
    placed.connect(audit, sender=shop)
    monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    del shop

    assert placed.receivers
    assert not placed.has_receivers_for(Shop())


def test_a_blinker_user_feels_at_home(placed: Signal[...]) -> None:
    """connect_via, positional weak, receivers_for, muted and the meta signals."""
    plain: blinker.Signal = placed
    seen: list[t.Any] = []

    def note(signal: object, **fields: object) -> None:
        seen.append(fields.get("weak"))

    plain.receiver_connected.connect(note)
    plain.receiver_disconnected.connect(note)
    plain.connect_via("web")(audit)
    plain.connect(Shop.hear, "web", False)

    assert list(plain.receivers_for("web")) == [audit, Shop.hear]
    assert plain.has_receivers_for("web")
    assert not plain.has_receivers_for("shell")

    with plain.muted():
        assert plain.send("web", number=1) == []

    plain.disconnect(audit)
    assert seen == [False, False, None]


def test_a_receiver_that_died_is_skipped(
    placed: Signal[...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also before the signal has noticed."""
    monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    shop = Shop()
    placed.connect(shop.hear, weak=True)
    del shop

    assert list(placed.receivers_for("web")) == []
    assert placed.connected() == []
    assert heard(placed) == []
    assert placed.send_robust("web", number=1) == ()


# Python 3.12 warns of what is tested here.
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_does_not_inherit_a_held_lock(placed: Signal[...]) -> None:
    """A thread may be connecting while another one forks."""
    held, go = threading.Event(), threading.Event()

    def hold() -> None:
        with placed._lock:
            held.set()
            go.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    child = os.fork()

    if child == 0:  # pragma: no cover  # runs in another process
        os._exit(0 if placed._lock.acquire(timeout=5) else 1)

    _, status = os.waitpid(child, 0)
    go.set()
    thread.join()

    assert os.waitstatus_to_exitcode(status) == 0


def test_renewed_locks_are_free(placed: Signal[...]) -> None:
    """What runs in a forked child leaves a signal that can be used."""
    held = placed._lock
    _renew_locks()

    assert placed._lock is not held
    placed.connect(audit)
    assert heard(placed) == ["audit"]
