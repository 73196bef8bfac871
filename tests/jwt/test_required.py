"""Views that need a token, over requests."""

import typing as t
from collections.abc import Callable

import pytest
from flask import Flask
from flask import jsonify
from flask import Request
from flask.testing import FlaskClient
from flask.views import MethodView
from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from flask_toolkit.errors import SetupError
from flask_toolkit.identity import current_identity
from flask_toolkit.identity import REQUIRED_BY
from flask_toolkit.jwt import Claims
from flask_toolkit.jwt import create_access_token
from flask_toolkit.jwt import get_claims
from flask_toolkit.jwt import header
from flask_toolkit.jwt import InvalidRequestError
from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import jwt_required
from flask_toolkit.jwt import TokenInvalidError
from flask_toolkit.jwt import TokenMissingError

Ask = Callable[..., TestResponse]
Raw = Callable[..., str]
AnyJWT = JWT[t.Any]


@pytest.fixture(name="token")
def _token(app: Flask, jwt: AnyJWT) -> str:
    with app.app_context():
        return jwt.issue("7", scope="a b").access_token


def _challenge(answer: TestResponse) -> str:
    return answer.headers["WWW-Authenticate"]


def test_a_good_token_opens(ask: Ask, token: str) -> None:
    """The claims are there, and caches learn what the answer depends on."""
    answer = ask(token)

    assert answer.json == {"sub": "7", "location": "header"}
    assert answer.headers["Vary"] == "Authorization"
    assert "Cache-Control" not in answer.headers


def test_without_a_token_the_challenge_has_no_error(client: FlaskClient) -> None:
    """RFC 6750 section 3.1; the body is a problem that names it all the same."""
    answer = client.get("/me")

    assert answer.status_code == 401
    assert _challenge(answer) == 'Bearer realm="api"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Vary"] == "Authorization"
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert answer.json["error"] == "missing_token"


@pytest.mark.parametrize(
    ("value", "status"),
    [
        pytest.param("Basic dXNlcjpwYXNz", 401, id="basic-is-not-ours"),
        pytest.param("Token abc", 401, id="other-scheme"),
        pytest.param("Bearertoken", 401, id="one-word"),
        pytest.param("", 401, id="empty-header"),
        pytest.param("Bearer", 400, id="no-token"),
        pytest.param("Bearer ", 400, id="blank"),
        pytest.param("Bearer a,b", 400, id="comma"),
        pytest.param("Bearer a b", 400, id="two-words"),
        pytest.param("Bearer a, Bearer b", 400, id="two-headers"),
        pytest.param("Bearer \xe9", 400, id="not-ascii"),
        pytest.param("Bearer =", 400, id="only-padding"),
        pytest.param('Bearer "a"', 400, id="quoted"),
        pytest.param("Bearer abc", 401, id="no-jwt"),
        pytest.param("Bearer a.b.c", 401, id="three-segments"),
        pytest.param("Bearer a.b.c==", 401, id="padded"),
        pytest.param("Bearer " + "a" * 9000, 401, id="long"),
    ],
)
def test_the_grammar_of_the_header(
    client: FlaskClient, value: str, status: int
) -> None:
    """RFC 6750 section 2.1: exactly one b64token, else 400 invalid_request."""
    answer = client.get("/me", headers={"Authorization": value})

    assert answer.status_code == status
    assert answer.headers["Cache-Control"] == "no-store"
    if status == 400:
        assert _challenge(answer) == 'Bearer realm="api", error="invalid_request"'


@pytest.mark.parametrize("scheme", ["bearer ", "BEARER ", "Bearer    "])
def test_the_scheme_in_any_case(client: FlaskClient, token: str, scheme: str) -> None:
    """RFC 9110 section 11.1, with any number of spaces (11.4)."""
    answer = client.get("/me", headers={"Authorization": f"{scheme}{token}"})

    assert answer.status_code == 200


def test_a_bad_token_is_not_explained(ask: Ask, raw: Raw, token: str) -> None:
    """One text for all; only that it expired is told, so that clients refresh."""
    bad = 'Bearer realm="api", error="invalid_token", error_description='
    forged = token[:-3] + "AAA"
    refresh = raw(header={"typ": "refresh+jwt"})

    for each in (forged, refresh, raw(iss="x"), raw(nbf=2e9)):
        answer = ask(each)
        assert answer.status_code == 401
        assert _challenge(answer) == f'{bad}"The token is invalid"'
        assert answer.json is not None
        assert answer.json["detail"] == "The token is invalid"

    expired = ask(raw(exp=1))
    assert expired.status_code == 401
    assert _challenge(expired) == f'{bad}"The token has expired"'


