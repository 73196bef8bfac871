"""The page on holes names tests that there are, and the guides all names."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from flask import Flask
from flask import redirect
from flask import request
from flask import session

from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/explanation/holes-of-hand-written-guards.md").read_text("utf-8")
FROM_FLASK_LOGIN = (ROOT / "docs/how-to/migrate-from-flask-login.md").read_text("utf-8")
TESTS = "\n".join(path.read_text("utf-8") for path in ROOT.glob("tests/**/test_*.py"))
LINE = re.compile(r"^\|(?! hole| where| limit|---)(.*)\|$", re.MULTILINE)
SCRIPT = {"Accept": "application/json"}
FOREIGN = {"Sec-Fetch-Site": "cross-site"}

# What Flask-Login 0.6.3 exports, and the keys that it reads from the config.
OLD_NAMES = """
AUTH_HEADER_NAME COOKIE_DURATION COOKIE_HTTPONLY COOKIE_NAME COOKIE_SECURE
ID_ATTRIBUTE LOGIN_MESSAGE LOGIN_MESSAGE_CATEGORY REFRESH_MESSAGE
REFRESH_MESSAGE_CATEGORY LoginManager AnonymousUserMixin UserMixin session_protected
user_accessed user_loaded_from_cookie user_loaded_from_request user_logged_in
user_logged_out user_login_confirmed user_needs_refresh user_unauthorized
FlaskLoginClient confirm_login current_user decode_cookie encode_cookie
fresh_login_required login_fresh login_remembered login_required login_url login_user
logout_user make_next_param set_login_view
anonymous_user login_view blueprint_login_views login_message login_message_category
refresh_view needs_refresh_message needs_refresh_message_category session_protection
localize_callback unauthorized_handler needs_refresh_handler id_attribute user_loader
request_loader header_loader unauthorized needs_refresh init_app
REMEMBER_COOKIE_NAME REMEMBER_COOKIE_DURATION SESSION_PROTECTION
REMEMBER_COOKIE_REFRESH_EACH_REQUEST USE_SESSION_FOR_NEXT FORCE_HOST_FOR_REDIRECTS
LOGIN_DISABLED
"""


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", PAGE))))
def test_a_named_test_exists(name: str) -> None:
    """Whoever renames a test has to say so on the page."""
    assert re.search(rf"^(?:async )?def {name}\(", TESTS, re.MULTILINE)


def test_every_hole_is_held_by_something() -> None:
    """Each line of the tables names a test in its last column."""
    lines = LINE.findall(PAGE)
    unheld = [line for line in lines if "`test_" not in line.rpartition(" | ")[2]]

    assert len(lines) > 40
    assert unheld == []


@pytest.mark.parametrize("name", re.findall(r"\w+", OLD_NAMES))
def test_every_name_of_flask_login_has_a_successor(name: str) -> None:
    """Who searches the page for an old name finds what there is instead."""
    assert re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`", FROM_FLASK_LOGIN)


def tutorial(app: Flask) -> None:
    """Guard by a list of paths, as the tutorials do."""

    @app.before_request
    def check_login() -> t.Any:
        if request.path in {"/login", "/about"}:
            return None

        return None if session.get("user") else redirect("/login")

    @app.route("/login", methods=["GET", "POST"])
    def login() -> t.Any:
        session["user"] = request.values.get("name")
        return redirect(request.args.get("next") or "/")

    @app.post("/logout")
    def logout() -> t.Any:
        session.pop("user", None)
        return redirect("/login")


def ours(app: Flask) -> None:
    """Guard by the toolkit."""
    guard: LoginGuard[str] = LoginGuard(app, login_view="login")
    guard.user_loader(lambda id: id)
    guard.id_of(str)

    @app.route("/login", methods=["GET", "POST"])
    def login() -> t.Any:
        guard.login(request.values["name"])
        return redirect(guard.next_url("/"), 303)

    @app.post("/logout")
    def logout() -> t.Any:
        guard.logout()
        return redirect("/login", 303)


def site(protect: Callable[[Flask], None]) -> FlaskClient:
    """Return a visitor of the same application under one of the two guards."""
    app = Flask(
        "site",
        root_path=str(ROOT / "docs"),
        static_folder="_ext",
        static_url_path="/static",
    )
    app.config.update(SECRET_KEY="k" * 32, TESTING=True)
    protect(app)

    @app.get("/about")
    @app.get("/about-us")
    @public
    def about() -> str:
        return "about"

    @app.get("/")
    def home() -> str:
        return str(session.get("cart"))

    @app.post("/cart")
    def cart() -> str:
        session["cart"] = request.form["item"]
        return "in the cart"

    return app.test_client()


def planted(client: FlaskClient) -> str:
    """Return what the next person at a computer finds."""
    client.post("/login", data={"name": "ada"})
    client.post("/cart", data={"item": "bell"})
    client.post("/logout")
    client.post("/login", data={"name": "bob"})
    return client.get("/").text


def cross_site(client: FlaskClient) -> int:
    """Return what a form of another site gets from a visitor's browser."""
    client.post("/login", data={"name": "ada"})
    return client.post("/cart", data={"item": "x"}, headers=FOREIGN).status_code


@pytest.mark.parametrize(
    ("ask", "theirs", "here"),
    [
        pytest.param(
            lambda c: c.get("/static/inventory.py", buffered=True).status_code,
            302,
            200,
            id="static",
        ),
        pytest.param(lambda c: c.get("/none").status_code, 302, 404, id="not found"),
        pytest.param(lambda c: c.get("/cart").status_code, 302, 405, id="method"),
        pytest.param(lambda c: c.options("/").status_code, 302, 200, id="preflight"),
        pytest.param(
            lambda c: c.get("/", headers=SCRIPT).status_code, 302, 401, id="program"
        ),
        pytest.param(
            lambda c: c.post("/login?next=//evil.example", data={"name": "a"}).location,
            "//evil.example",
            "/",
            id="open redirect",
        ),
        pytest.param(
            lambda c: c.get("/?a=1", headers={"Accept": "text/html"}).location,
            "/login",
            "/login?next=/?a%3D1",
            id="way back",
        ),
        pytest.param(cross_site, 200, 403, id="cross-site form"),
        pytest.param(
            lambda c: (
                c.post("/login", data={"name": "eve"}, headers=FOREIGN).status_code
            ),
            302,
            403,
            id="login of another site",
        ),
        pytest.param(planted, "bell", "None", id="data of another user"),
        pytest.param(
            lambda c: c.get("/about-us").status_code, 302, 200, id="second address"
        ),
    ],
)
def test_the_tutorials_guard_has_the_hole_and_ours_has_not(
    ask: Callable[[FlaskClient], object], theirs: object, here: object
) -> None:
    """The same request to both."""
    assert ask(site(tutorial)) == theirs
    assert ask(site(ours)) == here


def test_a_second_address_of_a_view_is_as_open_as_the_first() -> None:
    """What is open is the view, not its address."""
    client = site(ours)

    assert client.get("/about").text == client.get("/about-us").text == "about"
