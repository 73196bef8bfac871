"""The error of an application that is not ready."""

from __future__ import annotations

import typing as t

from werkzeug.exceptions import ServiceUnavailable

from flask_toolkit.errors import RequestError

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping


class NotStartedError(RequestError, ServiceUnavailable):
    """What must run before the first request failed, or is still running."""

    default_detail: t.ClassVar[str | None] = (
        "The service is starting. Try again shortly."
    )

    def __init__(
        self,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (
            ("Retry-After", "5"),
        ),
        members: Mapping[str, t.Any] | None = None,
    ) -> None:
        super().__init__(detail, headers=headers, members=members)
