"""The error of an application that is not ready."""

from __future__ import annotations

import typing as t

from werkzeug.exceptions import ServiceUnavailable

from flask_toolkit.errors import RequestError


class NotStartedError(RequestError, ServiceUnavailable):
    """What must run before the first request failed, or is still running."""

    default_detail: t.ClassVar[str | None] = (
        "The service is starting. Try again shortly."
    )
    default_headers: t.ClassVar[tuple[tuple[str, str], ...]] = (("Retry-After", "5"),)
