"""What the browser sent as the session's cookie."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from flask import Request


def sent(request: Request, name: str) -> str:
    """Return the first cookie with a name, empty if there is none.

    ``request.cookies`` has the same and costs more than a session in memory: it
    looks through all headers, and makes a dictionary of every cookie.
    """
    header: str = request.environ.get("HTTP_COOKIE", "")
    found = find(header, name)
    return request.cookies.get(name, "") if found is None else found


def find(header: str, name: str) -> str | None:
    r"""Return what Werkzeug reads as the first cookie with a name, empty if none.

    :returns: ``None`` for what its parser has to read: quotes, white space in a
        value, and letters that are not ASCII.

    >>> find("theme=dark; session=abc", "session"), find("theme=dark", "session")
    ('abc', '')
    >>> find('session="a\\073c"', "session")
    """
    if '"' in header or not header.isascii():
        return None

    for part in header.split(";"):
        key, _, value = part.partition("=")

        if key.strip(" \t") == name:
            value = value.strip(" \t")
            # Werkzeug 3.1.6 reads it, 3.1.9 looks at the next cookie.
            return None if " " in value or "\t" in value else value

    return ""
