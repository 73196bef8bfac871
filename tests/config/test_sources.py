"""What each source holds, and how they lie over each other (design 5.1)."""

# ruff: noqa: RUF012  # a schema may have such defaults

import os
import sys
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from flask_toolkit.config import by_environment
from flask_toolkit.config import ConfigLoader
from flask_toolkit.config import ConfigProblem
from flask_toolkit.config import DotEnv
from flask_toolkit.config import Env
from flask_toolkit.config import File
from flask_toolkit.config import FileFromEnv
from flask_toolkit.config import Object
from flask_toolkit.config import SecretsDir
from flask_toolkit.config import Source
from flask_toolkit.config import Values
from flask_toolkit.errors import MissingExtraError
from flask_toolkit.errors import SetupError

Problems = Callable[[ConfigLoader[t.Any]], list[ConfigProblem]]
Write = Callable[[str, str | bytes], Path]


class Database:
    """A table."""

    host: str = "localhost"
    port: int = 5432
    options: dict[str, t.Any] = {}
    user_name: str = ""


class Settings:
    """A schema."""

    NAME: str = "shop"
    HOSTS: list[str] = []
    DB: Database

    @property
    def URI(self) -> str:  # noqa: N802  # a key
        """Return the address."""
        return f"pg://{self.DB.host}"


class Base:
    """A class as people write it."""

    NAME = "base"
    lower = "ignored"


class Production(Base):
    """For production."""

    NAME = "production"


class Loose(Settings):
    """A schema by inheritance."""

    NAME = "loose"


class Nullable:
    """A schema with a table that may be None."""

    DB: Database | None = None


def _env(**environ: str) -> Env:
    return Env("A_", environ={f"A_{key}": value for key, value in environ.items()})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("a.toml", "NAME = 'x'\n[db]\nport = 1", id="toml"),
        pytest.param("a.json", '{"name": "x", "DB": {"Port": 1}}', id="json"),
        pytest.param("a.yaml", "NAME: x\nDB: &db {port: 1}", id="yaml"),
        pytest.param("a.yml", "b: &b {port: 1}\nname: x\nDB: {<<: *b}", id="merge"),
        pytest.param("a.py", "NAME = 'x'\nlow = 1\nDB = dict(port=len('x'))", id="py"),
        pytest.param("a.toml", b"\xef\xbb\xbfNAME='x'\nDB.port = 1", id="bom"),
        pytest.param(
            ".env",
            "# all\nexport A_NAME=x\n\nB=2\nA_DB__PORT='1' # one\n# end",
            id="dotenv",
        ),
    ],
)
def test_each_format_is_read(
    app: Flask, write: Write, name: str, content: str | bytes
) -> None:
    """The suffix tells the format; nested and top level names fold."""
    write(name, content)
    source = DotEnv(prefix="A_") if name == ".env" else File(name)
    loader = ConfigLoader(source, schema=Settings, allow=["B"])

    settings = loader.init_app(app)

    assert (settings.NAME, settings.DB.port) == ("x", 1)
    assert app.config["DB"]["port"] == 1
    assert app.config["URI"] == "pg://localhost"
    assert loader.loaded(app).files == (Path(app.root_path) / name,)


