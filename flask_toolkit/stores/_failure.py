"""One way to say that a store does not answer."""

from __future__ import annotations

import logging

from flask_toolkit.errors import StoreUnavailableError

_log = logging.getLogger("flask_toolkit.stores")


def unavailable(store: object, error: Exception | None = None) -> StoreUnavailableError:
    """Log the kind of a failure and return what to raise.

    The words of the error are left out: servers repeat what they were sent, and
    that may be a password.
    """
    kind = "an answer that makes no sense" if error is None else type(error).__name__
    _log.warning("%r does not answer: %s", store, kind)
    return StoreUnavailableError()
