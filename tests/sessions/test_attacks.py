"""What attackers and races do to sessions (design 5.8, 6.11, 6.12 and 7)."""

from __future__ import annotations

import logging
import pickle
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from flask import Blueprint
from flask import Flask
from flask import request
from flask import session

from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.sessions import CookieSession
from flask_toolkit.sessions import ServerSession
from flask_toolkit.sessions import StoredSession
from flask_toolkit.stores import RedisStore
from flask_toolkit.stores import SQLiteStore

from .conftest import cookie_of
from .conftest import id_of
from .conftest import KEY
from .conftest import rename
from .conftest import Site

if t.TYPE_CHECKING:
    from flask.testing import FlaskClient

    from flask_toolkit.stores import Store

    from .conftest import Clock


class User(t.NamedTuple):
    """Somebody who signs in."""

    id: str


class Shop(Site):
    """A site with a guard."""

    def __init__(self, store: Store, **config: t.Any) -> None:
        super().__init__(store, SECRET_KEY=KEY, **config)
        self.guard: LoginGuard[User] = LoginGuard(self.app)
        self.guard.user_loader(User)
        self._doors()
        for view in self.app.view_functions.values():
            public(view)

        self.app.add_url_rule("/me", "me", lambda: self.guard.user.id)

    def _doors(self) -> None:
        app, guard = self.app, self.guard

        @app.post("/login")
        def login() -> str:
            guard.login(User(request.form["id"]), remember="remember" in request.form)
            return "welcome"

        @app.post("/logout")
        def logout() -> str:
            guard.logout()
            return "bye"

        @app.post("/confirm")
        def confirm() -> str:
            guard.confirm()
            return "confirmed"

    def signed_in(self, id: str = "7") -> FlaskClient:
        """Return a browser of somebody."""
        client = self.app.test_client()
        client.post("/login", data={"id": id})
        self.store.forget()
        return client


@pytest.fixture(name="shop")
def _shop(bare_store: Store) -> Shop:
    """Return a guarded application on each store in turn."""
    return Shop(bare_store)


def copy_of(shop: Site, client: FlaskClient) -> FlaskClient:
    """Return a second browser with the same cookie."""
    other = shop.app.test_client()
    rename(other, id_of(client))
    return other


# ---- fixation and mixing


def test_a_cookie_planted_before_login_stays_anonymous(shop: Shop) -> None:
    """Whoever planted it is not signed in with the victim."""
    attacker = shop.client(cart="trap")
    victim = copy_of(shop, attacker)
    victim.post("/login", data={"id": "7"})

    assert victim.get("/me").text == "7"
    assert id_of(victim) != id_of(attacker)
    assert attacker.get("/me").status_code == 401
    assert "_guard" not in shop.held(attacker)


@pytest.mark.parametrize("planted", ["x" * 43, "attacker-chosen", "", "x" * 4000])
def test_an_id_of_the_attackers_choice_is_never_used(shop: Shop, planted: str) -> None:
    """Only what the server drew is an id."""
    victim = shop.app.test_client()
    rename(victim, planted)
    victim.post("/login", data={"id": "7"})

    assert id_of(victim) != planted
    assert victim.get("/me").text == "7"


def test_a_proof_rotates(shop: Shop) -> None:
    """``confirm`` raises what the session may do, so the id changes."""
    client = shop.signed_in()
    old = copy_of(shop, client)
    client.post("/confirm")

    assert id_of(client) != id_of(old)
    assert client.get("/me").text == "7"
    assert old.get("/me").status_code == 401


def test_nothing_of_one_user_reaches_the_next(shop: Shop) -> None:
    """On the same browser, with and without a sign-out between."""
    client = shop.signed_in("7")
    client.post("/set", json={"secret": "of 7"})
    client.post("/login", data={"id": "8"})
    assert "secret" not in shop.held(client)

    client.post("/set", json={"secret": "of 8"})
    client.post("/logout")
    client.post("/login", data={"id": "9"})
    assert "secret" not in shop.held(client)
    assert [len(shop.sessions_of(id)) for id in "789"] == [0, 0, 1]


