"""Refresh tokens under threads, greenlets and a store that dies in the middle.

No test of time: the clock is ours, the starts are gates, and what must hold does
so in whatever order the steps run.
"""

import json
import secrets
import subprocess
import sys
import threading
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

import pytest
import redis
from flask import Flask
from flask import Response

from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet
from flask_toolkit.jwt import TokenInvalidError
from flask_toolkit.jwt import TokenPair
from flask_toolkit.jwt import TokenRevokedError
from flask_toolkit.jwt import TokenStore
from flask_toolkit.stores import MemoryStore
from flask_toolkit.stores import RedisStore
from flask_toolkit.stores import SQLiteStore

AnyJWT = JWT[t.Any]
R = t.TypeVar("R")
MANY = 50
PATIENCE = 30  # seconds, for a step that never comes


@pytest.fixture(name="switching", autouse=True)
def _switching() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture(
    name="store",
    params=["memory", "sqlite", pytest.param("redis", marks=pytest.mark.redis)],
)
def _store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TokenStore]:
    if request.param == "memory":
        yield MemoryStore()
    elif request.param == "sqlite":
        files = SQLiteStore(tmp_path / "tokens.db", timeout=20)
        yield files
        files.close()
    else:
        url = request.getfixturevalue("redis_url")
        prefix = f"toolkit-test-{secrets.token_hex(8)}:"
        server = RedisStore.from_url(url, prefix=prefix, timeout=20)
        yield server
        server.close()
        _forget(url, prefix)


def _forget(url: str, prefix: str) -> None:
    """Delete what a test left on a server."""
    with redis.Redis.from_url(url) as client:
        for key in client.scan_iter(match=f"{prefix}*"):
            client.delete(key)


class Shop(t.NamedTuple):
    """An application that rotates, and a way to ask it."""

    app: Flask
    jwt: AnyJWT

    def issue(self) -> TokenPair:
        """Return the tokens of a new session of one subject."""
        with self.app.app_context():
            return self.jwt.issue("7")

    def refresh(self, token: str) -> tuple[int, t.Any]:
        """Return status and document of a request that rotates."""
        answer = self.app.test_client().post("/refresh", data={"refresh_token": token})
        return answer.status_code, answer.json

    def status(self, token: str) -> int:
        """Return the status of a request with an access token."""
        headers = {"Authorization": f"Bearer {token}"}
        return self.app.test_client().get("/me", headers=headers).status_code


def _shop(store: TokenStore, clock: t.Any, **settings: object) -> Shop:
    app = Flask("shop")
    app.config.update({f"TOOLKIT_JWT_{name}": settings[name] for name in settings})
    jwt: AnyJWT = JWT(
        app, keys=KeySet(Key.load(bytes(range(32)))), store=store, clock=clock
    )
    app.post("/refresh", endpoint="refresh")(lambda: jwt.rotate().to_dict())
    app.get("/me", endpoint="me")(jwt.required(lambda: jwt.claims.sub))

    @app.post("/logout")
    def logout() -> Response:
        jwt.revoke()
        return Response(status=204)

    return Shop(app, jwt)


def _at_once(calls: Sequence[Callable[[], R]]) -> list[R]:
    """Return what the calls do, all let go in one moment."""
    gate = threading.Barrier(len(calls), timeout=PATIENCE)
    found: list[R] = []

    def run(call: Callable[[], R]) -> None:
        gate.wait()
        found.append(call())

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == len(calls)
    return found


class Ticking:
    """A clock that never says the same time twice."""

    def __init__(self, now: float, step: float) -> None:
        self.now = now
        self._step = step
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """Return a later time than before."""
        with self._lock:
            self.now += self._step
            return self.now


class Crowded:
    """A store whose readers all read before one of them writes."""

    def __init__(self, store: TokenStore, readers: int) -> None:
        self._store = store
        self._gate = threading.Barrier(readers, timeout=PATIENCE)
        self.put = store.put
        self.put_if_absent = store.put_if_absent
        self.is_open = False

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Read, and wait for the others."""
        found = self._store.get_many(keys)

        if not self.is_open:
            self._gate.wait()

        return found


def test_fifty_threads_get_one_successor(store: TokenStore, clock: t.Any) -> None:
    """Within the interval: each is answered, all by the same successor.

    All saw the token unused, each in another second: read, check and write would
    give fifty. (Successors of one second are equal whoever made them.)
    """
    crowded = Crowded(store, MANY)
    shop = _shop(crowded, Ticking(clock.now, 0.2), REUSE_INTERVAL=120)
    token = shop.issue().refresh_token

    answers = _at_once([lambda: shop.refresh(token)] * MANY)

    assert {status for status, _ in answers} == {200}
    assert len({document["refresh_token"] for _, document in answers}) == 1
    assert len({document["access_token"] for _, document in answers}) == MANY
    crowded.is_open = True
    assert shop.refresh(answers[0][1]["refresh_token"])[0] == 200


def test_without_an_interval_one_of_fifty_wins(store: TokenStore, clock: t.Any) -> None:
    """REUSE_INTERVAL = 0: the others are reuse, and the winner's tokens die too."""
    shop = _shop(store, clock, REUSE_INTERVAL=0)
    token = shop.issue().refresh_token

    answers = _at_once([lambda: shop.refresh(token)] * MANY)

    won = [document for status, document in answers if status == 200]
    assert sorted(status for status, _ in answers) == [200] + [401] * (MANY - 1)
    assert shop.refresh(won[0]["refresh_token"])[0] == 401
    assert shop.status(won[0]["access_token"]) == 401


