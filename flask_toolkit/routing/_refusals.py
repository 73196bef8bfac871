"""What no value of a URL may read, whatever its pattern.

Pure: text in, a reason or ``None`` out.
"""

from __future__ import annotations

import functools
import re
import typing as t

_NEVER: t.Final = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_REFUSED: t.Final = "".join(
    map(chr, (*range(0x20), 0x7F, *b"./%", *range(0xD800, 0xE000)))
)
_LABEL: t.Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST: t.Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_PORT: t.Final = re.compile(":[0-9]{1,5}\\Z")
_DOTS: t.Final = re.compile(r"(?:\A|/)(?:\.|%2e){1,2}(?:/|\Z)", re.IGNORECASE)


def refusal(text: str, *, maxlength: int, slashes: bool) -> str | None:
    """Return why no value may read so, whatever its pattern, or ``None``.

    Control characters would reach headers (RFC 9110 section 5.5). Clients resolve
    dot segments before they send, also percent-encoded ones (RFC 3986 sections
    5.2.4 and 6.2.2.2), so such a value could never come back.

    >>> refusal("a.b", maxlength=3, slashes=False)
    >>> refusal("x/..", maxlength=255, slashes=True)
    'it has a dot segment'
    """
    if len(text) > maxlength:
        return f"it is longer than {maxlength} characters"

    if not text.isprintable() and _NEVER.search(text):
        return "it has a control character"

    if not slashes and "/" in text:
        return "it has a slash"

    if ("." in text or "%" in text) and _DOTS.search(text):
        return "it has a dot segment"

    return None


def slash_refusal(text: str) -> str | None:
    """Return why no URL may be built from a value with these slashes, or ``None``.

    An empty segment can turn a path into another authority: a link to
    ``//evil.example`` leaves the site (RFC 3986 section 4.2).

    >>> slash_refusal("a/b")
    >>> slash_refusal("a//b")
    'it has an empty segment'
    """
    if text.startswith("/") or text.endswith("/") or "//" in text:
        return "it has an empty segment"

    return None


def host_refusal(host: str, *, port: bool) -> str | None:
    """Return why a host cannot be called so, or ``None``.

    Names are labels of letters, digits and hyphens with dots between them (RFC 1123
    section 2.1). In a URL ``@``, ``:`` and ``/`` would end the host (RFC 3986
    section 3.2). Upper case would not come back: Werkzeug lowers it.

    :param port: Whether a port may stand at the end.

    >>> host_refusal("eu.shop.example:5000", port=True)
    >>> host_refusal("evil.example@shop.example", port=True)
    'its host would be no name'
    """
    name = _PORT.sub("", host) if port else host
    return None if _HOST.fullmatch(name) else "its host would be no name"


def path_refusal(path: str) -> str | None:
    """Return why a path cannot be a link, or ``None``.

    >>> path_refusal("/a//b")
    >>> path_refusal("//evil.example")
    'its path would name another host'
    >>> path_refusal("/a/..")
    'its path would have a dot segment'
    """
    if path.startswith("//"):
        return "its path would name another host"

    return "its path would have a dot segment" if _DOTS.search(path) else None


@functools.lru_cache(maxsize=512)
def can_be_refused(atom: str) -> bool:
    """Tell whether an atom of a pattern matches a character that is looked for."""
    return re.search(atom, _REFUSED) is not None
