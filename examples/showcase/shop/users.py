"""Users: who can log in, and what they may do."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from dataclasses import field

from flask_toolkit.guard import verify_password

from . import db
from .extensions import guard
from .extensions import jwt

if t.TYPE_CHECKING:
    import sqlite3

    from flask_toolkit.jwt import Claims

MAX_NAME = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One person; the guard reads ``id`` and ``roles``."""

    id: int
    username: str
    name: str
    roles: tuple[str, ...]
    password: str = field(repr=False)
    epoch: int


@guard.user_loader
def load(user_id: str) -> User | None:
    """Return the user whose id the session cookie names."""
    return _user(db.row("SELECT * FROM users WHERE id = ?", [user_id]))


@guard.epoch
def epoch(user: User) -> str:
    """Return what a login is bound to: once it changes, older logins are over.

    Flask's cookie holds the session itself, so nobody can delete a copy of it.
    """
    return str(user.epoch)


@jwt.user_loader
def load_for_token(claims: Claims) -> User | None:
    """Return the user whom an access token names."""
    return load(claims.sub)


def check(username: str, password: str) -> User | None:
    """Return the user if the password is right."""
    found = _user(db.row("SELECT * FROM users WHERE username = ?", [username]))
    # Asked even when nobody was found: an unknown name then takes as long as a
    # wrong password, and the answer's time does not tell who has an account.
    right = verify_password(found.password if found else None, password)

    if found is None or not right:
        # For the audit log. People type passwords into the wrong field, so no
        # more than a user name's length of it is kept.
        guard.login_failed(username[:MAX_NAME])
        return None

    return found


def end_logins(user: User) -> None:
    """End all logins of a user, on every device and in every copied cookie."""
    connection = db.connect()

    with connection:
        connection.execute("UPDATE users SET epoch = epoch + 1 WHERE id = ?", [user.id])


def _user(row: sqlite3.Row | None) -> User | None:
    if row is None:
        return None

    values = dict(row)
    return User(**values | {"roles": tuple(values["roles"].split())})
