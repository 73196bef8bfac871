"""How long a session lasts (design 4 and 5.8)."""

from __future__ import annotations

import typing as t
from datetime import datetime
from datetime import UTC

import pytest

from .conftest import cookie_of
from .conftest import id_of
from .conftest import rename
from .conftest import Site

if t.TYPE_CHECKING:
    from flask_toolkit.sessions import StoredSession
    from flask_toolkit.stores import Store

    from .conftest import Clock

DAY = 86400


def test_an_unused_session_ends(site: Site, clock: Clock) -> None:
    """After Flask's PERMANENT_SESSION_LIFETIME, permanent or not."""
    site.app.permanent_session_lifetime = 100
    client = site.client(a=1)
    clock.wait(99)
    assert site.held(client) == {"a": 1}
    clock.wait(101)
    assert site.held(client) == {}


def test_reading_prolongs_it_at_most_every_twentieth(site: Site, clock: Clock) -> None:
    """A read-only request writes nothing else."""
    site.app.permanent_session_lifetime = 100
    client = site.client(a=1)
    clock.wait(4)
    response = client.get("/read")
    assert site.store.asked == ["load"]
    site.store.forget()
    clock.wait(1)
    response = client.get("/read")
    assert site.store.asked == ["load", "save"]
    assert "Set-Cookie" not in response.headers

    for _ in range(5):
        clock.wait(90)
        assert client.get("/read").text == "1"


def test_a_touch_of_what_ended_meanwhile_is_nothing(site: Site, clock: Clock) -> None:
    """Also a prolonging writes only what is there."""
    client = site.client(a=1)
    other = site.app.test_client()
    rename(other, id_of(client))
    clock.wait(5 * DAY)

    def slow(held: StoredSession) -> None:
        assert held["a"] == 1
        other.post("/clear")

    site.run(client, slow)
    assert site.held(client) == {}


def test_no_session_outlives_max_age(bare_store: Store, clock: Clock) -> None:
    """However often it is used, and also across a rotation."""
    site = Site(bare_store, TOOLKIT_SESSIONS_MAX_AGE=100)
    client = site.client(a=1)

    for _ in range(3):
        clock.wait(30)
        client.post("/rotate")
        assert site.held(client) == {"a": 1}

    clock.wait(11)
    assert site.held(client) == {}


def test_a_sign_in_counts_anew(bare_store: Store, clock: Clock) -> None:
    """A session that gets an owner begins its life."""
    site = Site(bare_store, TOOLKIT_SESSIONS_MAX_AGE=100)
    client = site.client(a=1)
    clock.wait(90)

    def sign_in(held: StoredSession) -> None:
        held.owner = "7"
        held.rotate()

    site.run(client, sign_in)
    clock.wait(90)
    assert site.held(client) == {"a": 1}


@pytest.mark.parametrize(
    "key", ["PERMANENT_SESSION_LIFETIME", "TOOLKIT_SESSIONS_MAX_AGE"]
)
def test_a_lifetime_that_was_shortened_holds_at_once(
    bare_store: Store, clock: Clock, key: str
) -> None:
    """Records that the store would keep are over."""
    client = Site(bare_store).client(a=1)
    clock.wait(200)
    shorter = Site(bare_store, **{key: 100})
    browser = shorter.client()
    rename(browser, id_of(client))

    assert shorter.held(browser) == {}


def test_a_request_may_outlive_its_session(bare_store: Store, clock: Clock) -> None:
    """It ends as it would have, and what it wrote does not last."""
    site = Site(bare_store, TOOLKIT_SESSIONS_MAX_AGE=100)
    client = site.client(a=1)

    def slow(held: StoredSession) -> None:
        held["a"] = 2
        # Here alone: the store's own clock lags behind.
        clock.now += 200

    assert site.run(client, slow).status_code == 200
    assert site.held(client) == {}


def test_a_permanent_session_has_an_expiry(site: Site, clock: Clock) -> None:
    """Its cookie lives as long as the record, and is prolonged with it."""
    site.app.permanent_session_lifetime = 100 * DAY

    def stay(held: StoredSession) -> None:
        held.permanent = True
        held["a"] = 1

    client = site.client()
    response = site.run(client, stay)
    # Max age is 90 days, which is less.
    assert "Expires=" in cookie_of(response)
    ends = cookie_of(response).partition("Expires=")[2].partition(";")[0]
    left = datetime.strptime(ends, "%a, %d %b %Y %H:%M:%S %Z").replace(tzinfo=UTC)
    assert 89 <= (left - datetime.now(UTC)).days <= 90

    clock.wait(DAY)
    assert "Set-Cookie" not in client.get("/read").headers
    clock.wait(5 * DAY)
    assert "Expires=" in cookie_of(client.get("/read"))
    site.app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    clock.wait(6 * DAY)
    assert "Set-Cookie" not in client.get("/read").headers


def test_permanent_alone_is_no_session(site: Site) -> None:
    """Hooks set it for every visitor; no record begins for a crawler."""
    client = site.client()
    response = site.run(client, lambda held: setattr(held, "permanent", True))

    assert site.store.asked == []
    assert "Set-Cookie" not in response.headers


def test_permanent_set_again_writes_nothing(site: Site) -> None:
    """As a hook before each request does."""
    client = site.client(a=1, _permanent=True)
    response = site.run(client, lambda held: setattr(held, "permanent", True))

    assert site.store.asked == ["load"]
    assert "Set-Cookie" not in response.headers
