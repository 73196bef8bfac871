from __future__ import annotations

import html
import re
import typing as t
from datetime import datetime
from datetime import timedelta
from datetime import UTC

import pytest

if t.TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

BROWSER = {"Accept": "text/html"}


def test_login_goes_on_to_the_page_that_was_asked_for(
    client: FlaskClient, password: str
) -> None:
    """The link that the guard gave leads back after the login."""
    sent = client.get("/account", headers=BROWSER)
    form = {"username": "sam", "password": password}
    answer = client.post(sent.location, data=form)

    assert (answer.status_code, answer.location) == (303, "/account")
    assert "Welcome back, Sam Okafor." in client.get("/account").text


def test_the_login_page_says_why_it_is_there(client: FlaskClient) -> None:
    """Whoever was sent there reads a message, once."""
    sent = client.get("/account", headers=BROWSER)

    assert "Please log in to see that page." in client.get(sent.location).text
    assert "Please log in to see that page." not in client.get(sent.location).text


def test_a_stranger_logs_in_from_the_part_and_comes_back(
    client: FlaskClient, password: str
) -> None:
    """The part offers a login instead of a form that would be lost on the way."""
    page = client.get("/shop/BRK-0042", headers=BROWSER).text
    link = re.search(r'href="([^"]+)">Log in to order<', page)
    assert link is not None
    assert "Order now" not in page

    form = {"username": "sam", "password": password}
    answer = client.post(html.unescape(link[1]), data=form)
    assert (answer.status_code, answer.location) == (303, "/shop/BRK-0042")
    assert "Order now" in client.get("/shop/BRK-0042").text


def test_an_order_of_a_stranger_leads_back_to_the_part(
    client: FlaskClient, password: str
) -> None:
    """The order is not placed; after the login the part is there again."""
    sent = client.post(
        "/shop/BRK-0042/order",
        data={"quantity": "1"},
        headers=BROWSER | {"Referer": "http://localhost/shop/BRK-0042"},
    )
    form = {"username": "sam", "password": password}
    answer = client.post(sent.location, data=form)

    assert (answer.status_code, answer.location) == (303, "/shop/BRK-0042")
    assert "No orders yet" in client.get("/account").text


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({"username": "ada", "password": "wrong"}, id="password"),
        pytest.param({"username": "nobody", "password": "wrong"}, id="user name"),
        pytest.param({}, id="empty"),
    ],
)
def test_a_failed_login_says_one_thing(
    client: FlaskClient, form: dict[str, str]
) -> None:
    """The answer does not tell whether the name or the password was wrong."""
    answer = client.post("/login", data=form)

    assert answer.status_code == 401
    assert "That name and password do not belong together." in answer.text
    assert client.get("/account", headers=BROWSER).status_code == 303


def test_a_failed_login_is_in_the_audit_log(
    client: FlaskClient, editor: FlaskClient
) -> None:
    """Under the name that was typed, at most 64 characters of it."""
    client.post("/login", data={"username": "x" * 100, "password": "secret"})
    log = editor.get("/admin/audit").text

    assert "login-failed" in log
    assert f"as &#39;{'x' * 64}&#39;, from 127.0.0.1" in log
    assert "secret" not in log


def test_a_login_without_a_name_is_logged_as_such(
    client: FlaskClient, editor: FlaskClient
) -> None:
    """No empty quotes."""
    client.post("/login", data={"password": "x"})

    assert "without a name, from 127.0.0.1" in editor.get("/admin/audit").text


def test_the_confirm_page_claims_nothing(editor: FlaskClient) -> None:
    """Right after a login it says what it wants, not how long ago that was."""
    page = editor.get("/account/confirm").text

    assert "This page asks for your password once more." in page
    assert "ago" not in page


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("//evil.example", id="two slashes"),
        pytest.param("https://evil.example", id="absolute"),
        pytest.param("/\\evil.example", id="backslash"),
        pytest.param("/%09/evil.example", id="tab"),
        pytest.param("javascript:alert(1)", id="script"),
    ],
)
def test_login_never_redirects_to_another_site(
    client: FlaskClient, password: str, target: str
) -> None:
    """A next of another site is dropped."""
    form = {"username": "sam", "password": password}
    answer = client.post(f"/login?next={target}", data=form)

    assert (answer.status_code, answer.location) == (303, "/account")


def test_logout_ends_the_session_and_its_copies(customer: FlaskClient) -> None:
    """Also a copy of the cookie that somebody kept opens nothing any more."""
    cookie = customer.get_cookie("shop_session")
    assert cookie is not None

    answer = customer.post("/logout", follow_redirects=True)
    assert "You are logged out." in answer.text
    assert customer.get("/account", headers=BROWSER).status_code == 303

    customer.set_cookie("shop_session", cookie.value)
    assert customer.get("/account", headers=BROWSER).status_code == 303


def test_logout_is_no_link(customer: FlaskClient) -> None:
    """A GET does not log out."""
    assert customer.get("/logout", headers=BROWSER).status_code == 405
    assert customer.get("/account").status_code == 200


def test_log_of_login_and_logout(app: Flask, customer: FlaskClient) -> None:
    """Both stand in the audit log under the user's name."""
    from shop import audit

    customer.post("/logout")

    with app.app_context():
        newest = [(entry.event, entry.actor) for entry in audit.latest()]
    assert newest == [("logged-out", "sam"), ("logged-in", "sam")]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": "https://evil.example"}, id="origin"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="fetch metadata"),
        pytest.param({"Referer": "https://evil.example/"}, id="referer"),
    ],
)
@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/login", id="login"),
        pytest.param("/logout", id="logout"),
        pytest.param("/shop/BRK-0042/order", id="order"),
        pytest.param("/shop/BRK-0042/edit", id="edit"),
    ],
)
def test_forms_of_other_sites_are_refused(
    editor: FlaskClient, path: str, headers: dict[str, str]
) -> None:
    """The cookie alone changes nothing: the origin must be this site."""
    answer = editor.post(path, data={"quantity": "1"}, headers=headers)

    assert answer.status_code == 403
    assert "No orders yet" in editor.get("/account").text


def test_a_stale_login_is_confirmed(
    editor: FlaskClient, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Editing wants a proof of the last five minutes; confirming gives it."""
    later = datetime.now(UTC) + timedelta(minutes=6)
    monkeypatch.setattr("time.time", later.timestamp)
    path = "/shop/BRK-0042/edit"

    sent = editor.get(path, headers=BROWSER)
    assert sent.status_code == 303
    assert sent.location.startswith("/account/confirm?next=")
    assert editor.get("/account").status_code == 200

    wrong = editor.post(sent.location, data={"password": "wrong"})
    assert wrong.status_code == 401
    assert "That is not your password." in wrong.text

    right = editor.post(sent.location, data={"password": password})
    assert (right.status_code, right.location) == (303, path)
    assert editor.get(path).status_code == 200


def test_a_user_who_is_gone_is_logged_out(app: Flask, customer: FlaskClient) -> None:
    """A cookie of a deleted user opens nothing."""
    from shop import db

    with app.app_context():
        connection = db.connect()

        with connection:
            connection.execute("DELETE FROM users WHERE username = 'sam'")

    assert customer.get("/account", headers=BROWSER).status_code == 303
