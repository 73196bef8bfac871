"""The login guard: default-deny, opened and tightened by marks on the views."""

from ._decision import Decision
from ._decision import Step
from ._decorators import public
from ._decorators import require
from ._extension import LoginGuard
from ._lock import LockError
from ._lockfile import check_lock
from ._lockfile import LockReport
from ._lockfile import write_lock
from ._map import earlier_hooks
from ._map import guard_map
from ._map import RouteAccess
from ._passwords import hash_password
from ._passwords import needs_rehash
from ._passwords import verify_password
from ._policy import safe_next
from ._probe import strangers
from ._rules import authenticated
from ._rules import fresh
from ._rules import Outcome
from ._rules import role
from ._rules import Rule
from ._rules import rule
from ._rules import scope
from ._rules import via
from ._session import SessionAuthenticator
from ._settings import GuardSettings
from ._signals import access_denied
from ._signals import identity_loaded
from ._signals import logged_in
from ._signals import logged_out
from ._signals import login_failed

__all__ = [
    "Decision",
    "GuardSettings",
    "LockError",
    "LockReport",
    "LoginGuard",
    "Outcome",
    "RouteAccess",
    "Rule",
    "SessionAuthenticator",
    "Step",
    "access_denied",
    "authenticated",
    "check_lock",
    "earlier_hooks",
    "fresh",
    "guard_map",
    "hash_password",
    "identity_loaded",
    "logged_in",
    "logged_out",
    "login_failed",
    "needs_rehash",
    "public",
    "require",
    "role",
    "rule",
    "safe_next",
    "scope",
    "strangers",
    "verify_password",
    "via",
    "write_lock",
]
