"""The security list of the design (section 7), row by row, and a fuzz test."""

# ruff: noqa: RUF012  # a schema may have such defaults

import copy
import dataclasses
import json
import os
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import example
from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st

from flask_toolkit.config import ConfigError
from flask_toolkit.config import ConfigLoader
from flask_toolkit.config import ConfigProblem
from flask_toolkit.config import Constraint
from flask_toolkit.config import DotEnv
from flask_toolkit.config import Env
from flask_toolkit.config import File
from flask_toolkit.config import Object
from flask_toolkit.config import Secret
from flask_toolkit.config import SecretsDir
from flask_toolkit.config import Values
from flask_toolkit.config._report import rows

Problems = Callable[[ConfigLoader[t.Any]], list[ConfigProblem]]
Write = Callable[[str, str | bytes], Path]
CANARY = "canary-7f3a"


class Database:
    """A table with a secret."""

    host: str = "localhost"
    port: int = 1
    password: t.Annotated[str, Secret, Constraint(lambda s: s[99], "long")] = "x" * 100


class Account(t.TypedDict, total=False):
    """A table of which there are several."""

    name: t.Required[str]
    pin: t.Annotated[str, Secret]


class Settings:
    """A schema with secrets by marker and by name."""

    PIN: t.Annotated[int, Secret] = 0
    API_TOKEN: dict[str, int] = {}
    SALTS_PRIVATE: list[int] = []
    DB: Database
    FLAG: bool = False
    EITHER: bool | dict[str, t.Any] = False
    ACCOUNTS: list[Account] = []
    NAMED: dict[str, Account] = {}


def _all_of(error: BaseException) -> str:
    """Return every text that an error could show anywhere."""
    parts = [str(error), repr(error), repr(error.args)]
    parts += [repr(each) for each in (error.__cause__, error.__context__) if each]
    return "\n".join(parts)


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({"A_PIN": CANARY}, id="marker"),
        pytest.param({"A_SECRET_KEY_FALLBACKS": f'["{CANARY}"'}, id="flask"),
        pytest.param({"A_API_TOKEN": f"{{{CANARY}"}, id="name"),
        pytest.param({"A_API_TOKEN": f'{{"a": "{CANARY}"}}'}, id="inside"),
        pytest.param({"A_SALTS_PRIVATE": CANARY}, id="list"),
        pytest.param({"A_DB__PASSWORD": CANARY}, id="constraint-raises"),
        pytest.param({"A_DB": f'{{"password": "{CANARY}"'}, id="table"),
        pytest.param({"A_DB": f'{{"password": "{CANARY}"}}'}, id="table-leaf"),
        pytest.param({"A_FLAG": f'{{"password": "{CANARY}"}}'}, id="json-for-bool"),
        pytest.param({"A_PINS": CANARY}, id="unknown"),
        pytest.param({"A_ACCOUNTS": f'[{{"pin": "{CANARY}"}}]'}, id="item"),
        pytest.param({"A_ACCOUNTS": f'{{"pin": "{CANARY}"}}'}, id="no-items"),
        pytest.param({"A_NAMED": f'{{"a": {{"pin": ["{CANARY}"]}}}}'}, id="named"),
        pytest.param({"A_PIN_FILE": CANARY}, id="secret-in-place-of-a-path"),
        pytest.param({"A_PIN": CANARY, "A_PIN_FILE": CANARY}, id="both"),
        pytest.param({"A_PIN__X": CANARY}, id="parts"),
    ],
)
def test_no_error_tells_a_secret(app: Flask, environ: dict[str, str]) -> None:
    """Neither message, ``repr`` nor chain of the error holds the value."""
    loader = ConfigLoader(Env("A_", environ=environ), schema=Settings)

    with pytest.raises(ConfigError) as info:
        loader.init_app(app)

    assert CANARY not in _all_of(info.value)
    assert "A_" in str(info.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("a.toml", f"PIN = '{CANARY}'", id="toml"),
        pytest.param("a.toml", f"PIN = {CANARY}", id="toml-broken"),
        pytest.param("a.json", f'{{"PIN": "{CANARY}"', id="json-broken"),
        pytest.param("a.yaml", f"PIN: '{CANARY}", id="yaml-broken"),
        pytest.param("a.yaml", f"PIN: !!timestamp '{CANARY}'", id="yaml-tag"),
        pytest.param("a.toml", f"PINS = '{CANARY}'", id="unknown"),
        pytest.param("a.toml", f"DB = '{CANARY}'", id="no-table"),
        pytest.param("a.toml", f"PIN = ['{CANARY}']", id="list"),
        pytest.param("a.toml", f"FLAG = {{ password = '{CANARY}' }}", id="nested"),
        pytest.param("a.toml", f"FLAG = {{ pin = '{CANARY}' }}", id="table-for-bool"),
        pytest.param("a.toml", f"FLAG = [{{ pin = '{CANARY}' }}]", id="list-for-bool"),
        pytest.param("a.toml", f"FLAG = [[['{CANARY}']]]", id="lists-for-bool"),
        pytest.param("a.yaml", f"ACCOUNTS: [{{pin: '{CANARY}'}}]", id="item"),
        pytest.param("a.json", f'{{"ACCOUNTS": [["{CANARY}"]]}}', id="no-item"),
    ],
)
def test_no_file_error_tells_a_secret(
    app: Flask, write: Write, name: str, content: str
) -> None:
    """A malformed line is not quoted, a mistyped secret is not shown."""
    write(name, content)

    with pytest.raises(ConfigError) as info:
        ConfigLoader(File(name), schema=Settings).init_app(app)

    assert CANARY not in _all_of(info.value)
    assert name in str(info.value)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f'{{"password": "{CANARY}"}}', id="table"),
        pytest.param(f'{{"password": "{CANARY}"', id="broken"),
    ],
)
def test_a_replaced_text_tells_no_secret(app: Flask, text: str) -> None:
    """What a variable gave is masked as the table that it would have been."""
    weak = Env("A_", environ={"A_EITHER": text})
    loader = ConfigLoader(weak, Values(EITHER=True), schema=Settings)
    loader.init_app(app)

    told = [str(place) for place, _ in loader.loaded(app).explain("EITHER")]

    assert told == ["object Values", "env A_EITHER", "default Settings"]
    assert CANARY not in repr(loader.loaded(app).explain("EITHER"))