def test_the_realm_is_quoted(app: Flask) -> None:
    """What stands in a quoted string is escaped (RFC 9110 section 5.6.4)."""
    app.config["TOOLKIT_JWT_REALM"] = 'a "b" \\c'
    jwt: AnyJWT = JWT(app)
    app.add_url_rule("/x", view_func=jwt.required(lambda: "ok"))
    client = app.test_client()

    answers = [
        client.get("/x"),
        client.get("/x", headers={"Authorization": "Bearer a.b.c"}),
    ]
    for answer in answers:
        assert _challenge(answer).startswith('Bearer realm="a \\"b\\" \\\\c"')


def test_optional_lets_nobody_in_and_refuses_a_bad_token(
    app: Flask, jwt: AnyJWT, ask: Ask, raw: Raw, token: str
) -> None:
    """A bad one is a 401, so that the client refreshes."""

    @app.get("/maybe")
    @jwt.required(optional=True)
    def maybe() -> t.Any:
        claims = jwt.claims_or_none
        return jsonify(claims and claims.sub)

    client = app.test_client()
    nobody = client.get("/maybe")
    assert nobody.json is None
    assert nobody.headers["Vary"] == "Authorization"
    assert ask(token, "/maybe").json == "7"
    assert ask(raw(exp=1), "/maybe").status_code == 401
    assert ask("a,b", "/maybe").status_code == 400
    assert getattr(maybe, REQUIRED_BY) == ()


@pytest.mark.parametrize(
    ("options", "status", "told"),
    [
        pytest.param({"scope": "a"}, 200, None, id="scope"),
        pytest.param({"scope": ["a", "b"]}, 200, None, id="scopes"),
        pytest.param(
            {"scope": "c a"}, 403, 'insufficient_scope", scope="c a"', id="no-scope"
        ),
        pytest.param({"max_age": 60}, 200, None, id="fresh"),
        pytest.param(
            {"max_age": 0, "scope": "c"}, 403, "insufficient_scope", id="scope-first"
        ),
        pytest.param({"check": lambda c: c.sub == "7"}, 200, None, id="check"),
        pytest.param(
            {"check": lambda _: False}, 403, 'error="insufficient_scope"', id="check-no"
        ),
        pytest.param({"typ": "other+jwt"}, 401, "invalid_token", id="typ"),
        pytest.param({"typ": "AT+JWT"}, 200, None, id="same-typ"),
    ],
)
def test_options(  # noqa: PLR0917  # fixtures
    app: Flask,
    jwt: AnyJWT,
    ask: Ask,
    token: str,
    options: t.Any,
    status: int,
    told: str | None,
) -> None:
    """Each option, met and not met."""
    app.add_url_rule("/x", view_func=jwt.required(**options)(lambda: "ok"))
    answer = ask(token, "/x")

    assert answer.status_code == status
    assert told is None or told in _challenge(answer)


def test_an_old_sign_in_must_be_renewed(
    app: Flask, jwt: AnyJWT, ask: Ask, clock: t.Any
) -> None:
    """RFC 9470 section 3: the challenge says how old it may be."""
    app.add_url_rule("/x", view_func=jwt.required(max_age=300)(lambda: "ok"))

    with app.app_context():
        token = jwt.issue("7").access_token
        plain = jwt.create_access_token("7")

    assert ask(token, "/x").status_code == 200
    clock.now += 301
    for each in (token, plain):
        answer = ask(each, "/x")
        assert answer.status_code == 401
        assert _challenge(answer) == (
            'Bearer realm="api", error="insufficient_user_authentication",'
            ' max_age="300"'
        )


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        pytest.param({"optional": "no"}, TypeError, "True or False", id="word"),
        pytest.param({"max_age": -1}, ValueError, "must not be negative", id="age"),
        pytest.param({"typ": ""}, ValueError, "no media type", id="typ"),
        pytest.param(
            {"typ": "Refresh+JWT"}, ValueError, "opens no view", id="refresh-token"
        ),
        pytest.param({"scope": 'a"'}, ValueError, "printable ASCII", id="scope"),
        pytest.param({"locations": "header"}, TypeError, "a list", id="one-text"),
        pytest.param({"locations": []}, TypeError, "at least one", id="nowhere"),
        pytest.param({"locations": ["headers"]}, TypeError, "no location", id="typo"),
        pytest.param({"locations": [5]}, TypeError, "no location", id="number"),
        pytest.param({"check": True}, TypeError, "plain function", id="no-function"),
        pytest.param({"scopes": "a"}, TypeError, "unexpected keyword", id="unknown"),
    ],
)
def test_options_that_cannot_be_met(
    jwt: AnyJWT, options: t.Any, error: type[Exception], message: str
) -> None:
    """They fail while the application is built."""
    with pytest.raises(error, match=message):
        jwt.required(**options)


