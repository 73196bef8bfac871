"""Signing in and out: design section 5.5, and the holes of section 6."""

from __future__ import annotations

import dataclasses
import time
import typing as t

import pytest
from flask import Blueprint
from flask import Flask
from flask import session
from flask.sessions import SecureCookieSession
from flask.sessions import SecureCookieSessionInterface

from flask_toolkit.errors import LoginRequiredError
from flask_toolkit.errors import SetupError
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import SessionAuthenticator
from flask_toolkit.guard._codec import ended_login
from flask_toolkit.guard._codec import last_user
from flask_toolkit.guard._codec import Login
from flask_toolkit.guard._codec import read_login
from flask_toolkit.guard._codec import write_login
from flask_toolkit.identity import current_identity

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from flask_toolkit.guard import Decision
    from tests.guard.conftest import Shop
    from tests.guard.conftest import User


def held(client: FlaskClient) -> dict[str, t.Any]:
    """Return what a client's session holds."""
    with client.session_transaction() as found:
        return dict(found)


def signed_in(client: FlaskClient) -> Login:
    """Return the sign-in that a client's session holds."""
    login = read_login(held(client)["_guard"])
    assert login is not None
    return login


def reasons(shop: Shop) -> list[str]:
    """Collect the reasons of refusals from now on."""
    seen: list[str] = []

    @shop.guard.on_denied
    def remember(decision: Decision) -> None:
        seen.append(decision.reason)

    return seen


def test_login_writes_id_and_times_only(shop: Shop) -> None:
    """The session holds the id and when; no name, no role."""
    text = held(shop.client("1"))["_guard"]
    login = read_login(text)

    assert login is not None
    assert login == Login("1", login.auth_time, None, login.auth_time)
    assert text == write_login(login)
    assert abs(login.auth_time - time.time()) < 60


def test_login_takes_effect_in_the_same_request(shop: Shop) -> None:
    """After login() and logout() the same request already knows."""
    seen: list[object] = []

    @shop.app.post("/both")
    def both() -> str:
        seen.append(shop.guard.user.id)
        shop.guard.login(shop.users["2"])
        caller = current_identity()
        seen.append((shop.guard.user.id, caller and caller.id))
        shop.guard.logout()
        seen.append(shop.guard.user_or_none)
        return "done"

    shop.client("1").post("/both")

    assert seen == ["1", ("2", "2"), None]


def test_login_keeps_what_an_anonymous_visitor_had(shop: Shop) -> None:
    """The cart survives, a CSRF token of before does not."""
    client = shop.client()
    client.post("/cart", data={"item": "tea"})

    with client.session_transaction() as found:
        found["csrf_token"] = "planted"

    client.post("/login", data={"id": "1"})

    assert client.get("/cart").json == {"cart": "tea", "csrf": None}


def test_login_drops_what_another_user_had(shop: Shop) -> None:
    """Mixing: the next user never sees the first one's data (fact 4)."""
    client = shop.client("1")
    client.post("/cart", data={"item": "tea"})
    client.post("/login", data={"id": "2"})

    assert client.get("/cart").json == {"cart": None, "csrf": None}
    assert client.get("/who").text == "2"


def test_the_same_user_keeps_its_data(shop: Shop) -> None:
    """Signing in twice is no reason to lose a cart."""
    client = shop.client("1")
    client.post("/cart", data={"item": "tea"})
    client.post("/login", data={"id": "1"})

    assert client.get("/cart").json == {"cart": "tea", "csrf": None}


def test_an_ended_sign_in_leaves_nothing_to_the_next_user(
    shop: Shop, edit_login: Callable[..., None]
) -> None:
    """Data of an expired user are not taken for an anonymous visitor's."""
    client = shop.client("1")
    client.post("/cart", data={"item": "tea"})
    edit_login(client, auth_time=0)
    assert client.get("/who").text == "nobody"

    client.post("/login", data={"id": "2"})

    assert client.get("/cart").json == {"cart": None, "csrf": None}


