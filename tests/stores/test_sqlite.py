"""What only the store in a file does."""

import gc
import os
import shutil
import sqlite3
import stat
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from flask_toolkit.errors import SetupError
from flask_toolkit.errors import StoreUnavailableError
from flask_toolkit.stores import _sqlite_file as room
from flask_toolkit.stores import SQLiteStore
from flask_toolkit.stores import Store

Calls = Callable[[Store], list[Callable[[], object]]]
_BUSY = timedelta(seconds=0.05)


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture(name="store")
def _store(path: Path) -> Iterator[SQLiteStore]:
    store = SQLiteStore(path, timeout=_BUSY)
    yield store
    store.close()


@pytest.fixture(name="raw")
def _raw(path: Path) -> Iterator[sqlite3.Connection]:
    """Return a connection that is not the store's."""
    raw = sqlite3.connect(path, isolation_level=None)
    yield raw
    raw.close()


def test_nothing_is_made_before_the_first_use(store: SQLiteStore, path: Path) -> None:
    """A store that nobody uses leaves no file behind."""
    assert repr(store) == "<SQLiteStore 'store.db'>"
    assert not path.exists()


def test_the_file_is_for_its_owner_only(store: SQLiteStore, path: Path) -> None:
    """Neither the file nor what SQLite puts beside it can be read by others."""
    store.put("a", b"1", 10)

    made = sorted(path.parent.iterdir())
    assert [file.name for file in made] == ["store.db", "store.db-shm", "store.db-wal"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in made} == {0o600}


def test_the_file_is_kept_in_wal_mode(
    store: SQLiteStore, raw: sqlite3.Connection
) -> None:
    """Readers do not wait for a writer."""
    store.put("a", b"1", 10)
    assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    raw.execute("BEGIN IMMEDIATE")

    assert store.get_many(["a"]) == [b"1"]


def test_what_was_stored_outlives_the_process(store: SQLiteStore, path: Path) -> None:
    """Another store on the same file finds it."""
    store.put("a", b"1", 60)
    store.save("r", {"f": b"2"}, (), 60, create=True, owner="ada")
    store.close()
    again = SQLiteStore(path)

    assert again.get_many(["a"]) == [b"1"]
    assert again.load("r") == {"f": b"2"}
    assert again.keys_for("ada") == ["r"]
    again.close()


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("CREATE TABLE orders (id)", id="tables"),
        pytest.param("PRAGMA user_version = 7", id="version"),
        pytest.param("PRAGMA application_id = 7", id="application"),
    ],
)
def test_a_database_of_something_else_is_left_alone(
    store: SQLiteStore, raw: sqlite3.Connection, statement: str, path: Path
) -> None:
    """It is refused and not changed, not even its mode."""
    raw.execute(statement)
    before = path.read_bytes()

    with pytest.raises(SetupError, match=r"'store\.db' is a database of something"):
        store.ping()

    assert path.read_bytes() == before


