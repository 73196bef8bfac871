"""An application with sessions in each store, and what counts its commands."""

from __future__ import annotations

import hashlib
import secrets
import time
import typing as t

import pytest
import redis
from flask import flash
from flask import Flask
from flask import get_flashed_messages
from flask import request
from flask import session
from hypothesis import strategies as st
from markupsafe import Markup

from flask_toolkit.errors import StoreUnavailableError
from flask_toolkit.sessions import ServerSession
from flask_toolkit.sessions import SessionInfo
from flask_toolkit.sessions import StoredSession
from flask_toolkit.stores import MemoryStore
from flask_toolkit.stores import RedisStore
from flask_toolkit.stores import SQLiteStore

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from flask_toolkit.stores import Store

KEY = "a-key-for-tests-of-thirty-two-bytes-or-more"

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.uuids()
    | st.text().map(Markup),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.sampled_from([" t", " b"]), inner, max_size=3)
    ),
    max_leaves=8,
)


class Recorded:
    """A store that tells what it was asked, and can be down."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.asked: list[str] = []
        self.down: frozenset[str] = frozenset()
        self.before: dict[str, Callable[[], object]] = {}
        """What happens, once, right before a command."""

    def __getattr__(self, name: str) -> t.Any:
        call = getattr(self.store, name)

        def ask(*args: t.Any, **kwargs: t.Any) -> t.Any:
            self.asked.append(name)
            self.before.pop(name, lambda: None)()

            if name in self.down or "all" in self.down:
                raise StoreUnavailableError

            return call(*args, **kwargs)

        return ask

    def forget(self) -> None:
        """Begin to count anew."""
        self.asked.clear()


class Clock:
    """The time of sessions and stores, which moves when told to."""

    def __init__(self, move_store: Callable[[float], None]) -> None:
        self.now = 1_800_000_000.0
        self.move_store = move_store

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Let time pass, here and in the store."""
        self.now += seconds
        self.move_store(seconds)


class Site:
    """An application under test."""

    def __init__(self, store: Store, **config: t.Any) -> None:
        self.store = Recorded(store)
        self.app = Flask("shop", root_path="/nowhere", static_folder=None)
        self.app.config.update(TESTING=True, **config)
        self.sessions = ServerSession(self.app, store=t.cast("t.Any", self.store))
        _pages(self.app)

    def client(self, **values: t.Any) -> FlaskClient:
        """Return a browser, with a session if values are given."""
        client = self.app.test_client()

        if values:
            client.post("/set", json=values)

        self.store.forget()
        return client

    def held(self, client: FlaskClient) -> dict[str, t.Any]:
        """Return what the session of a browser holds."""
        return t.cast("dict[str, t.Any]", client.get("/all").json)

    def sessions_of(self, owner: str) -> list[SessionInfo]:
        """Return somebody's sessions, asked outside of any request."""
        with self.app.app_context():
            return self.sessions.sessions_of(owner)

    def key_of(self, client: FlaskClient) -> str:
        """Return where the session of a browser is kept."""
        return f"sess:{hashlib.sha256(id_of(client).encode()).hexdigest()}"

    def run(
        self, client: FlaskClient, act: Callable[[StoredSession], object]
    ) -> TestResponse:
        """Do something with the session in a request of its own."""
        name = f"act{secrets.token_hex(8)}"
        rules = self.app.url_map
        rules.add(self.app.url_rule_class(f"/{name}", endpoint=name))
        self.app.view_functions[name] = lambda: (
            act(t.cast("t.Any", session)._get_current_object()),
            "done",
        )[1]
        return client.get(f"/{name}")


def _pages(app: Flask) -> None:
    @app.route("/", methods=["GET", "POST", "PUT"])
    def plain() -> str:
        return "plain"

    @app.get("/all")
    def all_of_it() -> dict[str, t.Any]:
        return dict(session)

    @app.get("/read")
    def read() -> str:
        return str(session.get("a"))

    @app.post("/set")
    def put() -> str:
        session.update(request.get_json())
        return "set"

    @app.post("/clear")
    def clear() -> str:
        session.clear()
        return "cleared"

    @app.post("/rotate")
    def rotate() -> str:
        t.cast("StoredSession", session).rotate()
        return "rotated"

    @app.post("/flash")
    def say() -> str:
        flash("hello", "info")
        return "said"

    @app.get("/flashed")
    def said() -> list[t.Any]:
        return list(get_flashed_messages(with_categories=True))


def cookie_of(response: TestResponse) -> str:
    """Return the cookie that an answer sets, or an empty string."""
    return response.headers.get("Set-Cookie", "")


def id_of(client: FlaskClient, name: str = "session") -> str:
    """Return the id that a browser holds."""
    cookie = client.get_cookie(name)
    return "" if cookie is None else cookie.value


def rename(client: FlaskClient, value: str) -> None:
    """Let a browser send another cookie."""
    client.set_cookie("session", value)


@pytest.fixture(name="prefix")
def _prefix(redis_url: str) -> Iterator[str]:
    """Return a prefix nobody else uses; what is under it is deleted."""
    prefix = f"toolkit-test-{secrets.token_hex(8)}:"
    yield prefix

    with redis.Redis.from_url(redis_url) as client:
        for key in client.scan_iter(match=f"{prefix}*"):
            client.delete(key)


@pytest.fixture(name="bare_store", params=["memory", "sqlite", "redis"])
def _bare_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Return each store in turn; time goes on by the fixture ``clock``."""
    store: Store

    if request.param == "memory":
        store = MemoryStore(clock=lambda: time.time())  # noqa: PLW0108  # the moved one
    elif request.param == "sqlite":
        store = SQLiteStore(tmp_path / "store.db", clock=lambda: time.time())  # noqa: PLW0108  # the moved one
    else:
        url = request.getfixturevalue("redis_url")
        store = RedisStore.from_url(url, prefix=request.getfixturevalue("prefix"))

    yield store
    store.close()


@pytest.fixture(name="clock")
def _clock(bare_store: Store, request: pytest.FixtureRequest) -> Iterator[Clock]:
    """Return a clock; Redis keeps its own time, so its keys lose theirs."""

    def move(seconds: float) -> None:
        if isinstance(bare_store, RedisStore):
            url = request.getfixturevalue("redis_url")

            with redis.Redis.from_url(url) as client:
                for key in set(client.scan_iter(match=f"{bare_store.prefix}*")):
                    left = t.cast("int", client.pttl(key)) - round(seconds * 1000)
                    client.pexpire(key, max(left, 0))

    clock = Clock(move)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.time", clock)
        yield clock


@pytest.fixture(name="site")
def _site(bare_store: Store) -> Site:
    """Return an application on each store in turn."""
    return Site(bare_store)


@pytest.fixture(name="memory_site")
def _memory_site() -> Site:
    """Return an application on one store, where it does not matter which."""
    return Site(MemoryStore())
