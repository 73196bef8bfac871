"""From an address to an open store, once an application."""

import gc
import subprocess
import sys
import threading
import typing as t
import weakref
from pathlib import Path

import pytest
from flask import Flask

from flask_toolkit import stores
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import MissingExtraError
from flask_toolkit.errors import SetupError
from flask_toolkit.errors import StoreFullError
from flask_toolkit.stores import MemoryStore
from flask_toolkit.stores import open_store
from flask_toolkit.stores import RedisStore
from flask_toolkit.stores import SQLiteStore
from flask_toolkit.stores import store_for
from tests.services import PrivateRedis


@pytest.fixture(name="app")
def _app(tmp_path: Path) -> Flask:
    return Flask("shop", instance_path=str(tmp_path / "instance"))


def test_an_app_opens_its_store_once() -> None:
    """One store per application and address."""
    first, second = Flask("first"), Flask("second")

    assert store_for(first) is store_for(first)
    assert store_for(first) is store_for(first, "memory://")
    assert store_for(first) is not store_for(second)


def test_threads_see_the_same_store(app: Flask) -> None:
    """Of two that open one at once, all get the same."""
    seen: set[int] = set()
    start = threading.Barrier(4)

    def look() -> None:
        start.wait()
        seen.add(id(store_for(app)))

    threads = [threading.Thread(target=look) for _ in range(4)]

    for thread in threads:
        thread.start()

    for thread in threads:
        thread.join()

    assert seen == {id(store_for(app))}


def test_the_size_of_a_memory_store_is_a_setting(app: Flask) -> None:
    """TOOLKIT_STORE_MAX_ITEMS reaches the store."""
    app.config["TOOLKIT_STORE_MAX_ITEMS"] = 1
    store = store_for(app)
    store.put("a", b"1", 10)

    with pytest.raises(StoreFullError):
        store.put("b", b"1", 10)


def test_a_relative_file_stands_in_the_instance_folder(app: Flask) -> None:
    """The folder is made, for nobody else to read."""
    app.config["TOOLKIT_STORE_URL"] = "sqlite:///store.db"
    store = store_for(app)
    store.put("a", b"1", 10)

    folder = Path(app.instance_path)
    assert isinstance(store, SQLiteStore)
    assert store.path == folder / "store.db"
    assert folder.stat().st_mode & 0o077 == 0
    store.close()


def test_four_slashes_are_an_absolute_path(app: Flask, tmp_path: Path) -> None:
    """The instance folder is not touched then."""
    store = store_for(app, f"sqlite:///{tmp_path}/store.db")

    assert isinstance(store, SQLiteStore)
    assert store.path == tmp_path / "store.db"
    assert not Path(app.instance_path).exists()


def test_without_an_app_a_file_stands_in_the_folder_given(tmp_path: Path) -> None:
    """The current folder, unless another is named."""
    here, there = open_store("sqlite:///a.db"), open_store("sqlite:///a.db", folder="/")

    assert (t.cast("SQLiteStore", here).path) == Path.cwd() / "a.db"
    assert (t.cast("SQLiteStore", there).path) == Path("/a.db")


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("redis://db:6379/1", id="redis"),
        pytest.param("rediss://me:p%40ss@db/0?db=2", id="rediss"),
        pytest.param("unix:///run/redis.sock?db=1", id="unix"),
    ],
)
def test_redis_is_opened_without_a_connection(app: Flask, url: str) -> None:
    """A server that is down does not stop the start."""
    app.config.update(TOOLKIT_STORE_URL=url, TOOLKIT_STORE_PREFIX="shop:")
    store = store_for(app)

    assert isinstance(store, RedisStore)
    assert store.prefix == "shop:"


def test_the_timeout_reaches_redis(app: Flask) -> None:
    """TOOLKIT_STORE_TIMEOUT bounds connecting and answering."""
    app.config.update(TOOLKIT_STORE_URL="redis://db", TOOLKIT_STORE_TIMEOUT=0.5)
    client: t.Any = t.cast("RedisStore", store_for(app))._client
    options = client.connection_pool.connection_kwargs

    assert options["socket_timeout"] == options["socket_connect_timeout"] == 0.5