def test_a_newer_version_is_refused(
    store: SQLiteStore, raw: sqlite3.Connection
) -> None:
    """A file of a later release is not read by the rules of this one."""
    store.ping()
    store.close()
    raw.execute("PRAGMA user_version = 3")

    with pytest.raises(SetupError, match="another version of Flask-Toolkit"):
        store.ping()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda p: p.write_bytes(b"garbage" * 1000), id="garbage"),
        pytest.param(lambda p: p.mkdir(), id="folder"),
        pytest.param(lambda p: shutil.rmtree(p.parent), id="no folder"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_outage(
    store: SQLiteStore, path: Path, damage: Callable[[Path], object], calls: Calls
) -> None:
    """Every call says so, with a status a client understands."""
    damage(path)

    for call in calls(store):
        with pytest.raises(StoreUnavailableError):
            call()


def test_a_broken_table_is_an_outage(
    store: SQLiteStore, raw: sqlite3.Connection
) -> None:
    """An error in the middle of a write leaves no lock behind."""
    store.ping()
    raw.execute("DROP TABLE fields")

    with pytest.raises(StoreUnavailableError):
        store.save("r", {"f": b"1"}, (), 10, create=True)

    assert raw.execute("SELECT count(*) FROM records").fetchone() == (0,)
    raw.execute("BEGIN IMMEDIATE")


def test_writes_wait_for_a_lock_in_bounded_time(
    store: SQLiteStore, raw: sqlite3.Connection
) -> None:
    """A lock that another process does not give back is an outage, and heals."""
    store.put("a", b"1", 10)
    raw.execute("BEGIN IMMEDIATE")
    start = time.monotonic()

    with pytest.raises(StoreUnavailableError):
        store.put_if_absent("b", b"1", 10)

    assert time.monotonic() - start < 1
    raw.rollback()
    assert store.put_if_absent("b", b"1", 10) is None


def test_writes_wait_for_a_thread_in_bounded_time(store: SQLiteStore) -> None:
    """A thread that does not come back holds up no other one for ever."""
    with store._connections._lock, pytest.raises(StoreUnavailableError):
        store.put("a", b"1", 10)

    store.put("a", b"1", 10)


def test_writers_of_two_processes_wait_for_each_other(path: Path) -> None:
    """A write that reads first is not thrown out by one that comes between."""
    stores = [SQLiteStore(path, timeout=10) for _ in range(2)]
    stores[0].save("r", {}, (), 60, create=True)
    written: list[bool] = []

    def write(store: SQLiteStore) -> None:
        written.extend(store.save("r", {"f": b"1"}, (), 60) for _ in range(200))

    threads = [threading.Thread(target=write, args=(store,)) for store in stores]

    for thread in threads:
        thread.start()

    for thread in threads:
        thread.join()

    assert written == [True] * 400

    for store in stores:
        store.close()


def test_the_first_use_waits_for_its_turn(path: Path) -> None:
    """While another process holds a new file, the switch to WAL waits."""
    raw = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    raw.execute("BEGIN IMMEDIATE")
    store = SQLiteStore(path, timeout=5)
    timer = threading.Timer(0.03, raw.rollback)
    timer.start()
    store.ping()

    assert not raw.in_transaction
    timer.join()
    raw.close()
    store.close()


def test_the_first_use_does_not_wait_for_ever(
    store: SQLiteStore, raw: sqlite3.Connection
) -> None:
    """If its turn does not come, that is an outage, and heals."""
    raw.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreUnavailableError):
        store.ping()

    raw.rollback()
    store.ping()


def test_tables_made_meanwhile_are_taken(store: SQLiteStore) -> None:
    """Two processes may find the file empty; the second makes nothing."""
    store.put("a", b"1", 10)
    store._connections._make_tables(store._connections.connection().raw)

    assert store.get_many(["a"]) == [b"1"]


def test_tables_are_made_whole_or_not_at_all(
    store: SQLiteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start that fails half-way leaves an empty file, which the next fills."""
    with monkeypatch.context() as patch:
        patch.setattr(room, "_SCHEMA", f"{room._SCHEMA} NONSENSE;")

        with pytest.raises(StoreUnavailableError):
            store.ping()

    store.ping()


def test_purge_goes_in_steps(path: Path) -> None:
    """More rows than one step takes are dropped, values and records alike."""
    now = [1000.0]
    store = SQLiteStore(path, clock=lambda: now[0])

    for number in range(501):
        store.put(f"k{number}", b"", 10)

    store.save("r", {"f": b"1"}, (), 10, create=True)
    store.put("living", b"", 100)
    now[0] += 20

    assert store.purge() == 502
    assert store.purge() == 0
    assert store.get_many(["living"]) == [b""]
    store.close()


def test_each_thread_has_a_connection_that_ends_with_it(store: SQLiteStore) -> None:
    """Threads that come and go leave no open file behind."""
    store.ping()

    for _ in range(3):
        thread = threading.Thread(target=store.ping)
        thread.start()
        thread.join()

    gc.collect()
    assert len(store._connections._all) == 1


def test_a_path_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's own names, such as ``:memory:``, are names of files here."""
    monkeypatch.chdir(tmp_path)
    store = SQLiteStore(":memory:")
    store.ping()
    store.close()

    assert (tmp_path / ":memory:").is_file()


def test_a_forked_child_opens_the_file_anew(store: SQLiteStore) -> None:
    """The connection of the parent is neither used nor closed by the child."""
    store.put("a", b"1", 60)
    parent = store._connections.connection()
    child = os.fork()

    if child == 0:  # pragma: no cover  # runs in another process
        fits = (
            store.get_many(["a"]) == [b"1"]
            and store._connections.connection() is not parent
        )
        store.put("b", b"2", 60)
        os._exit(0 if fits else 1)

    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert store.get_many(["a", "b"]) == [b"1", b"2"]


def test_a_connection_of_another_process_is_kept_open(
    store: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a child does when it lets go the connection it inherited."""
    store.ping()
    held = store._connections.connection()
    raw = held.raw
    del held
    monkeypatch.setattr(os, "getpid", lambda: -1)
    store.ping()
    monkeypatch.undo()

    assert room._left_behind == [raw]
    assert raw.execute("SELECT 1").fetchone() == (1,)
    room._left_behind.clear()
    raw.close()
