"""Asking who is calling: once a request, and with a trace for refusals."""

from __future__ import annotations

import time
import typing as t

import pytest
from flask import Blueprint
from flask import Flask
from flask import Request
from flask import request
from flask import Response
from werkzeug.exceptions import Forbidden
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import Unauthorized

from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import SessionAuthenticator
from flask_toolkit.identity import current_identity
from flask_toolkit.identity import Identity
from flask_toolkit.identity import publish

if t.TYPE_CHECKING:
    from flask_toolkit.guard import Decision
    from tests.guard.conftest import Shop
    from tests.guard.conftest import User


def test_a_refusal_names_who_was_asked_and_who_answered(shop: Shop) -> None:
    """The trace has a step for each authenticator, then the rule."""
    seen: list[Decision] = []
    shop.guard.on_denied(seen.append)

    shop.client("2").get("/editors")
    shop.client().get("/editors", headers={"X-Key": "9"})

    assert [step for decision in seen for step in decision.trace] == [
        ("key", "no-credential"),
        ("session", "identity"),
        ('role("editor")', "role-missing"),
        ("key", "identity"),
        ('role("editor")', "role-missing"),
    ]


def test_a_refused_credential_stays_refused_within_a_request(shop: Shop) -> None:
    """Who asks again, as ``on_denied`` may, gets the same answer."""
    asked: list[object] = []

    @shop.guard.on_denied
    def look(decision: Decision) -> None:
        asked.extend((shop.guard.user_or_none, shop.guard.identity))

    before = shop.key.asked
    answer = shop.client("1").get("/", headers={"X-Key": "bad"})

    assert answer.status_code == 401
    assert asked == [None, None]
    assert shop.key.asked == before + 1


def test_nobody_stays_nobody_within_a_request(shop: Shop) -> None:
    """A stranger's credentials are looked for once."""
    asked: list[object] = []

    @shop.guard.on_denied
    def look(decision: Decision) -> None:
        asked.append(shop.guard.identity)

    shop.client().get("/")

    assert asked == [None]
    assert shop.key.asked == 1


@pytest.mark.parametrize("error", [Unauthorized, Forbidden])
def test_what_a_loader_raised_stays_within_a_request(
    shop: Shop, error: type[HTTPException]
) -> None:
    """The loader is not asked again, whoever wants to know, and nobody gets in."""
    told: list[str] = []
    asked: list[object] = []

    @shop.app.after_request
    def look(response: Response) -> Response:
        asked.extend((shop.guard.identity, current_identity()))
        return response

    client = shop.client("1")
    asked.clear()

    @shop.guard.user_loader
    def load(id: str) -> User | None:
        told.append(id)
        raise error

    assert client.get("/").status_code == error.code
    assert asked == [None, None]
    assert told == ["1"]


def test_a_session_authenticator_may_be_told_more(shop: Shop) -> None:
    """A subclass decides: what it overrides is what a guard asks."""

    class Careful(SessionAuthenticator):
        def authenticate(self, request: Request, /) -> Identity[t.Any] | None:
            found = super().authenticate(request)
            return None if "X-Odd" in request.headers else found

    guard = LoginGuard[str](authenticators=[Careful()])
    guard.user_loader(str.upper)
    guard.id_of(str.lower)
    app = Flask("other", root_path="/nowhere", static_folder=None)
    app.config["SECRET_KEY"] = "k" * 32
    guard.init_app(app)
    app.add_url_rule("/", "page", lambda: guard.user)

    @app.get("/login")
    @public
    def login() -> str:
        guard.login("ADA")
        return "in"

    client = app.test_client()
    client.get("/login")

    assert client.get("/").text == "ADA"
    assert client.get("/", headers={"X-Odd": "1"}).status_code == 401


def test_a_cross_origin_refusal_says_nothing_of_the_session(shop: Shop) -> None:
    """Only explicit credentials were asked; the cookie's owner is still known."""
    seen: list[object] = []

    @shop.guard.on_denied
    def look(decision: Decision) -> None:
        seen.extend((decision.reason, decision.identity, shop.guard.user))

    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = shop.client("1").post("/", headers=headers)

    assert answer.status_code == 403
    assert seen == ["cross-origin", None, shop.users["1"]]


def test_the_guard_of_a_blueprint_publishes_its_caller(shop: Shop) -> None:
    """Nobody else would ask its authenticators."""
    blueprint = Blueprint("keys", __name__, url_prefix="/keys")
    LoginGuard[t.Any](blueprint, name="keys", authenticators=[shop.key])

    @blueprint.get("/")
    def whose() -> str:
        identity = current_identity()
        return "nobody" if identity is None else f"{identity.via} {identity.id}"

    app = Flask("other", root_path="/nowhere", static_folder=None)
    app.register_blueprint(blueprint)

    assert app.test_client().get("/keys/", headers={"X-Key": "9"}).text == "key 9"


def test_who_was_published_before_the_guard_stays_the_caller() -> None:
    """The first one counts; the guard's own user is still its user."""
    app = Flask("other", root_path="/nowhere", static_folder=None)
    app.config["SECRET_KEY"] = "k" * 32
    first = Identity[str](id="robot", via="mtls", ambient=False)

    @app.before_request
    def know() -> None:
        publish(request._get_current_object(), first)  # type: ignore[attr-defined]  # a proxy

    guard = LoginGuard[str]()
    guard.user_loader(str.upper)
    guard.init_app(app)

    @app.get("/")
    def page() -> str:
        caller = current_identity()
        return f"{guard.user} {caller and caller.id}"

    client = app.test_client()

    with client.session_transaction() as session:
        session["_guard"] = f"{int(time.time())},,,ada"

    assert client.get("/").text == "ADA robot"