def test_many_visitors_side_by_side_keep_apart(shop: Shop) -> None:
    """Eight threads, each with a user of its own, on one application."""
    barrier = threading.Barrier(8)

    def visit(number: int) -> list[tuple[str, list[int]]]:
        client = shop.app.test_client()
        barrier.wait()
        seen: list[tuple[str, list[int]]] = []

        for turn in range(10):
            client.post("/login", data={"id": str(number)})
            client.post("/set", json={"mine": [number, turn]})
            seen.append((client.get("/me").text, shop.held(client)["mine"]))

        return seen

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(visit, range(8))) == [
            [(str(number), [number, turn]) for turn in range(10)] for number in range(8)
        ]


def test_the_guard_tells_the_owner(shop: Shop) -> None:
    """So the sessions of a user can be listed and ended."""
    phone, laptop = shop.signed_in(), shop.signed_in()
    (first, second) = shop.sessions_of("7")
    assert first.handle != second.handle

    with shop.app.app_context():
        assert shop.sessions.delete_for("7") == 2

    assert phone.get("/me").status_code == 401
    assert laptop.get("/me").status_code == 401


def test_two_guards_in_one_browser_both_list_it(shop: Shop) -> None:
    """Whoever signs in second takes nothing from the list of the first."""
    staff = LoginGuard[User](name="staff")
    staff.user_loader(User)
    desk = Blueprint("desk", "desk")
    staff.init_app(desk)
    desk.add_url_rule("/desk", "me", lambda: staff.user.id)
    shop.app.register_blueprint(desk)
    client = shop.signed_in("7")
    shop.run(client, lambda _: staff.login(User("9")))
    assert [len(shop.sessions_of(name)) for name in ("7", "staff:9")] == [1, 1]
    assert (client.get("/me").text, client.get("/desk").text) == ("7", "9")

    client.post("/confirm")
    assert [len(shop.sessions_of(name)) for name in ("7", "staff:9")] == [1, 1]

    with shop.app.app_context():
        assert shop.sessions.delete_for("7") == 1

    assert shop.sessions_of("staff:9") == []
    assert client.get("/desk").status_code == 401


@pytest.mark.parametrize("asks", [True, False], ids=["asked", "unasked"])
def test_after_max_age_nobody_has_the_session(
    bare_store: Store, clock: Clock, asks: bool
) -> None:
    """The list of devices shows no sign-in that has ended, used or not."""
    shop = Shop(bare_store, TOOLKIT_GUARD_MAX_AGE=1000)
    client = shop.signed_in()
    clock.wait(600)
    client.post("/confirm")
    clock.wait(600)
    assert client.get("/me").text == "7"
    assert len(shop.sessions_of("7")) == 1
    key = shop.key_of(client)

    clock.wait(401)
    assert client.get("/me" if asks else "/").status_code == (401 if asks else 200)
    assert shop.sessions_of("7") == []
    assert shop.store.load(key) is None


@pytest.mark.parametrize("why", ["idle", "gone"])
def test_what_the_guard_ended_is_nobodys(
    bare_store: Store, clock: Clock, why: str
) -> None:
    """What else the session holds stays, for the same user to find again."""
    shop = Shop(bare_store, TOOLKIT_GUARD_IDLE_AGE=100)
    client = shop.signed_in()
    client.post("/set", json={"cart": 1})
    old = shop.key_of(client)
    clock.wait(101 if why == "idle" else 1)
    shop.guard.user_loader({"gone": lambda _: None, "idle": User}[why])
    assert client.get("/me").status_code == 401

    assert shop.sessions_of("7") == []
    assert shop.store.load(old) is None
    assert shop.held(client)["cart"] == 1
    shop.guard.user_loader(User)
    client.post("/login", data={"id": "7"})
    assert shop.held(client)["cart"] == 1
    assert len(shop.sessions_of("7")) == 1


# ---- what has ended stays ended