def test_reuse_by_fifty_threads_ends_the_session(
    store: TokenStore, clock: t.Any
) -> None:
    """Outside the interval, beside fifty who use the newest token rightly."""
    shop = _shop(store, clock)
    first = shop.issue()
    _, second = shop.refresh(first.refresh_token)
    clock.now += 11

    answers = _at_once(
        [lambda: shop.refresh(first.refresh_token)] * (MANY // 2)
        + [lambda: shop.refresh(second["refresh_token"])] * (MANY // 2)
    )

    assert {status for status, _ in answers} <= {200, 401}
    assert [status for status, _ in answers].count(401) >= MANY // 2
    living = [document for status, document in answers if status == 200]
    for document in [second, *living]:
        assert shop.refresh(document["refresh_token"])[0] == 401
        assert shop.status(document["access_token"]) == 401


class Gated(MemoryStore):
    """A store in which one kind of step waits until it may go on."""

    def __init__(self, step: str) -> None:
        super().__init__()
        self._step = step
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def put(self, key: str, value: bytes, ttl: float) -> None:
        """Store, perhaps later."""
        self._wait("put")
        super().put(key, value, ttl)

    def put_if_absent(self, key: str, value: bytes, ttl: float) -> bytes | None:
        """Store, perhaps later."""
        self._wait("put_if_absent")
        return super().put_if_absent(key, value, ttl)

    def _wait(self, step: str) -> None:
        if step == self._step:
            self.reached.set()
            assert self.go_on.wait(PATIENCE)


@pytest.mark.parametrize("how", ["revoke", "revoke_subject"])
@pytest.mark.parametrize(
    "late", [pytest.param("put", id="the-end"), pytest.param("put_if_absent", id="use")]
)
def test_a_rotation_and_a_revocation_cross(clock: t.Any, how: str, late: str) -> None:
    """Whichever began first and wrote last, nothing of the session lives (6.4).

    A rotation that ends before the cut-off is written makes tokens younger than
    the cut-off says: only the start of their session tells.
    """
    store = Gated(late)
    shop = _shop(store, clock)
    pair = shop.issue()
    clock.now += 0.001

    def end() -> None:
        with shop.app.app_context():
            if how == "revoke":
                shop.jwt.revoke(pair.access_token)
            else:
                shop.jwt.revoke_subject("7")

    made: list[t.Any] = []

    def rotate() -> None:
        made.append(shop.refresh(pair.refresh_token))

    slow, fast = (end, rotate) if late == "put" else (rotate, end)
    waiting = threading.Thread(target=slow)
    waiting.start()
    assert store.reached.wait(PATIENCE)
    clock.now += 2
    fast()
    store.go_on.set()
    waiting.join()

    ((status, document),) = made
    assert status == 200
    assert shop.status(pair.access_token) == 401
    assert shop.status(document["access_token"]) == 401
    assert shop.refresh(document["refresh_token"])[0] == 401


@pytest.mark.parametrize("how", ["revoke", "revoke_subject"])
def test_no_rotation_escapes_a_revocation(
    store: TokenStore, clock: t.Any, how: str
) -> None:
    """Chains of rotations beside it: of what they made, nothing lives."""
    shop = _shop(store, Ticking(clock.now, 0.02))
    starts = [shop.issue() for _ in range(10)]
    running = threading.Semaphore(0)
    made: list[dict[str, t.Any]] = [pair.to_dict() for pair in starts]

    def chain(pair: TokenPair) -> None:
        status, document = shop.refresh(pair.refresh_token)

        while status == 200:
            made.append(document)
            running.release()
            status, document = shop.refresh(document["refresh_token"])

        assert status == 401

    def end() -> None:
        for _ in range(20):
            running.acquire(timeout=PATIENCE)

        with shop.app.app_context():
            if how == "revoke_subject":
                shop.jwt.revoke_subject("7")
                return

            for pair in starts:
                shop.jwt.revoke(pair.access_token)

    _at_once([lambda pair=pair: chain(pair) for pair in starts] + [end])

    with shop.app.app_context():
        for document in made:
            with pytest.raises(TokenRevokedError):
                shop.jwt.verify(document["access_token"])
            with pytest.raises(TokenRevokedError):
                shop.jwt.rotate(document["refresh_token"])


# ---- Greenlets

GREENLETS = """
from gevent import monkey; monkey.patch_all()
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
import gevent
from flask import Flask
from flask_toolkit.jwt import JWT
from flask_toolkit.stores import open_store

class Yielding:
    "A store that lets others run before and after each step."
    def __init__(self, store):
        self.store = store
    def __getattr__(self, name):
        def call(*args):
            gevent.sleep(0)
            found = getattr(self.store, name)(*args)
            gevent.sleep(0)
            return found
        return call

now = [1_800_000_000.0]
def clock():
    now[0] += 0.2
    return now[0]

app = Flask("shop")
app.secret_key = "a secret key for the tests, long enough"
app.config["TOOLKIT_JWT_REUSE_INTERVAL"] = 120
store = open_store(sys.argv[2], prefix=sys.argv[3], timeout=20)
jwt = JWT(app, store=Yielding(store), clock=clock)
app.post("/refresh")(lambda: jwt.rotate().to_dict())

def refresh(token):
    answer = app.test_client().post("/refresh", data={"refresh_token": token})
    return answer.status_code, answer.json.get("refresh_token")

def at_once(token):
    jobs = [gevent.spawn(refresh, token) for _ in range(50)]
    return [job.get() for job in gevent.joinall(jobs, raise_error=True)]

with app.app_context():
    token = jwt.issue("7").refresh_token
within = at_once(token)
now[0] += 121
after = at_once(token)
newest = refresh(within[0][1])
store.close()
print(json.dumps([within, after, newest]))
"""


@pytest.fixture(
    name="place",
    params=["memory", "sqlite", pytest.param("redis", marks=pytest.mark.redis)],
)
def _place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Return the address of a store, and what stands before its keys."""
    prefix = f"toolkit-test-{secrets.token_hex(8)}:"

    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
        yield url, prefix
        _forget(url, prefix)
    else:
        urls = {"memory": "memory://", "sqlite": f"sqlite:///{tmp_path}/tokens.db"}
        yield urls[request.param], prefix


def test_fifty_greenlets_get_one_successor(place: tuple[str, str]) -> None:
    """The same under gevent, and reuse after the interval ends the session."""
    arguments = [json.dumps(sys.path), *place]
    done = subprocess.run(
        [sys.executable, "-I", "-c", GREENLETS, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    within, after, newest = json.loads(done.stdout)
    assert len(within) == len(after) == MANY
    assert {status for status, _ in within} == {200}
    assert len({token for _, token in within}) == 1
    assert {status for status, _ in after} == {401}
    assert newest[0] == 401


# ---- A Redis that dies


@pytest.mark.redis
def test_a_redis_killed_in_the_middle(private_redis: t.Any, clock: t.Any) -> None:
    """Each answer is the next pair or a 503; every last token still rotates."""
    store = RedisStore.from_url(private_redis.url, timeout=5)
    shop = _shop(store, clock)
    running = threading.Semaphore(0)

    def chain(token: str) -> str:
        status, document = shop.refresh(token)

        while status == 200:
            running.release()
            token = document["refresh_token"]
            status, document = shop.refresh(token)

        assert status == document["status"] == 503
        return token

    def kill() -> str:
        for _ in range(40):
            running.acquire(timeout=PATIENCE)
        private_redis.kill()
        return ""

    starts = [shop.issue().refresh_token for _ in range(8)]
    kept = _at_once([lambda token=token: chain(token) for token in starts] + [kill])
    private_redis.start()

    for token in filter(None, kept):
        assert shop.refresh(token)[0] == 200
    store.close()


@pytest.mark.redis
def test_a_redis_that_is_gone_lets_nobody_in(
    private_redis: t.Any, clock: t.Any
) -> None:
    """503 everywhere, never open and no 401 that would log clients out."""
    store = RedisStore.from_url(private_redis.url, timeout=5)
    shop = _shop(store, clock)
    pair = shop.issue()
    assert shop.status(pair.access_token) == 200
    private_redis.kill()

    headers = {"Authorization": f"Bearer {pair.access_token}"}
    client = shop.app.test_client()
    form = {"refresh_token": pair.refresh_token}
    answers = [
        client.get("/me", headers=headers),
        client.post("/logout", headers=headers),
        client.post("/refresh", data=form),
    ]
    for answer in answers:
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
    # What is no token needs no store to be refused.
    assert shop.status(pair.refresh_token) == 401
    store.close()


@pytest.mark.redis
def test_a_redis_that_hangs_forgets_nothing(private_redis: t.Any, clock: t.Any) -> None:
    """What was ended before stays so, what was not used goes on."""
    store = RedisStore.from_url(private_redis.url, timeout=0.2)
    shop = _shop(store, clock)
    dead, used, living = shop.issue(), shop.issue(), shop.issue()

    headers = {"Authorization": f"Bearer {dead.access_token}"}
    assert shop.app.test_client().post("/logout", headers=headers).status_code == 204
    _, following = shop.refresh(used.refresh_token)
    private_redis.freeze()
    for pair in (dead, used, living):
        assert shop.refresh(pair.refresh_token)[0] == 503
    private_redis.thaw()

    assert shop.status(dead.access_token) == 401
    assert shop.status(living.access_token) == 200
    assert shop.refresh(living.refresh_token)[0] == 200
    # A repeat within the interval is still the same successor.
    _, again = shop.refresh(used.refresh_token)
    assert again["refresh_token"] == following["refresh_token"]
    with shop.app.app_context(), pytest.raises(TokenInvalidError):
        shop.jwt.rotate(dead.refresh_token)
    store.close()
