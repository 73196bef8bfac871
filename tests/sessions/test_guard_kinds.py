"""The guard over each kind of session: fixation, mixing, what ended, writers."""

from __future__ import annotations

import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask import redirect
from flask import request
from flask import session

from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.sessions import CookieSession
from flask_toolkit.sessions import ServerSession
from flask_toolkit.stores import MemoryStore
from flask_toolkit.stores import RedisStore
from flask_toolkit.stores import SQLiteStore

from .conftest import id_of
from .conftest import KEY
from .conftest import rename

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

    from flask_toolkit.stores import Store

SIGNED = ["flask", "cookie"]
STORED = ["memory", "sqlite", "redis"]
Data = dict[str, t.Any]


class User(t.NamedTuple):
    """Somebody who signs in."""

    id: str
    epoch: str = "1"


class House:
    """An application with two doors: one for guests, one for staff."""

    def __init__(self, kind: str, store: Store | None) -> None:
        self.kind = kind
        self.epochs: dict[str, str] = {}
        self.during: Callable[[], object] = bool
        """What happens while a slow request is under way."""

        self.app = Flask("house", root_path="/nowhere", static_folder=None)
        self.app.config.update(SECRET_KEY=KEY, TESTING=True)
        self.sessions: ServerSession | None = None

        if kind == "cookie":
            CookieSession(self.app)
        elif store is not None:
            self.sessions = ServerSession(self.app, store=store)

        self.guard: LoginGuard[User] = LoginGuard(self.app, login_view="sign_in")
        self.guard.user_loader(self.load)
        self.guard.epoch(lambda user: user.epoch)
        self._doors()
        self._rooms()

    def load(self, id: str) -> User:
        """Find somebody."""
        return User(id, self.epochs.get(id, "1"))

    def _doors(self) -> None:
        app, guard = self.app, self.guard

        @app.route("/login", methods=["GET", "POST"])
        def sign_in() -> t.Any:
            guard.login(self.load(request.form["id"]), remember="r" in request.form)
            return redirect(guard.next_url("/"), 303)

        @app.post("/logout")
        @public
        def sign_out() -> str:
            guard.logout()
            return "bye"

    def _rooms(self) -> None:
        app, guard = self.app, self.guard

        @app.get("/me")
        def me() -> str:
            return guard.user.id

        @app.get("/slow")
        def slow() -> str:
            assert guard.user
            self.during()
            return "slow"

        @app.post("/slow")
        @public
        def slow_writer() -> str:
            session["seen"] = len(session)
            self.during()
            return "slow"

        @app.route("/bag", methods=["GET", "POST"])
        @public
        def bag() -> Data:
            if request.method == "POST":
                session.update(request.form)
                self.during()

            return {key: held for key, held in session.items() if key[0] != "_"}

    def browser(self, user: str | None = None, **form: str) -> FlaskClient:
        """Return a browser, signed in if a user is named."""
        client = self.app.test_client()

        if user is not None:
            client.post("/login", data={"id": user, **form})

        return client

    def copy(self, client: FlaskClient) -> FlaskClient:
        """Return another browser with the same cookie."""
        other = self.app.test_client()
        rename(other, id_of(client))
        return other


def store_of(kind: str, request: pytest.FixtureRequest) -> Store | None:
    """Return the store that a kind of session needs."""
    if kind in SIGNED:
        return None

    if kind == "memory":
        return MemoryStore()

    if kind == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        return SQLiteStore(folder / "house.db")

    url = request.getfixturevalue("redis_url")
    return RedisStore.from_url(url, prefix=request.getfixturevalue("prefix"))


@pytest.fixture(name="house", params=[*SIGNED, *STORED])
def _house(request: pytest.FixtureRequest) -> Iterator[House]:
    """Return a guarded application with each kind of session in turn."""
    store = store_of(request.param, request)
    yield House(request.param, store)

    if store is not None:
        store.close()


# ---- fixation and mixing


@pytest.mark.parametrize(
    "planted",
    [
        pytest.param("own", id="of-the-attacker"),
        pytest.param("A" * 43, id="of-the-right-form"),
        pytest.param("eyJfZ3VhcmQiOiIxLCwsNyJ9.x.y", id="forged"),
        pytest.param("", id="empty"),
    ],
)
def test_a_planted_session_is_worth_nothing(house: House, planted: str) -> None:
    """Whoever plants a cookie stays outside when its bearer signs in (fact 11)."""
    attacker = house.browser()
    attacker.post("/bag", data={"trap": "1"})
    victim = house.app.test_client()
    rename(victim, id_of(attacker) if planted == "own" else planted)
    before = id_of(victim)
    victim.post("/login", data={"id": "7"})

    assert id_of(victim) != before
    assert victim.get("/me").text == "7"
    assert attacker.get("/me").status_code == 401


def test_one_browser_two_users_nothing_mixed(house: House) -> None:
    """What the first had is gone, with and without a sign-out between (fact 4)."""
    client = house.browser("7")
    client.post("/bag", data={"secret": "of 7"})
    client.post("/login", data={"id": "8"})
    assert (client.get("/me").text, client.get("/bag").json) == ("8", {})

    client.post("/bag", data={"secret": "of 8"})
    client.post("/logout")
    assert client.get("/bag").json == {}
    client.post("/login", data={"id": "9"})
    assert (client.get("/me").text, client.get("/bag").json) == ("9", {})


