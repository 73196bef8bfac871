"""The table of facts nobody checks for (design 6): each row through real Flask.

The fault is shown first where Flask or a parser has it, then what we do instead.
"""

from __future__ import annotations

import copy
import difflib
import gc
import json
import pickle
import sys
import textwrap
import tomllib
import types
import typing as t
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
import yaml
from flask import Flask
from flask import render_template_string
from flask import session
from flask.config import Config
from werkzeug.sansio.utils import host_is_trusted

from flask_toolkit._settings import declare
from flask_toolkit._settings import suggest
from flask_toolkit.config import ConfigError
from flask_toolkit.config import ConfigLoader
from flask_toolkit.config import ConfigProblem
from flask_toolkit.config import Constraint
from flask_toolkit.config import DotEnv
from flask_toolkit.config import Env
from flask_toolkit.config import File
from flask_toolkit.config import FileFromEnv
from flask_toolkit.config import Object
from flask_toolkit.config import RedactedConfig
from flask_toolkit.config import Secret
from flask_toolkit.config import Source
from flask_toolkit.config import Values
from flask_toolkit.config._report import rows
from flask_toolkit.config.checks import Level
from flask_toolkit.config.checks import run_checks
from flask_toolkit.errors import SetupError

Problems = Callable[[ConfigLoader[t.Any]], list[ConfigProblem]]
Write = Callable[[str, str | bytes], Path]
KEY = "vT3-qLx9_Rw2cYb7NfKe5JmHs8PdUaZg"
CANARY = "canary-7f3a"
ROWS = 23
# Werkzeug before 3.1.7 lets nobody in where the list is empty.
EMPTY = 200 if host_is_trusted("localhost", []) else 400


def _login(app: Flask, **config: t.Any) -> Flask:
    app.config.update(config)

    @app.get("/login")
    def login() -> str:
        session["user"] = "ada"
        return "in"

    @app.get("/who")
    def who() -> str:
        return str(session.get("user"))

    return app


