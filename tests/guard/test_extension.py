"""The guard as an extension: several apps, several guards, templates, signals."""

from __future__ import annotations

import gc
import logging
import typing as t
import weakref

import pytest
from flask import Blueprint
from flask import Flask
from flask import render_template_string

from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import SetupError
from flask_toolkit.guard import access_denied
from flask_toolkit.guard import authenticated
from flask_toolkit.guard import fresh
from flask_toolkit.guard import identity_loaded
from flask_toolkit.guard import logged_in
from flask_toolkit.guard import logged_out
from flask_toolkit.guard import login_failed
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import role
from flask_toolkit.guard import rule
from flask_toolkit.guard import SessionAuthenticator
from flask_toolkit.identity import current_identity
from flask_toolkit.identity import Identity

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Request

    from flask_toolkit.guard import Decision
    from tests.guard.conftest import Shop
    from tests.guard.conftest import User

HTML = {"Accept": "text/html"}


class Token:
    """Finds callers by a header and knows no users, as a token may."""

    def __init__(self, name: str = "token") -> None:
        self.name = name
        self.ambient = False

    def authenticate(self, request: Request, /) -> Identity[t.Any] | None:
        """Return who is named in the header."""
        id = request.headers.get("X-Token")
        return None if not id else Identity(id=id, via=self.name, ambient=False)

    def challenge(self) -> str | None:
        """Return what to send."""
        return "Token"


def test_apps_do_not_share_a_guards_settings(make_shop: Callable[..., Shop]) -> None:
    """One guard serves two apps; each has its own settings and sessions."""
    shop = make_shop()
    other = Flask("other", root_path="/nowhere")
    other.config.update(SECRET_KEY="o" * 32, TOOLKIT_GUARD_LOGIN_VIEW="home")
    shop.guard.init_app(other)
    other.add_url_rule("/", "home", lambda: "other")

    assert other.test_client().get("/").text == "other"
    assert shop.client().get("/").status_code == 401
    assert shop.guard.settings_of(other).login_view == "home"
    assert shop.guard.settings_of(shop.app).login_view == "sign_in"


def test_a_second_init_app_is_refused(shop: Shop) -> None:
    """Two guards of one name could not be told apart."""
    with pytest.raises(SetupError, match=r"'toolkit\.guard' is already registered"):
        shop.guard.init_app(shop.app)


def test_a_second_guard_for_the_whole_app_is_refused(shop: Shop) -> None:
    """Exactly one guard decides about a route."""
    with pytest.raises(SetupError, match="already has the guard 'guard'"):
        LoginGuard[object](shop.app, name="staff")

    assert "toolkit.staff" not in shop.app.extensions


def test_a_second_guard_for_a_blueprint_is_refused(shop: Shop) -> None:
    """The same holds within a blueprint."""
    bp = Blueprint("bp", "bp")
    LoginGuard[object](bp, name="a")
    LoginGuard[object](bp, name="b")

    with pytest.raises(SetupError, match="Blueprint 'bp' already has the guard 'a'"):
        shop.app.register_blueprint(bp)


def test_one_guard_may_cover_app_and_blueprint(shop: Shop) -> None:
    """Attached to both, it decides in both."""
    bp = Blueprint("bp", "bp", url_prefix="/bp")
    shop.guard.init_app(bp)
    bp.add_url_rule("/", "home", lambda: "bp")
    shop.app.register_blueprint(bp)

    assert shop.client().get("/bp/").status_code == 401
    assert shop.client("1").get("/bp/").text == "bp"


def test_bad_settings_of_a_blueprints_guard_stop_its_registration() -> None:
    """They are read when the blueprint meets its app."""
    app = Flask("app")
    app.config["TOOLKIT_GUARD_MAX_AGE"] = "never"
    bp = Blueprint("bp", "bp")
    LoginGuard[object](bp)

    with pytest.raises(ConfigError, match="TOOLKIT_GUARD_MAX_AGE"):
        app.register_blueprint(bp)


def test_without_an_app_context_it_says_what_is_missing() -> None:
    """A guard that was never attached names the remedy."""
    guard = LoginGuard[object]()

    with (
        Flask("app").test_request_context(),
        pytest.raises(SetupError, match=r"LoginGuard\.init_app\(app\) first"),
    ):
        _ = guard.user


def test_repr_shows_no_secret(shop: Shop) -> None:
    """Neither guard nor settings print keys or users."""
    state = shop.guard.state_of(shop.app)

    assert repr(shop.guard) == "<LoginGuard 'guard'>"
    assert "k" * 32 not in repr(state)


