"""Tokens in cookies, and the proof that this site sent them."""

import typing as t
from collections.abc import Callable

import pytest
from flask import Flask
from flask import Response
from flask.testing import FlaskClient

from flask_toolkit.identity import current_identity
from flask_toolkit.jwt import CSRFError
from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet
from flask_toolkit.jwt import TokenPair

AnyJWT = JWT[t.Any]
Raw = Callable[..., str]
SAME = {"Sec-Fetch-Site": "same-origin"}
HOST = "https://shop.example"


@pytest.fixture(name="jwt")
def _jwt(app: Flask, key: Key, clock: t.Any) -> AnyJWT:
    app.config["TOOLKIT_JWT_LOCATIONS"] = ["cookie", "header"]
    jwt: AnyJWT = JWT(app, keys=KeySet(key), clock=clock)
    _routes(app, jwt)
    return jwt


def _routes(app: Flask, jwt: AnyJWT) -> None:
    @app.route("/me", methods=["GET", "POST", "PUT", "DELETE", "PATCH"])
    @jwt.required
    def me() -> dict[str, t.Any]:
        caller = current_identity()
        assert caller is not None
        return {"sub": jwt.claims.sub, "at": jwt.claims.location, "via": caller.via}

    @app.route("/refresh", methods=["GET", "POST"])
    def refresh() -> Response:
        return jwt.set_cookies(Response("new"), jwt.rotate())

    @app.route("/logout", methods=["GET", "POST"])
    def logout() -> Response:
        jwt.revoke()
        return jwt.unset_cookies(Response("bye"))

    @app.route("/guarded-logout")
    @jwt.required
    def guarded() -> str:
        jwt.revoke()
        return "bye"


@pytest.fixture(name="pair")
def _pair(app: Flask, jwt: AnyJWT) -> TokenPair:
    with app.app_context():
        return jwt.issue("7")


def _cookies(app: Flask, jwt: AnyJWT, pair: TokenPair) -> list[str]:
    with app.app_context():
        return jwt.set_cookies(Response(), pair).headers.getlist("Set-Cookie")


def _client(app: Flask, pair: TokenPair) -> FlaskClient:
    client = app.test_client()
    for name, value in (("access", pair.access_token), ("refresh", pair.refresh_token)):
        client.set_cookie(f"__Host-jwt_{name}", value, domain="shop.example")
    return client


def _ask(
    app: Flask,
    pair: TokenPair,
    path: str = "/me",
    method: str = "GET",
    **headers: t.Any,
) -> t.Any:
    return _client(app, pair).open(
        path, method=method, base_url=HOST, headers=headers.get("headers")
    )


def test_cookies_are_for_the_browser_alone(
    app: Flask, jwt: AnyJWT, pair: TokenPair
) -> None:
    """Scripts and plain http cannot have them, and they end with the tokens."""
    access, refresh = (set(cookie.split("; ")) for cookie in _cookies(app, jwt, pair))
    always = {"Secure", "HttpOnly", "Path=/"}

    assert access == always | {
        f"__Host-jwt_access={pair.access_token}",
        "Max-Age=900",
        "SameSite=Lax",
    }
    assert refresh == always | {
        f"__Host-jwt_refresh={pair.refresh_token}",
        "Max-Age=1209600",
        "SameSite=Strict",
    }