def test_an_async_check_is_refused(jwt: AnyJWT) -> None:
    """Its coroutine would count as true."""

    async def check(_claims: Claims) -> bool:
        raise NotImplementedError

    class Check:
        async def __call__(self, _claims: Claims) -> bool:
            raise NotImplementedError

    for wrong in (check, Check()):
        with pytest.raises(TypeError, match="plain function"):
            jwt.required(check=t.cast("t.Any", wrong))


def test_async_views(app: Flask, jwt: AnyJWT, ask: Ask, token: str) -> None:
    """They stay coroutine functions, with and without an async loader."""

    @jwt.user_loader
    async def load(claims: Claims) -> str:
        return f"user {claims.sub}"

    @app.get("/async")
    @jwt.required(scope="a")
    async def view() -> str:
        return t.cast("str", jwt.user)

    app.add_url_rule("/sync", view_func=jwt.required(lambda: jwt.user))
    assert ask(token, "/async").text == "user 7"
    assert ask(token, "/sync").text == "user 7"
    assert app.test_client().get("/async").status_code == 401


def test_the_view_keeps_its_name_and_signature(jwt: AnyJWT) -> None:
    """Arguments pass, and what the decorator enforces can be read."""

    @jwt.required(max_age=300)
    @jwt.required(scope="b a")
    def view(number: int, *, word: str) -> str:
        """Say something."""
        raise NotImplementedError

    assert view.__name__ == "view"
    assert view.__doc__ == "Say something."
    assert getattr(view, REQUIRED_BY) == (
        'via("jwt")',
        'scope("a", "b")',
        'via("jwt")',
        "fresh(300)",
    )
    cookie = jwt.required(locations=["cookie"])(lambda: "")
    assert getattr(cookie, REQUIRED_BY) == ('via("jwt-cookie")',)


def test_class_based_views_and_options(
    app: Flask, jwt: AnyJWT, client: FlaskClient
) -> None:
    """The automatic OPTIONS passes, a hand-written one needs the token."""

    class View(MethodView):
        decorators: t.ClassVar = [jwt.required]

        def get(self) -> str:
            raise NotImplementedError

    @app.route("/hand", methods=["OPTIONS"])
    @jwt.required
    def hand() -> str:
        raise NotImplementedError

    app.add_url_rule("/class", view_func=View.as_view("class"))
    assert client.get("/class").status_code == 401
    assert client.options("/class").status_code == 200
    assert client.options("/me").status_code == 200
    assert client.options("/hand").status_code == 401


def test_claims_before_verification(app: Flask, jwt: AnyJWT) -> None:
    """The error names the view and the decorator."""

    @app.get("/forgotten")
    def forgotten() -> str:
        assert jwt.claims_or_none is None
        assert jwt.user_or_none is None
        with pytest.raises(RuntimeError, match=r"view 'forgotten': put @jwt\.required"):
            _ = jwt.claims
        with pytest.raises(RuntimeError, match="view 'forgotten'"):
            _ = jwt.user
        return "ok"

    assert app.test_client().get("/forgotten").text == "ok"
    assert jwt.claims_or_none is None
    with pytest.raises(RuntimeError, match=r"verified: put @jwt\.required"):
        _ = jwt.claims


def test_a_user_needs_a_loader(app: Flask, jwt: AnyJWT, ask: Ask, token: str) -> None:
    """Without one there is no user, and the message says what to write."""

    @app.get("/user")
    @jwt.required
    def user() -> str:
        assert jwt.user_or_none is None
        with pytest.raises(RuntimeError, match=r"@jwt\.user_loader"):
            _ = jwt.user
        return "ok"

    assert ask(token, "/user").text == "ok"


def test_a_user_that_is_gone_is_refused(
    app: Flask, jwt: AnyJWT, ask: Ask, token: str
) -> None:
    """A loader that gives nothing closes the door; it runs once a request."""
    users = {"7": "Ann"}
    calls: list[str] = []

    @jwt.user_loader
    def load(claims: Claims) -> str | None:
        calls.append(claims.sub)
        return users.get(claims.sub)

    @app.get("/user")
    @jwt.required
    def user() -> t.Any:
        caller = current_identity()
        assert caller is not None
        assert jwt.authenticate() is jwt.claims
        return jsonify(jwt.user, jwt.user_or_none, caller.user)

    assert ask(token, "/user").json == ["Ann", "Ann", "Ann"]
    assert calls == ["7"]
    users.clear()
    assert ask(token, "/user").status_code == 401


