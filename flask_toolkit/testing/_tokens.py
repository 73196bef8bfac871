"""Callers for tests, by token."""

from __future__ import annotations

import typing as t

from flask import current_app
from flask import has_app_context

if t.TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Mapping
    from datetime import datetime

    from flask import Flask

    from flask_toolkit.jwt import JWT
    from flask_toolkit.typing import Duration


def bearer(
    jwt: JWT[t.Any],
    sub: str = "test",
    *,
    app: Flask | None = None,
    scope: str | Collection[str] = (),
    lifetime: Duration | None = None,
    auth_time: datetime | None = None,
    claims: Mapping[str, t.Any] | None = None,
) -> dict[str, str]:
    """Return the header of a caller with a new access token.

    ::

        client.get("/orders", headers=bearer(jwt, "7", app=app, scope="orders:read"))

    It is a real token, so that nothing has to be switched off. The other options
    are those of :meth:`JWT.create_access_token`.

    :param app: The application under test. None: that of the current context.
    :raises RuntimeError: If there is neither.
    :raises SetupError: If ``jwt`` is not attached to the application.
    :raises TypeError: As :meth:`JWT.create_access_token`.
    :raises ValueError: As :meth:`JWT.create_access_token`.
    """
    if app is None and not has_app_context():
        raise RuntimeError(
            "bearer() does not know which application is under test: pass app=, or"
            " call it within app.app_context()."
        )

    with (app or current_app).app_context():
        token = jwt.create_access_token(
            sub, scope=scope, lifetime=lifetime, auth_time=auth_time, claims=claims
        )

    return {"Authorization": f"Bearer {token}"}
