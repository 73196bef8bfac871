from __future__ import annotations

import re
import typing as t

import pytest

if t.TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from shop.users import User

PROBLEM = "application/problem+json"


def bearer(token: str) -> dict[str, str]:
    """Return the header of a program with a token."""
    return {"Authorization": f"Bearer {token}"}


def test_me_tells_whose_token_it_is(
    client: FlaskClient, tokens: dict[str, str]
) -> None:
    """Name, roles and scope of the caller."""
    answer = client.get("/api/me", headers=bearer(tokens["access_token"]))

    assert answer.get_json() == {
        "username": "ada",
        "name": "Ada Marlow",
        "roles": ["customer", "editor"],
        "scope": ["orders:read"],
    }


@pytest.mark.parametrize(
    "path", [pytest.param("/api/me", id="me"), pytest.param("/api/orders", id="orders")]
)
def test_without_a_token(client: FlaskClient, path: str) -> None:
    """401 with a challenge, as JSON even for a browser."""
    answer = client.get(path, headers={"Accept": "text/html"})

    assert answer.status_code == 401
    assert answer.content_type == PROBLEM
    assert "Bearer realm=" in answer.headers["WWW-Authenticate"]


def test_a_session_does_not_open_the_api(editor: FlaskClient) -> None:
    """The cookie of the pages is no token."""
    assert editor.get("/api/me").status_code == 401


def test_orders_need_their_scope(
    client: FlaskClient, password: str, tokens: dict[str, str]
) -> None:
    """A token that was asked for without the scope is told what it lacks."""
    form = {"username": "ada", "password": password, "scope": "other"}
    small = client.post("/api/token", data=form).get_json()["access_token"]
    refused = client.get("/api/orders", headers=bearer(small))

    assert refused.status_code == 403
    assert refused.content_type == PROBLEM
    assert 'scope="orders:read"' in refused.headers["WWW-Authenticate"]
    whole = client.get("/api/orders", headers=bearer(tokens["access_token"]))
    assert whole.get_json() == {"orders": []}


def test_orders_are_the_callers_own(
    client: FlaskClient, customer: FlaskClient, editor: FlaskClient, password: str
) -> None:
    """Nobody reads what others ordered."""
    editor.post("/shop/BRK-0042/order", data={"quantity": "1"})
    customer.post("/shop/BEL-0001/order", data={"quantity": "3"})
    form = {"username": "sam", "password": password}
    token = client.post("/api/token", data=form).get_json()["access_token"]
    found = client.get("/api/orders", headers=bearer(token)).get_json()["orders"]

    assert [(order["sku"], order["quantity"]) for order in found] == [("BEL-0001", 3)]


def test_wrong_credentials(client: FlaskClient) -> None:
    """400 invalid_grant, kept by no cache (RFC 6749 section 5.2)."""
    form = {"username": "ada", "password": "wrong"}
    answer = client.post("/api/token", data=form)

    assert answer.status_code == 400
    assert answer.content_type == PROBLEM
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.get_json()["error"] == "invalid_grant"
    assert answer.get_json()["type"] == "https://shop.example/problems/invalid-grant"


@pytest.mark.parametrize(
    ("request_", "missing"),
    [
        pytest.param({}, "username", id="nothing"),
        pytest.param({"data": {"username": "ada"}}, "password", id="no password"),
        pytest.param({"data": {"password": "x"}}, "username", id="no name"),
        pytest.param(
            {"data": {"username": "ada", "password": ""}}, "password", id="empty"
        ),
        pytest.param(
            {"data": {"username": ["ada", "sam"], "password": "x"}},
            "username",
            id="twice",
        ),
        pytest.param(
            {"json": {"username": "ada", "password": "x"}}, "username", id="json"
        ),
    ],
)
def test_a_token_request_without_a_field(
    client: FlaskClient, request_: dict[str, t.Any], missing: str
) -> None:
    """400 invalid_request that names the field (RFC 6749 section 5.2)."""
    answer = client.post("/api/token", **request_)
    document = answer.get_json()

    assert answer.status_code == 400
    assert answer.content_type == PROBLEM
    assert answer.headers["Cache-Control"] == "no-store"
    assert document["error"] == "invalid_request"
    assert document["type"] == "https://shop.example/problems/invalid-request"
    assert f"'{missing}'" in document["detail"]
    assert "form field" in document["detail"]


