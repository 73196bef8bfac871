"""A middleware of the shop's own."""

from __future__ import annotations

import typing as t

from flask_toolkit.middleware import Middleware
from flask_toolkit.middleware import Phase

if t.TYPE_CHECKING:
    from wsgiref.headers import Headers

    from flask_toolkit.middleware import Scope


class NoIndex(Middleware):
    """Ask search engines to leave an answer alone.

    It is one hook of three: the stack fuses neighbours into one WSGI layer, and
    sees to streams, errors and clients that leave.
    """

    name = "no_index"
    phase = Phase.HEADERS

    def headers(self, _scope: Scope, _status: str, headers: Headers) -> None:
        """Add the header, whoever made the answer: a view, the guard, an error."""
        headers["X-Robots-Tag"] = "noindex"
