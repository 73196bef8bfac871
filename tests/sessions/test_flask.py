"""flash(), error pages, streams, teardown, test clients: Flask goes on as before."""

from __future__ import annotations

import asyncio
import threading
import typing as t

import pytest
from flask import abort
from flask import copy_current_request_context
from flask import current_app
from flask import Flask
from flask import session
from flask.sessions import SecureCookieSession

from flask_toolkit.sessions import ServerSession
from flask_toolkit.sessions import StoredSession

from .conftest import id_of
from .conftest import rename
from .conftest import Site

STRANGE = "x" * 43


def test_flash_works(site: Site) -> None:
    """A message is shown once."""
    client = site.client()
    client.post("/flash")

    assert client.get("/flashed").json == [["info", "hello"]]
    assert client.get("/flashed").json == []
    assert id_of(client) == ""


def test_new_tells_whether_something_is_stored(site: Site) -> None:
    """True until the first answer has stored something."""
    client = site.client()
    seen: list[bool] = []

    def look(held: StoredSession) -> None:
        seen.append(held.new)
        held["a"] = 1

    site.run(client, look)
    site.run(client, look)
    rename(client, STRANGE)
    site.run(client, look)

    assert seen == [True, False, True]


def test_a_test_can_open_the_session(site: Site) -> None:
    """``session_transaction`` of Flask's client reads and writes."""
    client = site.client()

    with client.session_transaction() as held:
        held["a"] = 1

    with client.session_transaction() as held:
        assert held["a"] == 1
        held["b"] = {"c": (1,)}

    assert site.held(client) == {"a": 1, "b": {"c": [1]}}


def test_an_error_page_keeps_the_session(site: Site) -> None:
    """What a view wrote before it gave up is kept, as with Flask."""

    @site.app.get("/teapot")
    def teapot() -> str:
        session["tea"] = True
        abort(418)

    client = site.client()
    assert client.get("/teapot").status_code == 418
    assert site.held(client) == {"tea": True}


def test_head_reads_and_writes_as_get_does(site: Site) -> None:
    """Also without a body the answer carries the cookie."""

    @site.app.get("/count")
    def count() -> str:
        session["n"] = session.get("n", 0) + 1
        return str(session["n"])

    client = site.client()
    assert "Set-Cookie" in client.head("/count").headers
    assert client.get("/count").text == "2"


def test_a_failure_after_saving_still_sends_the_cookie(site: Site) -> None:
    """Flask saves a second time, with the error page; nothing is written twice."""
    from flask import request_finished

    site.app.config["PROPAGATE_EXCEPTIONS"] = False
    fails = [True]

    def fail(sender: Flask, **_: t.Any) -> None:
        if fails:
            fails.clear()
            raise RuntimeError

    client = site.client()

    with request_finished.connected_to(fail, site.app):
        response = client.post("/set", json={"a": 1})

    assert response.status_code == 500
    assert site.store.asked == ["save"]
    assert site.held(client) == {"a": 1}


def test_what_the_error_page_writes_after_a_rotation_is_kept(site: Site) -> None:
    """The second saving goes on from the first, under the new id."""
    from flask import request_finished

    site.app.config["PROPAGATE_EXCEPTIONS"] = False
    fails = [True]

    def fail(sender: Flask, **_: t.Any) -> None:
        if fails:
            fails.clear()
            raise RuntimeError

    @site.app.errorhandler(500)
    def broken(error: Exception) -> tuple[str, int]:
        session["error"] = True
        return "broken", 500

    client = site.client(a=1)
    old = id_of(client)

    with request_finished.connected_to(fail, site.app):
        client.post("/rotate")

    assert id_of(client) != old
    assert site.held(client) == {"a": 1, "error": True}


def test_a_streamed_answer_may_read_and_not_write(site: Site) -> None:
    """Headers are sent before its body: a change comes too late, as with Flask."""
    from flask import stream_with_context

    @site.app.get("/stream")
    def stream() -> t.Any:
        def body() -> t.Iterator[str]:
            yield str(session.get("a"))
            session["a"] = 2

        return site.app.response_class(stream_with_context(body()))

    client = site.client(a=1)

    assert client.get("/stream").text == "1"
    assert site.store.asked == ["load"]
    assert site.held(client) == {"a": 1}