@pytest.mark.parametrize("end", ["/logout", "/clear"])
def test_a_slow_request_does_not_restore_what_was_logged_out(
    shop: Shop, end: str
) -> None:
    """It has read everything before, and writes after."""
    client = shop.signed_in()
    slow, thief = copy_of(shop, client), copy_of(shop, client)

    def overlap(held: StoredSession) -> None:
        held.update({**held, "seen": 1})
        client.post(end)

    response = shop.run(slow, overlap)

    assert "Set-Cookie" not in response.headers
    assert thief.get("/me").status_code == 401
    assert slow.get("/me").status_code == 401


def test_a_farewell_does_not_keep_the_old_session_alive(shop: Shop) -> None:
    """A message after the sign-out goes into a new session."""
    client = shop.signed_in()
    slow = copy_of(shop, client)

    def farewell(held: StoredSession) -> None:
        shop.guard.logout()
        held["message"] = "bye"

    def overlap(held: StoredSession) -> None:
        held["seen"] = held["_guard"]
        shop.run(client, farewell)

    shop.run(slow, overlap)

    assert slow.get("/me").status_code == 401
    assert client.get("/me").status_code == 401
    assert shop.held(client) == {"message": "bye"}


def test_a_slow_login_is_not_undone_by_the_old_cookie(shop: Shop, clock: Clock) -> None:
    """A page that loads beside the login answers later, with the old id."""
    client = shop.client(cart=1)
    beside = copy_of(shop, client)
    client.post("/login", data={"id": "7"})
    clock.wait(1)
    response = beside.post("/flash")

    assert cookie_of(response) == ""
    assert client.get("/me").text == "7"


def test_an_ended_device_stays_out_of_a_confirm(shop: Shop) -> None:
    """Ended from elsewhere while it proves itself: the proof revives nothing."""
    client = shop.signed_in()
    thief = copy_of(shop, client)
    (info,) = shop.sessions_of("7")

    def confirm(held: StoredSession) -> None:
        shop.guard.confirm()
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(end).result()

    def end() -> bool:
        with shop.app.app_context():
            return shop.sessions.end("7", info.handle)

    shop.run(client, confirm)

    assert client.get("/me").status_code == 401
    assert thief.get("/me").status_code == 401
    assert shop.sessions_of("7") == []


@pytest.mark.parametrize("path", ["/confirm", "/login"])
def test_who_signs_out_with_the_old_cookie_is_signed_out(shop: Shop, path: str) -> None:
    """The answer with the new one is under way, or was lost."""
    client = shop.signed_in()
    old = copy_of(shop, client)
    client.post(path, data={"id": "7"})
    old.post("/logout")

    assert client.get("/me").status_code == 401
    assert id_of(old) == ""
    assert shop.sessions_of("7") == []


@pytest.mark.parametrize("ended", ["cookie", "handle"])
def test_a_sign_out_beside_rotations_holds(shop: Shop, ended: str) -> None:
    """Real threads: whatever comes first, nothing of it is alive afterwards."""
    ready = threading.Barrier(4)

    def confirm(client: FlaskClient) -> str:
        ready.wait()
        client.post("/confirm")
        return id_of(client)

    def sign_out(client: FlaskClient, handle: str) -> None:
        ready.wait()

        if ended == "cookie":
            client.post("/logout")
        else:
            with shop.app.app_context():
                assert shop.sessions.end("7", handle)

    for _ in range(12):
        client = shop.signed_in()
        (info,) = shop.sessions_of("7")
        tabs = [copy_of(shop, client) for _ in range(3)]

        with ThreadPoolExecutor(4) as pool:
            ids = pool.map(confirm, tabs)
            pool.submit(sign_out, client, info.handle).result()
            left = {*ids, id_of(client)}

        assert shop.sessions_of("7") == []
        thieves = [shop.app.test_client() for _ in left]

        for thief, id in zip(thieves, left, strict=True):
            rename(thief, id)
            assert thief.get("/me").status_code == 401


# ---- writers side by side


def test_concurrent_writers_lose_nothing(site: Site) -> None:
    """Eight threads load, wait for each other, and save one key each."""
    client = site.client(start=True)
    barrier = threading.Barrier(8)

    def write(held: StoredSession, number: int) -> None:
        assert held["start"]
        held[f"key{number}"] = {"n": [number]}
        # Everybody has loaded before anybody saves.
        barrier.wait()

    def visit(number: int) -> int:
        browser = copy_of(site, client)
        return site.run(browser, lambda held: write(held, number)).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(visit, range(8))) == {200}

    held = site.held(client)
    assert held == {"start": True} | {f"key{n}": {"n": [n]} for n in range(8)}


