"""Decisions of the guard that need no Flask: redirects, origins, challenges."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import quote
from urllib.parse import unquote

from flask_toolkit.identity import RequestOrigin

if t.TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence

MAX_NEXT: t.Final = 2048
"""The longest way back that is carried, in characters."""

SAFE_METHODS: t.Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110 section 9.2.1); TRACE is not one here."""

# Surrogates cannot be part of an address, and encoding them would be an error.
_LOCAL_PATH = re.compile(
    r"/(?!/)[^\x00-\x20\x7f-\x9f\\\u2028\u2029\ufeff\ud800-\udfff]{0,2047}"
)
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_PATH_SAFE = "/:@!$&'()*+,;=-._~"
# What is left as it came, byte for byte; "#" would end the query.
_QUERY_SAFE = _PATH_SAFE + '?%"<>[]^`{|}'


def safe_next(target: str | None, default: str) -> str:
    r"""Return ``target`` if a redirect to it stays on this site, else ``default``.

    Only paths pass, and nothing is repaired. Browsers read ``//host`` and
    ``/\host`` as another host, and drop tabs and newlines before they parse
    (WHATWG URL Standard, section 4.4).

    :param target: The ``next`` parameter, already percent-decoded.

    >>> safe_next("/account?tab=2", "/")
    '/account?tab=2'
    >>> safe_next("//evil.example", "/"), safe_next("https://evil.example", "/")
    ('/', '/')
    """
    return target if target and _LOCAL_PATH.fullmatch(target) else default


def way_back(root: str, path: str, query: bytes) -> str | None:
    r"""Return the address of a page as a ``next`` value; ``None`` if too long.

    :param root: Where the application is mounted, decoded.
    :param path: The path below it, decoded.
    :param query: The raw query, without ``?``: some programs do not encode it, and
        its bytes are text of an encoding that is theirs.

    >>> way_back("/shop", "/caf\u00e9", b"a=1&b=%e9")
    '/shop/caf%C3%A9?a=1&b=%e9'
    >>> way_back("", "//evil.example", b"")
    '/evil.example'
    """
    # Leading slashes collapse: as a target they would name a host.
    where = "/" + quote(root + path, safe=_PATH_SAFE, errors="replace").lstrip("/")
    target = f"{where}?{quote(query, safe=_QUERY_SAFE)}" if query else where
    return target if len(target) <= MAX_NEXT else None


def path_of_referer(referer: str | None, host_url: str) -> str | None:
    """Return the path of a page of this site that sent a form, else ``None``.

    :param host_url: Scheme and host of this request, ending in a slash.

    >>> path_of_referer("https://shop.example/cart?x=1", "https://shop.example/")
    '/cart?x=1'
    >>> path_of_referer("https://evil.example/", "https://shop.example/") is None
    True
    """
    if not referer or not referer.startswith(host_url):
        return None

    path = safe_next("/" + referer.removeprefix(host_url).partition("#")[0], "")
    # A header is text of one byte a character.
    return quote(path, _QUERY_SAFE, "latin-1", "replace") or None


def path_below(root: str, target: str) -> str | None:
    """Return the decoded path of a ``next`` value below the mount ``root``.

    >>> path_below("/shop", "/shop/caf%C3%A9?a=1")
    '/café'
    >>> path_below("/shop", "/other") is None
    True
    """
    path = unquote(re.split(r"[?#]", target, maxsplit=1)[0])

    # A browser takes these out, and asks for another page than was looked up.
    if not {".", ".."}.isdisjoint(path.split("/")):
        return None

    return path.removeprefix(root) if path.startswith(f"{root}/") else None


def is_navigation(environ: Mapping[str, t.Any]) -> bool:
    """Tell whether a person follows a link, rather than a program asks.

    Fetch Metadata decides, else ``Accept`` must name a page: ``*/*`` alone is
    what programs send, and a program must never get a login page.

    >>> is_navigation({"HTTP_ACCEPT": "text/html,*/*;q=0.8"})
    True
    >>> is_navigation({"HTTP_ACCEPT": "*/*"})
    False
    """
    mode = environ.get("HTTP_SEC_FETCH_MODE")

    if mode:
        return bool(mode == "navigate")

    accept: str = environ.get("HTTP_ACCEPT", "")
    return any(_names_page(item) for item in accept.split(","))