def test_teardown_may_read_and_not_write(site: Site) -> None:
    """The answer is made by then; a first use there still costs one command."""
    seen: list[t.Any] = []

    @site.app.teardown_request
    def look(error: BaseException | None) -> None:
        seen.append(session.get("a"))
        session["a"] = 2

    client = site.client(a=1)
    client.get("/")

    assert seen[-1] == 1
    assert site.store.asked == ["load"]
    assert site.held(client) == {"a": 1}


def _name_once() -> str:
    return str(session.setdefault("n", current_app.name))


def test_one_extension_serves_two_applications() -> None:
    """A session of one is unknown to the other."""
    sessions = ServerSession()
    apps = [Flask("first"), Flask("second")]

    for app in apps:
        app.testing = True
        sessions.init_app(app)
        app.add_url_rule("/", "index", _name_once)

    first, second = (app.test_client() for app in apps)
    first.get("/")
    rename(second, id_of(first))

    assert second.get("/").text == "second"
    assert id_of(second) != id_of(first)


def test_modified_may_be_set_and_need_not(site: Site) -> None:
    """Code written for Flask's cookie sets it; nothing is written for that alone."""
    client = site.client(a=[1])

    def touch(held: StoredSession) -> None:
        assert not held.modified
        held.modified = True
        assert held.modified

    response = site.run(client, touch)

    assert site.store.asked == []
    assert "Set-Cookie" not in response.headers


def test_an_async_view_uses_the_session(site: Site) -> None:
    """Before and after it waited for something."""

    @site.app.post("/async")
    async def view() -> str:
        session["a"] = session.get("a", 0) + 1
        await asyncio.sleep(0)
        session["b"] = session["a"]
        return "done"

    client = site.client()
    client.post("/async")
    client.post("/async")

    assert site.held(client) == {"a": 2, "b": 2}


def test_a_copied_context_shares_the_session(site: Site) -> None:
    """What another thread sets before the answer is made is kept."""

    @site.app.post("/thread")
    def view() -> str:
        @copy_current_request_context
        def work() -> None:
            session["from"] = "thread"

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return str(session["from"])

    client = site.client(a=1)

    assert client.post("/thread").text == "thread"
    assert site.held(client) == {"a": 1, "from": "thread"}


def as_dicts(held: t.Any) -> list[t.Any]:
    """Do with a session what a dictionary can do."""
    held.clear()
    held.update(a=1, b=[2])
    copied = held.copy()
    copied["b"].append(3)
    held |= {"c": 3}
    held |= [("d", 4)]
    seen = [held | {"a": 0}, {"a": 0, "z": 1} | held, held | held, copied]
    seen += [list(reversed(held)), type(copied), held == dict(held), held != {}]

    for other in (None, [("a", 1)]):
        with pytest.raises(TypeError):
            held | other

        with pytest.raises(TypeError):
            other | held

    return [*seen, held.setdefault("e", 5), held.pop("a"), held.popitem(), len(held)]


def test_a_session_can_do_what_a_dictionary_can(memory_site: Site) -> None:
    """Flask's own is one, and code uses ``copy()`` and ``|``."""
    seen: list[t.Any] = []
    client = memory_site.client()

    def act(held: StoredSession) -> None:
        with pytest.raises(KeyError):
            held.popitem()

        seen.extend(as_dicts(held))

    memory_site.run(client, act)

    assert seen == as_dicts(SecureCookieSession())
    assert memory_site.held(client) == {"b": [2, 3], "c": 3, "d": 4}


def test_what_is_merged_in_is_kept(site: Site) -> None:
    """``|=`` through Flask's proxy, and a value changed in a copy's list."""
    client = site.client(a=[1])

    def merge(held: StoredSession) -> None:
        held |= {"b": 2}
        held.copy()["a"].append(2)

    site.run(client, merge)

    assert site.held(client) == {"a": [1, 2], "b": 2}
