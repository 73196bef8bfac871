"""What a page costs that reads or writes, or does neither (design 5.8)."""

from __future__ import annotations

import typing as t
from datetime import datetime
from datetime import UTC

import pytest
from markupsafe import Markup

from .conftest import cookie_of
from .conftest import id_of
from .conftest import Site

if t.TYPE_CHECKING:
    from flask import Response

    from flask_toolkit.sessions import StoredSession


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
@pytest.mark.parametrize("down", [False, True], ids=["up", "down"])
def test_a_page_that_ignores_the_session_costs_nothing(
    site: Site, method: str, down: bool
) -> None:
    """No command, no Set-Cookie, no Vary; also while the store is down."""
    client = site.client(a=1)
    site.store.down = frozenset(["all"] if down else [])
    response = client.open("/", method=method)

    assert response.status_code == 200
    assert site.store.asked == []
    assert "Set-Cookie" not in response.headers
    assert "Vary" not in response.headers


def test_no_key_is_needed(site: Site) -> None:
    """The cookie is a random id: there is nothing to sign."""
    client = site.client(a=1)

    assert site.app.secret_key is None
    assert site.held(client) == {"a": 1}


def test_a_read_is_one_command(site: Site) -> None:
    """Which cookie is held shows in Vary only."""
    client = site.client(a=1)
    response = client.get("/read")

    assert response.text == "1"
    assert site.store.asked == ["load"]
    assert response.headers["Vary"] == "Cookie"
    assert "Set-Cookie" not in response.headers


def test_vary_keeps_what_is_there(site: Site) -> None:
    """Another part of the application may have its own reason."""

    @site.app.after_request
    def _(response: Response) -> Response:
        response.vary.add("Accept")
        return response

    client = site.client(a=1)
    assert client.get("/read").headers.getlist("Vary") == ["Accept, Cookie"]


def test_a_write_is_two_commands(site: Site) -> None:
    """One to load, one to save; the cookie is sent as Flask does."""
    client = site.client(a=1)
    before = id_of(client)
    response = client.post("/set", json={"a": 2})

    assert site.store.asked == ["load", "save"]
    assert id_of(client) == before
    assert cookie_of(response).startswith(f"session={before}; HttpOnly; Path=/")
    assert site.held(client) == {"a": 2}


def test_no_cookie_is_set_without_vary(memory_site: Site) -> None:
    """Also by code that had the session without Flask's notice."""
    client = memory_site.client(a=1)

    def change(held: StoredSession) -> None:
        held["a"] = 2
        held.accessed = False

    response = memory_site.run(client, change)

    assert cookie_of(response) != ""
    assert response.headers["Vary"] == "Cookie"


def test_a_cleared_session_ends_whatever_is_said(memory_site: Site) -> None:
    """``modified`` can be taken back; the record goes all the same."""
    client = memory_site.client(a=1)
    key = memory_site.key_of(client)

    def clear(held: StoredSession) -> None:
        held.clear()
        held.modified = False

    assert cookie_of(memory_site.run(client, clear)).startswith("session=;")
    assert memory_site.store.load(key) is None


def test_a_first_write_is_one_command(site: Site) -> None:
    """There is nothing to load for a visitor without a cookie."""
    client = site.client()
    client.post("/set", json={"a": 1})

    assert site.store.asked == ["save"]


def test_a_visitor_without_a_cookie_reads_for_nothing(site: Site) -> None:
    """No command, and no session begins."""
    client = site.client()
    response = client.get("/read")

    assert site.store.asked == []
    assert "Set-Cookie" not in response.headers
    assert response.headers["Vary"] == "Cookie"


def test_writing_the_same_value_is_a_read(site: Site) -> None:
    """Values are compared as they would be stored."""
    client = site.client(a={"b": [1]})
    response = client.post("/set", json={"a": {"b": [1]}})

    assert site.store.asked == ["load"]
    assert "Set-Cookie" not in response.headers


def test_a_change_inside_of_a_value_is_kept(site: Site) -> None:
    """Nobody must set ``modified``."""
    client = site.client(cart={"apples": [1, 2]}, other=[1])
    site.run(client, lambda held: held["cart"]["apples"].append(3))

    assert site.store.asked == ["load", "save"]
    assert site.held(client) == {"cart": {"apples": [1, 2, 3]}, "other": [1]}


def test_a_change_inside_of_what_get_returned_is_kept(site: Site) -> None:
    """All ways to a value lead past the same place."""
    client = site.client(cart=[1], list=[1])

    def change(held: StoredSession) -> None:
        held.get("cart", []).append(2)
        held.setdefault("list", []).append(2)

        for value in held.values():
            value.append(3)

    site.run(client, change)

    assert site.held(client) == {"cart": [1, 2, 3], "list": [1, 2, 3]}


def test_a_key_can_be_removed(site: Site) -> None:
    """The others stay."""
    client = site.client(a=1, b=2)
    site.run(client, lambda held: held.pop("a"))

    assert site.held(client) == {"b": 2}


def test_removing_what_is_not_there_fails_as_with_a_dictionary(site: Site) -> None:
    """The session is a mapping like any other."""
    client = site.client(a=1)

    def act(held: StoredSession) -> None:
        assert "b" not in held
        assert len(held) == 1
        with pytest.raises(KeyError):
            del held["b"]

    site.run(client, act)
    assert site.store.asked == ["load"]


def test_values_keep_their_types(site: Site) -> None:
    """Flask's tags: tuple, bytes, UUID, Markup, datetime."""
    client = site.client()
    when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    values = {"t": (1, (2,)), "b": b"\0\xff", "m": Markup("<b>"), "d": when, "": None}
    values |= {"é\ud800": "\ud800"}
    found: dict[str, t.Any] = {}
    site.run(client, lambda held: held.update(values))
    site.run(client, found.update)

    assert found == values
    assert isinstance(found["m"], Markup)


def test_a_type_can_be_registered(site: Site) -> None:
    """As Flask documents it, for this application alone."""
    from flask.json.tag import JSONTag

    class TagSet(JSONTag):
        __slots__ = ()
        key = " s"

        def check(self, value: t.Any) -> bool:
            return isinstance(value, set)

        def to_json(self, value: t.Any) -> t.Any:
            return sorted(value)

        def to_python(self, value: t.Any) -> t.Any:
            return set(value)

    t.cast("t.Any", site.app.session_interface).serializer.register(TagSet)
    client = site.client()
    found: list[t.Any] = []
    site.run(client, lambda held: held.update(roles={"a", "b"}))
    site.run(client, lambda held: found.append(held["roles"]))

    assert found == [{"a", "b"}]


def test_a_key_must_be_a_text(memory_site: Site) -> None:
    """Flask's cookie makes a text of it, which is then another key."""
    client = memory_site.client()

    with pytest.raises(TypeError, match="must be a text, not 1"):
        memory_site.run(client, lambda held: held.__setitem__(t.cast("str", 1), "a"))
