"""What a reviewer broke once, and must not break again."""

from __future__ import annotations

import typing as t

import pytest
from flask import Flask
from werkzeug.routing import Rule

from flask_toolkit._extension import GUARDS
from flask_toolkit.errors import ConfigError
from flask_toolkit.guard import authenticated
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import role
from flask_toolkit.guard import verify_password

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Shop

HTML = {"Accept": "text/html"}


def test_the_message_is_flashed_once(make_shop: Callable[..., Shop]) -> None:
    """Three refusals nobody looked at leave one line."""
    client = make_shop(TOOLKIT_GUARD_MESSAGE="Please sign in.").client()

    for _ in range(3):
        client.get("/", headers=HTML)

    with client.session_transaction() as held:
        assert [tuple(flash) for flash in held["_flashes"]] == [
            ("message", "Please sign in.")
        ]


def test_a_step_up_flashes_nothing(
    make_shop: Callable[..., Shop], edit_login: Callable[..., None]
) -> None:
    """Who is signed in is not told to sign in."""
    shop = make_shop(
        TOOLKIT_GUARD_MESSAGE="Please sign in.", TOOLKIT_GUARD_MAX_AGE=1e10
    )
    client = shop.client("1")
    edit_login(client, auth_time=1, seen=1)

    assert client.get("/vault", headers=HTML).status_code == 303
    with client.session_transaction() as held:
        assert "_flashes" not in held


def test_a_message_without_a_session_still_shows_the_way() -> None:
    """Without SECRET_KEY nothing can be flashed; that is no 500."""
    app = Flask("app", root_path="/nowhere")
    app.config["TOOLKIT_GUARD_MESSAGE"] = "Please sign in."
    guard = LoginGuard[object](app, login_view="sign_in")
    guard.user_loader(lambda id: None)
    app.add_url_rule("/in", "sign_in", lambda: "the form")
    app.add_url_rule("/", "home", lambda: "home")

    assert app.test_client().get("/", headers=HTML).location == "/in?next=/"


def test_async_callbacks_work_in_async_views() -> None:
    """Inside a running loop they get one of their own."""
    app = Flask("app", root_path="/nowhere")
    app.secret_key = "k" * 32
    guard = LoginGuard[t.Any](app)
    guard.id_of(str)

    @guard.user_loader
    async def load(id: str) -> str:
        return id

    @guard.on_denied
    async def denied(_decision: object) -> t.Any:
        return "async no", 418

    @app.post("/in")
    @public
    async def sign_in() -> str:
        guard.login("7")
        return "in"

    @app.get("/who")
    @public
    async def who() -> str:
        return str(guard.user_or_none)

    @app.get("/check")
    @public
    async def check() -> str:
        guard.check(authenticated & role("admin"))
        raise NotImplementedError

    client = app.test_client()
    assert client.get("/who").text == "None"
    client.post("/in")
    assert client.get("/who").text == "7"
    guard.roles_of(lambda user: ())
    assert client.get("/check").status_code == 418


@pytest.mark.parametrize(
    ("rule", "methods"),
    [
        pytest.param("/in/<name>", ["GET"], id="argument"),
        pytest.param("/in", ["POST"], id="post-only"),
    ],
)
def test_a_login_view_nobody_can_reach_is_reported(
    rule: str, methods: list[str]
) -> None:
    """It would be a 500, or a 405 after a redirect, for each visitor."""
    app = Flask("app", root_path="/nowhere")
    app.testing = True
    guard = LoginGuard[object](app, login_view="sign_in")
    guard.user_loader(lambda id: None)
    app.add_url_rule(rule, "sign_in", lambda **_: "form", methods=methods)

    with pytest.raises(Exception, match="it needs GET and no arguments"):
        app.test_client().get("/", headers=HTML)


def test_invented_methods_leave_nothing_behind() -> None:
    """A route for every method must not fill the memory of the guard."""
    app = Flask("app", root_path="/nowhere")
    guard = LoginGuard[object](app)
    guard.user_loader(lambda id: None)
    app.url_map.add(Rule("/any", endpoint="any"))
    app.view_functions["any"] = lambda: "any"
    client = app.test_client()

    for number in range(50):
        assert client.open("/any", method=f"M{number}").status_code == 401

    assert len(app.extensions[GUARDS].plans) == 0


@pytest.mark.parametrize("stored", ["scrypt$a$\ud800", "pbkdf2:sha256:1$a$é"])
def test_a_damaged_hash_is_no_password(stored: str) -> None:
    """What stands in the database may be anything."""
    assert verify_password(stored, "x") is False


def test_a_bad_trusted_origin_stops_the_start() -> None:
    """It is not found by the first request."""
    app = Flask("app", root_path="/nowhere")
    app.config["TOOLKIT_TRUSTED_ORIGINS"] = ["shop.example"]

    with pytest.raises(ConfigError, match="TOOLKIT_TRUSTED_ORIGINS"):
        LoginGuard(app)


def test_a_wrapper_that_hides_require_leaves_the_route_closed() -> None:
    """The rule is lost, as the page says; a sign-in is asked for all the same."""
    app = Flask("app", root_path="/nowhere")
    app.secret_key = "k" * 32
    guard = LoginGuard[object](app)
    guard.user_loader(lambda id: None)

    def plain(_view: t.Any) -> t.Any:
        def hidden() -> t.Any:
            raise NotImplementedError

        return hidden

    @app.get("/admin")
    @plain
    @require(role("admin"))
    def admin() -> str:
        raise NotImplementedError

    assert app.test_client().get("/admin").status_code == 401
