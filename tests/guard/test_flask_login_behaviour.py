"""What people who come from Flask-Login rely on, and where we differ on purpose.

The page "From Flask-Login" promises what stands here.
"""

from __future__ import annotations

import time
import typing as t

import pytest
from flask import flash
from flask import get_flashed_messages
from flask import render_template_string

from flask_toolkit.errors import LoginRequiredError
from flask_toolkit.guard import fresh
from flask_toolkit.guard import logged_in
from flask_toolkit.guard import logged_out
from flask_toolkit.guard import Outcome
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import rule
from flask_toolkit.identity import current_identity

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from flask_toolkit.guard import Decision

    from .conftest import Shop
    from .conftest import User

    Age = Callable[[FlaskClient, float], None]

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
DAY = 86400


@pytest.fixture(name="age")
def _age(edit_login: Callable[..., None]) -> Age:
    """Return what makes a client's sign-in older by some seconds."""

    def age(client: FlaskClient, seconds: float) -> None:
        began = int(time.time() - seconds)
        edit_login(client, auth_time=began, seen=began)

    return age


# login_required, login_user, logout_user


def test_a_view_without_a_mark_asks_for_a_sign_in(shop: Shop) -> None:
    """What ``login_required`` said is the default; nobody can forget it."""
    assert shop.client().get("/").status_code == 401
    assert shop.client("1").get("/").text == "user 1"


def test_login_needs_no_methods_on_the_user(shop: Shop) -> None:
    """No ``UserMixin``, no ``get_id``: an object with an ``id`` is a user."""
    user = shop.users["1"]

    assert not hasattr(user, "is_authenticated")
    assert shop.client("1").get("/who").text == "1"


def test_who_signs_in_is_known_at_once(shop: Shop) -> None:
    """The rest of the request, templates included, sees the new user."""

    @shop.app.post("/join")
    @public
    def join() -> str:
        shop.guard.login(shop.users["2"])
        return render_template_string("{{ current_user.id }}")

    assert shop.client().post("/join").text == "2"


def test_logout_ends_the_sign_in_of_this_browser(shop: Shop) -> None:
    """The user is nobody in the same request, and in the next."""
    client = shop.client("1")

    assert client.post("/logout").text == "None"
    assert client.get("/").status_code == 401


def test_logout_of_nobody_is_refused_like_any_closed_view(shop: Shop) -> None:
    """A stranger has nothing to end; mark the view public to be lenient."""
    assert shop.client().post("/logout").status_code == 401


def test_a_message_of_the_logout_view_is_kept(shop: Shop) -> None:
    """What is flashed after ``logout`` reaches the next page."""

    @shop.app.post("/leave")
    def leave() -> str:
        shop.guard.logout()
        flash("Good-bye.")
        return ""

    @shop.app.get("/farewell")
    @public
    def farewell() -> str:
        return " ".join(map(str, get_flashed_messages()))

    client = shop.client("1")
    client.post("/leave")

    assert client.get("/farewell").text == "Good-bye."


def test_an_inactive_user_is_whom_the_loader_does_not_return(shop: Shop) -> None:
    """There is no ``is_active``: the loader returns ``None``, and all ends."""
    client = shop.client("2")
    assert client.get("/").status_code == 200

    del shop.users["2"]
    assert client.get("/").status_code == 401


def test_a_user_who_comes_back_must_sign_in_again(shop: Shop) -> None:
    """A sign-in that the loader refused once has ended for good."""
    client = shop.client("2")
    user = shop.users.pop("2")
    client.get("/")
    shop.users["2"] = user

    assert client.get("/").status_code == 401
    assert shop.loads.count("2") == 1


def test_a_view_may_use_any_method_but_is_not_exempt_for_options(shop: Shop) -> None:
    """``EXEMPT_METHODS`` let a hand-written OPTIONS view run for strangers."""

    @shop.app.route(
        "/data", methods=["GET", "OPTIONS"], provide_automatic_options=False
    )
    def data() -> str:
        return "secret"

    assert shop.client().options("/data").status_code == 401
    assert shop.client("1").options("/data").text == "secret"
    assert shop.client().options("/").status_code == 200


# The anonymous user and current_user


def test_nobody_is_none_and_not_an_anonymous_object(shop: Shop) -> None:
    """``guard.user_or_none`` is ``None``, so a forgotten test is an error."""
    with shop.app.test_request_context("/open"):
        assert shop.guard.user_or_none is None
        assert current_identity() is None

        with pytest.raises(LoginRequiredError, match="Sign in to use this address"):
            _ = shop.guard.user


def test_user_of_an_open_view_raises_a_401_and_no_attribute_error(shop: Shop) -> None:
    """An open view that needs a user after all answers like a closed one."""

    @shop.app.get("/mixed")
    @public
    def mixed() -> str:
        return shop.guard.user.id

    assert shop.client().get("/mixed").status_code == 401
    assert shop.client("1").get("/mixed").text == "1"


