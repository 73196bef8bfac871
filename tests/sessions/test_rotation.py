"""Requests side by side: merged, moved, vanished, emptied (design 5.8)."""

from __future__ import annotations

import typing as t

import pytest

from .conftest import cookie_of
from .conftest import id_of
from .conftest import rename
from .conftest import Site

if t.TYPE_CHECKING:
    from flask_toolkit.sessions import StoredSession

    from .conftest import Clock

STRANGE = "x" * 43


def test_what_others_wrote_meanwhile_stays(site: Site) -> None:
    """Only the keys that changed travel."""
    client = site.client(a=1, b=1, c=1)
    other = site.app.test_client()
    rename(other, id_of(client))

    def slow(held: StoredSession) -> None:
        assert held["a"] == 1
        other.post("/set", json={"b": 2, "d": 2})
        held["a"] = 2
        del held["c"]

    site.run(client, slow)

    assert site.held(client) == {"a": 2, "b": 2, "d": 2}


def test_a_session_that_vanished_is_not_written(site: Site) -> None:
    """Nothing is stored and no cookie is set."""
    client = site.client(a=1)
    other = site.app.test_client()
    rename(other, id_of(client))

    def slow(held: StoredSession) -> None:
        assert held["a"] == 1
        other.post("/clear")
        held["a"] = 2

    response = site.run(client, slow)

    assert "Set-Cookie" not in response.headers
    assert site.held(client) == {}


def test_rotation_keeps_the_data_under_a_new_id(site: Site) -> None:
    """The old id opens nothing any more."""
    client = site.client(a=1)
    old = id_of(client)
    client.post("/rotate")
    stale = site.client()
    rename(stale, old)

    assert id_of(client) not in {"", old}
    assert site.held(client) == {"a": 1}
    assert site.held(stale) == {}


def test_rotation_takes_along_what_others_wrote(site: Site) -> None:
    """The record is read once more."""
    client = site.client(a=1)
    other = site.app.test_client()
    rename(other, id_of(client))

    def slow(held: StoredSession) -> None:
        assert held["a"] == 1
        other.post("/set", json={"b": 2})
        held["c"] = 3
        held.rotate()

    site.run(client, slow)

    assert site.held(client) == {"a": 1, "b": 2, "c": 3}


def test_a_request_with_the_old_id_changes_nothing(site: Site, clock: Clock) -> None:
    """For a minute its changes are dropped, and no cookie overwrites the new one."""
    client = site.client(a=1)
    stale = site.client()
    rename(stale, id_of(client))
    client.post("/rotate")
    clock.wait(59)

    response = stale.post("/set", json={"a": 2})
    assert "Set-Cookie" not in response.headers
    assert site.held(client) == {"a": 1}
    clock.wait(2)
    response = stale.post("/set", json={"a": 2})
    assert "Set-Cookie" in response.headers
    assert site.held(client) == {"a": 1}


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("farewell", [False, True], ids=["empty", "farewell"])
def test_who_clears_with_a_moved_id_ends_the_session(
    site: Site, times: int, farewell: bool
) -> None:
    """However often it moved; what is set afterwards is another session."""
    client = site.client(a=1)
    stale = site.client()
    rename(stale, id_of(client))

    for _ in range(times):
        client.post("/rotate")

    def clear(held: StoredSession) -> None:
        held.clear()
        held.update({"bye": 1} if farewell else {})

    site.run(stale, clear)

    assert site.held(client) == {}
    assert bool(id_of(stale)) is farewell
    assert site.held(stale) == ({"bye": 1} if farewell else {})


def test_a_slow_clear_ends_what_moved_meanwhile(site: Site) -> None:
    """It loaded before the rotation and saves after it."""
    client = site.client(a=1)
    stale = site.app.test_client()
    rename(stale, id_of(client))

    def slow(held: StoredSession) -> None:
        assert held["a"] == 1
        client.post("/rotate")
        held.clear()

    site.run(stale, slow)

    assert site.held(client) == {}
    assert id_of(stale) == ""


def test_after_clear_the_old_id_leads_nowhere(site: Site) -> None:
    """A second sign-out with it ends nothing of whoever is signed in by then."""
    client = site.client(a=1)
    stale = site.client()
    rename(stale, id_of(client))

    def another(held: StoredSession) -> None:
        held.clear()
        held["user"] = "8"

    site.run(client, another)
    stale.post("/clear")

    assert site.held(client) == {"user": "8"}


def test_a_slow_request_does_not_bring_the_old_id_back(site: Site) -> None:
    """It loaded before the rotation and saves after it."""
    client = site.client(a=1)
    stale = site.app.test_client()
    rename(stale, id_of(client))

    def slow(held: StoredSession) -> None:
        held["b"] = 1
        client.post("/rotate")

    response = site.run(stale, slow)

    assert "Set-Cookie" not in response.headers
    assert site.held(client) == {"a": 1}


