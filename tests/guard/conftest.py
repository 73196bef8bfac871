"""An application with people, a guard and one route of each kind."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from flask import Flask
from flask import redirect
from flask import request
from flask import session
from werkzeug.exceptions import BadRequest
from werkzeug.exceptions import Unauthorized

from flask_toolkit.errors import BadCredentialError
from flask_toolkit.errors import StoreUnavailableError
from flask_toolkit.guard import fresh
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import role
from flask_toolkit.guard import SessionAuthenticator
from flask_toolkit.guard._codec import read_login
from flask_toolkit.guard._codec import write_login
from flask_toolkit.identity import Identity

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Request
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@dataclasses.dataclass
class User:
    """Somebody who signs in."""

    id: str
    roles: tuple[str, ...] = ()
    epoch: str = "1"


class KeyHeader:
    """Finds callers by a header: an explicit credential."""

    name = "key"
    ambient = False

    def __init__(self, header_challenge: str | None = 'Bearer realm="api"') -> None:
        self.asked = 0
        self.header_challenge = header_challenge

    def authenticate(self, request: Request, /) -> Identity[User] | None:
        """Return the owner of the key, or raise what its text says."""
        self.asked += 1
        key = request.headers.get("X-Key")
        errors: dict[str | None, Exception] = {
            "bad": BadCredentialError(headers=[("WWW-Authenticate", "Key")]),
            "plain": Unauthorized(),
            "malformed": BadRequest(),
            "down": StoreUnavailableError(),
        }

        if key in errors:
            raise errors[key]

        if not key:
            return None

        user = User(key)
        return Identity(
            id=key, via="key", ambient=False, user=user, scopes=frozenset({"read"})
        )

    def challenge(self) -> str | None:
        """Return what to send."""
        return self.header_challenge


class Shop:
    """An application under test, with handles to its parts."""

    def __init__(self, **config: t.Any) -> None:
        self.users = {
            "1": User("1", ("editor",)),
            "2": User("2"),
            "3": User("3", ("editor", "admin")),
        }
        self.loads: list[str] = []
        self.key = KeyHeader()
        self.app = Flask("shop", root_path="/nowhere", static_folder=None)
        self.app.config.update(SECRET_KEY="k" * 32, TESTING=True)
        self.app.config.update(config)
        self.guard: LoginGuard[User] = LoginGuard(
            login_view="sign_in", authenticators=[self.key, SessionAuthenticator()]
        )
        self.guard.user_loader(self.load)
        self.guard.init_app(self.app)
        self._sign_in_routes()
        self._pages()

    def load(self, id: str) -> User | None:
        """Find a user, and remember having been asked."""
        self.loads.append(id)
        return self.users.get(id)

    def client(self, user: str | None = None) -> FlaskClient:
        """Return a browser, signed in if a user is named."""
        client = self.app.test_client()

        if user is not None:
            assert client.post("/login", data={"id": user}).status_code == 303

        return client

    def _sign_in_routes(self) -> None:
        app, guard = self.app, self.guard

        @app.route("/login", methods=["GET", "POST"])
        def sign_in() -> t.Any:
            if request.method == "GET":
                return "the form"

            remember = "remember" in request.form
            guard.login(self.users[request.form["id"]], remember=remember)
            return redirect(guard.next_url("/"), 303)

        @app.post("/logout")
        def sign_out() -> str:
            guard.logout()
            return str(guard.user_or_none)

        @app.post("/confirm")
        def confirm() -> str:
            guard.confirm()
            return "confirmed"

    def _pages(self) -> None:
        app, guard = self.app, self.guard

        @app.route("/", methods=["GET", "POST", "PUT"])
        def home() -> str:
            return f"user {guard.user.id}"

        @app.route("/open", methods=["GET", "POST"])
        @public(reason="for everybody")
        def open_page() -> str:
            return "open"

        @app.get("/editors")
        @require(role("editor"))
        def editors() -> str:
            return "editors"

        @app.get("/vault")
        @require(fresh(300))
        def vault() -> str:
            return "vault"

        @app.route("/cart", methods=["GET", "POST"])
        @public
        def cart() -> dict[str, t.Any]:
            if request.method == "POST":
                session["cart"] = request.form["item"]

            return {"cart": session.get("cart"), "csrf": session.get("csrf_token")}

        @app.get("/who")
        @public
        def who() -> str:
            user = guard.user_or_none
            return "nobody" if user is None else user.id


@pytest.fixture(name="shop")
def _shop() -> Shop:
    return Shop()


@pytest.fixture(name="make_shop")
def _make_shop() -> Callable[..., Shop]:
    return Shop


@pytest.fixture(name="edit_login")
def _edit_login() -> Callable[..., None]:
    """Change the sign-in that a client's session holds, as time would."""

    def edit(client: FlaskClient, **values: t.Any) -> None:
        with client.session_transaction() as held:
            login = read_login(held["_guard"])
            assert login is not None
            held["_guard"] = write_login(dataclasses.replace(login, **values))

    return edit


@pytest.fixture(name="cookie_of")
def _cookie_of() -> Callable[[TestResponse], str]:
    def cookie(response: TestResponse) -> str:
        return response.headers.get("Set-Cookie", "")

    return cookie
