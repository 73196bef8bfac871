"""What every store promises."""

import math
import subprocess
import sys
import threading
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest

from flask_toolkit.stores import Store

Wait = Callable[[float], None]


def test_values_live_for_their_time(store: Store, wait: Wait) -> None:
    """A value is there until its time to live is over, in the order asked."""
    store.put("a", b"1", 10)
    store.put("b", b"2", 20)

    assert store.get_many(["b", "x", "a", "b"]) == [b"2", None, b"1", b"2"]
    wait(10)
    assert store.get_many(["a", "b"]) == [None, b"2"]
    assert store.get_many([]) == []


def test_many_keys_come_in_their_order(store: Store) -> None:
    """More keys than one batch takes are found, too."""
    for number in range(1200):
        store.put(f"k{number}", b"%d" % number, 60)

    keys = [f"k{number}" for number in reversed(range(1200))]
    assert store.get_many(keys) == [b"%d" % n for n in reversed(range(1200))]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"", id="empty"),
        pytest.param(bytes(range(256)), id="every byte"),
        pytest.param(b"x" * 2**20, id="1 MiB"),
    ],
)
def test_values_come_back_as_they_were(store: Store, value: bytes) -> None:
    """A value is bytes, any of them, up to the limit."""
    store.put("a", value, 10)
    store.save("r", {"f": value}, (), 10, create=True)

    assert store.get_many(["a"]) == [value]
    assert store.load("r") == {"f": value}


def test_put_replaces(store: Store, wait: Wait) -> None:
    """The last value stays, for its own time."""
    store.put("a", b"1", 10)
    store.put("a", b"2", 30)
    wait(20)

    assert store.get_many(["a"]) == [b"2"]


def test_a_time_to_live_may_be_a_fraction_or_ages(store: Store, wait: Wait) -> None:
    """What is shorter than the clock's grain and longer than a life both work."""
    store.put("short", b"1", 1e-9)
    store.put("long", b"1", 1e300)
    wait(1)

    assert store.get_many(["short", "long"]) == [None, b"1"]


def test_put_if_absent_keeps_the_first(store: Store, wait: Wait) -> None:
    """The loser is told what is there; an expired entry counts as absent."""
    assert store.put_if_absent("a", b"1", 10) is None
    assert store.put_if_absent("a", b"2", 10) == b"1"
    wait(11)
    assert store.put_if_absent("a", b"3", 10) is None
    assert store.get_many(["a"]) == [b"3"]


def test_put_if_absent_tells_of_an_empty_value(store: Store) -> None:
    """Empty is not absent."""
    store.put("a", b"", 10)

    assert store.put_if_absent("a", b"2", 10) == b""


def test_put_if_absent_has_one_winner_among_threads(store: Store) -> None:
    """Eight threads over 200 keys: exactly 200 winners."""
    wins: list[str] = []
    start = threading.Barrier(8)

    def take() -> None:
        start.wait()
        wins.extend(
            f"k{n}" for n in range(200) if store.put_if_absent(f"k{n}", b"", 60) is None
        )

    _together(take, 8)

    assert sorted(wins) == sorted(f"k{n}" for n in range(200))


def test_a_record_is_created_once_among_threads(store: Store) -> None:
    """Of eight threads that create a record, one does; no write is lost."""
    created: list[bool] = []
    names = iter(range(8))
    start = threading.Barrier(8)

    def write() -> None:
        name = f"f{next(names)}"
        start.wait()
        created.append(store.save("r", {}, (), 60, create=True))
        store.save("r", {name: b"1"}, (), 60)

    _together(write, 8)

    assert created.count(True) == 1
    assert store.load("r") == {f"f{n}": b"1" for n in range(8)}


def test_delete_counts_what_lived(store: Store, wait: Wait) -> None:
    """Expired and unknown keys do not count."""
    store.put("a", b"1", 10)
    store.put("b", b"2", 20)
    store.save("r", {"f": b"1"}, (), 20, create=True)
    wait(15)

    assert store.delete("a", "b", "r", "x") == 2
    assert store.get_many(["b"]) == [None]
    assert store.load("r") is None
    assert store.delete() == 0


def test_a_value_and_a_record_may_share_a_key(store: Store) -> None:
    """They do not see each other; deleting the key deletes both and counts one."""
    store.put("a", b"1", 10)
    assert store.load("a") is None
    assert store.save("a", {"f": b"2"}, (), 10, create=True) is True

    assert store.get_many(["a"]) == [b"1"]
    assert store.load("a") == {"f": b"2"}
    assert store.delete("a") == 1
    assert (store.get_many(["a"]), store.load("a")) == ([None], None)


def test_a_record_is_written_only_as_asked(store: Store) -> None:
    """Without create it must exist, with create it must not."""
    assert store.save("r", {"a": b"1"}, (), 10) is False
    assert store.load("r") is None
    assert store.save("r", {"a": b"1", "b": b"2"}, (), 10, create=True) is True
    assert store.save("r", {"a": b"9"}, (), 10, create=True) is False
    assert store.save("r", {"c": b"3"}, ["b", "x"], 10) is True
    assert store.load("r") == {"a": b"1", "c": b"3"}


