"""What the guard is told may be async in every form that Python has for it."""

import functools
import typing as t

import pytest
from flask import Flask

from flask_toolkit.guard import APIKeyAuthenticator
from flask_toolkit.guard import BasicAuthenticator
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import rule

BASIC = {"Authorization": "Basic YW5uOm1hZGUgdXA="}
KEY = {"X-API-Key": "k1.made-up"}


class Nobody:
    """A callable object that is async, and finds nobody."""

    async def __call__(self, *_: str) -> None:
        """Return nobody."""


FORMS = [
    pytest.param(Nobody(), id="object"),
    pytest.param(functools.partial(Nobody()), id="partial-of-object"),
    pytest.param(functools.partial(Nobody().__call__), id="partial"),
]


def _app(guard: LoginGuard[t.Any]) -> Flask:
    app = Flask(__name__)
    app.secret_key = "only-for-tests-0123456789-abcdef"
    guard.init_app(app)

    @app.get("/in")
    @public(reason="it signs in")
    def sign_in() -> str:
        guard.login("ann")
        return "in"

    app.add_url_rule("/", "page", lambda: "private")
    return app


@pytest.mark.parametrize("load", FORMS)
def test_a_user_who_is_gone_is_gone_for_an_async_loader(load: t.Any) -> None:
    """A coroutine that nobody awaits would be a user."""
    guard = LoginGuard[t.Any]()
    guard.id_of(str)
    guard.user_loader(load)
    client = _app(guard).test_client()
    client.get("/in")

    assert client.get("/").status_code == 401


@pytest.mark.parametrize("find", FORMS)
@pytest.mark.parametrize(
    ("kind", "headers"),
    [
        pytest.param(BasicAuthenticator, BASIC, id="basic"),
        pytest.param(APIKeyAuthenticator, KEY, id="key"),
    ],
)
def test_a_credential_that_nobody_has_opens_nothing(
    kind: t.Any, headers: dict[str, str], find: t.Any
) -> None:
    """What finds callers is awaited before its answer is believed."""
    client = _app(LoginGuard(authenticators=[kind(find)])).test_client()

    assert client.get("/", headers=headers).status_code == 401


@pytest.mark.parametrize("fn", FORMS)
def test_a_rule_is_no_async_object(fn: t.Any) -> None:
    """It runs while rules are evaluated, and is told so where it is written."""
    with pytest.raises(TypeError, match="plain function"):
        rule(fn, name="nobody")