def test_a_name_with_a_dot_is_masked_too(app: Flask, write: Write) -> None:
    """It looks like the path of a leaf, and is a key."""
    write("run/A.b", CANARY)
    write("a.toml", f"'SALT.x' = '{CANARY}'\n'C.d' = 7\n'E[0]' = 8")
    loader = ConfigLoader(SecretsDir("run"), File("a.toml"))
    loader.init_app(app)

    found = {row.key: row.value for row in rows(app) if row.is_set}

    assert found["A.B"] == found["SALT.X"] == "********"
    assert (found["C.D"], found["E[0]"]) == ("7", "8")
    assert CANARY not in repr(loader.loaded(app).redacted())


def test_no_code_in_values(app: Flask, write: Write) -> None:
    """Interpolation, templates and casts of other libraries are plain text."""
    values = ["@jinja {{ 7 * 7 }}", "${HOME}", "@read_file /etc/passwd", "%(A)s"]
    write(".env", "".join(f"A_V{n}='{text}'\n" for n, text in enumerate(values)))
    write("a.json", json.dumps({f"w{n}": text for n, text in enumerate(values)}))

    ConfigLoader(DotEnv(prefix="A_"), File("a.json")).init_app(app)

    assert [app.config[f"V{n}"] for n in range(4)] == values
    assert [app.config[f"W{n}"] for n in range(4)] == values


def test_a_file_is_only_named_by_a_known_key(app: Flask, write: Write) -> None:
    """``X_FILE`` reads a file only where ``X`` is a key and ``X_FILE`` is none."""
    path = write("x", CANARY)
    environ = {"A_OTHER_FILE": str(path), "A_SECRET_KEY_FILE": str(path)}

    ConfigLoader(Env("A_", environ=environ)).init_app(app)

    assert app.config["OTHER_FILE"] == str(path)
    assert app.config["SECRET_KEY"] == CANARY
    assert "OTHER" not in app.config