def _names_page(item: str) -> bool:
    kind, *parameters = (part.strip().lower() for part in item.split(";"))
    refused = any(re.fullmatch(r"q=0(\.0*)?", part) for part in parameters)
    return kind in _PAGES and not refused


def origin_refused(origin: RequestOrigin, mode: str) -> bool:
    """Tell whether a state change from ``origin`` is refused.

    >>> origin_refused(RequestOrigin.UNKNOWN, "on")
    False
    >>> origin_refused(RequestOrigin.UNKNOWN, "strict")
    True
    """
    if origin is RequestOrigin.UNKNOWN:
        return mode == "strict"

    return origin is RequestOrigin.CROSS


def only_scheme_differs(environ: Mapping[str, t.Any]) -> bool:
    """Tell whether the page came from this host by the other scheme.

    So it looks when a proxy speaks https and the application does not know.

    >>> only_scheme_differs({"HTTP_ORIGIN": "https://a.example",
    ...     "HTTP_HOST": "a.example", "wsgi.url_scheme": "http"})
    True
    """
    scheme, _, host = environ.get("HTTP_ORIGIN", "").partition("://")
    own = environ.get("wsgi.url_scheme", "")
    return bool(host) and host == environ.get("HTTP_HOST") and scheme != own


def default_id(user: object) -> str:
    """Return ``str(user.id)``, the id of a user where no ``id_of`` is set.

    :raises TypeError: If the user has no ``id``, or it is empty.
    """
    id: object = getattr(user, "id", None)
    return checked_id("" if id is None else str(id))


def checked_id(id: object) -> str:
    """Return ``id`` if it can name a user.

    :raises TypeError: If it is not text, or empty.
    """
    if isinstance(id, str) and id:
        return id

    raise TypeError(
        "The id of a user must be a text that is not empty. Give users an 'id'"
        " or say where it is with @guard.id_of."
    )


def default_roles(user: object) -> Collection[str]:
    """Return ``user.roles``, the roles where no ``roles_of`` is set.

    :raises TypeError: If the user has none.
    """
    roles: Collection[str] | None = getattr(user, "roles", None)

    if roles is None:
        raise TypeError(
            f"{type(user).__name__} has no 'roles'. Say where they are with"
            " @guard.roles_of."
        )

    return roles


def checked_roles(roles: Collection[str]) -> Collection[str]:
    """Return ``roles`` unless it is one text.

    :raises TypeError: ``"a" in "banana"`` is true, so a bare text grants too much.
    """
    if isinstance(roles, (str, bytes)):
        raise TypeError("Roles must be a collection of names, not one text.")

    return roles


def quoted(text: str) -> str:
    """Return ``text`` as a quoted-string for a header (RFC 9110 section 5.6.4).

    >>> quoted('my "shop"')
    '"my shop"'
    """
    kept = (c for c in text if c.isascii() and c.isprintable() and c not in '"\\')
    return f'"{"".join(kept)}"'


def with_parameters(challenge: str, parameters: Sequence[tuple[str, str]]) -> str:
    """Return a challenge with further parameters (RFC 9110 section 11.3).

    >>> with_parameters('Bearer realm="api"', [("error", "invalid_token")])
    'Bearer realm="api", error="invalid_token"'
    >>> with_parameters("Bearer", [("error", "invalid_token")])
    'Bearer error="invalid_token"'
    """
    if not parameters:
        return challenge

    added = ", ".join(f"{name}={quoted(value)}" for name, value in parameters)
    return f"{challenge}{', ' if ' ' in challenge else ' '}{added}"


def is_bearer(challenge: str) -> bool:
    """Tell whether a challenge is of the scheme of RFC 6750, in any case."""
    return challenge.partition(" ")[0].lower() == "bearer"


def one_value(*sources: Iterable[str]) -> str | None:
    """Return the value that all sources agree on; ``None`` if one repeats it.

    >>> one_value(["/a"], ["/a"]), one_value(["/a", "/a"]), one_value(["/a"], ["/b"])
    ('/a', None, None)
    """
    given = [list(source) for source in sources]
    found = {value for values in given for value in values}

    if len(found) != 1 or any(len(values) > 1 for values in given):
        return None

    return found.pop()
