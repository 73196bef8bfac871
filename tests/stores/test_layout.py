"""Records as they lie on a Redis server, and the scripts that write them."""

import json
import typing as t
from collections.abc import Iterator

import pytest
import redis
from hypothesis import example
from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st

from flask_toolkit.errors import StoreUnavailableError
from flask_toolkit.stores import RedisStore
from flask_toolkit.stores._layout import taken_apart
from flask_toolkit.stores._scripts import INDEX
from flask_toolkit.stores._scripts import SAVE
from flask_toolkit.stores._scripts import Script
from tests.services import PrivateRedis

pytestmark = pytest.mark.redis

NAMES = st.text(max_size=3) | st.sampled_from(["1", "2", "o", "f", "\ud800", "ä"])
FIELDS = st.dictionaries(NAMES, st.binary(max_size=9), max_size=5)
CHANGES = st.lists(st.tuples(FIELDS, st.lists(NAMES, max_size=3)), max_size=4)


@pytest.fixture(name="store")
def _store(redis_url: str, prefix: str) -> Iterator[RedisStore]:
    store = RedisStore.from_url(redis_url, prefix=prefix)
    yield store
    store.close()


@pytest.fixture(name="private")
def _private(private_redis: PrivateRedis) -> Iterator[RedisStore]:
    store = RedisStore.from_url(private_redis.url)
    yield store
    store.close()


@pytest.fixture(name="admin")
def _admin(private_redis: PrivateRedis) -> Iterator[t.Any]:
    with redis.Redis.from_url(private_redis.url) as client:
        yield client


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(CHANGES)
def test_the_server_merges_as_a_dictionary_does(
    store: RedisStore, changes: list[tuple[dict[str, bytes], list[str]]]
) -> None:
    """Any names and any bytes; what is changed and removed is removed."""
    expected: dict[str, bytes] = {}
    store.delete("r")
    store.save("r", {}, (), 60, create=True)

    for changed, removed in changes:
        assert store.save("r", changed, removed, 60) is True
        expected.update(changed)

        for name in removed:
            expected.pop(name, None)

        assert store.load("r") == expected


@given(st.binary() | st.from_regex(rb"\{.{0,20}\}", fullmatch=True))
@example(b'{"o": "=7", "f": {"a": "1"}}')
def test_any_bytes_are_a_record_or_none(data: bytes) -> None:
    """Nothing else is raised, whatever lies there."""
    try:
        fields = taken_apart(data).fields
    except ValueError:
        return

    assert all(isinstance(value, bytes) for value in fields.values())


BROKEN = [
    pytest.param(b"", id="empty"),
    pytest.param(b"text", id="text"),
    pytest.param(b"null", id="null"),
    pytest.param(b"[]", id="list"),
    pytest.param(b'{"f": {}}', id="no owner"),
    pytest.param(b'{"o": ""}', id="no fields"),
    pytest.param(b'{"o": "", "f": [1]}', id="list of fields"),
    pytest.param(b'{"o": "", "f": {"a": 1}}', id="number"),
    pytest.param(b'{"o": 7, "f": {}}', id="owner is a number"),
    pytest.param(rb'{"o": "", "f": {"a": "\u20ac"}}', id="no byte"),
    pytest.param(b"[" * 100_000, id="deep"),
]


@pytest.mark.parametrize("data", BROKEN)
def test_what_is_no_record_is_an_outage(
    private: RedisStore, admin: t.Any, data: bytes
) -> None:
    """It is not read as an empty one, which a page might then begin anew."""
    admin.set("ft:r:r", data)

    with pytest.raises(StoreUnavailableError):
        private.load("r")


@pytest.mark.parametrize("data", BROKEN[:4])
def test_what_is_no_record_is_not_written(
    private: RedisStore, admin: t.Any, data: bytes
) -> None:
    """The script fails, and leaves what is there."""
    private.save("r", {}, (), 60, create=True, owner="ada")
    admin.set("ft:r:r", data)

    with pytest.raises(StoreUnavailableError):
        private.save("r", {"a": b"1"}, (), 60)

    assert private.save("r", {"a": b"1"}, (), 60, create=True) is False
    assert admin.get("ft:r:r") == data


def test_a_record_is_one_value(private: RedisStore, admin: t.Any) -> None:
    """Whoever has a client of the server can read it."""
    private.save("r", {"a": b"1"}, (), 60, create=True, owner="7")

    assert json.loads(admin.get("ft:r:r")) == {"o": "=7", "f": {"a": "1"}}


def test_owners_stand_in_lines(private: RedisStore, admin: t.Any) -> None:
    """In order, so that equal sets are equal."""
    private.save("r", {}, (), 60, create=True, owner=["staff:7", "a\nb\\", "7"])

    assert json.loads(admin.get("ft:r:r"))["o"] == "=7\n=a\\nb\\\\\n=staff:7"


def test_a_script_travels_once(private: RedisStore, admin: t.Any) -> None:
    """Its name is enough afterwards; and who can save can hint."""
    for key, owner in [("a", None), ("b", None), ("c", "ada"), ("d", "ada")]:
        private.save(key, {}, (), 60, create=True, owner=owner)

    assert admin.info("commandstats")["cmdstat_eval"]["calls"] == 1
    assert private.keys_for("ada") == ["c", "d"]


def test_a_server_that_forgot_the_scripts_is_told_again(
    private: RedisStore, admin: t.Any
) -> None:
    """After a restart, a failover or a flush no request fails."""
    private.save("r", {"n": b"1"}, (), 60, create=True, owner="ada")
    admin.script_flush()

    assert private.save("r", {"n": b"2"}, (), 60) is True
    admin.script_flush()
    assert private.keys_for("ada") == ["r"]
    assert private.delete_for("ada") == 1
    assert private.load("r") is None


@pytest.mark.parametrize("known", [SAVE, INDEX], ids=["saving", "hinting"])
def test_only_what_did_not_run_is_sent_again(
    private: RedisStore, admin: t.Any, known: Script
) -> None:
    """Of two scripts the server may know one: what it did stands."""
    admin.script_load(known.text)

    assert private.save("r", {}, (), 60, create=True, owner="ada") is True
    assert private.keys_for("ada") == ["r"]
    assert admin.info("commandstats")["cmdstat_eval"]["calls"] == 1
