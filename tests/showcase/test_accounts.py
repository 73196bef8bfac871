"""Accounts: making one, its password, and the devices that are logged in."""

from __future__ import annotations

import re
import typing as t
from datetime import datetime
from datetime import timedelta
from datetime import UTC

import pytest
from shop.pages import device_name

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

    LogIn = Callable[..., FlaskClient]
    Capture = pytest.CaptureFixture[str]

BROWSER = {"Accept": "text/html"}
TESS = {"username": "tess", "name": "Tess Lund", "password": "a bell for bicycles"}
XSS = "<script>alert(1)</script>"
NEW = "a lamp for every bicycle"


def mailed(capsys: Capture) -> str:
    """Return the path of the link that was printed."""
    printed = capsys.readouterr().out
    (path,) = re.findall(r"http://localhost(/reset/\S+)", printed)
    return str(path)


def ask(client: FlaskClient, capsys: Capture, username: str = "sam") -> str:
    """Ask for a link as somebody who forgot the password."""
    client.post("/forgot", data={"username": username})
    return mailed(capsys)


def handles(page: str) -> list[str]:
    """Return what names the other devices in the list."""
    return re.findall(r'name="handle" value="(\w+)"', page)


# An account of one's own


def test_a_newcomer_is_logged_in_and_led_back(client: FlaskClient) -> None:
    """The account is there at once, and the page that was asked for."""
    answer = client.post("/register?next=/shop/BRK-0042", data=TESS)

    assert (answer.status_code, answer.location) == (303, "/shop/BRK-0042")
    account = client.get("/account").text
    assert "Welcome, Tess Lund." in account
    assert ">customer</span>" in account
    assert ">editor</span>" not in account


def test_the_new_password_opens_the_account(app: Flask, client: FlaskClient) -> None:
    """It is stored as a hash, and the login takes it."""
    client.post("/register", data=TESS)
    other = app.test_client()

    assert other.post("/login", data=TESS).status_code == 303


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"username": "Tess"}, "a user name of 2 to 32", id="capital"),
        pytest.param({"username": "t"}, "a user name of 2 to 32", id="short name"),
        pytest.param({"username": "te ss"}, "a user name of 2 to 32", id="space"),
        pytest.param({"username": ""}, "a user name of 2 to 32", id="no name"),
        pytest.param({"name": " "}, "Give your name", id="nameless"),
        pytest.param({"password": "short"}, "password of 12 to 64", id="short"),
        pytest.param({"password": "x" * 65}, "password of 12 to 64", id="long"),
        pytest.param({"username": "sam"}, "That user name is taken.", id="taken"),
    ],
)
def test_a_bad_registration_is_refused(
    client: FlaskClient, change: dict[str, str], said: str
) -> None:
    """The form comes back with what would do, and nobody is logged in."""
    answer = client.post("/register", data=TESS | change)

    assert answer.status_code == 422
    assert said in answer.text
    assert client.get("/account", headers=BROWSER).status_code == 303


def test_markup_in_a_name_is_text(client: FlaskClient) -> None:
    """A user may be called anything; no page runs it."""
    client.post("/register", data=TESS | {"name": XSS})

    for path in ("/account", "/account/confirm", "/shop"):
        page = client.get(path).text
        assert "&lt;script&gt;" in page
        assert "<script" not in page


def test_a_registration_is_in_the_audit_log(
    client: FlaskClient, editor: FlaskClient
) -> None:
    """Under the new name."""
    client.post("/register", data=TESS)

    assert re.search(
        r"registered</span></td>\s*<td[^>]*>tess<", editor.get("/admin/audit").text
    )


@pytest.mark.parametrize("remember", [True, False])
def test_a_login_is_remembered_if_asked_to(
    client: FlaskClient, password: str, *, remember: bool
) -> None:
    """The cookie outlives the browser only then."""
    form = {"username": "sam", "password": password}
    answer = client.post("/login", data=form | ({"remember": "on"} if remember else {}))

    assert ("Expires=" in answer.headers["Set-Cookie"]) is remember


# A forgotten password


def test_nobody_learns_who_has_an_account(client: FlaskClient, capsys: Capture) -> None:
    """The same answer, and a mail for those who have one."""
    unknown = client.post("/forgot", data={"username": "nobody"})
    assert capsys.readouterr().out == ""
    known = client.post("/forgot", data={"username": "sam"})

    assert mailed(capsys)
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)


