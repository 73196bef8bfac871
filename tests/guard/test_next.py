"""The way back after a sign-in, through real redirects."""

from __future__ import annotations

import re
import typing as t

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from flask_toolkit.errors import SetupError
from flask_toolkit.guard import LoginGuard

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tests.guard.conftest import Shop

HTML = {"Accept": "text/html"}


def test_deny_login_and_back(shop: Shop) -> None:
    """A visitor lands on the page that was asked for, query and all (fact 9)."""
    client = shop.client()
    denied = client.get("/vault?a=1&b=%2F%2Fe", headers=HTML)
    assert denied.status_code == 303

    form = client.get(denied.location)
    assert form.text == "the form"

    answer = client.post(denied.location, data={"id": "1"})
    assert answer.location == "/vault?a=1&b=%2F%2Fe"
    assert client.get(answer.location).text == "vault"


def test_deny_after_login_does_not_loop(shop: Shop) -> None:
    """Who lacks the role gets a 403, not the login view again (fact 9)."""
    client = shop.client()
    denied = client.get("/editors", headers=HTML)
    answer = client.post(denied.location, data={"id": "2"})

    assert answer.location == "/editors"
    assert client.get("/editors", headers=HTML).status_code == 403


@pytest.mark.parametrize(
    ("referer", "location"),
    [
        pytest.param("http://localhost/cart?x", "/login?next=/cart?x", id="own-page"),
        pytest.param("https://evil.example/", "/login", id="other-site"),
        pytest.param(None, "/login", id="none"),
    ],
)
def test_a_denied_post_leads_back_to_its_page(
    shop: Shop, referer: str | None, location: str
) -> None:
    """Not to the address of the POST, which would be a 405 (fact 3)."""
    headers = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}

    if referer is not None:
        headers["Referer"] = referer

    answer = shop.client().post("/", headers=headers)

    assert (answer.status_code, answer.location) == (303, location)


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("https://evil.example/", id="absolute"),
        pytest.param("//evil.example", id="scheme-relative"),
        pytest.param("/\\evil.example", id="backslash"),
        pytest.param("/\t/evil.example", id="tab"),
        pytest.param("/nowhere", id="no-such-page"),
        pytest.param("/logout", id="post-only"),
        pytest.param("/login?next=/", id="the-login-view"),
        pytest.param("/.//e", id="dots"),
        pytest.param("", id="empty"),
    ],
)
def test_next_that_is_no_page_of_this_app(shop: Shop, target: str) -> None:
    """Only a path that GET serves counts; all else gives the default."""
    answer = shop.client().post(
        "/login", query_string={"next": target}, data={"id": "1"}
    )

    assert (answer.status_code, answer.location) == (303, "/")


@pytest.mark.parametrize(
    ("query", "form", "location"),
    [
        pytest.param("next=/vault", {}, "/vault", id="query"),
        pytest.param("", {"next": "/vault"}, "/vault", id="form"),
        pytest.param("next=/vault", {"next": "/vault"}, "/vault", id="both"),
        pytest.param("next=/vault&next=/vault", {}, "/", id="repeated"),
        pytest.param("next=/vault", {"next": "/editors"}, "/", id="disagree"),
        pytest.param("next=/open?x=%252f%23y", {}, "/open?x=%2f#y", id="encoded-query"),
    ],
)
def test_where_next_is_read_from(
    shop: Shop, query: str, form: dict[str, str], location: str
) -> None:
    """Query and form are read; more than one value counts as none."""
    answer = shop.client().post(f"/login?{query}", data={"id": "1", **form})

    assert answer.location == location


def test_a_redirect_of_the_router_is_no_target(shop: Shop) -> None:
    """A ``redirect_to`` rule could lead anywhere."""
    shop.app.add_url_rule("/away", "away", redirect_to="https://partner.example/")
    answer = shop.client().post("/login?next=/away", data={"id": "1"})

    assert answer.location == "/"


def test_without_next_param_nothing_is_carried(
    make_shop: Callable[..., Shop],
) -> None:
    """NEXT_PARAM None: no way back, in neither direction."""
    shop = make_shop(TOOLKIT_GUARD_NEXT_PARAM=None)

    assert shop.client().get("/vault", headers=HTML).location == "/login"
    assert shop.client().post("/login?next=/vault", data={"id": "1"}).location == "/"


