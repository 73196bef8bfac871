"""Where a token stands in a request, and what else may stand there."""

import gc
import string
import typing as t
from collections.abc import Callable

import pytest
from flask import Flask
from flask import Request
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from flask_toolkit.jwt import header
from flask_toolkit.jwt import InvalidRequestError
from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import token_rejected
from flask_toolkit.jwt import TokenInvalidError
from flask_toolkit.jwt import TokenMissingError
from flask_toolkit.jwt._locations import credential

AnyJWT = JWT[t.Any]
Ask = Callable[..., TestResponse]
B64TOKEN = set(string.ascii_letters + string.digits + "-._~+/")


def _by_the_book(value: str, scheme: str | None) -> str | None:
    """Read a header word for word as RFC 6750 section 2.1 and 9110 11.4 say."""
    token = value

    if scheme is not None:
        word, _, rest = value.partition(" ")

        if word.lower() != scheme:
            return None

        token = rest.lstrip(" ")

    text = token.rstrip("=")

    if not text or set(text) - B64TOKEN:
        raise InvalidRequestError("no-token")

    return token


@given(
    st.text("BbEeAaRr .,=abc", max_size=14)
    | st.text("Bearer .,=abc019-_~+/\t\xe9", max_size=20).map("Bearer {}".format)
    | st.text(st.characters(max_codepoint=255), max_size=20),
    st.sampled_from(["bearer", "b", None]),
)
def test_a_credential_is_read_by_the_book(value: str, scheme: str | None) -> None:
    """However it is written, ours is what the grammar says."""
    try:
        expected = _by_the_book(value, scheme)
    except InvalidRequestError:
        with pytest.raises(InvalidRequestError):
            credential(value, scheme)
    else:
        assert credential(value, scheme) == expected


@pytest.mark.parametrize(
    ("value", "scheme"),
    [
        pytest.param("Bearer abcde", "bearer", id="token"),
        pytest.param("Bearer ,,,,,", "bearer", id="not-even-a-token"),
        pytest.param("Bearer     a", "bearer", id="spaces"),
        pytest.param("abcde", None, id="alone"),
    ],
)
def test_the_size_is_checked_first(value: str, scheme: str | None) -> None:
    """What is too long is not looked at."""
    with pytest.raises(TokenInvalidError) as info:
        credential(value, scheme, 4)

    assert info.value.reason == "size"


def test_the_size_is_that_of_the_token() -> None:
    """The scheme does not count, and another scheme may be as long as it likes."""
    assert credential("Bearer abcd", "bearer", 4) == "abcd"
    assert credential("abcd", None, 4) == "abcd"
    assert credential("Basic abcdefgh", "bearer", 4) is None


@pytest.mark.parametrize("name", ["Authorization", "X-Token"])
def test_a_megabyte_is_refused_by_its_size(
    app: Flask, jwt: AnyJWT, client: FlaskClient, name: str
) -> None:
    """In whatever header; who logs out with it learns the same."""
    locations: t.Any = ["header", header("X-Token")]
    view = jwt.required(locations=locations)(lambda: "")
    app.add_url_rule("/x", view_func=view)
    reasons: list[str] = []

    def listen(_app: object, reason: str, **_more: object) -> None:
        reasons.append(reason)

    with token_rejected.connected_to(listen):
        answer = client.get("/x", headers={name: f"Bearer {'a,' * 500_000}"})

    assert answer.status_code == 401
    assert reasons == ["size"]


def test_a_long_token_cannot_log_out(app: Flask, jwt: AnyJWT) -> None:
    """The refusal knows who refused."""
    app.config["TOOLKIT_JWT_REALM"] = "shop"
    second: AnyJWT = JWT(name="second")
    second.init_app(app)
    headers = {"Authorization": f"Bearer {'a' * 9000}"}

    with (
        app.test_request_context(headers=headers),
        pytest.raises(TokenInvalidError) as info,
    ):
        second.revoke()

    assert (info.value.reason, info.value.component) == ("size", "second")


def test_places_are_prepared_once_and_go_with_their_view(
    app: Flask, jwt: AnyJWT
) -> None:
    """A view that is asked again makes nothing new; one that is gone leaves none."""
    state = jwt.state_of(app)

    def nowhere(_request: Request) -> str | None:
        return None

    view = jwt.required(locations=[nowhere])(lambda: "")

    with app.test_request_context():
        for _ in range(2):
            with pytest.raises(TokenMissingError):
                view()

        (first,) = state.derived.places.values()

        with pytest.raises(TokenMissingError):
            view()

        assert [first] == list(state.derived.places.values())

    del view
    gc.collect()
    assert len(state.derived.places) == 0

    # Places that are named in the middle of a view, anew for each request.
    with app.test_request_context(), pytest.raises(TokenMissingError):
        jwt.authenticate(locations=[lambda _request: None])

    gc.collect()
    assert len(state.derived.places) == 0


@pytest.mark.parametrize(
    ("said", "told"),
    [
        pytest.param("Accept", "Accept, Authorization", id="another"),
        pytest.param("authorization", "authorization", id="the-same"),
        pytest.param("Accept,AUTHORIZATION", "Accept,AUTHORIZATION", id="among-others"),
        pytest.param("X-Authorization", "X-Authorization, Authorization", id="part"),
    ],
)
def test_what_answers_vary_by_is_said_once(
    app: Flask, jwt: AnyJWT, client: FlaskClient, said: str, told: str
) -> None:
    """Names are compared whole, in any case (RFC 9110 section 12.5.5)."""

    @app.get("/vary")
    @jwt.required(optional=True)
    def vary() -> t.Any:
        return "ok", {"Vary": said}

    assert client.get("/vary").headers["Vary"] == told


def test_our_own_headers_are_known_from_the_start(app: Flask, jwt: AnyJWT) -> None:
    """A forged token with one of them is refused without reading it."""
    with app.app_context():
        token = jwt.create_access_token("7")
        pair = jwt.issue("7")
        known = jwt.state_of(app).rules(app).known

    heads = {each.partition(".")[0].encode() for each in (token, pair.refresh_token)}
    assert set(known) == heads
