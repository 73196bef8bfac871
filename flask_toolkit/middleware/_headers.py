"""What a middleware may put into the header of an answer."""

from __future__ import annotations

import re
import typing as t
from wsgiref.headers import Headers

__all__ = ["CheckedHeaders", "checked", "trouble", "trouble_with_id"]

# RFC 9110 sections 5.1 and 5.5; PEP 3333 wants nothing beyond latin-1.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?")
# RFC 9110 section 7.6.1; PEP 3333 leaves them to the server.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# What says something else, by RFC 9110 and the registry of fields, and would be
# overwritten or stand twice. So would all that begins with these.
_MEANT = (
    *("accept-", "access-control-", "content-", "cross-origin-", "proxy-", "sec-"),
    *("x-content-", "x-frame-"),
)
_MEANINGS = frozenset(
    {
        *("age", "allow", "alt-svc", "authentication-info", "authorization"),
        *("cache-control", "clear-site-data", "cookie", "date", "etag", "expires"),
        *("host", "last-modified", "link", "location", "permissions-policy"),
        *("pragma", "referrer-policy", "refresh", "retry-after", "server"),
        *("server-timing", "set-cookie", "strict-transport-security", "vary"),
        *("via", "www-authenticate"),
    }
)
_MOST_NAMES = 256
# Names that were set, with the name in lower case and the first pair. Middlewares
# set constants: the same value again needs no second look.
_known: dict[str, tuple[str, tuple[str, str]]] = {}
# A dict answers in a third of the time that str.lower() and a hash take.
_lower: dict[str, str] = {}


def trouble(name: object, value: object = "") -> str | None:
    r"""Return why this cannot be a header of an answer, or ``None``.

    The value is not repeated: it may come from the client.

    >>> trouble("X-Shop", "blue"), trouble("X-Shop", "blue\r\nSet-Cookie: a=b")
    (None, "the value of 'X-Shop' holds a character that no header may hold")
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return f"{name!r} is not the name of a header"

    if name.lower() in _HOP_BY_HOP:
        return f"{name!r} belongs to the server (a hop-by-hop header)"

    if not isinstance(value, str):
        return f"the value of {name!r} is no text"

    if not _VALUE.fullmatch(value):
        return f"the value of {name!r} holds a character that no header may hold"

    return None


def trouble_with_id(name: object) -> str | None:
    """Return why no header of this name can carry an id, or ``None``.

    >>> trouble_with_id("X-Request-ID"), trouble_with_id("Vary")
    (None, "'Vary' says something else than an id: choose a name as X-Trace-ID")
    """
    problem = trouble(name)

    if problem is None:
        lower = str(name).lower()

        if lower in _MEANINGS or lower.startswith(_MEANT):
            return (
                f"{name!r} says something else than an id: choose a name as X-Trace-ID"
            )

    return problem


def checked(name: str, value: str) -> tuple[str, str]:
    """Return the header as a pair.

    :raises ValueError: If it would break the answer, or end it early.
    """
    problem = trouble(name, value)

    if problem is not None:
        raise ValueError(problem)

    return name, value


class CheckedHeaders(Headers):
    """The headers of an answer; what is set is checked, what stands is not.

    What is set waits until somebody looks, or for ``flush()``: then one pass finds
    what it replaces, and not one pass for each.
    """

    def __init__(self, headers: list[tuple[str, str]]) -> None:
        # Not through super(), which looks at each header the application set.
        self._list = headers
        self._set: dict[str, tuple[str, str]] = {}

    @property
    def _headers(self) -> list[tuple[str, str]]:
        """Return all headers, to what the standard library does with them."""
        self.flush()
        return self._list

    def flush(self) -> None:
        """Write what was set into the list, in the place of what was there."""
        waiting, there = self._set, self._list

        if not waiting:
            return

        self._set = {}

        for name, _ in there:
            try:
                lower = _lower[name]
            except KeyError:
                lower = _lowered(name)

            if lower in waiting:
                there[:] = [pair for pair in there if pair[0].lower() not in waiting]
                break

        there += waiting.values()

    def __setitem__(self, name: str, val: t.Any) -> None:
        try:
            lower, pair = _known[name]
        except KeyError:
            lower, pair = _remember(name, val)

        if pair[1] is not val:
            pair = name, val

            # Four cheap questions clear nearly every value; the rules judge the rest.
            if not (
                type(val) is str
                and val.isascii()
                and val.isprintable()
                and val.strip() == val
            ):
                checked(name, val)

        self._set[lower] = pair

    def setdefault(self, name: str, value: str) -> str:
        """Set a header unless it is there, and return its value."""
        return super().setdefault(*checked(name, value))

    def add_header(self, _name: str, _value: str | None, **_params: str | None) -> None:
        """Add a header, however many of its name there are.

        Keyword arguments are parameters after the value, as in ``filename="..."``.
        """
        super().add_header(_name, _value, **_params)

        try:
            checked(*self._headers[-1])
        except ValueError:
            del self._headers[-1]
            raise


def _remember(name: str, value: str) -> tuple[str, tuple[str, str]]:
    """Check a header, and return its name in lower case and the pair.

    :raises ValueError: If it would break the answer. That is not kept.
    """
    pair = checked(name, value)
    known = name.lower(), pair

    if len(_known) < _MOST_NAMES:
        _known[name] = known

    return known


def _lowered(name: str) -> str:
    """Return a name in lower case, and keep it: those of an application repeat."""
    lower = name.lower()

    if len(_lower) < _MOST_NAMES:
        _lower[name] = lower

    return lower
