"""What a reviewer broke once, and must not break again."""

import logging
import typing as t
from collections.abc import Callable

import pytest
from flask import Flask

from flask_toolkit import Toolkit
from flask_toolkit.errors import ConfigError
from flask_toolkit.guard import LoginGuard
from flask_toolkit.identity import current_identity
from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import JWTAuthenticator
from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet
from flask_toolkit.jwt import TokenExpiredError

AnyJWT = JWT[t.Any]
THEIRS = Key.load(bytes(range(1, 33)), kid="theirs")
LONG = "a-key-for-tests-of-thirty-two-bytes-or-more"


def test_a_foreign_subject_is_nobody_in_a_demanded_view(
    app: Flask, key: Key, clock: t.Any, raw: Callable[..., str]
) -> None:
    """Its claims are there; ``current_identity`` names no local user of that id."""
    app.config["TOOLKIT_JWT_TRUSTED_ISSUERS"] = {"them": KeySet(THEIRS)}
    jwt: AnyJWT = JWT(app, keys=KeySet(key), clock=clock)

    @app.get("/whose")
    @jwt.required
    def whose() -> dict[str, t.Any]:
        caller = current_identity()
        return {"sub": jwt.claims.sub, "caller": caller and caller.id}

    def ask(token: str) -> t.Any:
        headers = {"Authorization": f"Bearer {token}"}
        return app.test_client().get("/whose", headers=headers).json

    assert ask(raw(iss="them", signer=THEIRS, sub="7")) == {"sub": "7", "caller": None}
    assert ask(raw(sub="7")) == {"sub": "7", "caller": "7"}


@pytest.mark.parametrize("secret", [None, "short"])
def test_a_token_without_a_key_breaks_no_public_page(
    secret: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody can be known; that is logged, and no 500 for whoever sends one."""
    app = Flask("shop")
    app.secret_key = secret
    Toolkit(app)
    app.add_url_rule("/", "index", lambda: str(current_identity()))

    with caplog.at_level(logging.ERROR):
        answer = app.test_client().get("/", headers={"Authorization": "Bearer a.b.c"})

    assert (answer.status_code, answer.text) == (200, "None")
    assert "A token came, and it cannot be verified" in caplog.text
    assert "SECRET_KEY" in caplog.text


def test_a_short_key_leaves_nothing_attached() -> None:
    """With a longer one the same toolkit starts on the same application."""
    app = Flask("shop")
    app.secret_key = "short"
    toolkit = Toolkit(jwt=JWT())

    with pytest.raises(ConfigError, match="SECRET_KEY: SECRET_KEY, or one of its"):
        toolkit.init_app(app)

    app.secret_key = LONG
    toolkit.init_app(app)
    assert toolkit.jwt.settings_of(app) is not None


def test_a_bad_key_is_blamed_once() -> None:
    """Its fallbacks are not said to be wrong as well."""
    app = Flask("shop")
    app.config["TOOLKIT_JWT_KEY"] = "too-short"

    with pytest.raises(ConfigError) as info:
        JWT(app)

    assert [problem.key for problem in info.value.problems] == ["TOOLKIT_JWT_KEY"]


@pytest.mark.parametrize("attach", [JWT, Toolkit])
@pytest.mark.parametrize("key", ["TOOLKIT_STORE_URL", "TOOLKIT_STORE_ULR"])
def test_a_wrong_store_address_stops_the_start(
    attach: Callable[[Flask], t.Any], key: str
) -> None:
    """It is not found by the first request with a token; a typo is none either."""
    app = Flask("shop")
    app.secret_key = LONG
    app.config[key] = "nowhere"

    with pytest.raises(ConfigError) as info:
        attach(app)

    assert [problem.key for problem in info.value.problems] == [key]


def test_no_token_is_made_that_is_over(app: Flask, jwt: AnyJWT, clock: t.Any) -> None:
    """Within the leeway of a session's end rotation says that it is over."""
    with app.app_context():
        pair = jwt.issue("7")
        settings = jwt.settings_of(app)
        end = clock.now + settings.session_lifetime.total_seconds()
        step = settings.refresh_lifetime.total_seconds() - 60

        while clock.now + step < end:
            clock.now += step
            pair = jwt.rotate(pair.refresh_token)
            assert pair.expires_in > 0

        for late in (0, 5):
            clock.now = end + late
            with pytest.raises(TokenExpiredError):
                jwt.rotate(pair.refresh_token)


def test_a_header_and_a_cookie_of_two_people(
    app: Flask, key: Key, clock: t.Any
) -> None:
    """Everybody goes by the header: the guard, the claims, the user and the origin."""
    app.config["TOOLKIT_JWT_LOCATIONS"] = ["header", "cookie"]
    jwt: AnyJWT = JWT(app, keys=KeySet(key), clock=clock)
    jwt.user_loader(lambda claims: f"user {claims.sub}")
    LoginGuard(
        app,
        authenticators=[
            JWTAuthenticator(jwt, location="cookie"),
            JWTAuthenticator(jwt),
        ],
    )

    @app.post("/me")
    @jwt.required
    def me() -> list[t.Any]:
        caller = current_identity()
        return [caller and caller.id, caller and caller.via, jwt.claims.sub, jwt.user]

    with app.app_context():
        ann, bob = jwt.issue("ann").access_token, jwt.issue("bob").access_token

    headers = {"Authorization": f"Bearer {bob}", "Cookie": f"__Host-jwt_access={ann}"}
    client = app.test_client(use_cookies=False)

    assert client.post("/me", headers=headers).json == ["bob", "jwt", "bob", "user bob"]
