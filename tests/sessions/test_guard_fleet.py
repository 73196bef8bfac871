"""Guard and sessions where it hurts: workers, greenlets, a server that dies."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask import render_template_string
from flask import session

from flask_toolkit.guard import authenticated
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.sessions import ServerSession

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services import PrivateRedis

PATIENCE = 20.0
PROGRAM = """\
import os
from flask import Flask, request, session
from flask_toolkit.guard import LoginGuard, public
from flask_toolkit.sessions import ServerSession

app = Flask("fleet", static_folder=None)
app.secret_key = "k" * 32
app.config.update(
    TOOLKIT_STORE_URL=os.environ["FLEET_URL"],
    TOOLKIT_STORE_PREFIX=os.environ["FLEET_PREFIX"],
    TOOLKIT_STORE_TIMEOUT=5,
)
sessions = ServerSession(app)
guard = LoginGuard(app)
guard.user_loader(str)
guard.id_of(str)
wait = lambda: None

@app.post("/login/<id>")
@public
def sign_in(id):
    guard.login(id)
    return "in"

@app.post("/logout")
def sign_out():
    guard.logout()
    return "out"

@app.post("/put/<key>")
def put(key):
    session[key] = 1
    wait()
    return "put"

@app.get("/me")
def me():
    keys = sorted(key for key in session if key[0] != "_")
    return {"user": guard.user, "pid": os.getpid(), "keys": keys}

@app.get("/open")
@public
def open_page():
    return "open"
"""
PRELOADED = f"""{PROGRAM}
# What is connected before the fork must not be shared after it.
client = app.test_client()
assert client.post("/login/1").text == "in"
assert client.get("/me").json["user"] == "1"
"""
GREENLETS = f"""\
from gevent import monkey; monkey.patch_all()
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
import gevent
from gevent.event import Event
{PROGRAM}
MANY = 50
client = app.test_client()
client.post("/login/7")
cookie = client.get_cookie("session").value
loaded, here = Event(), []

def wait():
    # Everybody has loaded before anybody saves.
    here.append(1)
    if len(here) == MANY:
        loaded.set()
    assert loaded.wait(20)

def at_once(path):
    tab = app.test_client()
    tab.set_cookie("session", cookie)
    return tab.post(path).status_code

jobs = [gevent.spawn(at_once, f"/put/k{{n:02}}") for n in range(MANY)]
statuses = [job.get() for job in gevent.joinall(jobs, raise_error=True)]
keys = client.get("/me").json["keys"]

here.clear(); loaded.clear()
jobs = [gevent.spawn(at_once, f"/put/k{{n:02}}") for n in range(MANY - 1)]
gevent.sleep(0)
while len(here) < MANY - 1:
    gevent.sleep(0)
client.post("/logout")
wait()
gevent.joinall(jobs, raise_error=True)
tab = app.test_client()
tab.set_cookie("session", cookie)
print(json.dumps([statuses, keys, tab.get("/me").status_code]))
"""


def environment(url: str, prefix: str = "ft:") -> dict[str, str]:
    """Return what the program reads."""
    return {
        **os.environ,
        "FLEET_URL": url,
        "FLEET_PREFIX": prefix,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }


class Answer(t.NamedTuple):
    """What a server said."""

    status: int
    body: str
    cookie: str


class Fleet:
    """Two processes behind one socket."""

    def __init__(self, folder: Path, url: str) -> None:
        self.socket = f"{folder}/s"
        self.log = folder / "log"
        (folder / "fleet.py").write_text(PRELOADED)
        options = ["--preload", "--workers", "2", "--bind", f"unix:{self.socket}"]
        options += ["--graceful-timeout", "1", "--no-control-socket"]

        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", *options, "fleet:app"],
                cwd=folder,
                env=environment(url),
                stdout=log,
                stderr=log,
            )

    def wait(self) -> None:
        """Return once it answers."""
        deadline = time.monotonic() + PATIENCE

        while True:
            try:
                self.ask("GET", "/open")
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.02)
            else:
                return

    def ask(self, method: str, path: str, cookie: str = "") -> Answer:
        """Send a request over a connection of its own."""
        connection = http.client.HTTPConnection("localhost", timeout=PATIENCE)
        connection.sock = socket.socket(socket.AF_UNIX)

        try:
            connection.sock.connect(self.socket)
            connection.request(method, path, headers={"Cookie": cookie})
            answer = connection.getresponse()
            given = answer.headers.get("Set-Cookie", "").partition(";")[0]
            return Answer(answer.status, answer.read().decode(), given)
        finally:
            connection.close()

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(PATIENCE)


@pytest.fixture(name="fleet")
def _fleet(tmp_path: Path, private_redis: PrivateRedis) -> Iterator[Fleet]:
    """Return workers that were forked after the store had been used."""
    fleet = Fleet(tmp_path, private_redis.url)

    try:
        fleet.wait()
        yield fleet
    finally:
        fleet.close()


def test_workers_share_their_sessions_and_outlive_the_store(
    fleet: Fleet, private_redis: PrivateRedis
) -> None:
    """Pre-fork: a sign-in at one counts at all; a dead Redis is a 503, then heals."""
    cookie = fleet.ask("POST", "/login/7").cookie
    pids: set[int] = set()
    deadline = time.monotonic() + PATIENCE

    with ThreadPoolExecutor(8) as pool:
        while len(pids) < 2:
            assert time.monotonic() < deadline
            answers = list(pool.map(lambda _: fleet.ask("GET", "/me", cookie), "x" * 8))
            seen = [json.loads(answer.body) for answer in answers]
            assert {each["user"] for each in seen} == {"7"}
            pids |= {each["pid"] for each in seen}

        puts = [f"/put/k{number:02}" for number in range(16)]
        put = pool.map(fleet.ask, ["POST"] * 16, puts, [cookie] * 16)
        assert [answer.status for answer in put] == [200] * 16
        held = json.loads(fleet.ask("GET", "/me", cookie).body)["keys"]
        assert held == [path.removeprefix("/put/") for path in puts]

        private_redis.kill()
        down = pool.map(fleet.ask, ["GET"] * 8, ["/me", "/open"] * 4, [cookie] * 8)
        assert [answer.status for answer in down] == [503, 200] * 4
        refused = fleet.ask("POST", "/login/7")
        assert (refused.status, refused.cookie) == (503, "")

        private_redis.start()
        again = fleet.ask("POST", "/login/8").cookie
        healed = pool.map(fleet.ask, ["GET"] * 8, ["/me"] * 8, [again, cookie] * 4)
        assert [answer.status for answer in healed] == [200, 401] * 4


def test_greenlets_write_at_once_and_nothing_is_lost(
    redis_url: str, prefix: str
) -> None:
    """Under gevent: fifty writers, then a logout in the middle of forty-nine."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", GREENLETS, json.dumps(sys.path)],
        env=environment(redis_url, prefix),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    statuses, keys, after = json.loads(done.stdout)
    assert statuses == [200] * 50
    assert keys == [f"k{number:02}" for number in range(50)]
    assert after == 401


