"""CookieSession against plain Flask: one cookie, less work (design 5.9)."""

from __future__ import annotations

import datetime as dt
import typing as t
import uuid

import pytest
from flask import flash
from flask import Flask
from flask import session
from flask.sessions import SecureCookieSessionInterface
from flask.sessions import SessionInterface
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from itsdangerous import BadSignature

from flask_toolkit.errors import SetupError
from flask_toolkit.sessions import CookieSession
from flask_toolkit.sessions import ServerSession

from .conftest import json_values

if t.TYPE_CHECKING:
    from werkzeug.test import TestResponse

KEY = "a-key-for-tests-of-thirty-two-bytes-or-more"
OTHER = "another-key-for-tests-of-thirty-two-bytes"
NOW = 1_800_000_000


class Pair:
    """The same application twice: with Flask's sessions and with ours."""

    def __init__(self, **config: t.Any) -> None:
        self.flask = self.make(**config)
        self.ours = self.make(**config)
        CookieSession(self.ours)

    @staticmethod
    def make(**config: t.Any) -> Flask:
        """Return an application with a page for each thing to do."""
        app = Flask("shop", root_path="/nowhere", static_folder=None)
        app.config.update(SECRET_KEY=KEY, TESTING=True)
        app.config.update(config)
        app.add_url_rule("/none", "none", lambda: "none")
        app.add_url_rule("/read", "read", lambda: repr(sorted(session.items())))
        app.add_url_rule("/touch", "touch", lambda: str(session.new))

        def write() -> str:
            session["user"] = {"id": 7, "roles": ("editor",)}
            return "written"

        def permanent() -> str:
            session.permanent = True
            return write()

        def clear() -> str:
            session.clear()
            return "cleared"

        def say() -> str:
            flash("hello")
            return "said"

        for view in (write, permanent, clear, say):
            app.add_url_rule(f"/{view.__name__}", view.__name__, view)

        return app

    @property
    def apps(self) -> tuple[Flask, Flask]:
        """Return both."""
        return self.flask, self.ours


@pytest.fixture(name="clock")
def _clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the time, in a list."""
    now = [float(NOW)]
    monkeypatch.setattr("time.time", lambda: now[0])

    class Frozen(dt.datetime):
        """A clock that both interfaces read for the cookie's expiry."""

        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> t.Self:
            return cls.fromtimestamp(now[0], tz)

    monkeypatch.setattr("flask.sessions.datetime", Frozen)
    return now


def ask(app: Flask, path: str, cookie: str | None = None) -> TestResponse:
    """Send one request with exactly this cookie."""
    headers = {} if cookie is None else {"Cookie": cookie}
    return app.test_client(use_cookies=False).get(path, headers=headers)


def sent(response: TestResponse) -> str:
    """Return the cookie that a browser would send back."""
    return response.headers.get("Set-Cookie", "").partition(";")[0]


def told(response: TestResponse) -> list[tuple[str, str]]:
    """Return everything that an answer says."""
    return [("status", response.status), *response.headers, ("body", response.text)]


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({}, id="default"),
        pytest.param({"SESSION_COOKIE_SECURE": True}, id="secure"),
        pytest.param({"SESSION_COOKIE_HTTPONLY": False}, id="script"),
        pytest.param({"SESSION_COOKIE_SAMESITE": "Strict"}, id="samesite"),
        pytest.param(
            {"SESSION_COOKIE_PARTITIONED": True, "SESSION_COOKIE_SECURE": True},
            id="partitioned",
        ),
        pytest.param({"SESSION_COOKIE_DOMAIN": "shop.example"}, id="domain"),
        pytest.param({"SESSION_COOKIE_PATH": "/shop"}, id="path"),
        pytest.param({"APPLICATION_ROOT": "/root"}, id="root"),
        pytest.param({"SESSION_COOKIE_NAME": "__Host-id"}, id="name"),
        pytest.param({"SESSION_REFRESH_EACH_REQUEST": False}, id="no-refresh"),
        pytest.param({"PERMANENT_SESSION_LIFETIME": 60}, id="lifetime"),
        pytest.param({"SECRET_KEY_FALLBACKS": [OTHER]}, id="fallback"),
        pytest.param({"SECRET_KEY": KEY.encode()}, id="bytes"),
    ],
)
@pytest.mark.parametrize(
    "first",
    [
        "none",
        "read",
        "touch",
        "write",
        "permanent",
        "clear",
        "say",
    ],
)
@pytest.mark.usefixtures("clock")
def test_every_answer_is_flasks_byte_for_byte(
    config: dict[str, t.Any], first: str
) -> None:
    """Status, headers, cookie and body of each step are the same."""
    pair = Pair(**config)
    theirs, ours = (ask(app, f"/{first}") for app in pair.apps)
    assert told(ours) == told(theirs)

    for second in ("none", "read", "touch", "write", "permanent", "clear", "say"):
        then, now = (ask(app, f"/{second}", sent(theirs)) for app in pair.apps)
        assert told(now) == told(then), second


