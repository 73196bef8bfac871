"""Whose sessions there are, and how they are ended (design 3)."""

from __future__ import annotations

import re
import typing as t
from datetime import datetime
from datetime import UTC

import pytest
from flask import Flask
from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st

from flask_toolkit.sessions._policy import end_of
from flask_toolkit.sessions._policy import owner_of_text
from flask_toolkit.sessions._policy import owner_to_text

from .conftest import id_of
from .conftest import rename
from .conftest import Site

if t.TYPE_CHECKING:
    from flask.testing import FlaskClient

    from flask_toolkit.sessions import StoredSession

    from .conftest import Clock


def signed_in(site: Site, owner: str, **values: t.Any) -> FlaskClient:
    """Return a browser of somebody."""
    client = site.client(**values)

    def sign_in(held: StoredSession) -> None:
        held.owner = owner
        held.rotate()

    site.run(client, sign_in)
    return client


def test_the_sessions_of_somebody_are_listed(site: Site, clock: Clock) -> None:
    """Latest first, with what a page needs and no cookie value."""
    start = clock.now
    phone = signed_in(site, "7", agent="phone")
    clock.wait(100)
    laptop = signed_in(site, "7", agent="laptop")
    signed_in(site, "8", agent="stranger")
    found: list[t.Any] = []
    site.run(phone, lambda held: found.extend(site.sessions.sessions_of("7")))

    assert [info.data for info in found] == [{"agent": "laptop"}, {"agent": "phone"}]
    assert [info.current for info in found] == [False, True]
    assert [info.created.timestamp() for info in found] == [start + 100, start]
    assert found[0].seen == datetime.fromtimestamp(start + 100, UTC)
    assert all(re.fullmatch("[0-9a-f]{64}", info.handle) for info in found)
    assert id_of(laptop) not in repr(found)
    assert "laptop" not in repr(found)


def test_they_are_listed_without_a_request(site: Site) -> None:
    """A command can do it too; no session is the current one."""
    signed_in(site, "7", a=1)
    (info,) = site.sessions_of("7")

    assert not info.current
    assert info.data == {"a": 1}


