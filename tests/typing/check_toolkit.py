"""Types of the facade and its exports; checked, never run."""

from typing import Any
from typing import assert_type

from flask import Flask

from flask_toolkit import ConfigLoader
from flask_toolkit import Converters
from flask_toolkit import JWT
from flask_toolkit import Lifecycle
from flask_toolkit import LoginGuard
from flask_toolkit import MiddlewareStack
from flask_toolkit import Problems
from flask_toolkit import Signals
from flask_toolkit import Toolkit
from flask_toolkit.config import Values
from flask_toolkit.errors import MissingExtraError
from flask_toolkit.errors import StoreUnavailableError


class User:
    id: str


def check(app: Flask) -> None:
    toolkit = Toolkit(app)
    assert_type(toolkit.signals, Signals)
    assert_type(toolkit.converters, Converters)
    assert_type(toolkit.middleware, MiddlewareStack)
    assert_type(toolkit.problems, Problems)
    assert_type(toolkit.lifecycle, Lifecycle)
    assert_type(toolkit.jwt, JWT[Any])
    assert_type(toolkit.guard, LoginGuard[Any])
    assert_type(toolkit.config, ConfigLoader[Any])

    # A part of your own keeps its type under its own name.
    jwt = JWT[User]()
    guard = LoginGuard[User](login_view="sign_in")
    Toolkit(config=ConfigLoader(Values(DEBUG=True)), jwt=jwt, guard=guard)
    assert_type(jwt.user, User)
    assert_type(guard.user_or_none, User | None)
    toolkit.init_app(app, {"DEBUG": True})

    Toolkit(app, signals=1)  # type: ignore[arg-type]  # True, False or Signals
    toolkit.sessoins  # type: ignore[attr-defined]  # noqa: B018  # no such part

    assert_type(MissingExtraError("crypto").extra, str)
    assert_type(StoreUnavailableError().headers, list[tuple[str, str]])
