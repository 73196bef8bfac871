"""Flask's own keys and files, with and without a schema (design 5.3)."""

import typing as t
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from flask_toolkit.config import ConfigError
from flask_toolkit.config import ConfigLoader
from flask_toolkit.config import ConfigProblem
from flask_toolkit.config import Env
from flask_toolkit.config import FileFromEnv
from flask_toolkit.config import Values
from flask_toolkit.config._flask_keys import FLASK_TYPES

Problems = Callable[[ConfigLoader[t.Any]], list[ConfigProblem]]
Write = Callable[[str, str | bytes], Path]


def test_every_key_of_flask_has_a_type() -> None:
    """The table covers what the installed Flask knows."""
    assert set(FLASK_TYPES) == set(Flask.default_config)


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


BOOL = {"yes": True, "False": False}
MAYBE_BOOL = {**BOOL, "": None}
MAYBE_INT = {"1_000": 1000, "": None}
MAYBE_TEXT = {"x": "x", "7": "7"}
SECONDS = {"90": timedelta(seconds=90), "1h": timedelta(hours=1)}
TABLE: dict[str, tuple[dict[str, t.Any], str]] = {
    **dict.fromkeys(
        (
            *("DEBUG", "TESTING", "TRAP_HTTP_EXCEPTIONS", "EXPLAIN_TEMPLATE_LOADING"),
            *("PROVIDE_AUTOMATIC_OPTIONS", "USE_X_SENDFILE"),
            *("SESSION_REFRESH_EACH_REQUEST", "SESSION_COOKIE_HTTPONLY"),
            *("SESSION_COOKIE_SECURE", "SESSION_COOKIE_PARTITIONED"),
        ),
        (BOOL, "Treu"),
    ),
    **dict.fromkeys(
        ("PROPAGATE_EXCEPTIONS", "TRAP_BAD_REQUEST_ERRORS", "TEMPLATES_AUTO_RELOAD"),
        (MAYBE_BOOL, "None"),
    ),
    "SECRET_KEY": (MAYBE_TEXT, ""),
    "SECRET_KEY_FALLBACKS": ({"a,b": ["a", "b"], '["1,2"]': ["1,2"]}, "a,,b"),
    "PERMANENT_SESSION_LIFETIME": (SECONDS, ""),
    "SEND_FILE_MAX_AGE_DEFAULT": ({**SECONDS, "": None}, "soon"),
    **dict.fromkeys(
        ("MAX_CONTENT_LENGTH", "MAX_FORM_MEMORY_SIZE", "MAX_FORM_PARTS"),
        (MAYBE_INT, "16MB"),
    ),
    "MAX_COOKIE_SIZE": ({"0": 0}, ""),
    **dict.fromkeys(
        ("SERVER_NAME", "SESSION_COOKIE_DOMAIN", "SESSION_COOKIE_PATH"),
        (MAYBE_TEXT, ""),
    ),
    **dict.fromkeys(("SESSION_COOKIE_NAME", "APPLICATION_ROOT"), (MAYBE_TEXT, "")),
    "TRUSTED_HOSTS": ({"a.org, b.org": ["a.org", "b.org"], "": None}, "a,,b"),
    "SESSION_COOKIE_SAMESITE": (
        {"Strict": "Strict", "Lax": "Lax", "None": "None", "": None},
        "lax",
    ),
    "PREFERRED_URL_SCHEME": ({"http": "http", "https": "https"}, "ftp"),
}
TEXTS = {key for key in TABLE if TABLE[key][0] is MAYBE_TEXT}


def test_the_table_has_every_key() -> None:
    """A key that a new Flask brings is missed here."""
    assert set(TABLE) == set(Flask.default_config)


@pytest.mark.parametrize("key", TABLE)
def test_each_key_of_flask_reads_text(key: str) -> None:
    """By the type that the design gives it, one bad text apart."""
    texts, bad = TABLE[key]

    for text, value in texts.items():
        loader = ConfigLoader(Env("A_", environ={f"A_{key}": text}))
        assert loader.load() == {key: value}

    loader = ConfigLoader(Env("A_", environ={f"A_{key}": bad}))

    if key in TEXTS:
        assert loader.load() == {key: bad}
    else:
        with pytest.raises(ConfigError, match=f"{key}: expected"):
            loader.load()


@pytest.mark.parametrize("key", [key for key in TABLE if key not in TEXTS])
def test_each_key_of_flask_refuses_what_it_is_not(key: str) -> None:
    """A file is taken at its word: text is no number, a number no text."""
    values: list[t.Any] = [{"a": 1}, 1.5j]

    for value in values:
        with pytest.raises(ConfigError, match=f"{key}: expected"):
            ConfigLoader(Values({key: value})).load()


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
