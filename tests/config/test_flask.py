"""Faults of Flask's own loaders, and that ours does not have them (design 6)."""

import copy
import typing as t
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask import render_template_string
from flask import session
from flask.config import Config

from flask_toolkit.config import ConfigLoader
from flask_toolkit.config import ConfigProblem
from flask_toolkit.config import Env
from flask_toolkit.config import File
from flask_toolkit.config import FileFromEnv
from flask_toolkit.config import Object
from flask_toolkit.config import RedactedConfig
from flask_toolkit.config import Values
from flask_toolkit.config._flask_keys import FLASK_TYPES

Problems = Callable[[ConfigLoader[t.Any]], list[ConfigProblem]]
Write = Callable[[str, str | bytes], Path]
KEY = "k" * 32


def _login(app: Flask) -> Flask:
    @app.get("/login")
    def login() -> str:
        session["user"] = "ada"
        return "in"

    return app


def test_every_key_of_flask_has_a_type() -> None:
    """The table covers what the installed Flask knows."""
    assert set(FLASK_TYPES) == set(Flask.default_config)


def test_debug_false_in_the_environment_is_off(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fact 1: Flask reads the text ``False`` as true; we do not."""
    monkeypatch.setenv("FLASK_DEBUG", "False")
    theirs = Flask("theirs")
    assert theirs.debug is False
    theirs.config.from_prefixed_env()
    assert theirs.config["DEBUG"] == "False"  # which is true

    ConfigLoader(Env("FLASK_")).init_app(app)

    assert app.debug is False


def test_a_key_of_digits_stays_text(app: Flask) -> None:
    """Fact 2: a number as SECRET_KEY fails only when a session is written."""
    environ = {"SHOP_SECRET_KEY": "123456789012"}
    ConfigLoader(Env("SHOP_", environ=environ)).init_app(_login(app))

    assert app.config["SECRET_KEY"] == "123456789012"
    assert app.test_client().get("/login").status_code == 200


def test_a_cookie_that_is_not_secure_is_sent_as_such(app: Flask) -> None:
    """Fact 3: the text ``False`` would still send the attribute."""
    environ = {"SHOP_SESSION_COOKIE_SECURE": "False", "SHOP_SECRET_KEY": KEY}
    ConfigLoader(Env("SHOP_", environ=environ)).init_app(_login(app))

    cookie = app.test_client().get("/login").headers["Set-Cookie"]

    assert "Secure" not in cookie


def test_fallback_keys_are_a_list(app: Flask) -> None:
    """Fact 4: Flask takes a text apart, and each letter becomes a key (#6089)."""
    environ = {"SHOP_SECRET_KEY_FALLBACKS": "old-secret", "SHOP_SECRET_KEY": KEY}

    @app.get("/who")
    def who() -> str:
        return str(session.get("user"))

    ConfigLoader(Env("SHOP_", environ=environ)).init_app(app)
    forger = _login(Flask("forger"))
    forger.secret_key = "o"
    forged = forger.test_client().get("/login").headers["Set-Cookie"]

    assert app.config["SECRET_KEY_FALLBACKS"] == ["old-secret"]
    answer = app.test_client(use_cookies=False).get("/who", headers={"Cookie": forged})
    assert answer.text == "None"


def test_inputs_are_never_changed(app: Flask) -> None:
    """Fact 5: Flask's nested variables change the mapping loaded before."""
    shared: dict[str, t.Any] = {"DB": {"port": 1, "hosts": ["a"]}, "LIST": [[1]]}
    before = copy.deepcopy(shared)
    environ = {"SHOP_DB__PORT": "2"}
    loader = ConfigLoader(Values(shared), Env("SHOP_", environ=environ))
    other = Flask("other")

    loader.init_app(app)
    loader.init_app(other)
    app.config["LIST"][0].append(2)
    app.config["DB"]["hosts"].append("b")

    assert shared == before
    assert other.config["DB"] == {"port": 2, "hosts": ["a"]}
    assert other.config["LIST"] == [[1]]


def test_a_value_with_parts_is_a_problem(problems: Problems) -> None:
    """Fact 6: Flask answers with a bare TypeError (#6119)."""
    environ = {"SHOP_FOO": "1", "SHOP_FOO__BAR": "2"}

    (found,) = problems(ConfigLoader(Env("SHOP_", environ=environ)))

    assert str(found) == (
        "FOO: one value is there; a table cannot replace it\n"
        "  in env SHOP_FOO__BAR\n"
        "  hint: set before in env SHOP_FOO"
    )


def test_an_empty_part_of_a_name_is_ignored(app: Flask) -> None:
    """Fact 6: ``SHOP___A`` makes no key that is called nothing."""
    before = set(app.config)

    ConfigLoader(Env("SHOP_", environ={"SHOP___A": "1", "SHOP_": "1"})).init_app(app)

    assert set(app.config) == before


def test_lower_case_tables_of_a_file_are_kept(app: Flask, write: Write) -> None:
    """Fact 7: ``from_file`` drops them and replaces what is nested."""
    write("a.toml", "[db]\nhost = 'a'\nport = 1")
    write("b.toml", "[DB]\nport = 2")

    ConfigLoader(File("a.toml"), File("b.toml")).init_app(app)

    assert app.config["DB"] == {"host": "a", "port": 2}


class WithProperty:
    """A class whose URI is computed."""

    HOST = "db"

    @property
    def URI(self) -> str:  # noqa: N802  # a key
        """Return the address."""
        return f"pg://{self.HOST}"


def test_a_property_of_a_class_is_computed(app: Flask) -> None:
    """Fact 7: ``from_object`` of a class leaks the property object."""
    theirs = Flask("theirs")
    theirs.config.from_object(WithProperty)
    assert isinstance(theirs.config["URI"], property)

    ConfigLoader(Object(WithProperty)).init_app(app)

    assert app.config["URI"] == "pg://db"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        pytest.param("", "required; set it to the path of a file", id="unset"),
        pytest.param("no.toml", "does not exist", id="wrong"),
    ],
)
def test_unset_and_wrong_path_differ(
    problems: Problems, monkeypatch: pytest.MonkeyPatch, path: str, message: str
) -> None:
    """Fact 8: ``from_envvar(silent=True)`` hides both alike."""
    monkeypatch.setenv("SHOP_SETTINGS", path)

    (found,) = problems(ConfigLoader(FileFromEnv("SHOP_SETTINGS")))

    assert found.message == message