def test_one_table_of_a_file_can_be_read(app: Flask, write: Write) -> None:
    """``table=`` takes a dotted name, ``format=`` a file without a suffix."""
    write("a.toml", "[tool.shop]\nNAME = 'x'\n[tool.other]\nNAME = 'y'")
    write("b", "[[")

    ConfigLoader(
        File("a.toml", table="tool.shop"), File("c", format="json", optional=True)
    ).init_app(app)

    assert app.config["NAME"] == "x"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("a.toml", "A = 1\nB = canary", "a.toml:2", id="toml"),
        pytest.param("a.toml", 'A = "canary', "is not valid TOML", id="toml-end"),
        pytest.param("a.toml", "A = 1\nA = 'canary'", "is not valid TOML", id="twice"),
        pytest.param("a.toml", f"A = {'9' * 5000}", "is not valid TOML", id="digits"),
        pytest.param("a.toml", "A = " + "[" * 9000, "is not valid TOML", id="nested"),
        pytest.param("a.toml", b"A = 1\nB = '\xff'", "is not UTF-8", id="utf8"),
        pytest.param("a.toml", f"A={'[' * 40}1{']' * 40}", "too deeply", id="deep"),
        pytest.param("a.toml", "#" * (1024 * 1024 + 1), "larger than 1024", id="large"),
        pytest.param("a.json", '{"A": 1,\n canary', "a.json:2", id="json"),
        pytest.param("a.json", '{"A": NaN}', "is not valid JSON", id="json-nan"),
        pytest.param("a.json", "[" * 99999, "is not valid JSON", id="json-nested"),
        pytest.param("a.json", "[1]", "no table at its top level", id="json-list"),
        pytest.param("a.json", '{"A": 1, "A": 2}', "the name 'A' twice", id="json-2"),
        pytest.param("a.yaml", "A: 1\nB: [canary", "a.yaml:", id="yaml"),
        pytest.param("a.yaml", "A: 1\nA: 2", "the key 'A' twice", id="yaml-twice"),
        pytest.param("a.yaml", "A: !!int canary", "is not valid YAML", id="yaml-int"),
        pytest.param("a.yaml", "A: &a [*a]", "too deeply", id="yaml-loop"),
        pytest.param("a.yaml", "? [1]\n: 2", "is not valid YAML", id="yaml-key"),
        pytest.param("a.ini", "A=1", "none of the suffixes", id="suffix"),
        pytest.param(".env", "A_X=1\nA_canary\n", "without '='", id="env-value"),
        pytest.param(".env", "A_X='canary\n", "not a valid .env file", id="env-quote"),
    ],
)
def test_a_malformed_file_is_a_problem_without_its_text(
    problems: Problems, write: Write, name: str, content: str | bytes, message: str
) -> None:
    """The place is told, the line never quoted: it may hold a secret."""
    write(name, content)
    source: Source = File(name, optional=True)

    if name == ".env":
        source = DotEnv(prefix="A_")

    (found,) = problems(ConfigLoader(source))

    assert message in str(found)
    assert "canary" not in str(found)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param(File("no.toml"), "does not exist", id="file"),
        pytest.param(File("no.toml/x.toml"), "does not exist", id="no-folder"),
        pytest.param(File("dir.toml", optional=True), "not a regular file", id="dir"),
        pytest.param(File("a\0b.toml"), "the path is malformed", id="nul"),
        pytest.param(File("x" * 300 + ".toml"), "cannot be read: file name", id="long"),
        pytest.param(File("a.toml", table="tool.x"), "no table 'tool.x'", id="table"),
        pytest.param(DotEnv(prefix="A_", optional=False), "does not exist", id="env"),
        pytest.param(SecretsDir("no", optional=False), "does not exist", id="secrets"),
        pytest.param(SecretsDir("a.toml"), "cannot be read: not a directory", id="sd"),
        pytest.param(SecretsDir("a\0b"), "the path is malformed", id="secrets-nul"),
        pytest.param(SecretsDir("loop"), "too many levels of", id="secrets-loop"),
        pytest.param(Object("no.such"), "cannot be imported", id="module"),
        pytest.param(Object("no such"), "cannot be imported", id="name"),
        pytest.param(Object("flask_toolkit.Nix"), "cannot be imported", id="attribute"),
        pytest.param(
            Object("flask.Flsk"), "did you mean flask.Flask?", id="suggestion"
        ),
    ],
)
def test_a_source_that_cannot_be_read_is_a_problem(
    problems: Problems, write: Write, source: Source, message: str
) -> None:
    """The other sources are still read, so that all problems come at once."""
    write("a.toml", "")
    (write("dir.toml/x", "").parents[1] / "loop").symlink_to("loop")

    first, second = problems(ConfigLoader(source, Values(MAX_COOKIE_SIZE="x")))

    assert message in str(first)
    assert second.key == "MAX_COOKIE_SIZE"


def test_two_spellings_in_one_env_file_are_a_problem(
    problems: Problems, write: Write
) -> None:
    """As two variables of the environment are."""
    write(".env", "A_X=1\nA_x=2")

    (found,) = problems(ConfigLoader(DotEnv(prefix="A_")))

    assert found.message == "X and x set the same key"


def test_an_empty_text_is_no_table(app: Flask) -> None:
    """An unset variable of a compose file leaves out a table that may be None."""
    settings = ConfigLoader(_env(DB=""), schema=Nullable).init_app(app)

    assert settings.DB is None


