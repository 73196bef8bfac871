"""Tokens of Flask-JWT-Extended: refused, until one route exchanges them.

They are built here in the shape that version 4.7.4 writes, with the old key.
"""

import threading
import typing as t
import uuid
from collections.abc import Callable

import jwt as pyjwt
import pytest
from flask import abort
from flask import Flask
from flask import Request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_toolkit.errors import ConfigError
from flask_toolkit.identity import current_identity
from flask_toolkit.jwt import Claims
from flask_toolkit.jwt import JWT
from flask_toolkit.stores import store_for

from .conftest import NOW

AnyJWT = JWT[t.Any]
OLD_KEY = "the JWT_SECRET_KEY of the application that moves"
DAY = 86400
Ask = Callable[..., TestResponse]


def _old(
    kind: str = "refresh", key: str = OLD_KEY, /, alg: str = "HS256", **claims: t.Any
) -> str:
    """Return a token as Flask-JWT-Extended writes it; ``...`` leaves a claim out."""
    said: dict[str, t.Any] = {
        "fresh": False,
        "iat": int(NOW) - DAY,
        "jti": str(uuid.UUID(int=7, version=4)),
        "type": kind,
        "sub": "7",
        "nbf": int(NOW) - DAY,
        "csrf": str(uuid.UUID(int=8, version=4)),
        "exp": int(NOW) + 29 * DAY,
        **claims,
    }
    kept = {name: said[name] for name in said if said[name] != ...}
    return pyjwt.encode(kept, key, alg)


