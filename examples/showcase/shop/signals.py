"""What the shop announces. It does not know who listens."""

from __future__ import annotations

from dataclasses import dataclass

from .extensions import signals


@dataclass(frozen=True, kw_only=True)
class OrderPlaced:
    """Payload: which fields a sender must give and a receiver may take."""

    number: int
    sku: str
    quantity: int


@dataclass(frozen=True, kw_only=True)
class PartChanged:
    """Payload: an editor changed a part."""

    sku: str
    cents: int
    stock: int


@dataclass(frozen=True, kw_only=True)
class TokensGranted:
    """Payload: a program logged in."""

    username: str
    scope: str


@dataclass(frozen=True, kw_only=True)
class Registered:
    """Payload: somebody made an account."""

    username: str


@dataclass(frozen=True, kw_only=True)
class PasswordChanged:
    """Payload: a user has a new password, and how it was set."""

    username: str
    how: str


order_placed = signals.define("order-placed", OrderPlaced, doc="An order was stored.")
part_changed = signals.define("part-changed", PartChanged, doc="A part was edited.")
tokens_granted = signals.define(
    "tokens-granted", TokensGranted, doc="A program got tokens for a password."
)
registered = signals.define("registered", Registered, doc="An account was made.")
password_changed = signals.define(
    "password-changed", PasswordChanged, doc="A user has a new password."
)
