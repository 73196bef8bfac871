"""What type checkers know of the guard; checked, never run."""

import typing as t
from pathlib import Path
from typing import assert_type

from flask import Blueprint
from flask import Flask
from flask.views import MethodView

from flask_toolkit.guard import access_denied
from flask_toolkit.guard import APIKey
from flask_toolkit.guard import APIKeyAuthenticator
from flask_toolkit.guard import authenticated
from flask_toolkit.guard import BasicAuthenticator
from flask_toolkit.guard import check_lock
from flask_toolkit.guard import Decision
from flask_toolkit.guard import earlier_hooks
from flask_toolkit.guard import fresh
from flask_toolkit.guard import guard_map
from flask_toolkit.guard import GuardSettings
from flask_toolkit.guard import hash_password
from flask_toolkit.guard import identity_loaded
from flask_toolkit.guard import LockError
from flask_toolkit.guard import LockReport
from flask_toolkit.guard import logged_in
from flask_toolkit.guard import logged_out
from flask_toolkit.guard import login_failed
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import needs_rehash
from flask_toolkit.guard import new_api_key
from flask_toolkit.guard import NewAPIKey
from flask_toolkit.guard import Outcome
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import role
from flask_toolkit.guard import RouteAccess
from flask_toolkit.guard import Rule
from flask_toolkit.guard import rule
from flask_toolkit.guard import safe_next
from flask_toolkit.guard import scope
from flask_toolkit.guard import SessionAuthenticator
from flask_toolkit.guard import signed
from flask_toolkit.guard import Step
from flask_toolkit.guard import strangers
from flask_toolkit.guard import verify_password
from flask_toolkit.guard import via
from flask_toolkit.guard import write_lock
from flask_toolkit.identity import Identity
from flask_toolkit.signals import Signal


class User:
    """A user of the application under test."""

    name: str = ""


class Stranger:
    """Somebody else's user."""


app = Flask("app")
guard = LoginGuard[User](app, login_view="sign_in")
named = LoginGuard[User](name="staff", authenticators=[SessionAuthenticator()])
named.init_app(Blueprint("staff", "staff"))

assert_type(guard.user, User)
assert_type(guard.user_or_none, User | None)
assert_type(guard.identity, Identity[User] | None)
assert_type(guard.next_url("/"), str)
assert_type(guard.allows(role("a")), bool)
assert_type(guard_map(app), tuple[RouteAccess, ...])
assert_type(safe_next(None, "/"), str)
assert_type(verify_password(None, "x"), bool)
guard.login(User(), remember=True)
guard.login(Stranger())  # type: ignore[arg-type]
guard.login(User(), True)  # type: ignore[call-arg]


@guard.user_loader
def load(id: str) -> User | None:
    """Find a user."""
    return None


@guard.user_loader
async def load_later(id: str) -> User | None:
    """Find a user, later."""
    return None


assert_type(load("1"), User | None)


@guard.user_loader  # type: ignore[arg-type]
def load_stranger(id: str) -> Stranger | None:
    """Find somebody of another kind."""
    return None


@guard.roles_of
def roles(user: User) -> set[str]:
    """Tell the roles."""
    return {user.name}


@guard.on_denied
def denied(decision: Decision) -> None:
    """Look at a refusal."""
    assert_type(decision.trace[0].source, str)


@app.get("/number")
@public
def number(count: int) -> str:
    """Keep its signature under a mark."""
    return str(count)


@require(role("a"), fresh(300))
def text(count: int) -> str:
    """Keep its signature under a rule."""
    return str(count)


@public(reason="for all")
class Page(MethodView):
    """Keep its type under a mark."""

    def get(self) -> str:
        """Answer."""
        return "page"


assert_type(number(1), str)
assert_type(text(1), str)
text("1")  # type: ignore[arg-type]
assert_type(Page(), Page)
assert_type(public(Blueprint("a", "a")), Blueprint)


def owns(identity: Identity[t.Any], obj: t.Any) -> bool:
    """Tell whether the caller owns the object."""
    return bool(obj == identity.id)


assert_type(role("a") & ~scope("b") | via("c"), Rule)
assert_type(authenticated & rule(owns), Rule)
role("a") & "b"  # type: ignore[operator]
require("admin")  # type: ignore[arg-type]


assert_type(guard.settings_of(app), GuardSettings)
assert_type(hash_password("x"), str)
assert_type(needs_rehash("x"), bool)
needs_rehash(None)  # type: ignore[arg-type]


@guard.on_denied
async def denied_later(decision: Decision) -> str | None:
    """Answer a refusal, later."""
    step: Step = decision.trace[0]
    assert_type(decision.outcome, Outcome)
    return step.source


signals: list[Signal[...]] = [
    access_denied,
    identity_loaded,
    logged_in,
    logged_out,
    login_failed,
]


report: LockReport = check_lock(app)
assert_type(write_lock(app, Path("guard.lock")), LockReport)
assert_type(report.changes, tuple[str, ...] | None)
assert_type(report.text, str)
assert_type(LockError("x").newer, bool)
assert_type(earlier_hooks(app), tuple[str, ...])
assert_type([passes for _, passes in strangers(app)], list[bool])
assert_type([access.is_open for access in guard_map(app)], list[bool])
check_lock(app, 1)  # type: ignore[arg-type]


made: NewAPIKey = new_api_key("shop")
assert_type(made.digest, str)
key: APIKey[User] = APIKey(digest=made.digest, id="7", user=User())
keys: APIKeyAuthenticator[User] = APIKeyAuthenticator(lambda prefix: key)
passwords: BasicAuthenticator[User] = BasicAuthenticator(lambda name, given: User())
LoginGuard[User](authenticators=[keys, passwords])
LoginGuard[Stranger](authenticators=[keys])  # type: ignore[list-item]
APIKey(digest=made.digest)  # type: ignore[call-arg]
assert_type(hash_password("x", scheme="argon2"), str)
hash_password("x", scheme="md5")  # type: ignore[arg-type]

assert_type(signed | role("a"), Rule)