class OwnFile:
    """A schema with a key that ends in _FILE."""

    LOG: str = ""
    LOG_FILE: str = ""


def test_a_key_that_ends_in_file_is_itself(app: Flask) -> None:
    """A key of its own is never an indirection."""
    environ = {"A_LOG_FILE": "/var/log/x"}

    ConfigLoader(Env("A_", environ=environ), schema=OwnFile).init_app(app)

    assert (app.config["LOG"], app.config["LOG_FILE"]) == ("", "/var/log/x")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "does not exist", id="missing"),
        pytest.param(b"x" * (64 * 1024 + 1), "larger than 64 KiB", id="large"),
        pytest.param(b"\xff", "is not UTF-8", id="utf8"),
    ],
)
def test_a_secret_file_that_cannot_be_read_is_a_problem(
    problems: Problems, write: Write, content: bytes | None, message: str
) -> None:
    """The variable is named, its path is not."""
    if content is not None:
        write(CANARY, content)

    environ = {"A_SECRET_KEY_FILE": CANARY}
    (found,) = problems(ConfigLoader(Env("A_", environ=environ)))

    assert found.key == "SECRET_KEY"
    assert message in found.message
    assert str(found.origin) == "env A_SECRET_KEY_FILE"
    assert CANARY not in str(found)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        pytest.param("x", "x", id="none"),
        pytest.param("x\n", "x", id="one"),
        pytest.param("x\r\n", "x", id="windows"),
        pytest.param(" x \n\n", " x \n", id="two"),
    ],
)
def test_one_trailing_newline_is_dropped(
    app: Flask, write: Write, content: str, value: str
) -> None:
    """Nothing else of a secret is changed."""
    write("run/SECRET_KEY", content)

    ConfigLoader(SecretsDir("run")).init_app(app)

    assert app.config["SECRET_KEY"] == value


def test_yaml_makes_no_objects(problems: Problems, write: Write) -> None:
    """A tag that would run code is a problem."""
    write("a.yaml", "A: !!python/object/apply:os.system ['exit 1']")

    (found,) = problems(ConfigLoader(File("a.yaml")))

    assert found.message == "is not valid YAML at column 4"


def test_yaml_aliases_do_not_explode(problems: Problems, write: Write) -> None:
    """A small file that stands for billions of values is refused."""
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    write("a.yaml", "\n".join(lines))

    (found,) = problems(ConfigLoader(File("a.yaml")))

    assert "too many values" in found.message


def test_yaml_merges_do_not_explode(problems: Problems, write: Write) -> None:
    """So is one that merges tables into tables without end."""
    keys = ", ".join(f"k{n}: 1" for n in range(10_001))
    write("a.yaml", f"a: &a {{{keys}}}\nb: {{<<: [*a, *a]}}")

    (found,) = problems(ConfigLoader(File("a.yaml")))

    assert "merges too many keys" in found.message


def test_a_secrets_folder_is_not_left(app: Flask, write: Write) -> None:
    """A link out of it is a problem (GHSA-4xgf-cpjx-pc3j), inside it is not."""
    outside = write("outside", CANARY)
    run = write("run/..data/SECRET_KEY", "k" * 32).parent.parent
    (run / "SECRET_KEY").symlink_to("..data/SECRET_KEY")
    loader = ConfigLoader(SecretsDir("run"))
    loader.init_app(app)
    assert app.config["SECRET_KEY"] == "k" * 32

    (run / "SECRET_KEY").unlink()
    (run / "SECRET_KEY").symlink_to(outside)

    with pytest.raises(ConfigError, match="leads out of its folder"):
        loader.init_app(Flask("other", root_path=app.root_path))


