"""What all templates share: names, filters, the request's id."""

from __future__ import annotations

import typing as t
from datetime import datetime

from flask import current_app
from flask import request

import flask_toolkit

from .extensions import guard

if t.TYPE_CHECKING:
    from flask import Flask

# What browsers and systems say of themselves. The order counts: most browsers
# name those they descend from, too.
BROWSERS = ("Edg", "OPR", "Firefox", "Chrome", "Safari", "curl")
SYSTEMS = ("iPhone", "iPad", "Android", "Windows", "Mac OS", "Linux")
SIGNS = {"EUR": "€", "GBP": "£", "USD": "$"}


def init_app(app: Flask) -> None:
    """Register the filters and the names that every page uses."""
    app.add_template_filter(money)
    app.add_template_filter(moment)
    app.context_processor(_names)


def request_id() -> str:
    """Return the id that the middleware gave this request.

    It is in the answer's ``X-Request-ID``, in the page's footer and in the audit
    log, so that one can be found from the other.
    """
    scope = request.environ.get("toolkit.scope")
    return getattr(scope, "request_id", None) or "-"


def money(cents: int) -> str:
    """Return a price as people read it."""
    return f"{SIGNS[current_app.config['CURRENCY']]}{cents / 100:,.2f}"


def moment(stored: str) -> str:
    """Return a stored time as people read it."""
    return f"{datetime.fromisoformat(stored):%d %b %Y, %H:%M:%S} UTC"


def device_name(agent: str) -> str:
    """Return what a ``User-Agent`` tells people: "Firefox on Linux".

    >>> device_name("Mozilla/5.0 (Android 14; Mobile) Gecko/126.0 Firefox/126.0")
    'Firefox on Android'
    """
    browser = next((word for word in BROWSERS if word in agent), "A program")
    system = next((word for word in SYSTEMS if word in agent), "")
    browser = {"Edg": "Edge", "OPR": "Opera"}.get(browser, browser)
    return f"{browser} on {system}" if system else browser


def _names() -> dict[str, t.Any]:
    user = guard.user_or_none
    return {
        "user": user,
        "editor": user is not None and "editor" in user.roles,
        "request_id": request_id(),
        "version": flask_toolkit.__version__,
    }
