"""What a session can hold: codec and size (design 5.8)."""

from __future__ import annotations

import logging
import typing as t

import pytest
from flask.json.tag import JSONTag
from flask.json.tag import TaggedJSONSerializer
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from flask_toolkit.sessions._tagged import Tagged

from .conftest import id_of
from .conftest import json_values
from .conftest import rename
from .conftest import Site

if t.TYPE_CHECKING:
    from flask_toolkit.stores import Store


def test_a_value_that_cannot_be_kept_is_named(site: Site) -> None:
    """The TypeError says which key; what was stored stays, of all keys."""
    client = site.client(a=1, b=1)

    with pytest.raises(TypeError, match="cannot keep 'bad'"):
        site.run(client, lambda held: held.update(a=2, bad=object()))

    assert site.held(client) == {"a": 1, "b": 1}


def test_a_value_that_cannot_be_kept_is_a_500_once(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """Flask saves again with the error page, which must not fail once more."""
    site.app.config["PROPAGATE_EXCEPTIONS"] = False
    client = site.client(a=1)
    response = site.run(client, lambda held: held.update(bad=object()))

    assert response.status_code == 500
    assert caplog.text.count("cannot keep 'bad'") == 1
    assert "Set-Cookie" not in response.headers
    assert site.held(client) == {"a": 1}


def test_a_session_that_is_too_large_names_its_largest_key(bare_store: Store) -> None:
    """Old data stay."""
    site = Site(bare_store, TOOLKIT_SESSIONS_MAX_BYTES=100)
    client = site.client(a=1)

    with pytest.raises(ValueError, match=r"115 bytes.*\(100\); 110.*'large'"):
        client.post("/set", json={"large": "x" * 103, "b": 22})

    assert site.held(client) == {"a": 1}
    client.post("/set", json={"large": "x" * 90})
    assert site.held(client)["large"] == "x" * 90


def test_a_session_over_a_lowered_limit_can_be_read_and_emptied(
    bare_store: Store,
) -> None:
    """Only growing is refused."""
    client = Site(bare_store).client(a="x" * 200, b=1)
    site = Site(bare_store, TOOLKIT_SESSIONS_MAX_BYTES=100)
    strict = site.client()
    rename(strict, id_of(client))
    site.run(strict, lambda held: held.pop("b"))

    assert site.held(strict) == {"a": "x" * 200}


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"=a": b"\x80\x04N."}, id="pickle"),
        pytest.param({"=a": b"{"}, id="json"),
        pytest.param({"=a": b'{" u": 5}'}, id="tag"),
        pytest.param({"=a": b"1,2"}, id="two"),
        pytest.param({"=a": b"1,2", "=b": b""}, id="empty"),
        pytest.param({"=a": b"[" * 100_000}, id="deep"),
        pytest.param({"meta": b"1 soon"}, id="time"),
        pytest.param({"meta": b"1 2 \xff"}, id="owner"),
    ],
)
def test_what_cannot_be_read_is_an_empty_session(
    site: Site, fields: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    """With an ERROR that tells nothing of it; the visitor gets another one."""
    client = site.client(a="secret", b="secret")
    key = site.key_of(client)
    site.store.save(key, fields, (), 60)

    assert site.held(client) == {}
    (record,) = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert "cannot be read" in record.getMessage()
    assert "secret" not in caplog.text
    assert str(fields) not in caplog.text
    old = id_of(client)
    client.post("/set", json={"a": 2})
    assert id_of(client) != old


def test_a_record_of_something_else_is_an_empty_session(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """Without the fields that each session has."""
    client = site.client(a=1)
    site.store.save(site.key_of(client), {}, ["meta"], 60)

    assert site.held(client) == {}
    assert "cannot be read: KeyError" in caplog.text


@settings(deadline=None)
@given(data=st.dictionaries(st.text(), json_values, max_size=4))
def test_what_was_read_is_written_as_it_was(data: dict[str, t.Any]) -> None:
    """So a request that only reads finds no change, whatever the values are."""
    tagged = Tagged(TaggedJSONSerializer())
    stored = {key: tagged.encode(key, value) for key, value in data.items()}
    read = tagged.decode(stored)

    assert read is not None
    assert {key: tagged.encode(key, value) for key, value in read.items()} == stored


@settings(deadline=None)
@given(fields=st.dictionaries(st.text(), st.binary() | st.text().map(str.encode)))
def test_no_stored_bytes_can_do_harm(fields: dict[str, bytes]) -> None:
    """They are read or they are not; nothing is raised."""
    read = Tagged(TaggedJSONSerializer()).decode(fields)

    assert read is None or read.keys() == fields.keys()


class _Star(JSONTag):
    """A tag of an application, for plain text that begins with a star."""

    key = " star"

    def check(self, value: t.Any) -> bool:
        """Tell whether it is one."""
        return isinstance(value, str) and value.startswith("*")

    def to_json(self, value: t.Any) -> t.Any:
        """Leave the star out."""
        return value[1:]

    def to_python(self, value: t.Any) -> t.Any:
        """Put it back."""
        return f"*{value}"


@pytest.mark.parametrize("value", ["a", 'ä"\ud800', "", 7, -(10**30), True, None])
def test_a_plain_value_is_stored_as_by_flask(value: t.Any) -> None:
    """The short way writes the same bytes as Flask's serializer."""
    serializer = TaggedJSONSerializer()

    assert Tagged(serializer).encode("a", value) == serializer.dumps(value).encode()


def test_a_tag_may_take_plain_text() -> None:
    """What an application registered is asked for every value."""
    serializer = TaggedJSONSerializer()
    serializer.register(_Star)
    tagged = Tagged(serializer)
    stored = {key: tagged.encode(key, key) for key in ("*a", "a")}

    assert stored == {"*a": b'{" star":"a"}', "a": b'"a"'}
    assert tagged.decode(stored) == {"*a": "*a", "a": "a"}


def test_a_number_that_is_too_long_names_its_key() -> None:
    """Python writes no number of more than 4300 digits."""
    with pytest.raises(TypeError, match="cannot keep 'n'"):
        Tagged(TaggedJSONSerializer()).encode("n", 1 << 20_000)
