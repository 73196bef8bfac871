"""The facade: order, links between parts, and what it leaves alone."""

import logging
import re
import typing as t

import pytest
from flask import Flask
from flask import jsonify
from flask import Request
from flask import session

from flask_toolkit import ConfigLoader
from flask_toolkit import CookieSession
from flask_toolkit import JWT
from flask_toolkit import LoginGuard
from flask_toolkit import MiddlewareStack
from flask_toolkit import public
from flask_toolkit import ServerSession
from flask_toolkit import Signals
from flask_toolkit import Toolkit
from flask_toolkit.config import Values
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import SetupError
from flask_toolkit.guard import SessionAuthenticator
from flask_toolkit.identity import current_identity

KEY = "a-key-for-tests-of-thirty-two-bytes-or-more"
PARTS = ["signals", "converters", "middleware", "problems", "lifecycle", "jwt"]


class Namesake:
    """An authenticator that is called like the session's."""

    name = "session"
    ambient = False

    def authenticate(self, request: Request, /) -> None:
        """Find nobody."""

    def challenge(self) -> str | None:
        """Ask for nothing."""


@pytest.fixture(name="app")
def _app() -> Flask:
    app = Flask("shop")
    app.add_url_rule("/", view_func=lambda: "hello", endpoint="index")
    return app


def test_an_app_without_configuration_works(app: Flask) -> None:
    """No key, no settings: the pages answer as before, with a request id."""
    before = app.test_client().get("/")
    plain = Flask("shop")
    plain.add_url_rule("/", view_func=lambda: "hello", endpoint="index")
    Toolkit(plain)
    after = plain.test_client().get("/")

    assert (after.status, after.data) == (before.status, before.data)
    assert set(after.headers.keys()) - set(before.headers.keys()) == {"X-Request-ID"}


def test_browsers_keep_the_error_page(app: Flask) -> None:
    """Without an Accept for JSON an error is the page it was."""
    before = app.test_client().get("/nowhere")
    other = Flask("shop")
    Toolkit(other)
    after = other.test_client().get("/nowhere")

    assert after.status_code == before.status_code == 404
    assert after.data == before.data
    assert after.mimetype == "text/html"


def test_json_clients_get_json_errors(app: Flask) -> None:
    """Who asks for JSON gets a problem document."""
    Toolkit(app)
    response = app.test_client().get(
        "/nowhere", headers={"Accept": "application/problem+json"}
    )

    assert response.mimetype == "application/problem+json"
    assert response.json is not None
    assert response.json["status"] == 404


def test_the_session_is_left_alone(app: Flask) -> None:
    """A page that does not ask for it gets no cookie and no Vary."""
    app.secret_key = KEY
    Toolkit(app, guard=LoginGuard())
    app.view_functions["index"] = public(lambda: "hello")
    response = app.test_client().get("/")

    assert response.status_code == 200
    assert "Set-Cookie" not in response.headers
    assert "Vary" not in response.headers


@pytest.mark.parametrize("keyword", [*PARTS, "guard", "sessions", "config"])
def test_a_part_that_is_off_says_how_to_turn_it_on(keyword: str) -> None:
    """The attribute names the keyword."""
    options: dict[str, t.Any] = dict.fromkeys(PARTS, False)
    toolkit = Toolkit(**options)

    with pytest.raises(SetupError, match=re.escape(f"Pass {keyword}= with")):
        getattr(toolkit, keyword)


@pytest.mark.parametrize("keyword", [*PARTS, "guard", "sessions"])
def test_a_part_is_an_attribute(keyword: str) -> None:
    """True makes a plain one; an instance stays what it is."""
    options: dict[str, t.Any] = {keyword: True}
    part = getattr(Toolkit(**options), keyword)
    options = {keyword: part}

    assert getattr(Toolkit(**options), keyword) is part
    assert part.name == keyword


def test_all_problems_of_all_parts_come_at_once(app: Flask) -> None:
    """One start shows every bad key, the loader's and the parts'."""
    loader = ConfigLoader(
        Values(TOOLKIT_JWT_LEEWAY=999, TOOLKIT_MIDDLEWARE_NOPE=1, DEBUG="maybe")
    )

    with pytest.raises(ConfigError) as info:
        Toolkit(app, config=loader)

    assert {problem.key for problem in info.value.problems} == {
        "TOOLKIT_JWT_LEEWAY",
        "TOOLKIT_MIDDLEWARE_NOPE",
        "DEBUG",
    }


