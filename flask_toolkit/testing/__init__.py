"""What the tests of an application need; nothing here imports pytest."""

from ._guard import acting_as
from ._guard import assert_anonymous_denied
from ._guard import assert_guard_lock
from ._middleware import check_middleware
from ._tokens import bearer

__all__ = [
    "acting_as",
    "assert_anonymous_denied",
    "assert_guard_lock",
    "bearer",
    "check_middleware",
]