@pytest.mark.parametrize(
    ("scope", "detail"),
    [
        pytest.param("orders:read", "scope orders:read", id="scope"),
        pytest.param("-", "no scope", id="none"),
    ],
)
def test_a_token_login_is_in_the_audit_log(
    client: FlaskClient, editor: FlaskClient, password: str, scope: str, detail: str
) -> None:
    """With the program's user and what it may do; a refusal adds no such line."""
    form = {"username": "sam", "password": password, "scope": scope}
    assert client.post("/api/token", data=form).status_code == 200
    client.post("/api/token", data=form | {"password": "wrong"})
    row = r"tokens-granted</span></td>\s*<td[^>]*>sam</td>\s*<td[^>]*>" + detail

    assert len(re.findall(row, editor.get("/admin/audit").text)) == 1


def test_refresh_gives_the_next_pair(
    client: FlaskClient, tokens: dict[str, str]
) -> None:
    """Both tokens are new, and the access token works."""
    form = {"refresh_token": tokens["refresh_token"]}
    new = client.post("/api/refresh", data=form).get_json()

    assert new["refresh_token"] != tokens["refresh_token"]
    me = client.get("/api/me", headers=bearer(new["access_token"]))
    assert me.status_code == 200


def test_a_refresh_token_is_no_access_token(
    client: FlaskClient, tokens: dict[str, str]
) -> None:
    """The kinds are disjoint."""
    me = client.get("/api/me", headers=bearer(tokens["refresh_token"]))

    assert me.status_code == 401


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_logout_ends_both_tokens(
    client: FlaskClient, editor: FlaskClient, tokens: dict[str, str], kind: str
) -> None:
    """By either of them, also twice; the audit log says whose session it was."""
    proof: dict[str, t.Any] = {"data": {"refresh_token": tokens["refresh_token"]}}

    if kind == "access_token":
        proof = {"headers": bearer(tokens["access_token"])}

    assert client.post("/api/logout", **proof).status_code == 204
    assert client.post("/api/logout", **proof).status_code == 204
    me = client.get("/api/me", headers=bearer(tokens["access_token"]))
    assert me.status_code == 401
    form = {"refresh_token": tokens["refresh_token"]}
    assert client.post("/api/refresh", data=form).status_code == 401
    row = r"tokens-ended</span></td>\s*<td[^>]*>ada</td>\s*<td[^>]*>one session"
    assert re.search(row, editor.get("/admin/audit").text)


@pytest.mark.parametrize(
    ("proof", "status"),
    [
        pytest.param({}, 400, id="nothing"),
        pytest.param({"headers": bearer("a.b.c")}, 401, id="forged"),
    ],
)
def test_a_logout_needs_a_token(
    client: FlaskClient, proof: dict[str, t.Any], status: int
) -> None:
    """Anybody may ask; only who holds a token of the session can end it."""
    assert client.post("/api/logout", **proof).status_code == status


def test_the_account_page_logs_out_all_programs(
    app: Flask, client: FlaskClient, editor: FlaskClient, password: str
) -> None:
    """Of this user, and not the browser; others go on."""
    form = {"username": "ada", "password": password}
    tokens = [client.post("/api/token", data=form).get_json() for _ in range(2)]
    form["username"] = "sam"
    other = client.post("/api/token", data=form).get_json()
    assert "Log out all programs" in editor.get("/account").text
    answer = editor.post("/account/programs/end")

    assert (answer.status_code, answer.location) == (303, "/account")
    assert "Every program has to log in again." in editor.get("/account").text
    assert [
        client.get("/api/me", headers=bearer(pair["access_token"])).status_code
        for pair in [*tokens, other]
    ] == [401, 401, 200]
    assert "all sessions" in editor.get("/admin/audit").text


def test_reuse_of_a_gone_user_is_logged(app: Flask, editor: FlaskClient) -> None:
    """The receiver copes with a subject that the shop does not know."""
    from flask_toolkit.jwt import token_reused

    with app.test_request_context():
        token_reused.send(app, sid="0", sub="4711")

    assert "4711" in editor.get("/admin/audit").text


def test_an_unknown_address_below_api_is_json(client: FlaskClient) -> None:
    """The policy goes by path, not by what the caller accepts."""
    answer = client.get("/api/nothing", headers={"Accept": "text/html"})

    assert answer.status_code == 404
    assert answer.content_type == PROBLEM


def test_user_types(app: Flask) -> None:
    """A user's repr shows no password hash."""
    from shop import users

    with app.app_context():
        user: User | None = users.load("1")

    assert user is not None
    assert "scrypt" not in repr(user)


@pytest.mark.parametrize("path", ["/account", "/admin/audit", "/shop/BRK-0042/edit"])
def test_a_token_opens_no_page(
    client: FlaskClient, tokens: dict[str, str], path: str
) -> None:
    """Programs stay below /api: a token is no way to the pages."""
    answer = client.get(path, headers=bearer(tokens["access_token"]))

    assert answer.status_code == 401
