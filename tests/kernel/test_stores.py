"""The store protocol, kept by the memory store."""

import math
import os
import threading

import pytest
from flask import Flask
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant
from hypothesis.stateful import rule
from hypothesis.stateful import RuleBasedStateMachine

from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import SetupError
from flask_toolkit.errors import StoreFullError
from flask_toolkit.stores import MemoryStore
from flask_toolkit.stores import open_store
from flask_toolkit.stores import Store
from flask_toolkit.stores import store_for
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


@pytest.fixture(name="store")
def _store(clock: Clock) -> Store:
    return MemoryStore(clock=clock)


def test_values_live_for_their_time(store: Store, clock: Clock) -> None:
    """A value is there until its time to live is over, in the order asked."""
    store.put("a", b"1", 10)
    store.put("b", b"2", 20)

    assert store.get_many(["b", "x", "a"]) == [b"2", None, b"1"]
    clock.now += 10
    assert store.get_many(["a", "b"]) == [None, b"2"]


def test_put_replaces(store: Store) -> None:
    """The last value stays."""
    store.put("a", b"1", 10)
    store.put("a", b"2", 10)

    assert store.get_many(["a"]) == [b"2"]


def test_put_if_absent_keeps_the_first(store: Store, clock: Clock) -> None:
    """The loser is told what is there; an expired entry counts as absent."""
    assert store.put_if_absent("a", b"1", 10) is None
    assert store.put_if_absent("a", b"2", 10) == b"1"
    clock.now += 11
    assert store.put_if_absent("a", b"3", 10) is None


def test_put_if_absent_has_one_winner_among_threads(store: Store) -> None:
    """Eight threads over 200 keys: exactly 200 winners."""
    wins: list[str] = []
    start = threading.Barrier(8)

    def take() -> None:
        start.wait()
        wins.extend(
            f"k{n}" for n in range(200) if store.put_if_absent(f"k{n}", b"", 60) is None
        )

    threads = [threading.Thread(target=take) for _ in range(8)]

    for thread in threads:
        thread.start()

    for thread in threads:
        thread.join()

    assert sorted(wins) == sorted(f"k{n}" for n in range(200))


def test_delete_counts_what_lived(store: Store, clock: Clock) -> None:
    """Expired and unknown keys do not count."""
    store.put("a", b"1", 10)
    store.put("b", b"2", 20)
    store.save("r", {"f": b"1"}, (), 20, create=True)
    clock.now += 15

    assert store.delete("a", "b", "r", "x") == 2
    assert store.get_many(["b"]) == [None]
    assert store.load("r") is None


def test_a_record_is_written_only_as_asked(store: Store) -> None:
    """Without create it must exist, with create it must not."""
    assert store.save("r", {"a": b"1"}, (), 10) is False
    assert store.load("r") is None
    assert store.save("r", {"a": b"1", "b": b"2"}, (), 10, create=True) is True
    assert store.save("r", {"a": b"9"}, (), 10, create=True) is False
    assert store.save("r", {"c": b"3"}, ["b", "x"], 10) is True
    assert store.load("r") == {"a": b"1", "c": b"3"}


def test_a_touch_renews_the_time_to_live(store: Store, clock: Clock) -> None:
    """Saving nothing lets the record live on."""
    store.save("r", {"a": b"1"}, (), 10, create=True)
    clock.now += 9
    store.save("r", {}, (), 10)
    clock.now += 9

    assert store.load("r") == {"a": b"1"}


def test_an_expired_record_lends_nothing(store: Store, clock: Clock) -> None:
    """A new record under an old key has its own fields and owner only."""
    store.save("r", {"a": b"1"}, (), 10, create=True, owner="ada")
    clock.now += 11

    assert store.save("r", {"b": b"2"}, (), 10) is False
    assert store.save("r", {"b": b"2"}, (), 10, create=True) is True
    assert store.load("r") == {"b": b"2"}
    assert store.keys_for("ada") == []