class House:
    """An application on a Redis of its own."""

    def __init__(self, redis: PrivateRedis) -> None:
        self.redis = redis
        self.app = Flask("house", root_path="/nowhere", static_folder=None)
        self.app.secret_key = "k" * 32
        self.app.config.update(TOOLKIT_STORE_URL=redis.url, TOOLKIT_STORE_TIMEOUT=1)
        self.dies_first = False
        self.app.before_request(self._first)
        self.sessions = ServerSession(self.app)
        self.guard: LoginGuard[str] = LoginGuard(self.app)
        self.guard.user_loader(str)
        self.guard.id_of(str)
        self.reached: list[str] = []
        self._pages()

    def _first(self) -> None:
        if self.dies_first:
            self.redis.kill()

    def _pages(self) -> None:
        app, guard = self.app, self.guard

        @app.post("/in")
        @public
        def sign_in() -> str:
            guard.login("7")
            return "in"

        @app.get("/me")
        def me() -> str:
            self.reached.append("me")
            return "me"

        asked: dict[str, t.Callable[[], object]] = {
            "user": lambda: guard.user,
            "user-or-none": lambda: guard.user_or_none,
            "identity": lambda: guard.identity,
            "allows": lambda: guard.allows(authenticated),
            "check": lambda: guard.check(authenticated),
            "logout": guard.logout,
            "confirm": guard.confirm,
            "login": lambda: guard.login("8"),
            "template": lambda: render_template_string("{{ current_user }}"),
            "template-allows": lambda: render_template_string("{{ allows(rule) }}"),
        }
        for name, ask in asked.items():
            app.add_url_rule(f"/{name}", name, public(self._asking(ask)))

        @app.get("/dies/<way>")
        def dies(way: str) -> str:
            self.redis.kill()

            if way == "writes":
                session["a"] = 1
            elif way == "rotates":
                guard.confirm()
            else:
                guard.logout()

            return "told nobody"

    def _asking(self, ask: t.Callable[[], object]) -> t.Callable[[], str]:
        def page() -> str:
            ask()
            raise NotImplementedError

        return page


@pytest.fixture(name="house")
def _house(private_redis: PrivateRedis) -> House:
    """Return it with the server running."""
    return House(private_redis)


def test_a_store_that_dies_before_the_guard_asks_opens_nothing(house: House) -> None:
    """503 on the guarded page and wherever somebody asks who is there."""
    client = house.app.test_client()
    client.post("/in")
    assert client.get("/me").text == "me"
    house.reached.clear()
    house.dies_first = True
    names = """me user user-or-none identity allows check confirm template
        template-allows"""

    for name in names.split():
        assert (name, client.get(f"/{name}").status_code) == (name, 503)

    assert house.reached == []
    answers = [client.get("/logout"), client.get("/login"), client.post("/in")]
    assert [answer.status_code for answer in answers] == [503] * 3
    assert not any("Set-Cookie" in answer.headers for answer in answers)


@pytest.mark.parametrize("way", ["writes", "rotates", "ends"])
def test_a_store_that_dies_in_a_view_makes_its_answer_a_503(
    house: House, way: str
) -> None:
    """What could not be kept is not told as done, and no cookie says otherwise."""
    client = house.app.test_client()
    client.post("/in")
    answer = client.get(f"/dies/{way}")

    assert answer.status_code == 503
    assert "told nobody" not in answer.text
    assert "Set-Cookie" not in answer.headers
