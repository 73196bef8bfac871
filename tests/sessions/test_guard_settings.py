"""The settings of stores and sessions, through requests of a guarded application."""

from __future__ import annotations

import dataclasses
import secrets
import typing as t

import pytest
import redis
from flask import Flask
from flask import request
from flask import session

from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.sessions import ServerSession
from flask_toolkit.sessions import SessionSettings
from flask_toolkit.stores import StoreSettings

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.services import PrivateRedis

ROWS = {
    "url": "test_the_store_is_where_the_url_says",
    "prefix": "test_every_key_has_the_prefix",
    "timeout": "test_a_store_that_hangs_is_a_503",
    "max_items": "test_a_full_memory_refuses_the_next_sign_in",
    "store_url": "test_sessions_may_have_a_store_of_their_own",
    "max_age": "test_a_session_ends_whatever_the_guard_says",
    "max_bytes": "test_a_session_has_a_largest_size",
}


def site(folder: Path, **settings: t.Any) -> Flask:
    """Return a guarded application with sessions on a server."""
    app = Flask("shop", root_path="/nowhere", instance_path=str(folder))
    app.config.update(SECRET_KEY="k" * 32)
    app.config.update({f"TOOLKIT_{key}": value for key, value in settings.items()})
    ServerSession(app)
    guard = LoginGuard[str](app)
    guard.user_loader(str)
    guard.id_of(str)
    app.add_url_rule("/me", "me", lambda: guard.user)

    @app.post("/in")
    @public
    def sign_in() -> str:
        guard.login(request.form["id"])
        session["note"] = request.form.get("note", "")
        return "in"

    return app


def sign_in(app: Flask, id: str = "7", **form: str) -> FlaskClient:
    """Return a browser of somebody."""
    client = app.test_client()
    client.post("/in", data={"id": id, **form})
    return client


def test_each_setting_has_its_row() -> None:
    """A new setting needs a request that shows it."""
    fields = {
        field.name
        for settings in (StoreSettings, SessionSettings)
        for field in dataclasses.fields(settings)
    }

    assert set(ROWS) == fields
    assert set(ROWS.values()) <= set(globals())


def test_the_store_is_where_the_url_says(tmp_path: Path, redis_url: str) -> None:
    """``STORE_URL``: a file below the instance folder, a path, or a server."""
    elsewhere = tmp_path / "elsewhere.db"
    prefix = f"toolkit-test-{secrets.token_hex(8)}:"

    for url in ("sqlite:///shop.db", f"sqlite:///{elsewhere}", redis_url):
        app = site(tmp_path / "instance", STORE_URL=url, STORE_PREFIX=prefix)
        client = sign_in(app)
        again = site(tmp_path / "instance", STORE_URL=url, STORE_PREFIX=prefix)
        cookie = client.get_cookie("session")
        assert cookie is not None
        other = again.test_client()
        other.set_cookie("session", cookie.value)

        # Another process of the fleet would see the same.
        assert other.get("/me").text == "7"

    assert (tmp_path / "instance" / "shop.db").is_file()
    assert elsewhere.is_file()
    assert _forget(redis_url, prefix) > 0


def test_every_key_has_the_prefix(tmp_path: Path, redis_url: str) -> None:
    """``STORE_PREFIX``: two applications on one server do not know each other's."""
    prefixes = [f"toolkit-test-{secrets.token_hex(8)}:" for _ in "ab"]
    first, second = (
        site(tmp_path, STORE_URL=redis_url, STORE_PREFIX=prefix) for prefix in prefixes
    )
    cookie = sign_in(first).get_cookie("session")
    assert cookie is not None
    client = second.test_client()
    client.set_cookie("session", cookie.value)

    assert client.get("/me").status_code == 401
    assert _forget(redis_url, prefixes[0]) > 0
    assert _forget(redis_url, prefixes[1]) == 0


def _forget(url: str, prefix: str) -> int:
    """Delete what is under a prefix, and return how much that was."""
    with redis.Redis.from_url(url) as client:
        keys = list(client.scan_iter(match=f"{prefix}*"))
        return t.cast("int", client.delete(*keys)) if keys else 0


def test_a_store_that_hangs_is_a_503(
    tmp_path: Path, private_redis: PrivateRedis
) -> None:
    """``STORE_TIMEOUT``: nobody waits for ever, and nobody gets in."""
    app = site(tmp_path, STORE_URL=private_redis.url, STORE_TIMEOUT=0.2)
    client = sign_in(app)
    private_redis.freeze()
    answer = client.get("/me")
    private_redis.thaw()

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert client.get("/me").text == "7"


def test_a_full_memory_refuses_the_next_sign_in(tmp_path: Path) -> None:
    """``STORE_MAX_ITEMS``: who is in stays in, nobody is pushed out (fact 13)."""
    app = site(tmp_path, STORE_URL="memory://", STORE_MAX_ITEMS=3)
    inside = [sign_in(app, str(number)) for number in range(3)]
    answer = app.test_client().post("/in", data={"id": "4"})

    assert (answer.status_code, "Set-Cookie" in answer.headers) == (503, False)
    assert [client.get("/me").text for client in inside] == ["0", "1", "2"]


def test_sessions_may_have_a_store_of_their_own(tmp_path: Path) -> None:
    """``SESSIONS_STORE_URL`` wins over the shared one."""
    app = site(
        tmp_path,
        STORE_URL="sqlite:///shared.db",
        SESSIONS_STORE_URL="sqlite:///sessions.db",
    )

    assert sign_in(app).get("/me").text == "7"
    assert (tmp_path / "sessions.db").is_file()
    assert not (tmp_path / "shared.db").exists()


def test_a_session_ends_whatever_the_guard_says(
    tmp_path: Path, set_time: Callable[[float], None]
) -> None:
    """``SESSIONS_MAX_AGE`` is absolute, also where the guard would allow longer."""
    app = site(tmp_path, SESSIONS_MAX_AGE=100, STORE_URL="sqlite:///s.db")
    set_time(0)
    client = sign_in(app)
    seen: list[int] = []

    for at in (50, 99, 101):
        set_time(at)
        seen.append(client.get("/me").status_code)

    assert seen == [200, 200, 401]


@pytest.fixture(name="set_time")
def _set_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the time to so many seconds after a start."""

    def set_time(at: float) -> None:
        monkeypatch.setattr("time.time", lambda: 1_800_000_000.0 + at)

    return set_time


def test_a_session_has_a_largest_size(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """``SESSIONS_MAX_BYTES``: a 500 that names the key, and no sign-in by halves."""
    app = site(tmp_path, SESSIONS_MAX_BYTES=200, STORE_URL="memory://")
    client = sign_in(app)
    answer = client.post("/in", data={"id": "8", "note": "x" * 300})

    assert answer.status_code == 500
    assert "'note'" in caplog.text
    assert "xxx" not in caplog.text
    assert client.get("/me").text == "7"
