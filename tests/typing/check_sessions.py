"""The types of the sessions, as a checker must see them. Never run."""

import typing as t
from collections.abc import Mapping
from datetime import datetime
from datetime import timedelta

from flask import Flask
from flask import session

from flask_toolkit import CookieSession
from flask_toolkit import ServerSession
from flask_toolkit import Toolkit
from flask_toolkit.sessions import CookieSessionSettings
from flask_toolkit.sessions import SessionInfo
from flask_toolkit.sessions import SessionSettings
from flask_toolkit.sessions import StoredSession
from flask_toolkit.stores import MemoryStore


def check(app: Flask) -> None:
    """Each call as a user writes it."""
    sessions = ServerSession(app, store=MemoryStore())
    t.assert_type(sessions.settings_of(app), SessionSettings)
    t.assert_type(CookieSession(app).settings_of(app), CookieSessionSettings)
    t.assert_type(SessionSettings().max_age, timedelta)
    t.assert_type(sessions.delete_for("7", keep_current=True), int)
    t.assert_type(sessions.end("7", "handle"), bool)
    found = sessions.sessions_of("7")
    t.assert_type(found, list[SessionInfo])
    t.assert_type(found[0].seen, datetime)
    t.assert_type(found[0].current, bool)
    t.assert_type(found[0].data["agent"], t.Any)

    # Flask's proxy is typed as any session; ours knows more.
    stored = t.cast("StoredSession", session)
    stored.rotate()
    t.assert_type(stored.owner, str | None)
    stored.owner = "7"
    t.assert_type(stored.owners, Mapping[str, float | None])
    stored.owners = {"7": None, "staff:7": 1_800_000_000}
    t.assert_type(stored.new, bool)
    t.assert_type(stored.copy(), dict[str, t.Any])
    t.assert_type(stored | {"a": 1}, dict[str, t.Any])
    stored |= {"a": 1}
    t.assert_type(stored, StoredSession)

    t.assert_type(Toolkit(app, sessions=True).sessions, ServerSession)
    Toolkit(app, sessions="cookie")
    Toolkit(app, sessions=sessions)
    Toolkit(app, sessions=CookieSession())
    Toolkit(app, sessions="redis")  # type: ignore[arg-type]  # where they are kept is a setting
    CookieSession(app, store=MemoryStore())  # type: ignore[call-arg]  # there is none
    sessions.delete_for("7", True)  # type: ignore[call-arg]  # by keyword only
    session.rotate()  # type: ignore[attr-defined]  # not of Flask's own