@pytest.mark.parametrize("permanent", [False, True])
def test_a_cookie_goes_from_flask_to_ours_and_back(permanent: bool) -> None:
    """Switching, in either direction, logs nobody out."""
    pair = Pair()
    page = "/permanent" if permanent else "/write"

    for there, here in (pair.apps, pair.apps[::-1]):
        cookie = sent(ask(there, page))
        assert "'roles': ('editor',)" in ask(here, "/read", cookie).text


PAIR = Pair()


@settings(deadline=None)
@given(data=st.dictionaries(st.text(), json_values, max_size=4))
def test_any_data_makes_the_same_cookie(data: dict[str, t.Any]) -> None:
    """Each side reads what the other wrote, and writes the same bytes."""
    flask, ours = PAIR.apps

    def serializer(app: Flask) -> t.Any:
        return t.cast(
            "SecureCookieSessionInterface", app.session_interface
        ).get_signing_serializer(app)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.time", lambda: float(NOW))

        with flask.app_context():
            theirs = serializer(flask).dumps(data)
            mine = serializer(ours).dumps(data)
            assert mine == theirs
            assert serializer(ours).loads(theirs) == serializer(flask).loads(mine)


@pytest.mark.parametrize(
    ("age", "accepted"),
    [
        pytest.param(60, True, id="last-second"),
        pytest.param(61, False, id="too-old"),
        pytest.param(-1, False, id="from-the-future"),
    ],
)
def test_a_cookie_expires_as_with_flask(
    clock: list[float], age: int, accepted: bool
) -> None:
    """To the second, in both directions of time."""
    pair = Pair(PERMANENT_SESSION_LIFETIME=60)
    cookie = sent(ask(pair.flask, "/write"))
    clock[0] += age
    theirs, ours = (ask(app, "/read", cookie) for app in pair.apps)

    assert told(ours) == told(theirs)
    assert ("user" in ours.text) is accepted


def _last_changed(cookie: str) -> str:
    return cookie[:-2] + ("A" if cookie[-2] != "A" else "B") + cookie[-1]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(_last_changed, id="signature"),
        pytest.param(lambda c: c.replace("=", "=e", 1), id="payload"),
        pytest.param(lambda c: c.rpartition(".")[0], id="no-signature"),
        pytest.param(lambda c: f"{c}=", id="padding"),
        pytest.param(lambda c: "session=", id="empty"),
        pytest.param(lambda c: "session=a", id="rubbish"),
        pytest.param(lambda c: "session=..", id="dots"),
        pytest.param(lambda c: "session=é.b.c", id="latin-1"),
        pytest.param(lambda c: f"other=1; {c}; session=second", id="twice"),
        pytest.param(lambda c: "other=1", id="other-cookie"),
    ],
)
@pytest.mark.usefixtures("clock")
def test_a_damaged_cookie_is_judged_as_by_flask(
    damage: t.Callable[[str], str],
) -> None:
    """What Flask refuses is refused, what it takes is taken."""
    pair = Pair()
    cookie = damage(sent(ask(pair.flask, "/write")))
    theirs, ours = (ask(app, "/read", cookie) for app in pair.apps)

    assert told(ours) == told(theirs)


def test_a_tampered_cookie_is_an_empty_session() -> None:
    """As such: the comparison with Flask alone could hold for two that accept."""
    pair = Pair()
    cookie = sent(ask(pair.ours, "/write"))

    assert "user" in ask(pair.ours, "/read", cookie).text
    assert ask(pair.ours, "/read", _last_changed(cookie)).text == "[]"