def test_a_file_named_by_a_variable_is_read(
    app: Flask, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path starts at the application; unset may be forgiven."""
    write("a.toml", "[tool.shop]\nPAGE_SIZE = 7")
    monkeypatch.setenv("SHOP_SETTINGS", "a.toml")
    monkeypatch.delenv("SHOP_MORE", raising=False)

    ConfigLoader(
        FileFromEnv("SHOP_SETTINGS", table="tool.shop"),
        FileFromEnv("SHOP_MORE", optional=True),
    ).init_app(app)

    assert app.config["PAGE_SIZE"] == 7


class RedactedFlask(Flask):
    """An application whose configuration hides its secrets."""

    config_class = RedactedConfig


def test_the_repr_of_the_configuration_masks_secrets() -> None:
    """Fact 9: Flask's ``repr`` and ``{{ config }}`` print SECRET_KEY."""
    app = RedactedFlask("shop")
    app.config.update(SECRET_KEY="canary", DB={"password": "canary", "host": "db"})
    assert "canary" in Config.__repr__(app.config)  # the fault of Flask's own

    with app.test_request_context():
        page = render_template_string("{{ config }}")

    assert "canary" not in repr(app.config) + page
    assert "'host': 'db'" in repr(app.config)


def test_a_bad_samesite_stops_the_start(problems: Problems) -> None:
    """Fact 10: Flask fails with a 500 at the first session save."""
    (found,) = problems(ConfigLoader(Values(SESSION_COOKIE_SAMESITE="Laxx")))

    assert "expected one of 'Strict', 'Lax', 'None', got 'Laxx'" in found.message


def test_the_object_of_flask_stays(app: Flask) -> None:
    """Fact 11: ``app.config`` keeps its type and identity, and stays a dict."""
    config = app.config
    ConfigLoader(Values(A=1)).init_app(app)

    assert app.config is config
    assert type(app.config) is Config
    app.config.update(A=2)
    assert app.config.pop("A") == 2
    assert "keys" not in app.config


def test_templates_reload_is_set_before_the_engine_is_made(app: Flask) -> None:
    """Fact 20: the value is there before Jinja's environment."""
    environ = {"SHOP_TEMPLATES_AUTO_RELOAD": "yes"}

    ConfigLoader(Env("SHOP_", environ=environ)).init_app(app)

    assert app.jinja_env.auto_reload is True


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        pytest.param("TESTING", "off", False, id="bool"),
        pytest.param("PROPAGATE_EXCEPTIONS", "", None, id="maybe-bool"),
        pytest.param("MAX_CONTENT_LENGTH", "16_000", 16000, id="int"),
        pytest.param("PERMANENT_SESSION_LIFETIME", "7d", timedelta(7), id="duration"),
        pytest.param("SEND_FILE_MAX_AGE_DEFAULT", "", None, id="no-duration"),
        pytest.param("TRUSTED_HOSTS", "a.org,b.org", ["a.org", "b.org"], id="hosts"),
        pytest.param("SESSION_COOKIE_SAMESITE", "None", "None", id="samesite"),
        pytest.param("SESSION_COOKIE_SAMESITE", "", None, id="no-samesite"),
        pytest.param("SESSION_COOKIE_NAME", "8", "8", id="name"),
    ],
)
def test_the_keys_of_flask_are_typed_without_a_schema(
    app: Flask, key: str, text: str, value: object
) -> None:
    """Users without a schema get right values too (design 5.3)."""
    ConfigLoader(Env("SHOP_", environ={f"SHOP_{key}": text})).init_app(app)

    assert app.config[key] == value


class Plain:
    """A class as people have it: nothing annotated."""

    DEBUG = False
    SESSION_COOKIE_SAMESITE = None
    PERMANENT_SESSION_LIFETIME = 3600


def test_an_unannotated_key_of_flask_has_flasks_type(app: Flask) -> None:
    """``None`` and a number in a class do not hide what Flask expects."""
    environ = {"SHOP_SESSION_COOKIE_SAMESITE": "Lax"}
    ConfigLoader(Env("SHOP_", environ=environ), schema=Plain).init_app(app)

    assert app.config["SESSION_COOKIE_SAMESITE"] == "Lax"
    assert app.permanent_session_lifetime == timedelta(hours=1)


def test_text_left_by_flask_is_read(app: Flask) -> None:
    """What ``from_prefixed_env`` left behind as text becomes right."""
    app.config["SESSION_COOKIE_SECURE"] = "False"

    ConfigLoader(Values(A=1)).init_app(app)

    assert app.config["SESSION_COOKIE_SECURE"] is False


@pytest.mark.parametrize("debug", [True, False])
def test_the_debug_switch_beats_a_default_of_the_schema(
    app: Flask, *, debug: bool
) -> None:
    """``flask --debug`` is a choice; Flask's own False is none."""
    app.config["DEBUG"] = debug

    class Loud(Plain):
        DEBUG = True

    ConfigLoader(schema=Plain if debug else Loud).init_app(app)

    assert app.debug is True
