"""The application, the request and its context themselves, without proxies.

An attribute through a proxy costs five times as much as a call of these.
"""

from __future__ import annotations

import typing as t

from flask import current_app
from flask import globals as flask_globals
from flask import request

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask import Request
    from flask.ctx import RequestContext
    from werkzeug.local import LocalProxy


# Flask 3.2 has one context, of the application, which may hold a request. There the
# old name still answers, with a warning: ask the table, which does not.
request_ctx: RequestContext = vars(flask_globals).get(
    "request_ctx", flask_globals.app_ctx
)
"""The context of the request, as a proxy, by the name that this Flask has for it."""

_app = t.cast("LocalProxy[Flask]", current_app)
_request = t.cast("LocalProxy[Request]", request)
_context = t.cast("LocalProxy[RequestContext]", request_ctx)

# The one way to get at the objects; Flask's documentation names it.
the_app: Callable[[], Flask] = _app._get_current_object  # noqa: SLF001
the_request: Callable[[], Request] = _request._get_current_object  # noqa: SLF001
the_context: Callable[[], RequestContext] = _context._get_current_object  # noqa: SLF001


def request_or_none() -> Request | None:
    """Return the current request, if there is one."""
    try:
        return the_request()
    except RuntimeError:
        return None
