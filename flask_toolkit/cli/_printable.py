"""How commands print what strangers wrote."""

from __future__ import annotations

import json


def printable(text: str, encoding: str | None = "utf-8") -> str:
    r"""Return ``text`` with what a terminal would obey, or cannot show, escaped.

    Control characters, those that turn the direction of writing, and separators
    other than a space.

    >>> print(printable("red \x1b[31m and \u202eback"))
    red \u001b[31m and \u202eback
    """
    safe = "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
    coding = encoding or "ascii"
    return safe.encode(coding, "backslashreplace").decode(coding)
