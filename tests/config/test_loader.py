"""The loader on an application: components, origins, life cycle."""

# ruff: noqa: RUF012  # a schema may have such defaults

import gc
import os
import subprocess
import sys
import typing as t
import weakref
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from flask_toolkit import config
from flask_toolkit._extension import Extension
from flask_toolkit._origins import Provenance
from flask_toolkit.config import ConfigError
from flask_toolkit.config import ConfigLoader
from flask_toolkit.config import ConfigProblem
from flask_toolkit.config import Env
from flask_toolkit.config import File
from flask_toolkit.config import generate_secret_key
from flask_toolkit.config import Layer
from flask_toolkit.config import LoadedConfig
from flask_toolkit.config import Origin
from flask_toolkit.config import Secret
from flask_toolkit.config import SecretsDir
from flask_toolkit.config import Values
from flask_toolkit.config._report import rows
from flask_toolkit.errors import SetupError

Problems = Callable[[ConfigLoader[t.Any]], list[ConfigProblem]]
Write = Callable[[str, str | bytes], Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class OvenSettings:
    """Settings of an oven."""

    heat: int
    rest: timedelta = timedelta(seconds=1)
    code: str | None = field(default=None, repr=False)
    token_size: int = 16

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield what does not fit together."""
        if self.heat > 300:
            yield "heat", "at most 300"


class Oven(Extension[OvenSettings], component="confoven"):
    """A component that the loader knows without importing it."""


class Database:
    """A table."""

    host: str = "localhost"
    port: int = 5432
    password: t.Annotated[str, Secret] = "none"


class Settings:
    """A schema."""

    DB: Database
    PAGE_SIZE: int = 20


PREFIX = "A_TOOLKIT_CONFOVEN_"


def _env(**environ: str) -> Env:
    return Env("A_", environ={f"A_{key}": value for key, value in environ.items()})


def test_a_component_gets_its_settings_typed(app: Flask) -> None:
    """A variable arrives at the component as the type of its field."""
    environ = {f"{PREFIX}HEAT": "200", f"{PREFIX}REST": "30m"}
    ConfigLoader(Env("A_", environ=environ), schema=Settings).init_app(app)
    oven = Oven(app)

    assert app.config["TOOLKIT_CONFOVEN_REST"] == timedelta(minutes=30)
    assert oven.settings_of(app) == OvenSettings(heat=200, rest=timedelta(minutes=30))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(
            {"TOOLKIT_CONFOVEN_HAET": "1"},
            "TOOLKIT_CONFOVEN_HAET: unknown key\n  in env A_TOOLKIT_CONFOVEN_HAET\n"
            "  hint: did you mean TOOLKIT_CONFOVEN_HEAT?",
            id="typo",
        ),
        pytest.param(
            {"TOOLKIT_CONFOVEN_XYZ": "1"},
            "TOOLKIT_CONFOVEN_XYZ: unknown key\n  in env A_TOOLKIT_CONFOVEN_XYZ",
            id="unknown",
        ),
        pytest.param(
            {"TOOLKIT_CONFOVN_HEAT": "1"},
            "TOOLKIT_CONFOVN_HEAT: unknown key\n  in env A_TOOLKIT_CONFOVN_HEAT\n"
            "  hint: did you mean TOOLKIT_CONFOVEN_HEAT?",
            id="typo-of-the-component",
        ),
        pytest.param(
            {"TOOLKIT_CONFOVEN_HEAT": "hot"},
            "TOOLKIT_CONFOVEN_HEAT: expected an integer, got 'hot'\n"
            "  in env A_TOOLKIT_CONFOVEN_HEAT",
            id="type",
        ),
        pytest.param(
            {"TOOLKIT_CONFIG_SECRET_NAMES": "a,,b"},
            "TOOLKIT_CONFIG_SECRET_NAMES: expected a list\n"
            "  in env A_TOOLKIT_CONFIG_SECRET_NAMES\n"
            "  hint: two commas have nothing between them",
            id="own",
        ),
    ],
)
def test_a_declared_component_is_checked_at_load(
    problems: Problems, values: dict[str, str], expected: str
) -> None:
    """Also one that this application may never attach."""
    (found,) = problems(ConfigLoader(_env(**values)))

    assert str(found) == expected


def test_a_number_of_a_component_is_shown_despite_its_name(app: Flask) -> None:
    """``repr=False`` hides, a word in the name of a number does not."""
    loader = ConfigLoader(
        _env(TOOLKIT_CONFOVEN_TOKEN_SIZE="32", TOOLKIT_CONFOVEN_CODE="canary")
    )
    loader.init_app(app)
    explain = loader.loaded(app).explain

    assert explain("TOOLKIT_CONFOVEN_CODE")[0][1] == "'********'"
    assert explain("TOOLKIT_CONFOVEN_TOKEN_SIZE")[0][1] == "32"


def test_a_key_of_a_stranger_waits_for_its_component(app: Flask) -> None:
    """Far from every known key it is kept as text, for a later bind."""
    loader = ConfigLoader(
        _env(TOOLKIT_LATECOMER_SIZE="5"), Values(TOOLKIT_LATECOMER_ON=True)
    )
    loader.init_app(app)
    assert app.config["TOOLKIT_LATECOMER_SIZE"] == "5"

    @dataclass(frozen=True)
    class LateSettings:
        size: int = 0
        on: bool = False

    class Late(Extension[LateSettings], component="latecomer"):
        pass

    assert Late(app).settings_of(app) == LateSettings(5, on=True)


def test_a_table_of_a_stranger_is_kept(app: Flask) -> None:
    """Nothing tells that it is a table of settings."""
    ConfigLoader(Values(TOOLKIT_STRANGERS={"a": 1})).init_app(app)

    assert app.config["TOOLKIT_STRANGERS"] == {"a": 1}


def test_announced_components_are_tried(app: Flask, write: Write) -> None:
    """Missing values and broken rules come with the problems of the load."""
    write("a.toml", "PAGE_SIZE = 'x'\n\nTOOLKIT_CONFOVEN_HEAT = 999")
    Oven().announce(app)
    Oven(name="confgrill").announce(app)
    loader = ConfigLoader(File("a.toml"), schema=Settings)

    with pytest.raises(ConfigError) as info:
        loader.init_app(app)

    assert [str(problem) for problem in info.value.problems] == [
        "PAGE_SIZE: expected an integer, got 'x'\n  in a.toml:1",
        "TOOLKIT_CONFOVEN_HEAT: at most 300\n  in a.toml:3",
        "TOOLKIT_CONFGRILL_HEAT: required; it is not set",
    ]


def test_an_announced_component_has_one_problem_a_mistake(app: Flask) -> None:
    """A bad value is not reported as missing as well."""
    Oven().announce(app)

    with pytest.raises(ConfigError) as info:
        ConfigLoader(_env(TOOLKIT_CONFOVEN_HEAT="hot")).init_app(app)

    assert len(info.value.problems) == 1


@pytest.mark.parametrize(
    ("table", "key"),
    [
        pytest.param("toolkit.confoven", "TOOLKIT", id="nested"),
        pytest.param("TOOLKIT_CONFOVEN", "TOOLKIT_CONFOVEN", id="flat"),
    ],
)
def test_a_table_for_a_component_is_a_problem(
    problems: Problems, write: Write, table: str, key: str
) -> None:
    """One spelling a key: it can be searched for."""
    write("a.toml", f"[{table}]\nheat = 1")

    (found,) = problems(ConfigLoader(File("a.toml")))

    assert found.key == key
    assert found.hint == "write TOOLKIT_CONFOVEN_HEAT"


def test_a_late_loader_is_refused(app: Flask) -> None:
    """What a component has read cannot be loaded any more."""
    Oven(heat=1).init_app(app)

    with pytest.raises(SetupError, match="'confoven' was initialised before"):
        ConfigLoader().init_app(app)


def test_a_second_load_is_refused(app: Flask) -> None:
    """A new configuration is a new application."""
    loader = ConfigLoader()
    loader.init_app(app)

    with pytest.raises(SetupError, match="has its configuration already"):
        loader.init_app(app)


def test_a_corrected_load_may_be_tried_again(app: Flask) -> None:
    """A load with problems leaves nothing behind."""
    with pytest.raises(ConfigError):
        ConfigLoader(Values(DEBUG="x")).init_app(app)

    ConfigLoader(Values(DEBUG=True)).init_app(app)

    assert app.debug is True


def test_overrides_are_the_strongest_layer(app: Flask) -> None:
    """Tests override single leaves, checked as any other layer."""
    loader = ConfigLoader(_env(DB__HOST="env", DB__PORT="1"), schema=Settings)

    settings = loader.init_app(app, {"DB": {"port": 2}})

    assert (settings.DB.host, settings.DB.port) == ("env", 2)
    assert loader.loaded(app).explain("DB.port")[0][0] == Origin(
        "override", "overrides"
    )

    with pytest.raises(ConfigError, match="in override overrides"):
        loader.init_app(Flask("other"), {"DB": {"prot": 2}})


def test_two_apps_share_a_loader_and_nothing_else(app: Flask) -> None:
    """Each application has its own values."""
    other = Flask("other")
    loader = ConfigLoader(Values(DB={"host": "h"}), schema=Settings)

    first = loader.init_app(app)
    second = loader.init_app(other, {"PAGE_SIZE": 5})

    assert (loader.settings_of(app), loader.settings_of(other)) == (first, second)
    assert (first.PAGE_SIZE, second.PAGE_SIZE) == (20, 5)
    assert first.DB is not second.DB


def test_settings_before_the_load_are_refused(app: Flask) -> None:
    """A forgotten ``init_app`` says so."""
    with pytest.raises(SetupError, match="No configuration was loaded for 'shop'"):
        ConfigLoader().settings_of(app)


def test_no_context_is_needed(app: Flask) -> None:
    """Settings are there outside of any request."""
    loader = ConfigLoader(schema=Settings)
    loader.init_app(app)

    assert loader.settings_of(app).PAGE_SIZE == 20


def test_a_freed_app_leaves_nothing(write: Write) -> None:
    """Neither loader nor kernel keeps an application alive."""
    path = write("a.toml", "PAGE_SIZE = 3")
    loader = ConfigLoader(File("a.toml"), schema=Settings)
    app = Flask("short", root_path=str(path.parent))
    loader.init_app(app)
    seen = weakref.ref(app)

    del app
    gc.collect()

    assert seen() is None


def test_values_set_before_keep_their_identity(app: Flask) -> None:
    """Whoever holds a list of ``app.config`` goes on holding it."""
    held = app.config["HELD"] = [1]

    ConfigLoader(Values(A=1)).init_app(app)

    assert app.config["HELD"] is held


def test_a_script_needs_no_app(write: Write) -> None:
    """``load`` gives the same settings to Alembic or a worker."""
    path = write("a.toml", "PAGE_SIZE = 3\nSECRET_KEY = 'x'")

    settings = ConfigLoader(File("a.toml"), schema=Settings).load(path.parent)

    assert settings.PAGE_SIZE == 3
    assert ConfigLoader(Values(A=1)).load() == {"A": 1}


def test_a_script_gets_all_problems_too() -> None:
    """As an application does."""
    loader = ConfigLoader(Env("A_", environ={"A_DEBUG": "x", "A_TESTING": "y"}))

    with pytest.raises(ConfigError, match="2 problems"):
        loader.load()


def test_without_a_schema_the_settings_are_what_was_loaded(app: Flask) -> None:
    """Defaults of Flask and what code set before are no part of it."""
    app.config["BEFORE"] = 1

    loaded = ConfigLoader(_env(DEBUG="1", DB__PORT="1")).init_app(app)

    assert loaded == {"DEBUG": True, "DB": {"PORT": 1}}


def test_the_kernel_finds_loaded_config_and_origins(app: Flask) -> None:
    """Other rooms read both from ``app.extensions``."""
    loader = ConfigLoader(Values(DB={"host": "h"}), schema=Settings)
    loader.init_app(app)

    assert isinstance(app.extensions["toolkit.config"], LoadedConfig)
    assert app.extensions["toolkit.config"] is loader.loaded(app)
    assert isinstance(app.extensions["toolkit.origins"], Provenance)
    assert repr(loader.loaded(app)) == "<LoadedConfig of 31 keys>"


def test_each_leaf_tells_where_it_came_from(app: Flask, write: Write) -> None:
    """The winner first, then what it overrode, with the lines of files."""
    write("a.toml", "# x\n[db]\nport = 1\nhost = 'a'")
    write("secret", "canary\n")
    loader = ConfigLoader(
        File("a.toml"),
        _env(DB__PORT="2", DB__PASSWORD_FILE="secret"),
        schema=Settings,
    )
    loader.init_app(app)
    explain = loader.loaded(app).explain

    assert [(str(place), value) for place, value in explain("DB.port")] == [
        ("env A_DB__PORT", "2"),
        ("a.toml:3", "1"),
        ("default Database", "5432"),
    ]
    assert [str(place) for place, _ in explain("DB")][3:5] == [
        "a.toml:4",
        "default Database",
    ]
    ((place, value), _) = explain("DB.password")
    assert (place.kind, value) == ("secret", "'********'")
    assert explain("DEBUG") == [(Origin("flask", "default"), "False")]
    assert explain("NO") == []


def test_a_changed_value_is_told(app: Flask) -> None:
    """What code changed since stands above what was loaded."""
    loader = ConfigLoader(Values(A=1, B=[1], DB={"port": 1}))
    loader.init_app(app)
    app.config["A"] = True
    app.config["DB"] = {"port": 2}
    del app.config["B"]
    explain = loader.loaded(app).explain

    assert explain("A") == [
        (Origin("code", "app.config"), "True"),
        (Origin("object", "Values"), "1"),
    ]
    assert explain("DB")[0] == (Origin("code", "app.config"), "2")
    assert explain("B") == [(Origin("object", "Values"), "[1]")]


def test_a_replaced_table_leaves_no_leaf(app: Flask) -> None:
    """After ``None`` the leaves of the table are gone."""
    loader = ConfigLoader(Values(DB={"port": 1}), Values(DB=None))
    loader.init_app(app)

    assert loader.loaded(app).explain("DB") == [(Origin("object", "Values"), "None")]


def test_redacted_masks_by_marker_name_origin_and_shape(
    app: Flask, write: Write
) -> None:
    """Everything else stays readable."""
    write("run/MAIL_USER", "canary")
    loader = ConfigLoader(
        SecretsDir("run"),
        Values(
            DB={"password": "canary"},
            SECRET_KEY="canary",
            EXTRA={
                "token": "canary",
                "list": [{"pwd": "canary"}],
                "url": "a://b:canary@c",
            },
            MY_PEM="-----BEGIN PRIVATE KEY-----canary",
            STAFF_CODE="canary",
            HIDDEN_TOKEN=7,
            KEYCLOAK_URL="https://id",
            TOOLKIT_CONFIG_SECRET_NAMES=["code"],
            TOOLKIT_CONFIG_PUBLIC_NAMES=["HIDDEN_TOKEN", "SECRET_KEY"],
        ),
        schema=Settings,
        allow=["*"],
    )
    loader.init_app(app)

    redacted = loader.loaded(app).redacted()

    assert "canary" not in repr(redacted)
    assert redacted["MAIL_USER"] == "********"
    assert redacted["HIDDEN_TOKEN"] == 7
    assert redacted["KEYCLOAK_URL"] == "https://id"
    assert redacted["DB"]["host"] == "localhost"
    assert "canary" not in repr(loader.loaded(app).explain("STAFF_CODE"))


def test_own_sources_need_one_method(app: Flask) -> None:
    """Anything with ``read`` is a source, a vault for example."""

    class Vault:
        def read(self, base: Path) -> Layer:
            place = Origin("secret", "vault")
            return Layer(
                {"DB": {"password": "canary"}}, text=False, origin=lambda _: place
            )

    loader = ConfigLoader(Vault(), schema=Settings)

    assert loader.init_app(app).DB.password == "canary"
    assert loader.loaded(app).redacted()["DB"]["password"] == "********"


def test_a_load_from_variables_imports_no_parser() -> None:
    """Whoever reads variables pays for no file format."""
    code = (
        "import sys; from flask_toolkit.config import *;"
        "ConfigLoader(Env('A_', environ={'A_B': '1'})).load();"
        "print(*{'yaml', 'dotenv', 'tomllib'} & set(sys.modules))"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=env,
    )

    assert done.stdout.strip() == ""


def test_a_generated_key_is_long_and_new() -> None:
    """256 bits by default."""
    assert len(generate_secret_key()) == 43
    assert len({generate_secret_key(8) for _ in range(50)}) == 50


def test_the_settings_of_the_loader_come_when_asked_for() -> None:
    """A script that sets none of them does not load their class."""
    assert config.ConfigSettings is vars(config._settings)["ConfigSettings"]

    with pytest.raises(AttributeError, match="has no attribute 'Loader'"):
        config.Loader  # noqa: B018  # the access is the test


class Nothing:
    """A table without a required field."""

    a: int = 0


class Empty:
    """Tables that hold nothing."""

    MAYBE: Nothing | None = None
    ANY: dict[str, int] = {}
    MANY: dict[str, Nothing] = {}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({}, ["default Empty"], id="default"),
        pytest.param({"ANY": {}, "MANY": {}}, ["object Values"], id="empty"),
        pytest.param(
            {"ANY": {"a": 1}, "MANY": {"a": {"a": 1}}}, ["object Values"], id="full"
        ),
    ],
)
def test_a_table_that_holds_nothing_has_a_place(
    app: Flask, values: dict[str, t.Any], expected: list[str]
) -> None:
    """It came from a source or a default, and from no code that nobody wrote."""
    loader = ConfigLoader(Values(values), schema=Empty)
    loader.init_app(app)
    loaded = loader.loaded(app)

    assert [str(o) for o, _ in loaded.explain("MAYBE")] == ["default Empty"]
    assert [str(loaded.explain(key)[0][0]) for key in ("ANY", "MANY")] == expected * 2
    assert "code app.config" not in [row.origin for row in rows(app)]
