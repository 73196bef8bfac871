"""Checks of names, proxies and limits of requests."""

from __future__ import annotations

import typing as t

from flask_toolkit._findings import Level
from flask_toolkit._settings import settings_table

from ._rules import rule

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from flask_toolkit._findings import Finding

    from ._facts import Facts

_TRUSTED = "TRUSTED_HOSTS"
_NAME = "SERVER_NAME"
_SCHEME = "PREFERRED_URL_SCHEME"
_HOPS = ("x_for", "x_proto", "x_host", "x_port", "x_prefix")


@rule(
    "host.trusted",
    "warning or error",
    "`TRUSTED_HOSTS` is empty; an entry can match no host (always)",
    always=True,
)
def trusted(facts: Facts) -> Iterator[Finding]:
    """Find hosts that nobody restricted (RFC 9110 section 7.2), or wrongly."""
    hosts: t.Any = facts.config.get(_TRUSTED)

    if not hosts:
        if facts.deploy:
            yield facts.found(
                "host.trusted",
                Level.WARNING,
                "A request may claim any host, and addresses are made from it.",
                "List the names this application is reached by.",
                _TRUSTED,
            )

        return

    wrong = [host for host in hosts if "*" in str(host) or "/" in str(host)]

    if isinstance(hosts, str) or wrong:
        yield facts.found(
            "host.trusted",
            Level.ERROR,
            "Every request is refused: an entry is a pattern, an address or a single"
            " letter, and no host.",
            "List names; '.shop.example' stands for all below it.",
            _TRUSTED,
        )


@rule("host.server_name", "info or warning", "`SERVER_NAME` is unset; has a scheme")
def server_name(facts: Facts) -> Iterator[Finding]:
    """Find an application that cannot make addresses without a request."""
    name = facts.config.get(_NAME)

    if name is None:
        yield facts.found(
            "host.server_name",
            Level.INFO,
            "Without a request no full address can be made: for mails of a worker.",
            "Set it to the name this application is reached by, if it sends some.",
            _NAME,
        )
    elif "://" in str(name):
        yield facts.found(
            "host.server_name",
            Level.WARNING,
            "A name with a scheme matches no request.",
            "Take the scheme away: 'shop.example'.",
            _NAME,
        )


@rule("host.scheme", "warning", "`PREFERRED_URL_SCHEME` is http, the cookie Secure")
def scheme(facts: Facts) -> Iterator[Finding]:
    """Find mailed links that lead to where the session cookie is not sent."""
    config = facts.config

    if config.get(_SCHEME) == "http" and config.get("SESSION_COOKIE_SECURE"):
        yield facts.found(
            "host.scheme",
            Level.WARNING,
            "Addresses made without a request are http://, and the session cookie"
            " does not travel there.",
            "Set it to 'https'.",
            _SCHEME,
        )


@rule(
    "proxy.fix", "info", "no `ProxyFix` is around the application, or it trusts several"
)
def proxy(facts: Facts) -> Iterator[Finding]:
    """Find what an application behind a proxy takes for its visitors."""
    hops = list(_hops(facts))

    if not hops:
        message = "Behind a proxy, every visitor has the address of the proxy."
        hint = (
            "If there is one, set TOOLKIT_MIDDLEWARE_PROXY_FIX, or put ProxyFix around."
        )
    elif max(hops) > 1:
        message = (
            f"{max(hops)} proxies are trusted: with fewer, visitors pick an address."
        )
        hint = "Count them."
    else:
        return

    yield facts.found("proxy.fix", Level.INFO, message, hint)


def _hops(facts: Facts) -> Iterator[int]:
    for layer in facts.layers:
        if type(layer).__name__ == "ProxyFix":
            yield from (int(getattr(layer, name, 0)) for name in _HOPS)

    stack = settings_table(facts.app).get("middleware")
    counts: dict[str, int] = getattr(stack and stack.settings, "proxy_fix", {})
    yield from counts.values()


@rule("limit.body", "warning", "`MAX_CONTENT_LENGTH` is None")
def body(facts: Facts) -> Iterator[Finding]:
    """Find requests without a limit of their size."""
    if facts.config.get("MAX_CONTENT_LENGTH") is None:
        yield facts.found(
            "limit.body",
            Level.WARNING,
            "A request may be of any size.",
            "Set it to the largest upload, in bytes; a view can raise it for itself.",
            "MAX_CONTENT_LENGTH",
        )


@rule("limit.form", "warning", "`MAX_FORM_MEMORY_SIZE` or `MAX_FORM_PARTS` is None")
def form(facts: Facts) -> Iterator[Finding]:
    """Find forms without a limit of what they take."""
    for key in ("MAX_FORM_MEMORY_SIZE", "MAX_FORM_PARTS"):
        if facts.config.get(key) is None:
            yield facts.found(
                "limit.form",
                Level.WARNING,
                "A form may take any memory, or any number of parts.",
                "Leave it at Flask's default.",
                key,
            )
