"""What every extension keeps: two apps, one instance, nothing left behind."""

import gc
import typing as t
import weakref

import pytest
from flask import Flask

from flask_toolkit import Converters
from flask_toolkit import CookieSession
from flask_toolkit import JWT
from flask_toolkit import Lifecycle
from flask_toolkit import LoginGuard
from flask_toolkit import MiddlewareStack
from flask_toolkit import Problems
from flask_toolkit import ServerSession
from flask_toolkit import Signals
from flask_toolkit._extension import Extension
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import SetupError

EXTENSIONS: list[type[Extension[t.Any]]] = [
    Converters,
    CookieSession,
    JWT,
    Lifecycle,
    LoginGuard,
    MiddlewareStack,
    Problems,
    ServerSession,
    Signals,
]
SECRET = "canary-0123456789-abcdefghijklmnopqrst"

each_extension = pytest.mark.parametrize(
    "extension", EXTENSIONS, ids=lambda extension: extension.__name__
)


def _app(name: str = "shop") -> Flask:
    app = Flask(name)
    app.secret_key = SECRET
    app.add_url_rule("/", view_func=lambda: "ok", endpoint="index")
    return app


@each_extension
def test_one_instance_serves_two_apps(extension: type[Extension[t.Any]]) -> None:
    """Each app has its own state, and both answer."""
    first, second = _app("first"), _app("second")
    part = extension()
    part.init_app(first)
    part.init_app(second)

    assert part.state_of(first) is not part.state_of(second)
    for app in (first, second):
        assert app.test_client().get("/").status_code in {200, 401}


@each_extension
def test_a_second_init_app_is_refused(extension: type[Extension[t.Any]]) -> None:
    """The same name twice on one app stops the start."""
    app = _app()
    extension(app)

    with pytest.raises(SetupError, match="is already registered on 'shop'"):
        extension(app)


@each_extension
def test_after_the_first_request_it_is_too_late(
    extension: type[Extension[t.Any]],
) -> None:
    """Said before anything is read or registered, so the name stays free."""
    app = _app()
    app.test_client().get("/")
    before = {**app.extensions}
    problem = (
        rf"'shop' already served a request: call {extension.__name__}\.init_app\(app\)"
        r" where the application is built"
    )

    for _ in range(2):
        with pytest.raises(SetupError, match=problem):
            extension(app)

    assert app.extensions == before
    assert not any(app.error_handler_spec.values())
    assert not any(app.before_request_funcs.values())


@each_extension
def test_another_app_has_no_settings(extension: type[Extension[t.Any]]) -> None:
    """Asking for an app that was never attached says what to call."""
    part = extension(_app())

    with pytest.raises(SetupError, match="init_app"):
        part.settings_of(_app("other"))


@each_extension
def test_an_unknown_setting_stops_the_start(extension: type[Extension[t.Any]]) -> None:
    """A typo in the deployment is found before the first request."""
    app = _app()
    part = extension()
    app.config[f"TOOLKIT_{part.name.upper()}_NO_SUCH_THING"] = 1

    with pytest.raises(ConfigError, match="NO_SUCH_THING: no such setting"):
        part.init_app(app)


@each_extension
def test_no_secret_in_repr(extension: type[Extension[t.Any]]) -> None:
    """Neither the part nor its state shows the key of the application."""
    app = _app()
    app.config["TOOLKIT_JWT_KEY"] = SECRET
    part = extension(app)
    app.test_client().get("/")

    assert SECRET not in f"{part!r} {part.settings_of(app)!r} {part.state_of(app)!r}"
    assert SECRET not in repr(app.extensions)


@each_extension
def test_a_freed_app_leaves_nothing(extension: type[Extension[t.Any]]) -> None:
    """A hundred factories leave no application behind."""
    part = extension()
    apps: list[weakref.ref[Flask]] = []

    for number in range(100):
        app = _app(f"app{number}")
        part.init_app(app)
        apps.append(weakref.ref(app))

    app.test_client().get("/")
    del app
    gc.collect()
    assert [ref for ref in apps if ref() is not None] == []


def test_every_extension_stands_in_the_list() -> None:
    """A new extension adds one row here."""
    ours = {
        cls
        for cls in _below(Extension)
        if cls.__module__.startswith("flask_toolkit.") and "_component" in vars(cls)
    }

    assert ours == set(EXTENSIONS)


def _below(cls: type[t.Any]) -> set[type[t.Any]]:
    direct = set(cls.__subclasses__())
    return direct.union(*map(_below, direct)) if direct else direct