def test_next_param_has_another_name(make_shop: Callable[..., Shop]) -> None:
    """NEXT_PARAM names the parameter."""
    shop = make_shop(TOOLKIT_GUARD_NEXT_PARAM="back")

    assert shop.client().get("/vault", headers=HTML).location == "/login?back=/vault"
    answer = shop.client().post("/login?back=/vault", data={"id": "1"})
    assert answer.location == "/vault"


def test_a_long_address_is_not_carried(shop: Shop) -> None:
    """Over 2048 bytes no next is sent along."""
    answer = shop.client().get("/vault?" + "x" * 2048, headers=HTML)

    assert answer.location == "/login"


def test_message_is_flashed_on_the_way(make_shop: Callable[..., Shop]) -> None:
    """MESSAGE is the only thing that makes a refusal write a session."""
    quiet, loud = make_shop(), make_shop(TOOLKIT_GUARD_MESSAGE="Please sign in.")
    assert "Set-Cookie" not in quiet.client().get("/", headers=HTML).headers

    client = loud.client()
    client.get("/", headers=HTML)

    with client.session_transaction() as found:
        assert found["_flashes"] == [("message", "Please sign in.")]


def test_a_mounted_app_keeps_its_prefix(shop: Shop) -> None:
    """Inside a mount next carries the prefix, and other mounts are refused."""
    mounted = Client(DispatcherMiddleware(Flask("main"), {"/shop": shop.app}))
    denied = mounted.get("/shop/vault?a=1", headers=HTML)
    assert denied.location == "/shop/login?next=/shop/vault?a%3D1"

    assert mounted.post(denied.location, data={"id": "1"}).location == "/shop/vault?a=1"
    elsewhere = mounted.post("/shop/login?next=/vault", data={"id": "1"})
    assert elsewhere.location == "/"


def test_login_url_carries_this_page(shop: Shop) -> None:
    """A link in a template leads back to its own page."""
    with shop.app.test_request_context("/open?x=1"):
        assert shop.guard.login_url() == "/login?next=/open?x%3D1"


def test_login_url_needs_a_login_view(make_shop: Callable[..., Shop]) -> None:
    """Without LOGIN_VIEW there is no address to give."""
    shop = make_shop(TOOLKIT_GUARD_LOGIN_VIEW=None)

    with (
        shop.app.test_request_context(),
        pytest.raises(SetupError, match="set TOOLKIT_GUARD_LOGIN_VIEW"),
    ):
        shop.guard.login_url()


def test_a_host_that_matches_no_app_gives_the_default() -> None:
    """Where routing has no adapter there is nothing to go to."""
    app = Flask("app", root_path="/nowhere", host_matching=True, static_host="a")
    guard = LoginGuard[object](app)

    with app.test_request_context("/?next=/x", base_url="http://b/") as context:
        context.url_adapter = None
        assert guard.next_url("/home") == "/home"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30), st.sampled_from(["", "/", "//", "/vault?", "/\\", "\t/"]))
def test_no_next_ever_leaves_or_fails(text: str, prefix: str) -> None:
    """Fuzz over ``next``: never a 500, never another host."""
    shop = _shop()
    answer = shop.client().post(
        "/login",
        query_string={"next": (prefix + text).encode("utf-8", "replace")},
        data={"id": "1"},
    )

    assert answer.status_code == 303
    assert re.match(r"/($|[?#]|vault($|[?#]))", answer.location)


_made: list[Shop] = []


@pytest.fixture(autouse=True)
def _one_shop(make_shop: Callable[..., Shop]) -> None:
    if not _made:
        _made.append(make_shop())


def _shop() -> Shop:
    return _made[0]


def test_a_login_view_on_another_host_gets_no_path_of_this_one() -> None:
    """There it would lead to another page, or to none."""
    app = Flask("app", static_folder=None, subdomain_matching=True)
    app.config.update(SECRET_KEY="k" * 32, SERVER_NAME="shop.test")
    LoginGuard[t.Any](app, login_view="sign_in")
    app.add_url_rule("/login", "sign_in", lambda: "form", subdomain="id")
    app.add_url_rule("/cart", "cart", lambda: "cart", subdomain="www")
    app.add_url_rule("/here", "here", lambda: "here", subdomain="id")

    def sent_to(host: str, path: str) -> str | None:
        client, accept = app.test_client(), {"Accept": "text/html"}
        return client.get(path, base_url=f"http://{host}", headers=accept).location

    assert sent_to("www.shop.test", "/cart") == "http://id.shop.test/login"
    assert sent_to("id.shop.test", "/here") == "/login?next=/here"