def test_a_loaded_record_is_a_copy(store: Store) -> None:
    """Changing what was loaded changes nothing in the store."""
    store.save("r", {"a": b"1"}, (), 10, create=True)
    loaded = store.load("r")
    assert loaded is not None
    loaded["a"] = b"2"

    assert store.load("r") == {"a": b"1"}


def test_records_belong_to_an_owner(store: Store, clock: Clock) -> None:
    """They are listed and deleted for the owner, but those to keep."""
    for key, ttl in [("r1", 10), ("r2", 20), ("r3", 20)]:
        store.save(key, {}, (), ttl, create=True, owner="ada")

    store.save("r3", {}, (), 20, owner="bob")
    store.save("r2", {}, (), 20, owner="ada")
    clock.now += 15

    assert store.keys_for("ada") == ["r2"]
    assert store.delete_for("ada", keep=["r2"]) == 0
    assert store.delete_for("ada") == 1
    assert store.delete_for("ada") == 0
    assert store.keys_for("bob") == ["r3"]


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


def test_purge_drops_what_expired(store: Store, clock: Clock) -> None:
    """It counts values and records alike."""
    store.put("a", b"1", 10)
    store.put("b", b"1", 30)
    store.save("r", {}, (), 10, create=True, owner="ada")
    clock.now += 20

    assert store.purge() == 2
    assert store.purge() == 0
    assert repr(store) == "<MemoryStore of 1 entries>"


@pytest.mark.parametrize(
    ("key", "value", "ttl", "message"),
    [
        pytest.param("", b"", 1, "printable ASCII", id="empty key"),
        pytest.param("a b", b"", 1, "printable ASCII", id="space"),
        pytest.param("ä", b"", 1, "printable ASCII", id="not ASCII"),
        pytest.param("k" * 513, b"", 1, "printable ASCII", id="long key"),
        pytest.param("k", b"", 0, "above 0 seconds", id="no ttl"),
        pytest.param("k", b"", math.inf, "finite", id="for ever"),
        pytest.param("k", b"", math.nan, "finite", id="nan"),
        pytest.param("k", b"x" * (2**20 + 1), 1, "1 MiB", id="large"),
    ],
)
def test_bounds_hold(
    store: Store, key: str, value: bytes, ttl: float, message: str
) -> None:
    """Every write refuses a bad key, value or time to live."""
    for write in (
        lambda: store.put(key, value, ttl),
        lambda: store.put_if_absent(key, value, ttl),
        lambda: store.save(key, {"f": value}, (), ttl, create=True),
    ):
        with pytest.raises(ValueError, match=message):
            write()


def test_it_answers_and_closes(store: Store) -> None:
    """Memory always answers; closing forgets."""
    store.put("a", b"1", 10)
    store.ping()
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


def test_an_app_opens_its_store_once() -> None:
    """One store per application and address."""
    first, second = Flask("first"), Flask("second")

    assert store_for(first) is store_for(first)
    assert store_for(first) is store_for(first, "memory://")
    assert store_for(first) is not store_for(second)


def test_the_size_of_a_memory_store_is_a_setting() -> None:
    """TOOLKIT_STORE_MAX_ITEMS reaches the store."""
    app = Flask("shop")
    app.config["TOOLKIT_STORE_MAX_ITEMS"] = 1
    store = store_for(app)
    store.put("a", b"1", 10)

    with pytest.raises(StoreFullError):
        store.put("b", b"1", 10)


def test_an_unknown_address_is_refused_without_showing_it() -> None:
    """The message names what there is and no password."""
    app = Flask("shop")
    app.config.update(
        TOOLKIT_STORE_URL="nosql://me:canary@db", TOOLKIT_STORE_MAX_ITEMS=0
    )

    with pytest.raises(ConfigError) as info:
        store_for(app)

    assert {problem.key for problem in info.value.problems} == {
        "TOOLKIT_STORE_URL",
        "TOOLKIT_STORE_MAX_ITEMS",
    }
    with pytest.raises(SetupError, match="memory://") as other:
        open_store("nosql://me:canary@db")

    assert "canary" not in f"{info.value}{other.value}"
