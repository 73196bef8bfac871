"""Receivers that raise change no answer and cost nobody a session."""

import typing as t

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import token_issued
from flask_toolkit.jwt import token_rejected


def _fail(sender: object, **fields: object) -> t.NoReturn:
    raise OSError("the audit log is full")


def test_a_receiver_that_raises_uses_no_token_up(
    app: Flask, jwt: JWT[t.Any], clock: t.Any
) -> None:
    """The successor is handed out, as nobody can ask for it later."""
    with app.app_context(), token_issued.connected_to(_fail, app):
        pair = jwt.rotate(jwt.issue("7").refresh_token)
        clock.now += 60
        assert jwt.rotate(pair.refresh_token).access_token


@pytest.mark.parametrize("token", ["a.b.c", "x" * 9000])
def test_a_refusal_stays_one(app: Flask, client: FlaskClient, token: str) -> None:
    """And is no 500, which anybody could cause then."""
    with token_rejected.connected_to(_fail, app):
        answer = client.get("/me", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 401