@pytest.mark.parametrize(
    ("settings", "access", "refresh"),
    [
        pytest.param(
            {"COOKIE_SECURE": False},
            ("jwt_access", "Path=/"),
            ("jwt_refresh", "Path=/"),
            id="plain",
        ),
        pytest.param(
            {"COOKIE_DOMAIN": "shop.example"},
            ("__Secure-jwt_access", "Domain=shop.example"),
            ("__Secure-jwt_refresh", "Domain=shop.example"),
            id="domain",
        ),
        pytest.param(
            {"COOKIE_REFRESH_PATH": "/auth"},
            ("__Host-jwt_access", "Path=/"),
            ("__Secure-jwt_refresh", "Path=/auth"),
            id="path",
        ),
    ],
)
def test_the_names_tell_the_attributes(
    app: Flask,
    key: Key,
    settings: dict[str, t.Any],
    access: tuple[str, str],
    refresh: tuple[str, str],
) -> None:
    """Browsers enforce the prefixes; deleting repeats every attribute."""
    app.config.update({f"TOOLKIT_JWT_{name}": settings[name] for name in settings})
    jwt: AnyJWT = JWT(app, keys=KeySet(key))

    with app.app_context():
        written = jwt.set_cookies(Response(), jwt.issue("7"))
        deleted = jwt.unset_cookies(Response())

    for (name, attribute), one, gone in zip(
        (access, refresh),
        written.headers.getlist("Set-Cookie"),
        deleted.headers.getlist("Set-Cookie"),
        strict=True,
    ):
        assert one.startswith(f"{name}=")
        assert gone.startswith(f"{name}=;")
        assert f"; {attribute}" in one
        assert f"; {attribute}" in gone
        assert "Max-Age=0" in gone
        assert "Expires=Thu, 01 Jan 1970" in gone
        assert ("Secure" in one) is ("Secure" in gone) is (name[:2] == "__")
        assert "HttpOnly" in one
        assert "HttpOnly" in gone


def test_a_cookie_that_browsers_drop_is_an_error(app: Flask, jwt: AnyJWT) -> None:
    """They do so without a word."""
    with app.app_context():
        pair = jwt.issue("7", claims={"x": "y" * 3500})
        response = Response()
        with pytest.raises(ValueError, match="that browsers keep"):
            jwt.set_cookies(response, pair)
        assert "Set-Cookie" not in response.headers


def test_a_cookie_opens_and_stays_private(
    app: Flask, jwt: AnyJWT, pair: TokenPair
) -> None:
    """The answer depends on both headers, and shared caches must not keep it."""
    answer = _ask(app, pair)

    assert answer.json == {"sub": "7", "at": "cookie", "via": "jwt-cookie"}
    assert answer.headers["Vary"] == "Authorization, Cookie"
    assert answer.headers["Cache-Control"] == "private"


def test_the_header_decides(app: Flask, jwt: AnyJWT, pair: TokenPair, raw: Raw) -> None:
    """A cookie is not read where a header token came, good or bad."""
    with app.app_context():
        other = jwt.issue("8").access_token

    bearer = {"Authorization": f"Bearer {other}"}
    posted = _ask(app, pair, method="POST", headers=bearer)
    assert posted.json == {"sub": "8", "at": "header", "via": "jwt"}
    bad = {"Authorization": f"Bearer {raw(exp=1)}"}
    assert _ask(app, pair, headers=bad).status_code == 401


def test_a_bad_cookie_is_a_401(
    app: Flask, jwt: AnyJWT, pair: TokenPair, clock: t.Any
) -> None:
    """Nothing else came that could help."""
    clock.now += 911

    answer = _ask(app, pair)
    assert answer.status_code == 401
    assert "has expired" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 403, id="nothing"),
        pytest.param({"Sec-Fetch-Site": "cross-site", "Origin": HOST}, 403, id="cross"),
        pytest.param({"Referer": f"{HOST}/page"}, 200, id="own-referer"),
        pytest.param({"Referer": "https://evil.example/"}, 403, id="other-referer"),
        pytest.param({"Origin": "https://app.example"}, 200, id="trusted"),
    ],
)
def test_a_write_by_cookie_must_come_from_here(
    app: Flask, jwt: AnyJWT, pair: TokenPair, headers: dict[str, str], status: int
) -> None:
    """No token for scripts is needed; the answer names the header that is missing.

    The whole matrix is in ``test_checklist.py``.
    """
    answer = _ask(app, pair, method="POST", headers=headers)

    assert answer.status_code == status
    if status == 403:
        assert "WWW-Authenticate" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json["error"] == "cross_origin"
        assert "Sec-Fetch-Site or Origin" in answer.json["detail"]


