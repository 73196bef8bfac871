"""What guarded answers say to caches: RFC 9111 sections 3.5 and 4.1."""

from __future__ import annotations

import typing as t

import pytest
from flask import after_this_request
from flask import Flask
from flask import Response
from flask import session

from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public

if t.TYPE_CHECKING:
    from tests.guard.conftest import Shop


def test_guarded_answers_vary_by_what_the_guard_reads(shop: Shop) -> None:
    """One line names header and cookie once, though Flask adds the cookie too."""
    answer = shop.client("1").get("/")

    assert answer.headers.getlist("Vary") == ["Authorization, Cookie"]
    assert answer.headers.getlist("Cache-Control") == ["private, no-cache"]


def test_a_refusal_that_the_app_draws_itself_is_not_stored(shop: Shop) -> None:
    """An error handler makes a new answer, and forgets what the error said."""

    @shop.app.errorhandler(403)
    def page(error: Exception) -> tuple[str, int]:
        return "our page", 403

    answer = shop.client("2").get("/editors")
    assert (answer.status_code, answer.text) == (403, "our page")
    assert answer.headers.getlist("Cache-Control") == ["no-store"]


def test_a_session_alone_varies_by_the_cookie(shop: Shop) -> None:
    """No header of a credential is named that nobody reads."""
    other = LoginGuard[t.Any](name="second")
    app = Flask("other", root_path="/nowhere", static_folder=None)
    app.config.update(SECRET_KEY="k" * 32)
    other.user_loader(shop.users.get)
    other.init_app(app)
    app.add_url_rule("/", "home", lambda: "home")
    client = app.test_client()

    with client.session_transaction() as found:
        found["_second"] = "9999999999,,,1"

    assert client.get("/").headers.getlist("Vary") == ["Cookie"]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        pytest.param("Accept", "Accept, Authorization, Cookie", id="other"),
        pytest.param("cookie", "cookie, Authorization", id="one-of-them"),
        pytest.param("Cookie, Authorization", "Cookie, Authorization", id="both"),
    ],
)
def test_what_a_view_varies_by_is_kept(shop: Shop, own: str, expected: str) -> None:
    """A view's own ``Vary`` gets what is missing."""

    @shop.app.get("/own")
    def page() -> tuple[str, dict[str, str]]:
        return "x", {"Vary": own}

    answer = shop.client("1").get("/own")
    assert answer.headers.getlist("Vary") == [expected]


def test_what_a_view_says_of_caching_stands_alone(shop: Shop) -> None:
    """A second ``Cache-Control`` would be joined to the first by caches."""

    @shop.app.get("/kept")
    def page() -> tuple[str, dict[str, str]]:
        return "x", {"cache-control": "private, max-age=60"}

    answer = shop.client("1").get("/kept")
    assert answer.headers.getlist("Cache-Control") == ["private, max-age=60"]


def test_a_view_that_uses_the_session_names_the_cookie_once(shop: Shop) -> None:
    """Neither reading nor writing it adds a second one."""

    @shop.app.get("/count")
    def count() -> str:
        session["seen"] = True
        return "x"

    answer = shop.client("1").get("/count")
    assert answer.headers.getlist("Vary") == ["Authorization, Cookie"]
    assert "Set-Cookie" in answer.headers


def test_a_vary_that_is_overwritten_still_names_the_cookie(shop: Shop) -> None:
    """Flask looks last: the guard leaves ``session.accessed`` alone."""

    @shop.app.get("/over")
    def over() -> str:
        @after_this_request
        def overwrite(response: Response) -> Response:
            response.headers["Vary"] = "Accept-Encoding"
            return response

        return "x"

    answer = shop.client("1").get("/over")
    assert answer.headers.getlist("Vary") == ["Accept-Encoding, Cookie"]


def test_an_open_page_that_knows_its_caller_is_no_page_for_all(shop: Shop) -> None:
    """A key in a header of its own keeps no cache from storing (RFC 9111 3)."""

    @shop.app.get("/hello")
    @public
    def hello() -> str:
        user = shop.guard.user_or_none
        return f"hello {user.id if user else 'stranger'}"

    answer = shop.client().get("/hello", headers={"X-Key": "1"})
    stranger = shop.client().get("/hello")

    assert answer.text == "hello 1"
    assert answer.headers.getlist("Cache-Control") == ["private, no-cache"]
    assert "Authorization" in answer.vary
    assert "Cache-Control" not in stranger.headers