def test_settings_of_all_parts_without_a_loader(app: Flask) -> None:
    """The same holds for keys that stand in app.config."""
    app.config.update(TOOLKIT_JWT_LEEWAY=999, TOOLKIT_GUARD_NOPE=1)

    with pytest.raises(ConfigError) as info:
        Toolkit(app, guard=True)

    assert len(info.value.problems) == 2


def test_a_corrected_configuration_may_be_tried_again(app: Flask) -> None:
    """A failed start leaves no half-attached toolkit."""
    app.config["TOOLKIT_JWT_LEEWAY"] = 999
    toolkit = Toolkit()

    with pytest.raises(ConfigError):
        toolkit.init_app(app)

    app.config["TOOLKIT_JWT_LEEWAY"] = 9
    toolkit.init_app(app)
    assert app.extensions["toolkit"] is toolkit
    assert app.test_client().get("/").status_code == 200


def test_a_second_toolkit_is_refused_and_leaves_the_first(app: Flask) -> None:
    """Two on one app stop the start; the first goes on working."""
    first = Toolkit(app)

    with pytest.raises(SetupError, match="already registered"):
        Toolkit(app)

    assert first.jwt.settings_of(app) is not None


def test_two_parts_of_one_name_are_refused(app: Flask) -> None:
    """A JWT called like the guard would overwrite its state."""
    with pytest.raises(SetupError, match="already registered"):
        Toolkit(app, jwt=JWT(name="guard"), guard=True)


def test_overrides_are_the_strongest_layer(app: Flask) -> None:
    """Tests change one key without another file."""
    loader = ConfigLoader(Values(SECRET_KEY=KEY, TOOLKIT_JWT_REALM="shop"))
    toolkit = Toolkit(config=loader)
    toolkit.init_app(app, {"TOOLKIT_JWT_REALM": "test"})

    assert toolkit.config is loader
    assert toolkit.jwt.settings_of(app).realm == "test"


def test_overrides_need_a_loader(app: Flask) -> None:
    """They are not dropped in silence."""
    with pytest.raises(SetupError, match=re.escape("overrides= needs config=")):
        Toolkit().init_app(app, {"DEBUG": True})