def _theirs(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Flask:
    """Return an application that Flask itself configures by variables."""
    for name, value in variables.items():
        monkeypatch.setenv(f"FLASK_{name}", value)

    app = Flask("theirs")
    app.config.from_prefixed_env()
    return app


def _env(**environ: str) -> Env:
    return Env("SHOP_", environ={f"SHOP_{key}": environ[key] for key in environ})


def _levels(app: Flask, id: str, *, deploy: bool = True) -> list[Level]:
    return [one.level for one in run_checks(app, deploy=deploy) if one.id == id]


def test_each_row_has_a_test() -> None:
    """A row is found by its number."""
    named = {name[10:12] for name in globals() if name.startswith("test_fact_")}

    assert named == {f"{row:02}" for row in range(1, ROWS + 1)}


@pytest.mark.parametrize("prefix", ["FLASK_", "SHOP_"])
def test_fact_01_debug_false_is_off(
    app: Flask, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    """Flask starts with debug off, then reads the text, which is true."""
    assert Flask("theirs").debug is False
    theirs = _theirs(monkeypatch, DEBUG="False")
    assert theirs.config["DEBUG"] == "False"

    ConfigLoader(Env(prefix, environ={f"{prefix}DEBUG": "False"})).init_app(app)

    assert app.debug is False
    assert _levels(theirs, "debug.type", deploy=False) == [Level.ERROR]


def test_fact_02_a_key_of_digits_stays_text(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flask makes it a number, and fails when a session is written."""
    theirs = _login(_theirs(monkeypatch, SECRET_KEY="123456789012"))
    assert theirs.config["SECRET_KEY"] == 123456789012
    assert theirs.test_client().get("/login").status_code == 500

    ConfigLoader(_env(SECRET_KEY="123456789012")).init_app(_login(app))

    assert app.secret_key == "123456789012"
    assert app.test_client().get("/login").status_code == 200


def test_fact_03_a_cookie_that_is_not_secure_is_sent_as_such(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text ``False`` still sends the attribute."""
    theirs = _theirs(monkeypatch, SESSION_COOKIE_SECURE="False", SECRET_KEY=KEY)
    cookie = _login(theirs).test_client().get("/login").headers["Set-Cookie"]
    assert "Secure" in cookie

    ConfigLoader(_env(SESSION_COOKIE_SECURE="False", SECRET_KEY=KEY)).init_app(app)

    cookie = _login(app).test_client().get("/login").headers["Set-Cookie"]
    assert "Secure" not in cookie


def test_fact_04_fallback_keys_are_a_list(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flask takes a text apart: a cookie signed with a letter passes (#6089)."""
    forger = _login(Flask("forger"), SECRET_KEY="o")
    forged = forger.test_client().get("/login").headers["Set-Cookie"]
    headers = {"Cookie": forged}
    theirs = _theirs(monkeypatch, SECRET_KEY_FALLBACKS="old-secret", SECRET_KEY=KEY)
    client = _login(theirs).test_client(use_cookies=False)
    assert client.get("/who", headers=headers).text == "ada"

    ConfigLoader(_env(SECRET_KEY_FALLBACKS="old-secret", SECRET_KEY=KEY)).init_app(app)

    client = _login(app).test_client(use_cookies=False)
    assert app.config["SECRET_KEY_FALLBACKS"] == ["old-secret"]
    assert client.get("/who", headers=headers).text == "None"
    assert _levels(theirs, "secret.fallbacks", deploy=False) == [Level.ERROR]


def test_fact_05_inputs_are_never_changed(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nested variables of Flask change the mapping that was loaded before."""
    shared: dict[str, t.Any] = {"DB": {"port": 1, "hosts": ["a"]}, "LIST": [[1]]}
    before = copy.deepcopy(shared)
    taken = copy.deepcopy(shared)
    theirs = Flask("theirs")
    theirs.config.from_mapping(taken)
    monkeypatch.setenv("FLASK_DB__port", "2")
    theirs.config.from_prefixed_env()
    assert taken["DB"]["port"] == 2

    loader = ConfigLoader(Values(shared), _env(DB__PORT="2"))
    other = Flask("other")
    loader.init_app(app)
    loader.init_app(other)
    app.config["LIST"][0].append(2)
    app.config["DB"]["hosts"].append("b")

    assert shared == before
    assert other.config["DB"] == {"port": 2, "hosts": ["a"]}
    assert other.config["LIST"] == [[1]]


def test_fact_06_a_value_with_parts_is_a_problem(
    problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flask answers with a bare TypeError (#6119, #6060)."""
    with pytest.raises(TypeError):
        _theirs(monkeypatch, FOO="1", FOO__BAR="2")

    (found,) = problems(ConfigLoader(_env(FOO="1", FOO__BAR="2")))

    assert str(found) == (
        "FOO: one value is there; a table cannot replace it\n"
        "  in env SHOP_FOO__BAR\n"
        "  hint: set before in env SHOP_FOO"
    )


def test_fact_06_an_empty_part_of_a_name_is_ignored(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flask makes a key that is called nothing."""
    assert "" in _theirs(monkeypatch, __A="1").config
    before = set(app.config)
    loader = ConfigLoader(_env(__A="1", **{"": "1"}))

    loader.init_app(app)

    assert set(app.config) == before
    assert len(loader.loaded(app).unused) == 2


def test_fact_07_tables_of_files_are_kept_and_merged(app: Flask, write: Write) -> None:
    """``from_file`` drops lower-case tables and replaces what is nested."""
    paths = [
        write("a.toml", "[db]\nhost = 'a'\nport = 1\n[CACHE]\na = 1"),
        write("b.toml", "[DB]\nport = 2\n[CACHE]\nb = 1"),
    ]
    theirs = Flask("theirs")

    for path in paths:
        theirs.config.from_file(str(path), tomllib.load, text=False)

    assert (theirs.config["DB"], theirs.config["CACHE"]) == ({"port": 2}, {"b": 1})

    ConfigLoader(File("a.toml"), File("b.toml")).init_app(app)

    assert app.config["DB"] == {"host": "a", "port": 2}
    assert app.config["CACHE"] == {"a": 1, "b": 1}


def test_fact_07_a_malformed_file_is_named(problems: Problems, write: Write) -> None:
    """``from_file`` raises the parser's error, which names no file."""
    path = write("a.toml", "A = 1\nB = ")

    with pytest.raises(tomllib.TOMLDecodeError) as info:
        Flask("theirs").config.from_file(str(path), tomllib.load, text=False)

    assert "a.toml" not in str(info.value)

    (found,) = problems(ConfigLoader(File("a.toml")))

    assert str(found.origin) == "a.toml:2"


def test_fact_07_a_mapping_is_no_object() -> None:
    """``from_object`` of one loads nothing and says nothing."""
    theirs = Flask("theirs")
    before = dict(theirs.config)
    theirs.config.from_object({"A": 1})
    assert theirs.config == before

    with pytest.raises(SetupError, match=r"use Values\(mapping\)"):
        Object({"A": 1})


class WithProperty:
    """A class whose URI is computed."""

    HOST = "db"

    @property
    def URI(self) -> str:  # noqa: N802  # a key
        """Return the address."""
        return f"pg://{self.HOST}"


def test_fact_07_a_property_of_a_class_is_computed(app: Flask) -> None:
    """``from_object`` of a class leaks the property object."""
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
def test_fact_08_unset_and_wrong_path_differ(
    problems: Problems, monkeypatch: pytest.MonkeyPatch, path: str, message: str
) -> None:
    """``from_envvar(silent=True)`` hides both alike."""
    monkeypatch.setenv("SHOP_SETTINGS", path)
    assert Flask("theirs").config.from_envvar("SHOP_SETTINGS", silent=True) is False
    assert not hasattr(Config, "from_json")

    (found,) = problems(ConfigLoader(FileFromEnv("SHOP_SETTINGS")))

    assert found.message == message


class RedactedFlask(Flask):
    """An application whose configuration hides its secrets."""

    config_class = RedactedConfig


def test_fact_09_the_repr_of_the_configuration_masks_secrets() -> None:
    """Flask's ``repr`` and ``{{ config }}`` print SECRET_KEY."""
    values = {"SECRET_KEY": CANARY, "DB": {"password": CANARY, "host": "db"}}
    shown: list[str] = []

    for cls in (Flask, RedactedFlask):
        app = cls("shop")
        app.config.update(values)

        with app.test_request_context():
            shown.append(repr(app.config) + render_template_string("{{ config }}"))

    assert shown[0].count(CANARY) == 4
    assert CANARY not in shown[1]
    assert "'host': 'db'" in shown[1]


@pytest.mark.parametrize(
    ("hosts", "status", "level"),
    [
        pytest.param([], EMPTY, Level.WARNING, id="none-is-all"),
        pytest.param(["*"], 400, Level.ERROR, id="all-is-none"),
    ],
)
def test_fact_10_trusted_hosts_say_what_they_do(
    app: Flask, hosts: list[str], status: int, level: Level
) -> None:
    """Flask takes an empty list for no restriction, a star for a name."""
    ConfigLoader(Values(TRUSTED_HOSTS=hosts, SECRET_KEY=KEY)).init_app(_login(app))

    assert app.test_client().get("/who").status_code == status
    assert _levels(app, "host.trusted") == [level]


def test_fact_10_a_bad_samesite_stops_the_start(problems: Problems) -> None:
    """Flask fails with a 500 at the first session save."""
    theirs = _login(Flask("t"), SESSION_COOKIE_SAMESITE="Laxx", SECRET_KEY=KEY)
    assert theirs.test_client().get("/login").status_code == 500

    (found,) = problems(ConfigLoader(Values(SESSION_COOKIE_SAMESITE="Laxx")))

    assert "expected one of 'Strict', 'Lax', 'None', got 'Laxx'" in found.message


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({"SESSION_COOKIE_SAMESITE": "None"}, id="samesite-none"),
        pytest.param({"SESSION_COOKIE_NAME": "__Host-session"}, id="host-prefix"),
    ],
)
def test_fact_10_a_cookie_that_browsers_drop_is_found(
    app: Flask, config: dict[str, str]
) -> None:
    """Flask sends it, and nobody is ever signed in."""
    ConfigLoader(Values(config, SECRET_KEY=KEY)).init_app(_login(app))

    assert "Secure" not in app.test_client().get("/login").headers["Set-Cookie"]
    assert _levels(app, "cookie.secure") == [Level.ERROR]


class Keyed:
    """A schema that asks for the key."""

    SECRET_KEY: t.Annotated[str, Secret]


def test_fact_10_an_empty_key_stops_the_start(app: Flask, problems: Problems) -> None:
    """Flask fails at the first write of a session."""
    theirs = _login(Flask("theirs"), SECRET_KEY="")
    assert theirs.test_client().get("/login").status_code == 500

    (found,) = problems(ConfigLoader(_env(SECRET_KEY=""), schema=Keyed))

    assert found.message == "empty; it needs a value"
    ConfigLoader(_env(SECRET_KEY="")).init_app(app)
    assert _levels(app, "secret.missing", deploy=False) == [Level.ERROR]


def test_fact_11_the_object_of_flask_stays(app: Flask) -> None:
    """``app.config`` keeps its type and identity, and stays a dict."""
    config = app.config
    ConfigLoader(Values(A=1)).init_app(app)

    assert app.config is config
    assert type(app.config) is Config
    app.config.update(A=2)
    assert app.config.pop("A") == 2
    app.config["B"] = 1
    del app.config["B"]
    assert "keys" not in app.config


def test_fact_12_nothing_is_searched_for(
    app: Flask, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file that was not named, no other prefix; a missing file is told."""
    write("config/settings.py", "raise SystemExit('executed')")
    write("settings.local.toml", f"A = '{CANARY}'")
    write("work/here/settings.toml", "A = 1")
    monkeypatch.chdir(Path(app.root_path) / "work" / "here")
    monkeypatch.setenv("DYNACONF_A", CANARY)
    monkeypatch.setenv("FLASK_A", CANARY)
    loader = ConfigLoader(File("settings.toml"), Env("SHOP_"))

    with pytest.raises(ConfigError, match=r"settings\.toml: does not exist"):
        loader.init_app(app)

    app.root_path = str(Path.cwd())
    app.config.root_path = app.root_path
    assert loader.init_app(app) == {"A": 1}


def test_fact_12_a_list_of_values_prints_no_secret(app: Flask) -> None:
    """``dynaconf list`` does."""
    ConfigLoader(_env(API_TOKEN=CANARY, SECRET_KEY=CANARY)).init_app(app)

    assert CANARY not in repr(rows(app))


class Pinned:
    """A table with a secret that is a number, and a sibling that is required."""

    pin: t.Annotated[int, Secret, Constraint(lambda n: n > 9999, "five digits")]
    host: str


class Guarded:
    """A schema with such a table."""

    DB: Pinned


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(Values(DB={"pin": CANARY}), id="type"),
        pytest.param(Values(DB={"pin": 7312}), id="constraint"),
        pytest.param(Values(DB={"pin": 73121}), id="sibling-is-missing"),
        pytest.param(_env(DB__PIN=CANARY), id="text"),
        pytest.param(_env(DB=f'{{"pin": "{CANARY}"'), id="broken-json"),
        pytest.param(_env(DB__PIN_FILE=CANARY), id="no-file"),
    ],
)
def test_fact_13_no_error_path_tells_a_secret(app: Flask, source: Source) -> None:
    """Others print the input of a SecretStr, or the table that lacks a sibling."""
    with pytest.raises(ConfigError) as info:
        ConfigLoader(source, schema=Guarded).init_app(app)

    error = info.value
    told = [str(error), repr(error), repr(error.args), repr(error.problems)]
    told += [repr(error.__cause__), repr(error.__context__), error.format_message()]
    assert not {part for part in (CANARY, "7312") if part in "\n".join(told)}


class Yaml:
    """A schema with a text and a switch."""

    COUNTRY: str = ""
    ON: bool = False


@pytest.mark.parametrize(
    ("name", "text", "parse"),
    [
        pytest.param("a.json", '{"A": 1, "A": 2}', json.loads, id="json"),
        pytest.param("a.yaml", "A: 1\nA: 2", yaml.safe_load, id="yaml"),
    ],
)
def test_fact_14_a_duplicate_key_is_a_problem(
    problems: Problems,
    write: Write,
    name: str,
    text: str,
    parse: Callable[[str], t.Any],
) -> None:
    """The parsers keep the last."""
    assert parse(text) == {"A": 2}
    write(name, text)

    (found,) = problems(ConfigLoader(File(name)))

    assert "twice" in found.message


def test_fact_14_no_word_is_guessed(problems: Problems, write: Write) -> None:
    """YAML makes Norway false; a misspelled truth is none."""
    assert yaml.safe_load("COUNTRY: no") == {"COUNTRY": False}
    write("a.yaml", "COUNTRY: no")

    country, switch = problems(
        ConfigLoader(File("a.yaml"), _env(ON="Treu"), schema=Yaml)
    )

    assert country.hint == "YAML read a boolean, quote it"
    assert switch.message == "expected true or false, got 'Treu'"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(Values(SECRET_KEYS=KEY), id="typo"),
        pytest.param(Values(SECRET_KEY=1), id="bad-value"),
        pytest.param(_env(SECRET_KEY_FILE="no"), id="no-file"),
        pytest.param(_env(SECRET_KEY__A="1"), id="parts"),
        pytest.param(_env(SECRET_KEY="a", secret_key="b"), id="twice"),
    ],
)
def test_fact_15_a_mistake_is_one_problem(problems: Problems, source: Source) -> None:
    """There is no second one that says ``required``."""
    assert len(problems(ConfigLoader(source, schema=Keyed))) == 1


def test_fact_16_a_key_named_like_its_class_is_told(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a default, and annotations read eagerly, the default is the type."""
    path = write(
        "eager.py",
        textwrap.dedent(
            """\
            class DB:
                host: str = ""

            class Settings:
                DB: DB = {"host": "x"}
            """
        ),
    )
    module = types.ModuleType("eager")
    monkeypatch.setitem(sys.modules, "eager", module)
    exec(compile(path.read_text(), path, "exec", dont_inherit=True), vars(module))

    with pytest.raises(SetupError, match=r"Settings\.DB: .* rename the class"):
        ConfigLoader(schema=module.Settings).load()


def test_fact_16_a_class_inside_a_function_is_told() -> None:
    """This module has annotations as text: nobody can see the name from outside."""

    class Inner:
        host: str = ""

    class Outer:
        DB: Inner

    with pytest.raises(SetupError, match=r"Outer\.DB: .* not in a function"):
        ConfigLoader(schema=Outer).load()


def test_fact_17_the_error_is_one_of_click(app: Flask) -> None:
    """It has a text, an exit code, and survives pickling (see ``test_shown``)."""
    with pytest.raises(ConfigError) as info:
        ConfigLoader(Values(DEBUG="x")).init_app(app)

    error = info.value
    assert isinstance(error, (click.ClickException, ValueError, SetupError))
    assert error.exit_code == 2
    assert str(error) == error.format_message()
    assert str(error).startswith("1 problem in the configuration:\nDEBUG: expected")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_fact_18_the_shared_prefix_makes_no_relatives() -> None:
    """``difflib`` takes all keys of ours for close ones."""
    key, known = "TOOLKIT_POOL_SIZE", ["TOOLKIT_JWT_ISSUER"]
    assert difflib.get_close_matches(key, known) == known

    assert suggest(key, known) is None
    assert suggest("TOOLKIT_JWT_ISUER", known) == known[0]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        pytest.param("a.toml", '# A\nB = """\nA = 1\n"""\n\n"DEBUG" = 1', 6, id="toml"),
        pytest.param(
            "a.json", '{\n"A": {\n"DEBUG": 1\n}, "B": 2,\n\n"DEBUG": 1}', 6, id="json"
        ),
        pytest.param("a.yaml", "A: |\n  DEBUG: 1\nB: 1\n\n#\nDEBUG: 1", 6, id="yaml"),
        pytest.param(
            "a.py", '"""DEBUG = 1\n"""\n\nA = """\n"""\nDEBUG = 1', 6, id="py"
        ),
        pytest.param("a.env", "A=1\n\nA_B='\nA_DEBUG=1\n'\nA_DEBUG=x", 6, id="dotenv"),
    ],
)
def test_fact_19_a_problem_has_its_line(
    problems: Problems, write: Write, name: str, text: str, line: int
) -> None:
    """No parser gives one for a value: keys are found in texts, tables, comments."""
    write(name, text)
    source = DotEnv(name, prefix="A_") if name == "a.env" else File(name)

    (found,) = problems(ConfigLoader(source))

    assert (found.key, found.origin and found.origin.line) == ("DEBUG", line)


def test_fact_20_templates_reload_is_set_before_the_engine_is_made(app: Flask) -> None:
    """Flask reads it when Jinja's environment is made, and never again."""
    theirs = Flask("theirs")
    theirs.add_template_filter(str.upper)
    theirs.config["TEMPLATES_AUTO_RELOAD"] = True
    assert not theirs.jinja_env.auto_reload

    ConfigLoader(_env(TEMPLATES_AUTO_RELOAD="yes")).init_app(app)
    app.add_template_filter(str.upper)

    assert app.jinja_env.auto_reload is True


def test_fact_21_declaring_resolves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Annotations cost 65-130 us a class: they are read at the first use."""
    monkeypatch.setattr("flask_toolkit._settings._declared", {})

    @dataclass
    class Broken:
        value: NoSuchType  # type: ignore[name-defined]  # noqa: F821  # the point

    spec = declare("fact_21", Broken)

    with pytest.raises(NameError):
        print(spec.fields)  # noqa: T201  # used


def test_fact_22_a_loader_serves_many_and_keeps_none(write: Write) -> None:
    """Two applications, a factory called twice, an application that is freed."""
    path = write("a.toml", "[DB]\nhosts = ['a']")
    loader = ConfigLoader(File("a.toml"), _env(TOOLKIT_JWT_LEEWAY="9"))

    def create_app() -> Flask:
        app = Flask("shop", root_path=str(path.parent))
        loader.init_app(app)
        return app

    first, second = create_app(), create_app()
    first.config["DB"]["hosts"].append("b")
    assert second.config["DB"] == {"hosts": ["a"]}
    assert loader.loaded(first) is not loader.loaded(second)
    seen = weakref.ref(first)

    del first
    gc.collect()

    assert seen() is None


@pytest.mark.parametrize(
    ("key", "id", "level"),
    [
        pytest.param("x9_Rw2cYb7Nf", "secret.short", Level.ERROR, id="under-16"),
        pytest.param("x9_Rw2cYb7NfKe5JmHs8P", "secret.short", Level.WARNING, id="32"),
        pytest.param(
            f"change-me-{KEY}", "secret.weak", Level.WARNING, id="placeholder"
        ),
        pytest.param("dev", "secret.known", Level.ERROR, id="published"),
    ],
)
def test_fact_23_what_people_publish_is_found(
    app: Flask, key: str, id: str, level: Level
) -> None:
    """Of the keys in public code 40 % are shorter than 16, 69 % than 32 bytes."""
    ConfigLoader(_env(SECRET_KEY=key)).init_app(app)

    assert _levels(app, id) == [level]


def test_fact_23_a_good_key_in_code_is_found_by_its_place(app: Flask) -> None:
    """Nothing else tells that all who read the code have it."""
    production = type("Production", (), {"SECRET_KEY": KEY})
    ConfigLoader(Object(production)).init_app(app)

    found = {one.id for one in run_checks(app, deploy=True) if one.id[:6] == "secret"}

    assert found == {"secret.source"}