def test_the_mailed_link_sets_a_new_password(
    app: Flask, customer: FlaskClient, client: FlaskClient, capsys: Capture
) -> None:
    """Opening it changes nothing; using it ends every login, and the link."""
    path = ask(client, capsys)
    page = client.get(path)
    assert "Choose a new password" in page.text
    assert 'value="sam"' in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert customer.get("/account").status_code == 200

    assert client.post(path, data={"password": NEW}).location == "/login"
    assert customer.get("/account", headers=BROWSER).status_code == 303
    again = client.post(path, data={"password": "of somebody else, later"})
    assert again.status_code == 400
    assert "This link was used before." in again.text
    form = {"username": "sam", "password": NEW}
    assert app.test_client().post("/login", data=form).status_code == 303


def test_an_older_link_ends_with_the_password(
    client: FlaskClient, capsys: Capture
) -> None:
    """Who asked for two mails has used both."""
    first, second = ask(client, capsys), ask(client, capsys)
    client.post(second, data={"password": NEW})

    assert client.get(first).status_code == 200
    assert client.post(first, data={"password": NEW}).status_code == 400


def test_a_password_that_is_too_short_does_not_cost_the_link(
    client: FlaskClient, capsys: Capture
) -> None:
    """What was typed is looked at first."""
    path = ask(client, capsys)
    refused = client.post(path, data={"password": "short"})

    assert refused.status_code == 422
    assert "Choose a password of 12 to 64 characters." in refused.text
    assert client.post(path, data={"password": NEW}).status_code == 303


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_broken_link_offers_another(client: FlaskClient, method: str) -> None:
    """A 400 page with the form that asks for a new one."""
    answer = client.open("/reset/nonsense", method=method, data={"password": NEW})

    assert answer.status_code == 400
    assert "This link is not valid." in answer.text
    assert "Mail me a link" in answer.text


