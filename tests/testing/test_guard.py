"""What a test suite asks of a guard."""

from __future__ import annotations

import re
import typing as t
from datetime import timedelta

import pytest
from flask import abort
from flask import Flask
from flask import redirect
from flask import Response
from flask import session
from werkzeug.exceptions import HTTPException

from flask_toolkit.errors import SetupError
from flask_toolkit.guard import fresh
from flask_toolkit.guard import LockError
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import SessionAuthenticator
from flask_toolkit.guard import write_lock
from flask_toolkit.identity import Identity
from flask_toolkit.sessions import ServerSession
from flask_toolkit.testing import acting_as
from flask_toolkit.testing import assert_anonymous_denied
from flask_toolkit.testing import assert_guard_lock

if t.TYPE_CHECKING:
    from pathlib import Path

    from flask import Request


class User:
    """Somebody who signs in."""

    def __init__(self, id: str) -> None:
        self.id = id


ADA = User("ada")
USERS = {"ada": ADA, "bob": User("bob")}


class Everybody:
    """An authenticator with a mistake: it lets in whoever comes."""

    name = "everybody"
    ambient = False

    def authenticate(self, request: Request, /) -> Identity[User]:
        """Return somebody."""
        return Identity(id="ada", via="everybody", ambient=False, user=ADA)

    def challenge(self) -> str | None:
        """Ask for nothing."""
        return None


def shop(
    *authenticators: t.Any, opened: bool = False
) -> tuple[Flask, LoginGuard[User]]:
    """Return an application with three pages, and its guard."""
    app = Flask("shop", static_folder=None)
    app.config.update(SECRET_KEY="k" * 32, TESTING=True)
    guard: LoginGuard[User] = LoginGuard(app, authenticators=authenticators)
    guard.user_loader(USERS.get)
    app.add_url_rule("/about", "about", public(lambda: ""))

    def me() -> str:
        return f"{guard.user.id} {session.get('cart')} {session.permanent}"

    app.add_url_rule("/me", "me", public(me) if opened else me)
    app.add_url_rule("/vault", "vault", require(fresh(300))(lambda: "vault"))
    return app, guard


def test_the_lock_is_asserted(tmp_path: Path) -> None:
    """An unchanged application passes, a changed one fails with the list."""
    path = tmp_path / "guard.lock"
    write_lock(shop()[0], path)

    assert_guard_lock(shop()[0], path)

    with pytest.raises(AssertionError, match="OPENED  GET /me me authenticated"):
        assert_guard_lock(shop(opened=True)[0], path)


def test_a_lock_that_is_not_there_is_no_passed_test(tmp_path: Path) -> None:
    """Deleting the file does not make the test green."""
    with pytest.raises(LockError, match="No such file"):
        assert_guard_lock(shop()[0], tmp_path / "guard.lock")


def test_strangers_are_denied() -> None:
    """What the map calls closed is closed, and what is open was named."""
    app, _ = shop()

    assert_anonymous_denied(app)
    assert_anonymous_denied(app, allow=["about"])


def test_what_is_open_must_be_named() -> None:
    """A route opened by mistake fails, and so does a name too many."""
    app, _ = shop(opened=True)

    with pytest.raises(AssertionError) as info:
        assert_anonymous_denied(app, allow={"about", "vault"})

    assert str(info.value).splitlines()[1:] == [
        "GET /me (me): open, and not in allow=",
        "vault: in allow=, and not open",
    ]


def test_a_guard_that_lets_strangers_in_fails() -> None:
    """The real authenticators are asked, not the map alone."""
    app, _ = shop(Everybody(), SessionAuthenticator())

    with pytest.raises(
        AssertionError, match=re.escape("GET /me (me): a stranger passes authenticated")
    ):
        assert_anonymous_denied(app)


class Answers(Everybody):
    """An authenticator that answers by itself."""

    def __init__(self, error: t.Any) -> None:
        self.error = error

    def authenticate(self, request: Request, /) -> Identity[User]:
        """Answer."""
        abort(self.error)


@pytest.mark.parametrize("error", [401, 403, 404, redirect("/login", 303)], ids=str)
def test_what_refuses_a_stranger_is_told_by_its_status(error: t.Any) -> None:
    """No credential, no right, nothing to see, or the way to a sign-in."""
    assert_anonymous_denied(shop(Answers(error))[0], allow=["about"])


@pytest.mark.parametrize("error", [503, 500, 429, 400, Response("", 200)], ids=str)
def test_a_stranger_who_was_not_told_no_is_no_passed_test(error: t.Any) -> None:
    """A store that is down answers 503 to everybody, and tells nothing of routes."""
    with pytest.raises(HTTPException) as info:
        assert_anonymous_denied(shop(Answers(error))[0])

    assert info.value.__notes__ == ["A stranger asked for GET /me (me)."]


def test_allow_is_a_list() -> None:
    """One text would be read letter by letter."""
    with pytest.raises(TypeError, match="allow= takes a list"):
        assert_anonymous_denied(shop()[0], allow="about")


@pytest.mark.parametrize("server", [False, True], ids=["cookie", "server"])
def test_a_client_acts_as_a_user(server: bool) -> None:
    """Signed in as by a form, with what the session held before."""
    app, guard = shop()
    sessions = ServerSession(app) if server else None
    client = app.test_client()

    with client.session_transaction() as held:
        held["cart"] = 3

    assert acting_as(client, guard, ADA) is client
    assert client.get("/me").text == "ada 3 False"
    assert client.get("/vault").text == "vault"

    if sessions is not None:
        with app.app_context():
            assert len(sessions.sessions_of("ada")) == 1


def test_a_remembered_user() -> None:
    """The session outlives the browser."""
    app, guard = shop()
    client = acting_as(app.test_client(), guard, ADA, remember=True)

    assert client.get("/me").text == "ada None True"


def test_another_user_starts_anew() -> None:
    """What the first one had does not reach the second."""
    app, guard = shop()
    client = acting_as(app.test_client(), guard, ADA)

    with client.session_transaction() as held:
        held["cart"] = 3

    acting_as(client, guard, USERS["bob"])

    assert client.get("/me").text == "bob None False"


@pytest.mark.parametrize("age", [301, timedelta(hours=1)])
def test_a_sign_in_of_some_time_ago(age: int | timedelta) -> None:
    """Where something asks for a fresh one it is not enough."""
    app, guard = shop()
    client = acting_as(app.test_client(), guard, ADA, age=age)

    assert client.get("/me").status_code == 200
    assert client.get("/vault").status_code == 401


def test_too_old_a_sign_in_is_none() -> None:
    """The absolute age of the guard counts from then."""
    app, guard = shop()
    client = acting_as(app.test_client(), guard, ADA, age=timedelta(days=31))

    assert client.get("/me").status_code == 401


def test_a_guard_of_another_application_says_so() -> None:
    """A mix-up is an error, not an anonymous client."""
    app, _ = shop()
    stranger: LoginGuard[User] = LoginGuard()

    with pytest.raises(SetupError):
        acting_as(app.test_client(), stranger, ADA)
