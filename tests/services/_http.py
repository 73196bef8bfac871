"""Serve an application over real HTTP, in a thread of the test."""

from __future__ import annotations

import threading
import typing as t
from contextlib import contextmanager

from werkzeug.serving import make_server
from werkzeug.serving import WSGIRequestHandler

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import WSGIApplication


class _Quiet(WSGIRequestHandler):
    """Writes no line for each request."""

    def log(self, type: str, message: str, *args: t.Any) -> None:  # noqa: A002  # werkzeug's name
        """Write nothing."""


@contextmanager
def served(app: WSGIApplication) -> Iterator[str]:
    """Serve ``app`` on a free port and yield its address.

    A browser opens several connections at once, hence the threads.
    """
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
