"""Asking who is calling: once a request, and with a trace for refusals."""

from __future__ import annotations

import typing as t

from flask import Blueprint
from flask import Flask

from flask_toolkit.guard import LoginGuard
from flask_toolkit.identity import current_identity

if t.TYPE_CHECKING:
    from flask_toolkit.guard import Decision
    from tests.guard.conftest import Shop


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
