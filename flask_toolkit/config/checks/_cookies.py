"""Checks of the session cookie (RFC 6265, and the draft that replaces it)."""

from __future__ import annotations

import typing as t
from datetime import timedelta

from flask_toolkit._findings import Level

from ._rules import rule

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from flask_toolkit._findings import Finding

    from ._facts import Facts

_NAME = "SESSION_COOKIE_NAME"
_SECURE = "SESSION_COOKIE_SECURE"
_SAMESITE = "SESSION_COOKIE_SAMESITE"
_DOMAIN = "SESSION_COOKIE_DOMAIN"
_PATH = "SESSION_COOKIE_PATH"
_LIFETIME = "PERMANENT_SESSION_LIFETIME"
_LARGEST = "MAX_COOKIE_SIZE"
_LONG = timedelta(days=31)
_BROWSERS = 4096


@rule("cookie.secure", "warning or error", "the cookie also travels without TLS")
def secure(facts: Facts) -> Iterator[Finding]:
    """Find a cookie that is sent over plain HTTP, or that browsers drop."""
    if facts.config.get(_SECURE):
        return

    name = str(facts.config.get(_NAME))
    level, message = Level.WARNING, "The session cookie also travels over plain HTTP."

    if name.lower().startswith(("__host-", "__secure-")):
        level = Level.ERROR
        message = f"Browsers drop a cookie called {name} that is not Secure."
    elif facts.config.get(_SAMESITE) == "None":
        level = Level.ERROR
        message = "Browsers drop a cookie with SameSite=None that is not Secure."

    yield facts.found("cookie.secure", level, message, "Set it to true.", _SECURE)


def _is_for_one_host(facts: Facts) -> bool:
    # Browsers compare the prefix without its case (RFC 6265bis section 5.6).
    return str(facts.config.get(_NAME)).lower().startswith("__host-")


@rule("cookie.httponly", "warning", "scripts can read the cookie")
def httponly(facts: Facts) -> Iterator[Finding]:
    """Find a cookie that a script injected into a page can steal."""
    if not facts.config.get("SESSION_COOKIE_HTTPONLY"):
        yield facts.found(
            "cookie.httponly",
            Level.WARNING,
            "Scripts can read the session cookie.",
            "Leave it at Flask's default, true.",
            "SESSION_COOKIE_HTTPONLY",
        )


@rule(
    "cookie.samesite",
    "warning or error",
    "`SESSION_COOKIE_SAMESITE` is unset; none of its values (always)",
    always=True,
)
def samesite(facts: Facts) -> Iterator[Finding]:
    """Find a cookie that other sites can make browsers send."""
    value = facts.config.get(_SAMESITE)

    if value is None:
        if facts.deploy:
            yield facts.found(
                "cookie.samesite",
                Level.WARNING,
                "What browsers do with a cookie without SameSite differs.",
                "Set it to 'Lax', or 'Strict'.",
                _SAMESITE,
            )
    # Werkzeug ignores the case of it.
    elif not isinstance(value, str) or value.title() not in {"Strict", "Lax", "None"}:
        yield facts.found(
            "cookie.samesite",
            Level.ERROR,
            "The first answer that saves a session will fail: SameSite is none of"
            " Strict, Lax and None.",
            "Set it to 'Lax', or 'Strict'.",
            _SAMESITE,
        )


@rule("cookie.domain", "warning or error", "`SESSION_COOKIE_DOMAIN` is set")
def domain(facts: Facts) -> Iterator[Finding]:
    """Find a cookie that every host below a name gets."""
    if not facts.config.get(_DOMAIN):
        return

    if _is_for_one_host(facts):
        level, message = Level.ERROR, "Browsers drop a __Host- cookie with a domain."
    else:
        level = Level.WARNING
        message = "Every host below this domain gets the session cookie."

    hint = "Take it away, if the hosts do not share sessions."
    yield facts.found("cookie.domain", level, message, hint, _DOMAIN)


@rule(
    "cookie.prefix",
    "info or error",
    "the name could begin with `__Host-` and does not; it does, below another path",
)
def prefix(facts: Facts) -> Iterator[Finding]:
    """Find a cookie that could not be set by a neighbour, by its name."""
    config = facts.config
    path = config.get(_PATH) or config.get("APPLICATION_ROOT")
    possible = config.get(_SECURE) and path == "/" and not config.get(_DOMAIN)

    if _is_for_one_host(facts):
        if path != "/":
            yield facts.found(
                "cookie.prefix",
                Level.ERROR,
                f"Browsers drop a __Host- cookie with the path {path!r}.",
                "Set the path to '/', or take another name.",
                _PATH,
            )
    elif possible:
        yield facts.found(
            "cookie.prefix",
            Level.INFO,
            "A host below the same domain can plant a session cookie.",
            "Call it '__Host-session': browsers then take it from this host alone.",
            _NAME,
        )


@rule(
    "cookie.lifetime",
    "info or error",
    "sessions last longer than 31 days; the value is no duration (always)",
    always=True,
)
def lifetime(facts: Facts) -> Iterator[Finding]:
    """Find sessions that last for very long, or cannot be saved."""
    value = facts.config.get(_LIFETIME)

    if isinstance(value, int) and not isinstance(value, bool):
        value = timedelta(seconds=min(value, 10**9))

    if not isinstance(value, timedelta):
        yield facts.found(
            "cookie.lifetime",
            Level.ERROR,
            "The first answer with a permanent session will fail: the lifetime is"
            " neither a number of seconds nor a timedelta.",
            "Set it to a number of seconds.",
            _LIFETIME,
        )
    elif facts.deploy and value > _LONG:
        yield facts.found(
            "cookie.lifetime",
            Level.INFO,
            f"A session lasts {value.days} days; so does a stolen one.",
            "Set a shorter one.",
            _LIFETIME,
        )


@rule("cookie.partitioned", "warning", "partitioned, without SameSite=None")
def partitioned(facts: Facts) -> Iterator[Finding]:
    """Find a cookie made for frames of other sites that never gets there."""
    config = facts.config

    if config.get("SESSION_COOKIE_PARTITIONED") and config.get(_SAMESITE) != "None":
        yield facts.found(
            "cookie.partitioned",
            Level.WARNING,
            "A partitioned cookie is for frames on other sites, where SameSite"
            " keeps it from being sent.",
            "Set SESSION_COOKIE_SAMESITE to 'None', or take this away.",
            "SESSION_COOKIE_PARTITIONED",
        )


@rule("cookie.size", "warning", "`MAX_COOKIE_SIZE` is off, or above what browsers take")
def size(facts: Facts) -> Iterator[Finding]:
    """Find the warning about cookies that browsers drop switched off."""
    value = facts.config.get(_LARGEST)

    if isinstance(value, int) and not 0 < value < _BROWSERS:
        yield facts.found(
            "cookie.size",
            Level.WARNING,
            "Nobody is told when a session grows beyond what browsers keep, and is"
            " lost.",
            "Leave it at Flask's default, 4093; keep large data in ServerSession.",
            _LARGEST,
        )