def test_optional_sources_may_be_absent(app: Flask) -> None:
    """Absence is forgiven where it was asked for."""
    ConfigLoader(
        File("no.toml", optional=True), DotEnv(prefix="A_"), SecretsDir("no")
    ).init_app(app)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: Object({"A": 1}), id="object-mapping"),
        pytest.param(lambda: Env(""), id="prefix-empty"),
        pytest.param(lambda: Env("_"), id="prefix-bare"),
        pytest.param(lambda: Env("SHOP"), id="prefix-open"),
        pytest.param(lambda: DotEnv(prefix="SHOP"), id="dotenv"),
        pytest.param(lambda: File("a", format="ini"), id="format"),
        pytest.param(lambda: by_environment({}, variable="E"), id="no-default"),
        pytest.param(lambda: ConfigLoader(allow="A_*"), id="allow"),
    ],
)
def test_wrong_use_of_a_source_is_told_at_once(make: Callable[[], object]) -> None:
    """Mistakes in code are no problems of a configuration."""
    with pytest.raises(SetupError):
        make()


def test_a_python_file_that_raises_is_a_mistake_in_code(
    app: Flask, write: Write
) -> None:
    """It is re-raised with its place and its cause."""
    path = write("a.py", "A = 1\nB = 1 / 0")

    with pytest.raises(SetupError, match=r"a\.py:2: raised ZeroDivision") as info:
        ConfigLoader(File("a.py")).init_app(app)

    assert isinstance(info.value.__cause__, ZeroDivisionError)
    assert str(path) in str(info.value)
    write("a.py", "A = 1\nB = (")

    with pytest.raises(SetupError, match=r"a\.py:2: raised SyntaxError"):
        ConfigLoader(File("a.py")).init_app(app)


@pytest.mark.parametrize(
    ("obj", "name"),
    [
        pytest.param(Production, "production", id="class"),
        pytest.param(Production(), "production", id="instance"),
        pytest.param("conf_of_shop.Inner", "inner", id="dotted"),
        pytest.param("conf_of_shop:Inner", "inner", id="colon"),
        pytest.param("conf_of_shop", "module", id="module"),
        pytest.param(Loose, "loose", id="subclass-of-schema"),
    ],
)
def test_objects_give_their_upper_case_attributes(
    app: Flask,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    obj: object,
    name: str,
) -> None:
    """As Flask: lower-case names are ignored, base classes count."""
    path = write("conf_of_shop.py", "NAME = 'module'\nclass Inner:\n  NAME = 'inner'")
    monkeypatch.syspath_prepend(str(path.parent))

    ConfigLoader(Object(obj), schema=Settings).init_app(app)

    assert app.config["NAME"] == name
    assert "lower" not in app.config
    sys.modules.pop("conf_of_shop", None)