def test_a_header_token_needs_no_origin(
    app: Flask, jwt: AnyJWT, pair: TokenPair
) -> None:
    """No browser sends it by itself."""
    headers = {"Authorization": f"Bearer {pair.access_token}"}

    answer = app.test_client().post("/me", headers=headers, base_url=HOST)
    assert answer.status_code == 200


def test_the_check_can_be_switched_off(app: Flask, key: Key, clock: t.Any) -> None:
    """For who checks elsewhere."""
    app.config.update(
        TOOLKIT_JWT_LOCATIONS=["header", "cookie"], TOOLKIT_JWT_CSRF=False
    )
    jwt: AnyJWT = JWT(app, keys=KeySet(key), clock=clock)
    _routes(app, jwt)

    with app.app_context():
        pair = jwt.issue("7")

    assert _ask(app, pair, method="POST").status_code == 200


@pytest.mark.parametrize("path", ["/refresh", "/logout", "/guarded-logout"])
def test_rotate_and_revoke_check_every_method(
    app: Flask, jwt: AnyJWT, pair: TokenPair, path: str
) -> None:
    """GET too: both change what is stored."""
    assert _ask(app, pair, path).status_code == 403
    assert _ask(app, pair, path, headers=SAME).status_code == 200
    dead = _ask(app, pair, headers=SAME).status_code
    assert dead == (200 if path == "/refresh" else 401)


def test_the_refresh_cookie_rotates(app: Flask, jwt: AnyJWT, pair: TokenPair) -> None:
    """Without a body; with one the body decides."""
    answer = _ask(app, pair, "/refresh", "POST", headers=SAME)
    assert answer.text == "new"
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(answer.headers.getlist("Set-Cookie")) == 2

    with_body = _client(app, pair).post("/refresh", base_url=HOST, data={"x": "y"})
    assert with_body.status_code == 400
    nobody = app.test_client().post("/refresh", base_url=HOST, headers=SAME)
    assert nobody.status_code == 401
    assert nobody.json is not None
    assert nobody.json["error"] == "missing_token"


def test_logout_by_the_refresh_cookie_alone(
    app: Flask, jwt: AnyJWT, pair: TokenPair
) -> None:
    """Where the access cookie has ended already."""
    client = app.test_client()
    client.set_cookie("__Host-jwt_refresh", pair.refresh_token, domain="shop.example")

    assert client.post("/logout", base_url=HOST).status_code == 403
    assert client.post("/logout", base_url=HOST, headers=SAME).text == "bye"
    assert _ask(app, pair).status_code == 401


def test_a_csrf_error_tells_nobody_who_is_there(
    app: Flask, jwt: AnyJWT, pair: TokenPair
) -> None:
    """For everybody who asks the identity, the request is one of nobody."""
    headers = {"Cookie": f"__Host-jwt_access={pair.access_token}"}

    with app.test_request_context("/me", method="POST", headers=headers):
        assert current_identity() is None
        with pytest.raises(CSRFError):
            jwt.authenticate()
        assert jwt.claims_or_none is None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Origin": "https://evil.example"}, 403, id="other"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, 403, id="cross"),
        pytest.param({"Origin": HOST}, 200, id="own"),
        pytest.param({"Origin": "https://app.example"}, 200, id="trusted"),
        pytest.param({}, 200, id="no-browser"),
    ],
)
def test_another_site_signs_nobody_in(
    app: Flask, jwt: AnyJWT, pair: TokenPair, headers: dict[str, str], status: int
) -> None:
    """A form with a refresh token of its own is answered without cookies."""
    form = {"refresh_token": pair.refresh_token}
    answer = app.test_client().post(
        "/refresh", base_url=HOST, data=form, headers=headers
    )

    assert answer.status_code == status
    assert ("Set-Cookie" in answer.headers) is (status == 200)


def test_a_read_may_be_answered_with_cookies(
    app: Flask, jwt: AnyJWT, pair: TokenPair
) -> None:
    """An identity provider sends people back by a link, which it vouches for."""
    app.get("/callback")(lambda: jwt.set_cookies(Response("in"), pair))
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = app.test_client().get("/callback", base_url=HOST, headers=headers)

    assert (answer.status_code, answer.text) == (200, "in")