def test_another_key_is_noticed_at_the_next_request() -> None:
    """Cookies of the old one end, or live on where it became a fallback."""
    app = Pair().ours
    cookie = sent(ask(app, "/write"))
    app.secret_key = OTHER
    assert ask(app, "/read", cookie).text == "[]"

    app.config["SECRET_KEY_FALLBACKS"] = [KEY]
    assert "user" in ask(app, "/read", cookie).text

    app.config["SECRET_KEY_FALLBACKS"].clear()
    assert ask(app, "/read", cookie).text == "[]"


def test_a_fallback_verifies_and_never_signs() -> None:
    """The cookie that is written back bears the new key."""
    app = Pair(SECRET_KEY=OTHER, SECRET_KEY_FALLBACKS=[KEY]).ours
    old = sent(ask(Pair().flask, "/write"))
    new = sent(ask(app, "/permanent", old))

    assert "user" in ask(Pair(SECRET_KEY=OTHER).flask, "/read", new).text
    assert ask(Pair().flask, "/read", new).text == "[]"


def test_without_a_key_a_session_fails_as_with_flask() -> None:
    """Reading is empty, writing says what to do."""
    app = Pair(SECRET_KEY=None).ours
    assert ask(app, "/read", "session=a").text == "[]"
    assert ask(app, "/none").text == "none"

    with pytest.raises(RuntimeError, match="no secret key was set"):
        ask(app, "/write")


@pytest.mark.parametrize("fallbacks", [KEY, KEY.encode()], ids=["text", "bytes"])
def test_one_text_as_fallbacks_stops_the_start(fallbacks: str | bytes) -> None:
    """Flask would accept a cookie that is signed with one of its letters."""
    with pytest.raises(SetupError, match="must be a list of keys"):
        Pair(SECRET_KEY_FALLBACKS=fallbacks)


def test_one_text_as_fallbacks_is_refused_later_too() -> None:
    """A key that is set after the start opens nothing."""
    app = Pair().ours
    app.config["SECRET_KEY_FALLBACKS"] = OTHER

    with pytest.raises(SetupError, match="must be a list of keys"):
        ask(app, "/read", "session=a")


def test_a_letter_of_a_key_signs_nothing() -> None:
    """The hole that the refusal closes is there in Flask."""
    forged = sent(ask(Pair(SECRET_KEY=OTHER[0]).flask, "/write"))
    weak = Pair.make(SECRET_KEY_FALLBACKS=OTHER)

    assert "user" in ask(weak, "/read", forged).text
    assert ask(Pair(SECRET_KEY_FALLBACKS=[OTHER]).ours, "/read", forged).text == "[]"


class _Foreign(SecureCookieSessionInterface):
    """Somebody else's."""


@pytest.mark.parametrize("extension", [CookieSession, ServerSession])
@pytest.mark.parametrize("foreign", [SessionInterface, _Foreign])
def test_a_foreign_interface_is_never_replaced(
    extension: type[CookieSession | ServerSession], foreign: type[SessionInterface]
) -> None:
    """Whoever put it there has a reason; the start stops."""
    app = Pair.make()
    app.session_interface = there = foreign()

    with pytest.raises(SetupError, match=f"{foreign.__name__} already"):
        extension(app)

    assert app.session_interface is there


def test_the_place_is_on_the_application_alone() -> None:
    """Flask keeps its own on the class, which all applications share."""
    app = Pair.make()
    CookieSession(app)

    assert type(Flask("other").session_interface) is SecureCookieSessionInterface
    assert type(app.session_interface) is not SecureCookieSessionInterface


@pytest.mark.parametrize(
    ("first", "second"),
    [(CookieSession, ServerSession), (ServerSession, CookieSession)],
)
def test_an_application_has_one_kind_of_sessions(
    first: type[t.Any], second: type[t.Any]
) -> None:
    """Both have one name."""
    app = Pair.make()
    first(app)

    with pytest.raises(SetupError, match="already registered"):
        second(app)


