"""The application and the request themselves, without their proxies.

An attribute through a proxy costs ten times a call of these.
"""

from __future__ import annotations

import typing as t

from flask import current_app
from flask import has_request_context
from flask import request

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask import Request
    from werkzeug.local import LocalProxy

_app = t.cast("LocalProxy[Flask]", current_app)
_request = t.cast("LocalProxy[Request]", request)

# The one way to get at the objects; Flask's documentation names it.
the_app: Callable[[], Flask] = _app._get_current_object  # noqa: SLF001
the_request: Callable[[], Request] = _request._get_current_object  # noqa: SLF001


def request_or_none() -> Request | None:
    """Return the current request, if there is one."""
    return the_request() if has_request_context() else None
