"""Settings of ServerSession, and what it says about its store."""

from __future__ import annotations

import re
import typing as t

import pytest
from flask import Flask
from flask import session

from flask_toolkit.errors import ConfigError
from flask_toolkit.sessions import ServerSession
from flask_toolkit.sessions import SessionSettings
from flask_toolkit.sessions import StoredSession
from flask_toolkit.stores import SQLiteStore

if t.TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Site


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        pytest.param("MAX_AGE", 0, "at least one second", id="age"),
        pytest.param("MAX_BYTES", 0, "between 1 and 1048576", id="none"),
        pytest.param("MAX_BYTES", 1 << 21, "between 1 and 1048576", id="many"),
        pytest.param("STORE_URL", "mysql://", "names no store", id="store"),
        pytest.param("STORE_URL", "redis://:p@ss/word@h", "well-formed", id="address"),
    ],
)
def test_a_bad_setting_stops_the_start(key: str, value: object, problem: str) -> None:
    """With its name, and without the address."""
    app = Flask("shop")
    app.config[f"TOOLKIT_SESSIONS_{key}"] = value

    with pytest.raises(ConfigError, match=re.escape(problem)) as info:
        ServerSession(app)

    assert f"TOOLKIT_SESSIONS_{key}" in str(info.value)
    assert "p@ss" not in str(info.value)


def test_the_shared_stores_settings_are_read_too() -> None:
    """All problems come at the start."""
    app = Flask("shop")
    app.config["TOOLKIT_STORE_URL"] = "mysql://"

    with pytest.raises(ConfigError, match="TOOLKIT_STORE_URL"):
        ServerSession(app)


def test_sessions_may_have_a_store_of_their_own(tmp_path: Path) -> None:
    """The shared one stays for the rest."""
    app = Flask("shop", instance_path=str(tmp_path))
    app.config["TOOLKIT_SESSIONS_STORE_URL"] = "sqlite:///sessions.db"
    sessions = ServerSession(app)
    app.add_url_rule("/", "index", lambda: str(session.setdefault("a", 1)))
    app.test_client().get("/")
    store = sessions.state_of(app).records.store

    assert isinstance(store, SQLiteStore)
    assert (tmp_path / "sessions.db").exists()
    store.close()


def test_no_address_in_a_repr() -> None:
    """It may hold a password."""
    assert "word" not in repr(SessionSettings(store_url="redis://:word@h"))


@pytest.mark.parametrize(
    ("config", "warns"),
    [
        pytest.param({}, True, id="default"),
        pytest.param({"DEBUG": True}, False, id="debug"),
        pytest.param({"TESTING": True}, False, id="testing"),
        pytest.param({"TOOLKIT_STORE_URL": "memory://"}, False, id="chosen"),
        pytest.param({"TOOLKIT_SESSIONS_STORE_URL": "memory://"}, False, id="own"),
    ],
)
def test_sessions_in_memory_are_told_once(
    config: dict[str, t.Any], warns: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Unless somebody chose so: a second worker would know none of them."""
    app = Flask("shop")
    app.config.update(config)
    ServerSession(app)
    app.add_url_rule("/", "index", lambda: str(session.setdefault("a", 1)))
    app.test_client().get("/")
    app.test_client().get("/")
    told = [r for r in caplog.records if "kept by this process alone" in r.message]

    assert len(told) == warns


def test_a_repr_shows_no_data(memory_site: Site) -> None:
    """Neither loading anything nor telling what it holds."""
    client = memory_site.client(secret="canary")
    seen: list[str] = []

    def look(held: StoredSession) -> None:
        seen.append(repr(held))
        assert held["secret"] == "canary"
        seen.append(repr(held))

    memory_site.run(client, look)
    seen.append(repr(memory_site.sessions.state_of(memory_site.app)))

    assert seen[:2] == ["<StoredSession, not loaded>", "<StoredSession of 1 keys>"]
    assert "canary" not in seen[2]