def test_only_files_of_the_prefix_are_secrets(app: Flask, write: Write) -> None:
    """Nested names, a prefix and files of others in one folder."""
    write("run/shop_DB__password", "p" * 100)
    write("run/other_SECRET_KEY", CANARY)
    (Path(app.root_path) / "run" / "shop_folder").mkdir()
    loader = ConfigLoader(SecretsDir("run", prefix="shop_"), schema=Settings)

    settings = loader.init_app(app)

    assert settings.DB.password == "p" * 100
    assert app.config["SECRET_KEY"] is None
    assert loader.loaded(app).redacted()["DB"]["password"] == "********"


def test_a_pipe_is_not_waited_for(problems: Problems, app: Flask) -> None:
    """Only regular files are opened."""
    os.mkfifo(Path(app.root_path) / "a.toml")

    (found,) = problems(ConfigLoader(File("a.toml")))

    assert found.message == "is not a regular file"


def test_duplicate_json_names_are_refused_in_variables(problems: Problems) -> None:
    """As in files: RFC 8259 section 4."""
    environ = {"A_DB": '{"port": 1, "port": 2}'}

    (found,) = problems(ConfigLoader(Env("A_", environ=environ), schema=Settings))

    assert "twice" in str(found.hint)


NAMES = st.sampled_from(
    [
        *("PIN", "API_TOKEN", "SALTS_PRIVATE", "DB", "FLAG", "PINS", "SECRET_KEY"),
        *("ACCOUNTS", "NAMED", "EITHER", "NAMED__A__PIN", "name", "pin", "password"),
        *("DEBUG", "debug", "_", "DB__PASSWORD", "DB__PORT", "DB__PASSWRD"),
        *("DB__X__Y", "PIN_FILE", "TRUSTED_HOSTS", "TOOLKIT_CONFIG_SECRET_NAMES"),
        "TOOLKIT_CONFIG_SECERT_NAMES",
    ]
)
TEXTS = st.text(max_size=20) | st.sampled_from(
    [
        *("true", "1", "{}", "[]", '{"port": 1}', '{"password": "x"}', "[" * 50),
        *('[{"name": "a"}]', '{"a": {"name": ""}}', '[{"name": 1}]'),
        *("9" * 200, "\udcff", "a\0b", "/", "${X}", '{"a": {"b": 1}}', "-1d", "NaN"),
    ]
)
SECRET = st.just(CANARY)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
SCALARS = PLAIN | SECRET
JSON = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS | NAMES, inner, max_size=3)
    ),
    max_leaves=8,
)
ENVIRON = st.dictionaries(NAMES.map("A_".__add__), TEXTS, max_size=5)


def _error_of(loader: ConfigLoader[t.Any], app: Flask) -> ConfigError | None:
    try:
        loader.init_app(app)
    except ConfigError as error:
        return error

    return None


def _check(loader: ConfigLoader[t.Any], root: str = ".") -> None:
    """Load; the answer is a full configuration or one error, never half."""
    app = Flask("fuzz", root_path=root)
    before = dict(app.config)

    error = _error_of(loader, app)

    if error is None:
        loaded = loader.loaded(app)
        assert CANARY not in repr(loaded.redacted())
        assert CANARY not in repr(rows(app))

        for key in (*app.config, *loaded.leaves()):
            assert CANARY not in repr(loaded.explain(key))
    else:
        assert app.config == before
        assert set(app.extensions) <= {"toolkit.settings"}
        assert CANARY not in _all_of(error)
        assert error.problems


@given(ENVIRON, st.booleans(), st.sampled_from(["A_PIN", "A_DB__PASSWORD", "A_PIN__A"]))
@settings(max_examples=150, deadline=None)
@example({"A_DB": "[" * 5000}, True, "A_PIN")
def test_any_variables_load_or_give_one_error(
    environ: dict[str, str], schema: bool, secret: str
) -> None:
    """Whatever the environment holds: all or nothing, and no secret told."""
    # Without a schema only its name can tell that a value is secret.
    secret = secret if schema else secret.replace("PIN", "PIN_TOKEN")
    environ = {**environ, secret: CANARY, "A_SECRET_KEY": CANARY}
    before = dict(environ)
    source = Env("A_", environ=environ)

    if schema:
        _check(ConfigLoader(source, schema=Settings))
    else:
        _check(ConfigLoader(source))

    assert environ == before