def test_a_record_may_have_no_field(store: Store) -> None:
    """It exists all the same, also when its last field is gone."""
    store.save("r", {}, (), 10, create=True)
    assert store.load("r") == {}
    store.save("r", {"a": b"1"}, (), 10)
    store.save("r", {}, ["a"], 10)
    assert store.load("r") == {}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param("o", id="one letter"),
        pytest.param("a b\n", id="white space"),
        pytest.param("naïve", id="not ASCII"),
        pytest.param("\ud800", id="lone surrogate"),
    ],
)
def test_fields_and_owners_have_any_name(store: Store, name: str) -> None:
    """Names of fields and owners come from users and may be any text."""
    store.save("r", {name: b"1"}, (), 10, create=True, owner=name)

    assert store.load("r") == {name: b"1"}
    assert store.keys_for(name) == ["r"]
    assert store.save("r", {}, [name], 10) is True
    assert store.load("r") == {}


def test_a_touch_renews_the_time_to_live(store: Store, wait: Wait) -> None:
    """Saving nothing lets the record live on."""
    store.save("r", {"a": b"1"}, (), 10, create=True)
    wait(9)
    store.save("r", {}, (), 10)
    wait(9)

    assert store.load("r") == {"a": b"1"}


def test_a_touch_keeps_the_owner(store: Store, wait: Wait) -> None:
    """Who the record belongs to is known as long as it lives."""
    store.save("r", {}, (), 10, create=True, owner="ada")
    wait(9)
    store.save("r", {}, (), 1000)
    wait(500)

    assert store.keys_for("ada") == ["r"]


def test_an_expired_record_lends_nothing(store: Store, wait: Wait) -> None:
    """A new record under an old key has its own fields and owner only."""
    store.save("r", {"a": b"1"}, (), 10, create=True, owner="ada")
    wait(11)

    assert store.save("r", {"b": b"2"}, (), 10) is False
    assert store.save("r", {"b": b"2"}, (), 10, create=True) is True
    assert store.load("r") == {"b": b"2"}
    assert store.keys_for("ada") == []
    assert store.delete_for("ada") == 0


def test_a_loaded_record_is_a_copy(store: Store) -> None:
    """Changing what was loaded changes nothing in the store."""
    store.save("r", {"a": b"1"}, (), 10, create=True)
    loaded = store.load("r")
    assert loaded is not None
    loaded["a"] = b"2"

    assert store.load("r") == {"a": b"1"}


def test_records_belong_to_an_owner(store: Store, wait: Wait) -> None:
    """They are listed and deleted for the owner, but those to keep."""
    for key, ttl in [("r1", 10), ("r2", 20), ("r3", 20)]:
        store.save(key, {}, (), ttl, create=True, owner="ada")

    store.save("r3", {}, (), 20, owner="bob")
    store.save("r2", {}, (), 20, owner="ada")
    wait(15)

    assert store.keys_for("ada") == ["r2"]
    assert store.delete_for("ada", keep=["r2"]) == 0
    assert store.delete_for("ada") == 1
    assert store.delete_for("ada") == 0
    assert store.keys_for("bob") == ["r3"]


def test_a_record_may_have_several_owners(store: Store, wait: Wait) -> None:
    """Each of them finds it, ends it for all, and none loses it by a touch."""
    store.save("r1", {}, (), 10, create=True, owner=["ada", "staff:7"])
    store.save("r2", {}, (), 100, create=True, owner={"staff:7"})
    store.save("r3", {}, (), 100, create=True, owner=())
    wait(9)
    store.save("r1", {"a": b"1"}, (), 100)
    wait(50)

    assert store.keys_for("ada") == ["r1"]
    assert store.keys_for("staff:7") == ["r1", "r2"]
    assert store.keys_for("a") == store.keys_for("") == []
    assert store.delete_for("ada") == 1
    assert store.keys_for("staff:7") == ["r2"]
    assert store.delete_for("staff:7") == 1
    assert store.load("r3") == {}


def test_owners_are_replaced_together(store: Store) -> None:
    """Who is not named any more finds nothing; no name is as before."""
    store.save("r", {}, (), 10, create=True, owner=("ada", "bob"))
    store.save("r", {"a": b"1"}, (), 10, owner=("bob", "cyd"))
    store.save("r", {"a": b"2"}, (), 10, owner=())

    assert store.keys_for("ada") == []
    assert store.keys_for("bob") == store.keys_for("cyd") == ["r"]
    assert store.save("r", {}, (), 10, create=True, owner="eve") is False
    assert store.keys_for("eve") == []
    assert store.delete_for("ada") == 0
    assert store.delete_for("cyd") == 1
    assert store.keys_for("bob") == []