def test_an_app_with_a_guard_can_be_freed(make_shop: Callable[..., Shop]) -> None:
    """Nothing of the guard keeps an application alive."""
    guard: LoginGuard[object] = LoginGuard()
    guard.user_loader(lambda id: None)
    app = Flask("app", root_path="/nowhere")
    guard.init_app(app)
    app.add_url_rule("/", "home", lambda: "home")
    assert app.test_client().get("/").status_code == 401

    freed = weakref.ref(app)
    del app
    gc.collect()

    assert freed() is None


def test_authenticators_of_one_name_are_refused() -> None:
    """``via("key")`` must mean one of them."""
    with pytest.raises(SetupError, match="have the same name"):
        LoginGuard[t.Any](Flask("app"), authenticators=[Token(), Token()])


def test_default_authenticators_come_before_the_session(shop: Shop) -> None:
    """What the facade hands down is asked first, and the guard loads its users."""
    guard: LoginGuard[User] = LoginGuard()
    app = Flask("app", root_path="/nowhere")
    app.config["SECRET_KEY"] = "k" * 32
    guard.default_authenticators(app, [Token()])
    guard.init_app(app)
    guard.user_loader(shop.users.get)
    app.add_url_rule("/", "home", lambda: guard.user.id)
    client = app.test_client()

    assert client.get("/", headers={"X-Token": "2"}).text == "2"
    refused = client.get("/", headers={"X-Token": "unknown"})
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == "Token"
    assert client.get("/").headers.getlist("WWW-Authenticate") == [
        "Token",
        'Session realm="app"',
    ]


def test_a_user_who_is_gone_is_looked_for_once(shop: Shop) -> None:
    """Who asks again within the request does not make the loader run again."""
    guard: LoginGuard[User] = LoginGuard()
    app = Flask("app", root_path="/nowhere")
    guard.default_authenticators(app, [Token()])
    guard.init_app(app)
    guard.user_loader(shop.load)
    app.add_url_rule("/", "home", lambda: "home")
    asked: list[object] = []

    @guard.on_denied
    def look(decision: Decision) -> None:
        asked.append((decision.reason, guard.user_or_none))

    app.test_client().get("/", headers={"X-Token": "unknown"})

    assert asked == [("user-gone", None)]
    assert shop.loads == ["unknown"]


def test_explicit_authenticators_win_over_defaults() -> None:
    """A guard that was told how to find callers asks nobody else."""
    guard = LoginGuard[t.Any](authenticators=[Token("mine")])
    app = Flask("app", root_path="/nowhere")
    guard.default_authenticators(app, [Token()])
    guard.init_app(app)

    asked = guard.state_of(app).authenticators
    assert [one.name for one in asked] == ["mine"]


def test_a_stranger_token_never_becomes_a_local_user(shop: Shop) -> None:
    """An authenticator passed by hand names callers, not users of this app."""
    guard = LoginGuard[t.Any](authenticators=[Token(), SessionAuthenticator()])
    guard.user_loader(shop.users.get)
    app = Flask("app", root_path="/nowhere")
    guard.init_app(app)
    app.add_url_rule("/", "home", lambda: str(guard.user_or_none))
    app.add_url_rule("/u", "user", lambda: guard.user.id)
    headers = {"X-Token": "1"}

    assert app.test_client().get("/", headers=headers).text == "None"
    assert app.test_client().get("/u", headers=headers).status_code == 401


def test_current_identity_asks_the_guard_where_it_did_not_decide(shop: Shop) -> None:
    """On an open page the caller is found when somebody asks."""

    @shop.app.get("/whoami")
    @public
    def whoami() -> str:
        identity = current_identity()
        return "nobody" if identity is None else identity.id

    assert shop.client().get("/whoami").text == "nobody"
    assert shop.client("1").get("/whoami").text == "1"


def test_logout_withdraws_the_published_caller(shop: Shop) -> None:
    """After logout nobody is told that the user is there."""
    seen: list[object] = []

    @shop.app.post("/bye")
    def bye() -> str:
        seen.append(current_identity())
        shop.guard.logout()
        seen.append(current_identity())
        return "bye"

    shop.client("1").post("/bye")

    assert seen[0] is not None
    assert seen[1] is None


