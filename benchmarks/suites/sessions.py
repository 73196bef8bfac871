"""A page that ignores the session, one that reads it, one that writes it."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import socket
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path
from unittest import mock

from flask import Flask
from flask import request
from flask import session

from benchmarks.keys import SECRET
from benchmarks.model import Case
from benchmarks.model import Contestant
from benchmarks.model import module
from benchmarks.model import Subject
from benchmarks.wsgi import ask
from benchmarks.wsgi import served
from flask_toolkit.sessions import CookieSession
from flask_toolkit.sessions import ServerSession
from flask_toolkit.stores import MemoryStore
from flask_toolkit.stores import SQLiteStore

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping

    from benchmarks.model import Role
    from flask_toolkit.stores import Store

    Attach: t.TypeAlias = Callable[[Flask], object]

__all__ = ["CASES"]

BODY = b"hello"
TOKEN = "9c1185a5c5e9fc54612808977ee8f548"  # noqa: S105  # anything of this size
FORGED = {"Cookie": "session=eyJ1c2VyIjoiNyJ9.aSWq1g.forged"}
PROGRAMS = ("redis-server", "valkey-server")
NEEDS_REDIS = {"redis": "redis"}
NEEDS_PEER = {**NEEDS_REDIS, "flask_session": "flask-session"}
NEEDS_FILES = {"cachelib": "cachelib", "flask_session": "flask-session"}


def site(attach: Attach) -> Flask:
    """Return an application with the three pages."""
    app = Flask("shop")
    app.secret_key = SECRET
    attach(app)

    def login() -> str:
        session["user"] = "7"
        session["csrf_token"] = TOKEN
        session["count"] = 0
        return "welcome"

    def read() -> object:
        return BODY if session.get("user") == "7" else ("", 401)

    def write() -> object:
        session["count"] = session.get("count", 0) + 1
        return read()

    app.add_url_rule("/unused", "unused", lambda: BODY)

    for view in (login, read, write):
        app.add_url_rule(f"/{view.__name__}", view.__name__, t.cast("t.Any", view))

    return app


def nothing(app: Flask) -> None:
    """Leave Flask's own sessions."""


def by_hand(app: Flask) -> None:
    """Keep a record on Redis with two commands: the least there is."""
    import json

    client = module("redis").Redis.from_url(redis_url())
    key = "bench:hand"
    client.set(key, json.dumps({"user": "7", "csrf_token": TOKEN, "count": 0}))

    def load() -> t.Any:
        # Whose record it is, a real one would take from the cookie.
        return json.loads(client.get(key)) if "hand=" in _cookies() else {}

    def read() -> object:
        return BODY if load().get("user") == "7" else ("", 401)

    def write() -> object:
        held = load()
        held["count"] = held.get("count", 0) + 1

        if held.get("user") != "7":
            return "", 401

        client.set(key, json.dumps(held), ex=60)
        return BODY

    app.add_url_rule("/hand/read", "hand_read", t.cast("t.Any", read))
    app.add_url_rule("/hand/write", "hand_write", t.cast("t.Any", write))


def _cookies() -> str:
    return str(request.environ.get("HTTP_COOKIE", ""))


def server(make: Callable[[], Store], app: Flask) -> None:
    """Keep sessions in a store of ours."""
    ServerSession(app, store=make())


def on_redis() -> Store:
    """Return a store on the server of this run."""
    store: Store = module("flask_toolkit.stores").RedisStore.from_url(
        redis_url(), prefix="bench:"
    )
    return store


def on_sqlite() -> Store:
    """Return a store in a file that goes with this run."""
    return SQLiteStore(Path(_folder(), "store.db"))


def peer_redis(app: Flask) -> None:
    """Keep sessions on Redis with Flask-Session."""
    client = module("redis").Redis.from_url(redis_url())
    app.config.update(SESSION_TYPE="redis", SESSION_REDIS=client)
    module("flask_session").Session(app)


def peer_files(app: Flask) -> None:
    """Keep sessions in files with Flask-Session."""
    cache = module("cachelib").FileSystemCache(_folder())
    app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=cache)
    module("flask_session").Session(app)