@pytest.mark.parametrize("name", ["a\nb", "a\\nb", "\n", "\\", "a\n=b", "=a", "a\\"])
def test_owners_are_told_apart_whatever_is_in_them(store: Store, name: str) -> None:
    """A name that holds what stands between two names is one name."""
    store.save("r1", {}, (), 10, create=True, owner=[name, "c"])
    store.save("r2", {}, (), 10, create=True, owner=["a", "b", "nb", "=b", "c"])

    assert store.keys_for(name) == ["r1"]
    assert store.keys_for("b") == ["r2"]
    assert store.delete_for(name) == 1
    assert store.keys_for("c") == ["r2"]


def test_an_owner_may_have_nothing(store: Store) -> None:
    """There is nothing to list and nothing to delete."""
    assert (store.keys_for("nobody"), store.delete_for("nobody")) == ([], 0)


def test_an_empty_owner_is_an_owner(store: Store) -> None:
    """It is not the same as nobody."""
    store.save("r1", {}, (), 10, create=True)
    store.save("r2", {}, (), 10, create=True, owner="")

    assert store.keys_for("") == ["r2"]
    assert store.delete_for("") == 1
    assert store.load("r1") == {}


def test_purge_drops_no_living_entry(store: Store, wait: Wait) -> None:
    """What lives is there afterwards, and a second purge finds nothing."""
    store.put("a", b"1", 10)
    store.put("b", b"1", 30)
    store.save("r", {}, (), 30, create=True, owner="ada")
    wait(20)
    store.purge()

    assert store.purge() == 0
    assert store.get_many(["a", "b"]) == [None, b"1"]
    assert store.keys_for("ada") == ["r"]


@pytest.mark.parametrize(
    ("key", "value", "ttl", "message"),
    [
        pytest.param("", b"", 1, "printable ASCII", id="empty key"),
        pytest.param("a b", b"", 1, "printable ASCII", id="space"),
        pytest.param("ä", b"", 1, "printable ASCII", id="not ASCII"),
        pytest.param("k" * 513, b"", 1, "printable ASCII", id="long key"),
        pytest.param("k", b"", 0, "above 0 seconds", id="no ttl"),
        pytest.param("k", b"", math.inf, "finite", id="for ever"),
        pytest.param("k", b"", math.nan, "finite", id="nan"),
        pytest.param("k", b"x" * (2**20 + 1), 1, "1 MiB", id="large"),
    ],
)
def test_bounds_hold(
    store: Store, key: str, value: bytes, ttl: float, message: str
) -> None:
    """Every write refuses a bad key, value or time to live."""
    for write in (
        lambda: store.put(key, value, ttl),
        lambda: store.put_if_absent(key, value, ttl),
        lambda: store.save(key, {"f": value}, (), ttl, create=True),
    ):
        with pytest.raises(ValueError, match=message):
            write()


@pytest.mark.parametrize("key", ["", "a b", "\ud800", "k" * 513], ids=ascii)
def test_nothing_is_under_a_key_that_does_not_fit(store: Store, key: str) -> None:
    """Asking for it, or deleting it, finds nothing and breaks nothing."""
    store.put("a", b"1", 10)

    assert store.get_many([key, "a"]) == [None, b"1"]
    assert store.get_many([key]) == [None]
    assert store.load(key) is None
    assert store.delete(key) == 0


def test_it_answers_and_can_be_used_after_close(store: Store) -> None:
    """Closing gives back what is open; the next use opens it again."""
    store.ping()
    store.close()
    store.close()
    store.ping()
    store.put("a", b"1", 10)

    assert store.get_many(["a"]) == [b"1"]


_HAMMER = """
import sys, threading
from flask_toolkit.stores import open_store

store = open_store(sys.argv[1], prefix=sys.argv[2], timeout=20)
threads, keys, won = 50, 25, []
start = threading.Barrier(threads)

def take():
    start.wait()
    won.extend(n for n in range(keys) if store.put_if_absent(f"k{n}", b"", 60) is None)

running = [threading.Thread(target=take) for _ in range(threads)]
store.ping()
print("ready", flush=True)
sys.stdin.readline()
for thread in running: thread.start()
for thread in running: thread.join()
print(*won)
store.close()
"""


@pytest.mark.parametrize(
    "kind", ["sqlite", pytest.param("redis", marks=pytest.mark.redis)]
)
def test_put_if_absent_has_one_winner_among_processes(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Eight processes of 50 threads over 25 keys: 25 winners, and no error."""
    url, prefix = f"sqlite:///{tmp_path}/store.db", "-"

    if kind == "redis":
        url = request.getfixturevalue("redis_url")
        prefix = request.getfixturevalue("prefix")

    command = [sys.executable, "-c", _HAMMER, url, prefix]
    pipes: dict[str, t.Any] = dict.fromkeys(
        ("stdin", "stdout", "stderr"), subprocess.PIPE
    )
    running = [subprocess.Popen(command, text=True, **pipes) for _ in range(8)]

    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()

    said = [process.communicate() for process in running]

    assert {errors for _, errors in said} == {""}
    assert sorted(int(n) for won, _ in said for n in won.split()) == list(range(25))


def _together(work: Callable[[], None], count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]

    for thread in threads:
        thread.start()

    for thread in threads:
        thread.join()
