"""Each setting through real requests: what it changes, and what it is without."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from flask import Blueprint
from flask import Flask
from flask import get_flashed_messages

from flask_toolkit.guard import fresh
from flask_toolkit.guard import GuardSettings
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import role

if t.TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

HTML = {"Accept": "text/html"}
NOW = 1_800_000_000
DAY = 86400
FOREIGN = {"Origin": "https://evil.example"}
PARTNER = {"Origin": "https://partner.example"}
OWN = {"Origin": "http://localhost"}


class Site:
    """A guarded application, and a browser that may be signed in."""

    def __init__(self, folder: Path, settings: dict[str, t.Any]) -> None:
        (folder / "f.txt").write_text("file")
        self.app = Flask(
            "till", static_folder=str(folder), static_url_path="/static", root_path="/"
        )
        self.app.config.update(SECRET_KEY="k" * 32, TESTING=True)
        self.app.config.update({f"TOOLKIT_{k}": v for k, v in settings.items()})
        self.guard: LoginGuard[str] = LoginGuard(self.app)
        self.guard.user_loader(str)
        self.guard.id_of(str)
        self.guard.roles_of(lambda user: ("boss",) if user == "boss" else ())
        self._pages()
        self._area()

    def _pages(self) -> None:
        app, guard = self.app, self.guard
        app.add_url_rule("/in", "sign_in", self._enter, methods=["GET", "POST"])
        app.add_url_rule(
            "/page", "page", lambda: f"for {guard.user}", methods=["GET", "POST"]
        )
        app.add_url_rule("/again", "again", lambda: "prove it")
        app.add_url_rule("/vault", "vault", require(fresh(60))(lambda: "vault"))
        # A mark stays on its function, and that one is Flask's.
        said = public(lambda: get_flashed_messages())  # noqa: PLW0108  # as above
        app.add_url_rule("/said", "said", said)

        @app.post("/enter/<id>")
        @public
        def enter(id: str) -> str:
            guard.login(id)
            return guard.next_url("/home")

    def _enter(self) -> str:
        return "the form"

    def _area(self) -> None:
        area = require(role("boss"))(Blueprint("area", "area", url_prefix="/area"))
        area.add_url_rule("/in", "sign_in", lambda: "the boss's form")
        area.add_url_rule("/x", "x", lambda: "x")
        self.app.register_blueprint(area)

    def client(self, user: str | None = "7") -> FlaskClient:
        """Return a browser, by default signed in."""
        client = self.app.test_client()

        if user is not None:
            client.post(f"/enter/{user}")

        return client


class Clock:
    """The time, which moves when told to."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        """Return the time."""
        return self.now


Ask = t.Callable[[Site, Clock], object]


def status(method: str, path: str, user: str | None = None, **headers: str) -> Ask:
    """Ask for the status of an answer."""

    def ask(site: Site, _: Clock) -> object:
        with site.client(user).open(path, method=method, headers=headers) as answer:
            return answer.status_code

    return ask


def way(path: str, user: str | None = None, wait: float = 0) -> Ask:
    """Ask where a person is sent."""

    def ask(site: Site, clock: Clock) -> object:
        client = site.client(user)
        clock.now += wait
        answer = client.get(path, headers=HTML)
        return answer.location or answer.status_code

    return ask


def later(*waits: float) -> Ask:
    """Ask for the page after each wait in turn."""

    def ask(site: Site, clock: Clock) -> object:
        client = site.client()
        found: list[int] = []

        for wait in waits:
            clock.now += wait
            found.append(client.get("/page").status_code)

        return found

    return ask


def header(name: str, user: str | None = "7") -> Ask:
    """Ask for a header of the guarded page."""
    return lambda site, _: site.client(user).get("/page").headers.get(name)


def followed(query: str) -> Ask:
    """Ask where a sign-in leads."""
    return lambda site, _: site.app.test_client().post(f"/enter/7?{query}").text


def said(site: Site, _: Clock) -> object:
    """Ask what a visitor is told after having been sent away."""
    client = site.client(None)
    answer: TestResponse = client.get("/page", headers=HTML)
    return [bool(answer.headers.get("Set-Cookie")), client.get("/said").json]


VIEW = {"GUARD_LOGIN_VIEW": "sign_in"}
BOTH = {**VIEW, "GUARD_REFRESH_VIEW": "again"}
ROWS: list[tuple[str, dict[str, t.Any], Ask, object]] = [
    # the setting, what is set, what is asked, the answer
    ("login_view", {}, way("/page"), 401),
    ("login_view", VIEW, way("/page"), "/in?next=/page"),
    ("login_view", VIEW, way("/in"), 200),
    ("login_view", {}, way("/in"), 401),
    ("login_view", {"GUARD_LOGIN_VIEW": "area.sign_in"}, way("/area/in"), 200),
    (
        "login_view",
        {"GUARD_LOGIN_VIEW": "area.sign_in"},
        way("/area/x"),
        "/area/in?next=/area/x",
    ),
    ("refresh_view", VIEW, way("/vault", "7", 61), "/in?next=/vault"),
    ("refresh_view", BOTH, way("/vault", "7", 61), "/again?next=/vault"),
    ("refresh_view", BOTH, way("/again", "7", 61), 200),
    ("refresh_view", BOTH, way("/again"), "/in?next=/again"),
    ("public", {}, status("GET", "/area/x"), 401),
    ("public", {"GUARD_PUBLIC": ["area.x"]}, status("GET", "/area/x"), 200),
    ("public", {"GUARD_PUBLIC": ["area.x"]}, status("GET", "/area/in"), 401),
    ("static_public", {}, status("GET", "/static/f.txt"), 200),
    (
        "static_public",
        {"GUARD_STATIC_PUBLIC": False},
        status("GET", "/static/f.txt"),
        401,
    ),
    (
        "static_public",
        {"GUARD_STATIC_PUBLIC": False},
        status("GET", "/static/f.txt", "7"),
        200,
    ),
    (
        "next_param",
        {**VIEW, "GUARD_NEXT_PARAM": "back"},
        way("/page"),
        "/in?back=/page",
    ),
    ("next_param", {"GUARD_NEXT_PARAM": "back"}, followed("back=/page"), "/page"),
    ("next_param", {"GUARD_NEXT_PARAM": "back"}, followed("next=/page"), "/home"),
    ("next_param", {**VIEW, "GUARD_NEXT_PARAM": None}, way("/page"), "/in"),
    ("next_param", {"GUARD_NEXT_PARAM": None}, followed("next=/page"), "/home"),
    ("max_age", {}, later(30 * DAY, 1), [200, 401]),
    ("max_age", {"GUARD_MAX_AGE": 100}, later(50, 50, 1), [200, 200, 401]),
    ("idle_age", {"GUARD_IDLE_AGE": 100}, later(99, 99, 99, 101), [200, 200, 200, 401]),
    ("idle_age", {}, later(DAY, DAY), [200, 200]),
    ("origin_check", {}, status("POST", "/page", "7", **FOREIGN), 403),
    ("origin_check", {}, status("POST", "/page", "7", **OWN), 200),
    ("origin_check", {}, status("POST", "/page", "7"), 200),
    (
        "origin_check",
        {"GUARD_ORIGIN_CHECK": "off"},
        status("POST", "/page", "7", **FOREIGN),
        200,
    ),
    ("cache_control", {}, header("Cache-Control"), "private, no-cache"),
    (
        "cache_control",
        {"GUARD_CACHE_CONTROL": "no-store"},
        header("Cache-Control"),
        "no-store",
    ),
    ("realm", {}, header("WWW-Authenticate", None), 'Session realm="till"'),
    (
        "realm",
        {"GUARD_REALM": "shop"},
        header("WWW-Authenticate", None),
        'Session realm="shop"',
    ),
    ("message", VIEW, said, [False, []]),
    ("message", {**VIEW, "GUARD_MESSAGE": "Sign in."}, said, [True, ["Sign in."]]),
    ("trusted_origins", {}, status("POST", "/page", "7", **PARTNER), 403),
    (
        "trusted_origins",
        {"TRUSTED_ORIGINS": ["https://partner.example"]},
        status("POST", "/page", "7", **PARTNER),
        200,
    ),
    (
        "trusted_origins",
        {"TRUSTED_ORIGINS": ["https://partner.example"]},
        status("POST", "/page", "7", **FOREIGN),
        403,
    ),
]


@pytest.mark.parametrize(
    ("given", "ask", "answer"),
    [pytest.param(*rest, id=f"{n}-{name}") for n, (name, *rest) in enumerate(ROWS)],
)
def test_a_setting_does_what_its_row_says(
    given: dict[str, t.Any],
    ask: Ask,
    answer: object,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Section 4 of the design, by what a client sees."""
    clock = Clock()
    monkeypatch.setattr("time.time", clock)

    assert ask(Site(tmp_path, given), clock) == answer


def test_strict_refuses_who_does_not_tell(tmp_path: Path) -> None:
    """``ORIGIN_CHECK = "strict"``: a form without any origin is refused."""
    site = Site(tmp_path, {"GUARD_ORIGIN_CHECK": "strict"})
    client = site.app.test_client()

    assert client.post("/enter/7").status_code == 403
    assert client.post("/enter/7", headers=OWN).status_code == 200
    assert client.post("/page").status_code == 403
    assert client.post("/page", headers=OWN).status_code == 200
    assert client.get("/page").status_code == 200


def test_each_setting_has_its_row() -> None:
    """A new setting needs a request that shows it."""
    fields = {field.name for field in dataclasses.fields(GuardSettings)}

    assert {name for name, *_ in ROWS} == fields | {"trusted_origins"}
