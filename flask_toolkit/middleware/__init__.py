"""Middlewares in the WSGI layer: fused, ordered, and exact to the last byte."""

from ._extension import MiddlewareStack
from ._middleware import Middleware
from ._plan import Layer
from ._plan import Phase
from ._scope import after_response
from ._scope import Scope
from ._settings import MiddlewareSettings
from .health import Health
from .request_id import RequestId
from .request_id import RequestIdFilter
from .security_headers import SecurityHeaders
from .timing import Timing

__all__ = [
    "Health",
    "Layer",
    "Middleware",
    "MiddlewareSettings",
    "MiddlewareStack",
    "Phase",
    "RequestId",
    "RequestIdFilter",
    "Scope",
    "SecurityHeaders",
    "Timing",
    "after_response",
]
