"""The audit log: receivers that write down what others announce."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from flask_toolkit.guard import logged_in
from flask_toolkit.guard import logged_out
from flask_toolkit.guard import login_failed
from flask_toolkit.jwt import token_reused
from flask_toolkit.jwt import token_revoked

from . import db
from . import users
from .extensions import guard
from .extensions import signals
from .pages import request_id
from .signals import order_placed
from .signals import part_changed
from .signals import password_changed
from .signals import registered
from .signals import tokens_granted

if t.TYPE_CHECKING:
    from flask import Flask

    from flask_toolkit.identity import Identity

    from .users import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the log."""

    at: str
    event: str
    actor: str
    detail: str
    request_id: str


def init_app(app: Flask) -> None:
    """Connect the receivers.

    ``app=`` makes the application their owner: they live as long as it does,
    hear only what it sends and are gone with it.
    """
    order_placed.connect(on_order, app=app)
    part_changed.connect(on_change, app=app)
    tokens_granted.connect(on_grant, app=app)
    registered.connect(on_registration, app=app)
    password_changed.connect(on_password, app=app)

    # The same for signals that others define.
    signals.on(logged_in, app)(on_login)
    signals.on(logged_out, app)(on_logout)
    signals.on(login_failed, app)(on_failure)
    signals.on(token_revoked, app)(on_end)
    signals.on(token_reused, app)(on_reuse)


def latest(limit: int = 50) -> list[Entry]:
    """Return the newest lines, newest first."""
    found = db.rows(
        "SELECT at, event, actor, detail, request_id FROM audit"
        " ORDER BY id DESC LIMIT ?",
        [limit],
    )
    return [Entry(**dict(row)) for row in found]


# A receiver takes the sender and those fields that it wants to know.


def on_order(_app: Flask, number: int, sku: str, quantity: int) -> None:
    """Write down an order."""
    _write("order-placed", guard.user.username, f"order {number}: {quantity} x {sku}")


def on_change(_app: Flask, sku: str, cents: int, stock: int) -> None:
    """Write down what an editor changed."""
    detail = f"{sku}: price {cents / 100:.2f}, stock {stock}"
    _write("part-changed", guard.user.username, detail)


def on_grant(_app: Flask, username: str, scope: str) -> None:
    """Write down which program's login got tokens, and for what."""
    _write("tokens-granted", username, f"scope {scope}" if scope else "no scope")


def on_registration(_app: Flask, username: str) -> None:
    """Write down a new account."""
    _write("registered", username)


def on_password(_app: Flask, username: str, how: str) -> None:
    """Write down that somebody has a new password, and by which way."""
    _write("password-changed", username, how)


def on_login(_app: Flask, identity: Identity[User], **_: t.Any) -> None:
    """Write down who logged in."""
    _write("logged-in", _name(identity))


def on_logout(_app: Flask, identity: Identity[User] | None, **_: t.Any) -> None:
    """Write down who logged out."""
    _write("logged-out", _name(identity))


def on_failure(_app: Flask, identifier: str, ip: str | None, **_: t.Any) -> None:
    """Write down a failed login: what was typed as the name, and from where."""
    typed = f"as {identifier!r}" if identifier else "without a name"
    _write("login-failed", "", f"{typed}, from {ip}")


def on_end(_app: Flask, sid: str | None, sub: str) -> None:
    """Write down that a program logged out, or that a user ended all of them."""
    _write("tokens-ended", _username(sub), "one session" if sid else "all sessions")


def on_reuse(_app: Flask, sub: str, **_: t.Any) -> None:
    """Write down that a used refresh token came back: somebody has a copy."""
    _write("token-reused", _username(sub), "session ended")


def _username(sub: str) -> str:
    user = users.load(sub)
    return user.username if user else sub


def _name(identity: Identity[User] | None) -> str:
    user = identity and identity.user
    return user.username if user else ""


def _write(event: str, actor: str, detail: str = "") -> None:
    connection = db.connect()

    with connection:
        connection.execute(
            "INSERT INTO audit (at, event, actor, detail, request_id)"
            " VALUES (?, ?, ?, ?, ?)",
            [db.now(), event, actor, detail, request_id()],
        )