@pytest.mark.parametrize(
    ("template", "user", "expected", "loads"),
    [
        pytest.param("{{ 1 }}", "1", "1", 0, id="unused"),
        pytest.param("{{ current_user.id }}", "1", "1", 1, id="user"),
        pytest.param("{{ current_user.id or 'x' }}", None, "x", 0, id="nobody"),
        pytest.param("{{ 'in' if current_user }}", None, "", 0, id="false"),
        pytest.param("{{ allows(editor) }}", "1", "True", 1, id="allows"),
        pytest.param("{{ allows(editor) }}", "2", "False", 1, id="allows-not"),
        pytest.param("{{ allows(editor) }}", None, "False", 0, id="allows-nobody"),
    ],
)
def test_template_helpers_load_nothing_until_used(
    shop: Shop, template: str, user: str | None, expected: str, loads: int
) -> None:
    """``current_user`` and ``allows`` cost nothing on a page without them."""

    @shop.app.get("/page")
    @public
    def page() -> str:
        return render_template_string(template, editor=role("editor"))

    client = shop.client(user)
    shop.loads.clear()
    answer = client.get("/page")

    assert answer.text == expected
    assert len(shop.loads) == loads
    assert ("Vary" in answer.headers) is (template != "{{ 1 }}")


def test_templates_render_without_a_request(shop: Shop) -> None:
    """A mail made in the background has no caller."""
    with shop.app.app_context():
        assert render_template_string("{{ current_user.id or 'none' }}") == "none"


def test_only_the_guard_named_guard_helps_templates() -> None:
    """Of several guards one can be ``current_user``."""
    app = Flask("app", root_path="/nowhere")
    LoginGuard[object](app, name="staff")

    with app.app_context():
        assert render_template_string("{{ current_user is defined }}") == "False"


def owner(identity: Identity[t.Any], obj: t.Any) -> bool:
    """Tell whether the caller owns the object."""
    return bool(obj == identity.id)


@pytest.mark.parametrize(
    ("user", "needed", "headers", "status"),
    [
        pytest.param("1", rule(owner), {}, 200, id="owner"),
        pytest.param("2", rule(owner), {}, 403, id="not-owner"),
        pytest.param("2", rule(owner), HTML, 403, id="not-owner-person"),
        pytest.param(None, authenticated, {}, 401, id="nobody"),
        pytest.param(None, authenticated, HTML, 303, id="nobody-person"),
        pytest.param(None, authenticated, {"X-Key": "bad"}, 401, id="bad-key"),
        pytest.param("1", ~fresh(300), {}, 403, id="not"),
    ],
)
def test_check_answers_like_a_mark(
    shop: Shop, user: str | None, needed: t.Any, headers: dict[str, str], status: int
) -> None:
    """An object rule in a view gives the same redirects, 401s and 403s."""

    @shop.app.get("/row")
    @public
    def row() -> str:
        shop.guard.check(needed, "1")
        return "row"

    answer = shop.client(user).get("/row", headers=headers)

    assert answer.status_code == status
    assert (answer.location or "").startswith("/login") is (status == 303)


def test_signals_tell_what_happened(shop: Shop) -> None:
    """Each signal is sent once, by the application, with its payload."""
    with (
        logged_in.capture(app=shop.app) as ins,
        logged_out.capture(app=shop.app) as outs,
        access_denied.capture(app=shop.app) as denied,
        identity_loaded.capture(app=shop.app) as loaded,
    ):
        client = shop.client("1")
        client.get("/")
        client.post("/logout")
        client.get("/")

    assert [(e.sender, e.fields["identity"].id) for e in ins] == [(shop.app, "1")]
    assert [e.fields["identity"].id for e in outs] == ["1"]
    assert [e.fields["decision"].reason for e in denied] == ["login-required"]
    assert [e.fields["identity"].id for e in loaded] == ["1", "1"]


def test_a_failed_sign_in_is_told_but_not_logged(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    """Enumeration: the identifier goes to the signal only, it may be a password."""

    @shop.app.post("/try")
    @public
    def attempt() -> tuple[str, int]:
        shop.guard.login_failed("hunter2")
        return "no", 401

    with (
        login_failed.capture(app=shop.app) as events,
        caplog.at_level(logging.DEBUG, "flask_toolkit"),
    ):
        shop.client().post("/try")

    assert events[0].fields == {
        "guard": "guard",
        "identifier": "hunter2",
        "ip": "127.0.0.1",
    }
    assert "sign-in failed at guard guard" in caplog.text
    assert "hunter2" not in caplog.text