def test_a_type_registered_with_flask_is_known_here() -> None:
    """The serializer of the values is Flask's own, shared object."""
    app = Pair().ours
    ours = t.cast("SecureCookieSessionInterface", app.session_interface)

    assert ours.serializer is SecureCookieSessionInterface.serializer


def test_keys_are_derived_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred requests make one serializer."""
    app = Pair().ours
    made: list[int] = []
    usual = SecureCookieSessionInterface.get_signing_serializer

    def count(self: SecureCookieSessionInterface, app: Flask) -> t.Any:
        made.append(1)
        return usual(self, app)

    monkeypatch.setattr(SecureCookieSessionInterface, "get_signing_serializer", count)
    cookie = sent(ask(app, "/write"))

    for _ in range(100):
        cookie = sent(ask(app, "/permanent", cookie))

    assert len(made) == 1


def test_many_threads_may_sign() -> None:
    """What is kept of a key is copied, never changed."""
    from concurrent.futures import ThreadPoolExecutor

    app = Pair().ours
    serializer = t.cast(
        "SecureCookieSessionInterface", app.session_interface
    ).get_signing_serializer(app)
    assert serializer is not None

    def round_trip(number: int) -> bool:
        data = {"id": number, "token": str(uuid.uuid4())}
        return bool(serializer.loads(serializer.dumps(data)) == data)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(round_trip, range(400)))


def test_the_serializer_can_be_used_as_flasks() -> None:
    """Tools that sign session cookies ask the interface for it."""
    app = Pair().ours
    serializer = t.cast(
        "SecureCookieSessionInterface", app.session_interface
    ).get_signing_serializer(app)
    assert serializer is not None
    token = serializer.dumps({"a": 1})

    assert serializer.loads(token, max_age=60, return_timestamp=True)[0] == {"a": 1}
    assert serializer.loads_unsafe(token[:-3]) == (False, {"a": 1})

    with pytest.raises(BadSignature):
        serializer.loads(token[:-3])


def test_what_was_set_on_flasks_interface_is_kept() -> None:
    """Another salt is another cookie: dropping it would log everybody out."""
    cookies = []

    for ours in (False, True):
        app = Flask("app", static_folder=None)
        app.secret_key = KEY
        salted = SecureCookieSessionInterface()
        salted.salt = "salt-of-the-house"
        app.session_interface = salted

        if ours:
            CookieSession(app)

        interface = app.session_interface
        assert isinstance(interface, SecureCookieSessionInterface)
        made = interface.get_signing_serializer(app)
        assert made is not None
        cookies.append(made.salt)

    assert cookies == [b"salt-of-the-house"] * 2


def large(*, debug: bool, most: int = 4093, size: int = 8000) -> Flask:
    """Return an application that puts too much into the session."""
    app = Flask("shop", static_folder=None)
    app.config.update(SECRET_KEY=KEY, MAX_COOKIE_SIZE=most)
    app.debug = debug
    CookieSession(app)

    @app.get("/")
    def page() -> str:
        session["theme"] = "dark"
        session["basket"] = "".join(uuid.uuid4().hex for _ in range(size // 32))
        return "put"

    return app


def test_in_debug_a_cookie_too_large_names_its_largest_key(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Browsers drop it without a word; Werkzeug warns of the cookie alone."""
    with pytest.warns(UserWarning, match="cookie is too large"):
        response = large(debug=True).test_client().get("/")

    size = len(response.headers["Set-Cookie"])
    [record] = caplog.records
    assert record.getMessage() == (
        f"The cookie of the session takes {size} bytes, and browsers drop it above"
        " 4093. The largest key is 'basket', 8002 as JSON; ServerSession keeps large"
        " data."
    )


@pytest.mark.parametrize(
    "app",
    [
        pytest.param(large(debug=True, size=320), id="small"),
        pytest.param(large(debug=True, most=0), id="no-limit"),
    ],
)
def test_a_cookie_that_fits_is_not_told_of(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor one whose limit was switched off on purpose."""
    app.test_client().get("/")

    assert caplog.records == []


def test_outside_of_debug_nothing_is_measured(caplog: pytest.LogCaptureFixture) -> None:
    """To look costs as much as to write."""
    with pytest.warns(UserWarning, match="cookie is too large"):
        large(debug=False).test_client().get("/")

    assert caplog.records == []
