"""A body is bounded before it is read: anybody can send one to a refresh."""

import io
import typing as t

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_toolkit.jwt import JWT

MEGABYTES = b'{"x": [' + b"{}," * 700_000 + b"{}]}"


@pytest.mark.parametrize("path", ["/refresh", "/logout"])
@pytest.mark.parametrize("how", ["length", "chunked"])
def test_a_long_body_is_refused_unread(
    app: Flask, jwt: JWT[t.Any], client: FlaskClient, path: str, how: str
) -> None:
    """A length that is told is judged, one that is not ends the reading."""
    app.post("/refresh", endpoint="refresh")(lambda: jwt.rotate().to_dict())
    app.post("/logout", endpoint="logout")(lambda: t.cast("t.Any", jwt.revoke()))
    stream = io.BytesIO(MEGABYTES)
    sent: dict[str, t.Any] = {"data": MEGABYTES}

    if how == "chunked":
        sent = {
            "input_stream": stream,
            "headers": {"Transfer-Encoding": "chunked"},
            "environ_overrides": {"wsgi.input_terminated": True},
        }

    answer = client.post(path, content_type="application/json", **sent)
    # Cut off it is no JSON.
    assert answer.status_code == (401 if how == "length" else 400)
    assert answer.headers["Cache-Control"] == "no-store"
    assert stream.tell() < 200_000


def test_a_smaller_limit_of_the_application_stays(
    app: Flask, jwt: JWT[t.Any], client: FlaskClient
) -> None:
    """It is not raised to ours."""
    app.config["MAX_CONTENT_LENGTH"] = 100
    app.post("/refresh", endpoint="refresh")(lambda: jwt.rotate().to_dict())
    answer = client.post("/refresh", json={"refresh_token": "a" * 200})

    assert answer.status_code == 401