def test_of_two_rotations_one_wins(site: Site) -> None:
    """A form sent twice leaves one session, and no orphan."""
    client = site.client(a=1)
    site.run(client, lambda held: setattr(held, "owner", "7"))
    other = site.app.test_client()
    rename(other, id_of(client))
    # Between the second reading and the deletion.
    site.store.before["delete"] = lambda: other.post("/rotate")
    response = client.post("/rotate")

    assert "Set-Cookie" not in response.headers
    assert site.held(other) == {"a": 1}
    assert len(site.store.keys_for("7")) == 1


def test_rotation_after_the_end_starts_nothing(site: Site) -> None:
    """A sign-in that was confirmed while it ended elsewhere stays ended."""
    client = site.client(a=1)
    other = site.app.test_client()
    rename(other, id_of(client))

    def slow(held: StoredSession) -> None:
        held["b"] = 1
        other.post("/clear")
        held.rotate()

    response = site.run(client, slow)

    assert "Set-Cookie" not in response.headers
    assert site.held(client) == {}


def test_a_sign_in_with_a_moved_id_works(site: Site) -> None:
    """The answer with the new id may be lost; ``rotate`` then starts afresh."""
    client = site.client(a=1)
    old = id_of(client)
    client.post("/rotate")
    rename(client, old)

    def sign_in(held: StoredSession) -> None:
        assert dict(held) == {}
        held["user"] = "7"
        held.rotate()

    site.run(client, sign_in)

    assert id_of(client) != old
    assert site.held(client) == {"user": "7"}


def test_rotating_nothing_is_nothing(site: Site) -> None:
    """A visitor without data has no session to move."""
    client = site.client()
    response = client.post("/rotate")

    assert "Set-Cookie" not in response.headers
    assert site.store.asked == []


def test_an_emptied_session_is_deleted_with_its_cookie(site: Site) -> None:
    """Record and cookie go; the old id is unknown."""
    client = site.client(a=1)
    old = id_of(client)
    response = client.post("/clear")

    assert site.store.asked == ["load", "delete"]
    assert "Max-Age=0" in cookie_of(response)
    assert response.headers["Vary"] == "Cookie"
    assert id_of(client) == ""
    rename(client, old)
    assert site.held(client) == {}


def test_taking_the_last_key_out_is_the_same(site: Site) -> None:
    """Emptied is emptied, however."""
    client = site.client(a=1)
    response = site.run(client, lambda held: held.pop("a"))

    assert site.store.asked == ["load", "load", "delete"]
    assert "Max-Age=0" in cookie_of(response)


def test_what_two_requests_emptied_together_is_deleted_when_seen(site: Site) -> None:
    """Each took a key out, and neither knew of the other."""
    client = site.client(a=1, b=1)
    other = site.app.test_client()
    rename(other, id_of(client))

    def slow(held: StoredSession) -> None:
        held.pop("a")
        site.run(other, lambda held: held.pop("b"))

    site.run(client, slow)
    site.store.forget()

    assert site.held(client) == {}
    assert site.store.asked == ["load", "load", "delete"]
    assert id_of(client) == ""


def test_what_others_put_in_meanwhile_is_not_thrown_away(site: Site) -> None:
    """Who took the last key out knew nothing of the new one."""
    client = site.client(flash="hello")
    other = site.app.test_client()
    rename(other, id_of(client))

    def slow(held: StoredSession) -> None:
        held.pop("flash")
        other.post("/set", json={"basket": 1})

    site.run(client, slow)

    assert site.held(client) == {"basket": 1}


def test_clearing_a_dead_session_deletes_its_cookie(site: Site) -> None:
    """A sign-out works also when there is nothing left to sign out of."""
    client = site.client()
    rename(client, STRANGE)
    client.post("/clear")

    assert id_of(client) == ""


def test_clearing_nothing_sends_nothing(site: Site) -> None:
    """Who has no cookie needs none deleted."""
    response = site.client().post("/clear")

    assert "Set-Cookie" not in response.headers


def test_clearing_twice_is_clearing(site: Site) -> None:
    """The record that was left the first time is still known."""
    client = site.client(a=1)
    stale = site.app.test_client()
    rename(stale, id_of(client))

    def twice(held: StoredSession) -> None:
        held.clear()
        held["b"] = 1
        held.clear()

    site.run(client, twice)

    assert id_of(client) == ""
    assert site.held(stale) == {}


def test_what_is_set_after_clear_is_another_session(site: Site) -> None:
    """A farewell message goes into one that never was signed in."""
    client = site.client(user="7")
    old = id_of(client)
    stale = site.app.test_client()
    rename(stale, old)

    def sign_out(held: StoredSession) -> None:
        held.owner = "7"
        held.clear()
        held["message"] = "bye"

    site.run(client, sign_out)

    assert id_of(client) not in {"", old}
    assert site.held(client) == {"message": "bye"}
    assert site.held(stale) == {}
    assert site.sessions_of("7") == []