def test_an_import_that_fails_inside_is_not_hidden(
    app: Flask, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the module that was asked for may be missing."""
    path = write("conf_broken.py", "import no_such_module_at_all")
    monkeypatch.syspath_prepend(str(path.parent))

    with pytest.raises(ModuleNotFoundError, match="no_such_module_at_all"):
        ConfigLoader(Object("conf_broken")).init_app(app)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        pytest.param(None, "production", id="unset"),
        pytest.param("", "production", id="empty"),
        pytest.param("base", "base", id="chosen"),
        pytest.param("values", "v", id="source"),
    ],
)
def test_the_environment_chooses(
    app: Flask, monkeypatch: pytest.MonkeyPatch, value: str | None, name: str
) -> None:
    """Unset and empty mean the default, which is production."""
    choices = {"production": Production, "base": Base, "values": Values(NAME="v")}
    monkeypatch.delenv("SHOP_ENV", raising=False)

    if value is not None:
        monkeypatch.setenv("SHOP_ENV", value)

    loader = ConfigLoader(by_environment(choices, variable="SHOP_ENV"))

    assert loader.init_app(app)["NAME"] == name


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        pytest.param("prodution", "did you mean production?", id="close"),
        pytest.param("x", None, id="far"),
    ],
)
def test_an_unknown_environment_is_a_problem(
    problems: Problems, monkeypatch: pytest.MonkeyPatch, value: str, hint: str | None
) -> None:
    """The choices are listed, the nearest suggested."""
    monkeypatch.setenv("SHOP_ENV", value)
    source = by_environment({"production": Base, "test": Base}, variable="SHOP_ENV")

    (found,) = problems(ConfigLoader(source))

    assert found.message == f"expected one of production, test, got {value!r}"
    assert found.hint == hint


@pytest.mark.parametrize(
    ("sources", "db"),
    [
        pytest.param(
            [Values(DB={"a": 1, "b": {"c": 1}}), Values(DB={"b": {"d": 2}})],
            {"a": 1, "b": {"c": 1, "d": 2}},
            id="deep",
        ),
        pytest.param([Values(DB=[1]), Values(DB=[2])], [2], id="list"),
        pytest.param([Values(DB={"a": 1}), Values(DB=None)], None, id="none"),
        pytest.param([Values(DB=None), Values(DB={"a": 1})], {"a": 1}, id="over-none"),
        pytest.param(
            [_env(DB__PORT="2", DB='{"port": 1, "x": true}')],
            {"port": 2, "x": True},
            id="whole-first",
        ),
        pytest.param(
            [Values(DB={"Max-Size": 1}), _env(DB__MAX_SIZE="2")],
            {"Max-Size": 2},
            id="fold-to-lower-layer",
        ),
        pytest.param([_env(DB__Url="x")], {"Url": "x"}, id="kept"),
        pytest.param([Values(DB={1: {}, "a": ()})], {1: {}, "a": ()}, id="any-key"),
    ],
)
def test_layers_merge(app: Flask, sources: list[Source], db: object) -> None:
    """Tables merge deeply; lists and single values replace."""
    ConfigLoader(*sources).init_app(app)

    assert app.config["DB"] == db


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        pytest.param(
            [Values(X=1), Values(X={"a": 1})],
            "X: one value is there; a table cannot replace it\n  in object Values\n"
            "  hint: set before in object Values",
            id="table-over-value",
        ),
        pytest.param(
            [Values(X={"a": 1}), _env(X="7")],
            "X: a table is there; one value cannot replace it\n  in env A_X\n"
            "  hint: set before in object Values",
            id="value-over-table",
        ),
        pytest.param(
            [Values(X={}), Values(X=[])],
            "X: a table is there; one value cannot replace it\n  in object Values",
            id="list-over-table",
        ),
        pytest.param(
            [Values(X=1, x=2)], "X: X and x set the same key\n  in object", id="fold"
        ),
        pytest.param(
            [Values(X={"a-b": 1, "a_b": 2})], "'a-b' and 'a_b' set", id="fold-nested"
        ),
        pytest.param([_env(DEBUG="1", debug="0")], "A_DEBUG and A_debug", id="env"),
        pytest.param(
            [_env(NAME="x", NAME_FILE="y", SECRET_KEY="x", SECRET_KEY_FILE="y")],
            "SECRET_KEY: A_SECRET_KEY and A_SECRET_KEY_FILE set the same key",
            id="file",
        ),
        pytest.param([Values({t.cast("str", 1): 2})], "1: a key must be text", id="1"),
    ],
)
def test_layers_that_contradict_are_a_problem(
    problems: Problems, sources: list[Source], message: str
) -> None:
    """Both places are named."""
    (found,) = problems(ConfigLoader(*sources))

    assert message in str(found)


@pytest.mark.parametrize(
    ("sources", "keys"),
    [
        pytest.param([Values(NAEM=1)], ["NAEM"], id="top"),
        pytest.param([Values(DB={"prt": 1})], ["DB.prt"], id="nested"),
        pytest.param([Values(NMAE=1, HOST=1)], ["NMAE", "HOST"], id="two"),
        pytest.param([_env(NAMES="1", OTHER="1")], ["NAMES"], id="env-near"),
        pytest.param([_env(DB__HOSTS="1", DB__X="1")], ["DB.HOSTS"], id="env-nested"),
        pytest.param([Values(URI="x")], ["URI"], id="computed"),
        pytest.param([_env(URI="x")], ["URI"], id="computed-env"),
        pytest.param([Object(type("X", (), {"URI": 1}))], ["URI"], id="computed-class"),
        pytest.param([Values(DB=1)], ["DB"], id="no-table"),
        pytest.param([_env(DB="x")], ["DB"], id="no-json"),
        pytest.param([Values(DB=None)], ["DB"], id="table-none"),
        pytest.param([Values(DB=Base)], ["DB"], id="strange-class"),
    ],
)
def test_a_schema_knows_its_keys(
    problems: Problems, sources: list[Source], keys: list[str]
) -> None:
    """Unknown keys of a file or class are problems, variables only near a key."""
    found = problems(ConfigLoader(*sources, schema=Settings))

    assert [problem.key for problem in found] == keys


def test_variables_of_others_are_left_alone(app: Flask) -> None:
    """Those of Kubernetes, of Flask's own command, and allowed ones."""
    environ = {
        "FLASK_APP": "x",
        "FLASK_RUN_PORT": "1",
        "FLASK_SKIP_DOTENV": "1",
        "FLASK_REDIS_SERVICE_HOST": "10.0.0.1",
        "FLASK_REDIS_PORT_6379_TCP": "tcp://x",
        "FLASK_MAIL_PORT": "25",
        "FLASK_MAIL_PASSWORD": "1234",
    }
    before = set(app.config)

    ConfigLoader(Env("FLASK_", environ=environ), allow=["MAIL_*"]).init_app(app)

    assert set(app.config) - before == {"MAIL_PORT", "MAIL_PASSWORD"}
    assert app.config["MAIL_PORT"] == 25
    assert app.config["MAIL_PASSWORD"] == "1234"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("REDIS_SERVICE_HOST", id="service-host"),
        pytest.param("REDIS_SERVICE_PORT_HTTP", id="service-port"),
        pytest.param("REDIS_PORT_6379_TCP_ADDR", id="port-tcp"),
        pytest.param("REDIS_PORT_53_UDP", id="port-udp"),
        pytest.param("_A", id="empty-part"),
        pytest.param("SOMETHING_ELSE", id="far-from-all"),
        pytest.param("DB__ELSEWHERE", id="far-in-a-table"),
    ],
)
def test_a_variable_that_is_no_key_is_told_as_unused(app: Flask, name: str) -> None:
    """With a schema: it belongs to others, and may have been meant for us."""
    loader = ConfigLoader(_env(**{name: "tcp://10.0.0.1:80"}), schema=Settings)
    before = set(app.config)

    loader.init_app(app)

    assert set(app.config) - before == {"NAME", "HOSTS", "DB", "URI"}
    assert [str(origin) for origin in loader.loaded(app).unused] == [f"env A_{name}"]


