"""The login guard: default-deny, opened and tightened by marks on the views."""

from ._conditions import fresh
from ._conditions import role
from ._conditions import rule
from ._conditions import scope
from ._conditions import signed
from ._conditions import via
from ._credentials import APIKey
from ._credentials import APIKeyAuthenticator
from ._credentials import BasicAuthenticator
from ._credentials import new_api_key
from ._credentials import NewAPIKey
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
from ._rules import Outcome
from ._rules import Rule
from ._session import SessionAuthenticator
from ._settings import GuardSettings
from ._signals import access_denied
from ._signals import identity_loaded
from ._signals import logged_in
from ._signals import logged_out
from ._signals import login_failed

__all__ = [
    "APIKey",
    "APIKeyAuthenticator",
    "BasicAuthenticator",
    "Decision",
    "GuardSettings",
    "LockError",
    "LockReport",
    "LoginGuard",
    "NewAPIKey",
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
    "new_api_key",
    "public",
    "require",
    "role",
    "rule",
    "safe_next",
    "scope",
    "signed",
    "strangers",
    "verify_password",
    "via",
    "write_lock",
]
