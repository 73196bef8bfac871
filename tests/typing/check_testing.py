"""What type checkers must see of ``flask_toolkit.testing``; never run."""

import typing as t
from datetime import datetime
from datetime import UTC

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_toolkit.guard import LoginGuard
from flask_toolkit.jwt import JWT
from flask_toolkit.middleware import Timing
from flask_toolkit.testing import acting_as
from flask_toolkit.testing import assert_anonymous_denied
from flask_toolkit.testing import assert_guard_lock
from flask_toolkit.testing import bearer
from flask_toolkit.testing import check_middleware

app = Flask("typing")
jwt = JWT[str](app, clock=lambda: 1.0)
t.assert_type(bearer(jwt), dict[str, str])
t.assert_type(
    bearer(
        jwt,
        "7",
        app=app,
        scope=["orders:read"],
        lifetime=60,
        auth_time=datetime.now(UTC),
        claims={"role": "editor"},
    ),
    dict[str, str],
)
app.test_client().get("/", headers=bearer(jwt, app=app))
bearer(jwt, 7)  # type: ignore[arg-type]
bearer(jwt, "7", app)  # type: ignore[call-arg]  # keyword-only
bearer(jwt, scopes="a")  # type: ignore[call-arg]
bearer(app)  # type: ignore[arg-type]

guard = LoginGuard[bytes](app)
client = app.test_client()
t.assert_type(acting_as(client, guard, b"ada", remember=True, age=60), FlaskClient)
acting_as(client, guard, "ada")  # type: ignore[misc]
assert_guard_lock(app, "guard.lock")
assert_anonymous_denied(app, allow={"about"})
assert_guard_lock(app, 1)  # type: ignore[arg-type]
assert_anonymous_denied(app, ["about"])  # type: ignore[call-arg]  # keyword-only
check_middleware(ProxyFix)
check_middleware(Timing(), rewrites=True)
check_middleware(Timing)  # type: ignore[arg-type]  # a class with hooks is no factory
check_middleware(ProxyFix, True)  # type: ignore[call-arg]  # keyword-only
