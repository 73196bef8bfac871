"""Pages that a signed address opens, to whoever has it."""

from __future__ import annotations

import typing as t

import pytest
from flask import Flask

from flask_toolkit.guard import authenticated
from flask_toolkit.guard import guard_map
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import role
from flask_toolkit.guard import rule
from flask_toolkit.guard import signed
from flask_toolkit.guard import strangers
from flask_toolkit.signing import sign_url

if t.TYPE_CHECKING:
    from flask.testing import FlaskClient

    from flask_toolkit.identity import Identity

HTML = {"Accept": "text/html"}


class User:
    """Somebody with roles."""

    def __init__(self, id: str, *roles: str) -> None:
        self.id = id
        self.roles = roles


USERS = {"ada": User("ada", "staff"), "bob": User("bob")}


def has_user(identity: Identity[User], _: object) -> bool:
    """Tell whether somebody in particular came; setup cannot judge a function."""
    return identity.user is not None


@pytest.fixture(name="app")
def _app() -> Flask:
    app = Flask("shop", static_folder=None)
    app.config.update(SECRET_KEY="k" * 32, TESTING=True)
    guard: LoginGuard[User] = LoginGuard(app, login_view="sign_in")
    guard.user_loader(USERS.get)

    @app.route("/login/<name>", methods=["GET", "POST"])
    @app.route("/login", methods=["GET"], defaults={"name": ""})
    @public
    def sign_in(name: str) -> str:
        guard.login(USERS[name])
        return name

    def page() -> str:
        identity = guard.identity
        assert identity is not None
        return f"{identity.via} {guard.user_or_none and guard.user.id}"

    def add(endpoint: str, asked: t.Any) -> None:
        def view() -> str:
            return page()

        app.add_url_rule(f"/{endpoint}", endpoint, require(asked)(view))

    add("share", signed)
    add("either", signed | role("staff"))
    add("anybody", signed | authenticated)
    add("both", signed & rule(has_user))
    add("closed", role("staff"))
    add("not", ~signed)
    return app


def address(app: Flask, endpoint: str, expires: float = 60) -> str:
    """Return the signed address of a page."""
    with app.test_request_context():
        return sign_url(endpoint, expires=expires)


def signed_in(app: Flask, name: str) -> FlaskClient:
    """Return a client of a user."""
    client = app.test_client()
    assert client.post(f"/login/{name}").status_code == 200
    return client


@pytest.mark.parametrize("endpoint", ["share", "either", "anybody"])
def test_a_signed_address_opens_its_page(app: Flask, endpoint: str) -> None:
    """To a stranger, who stays one: there is no user."""
    answer = app.test_client().get(address(app, endpoint))

    assert (answer.status_code, answer.text) == (200, "signed-url None")


def test_the_address_stays_with_who_has_it(app: Flask) -> None:
    """Neither a cache nor the site behind a link learns it."""
    answer = app.test_client().get(address(app, "share"))

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda url: url.replace("_sig=", "_sig=1"), id="forged"),
        pytest.param(lambda url: url + "&page=2", id="another-query"),
        pytest.param(lambda url: url + "&_sig=x", id="two-signatures"),
        pytest.param(lambda url: url.replace("/share", "/either"), id="another-page"),
        pytest.param(lambda _: "/share?_sig=", id="empty"),
    ],
)
@pytest.mark.parametrize("name", [None, "ada"], ids=["stranger", "staff"])
def test_a_bad_signature_is_refused(
    app: Flask, change: t.Callable[[str], str], name: str | None
) -> None:
    """An explicit credential that is bad ends it, whoever else is signed in."""
    client = signed_in(app, name) if name else app.test_client()

    answer = client.get(change(address(app, "share")), headers=HTML)

    assert answer.status_code == 403
    assert "WWW-Authenticate" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_expired_address_is_refused(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says why; the answer does not ask to sign in."""
    url = address(app, "share", expires=1)
    monkeypatch.setattr("flask_toolkit.signing._urls.time.time", lambda: 2e9)
    caplog.set_level("INFO")

    assert app.test_client().get(url).status_code == 403
    assert "denied GET share: signature-expired" in caplog.text


def test_without_a_signature_to_sign_in_would_not_help(app: Flask) -> None:
    """A page for those with an address sends nobody to the login."""
    assert app.test_client().get("/share", headers=HTML).status_code == 403
    assert signed_in(app, "ada").get("/share").status_code == 403


def test_where_another_way_leads_in_the_login_is_shown(app: Flask) -> None:
    """``signed | role(...)`` is open to two kinds of callers."""
    assert app.test_client().get("/either", headers=HTML).status_code == 303
    assert signed_in(app, "bob").get("/either").status_code == 403
    assert signed_in(app, "ada").get("/either").text == "session ada"
    assert signed_in(app, "bob").get("/anybody").text == "session bob"


def test_a_signature_is_no_sign_in(app: Flask) -> None:
    """A rule that needs a person refuses both, and no circle of redirects begins."""
    assert app.test_client().get(address(app, "both"), headers=HTML).status_code == 403
    assert signed_in(app, "ada").get(address(app, "both")).status_code == 403


def test_a_signature_counts_only_where_a_rule_names_it(app: Flask) -> None:
    """Elsewhere it is a parameter like any other."""
    url = address(app, "closed")

    assert app.test_client().get(url).status_code == 401
    assert signed_in(app, "ada").get(url).text == "session ada"


def test_not_signed_admits_who_came_otherwise(app: Flask) -> None:
    """The opposite of a rule is one too, and never a stranger's way in."""
    assert app.test_client().get(address(app, "not"), headers=HTML).status_code == 303
    assert signed_in(app, "bob").get("/not").text == "session bob"


def test_only_reading_is_signed(app: Flask) -> None:
    """A form is not sent by a link."""
    app.add_url_rule(
        "/form", "form", require(signed)(lambda: "sent"), methods=["GET", "POST"]
    )
    url = address(app, "form")

    assert app.test_client().get(url).text == "sent"
    assert app.test_client().post(url).status_code == 403


def test_the_map_tells_signed_from_open(app: Flask) -> None:
    """A stranger has no address; the lock shows the rule."""
    requires = {one.endpoint: one.requires for one in guard_map(app)}

    assert requires["share"] == "signed"
    assert requires["anybody"] == "signed | authenticated"
    assert {one.endpoint for one, passes in strangers(app) if passes} == {"sign_in"}
