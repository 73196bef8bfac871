"""Each store with a way to let time pass."""

from __future__ import annotations

import secrets
import typing as t

import pytest
import redis

from flask_toolkit.stores import MemoryStore
from flask_toolkit.stores import RedisStore
from flask_toolkit.stores import SQLiteStore
from flask_toolkit.stores import Store

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from pathlib import Path


class Clock:
    """A clock that moves when told to."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


class Case(t.NamedTuple):
    """A store under test."""

    store: Store
    wait: Callable[[float], None]
    """Let time pass for what is stored."""


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


@pytest.fixture(name="prefix")
def _prefix(redis_url: str) -> Iterator[str]:
    """Return a prefix nobody else uses; what is under it is deleted."""
    prefix = f"toolkit-test-{secrets.token_hex(8)}:"
    yield prefix

    with redis.Redis.from_url(redis_url) as client:
        for key in client.scan_iter(match=f"{prefix}*"):
            client.delete(key)


@pytest.fixture(
    name="case",
    params=["memory", "sqlite", pytest.param("redis", marks=pytest.mark.redis)],
)
def _case(
    request: pytest.FixtureRequest, clock: Clock, tmp_path: Path
) -> Iterator[Case]:
    store: Store

    if request.param == "memory":
        store, wait = MemoryStore(clock=clock), clock.wait
    elif request.param == "sqlite":
        store, wait = SQLiteStore(tmp_path / "store.db", clock=clock), clock.wait
    else:
        url = request.getfixturevalue("redis_url")
        prefix = request.getfixturevalue("prefix")
        store, wait = RedisStore.from_url(url, prefix=prefix), _Passing(url, prefix)

    yield Case(store, wait)
    store.close()


@pytest.fixture(name="store")
def _store(case: Case) -> Store:
    return case.store


@pytest.fixture(name="wait")
def _wait(case: Case) -> Callable[[float], None]:
    return case.wait


@pytest.fixture(name="calls")
def _calls() -> Callable[[Store], list[Callable[[], object]]]:
    """Return every call that a store takes."""

    def calls(store: Store) -> list[Callable[[], object]]:
        return [
            lambda: store.get_many(["a"]),
            lambda: store.put("a", b"", 1),
            lambda: store.put_if_absent("a", b"", 1),
            lambda: store.delete("a"),
            lambda: store.load("a"),
            lambda: store.save("a", {}, (), 1),
            lambda: store.delete_for("a"),
            lambda: store.keys_for("a"),
            store.ping,
        ]

    return calls


class _Passing:
    """Takes from what each key has left to live, so that no test must sleep."""

    def __init__(self, url: str, prefix: str) -> None:
        self.url = url
        self.prefix = prefix

    def __call__(self, seconds: float) -> None:
        with redis.Redis.from_url(self.url) as client:
            # A scan may name a key twice.
            for key in set(client.scan_iter(match=f"{self.prefix}*")):
                left = t.cast("int", client.pttl(key)) - round(seconds * 1000)
                client.pexpire(key, max(left, 0))