def test_logout_empties_the_session_and_deletes_the_cookie(
    make_shop: Callable[..., Shop],
) -> None:
    """Every attribute is repeated, or a browser keeps the cookie (fact 4)."""
    shop = make_shop(
        SESSION_COOKIE_NAME="__Host-session",
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    client = shop.app.test_client()
    client.post("/login", data={"id": "1"}, base_url="https://localhost")
    answer = client.post("/logout", base_url="https://localhost")

    assert answer.text == "None"
    assert answer.headers["Set-Cookie"] == (
        "__Host-session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0;"
        " Secure; HttpOnly; Path=/; SameSite=Lax"
    )
    assert client.get("/who", base_url="https://localhost").text == "nobody"


def test_logout_leaves_a_header_caller_the_caller(shop: Shop) -> None:
    """Who sent a key is still known by it."""
    answer = shop.client("1").post("/logout", headers={"X-Key": "9"})

    assert answer.text.startswith("User(id='9'")


@pytest.mark.parametrize("remember", [False, True], ids=["browser", "remember"])
def test_remember_is_a_permanent_session(
    shop: Shop, cookie_of: Callable[..., str], remember: bool
) -> None:
    """Remember-me is Flask's permanent session: one cookie, revoked by logout."""
    data = {"id": "1"} | ({"remember": "on"} if remember else {})
    answer = shop.client().post("/login", data=data)

    assert ("Expires=" in cookie_of(answer)) is remember


def test_a_login_without_remember_ends_a_permanent_session(
    shop: Shop, cookie_of: Callable[..., str]
) -> None:
    """The last sign-in decides how long the cookie stays."""
    client = shop.client()
    client.post("/login", data={"id": "1", "remember": "on"})
    answer = client.post("/login", data={"id": "1"})

    assert "Expires=" not in cookie_of(answer)


@pytest.mark.parametrize(
    ("config", "login", "reason"),
    [
        pytest.param(
            {"TOOLKIT_GUARD_MAX_AGE": 60},
            {"auth_time": -61, "seen": 0},
            "expired",
            id="max-age",
        ),
        pytest.param(
            {"TOOLKIT_GUARD_IDLE_AGE": 60},
            {"auth_time": -99, "seen": -61},
            "idle",
            id="idle-age",
        ),
        pytest.param({}, {"id": "unknown"}, "user-gone", id="user-gone"),
    ],
)
def test_an_ended_sign_in_is_taken_out(
    make_shop: Callable[..., Shop],
    edit_login: Callable[..., None],
    config: dict[str, t.Any],
    login: dict[str, t.Any],
    reason: str,
) -> None:
    """Identity None, and the loader is not asked again."""
    shop = make_shop(**config)
    client = shop.client("1")
    seen = reasons(shop)
    now = int(time.time())
    edit_login(
        client, **{k: v if isinstance(v, str) else now + v for k, v in login.items()}
    )

    assert client.get("/").status_code == 401
    shop.loads.clear()
    assert client.get("/").status_code == 401
    assert shop.loads == []
    assert seen == [reason, "login-required"]
    assert held(client)["_guard"] == ended_login(login.get("id", "1"))


def test_last_seen_is_renewed_every_tenth(
    make_shop: Callable[..., Shop],
    edit_login: Callable[..., None],
    cookie_of: Callable[..., str],
) -> None:
    """An active user stays signed in, without a cookie on each answer."""
    shop = make_shop(TOOLKIT_GUARD_IDLE_AGE=100)
    client = shop.client("1")
    now = int(time.time())
    edit_login(client, seen=now - 5)
    assert cookie_of(client.get("/")) == ""

    edit_login(client, seen=now - 50)
    assert cookie_of(client.get("/")) != ""
    assert signed_in(client).seen >= now


def test_max_age_counts_from_the_sign_in(
    make_shop: Callable[..., Shop], edit_login: Callable[..., None]
) -> None:
    """Activity does not lengthen a sign-in beyond its absolute age."""
    shop = make_shop(TOOLKIT_GUARD_MAX_AGE=60, TOOLKIT_GUARD_IDLE_AGE=60)
    client = shop.client("1")
    edit_login(client, auth_time=int(time.time()) - 61)

    assert client.get("/").status_code == 401


def test_confirm_renews_freshness_and_age(
    shop: Shop, edit_login: Callable[..., None]
) -> None:
    """After a proof the sign-in is fresh again."""
    client = shop.client("1")
    edit_login(client, auth_time=int(time.time()) - 999)
    assert client.get("/vault").status_code == 401

    assert client.post("/confirm").text == "confirmed"
    assert client.get("/vault").text == "vault"


def test_confirm_needs_a_session(shop: Shop) -> None:
    """A caller by header has no sign-in to confirm."""
    client = shop.client()

    assert client.post("/confirm", headers={"X-Key": "9"}).status_code == 401


def test_an_epoch_logs_out_everywhere(shop: Shop) -> None:
    """Sessions: a changed epoch ends every sign-in of a user, and no other's."""
    shop.guard.epoch(lambda user: user.epoch)
    first, second, other = shop.client("1"), shop.client("1"), shop.client("2")
    seen = reasons(shop)
    assert first.get("/who").text == "1"
    assert len(signed_in(first).epoch or "") == 32

    shop.users["1"].epoch = "2"

    assert first.get("/").status_code == 401
    assert second.get("/").status_code == 401
    assert other.get("/").status_code == 200
    assert seen == ["epoch-changed", "epoch-changed"]


def test_a_sign_in_from_before_the_epoch_ends(shop: Shop) -> None:
    """Without a MAC nothing proves that it is of this epoch."""
    client = shop.client("1")
    shop.guard.epoch(lambda user: user.epoch)

    assert client.get("/").status_code == 401


def test_an_epoch_survives_key_rotation(shop: Shop) -> None:
    """Made with a fallback key: accepted, and stamped anew with the current one."""
    shop.guard.epoch(lambda user: user.epoch)
    client = shop.client("1")
    before = signed_in(client)
    shop.app.config.update(SECRET_KEY="n" * 32, SECRET_KEY_FALLBACKS=["k" * 32])

    assert client.get("/").status_code == 200
    after = signed_in(client)
    assert after.epoch != before.epoch
    assert dataclasses.replace(after, epoch="") == dataclasses.replace(before, epoch="")

    shop.app.config["SECRET_KEY_FALLBACKS"] = None
    assert client.get("/").status_code == 200


def test_an_epoch_that_is_no_text_is_an_error(shop: Shop) -> None:
    """None as an epoch would never change."""
    shop.guard.epoch(lambda user: t.cast("str", None))

    with pytest.raises(TypeError, match=r"@guard\.epoch must return a text"):
        shop.client("1")


@pytest.mark.parametrize("id", ["", 7, None], ids=repr)
def test_an_id_that_names_nobody_is_an_error(shop: Shop, id: t.Any) -> None:
    """An empty id would make different users one."""
    shop.guard.id_of(lambda user: t.cast("str", id))

    with pytest.raises(TypeError, match="id of a user must be a text"):
        shop.client("1")


def test_id_of_and_roles_of_read_other_attributes(shop: Shop) -> None:
    """Users need not have ``id`` and ``roles``."""
    shop.users["mail-2"] = shop.users["2"]
    shop.guard.id_of(lambda user: f"mail-{user.id}")
    shop.guard.roles_of(lambda user: {"editor"})
    client = shop.client("2")

    assert signed_in(client).id == "mail-2"
    assert client.get("/editors").text == "editors"


def test_a_planted_cookie_stays_anonymous(shop: Shop) -> None:
    """Fixation (fact 11): a session from before the login is not signed in by it."""
    attacker = shop.client()
    attacker.post("/cart", data={"item": "bait"})
    planted = attacker.get_cookie("session")
    assert planted is not None
    victim = shop.client()
    victim.set_cookie("session", planted.value)
    victim.post("/login", data={"id": "1"})

    assert victim.get("/who").text == "1"
    assert attacker.get("/who").text == "nobody"


class Rotating(SecureCookieSession):
    """A session with an id, as server-side ones are."""

    owner: str | None = None
    rotated = 0

    def rotate(self) -> None:
        """Take a new id."""
        type(self).rotated += 1
        self["owner"] = self.owner


def test_sessions_rotate_at_login_and_confirm(shop: Shop) -> None:
    """Sessions: rotate at login and confirm, and tell whose it is."""

    class Mine(Rotating):
        pass

    class Interface(SecureCookieSessionInterface):
        session_class = Mine

    shop.app.session_interface = Interface()
    client = shop.client("1")
    assert Mine.rotated == 1
    assert held(client)["owner"] == "1"

    client.post("/confirm")
    assert Mine.rotated == 2


class Owned(SecureCookieSession):
    """A session that several may have, as those on a server."""

    @property
    def owners(self) -> dict[str, float]:
        """Return who has it, each until when."""
        return t.cast("dict[str, float]", self.get("owners", {}))

    @owners.setter
    def owners(self, owners: dict[str, float]) -> None:
        self["owners"] = owners


def test_each_guard_is_an_owner_until_its_sign_in_ends(
    make_shop: Callable[..., Shop], edit_login: Callable[..., None]
) -> None:
    """The second takes nothing from the first; what has ended is taken out."""

    class Interface(SecureCookieSessionInterface):
        session_class = Owned

    shop = make_shop(TOOLKIT_GUARD_MAX_AGE=1000)
    shop.app.session_interface = Interface()
    _staff_of(shop)
    client = shop.client("1")
    client.post("/staff/in")
    first = signed_in(client)
    assert held(client)["owners"]["1"] == first.auth_time + 1000
    assert held(client)["owners"].keys() == {"1", "staff:1"}

    edit_login(client, auth_time=first.auth_time - 1001)
    assert client.get("/").status_code == 401
    assert held(client)["owners"].keys() == {"staff:1"}


def test_a_named_guard_owns_sessions_under_its_name(shop: Shop) -> None:
    """User 1 of the staff is not user 1 of the shop."""

    class Mine(Rotating):
        pass

    class Interface(SecureCookieSessionInterface):
        session_class = Mine

    shop.app.session_interface = Interface()
    staff = _staff_of(shop)
    client = shop.app.test_client()
    client.post("/staff/in")

    assert held(client)["owner"] == "staff:1"
    assert last_user(held(client)["_staff"]) == "1"
    assert staff.name == "staff"


def test_interfaces_that_regenerate_are_asked_to(shop: Shop) -> None:
    """Flask-Session's ``regenerate`` is called where there is no ``rotate``."""
    seen: list[object] = []

    class Interface(SecureCookieSessionInterface):
        def regenerate(self, session: object) -> None:
            seen.append(session)

    shop.app.session_interface = Interface()
    shop.client("1")

    assert len(seen) == 1


def _staff_of(shop: Shop) -> LoginGuard[User]:
    from flask import Blueprint

    bp = Blueprint("staff", "staff", url_prefix="/staff")
    staff: LoginGuard[User] = LoginGuard(bp, name="staff")
    staff.user_loader(shop.users.get)

    @bp.post("/in")
    def enter() -> str:
        staff.login(shop.users["1"])
        return "in"

    @bp.get("/")
    def desk() -> str:
        return f"staff {staff.user.id}"

    from flask_toolkit.guard import public

    public(enter)
    shop.app.register_blueprint(bp)
    return staff


def test_two_guards_do_not_sign_in_for_each_other(shop: Shop) -> None:
    """Two guards, one app: no cross login, in either direction (fact 7)."""
    _staff_of(shop)
    customer, clerk = shop.client("2"), shop.app.test_client()
    clerk.post("/staff/in")

    assert customer.get("/staff/").status_code == 401
    assert clerk.get("/").status_code == 401
    assert customer.get("/").text == "user 2"
    assert clerk.get("/staff/").text == "staff 1"


def test_both_sign_ins_live_in_one_browser(shop: Shop) -> None:
    """Each guard has its own key in the session."""
    _staff_of(shop)
    both = shop.client("2")
    both.post("/staff/in")

    assert both.get("/").text == "user 2"
    assert both.get("/staff/").text == "staff 1"


def test_signing_out_forgets_every_guards_caller(shop: Shop) -> None:
    """Within the same request no guard goes on with what the session said."""
    staff = _staff_of(shop)
    seen: list[object] = []

    @shop.app.post("/switch")
    def switch() -> str:
        seen.append((shop.guard.user.id, staff.user.id))
        shop.guard.login(shop.users["3"])
        seen.append((shop.guard.user.id, staff.user_or_none))
        shop.guard.logout()
        seen.append((shop.guard.user_or_none, staff.user_or_none))
        return "done"

    both = shop.client("2")
    both.post("/staff/in")
    both.post("/switch")

    assert seen == [("2", "1"), ("3", None), (None, None)]


def test_a_pushed_app_context_lends_nobody_an_identity(shop: Shop) -> None:
    """The identity lives on the request: a fresh client is nobody (fact 6)."""
    with shop.app.app_context():
        assert shop.client("1").get("/who").text == "1"
        assert shop.app.test_client().get("/who").text == "nobody"
        assert shop.guard.user_or_none is None
        assert shop.guard.identity is None
        assert not shop.guard.allows(shop.guard.require)


def test_user_in_a_bare_test_request_context(shop: Shop) -> None:
    """No request was dispatched, still everything can be asked (fact 19)."""
    with shop.app.test_request_context():
        assert shop.guard.user_or_none is None

        with pytest.raises(LoginRequiredError, match="Sign in") as info:
            _ = shop.guard.user

        assert ("WWW-Authenticate", 'Session realm="shop"') in info.value.headers

        session["_guard"] = "1,,,1"

    with shop.app.test_request_context():
        shop.guard.login(shop.users["2"])
        assert shop.guard.user.id == "2"


@pytest.mark.parametrize("key", ["bad", "plain", "malformed"])
def test_a_bad_credential_reads_as_nobody_on_an_open_page(shop: Shop, key: str) -> None:
    """An open page stays open whatever is sent along."""
    assert shop.client("1").get("/who", headers={"X-Key": key}).text == "nobody"


def test_a_store_that_is_down_is_not_nobody(shop: Shop) -> None:
    """Fails closed: 503, also where the page is open."""
    assert shop.client().get("/who", headers={"X-Key": "down"}).status_code == 503


def test_without_a_loader_nobody_is_signed_in(shop: Shop) -> None:
    """A session of another deployment loads nobody."""
    guard = LoginGuard[t.Any]()
    app = Flask("app", root_path="/nowhere")
    app.config["SECRET_KEY"] = "k" * 32
    guard.init_app(app)

    with app.test_request_context():
        now = int(time.time())
        session["_guard"] = f"{now},,,1"
        assert guard.user_or_none is None


def test_async_loader_and_views(shop: Shop) -> None:
    """A loader and a view may be coroutine functions (fact 19)."""

    @shop.guard.user_loader
    async def load(id: str) -> User | None:
        return shop.users.get(id)

    @shop.app.get("/later")
    async def later() -> str:
        return f"later {shop.guard.user.id}"

    assert shop.client("1").get("/later").text == "later 1"
    assert shop.client().get("/later").status_code == 401


def test_a_guard_without_sessions_signs_nobody_in(shop: Shop) -> None:
    """``authenticators=`` without a session authenticator: login has no place."""
    guard = LoginGuard[t.Any](name="api", authenticators=[shop.key])

    with (
        shop.app.test_request_context(),
        pytest.raises(SetupError, match=r"add SessionAuthenticator\(\)"),
    ):
        guard.login(shop.users["1"])


def test_a_session_authenticator_serves_one_guard() -> None:
    """Two guards with one would share each other's sign-ins."""
    one = SessionAuthenticator()
    LoginGuard[t.Any](authenticators=[one])

    with pytest.raises(SetupError, match="a SessionAuthenticator of its own"):
        LoginGuard[t.Any](name="b", authenticators=[one])


def test_a_session_authenticator_alone_says_what_it_lacks(shop: Shop) -> None:
    """Used without a guard it does not guess."""
    with (
        shop.app.test_request_context() as context,
        pytest.raises(SetupError, match=r"Pass SessionAuthenticator\(\)"),
    ):
        SessionAuthenticator().authenticate(context.request)


@pytest.mark.parametrize("value", ["x", 7, [], {"u": "1", "t": 1}, "1,,,"], ids=repr)
def test_a_malformed_sign_in_is_nobody(shop: Shop, value: object) -> None:
    """A session written by something else is no error."""
    client = shop.client()

    with client.session_transaction() as found:
        found["_guard"] = value

    assert client.get("/").status_code == 401
    client.post("/login", data={"id": "1"})
    assert client.get("/").status_code == 200


def test_no_id_can_name_the_sessions_of_another_guard() -> None:
    """Owners are ``id`` and ``name:id``: whoever is called ``staff:1`` is neither."""
    app = Flask("app", root_path="/nowhere", static_folder=None)
    app.config.update(SECRET_KEY="k" * 32, TESTING=True)
    guard = LoginGuard[t.Any](app)
    guard.user_loader(lambda id: None)
    guard.id_of(str)
    staff = Blueprint("staff", "staff")
    LoginGuard[t.Any](staff, name="staff")
    app.register_blueprint(staff)

    with app.test_request_context():
        guard.login("stafford:1")

        with pytest.raises(ValueError, match="staff"):
            guard.login("staff:1")