@pytest.mark.parametrize("key", ["user_name", "User-Name", "USER_NAME", "user-name"])
@pytest.mark.parametrize("table", ["db", "DB", "Db"])
def test_names_fold_to_those_of_the_schema(app: Flask, table: str, key: str) -> None:
    """Case, and ``-`` for ``_``, in a file and in a variable."""
    variable = f"{table}__{key}".upper().replace("-", "_")

    ConfigLoader(Values({table: {key: "x"}}), schema=Settings).init_app(app)

    assert app.config["DB"]["user_name"] == "x"
    loader = ConfigLoader(_env(**{variable: "y"}), schema=Settings)
    assert loader.load().DB.user_name == "y"


def test_allowed_keys_pass_a_schema(app: Flask) -> None:
    """Globs let keys of other extensions through; JSON text is read."""
    loader = ConfigLoader(
        _env(SQLALCHEMY_ECHO="true", CACHE_TYPE="null"),
        Values(SQLALCHEMY_POOL=[1]),
        schema=Settings,
        allow=["SQLALCHEMY_*", "CACHE_TYPE"],
    )

    loader.init_app(app)

    assert app.config["SQLALCHEMY_ECHO"] is True
    assert app.config["SQLALCHEMY_POOL"] == [1]
    assert app.config["CACHE_TYPE"] is None


def test_what_stands_in_app_config_is_the_lowest_layer(app: Flask) -> None:
    """It beats defaults of the schema, is read as its types, never unknown."""
    app.config.update(NAME="code", HOSTS="a,b", OTHER=1, DB={"port": 1, "extra": 2})

    settings = ConfigLoader(Values(DB={"host": "h"}), schema=Settings).init_app(app)

    assert (settings.NAME, settings.HOSTS) == ("code", ["a", "b"])
    assert (settings.DB.port, settings.DB.host) == (1, "h")
    assert app.config["OTHER"] == 1


class Table:
    """A table that a class of settings names as a value."""

    host = "class"
    port = 7


def test_a_class_can_stand_for_a_table(app: Flask) -> None:
    """A table may be given as a class or an instance of one."""

    class Instance(Database):
        host = "instance"

    ConfigLoader(Values(DB=Database), Values(DB=Instance()), schema=Settings).init_app(
        app
    )

    assert app.config["DB"]["host"] == "instance"