def test_authenticate_in_a_view(app: Flask, jwt: AnyJWT, ask: Ask, token: str) -> None:
    """The same in the middle of a function."""

    @app.get("/middle")
    def middle() -> t.Any:
        claims = jwt.authenticate(optional=True)
        return jsonify(claims and claims.sub)

    client = app.test_client()
    assert client.get("/middle").json is None
    assert ask(token, "/middle").json == "7"

    with app.test_request_context(), pytest.raises(TokenMissingError):
        jwt.authenticate()


def test_another_kind_that_is_missing(
    app: Flask, jwt: AnyJWT, client: FlaskClient, raw: Raw
) -> None:
    """The next location is asked, then nobody came."""
    locations: t.Any = ["header", header("X-Other")]
    view = jwt.required(typ="other+jwt", locations=locations)(lambda: jwt.claims.sub)
    app.add_url_rule("/x", view_func=view)
    bearer = f"Bearer {raw(header={'typ': 'other+jwt'})}"

    assert client.get("/x").status_code == 401
    assert client.get("/x", headers={"X-Other": bearer}).text == "7"


def test_an_error_is_remembered_for_the_request(
    app: Flask, jwt: AnyJWT, raw: Raw
) -> None:
    """A second question costs no second verification and gives no second answer."""
    headers = {"Authorization": f"Bearer {raw(exp=1)}"}

    with app.test_request_context(headers=headers):
        for options in ({}, {"typ": "other+jwt"}):
            for _ in range(2):
                with pytest.raises(TokenInvalidError) as info:
                    jwt.authenticate(**t.cast("t.Any", options))
                assert info.value.location == "header"
        assert current_identity() is None


def test_other_headers_and_functions(
    app: Flask, jwt: AnyJWT, client: FlaskClient, token: str
) -> None:
    """A location can be a header of another name or any function."""

    def from_query(request: Request) -> str | None:
        return request.args.get("token")

    locations: t.Any = [header("X-Token", scheme=None), from_query]
    view = jwt.required(locations=locations)(lambda: jwt.claims.location or "")
    app.add_url_rule("/x", view_func=view)

    answer = client.get("/x", headers={"X-Token": token})
    assert (answer.text, answer.headers["Vary"]) == ("header", "X-Token")
    assert client.get("/x", query_string={"token": token}).text == "from_query"
    assert client.get("/x").status_code == 401
    assert client.get("/x", headers={"X-Token": "a b"}).status_code == 400
    assert client.get("/x", headers={"Authorization": token}).status_code == 401


def test_a_location_without_a_name_still_has_one(
    app: Flask, jwt: AnyJWT, raw: Raw
) -> None:
    """Logs and claims say something."""

    class Finder:
        def __call__(self, request: Request) -> str | None:
            return request.headers.get("X")

    view = jwt.required(locations=[Finder()])(lambda: jwt.claims.location or "")
    app.add_url_rule("/x", view_func=view)

    assert app.test_client().get("/x", headers={"X": raw()}).text == "callable"


def test_header_locations_are_values() -> None:
    """Equal ones share what was found."""
    first, second = header("X-Token"), header("X-Token", scheme="bearer")

    assert first == second
    assert hash(first) == hash(second)
    assert first != header("X-Token", scheme=None)
    assert repr(first) == "header('X-Token', scheme='bearer')"
    find: t.Any = first
    assert find(Request({"HTTP_X_TOKEN": "Bearer abc"})) == "abc"
    assert find(Request({})) is None
    for name, scheme in (("X Token", None), ("", None), ("X", "a b")):
        with pytest.raises(ValueError, match="no name of a header or scheme"):
            header(name, scheme=scheme)


def test_module_level_names_find_the_jwt_of_the_app(
    app: Flask, jwt: AnyJWT, ask: Ask
) -> None:
    """At call time, so that views can stand before the application."""

    @jwt_required
    def bare() -> str:
        return get_claims().sub

    @jwt_required(scope="a")
    def scoped() -> str:
        return get_claims().sub

    app.add_url_rule("/bare", view_func=bare)
    app.add_url_rule("/scoped", view_func=scoped)

    with app.app_context():
        token = create_access_token("8", scope="a")

    assert ask(token, "/bare").text == "8"
    assert ask(token, "/scoped").text == "8"