def test_of_many_rotations_side_by_side_one_session_is_left(site: Site) -> None:
    """However many forms were sent at once."""
    client = site.client(a=1)
    site.run(client, lambda held: setattr(held, "owner", "7"))
    barrier = threading.Barrier(8)

    def rotate(held: StoredSession) -> None:
        held.rotate()
        barrier.wait()

    def visit(_: int) -> str:
        return cookie_of(site.run(copy_of(site, client), rotate))

    with ThreadPoolExecutor(8) as pool:
        sent = list(filter(None, pool.map(visit, range(8))))

    assert len(sent) == 1
    assert len(site.sessions_of("7")) == 1


# ---- planted bytes, and what is told


WENT_OFF: list[str] = []


def _go_off(word: str) -> None:
    WENT_OFF.append(word)


class Bomb:
    """Leaves a trace when it is unpickled."""

    def __reduce__(self) -> tuple[t.Any, ...]:
        return _go_off, ("bang",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_planted_pickle_bytes_are_never_executed(site: Site, protocol: int) -> None:
    """Whoever can write to the store cannot run code in the application."""
    client = site.client(a=1)
    planted = pickle.dumps(Bomb(), protocol=protocol)
    pickle.loads(planted)
    assert WENT_OFF.pop() == "bang"

    for field in ("=a", "meta", "=b"):
        site.store.save(site.key_of(client), {field: planted}, (), 60)
        assert site.held(client) == {}

    assert WENT_OFF == []


def test_the_raw_id_is_neither_in_the_store_nor_in_a_log(
    shop: Shop, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> None:
    """Who reads either cannot take a session over."""
    caplog.set_level(logging.DEBUG)
    client = shop.client(cart=1)
    ids = [id_of(client)]
    client.post("/login", data={"id": "7"})
    ids.append(id_of(client))
    shop.store.save(shop.key_of(client), {"=a": b"{"}, (), 60)
    client.get("/all")
    shop.store.down = frozenset(["all"])
    client.get("/all")

    for id in ids:
        assert id not in caplog.text
        assert id.encode() not in _dump(shop.store.store, request)


def _dump(store: Store, request: pytest.FixtureRequest) -> bytes:
    """Return everything that a store holds, keys and values."""
    if isinstance(store, SQLiteStore):
        folder = store.path.parent
        return b"".join(path.read_bytes() for path in folder.glob("store.db*"))

    if isinstance(store, RedisStore):
        with redis.Redis.from_url(request.getfixturevalue("redis_url")) as client:
            keys = t.cast("list[bytes]", client.keys(f"{store.prefix}*"))
            return b"".join(key + t.cast("bytes", client.dump(key)) for key in keys)

    return repr([vars(store), *map(_fields, vars(store)["_records"].values())]).encode()


def _fields(record: t.Any) -> object:
    return record.fields


def test_a_handle_is_no_cookie(shop: Shop) -> None:
    """What a page of devices shows opens nothing."""
    shop.signed_in()
    (info,) = shop.sessions_of("7")

    for value in (info.handle, info.handle[:43], f"sess:{info.handle}"):
        thief = shop.app.test_client()
        rename(thief, value)
        assert thief.get("/me").status_code == 401


def test_a_cookie_that_flask_signed_is_not_adopted(shop: Shop) -> None:
    """After a change from signed cookies everybody signs in anew."""
    flask = Flask("flask")
    flask.secret_key = KEY
    flask.testing = True
    CookieSession(flask)
    old = flask.test_client()

    with old.session_transaction() as held:
        held["_guard"] = {"u": "7", "t": 1, "s": 1}

    client = shop.app.test_client()
    rename(client, id_of(old))

    assert client.get("/me").status_code == 401
    assert shop.store.asked == []


def test_another_applications_sessions_are_unknown_where_stores_differ(
    shop: Shop,
) -> None:
    """An id means something in its own store only."""
    from flask_toolkit.stores import MemoryStore

    client = shop.signed_in()
    other = Shop(MemoryStore())

    assert copy_of(other, client).get("/me").status_code == 401


# ---- caches, methods, outages


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "GET"])
def test_an_open_page_is_cacheable_with_and_without_a_cookie(
    shop: Shop, method: str
) -> None:
    """Nothing in its answer depends on who asks."""
    client = shop.signed_in()
    response = client.open("/", method=method)

    assert shop.store.asked == []
    assert not {"Vary", "Set-Cookie"} & set(response.headers.keys())


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_guarded_page_tells_caches(shop: Shop, method: str) -> None:
    """It was decided by the cookie."""
    response = shop.signed_in().open("/me", method=method)

    assert response.headers["Vary"] == "Cookie"
    assert shop.store.asked == ["load"]


