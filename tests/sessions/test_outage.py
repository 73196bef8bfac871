"""The store is down: 503, and nothing lost (design 5.8)."""

from __future__ import annotations

import typing as t

import pytest
from flask import Flask
from flask import session

from flask_toolkit import Toolkit
from flask_toolkit.sessions import ServerSession
from flask_toolkit.stores import MemoryStore

from .conftest import id_of
from .conftest import rename
from .conftest import Site

if t.TYPE_CHECKING:
    from flask.testing import FlaskClient

    from flask_toolkit.sessions import StoredSession


def test_down_at_the_first_access_is_a_503(site: Site) -> None:
    """The view ends there; Retry-After tells when to come back."""
    client = site.client(a=1)
    site.store.down = frozenset(["all"])
    response = client.get("/read")

    assert response.status_code == 503
    assert response.mimetype == "application/problem+json"
    assert response.headers["Retry-After"] == "5"
    assert "Set-Cookie" not in response.headers
    site.store.down = frozenset()
    assert site.held(client) == {"a": 1}


def test_the_page_for_the_503_may_read_the_session(site: Site) -> None:
    """A layout shows flashed messages on every page, also on this one."""

    @site.app.errorhandler(503)
    def sorry(error: Exception) -> tuple[str, int]:
        return f"sorry {dict(session)}", 503

    client = site.client(a=1)
    site.store.down = frozenset(["load"])
    response = client.get("/read")

    assert response.text == "sorry {}"


def test_what_is_written_after_a_caught_failure_is_a_503(site: Site) -> None:
    """An answer never claims that something was kept."""

    @site.app.get("/brave")
    def brave() -> str:
        try:
            return str(session["a"])
        except Exception:  # noqa: BLE001  # as views do
            session["a"] = 2
            return "done"

    client = site.client(a=1)
    site.store.down = frozenset(["load"])
    response = client.get("/brave")

    assert response.status_code == 503
    site.store.down = frozenset()
    assert site.held(client) == {"a": 1}


@pytest.mark.parametrize(
    ("path", "command"),
    [
        pytest.param("/set", "save", id="write"),
        pytest.param("/clear", "delete", id="clear"),
        pytest.param("/rotate", "save", id="rotate"),
        pytest.param("/rotate", "delete", id="rotate-2"),
    ],
)
def test_down_at_the_end_makes_the_answer_a_503_in_place(
    site: Site, path: str, command: str
) -> None:
    """No 500, one attempt, no cookie; what was stored is still there."""
    client = site.client(a=1)
    site.store.down = frozenset([command])
    response = client.post(path, json={"a": 2})

    assert response.status_code == 503
    assert response.json is not None
    assert response.json["status"] == 503
    assert response.headers["Retry-After"] == "5"
    assert "Set-Cookie" not in response.headers
    assert response.headers["Vary"] == "Cookie"
    assert site.store.asked.count(command) == 1
    site.store.down = frozenset()
    assert site.held(client) == {"a": 1}


def test_what_described_the_old_body_goes(memory_site: Site) -> None:
    """Length, type, tag and place are of the answer that was not sent."""

    @memory_site.app.get("/rich")
    def rich() -> t.Any:
        session["a"] = 1
        headers = {"Location": "/x", "ETag": '"1"', "Cache-Control": "public"}
        headers |= {"Content-Language": "en", "X-Kept": "1"}
        return "long " * 100, 302, headers

    memory_site.store.down = frozenset(["save"])
    response = memory_site.client().get("/rich")

    assert response.status_code == 503
    assert response.content_length == len(response.data)
    assert response.headers["X-Kept"] == "1"
    assert response.headers.getlist("Cache-Control") == ["no-store"]
    gone = {"Location", "ETag", "Content-Language"}
    assert not gone & set(response.headers.keys())
    assert len(response.headers.getlist("Content-Type")) == 1


class _Body:
    """What a view streams; nothing closes it but its ``close``."""

    def __init__(self) -> None:
        self.closed = 0

    def __iter__(self) -> t.Iterator[bytes]:
        raise NotImplementedError

    def close(self) -> None:
        """Give back what a file or a generator would hold."""
        self.closed += 1


def test_a_stream_that_is_not_sent_is_closed(memory_site: Site) -> None:
    """A generator or file of the view is given back, once."""
    body = _Body()

    @memory_site.app.get("/stream")
    def view() -> t.Any:
        session["a"] = 1
        return memory_site.app.response_class(body, direct_passthrough=True)

    memory_site.store.down = frozenset(["save"])
    response = memory_site.client().get("/stream")

    assert response.status_code == 503
    assert response.json is not None
    response.close()
    assert body.closed == 1


def test_under_a_toolkit_the_503_is_a_page_for_people() -> None:
    """``Problems`` negotiates its form."""
    store = MemoryStore(max_items=1)
    store.put("full", b"", 60)
    app = Flask("shop")
    Toolkit(app, sessions=ServerSession(store=store))
    app.add_url_rule("/", "index", lambda: str(session.setdefault("a", 1)))
    client = app.test_client()

    page = client.get("/", headers={"Accept": "text/html"})
    assert (page.status_code, page.mimetype) == (503, "text/html")
    answer = client.get("/", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.is_json) == (503, True)


def full(records: int) -> tuple[Site, FlaskClient]:
    """Return a store with room for nine records, and a session among some."""
    site = Site(MemoryStore(max_items=10))
    client = site.client(a=1)

    for number in range(records - 1):
        site.store.save(f"other{number}", {}, (), 60, create=True)

    return site, client


@pytest.mark.parametrize("records", [8, 9])
def test_a_full_store_moves_nothing_and_loses_nothing(records: int) -> None:
    """There must be room for the new record and for the note."""
    site, client = full(records)

    assert client.post("/rotate").status_code == 503
    assert site.held(client) == {"a": 1}
    assert len(vars(site.store.store)["_records"]) == records


def test_a_full_store_still_ends_a_session() -> None:
    """Also where a farewell follows, which then has the room."""
    site, client = full(9)
    stale = site.app.test_client()
    rename(stale, id_of(client))

    def farewell(held: StoredSession) -> None:
        held.clear()
        held["bye"] = 1

    assert site.run(client, farewell).status_code == 200
    assert site.held(client) == {"bye": 1}
    assert site.held(stale) == {}
