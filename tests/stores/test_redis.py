"""What only the store on a server does."""

import os
import socket
import threading
import time
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from flask_toolkit.errors import SetupError
from flask_toolkit.errors import StoreUnavailableError
from flask_toolkit.stores import RedisStore
from flask_toolkit.stores import Store
from flask_toolkit.stores._scripts import Call
from tests.services import PrivateRedis

Calls = Callable[[Store], list[Callable[[], object]]]
_SHORT = 0.1
_SOON = 2.0  # far above what is waited, far below waiting without a limit

pytestmark = pytest.mark.redis


@pytest.fixture(name="store")
def _store(private_redis: PrivateRedis) -> Iterator[RedisStore]:
    """Return a store on a server that may be killed."""
    store = RedisStore.from_url(private_redis.url, timeout=_SHORT)
    yield store
    store.close()


@pytest.fixture(name="admin")
def _admin(private_redis: PrivateRedis) -> Iterator[t.Any]:
    with redis.Redis.from_url(private_redis.url) as client:
        yield client


def test_keys_stand_under_the_prefix(store: RedisStore, admin: t.Any) -> None:
    """Two applications share a server if their prefixes differ."""
    other = RedisStore.from_url(_url_of(admin), prefix="other:")
    store.put("a", b"1", 60)
    store.save("r", {}, (), 60, create=True, owner="ada")

    assert other.get_many(["a"]) == [None]
    assert (other.load("r"), other.keys_for("ada")) == (None, [])
    assert all(key.startswith(b"ft:") for key in admin.scan_iter())
    other.close()


def test_everything_ends(store: RedisStore, admin: t.Any) -> None:
    """No key stays for ever, not even the index of an owner."""
    store.put("a", b"1", 60)
    store.put_if_absent("b", b"1", 60)
    store.save("r", {}, (), 60, create=True, owner="ada")
    keys = list(admin.scan_iter())

    assert len(keys) == 4
    assert all(0 < admin.ttl(key) <= 121 for key in keys)


def test_the_server_forgets_by_itself(store: RedisStore) -> None:
    """A time to live is kept by the server's clock."""
    store.put("a", b"1", 0.02)
    deadline = time.monotonic() + 2

    while store.get_many(["a"]) != [None]:
        assert time.monotonic() < deadline

    assert store.put_if_absent("a", b"2", 60) is None


def test_the_index_of_an_owner_drops_what_ended(
    store: RedisStore, admin: t.Any
) -> None:
    """Who signs in every minute for years does not fill the server."""
    store.save("old", {}, (), 60, create=True, owner="ada")
    [index] = admin.scan_iter(match="ft:o:*")
    admin.zadd(index, {"old": 1})
    store.save("new", {}, (), 60, create=True, owner="ada")

    assert admin.zrange(index, 0, -1) == [b"new"]


def test_the_hint_of_a_record_is_never_cut_short(
    store: RedisStore, admin: t.Any
) -> None:
    """A refused write under the same key does not lose the record its owner."""
    store.save("r", {}, (), 1000, create=True, owner="ada")
    [index] = admin.scan_iter(match="ft:o:*")
    ends = admin.zscore(index, "r")
    assert store.save("r", {}, (), 1, create=True, owner="ada") is False

    assert admin.zscore(index, "r") == ends
    assert admin.ttl(index) > 1000


def test_a_repr_shows_no_address() -> None:
    """Nor does a message: addresses hold passwords."""
    store = RedisStore.from_url("redis://me:canary@db", prefix="shop:")

    assert repr(store) == "<RedisStore 'shop:'>"


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("redis://db/0?socket_timeout=canary", id="option of another type"),
        pytest.param("redis://db/0?canary=1", id="unknown option"),
        pytest.param("redis://db/0?protocol=9&password=canary", id="no such protocol"),
    ],
)
def test_a_malformed_address_is_refused_without_showing_it(url: str) -> None:
    """The start fails, not the first request."""
    with pytest.raises(SetupError, match="malformed") as info:
        RedisStore.from_url(url)

    assert "canary" not in str(info.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"decode_responses": True}, "keeps bytes", id="text"),
        pytest.param({"retry": Retry(NoBackoff(), 1)}, "repeats", id="retry"),
        pytest.param(
            {"retry": None, "retry_on_error": [redis.ConnectionError]},
            "repeats",
            id="retry on error",
        ),
    ],
)
def test_a_client_that_does_not_fit_is_refused(
    options: dict[str, t.Any], message: str
) -> None:
    """A repeated conditional write would read as reuse."""
    given: dict[str, t.Any] = {"retry": Retry(NoBackoff(), 0), **options}

    with pytest.raises(SetupError, match=message):
        RedisStore(redis.Redis(**given))


