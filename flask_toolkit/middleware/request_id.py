"""An id for every request: in the scope, in the log and in the answer."""

from __future__ import annotations

import logging
import re
import typing as t
from os import urandom

from ._headers import trouble_with_id
from ._middleware import Raw
from ._plan import Phase
from ._scope import current_scope

if t.TYPE_CHECKING:
    from ._scope import Scope

__all__ = ["RequestId", "RequestIdFilter", "is_traceparent"]

_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,128}")
# W3C Trace Context 3.2.2: version ff is invalid, and so are ids of zeros only.
_TRACEPARENT = re.compile(
    r"(?!ff)([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)
_TRACEPARENT_LENGTH = 55
_MAX_MEMBERS = 32


class RequestId(Raw):
    """Give each request an id, and send it with the answer.

    :param header: Its name.
    :param trust_inbound: Keep a well-formed id and ``traceparent`` of the caller.
        Only behind a proxy that sets them: else strangers write into your logs and
        decide what is traced.
    :raises ValueError: If the header has another meaning, such as ``Content-Type``.
    """

    name = "request_id"
    phase = Phase.REQUEST_ID

    def __init__(
        self, *, header: str = "X-Request-ID", trust_inbound: bool = False
    ) -> None:
        problem = trouble_with_id(header)

        if problem is not None:
            raise ValueError(problem)

        self.header: str = header
        self.trust_inbound: bool = trust_inbound
        self._key = f"HTTP_{header.upper().replace('-', '_')}"
        self._length = len(header)
        self._lower = header.lower()

    def before(self, scope: Scope, /) -> None:
        """Choose the id before any other middleware may log."""
        if scope.request_id is not None:
            return  # that of the application around this one

        if self.trust_inbound:
            self._take_over(scope)

        if scope.request_id is None:
            scope.request_id = urandom(16).hex()

    def begin(
        self, scope: Scope, status: str, headers: list[tuple[str, str]], /
    ) -> None:
        """Send the id; one that the application sent gives way to it."""
        length, lower = self._length, self._lower

        for name, _ in headers:
            if len(name) == length and name.lower() == lower:
                headers[:] = [pair for pair in headers if pair[0].lower() != lower]
                break

        headers.append((self.header, scope.request_id or ""))

    def _take_over(self, scope: Scope) -> None:
        environ = scope.environ
        given = environ.get(self._key, "")

        if _WELL_FORMED.fullmatch(given):
            scope.request_id = given

        parent = environ.get("HTTP_TRACEPARENT", "")

        if is_traceparent(parent):
            scope.traceparent = parent
            state = environ.get("HTTP_TRACESTATE", "")

            if state and state.count(",") < _MAX_MEMBERS:
                scope.tracestate = state


class RequestIdFilter(logging.Filter):
    """Put the id of the current request into log records, as ``request_id``.

    Add it to a handler. Outside of a request it is ``-``.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, with an id."""
        if not hasattr(record, "request_id"):
            scope = current_scope()
            record.request_id = (scope and scope.request_id) or "-"

        return True


def is_traceparent(value: str) -> bool:
    """Tell whether this is a ``traceparent`` (W3C Trace Context 3.2).

    Of a later version than 00 the part that is known must be right.

    >>> is_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    True
    >>> is_traceparent("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01")
    False
    """
    found = _TRACEPARENT.match(value)

    if found is None:
        return False

    rest = value[_TRACEPARENT_LENGTH:]
    return not rest or (found[1] != "00" and rest.startswith("-"))
