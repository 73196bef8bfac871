"""What only the store in memory does."""

import os

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant
from hypothesis.stateful import rule
from hypothesis.stateful import RuleBasedStateMachine

from flask_toolkit.errors import StoreFullError
from flask_toolkit.stores import MemoryStore
from flask_toolkit.stores.memory import _renew_locks


class Clock:
    """A clock that moves when told to."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


def test_a_full_store_refuses_and_keeps(clock: Clock) -> None:
    """No living entry is pushed out; expired ones make room."""
    store = MemoryStore(max_items=2, clock=clock)
    store.put("denied", b"1", 100)
    store.put("b", b"1", 10)

    for write in (
        lambda: store.put("c", b"1", 10),
        lambda: store.put_if_absent("c", b"1", 10),
        lambda: store.save("c", {}, (), 10, create=True),
    ):
        with pytest.raises(StoreFullError):
            write()

    store.put("b", b"2", 10)
    assert store.get_many(["denied"]) == [b"1"]
    clock.now += 11
    store.put("c", b"1", 10)
    assert store.get_many(["denied", "c"]) == [b"1", b"1"]


def test_the_last_tenth_is_for_what_ends_something(clock: Clock) -> None:
    """Who fills a store by refreshing keeps nobody from logging out."""
    store = MemoryStore(max_items=20, clock=clock)

    for number in range(18):
        assert store.put_if_absent(f"used{number}", b"1", 100) is None

    for write in (
        lambda: store.put_if_absent("used", b"1", 10),
        lambda: store.save("session", {}, (), 10, create=True),
    ):
        with pytest.raises(StoreFullError):
            write()

    store.put("denied", b"1", 100)
    store.put("cut-off", b"1", 100)
    assert store.get_many(["denied", "cut-off"]) == [b"1", b"1"]
    with pytest.raises(StoreFullError):
        store.put("third", b"1", 100)


def test_purge_drops_what_expired(clock: Clock) -> None:
    """It counts values and records alike."""
    store = MemoryStore(clock=clock)
    store.put("a", b"1", 10)
    store.put("b", b"1", 30)
    store.save("r", {}, (), 10, create=True, owner="ada")
    clock.now += 20

    assert store.purge() == 2
    assert store.purge() == 0
    assert repr(store) == "<MemoryStore of 1 entries>"


def test_closing_forgets() -> None:
    """Memory holds nothing but what is in it."""
    store = MemoryStore()
    store.put("a", b"1", 10)
    store.close()

    assert store.get_many(["a"]) == [None]


def test_a_forked_child_does_not_inherit_a_held_lock() -> None:
    """A child forked while a thread holds the lock can still use its copy."""
    store = MemoryStore()
    store.put("a", b"1", 60)

    with store._lock:
        child = os.fork()

        if child == 0:  # pragma: no cover  # runs in another process
            os._exit(0 if store.get_many(["a"]) == [b"1"] else 1)

        _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0


def test_renewed_locks_are_free() -> None:
    """What runs in a forked child leaves a store that can be used."""
    store = MemoryStore()

    with store._lock:
        _renew_locks()
        store.put("a", b"1", 60)

    assert store.get_many(["a"]) == [b"1"]


class ValuesMachine(RuleBasedStateMachine):
    """The store against a dictionary of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.store = MemoryStore(clock=self.clock)
        self.model: dict[str, tuple[bytes, float]] = {}

    def _there(self, key: str) -> bytes | None:
        value, end = self.model.get(key, (None, 0.0))
        return value if end > self.clock.now else None

    @rule(
        key=st.sampled_from("abc"), value=st.binary(max_size=2), ttl=st.integers(1, 9)
    )
    def put(self, key: str, value: bytes, ttl: int) -> None:
        """Write to both."""
        self.store.put(key, value, ttl)
        self.model[key] = (value, self.clock.now + ttl)

    @rule(
        key=st.sampled_from("abc"), value=st.binary(max_size=2), ttl=st.integers(1, 9)
    )
    def put_if_absent(self, key: str, value: bytes, ttl: int) -> None:
        """Both agree on who was first."""
        there = self._there(key)
        assert self.store.put_if_absent(key, value, ttl) == there
        self.model[key] = (
            (value, self.clock.now + ttl) if there is None else self.model[key]
        )

    @rule(key=st.sampled_from("abc"))
    def delete(self, key: str) -> None:
        """Both agree on whether it lived."""
        assert self.store.delete(key) == (self._there(key) is not None)
        self.model.pop(key, None)

    @rule(step=st.integers(0, 5))
    def wait(self, step: int) -> None:
        """Let time go on, and drop what expired."""
        self.clock.now += step
        self.store.purge()

    @invariant()
    def equal(self) -> None:
        """Both hold the same."""
        assert self.store.get_many("abc") == [self._there(key) for key in "abc"]


TestValues = ValuesMachine.TestCase
TestValues.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