def test_a_link_lives_half_an_hour(
    client: FlaskClient, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Afterwards the page says so."""
    path = ask(client, capsys)
    later = datetime.now(UTC) + timedelta(minutes=31)
    monkeypatch.setattr("time.time", later.timestamp)

    assert "This link has expired." in client.get(path).text


def test_the_mailed_link_names_a_host_of_ours(
    client: FlaskClient, capsys: Capture
) -> None:
    """Whoever sends another Host gets no mail sent that leads there."""
    answer = client.post(
        "/forgot", data={"username": "sam"}, headers={"Host": "evil.example"}
    )

    assert answer.status_code == 400
    assert capsys.readouterr().out == ""


# A new password


def test_a_new_password_leaves_this_device_only(
    app: Flask, log_in: LogIn, tokens: dict[str, str], password: str
) -> None:
    """Other devices and programs are logged out; this one stays as it was."""
    desk, phone = app.test_client(), log_in("ada")
    form = {"username": "ada", "password": password, "remember": "on"}
    desk.post("/login", data=form)
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert desk.get("/api/me", headers=bearer).status_code == 200

    answer = desk.post("/account/password", data={"password": NEW})
    assert (answer.status_code, answer.location) == (303, "/account")
    assert "Expires=" in answer.headers["Set-Cookie"]

    assert phone.get("/account", headers=BROWSER).status_code == 303
    assert desk.get("/api/me", headers=bearer).status_code == 401
    page = desk.get("/account/devices").text
    assert handles(page) == []
    assert "this one" in page
    log = desk.get("/admin/audit").text
    assert "in the account" in log
    assert app.test_client().post("/login", data=form).status_code == 401


def test_a_new_password_ends_a_login_that_no_list_shows(
    log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The epoch ends it even where its session was not found to be deleted."""
    desk, phone = log_in("sam"), log_in("sam")
    monkeypatch.setattr("shop.users.sessions.delete_for", lambda *_, **__: 0)
    desk.post("/account/password", data={"password": NEW})

    assert phone.get("/account", headers=BROWSER).status_code == 303
    assert desk.get("/account").status_code == 200


def test_a_new_password_must_do(customer: FlaskClient) -> None:
    """The form comes back, and the old one holds."""
    answer = customer.post("/account/password", data={"password": "short"})

    assert answer.status_code == 422
    assert "Choose a password of 12 to 64 characters." in answer.text
    assert customer.get("/account").status_code == 200


def test_a_new_password_wants_a_fresh_proof(
    customer: FlaskClient, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After five minutes the old one is asked for first."""
    later = datetime.now(UTC) + timedelta(minutes=6)
    monkeypatch.setattr("time.time", later.timestamp)
    sent = customer.get("/account/password", headers=BROWSER)
    assert sent.location == "/account/confirm?next=/account/password"

    answer = customer.post(sent.location, data={"password": password})
    assert answer.location == "/account/password"
    assert "Change your password" in customer.get("/account/password").text


# Devices


def test_devices_are_listed_by_what_they_say(
    app: Flask, customer: FlaskClient, password: str
) -> None:
    """The one that looks is marked, and cannot be ended there."""
    phone = app.test_client()
    agent = {"User-Agent": "Mozilla/5.0 (Android 14; Mobile) Firefox/126.0"}
    form = {"username": "sam", "password": password}
    phone.post("/login", data=form, headers=agent)
    page = phone.get("/account/devices").text

    assert re.search(r"Firefox on Android\s*<span[^>]*>this one", page)
    assert len(handles(page)) == 1
    assert "Firefox on Android" in customer.get("/account/devices").text


def test_a_lost_device_is_logged_out(log_in: LogIn) -> None:
    """Only that one, at once, and again is no error."""
    desk, phone, tablet = log_in("sam"), log_in("sam"), log_in("sam")
    tablet_of = handles(desk.get("/account/devices").text)

    with phone.session_transaction() as held:
        held["device"] = "the phone"

    listed = re.search(
        r'the phone</td>.*?value="(\w+)"', desk.get("/account/devices").text, re.DOTALL
    )
    assert listed is not None
    assert listed[1] in tablet_of

    for said in ("That device is logged out.", "was logged out already"):
        answer = desk.post(
            "/account/devices/end", data={"handle": listed[1]}, follow_redirects=True
        )
        assert said in answer.text

    assert phone.get("/account", headers=BROWSER).status_code == 303
    assert tablet.get("/account").status_code == 200
    assert desk.get("/account").status_code == 200


def test_nobody_ends_a_device_of_somebody_else(
    log_in: LogIn, editor: FlaskClient
) -> None:
    """Its handle is worth nothing to another user."""
    first, second = log_in("sam"), log_in("sam")
    (handle,) = handles(first.get("/account/devices").text)
    editor.post("/account/devices/end", data={"handle": handle})

    assert second.get("/account").status_code == 200


def test_all_other_devices_are_logged_out(log_in: LogIn) -> None:
    """The one that asks stays."""
    desk, phone, tablet = log_in("sam"), log_in("sam"), log_in("sam")
    answer = desk.post("/account/devices/end-others", follow_redirects=True)

    assert "Other devices that were logged out: 2." in answer.text
    assert "Log out all others" not in answer.text
    assert phone.get("/account", headers=BROWSER).status_code == 303
    assert tablet.get("/account", headers=BROWSER).status_code == 303


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        pytest.param("", "A program", id="none"),
        pytest.param("curl/8.5.0", "curl", id="curl"),
        pytest.param(
            "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0",
            "Firefox on Linux",
            id="firefox",
        ),
        pytest.param(
            "Mozilla/5.0 (Windows NT 10.0) Chrome/125.0 Safari/537.36 Edg/125.0",
            "Edge on Windows",
            id="edge",
        ),
        pytest.param(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5"
            " Safari/604.1",
            "Safari on iPhone",
            id="safari",
        ),
        pytest.param(XSS, "A program", id="markup"),
    ],
)
def test_a_device_is_called_what_people_know(agent: str, name: str) -> None:
    """One browser and one system, from a list."""
    assert device_name(agent) == name


def test_a_link_of_a_user_who_is_gone_sets_nothing(
    app: Flask, client: FlaskClient, capsys: Capture
) -> None:
    """The form opens, as before, and its button is a 400."""
    from shop import db

    path = ask(client, capsys)

    with app.app_context():
        connection = db.connect()

        with connection:
            connection.execute("DELETE FROM users WHERE username = 'sam'")

    assert client.get(path).status_code == 200
    assert client.post(path, data={"password": NEW}).status_code == 400