def _at_the_exchange(request: Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    is_ours = request.endpoint == "exchange" and scheme.lower() == "bearer"
    return token if is_ours else None


def _is_old_refresh_token(claims: Claims) -> bool:
    return bool(claims.get("type") == "refresh")


@pytest.fixture(name="app")
def _app() -> Flask:
    app = Flask("shop")
    # The same key signs old and new tokens: only their kind tells them apart.
    app.config.update(
        SECRET_KEY=OLD_KEY,
        TOOLKIT_STORE_URL="memory://",
        TOOLKIT_JWT_KEY=OLD_KEY,
        TOOLKIT_LEGACY_KEY=OLD_KEY,
        TOOLKIT_LEGACY_ACCESS_TYP="JWT",
        TOOLKIT_LEGACY_LOCATIONS=[_at_the_exchange],
    )
    return app


@pytest.fixture(name="jwt")
def _jwt(app: Flask, clock: t.Any) -> AnyJWT:
    jwt: AnyJWT = JWT(app, clock=clock)
    app.get("/me", endpoint="me")(jwt.required(lambda: jwt.claims.sub))
    app.post("/refresh", endpoint="refresh")(lambda: jwt.rotate().to_dict())

    @app.get("/who")
    def who() -> dict[str, t.Any]:
        caller = current_identity()
        return {"id": caller and caller.id}

    return jwt


@pytest.fixture(name="legacy")
def _legacy(app: Flask, jwt: AnyJWT, clock: t.Any) -> AnyJWT:
    legacy: AnyJWT = JWT(app, name="legacy", clock=clock)

    @app.post("/exchange")
    @legacy.required(check=_is_old_refresh_token)
    def exchange() -> dict[str, t.Any]:
        old = legacy.claims
        store, ttl = store_for(app), old["exp"] - NOW + 60

        if store.put_if_absent(f"exchanged:{old.jti}", b"1", ttl) is not None:
            abort(401)

        return jwt.issue(old.sub, auth_time=old.iat).to_dict()

    return legacy


@pytest.mark.parametrize("kind", ["access", "refresh"])
@pytest.mark.parametrize("during", [False, True], ids=["without", "with-the-window"])
def test_an_old_token_opens_nothing(
    request: pytest.FixtureRequest, jwt: AnyJWT, ask: Ask, kind: str, during: bool
) -> None:
    """Signed with our own key, and of no kind of ours (RFC 8725 section 3.11).

    Neither while the exchange stands: it names a caller there only.
    """
    if during:
        request.getfixturevalue("legacy")

    answer = ask(_old(kind))
    assert answer.status_code == 401
    assert "The token is invalid" in answer.headers["WWW-Authenticate"]
    assert ask(_old(kind), "/who").json == {"id": None}


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_an_old_token_is_no_refresh_token(
    jwt: AnyJWT, client: FlaskClient, kind: str
) -> None:
    """It cannot be rotated; only the exchange takes it."""
    answer = client.post("/refresh", data={"refresh_token": _old(kind)})

    assert answer.status_code == 401


def test_an_old_refresh_token_is_exchanged_once(
    app: Flask, jwt: AnyJWT, legacy: AnyJWT, client: FlaskClient, ask: Ask
) -> None:
    """For a session of ours, which then lives by our rules."""
    answer = ask(_old(), "/exchange", "POST")

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    pair = t.cast("t.Any", answer.json)
    assert ask(pair["access_token"]).text == "7"
    assert ask(pair["access_token"], "/who").json == {"id": "7"}
    form = {"refresh_token": pair["refresh_token"]}
    assert client.post("/refresh", data=form).status_code == 200
    again = ask(_old(), "/exchange", "POST")
    assert again.status_code == 401


def test_ten_exchanges_at_once_make_one_session(
    app: Flask, jwt: AnyJWT, legacy: AnyJWT
) -> None:
    """Who is asked before somebody else has written waits for all to be asked."""
    met = threading.Barrier(10)
    taken: list[int] = []
    view = app.view_functions["exchange"]
    inside = t.cast("t.Any", view).__wrapped__

    def exchange() -> t.Any:
        met.wait()
        return inside()

    app.view_functions["exchange"] = legacy.required(check=_is_old_refresh_token)(
        exchange
    )

    def send() -> None:
        header = {"Authorization": f"Bearer {_old()}"}
        answer = app.test_client().post("/exchange", headers=header)
        taken.append(answer.status_code)

    threads = [threading.Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == [200] + [401] * 9


def test_an_exchange_is_no_sign_in(
    app: Flask, jwt: AnyJWT, legacy: AnyJWT, ask: Ask
) -> None:
    """``auth_time`` is that of the old token: a view with ``max_age`` still asks."""
    view = jwt.required(max_age=3600)(lambda: "secret")
    app.add_url_rule("/fresh", "fresh", view)
    pair = t.cast("t.Any", ask(_old(), "/exchange", "POST").json)

    assert ask(pair["access_token"], "/fresh").status_code == 401
    with app.app_context():
        auth_time = jwt.verify(pair["access_token"]).auth_time
    assert auth_time is not None
    assert auth_time.timestamp() == NOW - DAY


@pytest.mark.parametrize(
    ("token", "status"),
    [
        pytest.param(_old("access"), 403, id="access-token"),
        pytest.param(_old(type=...), 403, id="no-type"),
        pytest.param(_old(type=["refresh"]), 403, id="type-list"),
        pytest.param(_old(exp=int(NOW) - 60), 401, id="expired"),
        pytest.param(_old(exp=...), 401, id="for-ever"),
        pytest.param(_old(exp=int(NOW) + 91 * DAY), 401, id="beyond-session-lifetime"),
        pytest.param(_old(sub=...), 401, id="nobody"),
        pytest.param(_old(iss="elsewhere"), 401, id="issuer"),
        pytest.param(_old(aud="elsewhere"), 401, id="audience"),
        pytest.param(_old("refresh", OLD_KEY[::-1]), 401, id="another-key"),
        pytest.param(_old(alg="HS384"), 401, id="another-algorithm"),
    ],
)
def test_what_is_not_exchanged(
    jwt: AnyJWT, legacy: AnyJWT, ask: Ask, token: str, status: int
) -> None:
    """All rules but the kind hold for old tokens too."""
    assert ask(token, "/exchange", "POST").status_code == status


def test_our_own_tokens_are_not_exchanged(
    app: Flask, jwt: AnyJWT, legacy: AnyJWT, ask: Ask
) -> None:
    """Else a session would have no end, though the key is the same."""
    with app.app_context():
        pair = jwt.issue("7", claims={"type": "refresh"})

    for token in (pair.access_token, pair.refresh_token):
        assert ask(token, "/exchange", "POST").status_code == 401


def test_an_old_key_that_can_be_guessed_is_refused(app: Flask) -> None:
    """Its tokens can be forged: their owners must sign in again."""
    app.config["TOOLKIT_LEGACY_KEY"] = "super-secret"

    with pytest.raises(ConfigError, match="has 12 bytes; HS256 needs at least 32"):
        JWT(app, name="legacy")