def test_a_missing_yaml_package_names_the_extra(
    app: Flask, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without PyYAML only a YAML file fails, and says what to install."""
    write("a.yaml", "A: 1")
    write("a.toml", "A = 1")
    monkeypatch.setitem(sys.modules, "yaml", None)
    ConfigLoader(File("a.toml")).init_app(app)

    with pytest.raises(MissingExtraError, match=r"flask-toolkit\[yaml\]"):
        ConfigLoader(File("a.yaml")).load(app.root_path)


def test_a_missing_dotenv_package_names_the_extra(
    app: Flask, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without python-dotenv an absent .env is still fine."""
    monkeypatch.setitem(sys.modules, "dotenv.parser", None)
    loader = ConfigLoader(DotEnv(prefix="A_"))
    loader.load(app.root_path)
    write(".env", "A_X=1")

    with pytest.raises(MissingExtraError, match=r"flask-toolkit\[dotenv\]"):
        loader.init_app(app)


def test_reading_changes_no_environment(app: Flask, write: Write) -> None:
    """A .env file never reaches ``os.environ``."""
    write(".env", "A_X=1")
    before = dict(os.environ)

    ConfigLoader(DotEnv(prefix="A_")).init_app(app)

    assert dict(os.environ) == before
    assert app.config["X"] == 1


def test_sources_have_a_repr_without_values() -> None:
    """A loader in a traceback tells its sources, never a value."""
    loader = ConfigLoader(
        Object(Base),
        Object("a.b"),
        Values({"A": "canary"}),
        File("a.toml"),
        Env("A_", environ={"A_X": "canary"}),
        DotEnv(prefix="A_"),
        SecretsDir(),
        by_environment({"production": Base}, variable="E"),
        FileFromEnv("A_FILE"),
    )

    assert "canary" not in repr(loader)
    assert repr(loader) == (
        "<ConfigLoader Object('Base'), Object('a.b'), Values(A), File('a.toml'),"
        " Env('A_'), DotEnv('.env', prefix='A_'), SecretsDir('/run/secrets'),"
        " by_environment(production), FileFromEnv('A_FILE')>"
    )


class Private:
    """A schema that is its own source, with more in it than keys."""

    _CACHE: t.ClassVar[dict[str, int]] = {}
    TYPE_CHECKING = t.TYPE_CHECKING
    PORT: int = 1


class Public:
    """The schema of a file."""

    PORT: int = 0


def test_private_names_are_no_keys(app: Flask, write: Write) -> None:
    """The schema skips them, so its own attributes are no unknown keys."""
    write("settings.py", "from typing import TYPE_CHECKING\n_CACHE = {}\nPORT = 2\n")

    assert ConfigLoader(Object(Private), schema=Public).init_app(app).PORT == 1
    assert (
        ConfigLoader(File("settings.py"), schema=Public).load(app.root_path).PORT == 2
    )
    assert "_CACHE" not in app.config


def test_what_chooses_a_source_is_no_key(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``SHOP_ENV`` is not the ENV that Flask had once, nor a key of its own."""
    monkeypatch.setenv("SHOP_ENV", "production")
    monkeypatch.setenv("SHOP_PORT", "2")
    chosen = by_environment({"production": Values(HOST="h")}, variable="SHOP_ENV")

    ConfigLoader(chosen, Env("SHOP_")).init_app(app)

    assert (app.config["HOST"], app.config["PORT"]) == ("h", 2)
    assert "ENV" not in app.config


def test_a_variable_that_another_source_reads_is_used(app: Flask) -> None:
    """One prefix may begin with the other."""
    environ = {"SHOP_PORT": "1", "SHOP_ADMIN_PORT": "2", "SHOP_ADMIN_X": "3"}
    sources = (Env("SHOP_", environ=environ), Env("SHOP_ADMIN_", environ=environ))
    loader = ConfigLoader(*sources, schema=Public)

    assert loader.init_app(app).PORT == 2
    assert {place.name for place in loader.loaded(app).unused} == {"SHOP_ADMIN_X"}


def test_what_is_no_secret_in_a_folder_of_secrets_is_left_alone(
    app: Flask, write: Write
) -> None:
    """Folders and hidden files come with a file system or a checkout."""
    write("secrets/API_TOKEN", "t")
    write("secrets/.gitkeep", "")
    write("secrets/lost+found/x", "")
    loader = ConfigLoader(SecretsDir("secrets"))
    loader.init_app(app)

    assert loader.settings_of(app) == {"API_TOKEN": "t"}
    assert [o.name for o in loader.loaded(app).unused] == ["secrets/lost+found"]