def test_the_guard_closes_when_the_store_is_down(shop: Shop) -> None:
    """503, for strangers' cookies too; open pages go on."""
    client = shop.signed_in()
    shop.store.down = frozenset(["all"])

    assert client.get("/me").status_code == 503
    assert client.post("/logout").status_code == 503
    assert client.get("/").text == "plain"
    shop.store.down = frozenset()
    assert client.get("/me").text == "7"


def test_a_login_while_the_store_is_down_is_none(shop: Shop) -> None:
    """No cookie, no claim."""
    client = shop.app.test_client()
    shop.store.down = frozenset(["all"])
    response = client.post("/login", data={"id": "7"})

    assert response.status_code == 503
    assert cookie_of(response) == ""


def test_a_real_server_that_dies_and_comes_back(private_redis: t.Any) -> None:
    """Pages without session never notice; sessions answer 503 and recover."""
    store = RedisStore.from_url(private_redis.url, timeout=1)
    site = Site(store)
    client = site.client(a=1)
    private_redis.kill()

    assert client.get("/").status_code == 200
    assert client.get("/read").status_code == 503
    assert client.post("/set", json={"a": 2}).status_code == 503
    private_redis.start()
    assert client.get("/read").status_code == 200
    store.close()


def test_it_never_waits_for_the_store_more_than_it_must(
    redis_url: str, prefix: str
) -> None:
    """A page that ignores, reads and writes the session: 0, 1 and 2 trips."""
    site = Site(RedisStore.from_url(redis_url, prefix=prefix))
    client = site.client(a=1)

    assert _trips(lambda: client.get("/")) == 0
    assert _trips(lambda: client.get("/read")) == 1
    assert _trips(lambda: client.post("/set", json={"a": 2})) == 2
    site.store.close()


def test_a_signed_in_user_waits_as_little(redis_url: str, prefix: str) -> None:
    """The index of owners goes along; a write is still one trip after the load."""
    site = Site(RedisStore.from_url(redis_url, prefix=prefix))
    client = site.client(a=1)
    site.run(client, lambda held: setattr(held, "owner", "7"))

    assert _trips(lambda: client.post("/set", json={"a": 2})) == 2
    assert len(site.sessions_of("7")) == 1
    site.store.close()


def _trips(act: t.Callable[[], object]) -> int:
    """Count how often something is sent to a server."""
    connection: t.Any = redis.connection.AbstractConnection
    usual = connection.send_packed_command
    sent: list[object] = []

    def count(self: object, *args: t.Any, **kwargs: t.Any) -> t.Any:
        sent.append(args)
        return usual(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "send_packed_command", count)
        act()

    return len(sent)


def test_a_stranger_with_random_ids_writes_nothing(site: Site) -> None:
    """Two reads each, and no record."""
    client = site.client()
    rename(client, "A" * 43)
    client.get("/read")

    assert site.store.asked == ["load", "load"]


def test_the_session_is_per_request_under_one_extension() -> None:
    """Nothing of a request stays on the extension."""
    sessions = ServerSession()
    app = Flask("shop")
    sessions.init_app(app)

    with app.test_request_context():
        session["a"] = 1

    with app.test_request_context():
        assert "a" not in session