def test_a_session_that_cannot_be_read_is_listed_empty(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """It can be ended; one of something else is not shown."""
    for fields in ({"=a": b"{"}, {"meta": b"1 soon"}):
        client = signed_in(site, "7", a=1)
        site.store.save(site.key_of(client), fields, (), 60)

    (info,) = site.sessions_of("7")
    assert info.data == {}
    assert "cannot be read" in caplog.text


def test_one_session_can_be_ended(site: Site) -> None:
    """By its handle, of that owner only."""
    phone, laptop = signed_in(site, "7", a=1), signed_in(site, "7", a=2)
    handle = next(i.handle for i in site.sessions_of("7") if i.data == {"a": 2})

    with site.app.app_context():
        assert not site.sessions.end("8", handle)
        assert not site.sessions.end("7", handle[:-1])
        assert not site.sessions.end("7", "0" * 64)
        assert not site.sessions.end("7", f"../{handle[3:]}")
        assert site.sessions.end("7", handle)
        assert not site.sessions.end("7", handle)

    assert site.held(laptop) == {}
    assert site.held(phone) == {"a": 1}


def test_a_session_that_moved_since_it_was_listed_is_ended(site: Site) -> None:
    """By the handle of the list, and by its owner only."""
    phone = signed_in(site, "7", a=1)
    (info,) = site.sessions_of("7")
    phone.post("/rotate")
    phone.post("/rotate")

    with site.app.app_context():
        assert not site.sessions.end("8", info.handle)
        assert site.sessions.end("7", info.handle)
        assert not site.sessions.end("7", info.handle)

    assert site.held(phone) == {}
    assert site.sessions_of("7") == []


def test_ending_the_current_one_deletes_its_cookie(site: Site) -> None:
    """Nothing that the request still does brings it back."""
    client = signed_in(site, "7", a=1)
    (info,) = site.sessions_of("7")

    def end(held: StoredSession) -> None:
        assert site.sessions.end("7", info.handle)
        assert dict(held) == {}

    site.run(client, end)

    assert id_of(client) == ""
    assert site.sessions_of("7") == []


def test_ending_the_current_one_by_what_it_was_called_before(site: Site) -> None:
    """A list of devices may be older than the id of the device that shows it."""
    client = signed_in(site, "7", a=1)
    (info,) = site.sessions_of("7")
    client.post("/rotate")
    site.run(client, lambda held: site.sessions.end("7", info.handle))

    assert id_of(client) == ""
    assert site.held(client) == {}


def test_all_other_devices_can_be_logged_out(site: Site) -> None:
    """The one that asks stays."""
    phone, laptop = signed_in(site, "7", a=1), signed_in(site, "7", a=2)
    stranger = signed_in(site, "8", a=3)
    counts: list[int] = []
    site.run(
        phone,
        lambda held: counts.append(
            site.sessions.delete_for("7", keep_current=True),
        ),
    )

    assert counts == [1]
    assert site.held(phone) == {"a": 1}
    assert site.held(laptop) == {}
    assert site.held(stranger) == {"a": 3}


def test_all_devices_can_be_logged_out(site: Site) -> None:
    """The one that asks, too, and its cookie goes."""
    phone, laptop = signed_in(site, "7", a=1), signed_in(site, "7", a=2)
    counts: list[int] = []
    site.run(phone, lambda held: counts.append(site.sessions.delete_for("7")))

    assert counts == [2]
    assert id_of(phone) == ""
    assert site.held(laptop) == {}


def test_a_sign_in_after_all_were_ended_holds(site: Site) -> None:
    """As after a change of the password: end all, then sign in again."""
    client = signed_in(site, "7", a=1)
    old = id_of(client)

    def again(held: StoredSession) -> None:
        site.sessions.delete_for("7")
        held["b"] = 2
        held.owner = "7"
        held.rotate()

    site.run(client, again)

    assert id_of(client) not in {"", old}
    assert site.held(client) == {"b": 2}
    assert len(site.sessions_of("7")) == 1


def test_a_stranger_keeps_nothing_of_somebody(site: Site) -> None:
    """``keep_current`` speaks of the owner's own session; an admin has another."""
    victim, admin = signed_in(site, "7", a=1), signed_in(site, "1", a=2)
    counts: list[int] = []
    site.run(
        admin,
        lambda held: counts.append(site.sessions.delete_for("7", keep_current=True)),
    )

    assert counts == [1]
    assert site.held(victim) == {}
    assert site.held(admin) == {"a": 2}


def test_a_sign_in_and_out_of_others_in_one_request(site: Site) -> None:
    """A session that is not stored yet cannot be deleted and need not be kept."""
    other = signed_in(site, "7", a=1)
    client = site.client()

    def sign_in(held: StoredSession) -> None:
        held.owner = "7"
        held["a"] = 2
        assert site.sessions.delete_for("7", keep_current=True) == 1

    site.run(client, sign_in)

    assert site.held(client) == {"a": 2}
    assert site.held(other) == {}


def test_the_owner_is_remembered(site: Site) -> None:
    """It is loaded with the session and stays across rotations."""
    client = signed_in(site, "é\ud800", a=1)
    owners: list[str | None] = []
    client.post("/rotate")
    client.post("/set", json={"a": 2})
    site.run(client, lambda held: owners.append(held.owner))

    assert owners == ["é\ud800"]
    assert len(site.sessions_of("é\ud800")) == 1


@pytest.mark.parametrize(
    ("first", "owner"), [("7", "8"), ("7", None), (None, "7")], ids=str
)
def test_another_owner_gets_another_id(
    site: Site, first: str | None, owner: str | None
) -> None:
    """A planted id, or a slow request of the old owner, reaches nobody else."""
    client = site.client(a=1)
    site.run(client, lambda held: setattr(held, "owner", first))
    old = id_of(client)
    site.run(client, lambda held: setattr(held, "owner", owner))
    owners: list[str | None] = []
    site.run(client, lambda held: owners.append(held.owner))

    assert id_of(client) not in {"", old}
    assert owners == [owner]
    assert site.held(client) == {"a": 1}
    assert len(site.sessions_of("7")) == (owner == "7")


def own(site: Site, client: FlaskClient, **owners: float | None) -> None:
    """Give a session its owners."""
    site.run(client, lambda held: setattr(held, "owners", owners))


def test_a_session_may_have_several_owners(site: Site) -> None:
    """Each lists it and can end it, across writes and rotations."""
    client = site.client(a=1)
    own(site, client, ada=None, bob=None)
    client.post("/rotate")
    client.post("/set", json={"a": 2})
    seen: list[object] = []
    site.run(client, lambda held: seen.extend([held.owner, held.owners]))

    assert seen == ["ada", {"ada": None, "bob": None}]
    assert [len(site.sessions_of(name)) for name in ("ada", "bob", "a")] == [1, 1, 0]
    with site.app.app_context():
        assert site.sessions.delete_for("bob") == 1

    assert site.held(client) == {}
    assert site.sessions_of("ada") == []


@pytest.mark.parametrize("stays", ["ada", "bob"])
def test_an_owner_who_leaves_has_it_no_more(site: Site, stays: str) -> None:
    """The other one keeps it, under a new id."""
    client = site.client(a=1)
    own(site, client, ada=None, bob=None)
    old = id_of(client)
    own(site, client, **{stays: None})

    assert id_of(client) not in {"", old}
    assert {n for n in ("ada", "bob") if site.sessions_of(n)} == {stays}
    assert site.held(client) == {"a": 1}


def test_all_other_devices_of_one_of_two_owners(site: Site) -> None:
    """The one that asks stays, though it is somebody else's, too."""
    client, other = site.client(a=1), signed_in(site, "bob", a=2)
    own(site, client, ada=None, bob=None)
    site.run(client, lambda _: site.sessions.delete_for("bob", keep_current=True))

    assert site.held(client) == {"a": 1}
    assert site.held(other) == {}


def test_an_owner_has_it_for_a_while(site: Site, clock: Clock) -> None:
    """Then it is in no list of theirs; it ends with the last of them."""
    client = site.client(a=1)
    own(site, client, ada=clock.now + 100, bob=clock.now + 200)
    clock.wait(99)
    client.post("/set", json={"a": 2})
    assert [len(site.sessions_of(name)) for name in ("ada", "bob")] == [1, 1]

    clock.wait(2)
    assert [len(site.sessions_of(name)) for name in ("ada", "bob")] == [0, 1]
    assert site.held(client) == {"a": 2}

    clock.wait(100)
    assert [len(site.sessions_of(name)) for name in ("ada", "bob")] == [0, 0]
    assert site.store.load(site.key_of(client)) is None


def test_a_session_with_an_owner_for_ever_ends_as_usual(
    site: Site, clock: Clock
) -> None:
    """What it holds may be theirs."""
    client = site.client(a=1)
    own(site, client, ada=clock.now + 100, bob=None)
    clock.wait(101)

    assert site.held(client) == {"a": 1}
    assert len(site.sessions_of("bob")) == 1
    assert site.sessions_of("ada") == []


@given(st.dictionaries(st.text(min_size=1), st.none() | st.integers(1, 2**33)))
@example({"a b": None, "a%20b": 7, "a@7": None, "@": 1, "%": None, "\ud800 ": 2})
def test_owners_are_read_as_they_were_written(owners: dict[str, float | None]) -> None:
    """Any text, and any second."""
    words = [owner_to_text(*each) for each in owners.items()]

    assert dict(map(owner_of_text, words)) == owners
    assert not any(" " in word for word in words)


@pytest.mark.parametrize("owner", ["", 7, b"7"], ids=repr)
def test_an_owner_is_a_text(memory_site: Site, owner: t.Any) -> None:
    """An empty one would be that of everybody who has none."""
    with pytest.raises(TypeError, match="None for nobody"):
        memory_site.run(
            memory_site.client(), lambda held: setattr(held, "owner", owner)
        )


def test_only_our_sessions_are_the_current_one(memory_site: Site) -> None:
    """Under another interface nothing is current, and nothing fails."""
    signed_in(memory_site, "7", a=1)
    other = Flask("other")

    with other.test_request_context(), memory_site.app.app_context():
        (info,) = memory_site.sessions.sessions_of("7")
        assert not info.current
        assert memory_site.sessions.delete_for("7", keep_current=True) == 1


def test_who_was_there_before_ends_with_all_of_the_next(site: Site) -> None:
    """Ending the new owner's sessions at once still ends the one left behind."""
    client, thief = signed_in(site, "7", a=1), site.client()
    rename(thief, id_of(client))

    def change_hands(held: StoredSession) -> None:
        held.clear()
        held["b"] = 2
        held.owner = "8"
        site.sessions.delete_for("8")

    site.run(client, change_hands)

    assert id_of(client) == ""
    assert site.held(thief) == {}
    assert site.sessions_of("7") == []


def test_an_owner_who_leaves_prolongs_nothing(site: Site, clock: Clock) -> None:
    """The oldest age counts from the last sign-in, not from somebody's leaving."""
    client = site.client(a=1)
    own(site, client, ada=None, bob=None)
    start = clock.now
    clock.wait(100)
    own(site, client, bob=None)
    (info,) = site.sessions_of("bob")

    assert info.created.timestamp() == start


def test_an_owner_until_the_epoch_has_it_no_more() -> None:
    """Zero is a time as any other, and long over."""
    assert end_of(0, 100, {"7": 0.0}) == 0