@pytest.mark.redis
def test_a_store_that_is_down_answers_503(
    app: Flask, private_redis: PrivateRedis
) -> None:
    """A request fails closed, with a hint when to come again, and heals."""
    app.config["TOOLKIT_STORE_URL"] = f"{private_redis.url}?password=canary"

    @app.get("/")
    def count() -> str:
        return str(store_for(app).put_if_absent("a", b"1", 60))

    client = app.test_client()
    private_redis.kill()
    response = client.get("/")

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert response.content_type == "application/problem+json"
    assert "canary" not in response.text


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        pytest.param("nosql://me:canary@db", "redis://, rediss://, unix://", id="new"),
        pytest.param("memory://canary", "no store that is known", id="memory and more"),
        pytest.param("", "no store that is known", id="empty"),
        pytest.param("REDIS://me:canary@db", "no store that is known", id="case"),
        pytest.param("sqlite://canary.db", "no store that is known", id="two slashes"),
        pytest.param("sqlite:///", "must name a file", id="no file"),
        pytest.param("sqlite:///:memory:", "must name a file", id="sqlite's memory"),
        pytest.param("sqlite:///canary/", "must name a file", id="folder"),
        pytest.param(
            "redis://me:can/ary@db", "percent-encoded", id="slash in password"
        ),
        pytest.param("redis://me:can#ary@db", "percent-encoded", id="hash in password"),
        pytest.param("redis://me:12/canary@db", "percent-encoded", id="digits"),
        pytest.param("redis://me:12?canary@db", "percent-encoded", id="question mark"),
        pytest.param("redis://[canary", "percent-encoded", id="half an address"),
        pytest.param("redis://db:0", "percent-encoded", id="port 0"),
    ],
)
def test_a_bad_address_is_refused_without_showing_it(
    app: Flask, url: str, problem: str
) -> None:
    """The message says what would fit and holds no password."""
    app.config["TOOLKIT_STORE_URL"] = url

    with pytest.raises(ConfigError, match=problem) as info:
        store_for(app)

    with pytest.raises(SetupError, match=problem) as other:
        open_store(url)

    assert [found.key for found in info.value.problems] == ["TOOLKIT_STORE_URL"]
    assert "canary" not in f"{info.value}{other.value}"
    assert "can" not in f"{info.value}{other.value}".replace("cannot", "")


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        pytest.param("MAX_ITEMS", 0, "at least 1", id="no room"),
        pytest.param("TIMEOUT", 0, "above 0", id="no time"),
        pytest.param("TIMEOUT", 61, "at most 60", id="too patient"),
        pytest.param("PREFIX", "ä", "printable ASCII", id="prefix"),
        pytest.param("PREFIX", "a\n", "printable ASCII", id="newline"),
    ],
)
def test_a_bad_setting_is_refused(
    app: Flask, key: str, value: object, problem: str
) -> None:
    """The start names the key and what would fit."""
    app.config[f"TOOLKIT_STORE_{key}"] = value

    with pytest.raises(ConfigError, match=problem) as info:
        store_for(app)

    assert [found.key for found in info.value.problems] == [f"TOOLKIT_STORE_{key}"]


def test_nothing_of_an_app_shows_the_address(app: Flask) -> None:
    """Neither the settings nor what the app keeps of its stores."""
    app.config["TOOLKIT_STORE_URL"] = "redis://me:canary@db"
    store_for(app)

    shown = repr(app.extensions["toolkit.settings"]["store"].settings)
    assert "canary" not in shown + repr(app.extensions["toolkit.stores"])


@pytest.mark.parametrize("url", ["memory://", "sqlite:///store.db", "redis://db"])
def test_a_freed_app_takes_its_store_with_it(tmp_path: Path, url: str) -> None:
    """Nothing else holds the store, and no file stays open."""
    app = Flask("freed", instance_path=str(tmp_path))
    store = weakref.ref(store_for(app, url))

    if url != "redis://db":
        store_for(app, url).ping()

    del app
    gc.collect()

    assert store() is None


def test_a_store_is_loaded_when_it_is_used() -> None:
    """The kernel costs neither redis-py nor sqlite3 until somebody asks."""
    code = "import sys, flask_toolkit.stores; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True)

    assert {"redis", "sqlite3"}.isdisjoint(loaded.stdout.split())


def test_redis_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the message says what to install."""
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.delitem(sys.modules, "flask_toolkit.stores.redis", raising=False)

    with pytest.raises(
        MissingExtraError, match=r"pip install 'flask-toolkit\[redis\]'"
    ):
        open_store("redis://me:canary@db")


@pytest.mark.parametrize("name", stores.__all__)
def test_every_public_name_is_there(name: str) -> None:
    """Also those that are loaded late."""
    assert getattr(stores, name).__doc__


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    """The late loading hides no misspelling."""
    with pytest.raises(AttributeError, match="'MemcachedStore'"):
        _ = stores.MemcachedStore


def test_the_default_is_memory(app: Flask) -> None:
    """Without an address nothing is needed."""
    assert isinstance(store_for(app), MemoryStore)