@given(st.data(), st.dictionaries(NAMES, JSON, max_size=4), ENVIRON, st.booleans())
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_json_loads_or_gives_one_error(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    table: dict[str, t.Any],
    environ: dict[str, str],
    schema: bool,
) -> None:
    """Files of any shape under variables of any text."""
    folder = tmp_path_factory.getbasetemp()
    secret = "PIN" if schema else "PIN_TOKEN"
    table = {**table, secret: CANARY, "DB": {"password": CANARY, "x": table.get("DB")}}
    # JSON is YAML, as long as no line separator stands in it unquoted.
    name = data.draw(st.sampled_from(["fuzz.json", "fuzz.yaml"]))
    (folder / name).write_text(json.dumps(table))
    before = copy.deepcopy(table)
    sources = (File(name), Values(table), Env("A_", environ=environ))

    if schema:
        _check(ConfigLoader(*sources, schema=Settings), str(folder))
    else:
        _check(ConfigLoader(*sources), str(folder))

    assert repr(table) == repr(before)


@given(
    st.dictionaries(NAMES, st.binary(max_size=9) | TEXTS, max_size=4),
    st.dictionaries(NAMES.map("A_".__add__), TEXTS, max_size=4),
)
@settings(max_examples=100, deadline=None)
def test_any_secrets_and_env_file_load_or_give_one_error(
    tmp_path_factory: pytest.TempPathFactory,
    files: dict[str, bytes | str],
    environ: dict[str, str],
) -> None:
    """Names, bytes and lines as a folder and a ``.env`` file may hold them."""
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "run").mkdir()

    for name, value in {**files, "PIN": CANARY}.items():
        held = value if isinstance(value, bytes) else value.encode("utf-8", "replace")
        (folder / "run" / name).write_bytes(held)

    lines = [f"{name}={environ[name]}\n" for name in environ]
    text = "".join([*lines, f"A_DB__PASSWORD={CANARY}\n"])
    (folder / ".env").write_text(text, encoding="utf-8", errors="replace")

    sources = (DotEnv(prefix="A_"), SecretsDir("run"))
    _check(ConfigLoader(*sources, schema=Settings), str(folder))


@given(
    st.lists(
        st.sampled_from([*"[]{}=\n.,'\"#", "A", "B", f"PIN = '{CANARY}'\n", " ", ":"]),
        max_size=30,
    ).map("".join),
    st.sampled_from(["toml", "json", "yaml", "env"]),
)
@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_text_of_a_file_loads_or_gives_one_error(
    tmp_path_factory: pytest.TempPathFactory, text: str, format: str
) -> None:
    """No parser's own error escapes, and none quotes the file."""
    folder = tmp_path_factory.getbasetemp()
    (folder / f"fuzz.{format}").write_text(text, encoding="utf-8")
    app = Flask("fuzz", root_path=str(folder))
    source: t.Any = File(f"fuzz.{format}") if format != "env" else None

    error = _error_of(ConfigLoader(source or DotEnv("fuzz.env", prefix="A_")), app)

    assert error is None or CANARY not in _all_of(error)


def test_objects_with_a_hostile_repr_do_not_break_the_report(
    problems: Problems,
) -> None:
    """The problem is told, whatever the value's ``repr`` does."""

    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError(CANARY)

    class Config:
        FLAG = Hostile()

    (found,) = problems(ConfigLoader(Object(Config), schema=Settings))

    assert found.message == "expected true or false, got <Hostile>"