def test_guard_and_tokens_agree(app: Flask) -> None:
    """A bearer token passes the guard, and both name the same caller."""
    app.secret_key = KEY
    toolkit = Toolkit(app, guard=LoginGuard())
    toolkit.guard.user_loader(lambda id: f"user {id}")

    @app.get("/me")
    @toolkit.jwt.required
    def me() -> t.Any:
        caller = current_identity()
        return jsonify(id=caller and caller.id, via=caller and caller.via)

    with app.app_context():
        token = toolkit.jwt.create_access_token("7")

    client = app.test_client()
    assert client.get("/me").status_code == 401
    answer = client.get("/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.json == {"id": "7", "via": "jwt"}


def test_a_guard_with_its_own_authenticators_keeps_them(app: Flask) -> None:
    """What was chosen explicitly is not added to."""

    class Nobody:
        name = "nobody"
        ambient = False

        def authenticate(self, _request: object, /) -> None: ...

        def challenge(self) -> str | None:
            return "Nobody"

    app.secret_key = KEY
    toolkit = Toolkit(app, guard=LoginGuard(authenticators=[Nobody()]))

    with app.app_context():
        token = toolkit.jwt.create_access_token("7")

    answer = app.test_client().get("/", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert answer.headers.getlist("WWW-Authenticate") == ["Nobody"]


def test_a_part_that_cannot_be_set_up_says_so(app: Flask) -> None:
    """What was attached before it keeps its settings; the app must be made anew."""
    guard = LoginGuard[t.Any](authenticators=[SessionAuthenticator(), Namesake()])

    with pytest.raises(SetupError, match="have the same name"):
        Toolkit(app, guard=guard)

    assert "toolkit.guard" not in app.extensions
    assert set(app.extensions["toolkit.settings"]) >= {"signals", "converters"}
    assert "guard" not in app.extensions["toolkit.settings"]


def test_errors_of_the_wsgi_layer_look_the_same(app: Flask) -> None:
    """A middleware that refuses is answered through problems."""
    from werkzeug.exceptions import TooManyRequests

    from flask_toolkit import Middleware
    from flask_toolkit.typing import Scope

    class Refuse(Middleware):
        name = "refuse"

        def before(self, scope: Scope) -> None:
            raise TooManyRequests(retry_after=7)

    Toolkit(app, middleware=MiddlewareStack(use=[Refuse()]))
    answer = app.test_client().get("/", headers={"Accept": "application/problem+json"})

    assert answer.status_code == 429
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["Retry-After"] == "7"
    assert answer.headers["X-Request-ID"]


def test_the_wsgi_layer_answers_by_itself_without_problems(app: Flask) -> None:
    """A part that is off is not needed by another one."""
    Toolkit(app, problems=False)

    assert "toolkit.error_response" not in app.extensions
    assert app.test_client().get("/").headers["X-Request-ID"]


def test_a_weak_secret_stops_only_an_explicit_jwt(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    """By default a warning, since an existing app must go on working."""
    app.secret_key = "short"

    with caplog.at_level(logging.WARNING):
        Toolkit(app)

    assert "SECRET_KEY" in caplog.text
    other = Flask("other")
    other.secret_key = "short"
    with pytest.raises(SetupError, match="SECRET_KEY"):
        Toolkit(other, jwt=JWT())


def test_the_repr_names_the_parts() -> None:
    """It shows what is on and no value."""
    toolkit = Toolkit(jwt=False, signals=Signals())

    assert repr(toolkit) == (
        "<Toolkit of signals, converters, middleware, problems, lifecycle>"
    )


def test_a_guarded_app_without_a_key_still_starts(app: Flask) -> None:
    """Keys come late in many factories; the first sign-in needs one."""
    Toolkit(app, guard=True)
    app.secret_key = KEY

    @app.post("/count")
    @public
    def count() -> str:
        session["n"] = 1
        return "counted"

    assert app.test_client().post("/count").status_code == 200


def test_sessions_may_be_flasks_cookie(app: Flask) -> None:
    """By name or by instance; such a part has nothing to call."""
    app.secret_key = KEY
    toolkit = Toolkit(app, sessions="cookie")
    Toolkit(Flask("other"), sessions=CookieSession())

    assert isinstance(app.extensions["toolkit.sessions"].extension, CookieSession)
    with pytest.raises(SetupError, match="Pass sessions= with"):
        _ = toolkit.sessions


def test_sessions_take_no_other_name(app: Flask) -> None:
    """Where they are kept is a setting, and the message names it."""
    with pytest.raises(SetupError, match="TOOLKIT_SESSIONS_STORE_URL"):
        Toolkit(app, sessions=t.cast("t.Any", "redis"))


def test_a_guard_signs_in_into_server_side_sessions(app: Flask) -> None:
    """The parts find each other: a new id at sign-in, and an owner."""
    guard = LoginGuard[str](login_view=None)
    guard.user_loader(lambda id: id)
    guard.id_of(lambda user: user)
    app.testing = True
    toolkit = Toolkit(app, guard=guard, sessions=True, jwt=False)

    @app.post("/login")
    @public
    def login() -> str:
        session["before"] = True
        guard.login("7")
        return "welcome"

    client = app.test_client()
    client.post("/login")

    assert isinstance(toolkit.sessions, ServerSession)
    assert client.get("/").text == "hello"
    with app.app_context():
        (info,) = toolkit.sessions.sessions_of("7")
        assert info.data["before"]
        assert toolkit.sessions.delete_for("7") == 1

    assert client.get("/").status_code == 401


def test_sessions_come_before_the_guard(app: Flask) -> None:
    """Whatever the order of the keywords, or of what an instance was made."""
    toolkit = Toolkit(app, guard=True, sessions=True, jwt=False)
    order = repr(toolkit).strip("<>").removeprefix("Toolkit of ").split(", ")

    assert order.index("converters") < order.index("sessions")
    assert order.index("sessions") < order.index("middleware") < order.index("guard")


def test_without_a_life_cycle_nothing_is_handed_to_it(app: Flask) -> None:
    """A part that is off leaves nothing behind."""
    Toolkit(app, lifecycle=False)

    assert not {"toolkit.lifecycle", "toolkit.scope_variable"} & app.extensions.keys()
