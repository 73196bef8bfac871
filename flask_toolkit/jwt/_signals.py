"""Signals of tokens; the sender is the application."""

from __future__ import annotations

from dataclasses import dataclass

from flask_toolkit.signals import Signal

from ._claims import Claims


@dataclass(frozen=True, kw_only=True)
class Issued:
    """Payload of :data:`token_issued`."""

    claims: Claims
    """What the token says."""


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """Payload of :data:`token_rejected`."""

    reason: str
    """Why, in our words; never sent to the client."""

    kid: str | None
    """Key id that the token names; not verified."""

    jti: str | None
    """Id of the token, as it says; not verified."""

    location: str | None
    """Where the token was found."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """Payload of :data:`token_revoked` and :data:`token_reused`."""

    sid: str | None
    """The session; ``None`` if all sessions of the subject were ended."""

    sub: str


token_issued: Signal[...] = Signal("token_issued", Issued, doc="A token was made.")
token_rejected: Signal[...] = Signal(
    "token_rejected", Rejected, doc="A token did not verify."
)
token_revoked: Signal[...] = Signal(
    "token_revoked", Ended, doc="A session was ended, or all of a subject."
)
token_reused: Signal[...] = Signal(
    "token_reused",
    Ended,
    doc="A used refresh token came back, and its session was ended.",
)
