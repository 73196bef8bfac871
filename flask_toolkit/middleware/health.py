"""An answer for load balancers, without the application."""

from __future__ import annotations

import typing as t

from ._middleware import Middleware
from ._plan import Phase
from ._steps import path_of

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse
    from wsgiref.types import WSGIApplication
    from wsgiref.types import WSGIEnvironment

    from ._scope import Scope

__all__ = ["Health"]


class Health(Middleware):
    """Answer one path with ``ok``, while this process takes requests.

    GET and HEAD only; others reach the application. It says nothing else: what is
    wrong inside is no business of strangers.

    :param path: The whole path, without a query.
    """

    name = "health"
    phase = Phase.HEALTH

    def __init__(self, path: str = "/healthz") -> None:
        self.path: str = path
        self._as_sent = path.encode().decode("latin-1")

    def before(self, scope: Scope, /) -> WSGIApplication | None:
        """Answer if it is the path."""
        environ, own = scope.environ, self._as_sent
        path = environ.get("PATH_INFO", "")

        # The end of the path is a cheap question, to which nearly all say no.
        if (
            path.endswith(own)
            and (path == own or path_of(environ) == own)
            and environ["REQUEST_METHOD"] in {"GET", "HEAD"}
        ):
            return _ok

        return None


def _ok(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response(
        "200 OK",
        [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", "2"),
            ("Cache-Control", "no-store"),
        ],
    )
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"ok"]