def test_a_client_of_ones_own_serves(admin: t.Any) -> None:
    """A client brings its pool, its TLS and its credentials."""
    client = redis.Redis.from_url(_url_of(admin), retry=Retry(NoBackoff(), 0))
    store = RedisStore(client, "shop:")
    store.put("a", b"1", 60)

    assert admin.get("shop:v:a") == b"1"
    store.close()


def test_a_killed_server_is_an_outage_and_heals(
    store: RedisStore, private_redis: PrivateRedis, calls: Calls
) -> None:
    """Every call fails in bounded time; the store goes on when the server does."""
    store.put("a", b"1", 60)
    private_redis.kill()

    for call in calls(store):
        assert _seconds_to_fail(call) < _SOON

    private_redis.start()
    assert store.put_if_absent("a", b"2", 60) is None
    assert store.get_many(["a"]) == [b"2"]


def test_a_frozen_server_is_an_outage_and_heals(
    store: RedisStore, private_redis: PrivateRedis, calls: Calls
) -> None:
    """A late answer to one question is not taken for the answer to another."""
    store.put("a", b"1", 60)
    store.put("b", b"2", 60)
    private_redis.freeze()

    for call in calls(store):
        assert _seconds_to_fail(call) < _SOON

    private_redis.thaw()
    assert store.get_many(["b"]) == [b"2"]


