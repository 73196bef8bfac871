"""Which form an error takes, from the path and the ``Accept`` header."""

from __future__ import annotations

import functools
import typing as t

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

if t.TYPE_CHECKING:
    from collections.abc import Mapping

Policy: t.TypeAlias = t.Literal["auto", "json", "html"]

HTML: t.Final = "text/html"
JSON: t.Final = "application/json"
PROBLEM: t.Final = "application/problem+json"
_OFFERS = (HTML, PROBLEM, JSON)  # what is liked equally gets the first
_LONGEST_KEPT: t.Final = 256


def policy_for(path: str, policies: Mapping[str, Policy]) -> Policy:
    """Return the policy of the longest prefix of ``path``, in whole segments.

    >>> policy_for("/api/items", {"/": "html", "/api": "json"})
    'json'
    >>> policy_for("/apiary", {"/": "html", "/api": "json"})
    'html'
    """
    below = f"{path.rstrip('/')}/"
    fits = [prefix for prefix in policies if below.startswith(f"{prefix.rstrip('/')}/")]
    return policies[max(fits, key=len)] if fits else "auto"


def media_type(policy: Policy, accept: str | None) -> str:
    """Return the media type of an error.

    HTML comes first, so that a client which did not choose sees what it always
    saw. A client that wants what we do not have gets HTML too (RFC 9110 section
    12.4.1 lets a server disregard the header).

    >>> media_type("auto", "application/json, */*;q=0.8")
    'application/json'
    >>> media_type("auto", "*/*")
    'text/html'
    """
    if policy != "auto":
        return HTML if policy == "html" else PROBLEM

    if accept is None:
        return HTML

    # Parsing costs more than all the rest of an error; a client may send anything,
    # so what is kept is short and little.
    kept = len(accept) <= _LONGEST_KEPT
    return _negotiated(accept) if kept else _negotiated.__wrapped__(accept)


@functools.lru_cache(maxsize=128)
def _negotiated(accept: str) -> str:
    ranges = [
        (value.partition(";")[0].strip().lower(), quality)
        for value, quality in parse_accept_header(accept, MIMEAccept)
    ]
    liked = {offer: _liking(offer, ranges) for offer in _OFFERS}
    # max() keeps the first of equals.
    best = max(_OFFERS, key=liked.__getitem__)
    return best if liked[best][0] > 0 else HTML


def _liking(offer: str, ranges: list[tuple[str, float]]) -> tuple[float, int]:
    """Return quality and closeness of the range that fits ``offer`` best.

    The most specific range decides (RFC 9110 section 12.5.1).
    """
    kinds = ("*/*", f"{offer.partition('/')[0]}/*", offer)
    found = [(kinds.index(kind), quality) for kind, quality in ranges if kind in kinds]
    closeness, quality = max(found, default=(0, 0.0))
    return quality, closeness