def test_a_visitor_keeps_what_was_there_before_the_sign_in(house: House) -> None:
    """A cart is no secret of somebody else."""
    client = house.browser()
    client.post("/bag", data={"cart": "tea"})
    client.post("/login", data={"id": "7"})

    assert client.get("/bag").json == {"cart": "tea"}


def test_threads_never_see_each_others_user(house: House) -> None:
    """Eight browsers at once sign in, write, read and sign out."""
    barrier = threading.Barrier(8)

    def visit(number: int) -> list[t.Any]:
        client = house.app.test_client()
        seen: list[t.Any] = []
        barrier.wait()

        for _ in range(5):
            client.post("/login", data={"id": str(number)})
            client.post("/bag", data={"mine": str(number)})
            seen += [client.get("/me").text, client.get("/bag").json]
            client.post("/logout")
            seen.append(client.get("/me").status_code)

        return seen

    with ThreadPoolExecutor(8) as pool:
        for number, seen in enumerate(pool.map(visit, range(8))):
            assert seen == [str(number), {"mine": str(number)}, 401] * 5


# ---- what has ended


@pytest.mark.parametrize("remember", [False, True], ids=["browser", "remembered"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("house", STORED, indirect=True)
def test_a_slow_request_beside_a_logout_revives_nothing(
    house: House, method: str, remember: bool
) -> None:
    """It began before, ends after, reads or writes: the session stays dead."""
    form = {"r": "1"} if remember else {}
    client = house.browser("7", **form)
    thief = house.copy(client)
    slow = house.copy(client)
    house.during = _once(lambda: client.post("/logout"))
    answer = slow.open("/slow", method=method)

    assert answer.text == "slow"
    assert "Set-Cookie" not in answer.headers
    assert [one.get("/me").status_code for one in (client, slow, thief)] == [401] * 3


@pytest.mark.parametrize("house", SIGNED, indirect=True)
def test_a_slow_reader_beside_a_logout_sends_no_cookie(house: House) -> None:
    """A signed cookie is not sent again by a request that only reads."""
    client = house.browser("7")
    slow = house.copy(client)
    house.during = _once(lambda: client.post("/logout"))

    assert "Set-Cookie" not in slow.get("/slow").headers
    assert client.get("/me").status_code == 401


@pytest.mark.parametrize("house", SIGNED, indirect=True)
def test_a_remembered_cookie_is_sent_again_unless_flask_is_told_not_to(
    house: House,
) -> None:
    """Flask renews a permanent cookie: a slow reader hands it out once more."""
    client = house.browser("7", r="1")
    assert "Set-Cookie" in client.get("/slow").headers

    house.app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    assert "Set-Cookie" not in client.get("/slow").headers


def test_an_epoch_ends_every_copy(house: House) -> None:
    """Where a copy cannot be revoked, the epoch ends it: log out everywhere."""
    client = house.browser("7", r="1")
    copies = [house.copy(client) for _ in range(3)]
    house.epochs["7"] = "2"

    assert [one.get("/me").status_code for one in (client, *copies)] == [401] * 4
    client.post("/login", data={"id": "7"})
    assert client.get("/me").text == "7"
    assert copies[0].get("/me").status_code == 401


# ---- writers side by side


@pytest.mark.parametrize("house", STORED, indirect=True)
def test_writers_of_a_signed_in_browser_lose_nothing(house: House) -> None:
    """Two tabs and six scripts write at once, all after all have read."""
    client = house.browser("7")
    client.post("/bag", data={f"key{number}": "old" for number in range(8)})
    barrier = threading.Barrier(8)
    house.during = barrier.wait

    def write(number: int) -> int:
        tab = house.copy(client)
        return tab.post("/bag", data={f"key{number}": str(number)}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(write, range(8))) == {200}

    house.during = bool
    assert client.get("/bag").json == {f"key{n}": str(n) for n in range(8)}
    assert client.get("/me").text == "7"


@pytest.mark.parametrize("house", STORED, indirect=True)
def test_of_writers_beside_a_logout_none_survives(house: House) -> None:
    """However the threads interleave, nobody is signed in afterwards."""
    for _ in range(5):
        client = house.browser("7")
        tabs = [house.copy(client) for _ in range(7)]
        barrier = threading.Barrier(8)
        calls: list[Callable[[], object]] = [lambda c=client: c.post("/logout")]  # type: ignore[misc]  # a default binds it
        calls += [lambda c=tab: c.post("/bag", data={"x": "1"}) for tab in tabs]  # type: ignore[misc]  # likewise

        def act(call: Callable[[], object], at: threading.Barrier = barrier) -> object:
            at.wait()
            return call()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(act, calls))

        assert {one.get("/me").status_code for one in (client, *tabs)} == {401}
        assert house.sessions is not None

        with house.app.app_context():
            assert house.sessions.sessions_of("7") == []


def _once(act: Callable[[], object]) -> Callable[[], object]:
    """Return what does something at its first call only."""
    left = [act]
    return lambda: left and left.pop()()