def test_a_read_is_repeated_once_over_a_new_connection(
    store: RedisStore, admin: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that died unseen costs no request; a write is not repeated."""
    store.put("a", b"1", 60)
    kind: t.Any = redis.UnixDomainSocketConnection
    sent = kind.send_packed_command
    broken: list[object] = []

    def send(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        if not broken:
            broken.append(self)
            self.disconnect()
            raise redis.ConnectionError("the connection is gone")

        return sent(self, *args, **kwargs)

    monkeypatch.setattr(kind, "send_packed_command", send)
    assert store.get_many(["a"]) == [b"1"]
    broken.clear()

    with pytest.raises(StoreUnavailableError):
        store.put_if_absent("b", b"1", 60)

    assert admin.exists("ft:v:b") == 0


def test_a_read_only_server_refuses_writes_and_heals(
    store: RedisStore, admin: t.Any
) -> None:
    """A replica after a failover answers reads; writes are an outage."""
    store.put("a", b"1", 60)
    admin.execute_command("REPLICAOF", "127.0.0.1", "1")

    assert store.get_many(["a"]) == [b"1"]
    with pytest.raises(StoreUnavailableError):
        store.put("a", b"2", 60)
    with pytest.raises(StoreUnavailableError):
        store.save("r", {}, (), 60, create=True, owner="ada")

    admin.execute_command("REPLICAOF", "NO", "ONE")
    store.put("a", b"2", 60)
    assert store.get_many(["a"]) == [b"2"]


def test_a_full_server_keeps_what_it_has(store: RedisStore, admin: t.Any) -> None:
    """With noeviction a write is refused and nothing is pushed out."""
    store.put("denied", b"1", 60)
    admin.config_set("maxmemory", "1")

    with pytest.raises(StoreUnavailableError):
        store.put("b", b"1", 60)

    assert store.get_many(["denied"]) == [b"1"]
    admin.config_set("maxmemory", "0")
    store.put("b", b"1", 60)


def test_the_server_tells_what_it_does_when_it_is_full(
    store: RedisStore, admin: t.Any
) -> None:
    """As the operator set it, for the check ``store.eviction``."""
    assert store.eviction_policy() == "noeviction"

    admin.config_set("maxmemory-policy", "allkeys-lru")
    assert store.eviction_policy() == "allkeys-lru"


def test_a_server_that_may_not_be_asked_tells_nothing(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some services hide it; that is no outage."""
    monkeypatch.setattr(store, "_read", lambda *_: [None])

    assert store.eviction_policy() == ""


def test_a_password_that_is_wrong_is_an_outage(
    admin: t.Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the error nor the log says what was tried."""
    admin.config_set("requirepass", "right")
    url = _url_of(admin) + "?password=canary"
    store = RedisStore.from_url(url)

    with pytest.raises(StoreUnavailableError) as info:
        store.ping()

    assert "canary" not in f"{info.value!r}{info.value}{caplog.text}"
    assert "<RedisStore 'ft:'> does not answer: AuthenticationError" in caplog.text


def test_a_key_of_something_else_is_an_outage(store: RedisStore, admin: t.Any) -> None:
    """A string where a record should be is not read as one."""
    admin.set("ft:r:r", "text")

    with pytest.raises(StoreUnavailableError):
        store.load("r")


@pytest.mark.parametrize(
    "noise",
    [
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", id="http"),
        pytest.param(b"+garbage\r\n", id="text"),
        pytest.param(b":7\r\n", id="number"),
        pytest.param(b":x\r\n", id="bad number"),
        pytest.param(b"*1\r\n:7\r\n", id="list"),
        pytest.param(b"$9999999999\r\nx", id="long"),
        pytest.param(b"*-7\r\n", id="bad length"),
        pytest.param(b"-ERR canary\r\n", id="error"),
        pytest.param(b"\x00\xff\r\n", id="bytes"),
        pytest.param(b"\r\n", id="empty line"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_a_server_that_speaks_garbage_is_an_outage(noise: bytes, calls: Calls) -> None:
    """Whatever comes back, it is never taken for a value or a success."""
    with _noisy(noise) as port:
        store = RedisStore.from_url(f"redis://127.0.0.1:{port}", timeout=_SHORT)

        for call in calls(store):
            assert _seconds_to_fail(call) < _SOON

        store.close()


def test_a_forked_child_connects_anew(store: RedisStore) -> None:
    """Parent and child never read each other's answers."""
    store.put("a", b"1", 60)
    child = os.fork()

    if child == 0:  # pragma: no cover  # runs in another process
        fits = all(store.get_many(["a"]) == [b"1"] for _ in range(50))
        os._exit(0 if fits else 1)

    assert all(store.get_many(["a", "x"]) == [b"1", None] for _ in range(50))
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def _url_of(client: t.Any) -> str:
    path = client.connection_pool.connection_kwargs["path"]
    return f"unix://{path}"


def _seconds_to_fail(call: Callable[[], object]) -> float:
    start = time.monotonic()

    with pytest.raises(StoreUnavailableError):
        call()

    return time.monotonic() - start


@contextmanager
def _noisy(noise: bytes) -> t.Iterator[int]:
    """Serve a port that answers everything with ``noise``."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        over = threading.Event()
        thread = threading.Thread(target=_serve_noise, args=(server, noise, over))
        thread.start()
        yield server.getsockname()[1]
        over.set()
        thread.join()


def _serve_noise(server: socket.socket, noise: bytes, over: threading.Event) -> None:
    open_ones: list[socket.socket] = []

    while not over.is_set():
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue

        open_ones.append(connection)
        # The greeting of a client, its commands, and some to spare.
        connection.sendall(noise * 50)

    for connection in open_ones:
        connection.close()


def test_a_record_that_moves_meanwhile_is_deleted_too(store: RedisStore) -> None:
    """A session gets a new id between the look into the index and the deletion."""
    store.save("old", {}, (), 60, create=True, owner="ada")
    store.save("kept", {}, (), 60, create=True, owner="ada")
    hints, moves = store._hints, ["new"]

    def hints_then_move(belongs: bytes) -> list[str]:
        found = hints(belongs)

        if moves:
            store.save(moves.pop(), {}, (), 60, create=True, owner="ada")
            store.delete("old")

        return found

    store._hints = hints_then_move  # type: ignore[method-assign]
    store.delete_for("ada", keep=["kept"])
    assert store.keys_for("ada") == ["kept"]


def test_a_record_that_moves_between_two_deletions_is_deleted_too(
    store: RedisStore, private_redis: PrivateRedis
) -> None:
    """A server may serve others between the commands that came in one trip."""
    other = RedisStore.from_url(private_redis.url)
    store.save("old", {}, (), 60, create=True, owner="ada")
    # Its hint comes first: in the index, and not there yet.
    assert not other.save("new", {}, (), 60, owner="ada")
    run, moves = store._run, ["new"]

    def run_apart(*calls: Call) -> list[t.Any]:
        first = run(calls[0])

        for key in moves:
            other.save(key, {}, (), 60, create=True, owner="ada")
            other.delete("old")

        moves.clear()
        return first + run(*calls[1:])

    store._run = run_apart  # type: ignore[method-assign]
    assert store.delete_for("ada") == 1
    assert store.keys_for("ada") == []
    other.close()
