"""Signals of the guard; the sender is the application."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from flask_toolkit.identity import Identity
from flask_toolkit.signals import Signal

from ._decision import Decision


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """Payload of :data:`logged_in` and :data:`identity_loaded`."""

    guard: str
    """Name of the guard."""

    identity: Identity[t.Any]


@dataclass(frozen=True, kw_only=True)
class SignedOut:
    """Payload of :data:`logged_out`."""

    guard: str
    identity: Identity[t.Any] | None
    """Who it was; ``None`` if nobody was signed in."""


@dataclass(frozen=True, kw_only=True)
class Failed:
    """Payload of :data:`login_failed`."""

    guard: str
    identifier: str
    """What was typed: never log it, people type passwords into this field."""

    ip: str | None


@dataclass(frozen=True, kw_only=True)
class Denied:
    """Payload of :data:`access_denied`."""

    decision: Decision


logged_in: Signal[...] = Signal("logged_in", SignedIn, doc="Somebody signed in.")
logged_out: Signal[...] = Signal("logged_out", SignedOut, doc="Somebody signed out.")
login_failed: Signal[...] = Signal("login_failed", Failed, doc="A sign-in failed.")
access_denied: Signal[...] = Signal(
    "access_denied", Denied, doc="A request was refused."
)
identity_loaded: Signal[...] = Signal(
    "identity_loaded", SignedIn, doc="A guard learned who sent a request."
)
