"""Users: who can log in, and what they may do."""

from __future__ import annotations

import re
import sqlite3
import typing as t
from dataclasses import dataclass
from dataclasses import field

from flask_toolkit.guard import hash_password
from flask_toolkit.guard import verify_password
from flask_toolkit.signing import SignedTokens

from . import db
from .extensions import guard
from .extensions import jwt
from .extensions import sessions

if t.TYPE_CHECKING:
    from flask_toolkit.jwt import Claims

MAX_NAME = 64
MIN_PASSWORD = 12
USERNAME = re.compile(r"[a-z][a-z0-9]{1,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One person; the guard reads ``id`` and ``roles``."""

    id: int
    username: str
    name: str
    roles: tuple[str, ...]
    password: str = field(repr=False)
    epoch: int


# A link that sets a new password. The hash is part of it, so the change itself
# ends the link, and all others that were asked for.
resets = SignedTokens[User](
    "reset-password", max_age=1800, state=lambda user: user.password
)


@guard.user_loader
def load(user_id: str) -> User | None:
    """Return the user whose id the session cookie names."""
    return _user(db.row("SELECT * FROM users WHERE id = ?", [user_id]))


@guard.epoch
def epoch(user: User) -> str:
    """Return what a login is bound to: once it changes, older logins are over."""
    return str(user.epoch)


@jwt.user_loader
def load_for_token(claims: Claims) -> User | None:
    """Return the user whom an access token names."""
    return load(claims.sub)


def find(username: str) -> User | None:
    """Return the user of a name, as a login form has it."""
    return _user(db.row("SELECT * FROM users WHERE username = ?", [username]))


def check(username: str, password: str) -> User | None:
    """Return the user if the password is right."""
    found = find(username)
    # Asked even when nobody was found: an unknown name then takes as long as a
    # wrong password, and the answer's time does not tell who has an account.
    right = verify_password(found.password if found else None, password)

    if found is None or not right:
        # For the audit log. People type passwords into the wrong field, so no
        # more than a user name's length of it is kept.
        guard.login_failed(username[:MAX_NAME])
        return None

    return found


def problem_of(password: str) -> str:
    """Return what is wrong with a password that somebody chose, if anything."""
    if not MIN_PASSWORD <= len(password) <= MAX_NAME:
        return f"Choose a password of {MIN_PASSWORD} to {MAX_NAME} characters."

    return ""


def create(username: str, name: str, password: str) -> User | None:
    """Store a new customer; ``None`` if the name is taken."""
    connection = db.connect()

    try:
        with connection:
            connection.execute(
                "INSERT INTO users (username, name, roles, password)"
                " VALUES (?, ?, 'customer', ?)",
                [username, name, hash_password(password)],
            )
    except sqlite3.IntegrityError:
        # Of two who want it at the same time the database lets one have it.
        return None

    return find(username)


def set_password(user: User, password: str) -> User:
    """Store a new password, and end all that was proved with the old one.

    The epoch ends every login, also in a copied cookie; sessions and tokens are
    ended as well, so that no list shows what cannot be used any more.
    """
    connection = db.connect()

    with connection:
        connection.execute(
            "UPDATE users SET password = ?, epoch = epoch + 1 WHERE id = ?",
            [hash_password(password), user.id],
        )

    sessions.delete_for(str(user.id), keep_current=True)
    jwt.revoke_subject(str(user.id))
    return t.cast("User", load(str(user.id)))


def _user(row: sqlite3.Row | None) -> User | None:
    if row is None:
        return None

    values = dict(row)
    return User(**values | {"roles": tuple(values["roles"].split())})