def test_module_level_names_without_a_jwt() -> None:
    """The message says what to do."""
    app = Flask("bare")

    with (
        app.app_context(),
        pytest.raises(SetupError, match="no JWT on app 'bare': call JWT"),
    ):
        create_access_token("7")


def test_error_handler(app: Flask, jwt: AnyJWT, ask: Ask, raw: Raw, token: str) -> None:
    """It writes the answer; challenge, status and no-store cannot get lost."""

    @jwt.error_handler
    def answer(error: t.Any) -> t.Any:
        if error.reason == "missing":
            return {"message": error.error}

        return {"message": error.reason}, 418, {"WWW-Authenticate": "Mine"}

    missing = app.test_client().get("/me")
    assert missing.status_code == 401
    assert missing.json == {"message": "missing_token"}
    assert _challenge(missing) == 'Bearer realm="api"'
    assert missing.headers["Cache-Control"] == "no-store"
    assert missing.mimetype == "application/json"

    expired = ask(raw(exp=1))
    assert (expired.status_code, expired.json) == (418, {"message": "expired"})
    assert _challenge(expired) == "Mine"
    assert ask(token).status_code == 200


def test_an_error_handler_before_the_app(app: Flask) -> None:
    """It reaches applications that come later, and only its own component."""
    first: AnyJWT = JWT()
    first.error_handler(lambda _: ("first", 401))
    first.init_app(app)
    second: AnyJWT = JWT(app, name="partner")
    app.add_url_rule("/first", "first", first.required(lambda: ""))
    app.add_url_rule("/second", "second", second.required(lambda: ""))
    client = app.test_client()

    assert client.get("/first").text == "first"
    assert client.get("/second").mimetype == "application/problem+json"
    second.error_handler(lambda _: ("second", 401))
    assert client.get("/second").text == "second"


def test_an_async_error_handler(app: Flask, jwt: AnyJWT) -> None:
    """It is waited for."""

    @jwt.error_handler
    async def answer(_error: object) -> t.Any:
        return "async", 401

    assert app.test_client().get("/me").text == "async"


def test_an_error_that_no_component_raised(app: Flask, jwt: AnyJWT) -> None:
    """One that the application raises itself is answered too."""
    jwt.error_handler(lambda _: ("handled", 400))

    @app.get("/raise")
    def fail() -> str:
        raise InvalidRequestError("own").at(component="gone", realm="x", location=None)

    answer = app.test_client().get("/raise")
    assert answer.mimetype == "application/problem+json"
    assert answer.status_code == 400


def test_the_vary_of_the_view_is_kept(
    app: Flask, jwt: AnyJWT, ask: Ask, token: str
) -> None:
    """Ours is added to it, once."""

    @app.get("/vary")
    @jwt.required
    @jwt.required
    def vary() -> t.Any:
        return "ok", {"Vary": "Accept"}

    assert ask(token, "/vary").headers["Vary"] == "Accept, Authorization"


@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=60)
    | st.text("Bearer .,=abc019-_~+/ ", max_size=40).map("Bearer {}".format)
)
def test_no_header_makes_a_server_error(client: FlaskClient, value: str) -> None:
    """Whatever stands there, the answer is 400 or 401."""
    environ = {"HTTP_AUTHORIZATION": value}
    answer = client.get("/me", environ_overrides=environ)

    assert answer.status_code in {400, 401}
    assert _challenge(answer).startswith('Bearer realm="api"')


def test_who_lacks_a_scope_is_known(
    app: Flask, jwt: AnyJWT, token: str, client: FlaskClient
) -> None:
    """Handlers and logs may name the caller of a refused request."""
    seen: list[str | None] = []

    @app.get("/all")
    @jwt.required(scope="everything", locations=[header("X-Token")])
    def view() -> str:
        raise NotImplementedError

    @jwt.error_handler
    def answer(error: t.Any) -> tuple[str, int]:
        caller = current_identity()
        seen.append(None if caller is None else caller.id)
        return "no", error.code

    refused = client.get("/all", headers={"X-Token": f"Bearer {token}"})

    assert (refused.status_code, seen) == (403, ["7"])


@pytest.mark.parametrize("where", ["missing", "broken"])
def test_a_place_is_asked_once_a_request(app: Flask, jwt: AnyJWT, where: str) -> None:
    """What was found is remembered: nothing, and a bad token, as well."""
    asked: list[str] = []

    def place(request: Request) -> str | None:
        asked.append(request.path)
        return None if where == "missing" else "broken"

    with app.test_request_context("/once"):
        for _ in range(2):
            with pytest.raises((TokenMissingError, TokenInvalidError)):
                jwt.authenticate(locations=[place])

    assert asked == ["/once"]