@pytest.mark.parametrize(
    ("user", "page"),
    [
        pytest.param(None, "Hello stranger", id="nobody"),
        pytest.param("1", "Hello 1", id="signed in"),
    ],
)
def test_current_user_in_templates(shop: Shop, user: str | None, page: str) -> None:
    """``current_user`` is there; ``{% if current_user %}`` asks who it is."""

    @shop.app.get("/hello")
    @public
    def hello() -> str:
        return render_template_string(
            "Hello {% if current_user %}{{ current_user.id }}{% else %}stranger"
            "{% endif %}"
        )

    assert shop.client(user).get("/hello").text == page


# user_loader and request_loader


def test_the_loader_gets_the_id_as_text(shop: Shop) -> None:
    """Whatever ``id`` is, the loader sees its text, as it did."""
    client = shop.client("1")
    shop.loads.clear()
    client.get("/")

    assert shop.loads == ["1"]


def test_a_request_loader_is_an_authenticator(shop: Shop) -> None:
    """A header finds a user for one request, and writes no session."""
    answer = shop.client().get("/", headers={"X-Key": "1"})

    assert answer.text == "user 1"
    assert "Set-Cookie" not in answer.headers


def test_a_header_wins_over_a_session(shop: Shop) -> None:
    """Flask-Login asks the session first; an explicit credential goes first here."""
    assert shop.client("2").get("/", headers={"X-Key": "1"}).text == "user 1"


def test_a_bad_header_is_told_although_a_session_is_good(shop: Shop) -> None:
    """Flask-Login does not look at the header where a session names somebody."""
    assert shop.client("2").get("/", headers={"X-Key": "bad"}).status_code == 401


# unauthorized: redirect, next, message, handler


def test_a_person_is_sent_to_the_login_view_with_next(shop: Shop) -> None:
    """As before, but with 303, so that a denied POST becomes a GET."""
    answer = shop.client().get("/editors?page=2", headers=HTML)

    assert answer.status_code == 303
    assert answer.location == "/login?next=/editors?page%3D2"


def test_the_way_back_is_followed_only_within_the_application(shop: Shop) -> None:
    """``next`` needs no check of the view's own."""
    client = shop.client()
    sent = client.get("/editors", headers=HTML)
    assert client.post(sent.location, data={"id": "1"}).location == "/editors"

    away = "/login?next=https://evil.example/"
    assert client.post(away, data={"id": "1"}).location == "/"


def test_a_program_gets_a_401_instead(shop: Shop) -> None:
    """Flask-Login redirects everybody where there is a login view."""
    answer = shop.client().get("/", headers={"Accept": "application/json"})

    assert (answer.status_code, answer.content_type) == (
        401,
        "application/problem+json",
    )


def test_the_login_message_is_flashed_if_one_is_set(
    make_shop: Callable[..., Shop],
) -> None:
    """``login_message`` is ``TOOLKIT_GUARD_MESSAGE``, off unless it is set."""
    quiet, talking = make_shop(), make_shop(TOOLKIT_GUARD_MESSAGE="Please log in.")

    for shop, cookies in ((quiet, 0), (talking, 1)):
        answer = shop.client().get("/", headers=HTML)
        assert len(answer.headers.getlist("Set-Cookie")) == cookies


def test_an_unauthorized_handler_is_on_denied(shop: Shop) -> None:
    """One function answers strangers, stale sign-ins and missing rights."""

    @shop.guard.on_denied
    def denied(decision: Decision) -> tuple[str, int] | None:
        return ("who are you?", 401) if decision.outcome is Outcome.LOGIN else None

    assert shop.client().get("/", headers=HTML).text == "who are you?"
    assert shop.client("2").get("/editors").status_code == 403


def test_a_test_inside_of_a_view_is_check(shop: Shop) -> None:
    """``current_app.login_manager.unauthorized()`` was returned by hand."""

    def owns(_identity: object, order: object) -> bool:
        return order == "mine"

    @shop.app.get("/order/<which>")
    def order(which: str) -> str:
        shop.guard.check(rule(owns, name="owner"), which)
        return which

    assert shop.client("1").get("/order/mine").text == "mine"
    assert shop.client("1").get("/order/other").status_code == 403


# remember me


def test_remember_outlives_the_browser(shop: Shop) -> None:
    """``remember=True`` makes the one cookie permanent; there is no second."""
    client = shop.app.test_client()
    answer = client.post("/login", data={"id": "1", "remember": "on"})
    (cookie,) = answer.headers.getlist("Set-Cookie")

    assert "Expires=" in cookie
    assert "remember_token" not in cookie


def test_without_remember_it_ends_with_the_browser(shop: Shop) -> None:
    """A session cookie has no end of its own."""
    answer = shop.app.test_client().post("/login", data={"id": "1"})

    assert "Expires=" not in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("days", "status"),
    [pytest.param(29, 200, id="in time"), pytest.param(31, 401, id="too old")],
)
def test_a_remembered_sign_in_ends(
    shop: Shop, age: Age, days: int, status: int
) -> None:
    """A remember cookie has no end of its own: a copy of it works for ever."""
    client = shop.app.test_client()
    client.post("/login", data={"id": "1", "remember": "on"})
    age(client, days * DAY)

    assert client.get("/").status_code == status