def _subject(attach: Attach, page: str, *, counts: bool) -> Subject:
    app = site(attach)
    answer = ask(app, "/login")
    sent = [v.partition(";")[0] for k, v in answer.headers if k == "Set-Cookie"]
    headers = {} if page == "/unused" else {"Cookie": "; ".join(sent)}
    refuses = [] if page == "/unused" else [{}, FORGED]

    if attach is by_hand and page != "/unused":
        page, headers, refuses = f"/hand{page}", {"Cookie": "hand=1"}, [{}]

    made = served(app, page, headers, body=BODY, refuses=refuses)
    return made._replace(facts={"trips": _trips(made.run)}) if counts else made


def _trips(run: Callable[[], object]) -> float:
    """Count how often a request waits for Redis."""
    run()
    connection = module("redis.connection").AbstractConnection
    usual = connection.send_packed_command
    sent: list[object] = []

    def count(
        self: t.Any, command: t.Any, check_health: bool = True
    ) -> t.Any:  # redis-py's signature
        sent.append(command)
        return usual(self, command, check_health)

    with mock.patch.object(connection, "send_packed_command", count):
        run()

    return len(sent)


@functools.cache
def redis_url() -> str:
    """Return a Redis: a private one, or the one that a variable or the port has."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)

    if program is None:
        return os.environ.get("TOOLKIT_TEST_REDIS_URL") or "redis://127.0.0.1:6379"

    path = str(Path(_folder(), "redis.sock"))
    command = [program, "--port", "0", "--unixsocket", path, "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603  # found on PATH
    atexit.register(process.wait)
    atexit.register(process.kill)  # runs before the line above
    deadline = time.monotonic() + 10

    while not _answers(path):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{program} does not start")

        time.sleep(0.01)

    return f"unix://{path}"


def _answers(path: str) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)
    except OSError:
        return False

    return True


def _has_redis() -> bool:
    if any(map(shutil.which, PROGRAMS)) or os.environ.get("TOOLKIT_TEST_REDIS_URL"):
        return True

    try:
        socket.create_connection(("127.0.0.1", 6379), timeout=0.2).close()
    except OSError:
        return False

    return True


def _folder() -> str:
    folder = tempfile.mkdtemp(prefix="bench-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


class _Way(t.NamedTuple):
    name: str
    role: Role
    attach: Attach
    needs: Mapping[str, str] = {}
    remote: bool = False


_BARE = _Way("bare Flask", "base", nothing)
_FLASK = _Way("Flask", "peer", nothing)
_COOKIE = _Way("CookieSession", "ours", CookieSession)
_STORES = [
    _Way("ServerSession, memory", "ours", functools.partial(server, MemoryStore)),
    _Way("ServerSession, SQLite", "ours", functools.partial(server, on_sqlite)),
]
_FILES = _Way("Flask-Session, files", "peer", peer_files, NEEDS_FILES)
_HAND = _Way("Redis by hand", "limit", by_hand, NEEDS_REDIS, remote=True)
_REMOTE = [
    _Way("Flask-Session, Redis", "peer", peer_redis, NEEDS_PEER, remote=True),
    _Way(
        "ServerSession, Redis",
        "ours",
        functools.partial(server, on_redis),
        NEEDS_REDIS,
        remote=True,
    ),
]


def _case(name: str, page: str, ways: t.Iterable[_Way]) -> Case:
    there = _has_redis()
    return Case(
        suite="sessions",
        name=name,
        contestants=tuple(
            Contestant(
                name=way.name,
                role=way.role,
                make=functools.partial(
                    _subject,
                    way.attach,
                    "/unused" if way.role == "base" else page,
                    counts=way.remote,
                ),
                needs=way.needs,
            )
            for way in ways
            # Without a server its rows are left out.
            if there or not way.remote
        ),
    )


CASES = [
    _case("unused", "/unused", [_BARE, _COOKIE, *_STORES, _FILES, *_REMOTE]),
    _case("cookie, read", "/read", [_BARE, _FLASK, _COOKIE]),
    _case("cookie, write", "/write", [_BARE, _FLASK, _COOKIE]),
    _case("store, read", "/read", [_BARE, _HAND, _FILES, *_STORES, *_REMOTE]),
    _case("store, write", "/write", [_BARE, _HAND, _FILES, *_STORES, *_REMOTE]),
]