@dataclasses.dataclass
class Refusing:
    """A schema whose own message holds what it was given."""

    FIELD: t.Annotated[t.Any, Secret] = None
    ADDRESS: str = ""

    def __post_init__(self) -> None:
        raise ValueError(f"cannot work with {self!r} {self.FIELD} {self.ADDRESS}")


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"FIELD": f"two\nlines {CANARY}"}, id="newline"),
        pytest.param({"FIELD": f"{CANARY}'\""}, id="quotes"),
        pytest.param({"FIELD": [CANARY, True]}, id="list"),
        pytest.param({"FIELD": {"a": {"b": (CANARY,)}}}, id="dict"),
        pytest.param({"FIELD": CANARY.encode() + b"\xff"}, id="bytes"),
        pytest.param({"ADDRESS": f"redis://u:{CANARY}@host"}, id="address"),
    ],
)
def test_a_message_of_the_schema_shows_no_secret(
    values: dict[str, t.Any], problems: Problems
) -> None:
    """However its author wrote the value into it."""
    (found,) = problems(ConfigLoader(Values(values), schema=Refusing))

    assert CANARY not in str(found)


def test_a_message_of_the_schema_shows_no_item_of_a_secret(problems: Problems) -> None:
    """A list that was read of text is no text any more."""

    @dataclasses.dataclass
    class Listed:
        API_KEYS: list[str]

        def __post_init__(self) -> None:
            raise ValueError(f"too short: {self.API_KEYS[1]}")

    source = Env("SHOP_", environ={"SHOP_API_KEYS": f"other, {CANARY}"})
    (found,) = problems(ConfigLoader(source, schema=Listed))

    assert CANARY not in str(found)


def test_a_message_of_the_schema_shows_no_secret_number(problems: Problems) -> None:
    """A pin is no text, and a secret all the same."""
    (found,) = problems(ConfigLoader(Values(FIELD=12345678), schema=Refusing))

    assert "12345678" not in str(found)


@pytest.mark.parametrize(
    "kind",
    [dict, t.Any, dict[str, t.Any], t.Mapping[str, dict[str, str]], bool | dict],
    ids=str,
)
@pytest.mark.parametrize("is_text", [False, True])
def test_a_mark_hides_all_that_stands_below(
    app: Flask, kind: t.Any, is_text: bool
) -> None:
    """Parts of a table of which nothing else is known are as secret as it is."""
    below = {"a": {"b": CANARY}}
    text = Env("SHOP_", environ={"SHOP_FIELD": json.dumps(below)})
    names = {"__annotations__": {"FIELD": t.Annotated[kind, Secret]}}
    schema = type("Marked", (), names | {"__module__": __name__})
    loader: ConfigLoader[t.Any] = ConfigLoader(
        text if is_text else Values(FIELD=below), schema=schema
    )
    loader.init_app(app)
    loaded = loader.loaded(app)

    told = [loaded.redacted(), loaded.explain("FIELD"), rows(app)]
    assert CANARY not in str([*told, *map(loaded.masked, loaded.leaves())])
    assert app.config["FIELD"] == below


class Hidden:
    """A table with a marked field, whose name tells nothing."""

    field: t.Annotated[str, Secret]
    name: str = ""


class Runtime:
    """Tables that are empty when they are loaded."""

    HOSTS: list[Hidden] = []
    ONE: Hidden | None = None
    POOLS: dict[str, Hidden] = {}
    FIELD: t.Annotated[str | None, Secret] = None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"HOSTS": [{"field": CANARY}]}, id="list"),
        pytest.param({"ONE": {"field": CANARY}}, id="table"),
        pytest.param({"POOLS": {"a": {"field": CANARY}}}, id="dict"),
        pytest.param({"FIELD": [{"a": CANARY}]}, id="other-shape"),
        pytest.param({"ONE": {"other": {"password": CANARY}}}, id="unknown"),
    ],
)
def test_what_code_puts_under_a_mark_is_hidden(
    app: Flask, change: dict[str, t.Any]
) -> None:
    """A table that came after loading is read by the same schema."""
    loader = ConfigLoader(schema=Runtime)
    loader.init_app(app)
    loaded = loader.loaded(app)
    app.config.update(change)

    told = [loaded.redacted(), *map(loaded.explain, [*change]), rows(app)]
    assert CANARY not in str([*told, *map(loaded.masked, loaded.leaves())])