def test_a_copied_cookie_ends_with_the_epoch(shop: Shop) -> None:
    """After logout a copied remember cookie worked on; the epoch ends ours."""
    shop.guard.epoch(lambda user: user.epoch)
    client, thief = shop.client("1"), shop.app.test_client()
    cookie = client.get_cookie("session")
    assert cookie is not None
    thief.set_cookie("session", cookie.value)
    assert thief.get("/").status_code == 200

    shop.users["1"].epoch = "2"
    assert thief.get("/").status_code == 401


# fresh_login_required


def test_a_new_sign_in_is_fresh(shop: Shop) -> None:
    """It opens what asks for a fresh one."""
    assert shop.client("1").get("/vault").text == "vault"


def test_freshness_is_an_age_and_ends(shop: Shop, age: Age) -> None:
    """In Flask-Login a session stays fresh until a remember cookie restores it."""
    client = shop.client("1")
    age(client, 301)

    assert client.get("/vault").status_code == 401
    assert client.get("/").status_code == 200


def test_a_stale_person_goes_to_the_refresh_view_and_back(
    make_shop: Callable[..., Shop], age: Age
) -> None:
    """``refresh_view`` is a setting; ``confirm`` is ``confirm_login``."""
    shop = make_shop(TOOLKIT_GUARD_REFRESH_VIEW="prove")
    shop.app.add_url_rule("/prove", "prove", lambda: "your password?")
    client = shop.client("1")
    age(client, 301)

    assert client.get("/vault", headers=HTML).location == "/prove?next=/vault"
    client.post("/confirm")
    assert client.get("/vault").text == "vault"


def test_login_fresh_is_allows(shop: Shop) -> None:
    """``login_fresh()`` is a question with an age in it."""

    @shop.app.get("/ask")
    def ask() -> str:
        return str(shop.guard.allows(fresh(60)))

    assert shop.client("1").get("/ask").text == "True"


# session protection


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({"HTTP_USER_AGENT": "Another/2.0"}, id="user agent"),
        pytest.param({"REMOTE_ADDR": "203.0.113.9"}, id="address"),
        pytest.param({"HTTP_X_FORWARDED_FOR": "203.0.113.9"}, id="forwarded"),
    ],
)
def test_address_and_browser_are_no_part_of_a_sign_in(
    shop: Shop, environ: dict[str, str]
) -> None:
    """A phone changes its network, and a thief can send any header."""
    client = shop.client("1")

    assert client.get("/vault", environ_overrides=environ).status_code == 200


def test_an_unused_sign_in_ends(make_shop: Callable[..., Shop], age: Age) -> None:
    """What a stolen cookie can do is bounded in time instead."""
    client = make_shop(TOOLKIT_GUARD_IDLE_AGE=600).client("1")
    age(client, 601)

    assert client.get("/").status_code == 401


# LOGIN_DISABLED


@pytest.mark.parametrize("key", ["LOGIN_DISABLED", "TOOLKIT_LOGIN_DISABLED"])
def test_no_setting_opens_everything(make_shop: Callable[..., Shop], key: str) -> None:
    """A switch for tests is a switch for production; tests sign in instead."""
    shop = make_shop(**{key: True})

    assert shop.client().get("/").status_code == 401


# signals


def test_signals_of_a_sign_in_and_out(shop: Shop) -> None:
    """``user_logged_in`` and ``user_logged_out`` have a successor each."""
    heard: list[tuple[str, User | None]] = []

    def signed_in(_app: object, identity: t.Any, **_: t.Any) -> None:
        heard.append(("in", identity.user))

    def signed_out(_app: object, identity: t.Any, **_: t.Any) -> None:
        heard.append(("out", identity.user))

    with (
        logged_in.connected_to(signed_in, shop.app),
        logged_out.connected_to(signed_out, shop.app),
    ):
        shop.client("1").post("/logout")

    assert heard == [("in", shop.users["1"]), ("out", shop.users["1"])]


def test_nobody_signs_in_over_another_user_unnoticed(shop: Shop) -> None:
    """Flask-Login keeps the session of the user before; here it is emptied."""
    client = shop.client("1")
    client.post("/cart", data={"item": "bell"})
    client.post("/login", data={"id": "2"})

    assert client.get("/cart").json == {"cart": None, "csrf": None}


def test_a_mark_above_the_route_still_closes(shop: Shop) -> None:
    """``login_required`` above ``@route`` protected nothing."""

    @require()
    @shop.app.get("/above")
    def above() -> str:
        return "above"

    assert shop.client().get("/above").status_code == 401
    assert shop.client("1").get("/above").text == "above"
