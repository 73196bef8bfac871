"""``flask toolkit config``: every value, and where it came from."""

import enum
import json
import subprocess
import typing as t
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo

from flask_toolkit import JWT
from flask_toolkit.cli import toolkit
from flask_toolkit.config import ConfigLoader
from flask_toolkit.config import DotEnv
from flask_toolkit.config import Env
from flask_toolkit.config import File
from flask_toolkit.config import Secret
from flask_toolkit.config import SecretsDir
from flask_toolkit.config import Values

Run = Callable[..., subprocess.CompletedProcess[str]]

KEY = "vT3-qLx9_Rw2cYb7NfKe5JmHs8PdUaZg"
VARIABLES = {"SHOP_SECRET_KEY": KEY, "SHOP_DB__PORT": "6000", "SHOP_NOTHING": "1"}


class Colour(enum.Enum):
    """A choice."""

    RED = 1


class Database:
    """A table."""

    host: str = "localhost"
    port: int = 5432
    password: t.Annotated[str, Secret] = "hunter2"


class Settings:
    """A schema with a default of each kind."""

    SECRET_KEY: t.Annotated[str, Secret, "Signs the cookies"]
    DB: Database
    PAGE_SIZE: t.Annotated[int, "Rows on one page"] = 20
    OPEN: bool = True
    KEEP: timedelta = timedelta(minutes=5)
    COLOUR: Colour = Colour.RED
    HOSTS: t.Annotated[list[str], "Who may ask"] = ["a b", "c"]  # noqa: RUF012  # a schema
    LIMITS: dict[str, int] = {"a": 1}  # noqa: RUF012  # a schema
    MOTTO: str = "it's # 1"
    NOTE: str | None = None
    SALT_BYTES: bytes = b"salt"
    TITLE: bytes = b"Shop"


@pytest.fixture(name="shop")
def _shop(tmp_path: Path) -> Callable[[], Flask]:
    (tmp_path / "settings.toml").write_text('[DB]\nhost = "db"\nport = 5433\n')

    def create_app() -> Flask:
        app = Flask("shop", root_path=str(tmp_path))
        loader = ConfigLoader(
            File("settings.toml"),
            SecretsDir("secrets"),
            Env("SHOP_", environ=VARIABLES),
            schema=Settings,
        )
        loader.init_app(app)
        return app

    return create_app


def _ask(
    create_app: Callable[[], Flask], *arguments: str, color: bool = False
) -> t.Any:
    obj = ScriptInfo(create_app=create_app)
    return CliRunner().invoke(toolkit, ["config", *arguments], obj=obj)


def test_what_is_set_is_listed_with_its_places(shop: Callable[[], Flask]) -> None:
    """The winner, and what it replaced; secrets are masked."""
    done = _ask(shop)

    assert done.stdout == (
        "KEY         VALUE     FROM                 OVER\n"
        "DB.host     db        settings.toml:2      default Database\n"
        "DB.port     6000      env SHOP_DB__PORT    settings.toml:3,default Database\n"
        "SECRET_KEY  ********  env SHOP_SECRET_KEY  -\n"
    )
    assert done.exit_code == 0


def test_defaults_are_shown_where_they_are_asked_for(shop: Callable[[], Flask]) -> None:
    """Those of Flask, of the schema, and of the parts that are attached."""

    def create_app() -> Flask:
        app = shop()
        app.config["SHOP_OWN"] = "x"
        JWT(name="partner").announce(app)
        JWT().init_app(app)
        return app

    rows = {
        one["key"]: one
        for one in json.loads(_ask(create_app, "--all", "--json").stdout)
    }

    assert rows["PAGE_SIZE"]["from"] == "default Settings"
    assert rows["SESSION_COOKIE_NAME"]["from"] == "flask default"
    assert rows["TOOLKIT_JWT_CSRF"] == {
        "key": "TOOLKIT_JWT_CSRF",
        "value": "True",
        "from": "default JWTSettings",
        "over": [],
    }
    assert rows["SHOP_OWN"]["from"] == "code app.config"
    assert not {key for key in rows if key.startswith("TOOLKIT_PARTNER_")}


@pytest.mark.parametrize(
    ("key", "keys"),
    [
        ("DB", ["DB.host", "DB.password", "DB.port"]),
        ("DB.port", ["DB.port"]),
        ("page", ["PAGE_SIZE"]),
        ("NOWHERE", []),
    ],
)
def test_a_key_or_a_prefix_filters(
    shop: Callable[[], Flask], key: str, keys: list[str]
) -> None:
    """What is named is shown even at its default."""
    rows = json.loads(_ask(shop, key, "--json").stdout)

    assert [row["key"] for row in rows] == keys


def test_only_overridden_keys(shop: Callable[[], Flask]) -> None:
    """Whatever several sources set; a default of Flask tells nothing."""
    rows = json.loads(_ask(shop, "--overridden", "--json").stdout)

    assert {row["key"]: row["over"] for row in rows} == {
        "DB.host": ["default Database"],
        "DB.port": ["settings.toml:3", "default Database"],
    }


def test_the_sources_are_listed(shop: Callable[[], Flask]) -> None:
    """The weakest first; an optional one that is not there is told."""
    done = _ask(shop, "--sources")

    assert done.stdout == (
        "SOURCE                 STATE\n"
        "File('settings.toml')  1 values\n"
        "SecretsDir('secrets')  absent\n"
        "Env('SHOP_')           3 values\n"
    )


def test_overrides_are_a_source() -> None:
    """The strongest, without its values."""

    def create_app() -> Flask:
        app = Flask("shop")
        ConfigLoader(Values(A=1)).init_app(app, {"PASSWORD": "hunter2"})
        return app

    rows = json.loads(_ask(create_app, "--sources", "--json").stdout)
    assert rows == [
        {"source": "Values(A)", "state": "1 values"},
        {"source": "Values(PASSWORD)", "state": "1 values"},
    ]


def test_variables_without_effect_are_listed(shop: Callable[[], Flask]) -> None:
    """With the reason and what to do."""
    rows = json.loads(_ask(shop, "--unused", "--json").stdout)

    assert {
        "variable": "env SHOP_NOTHING",
        "why": "SHOP_NOTHING matches no key.",
        "hint": "Look for a slip of the pen, or take it away.",
    } in rows


def test_an_example_can_be_copied(shop: Callable[[], Flask], tmp_path: Path) -> None:
    """Help and defaults; what is required is empty; filled in, it loads the same."""
    text = _ask(shop, "--example").stdout

    assert "# Signs the cookies, required\nSHOP_SECRET_KEY=\n" in text
    assert "#SHOP_DB__PASSWORD=\n" in text
    assert "hunter2" not in text
    assert "# Rows on one page\n#SHOP_PAGE_SIZE=20\n" in text

    lines = [line for line in text.splitlines() if "PASSWORD" not in line]
    lines = [line[1:] if line.startswith("#SHOP") else line for line in lines]
    filled = "\n".join(lines).replace("SECRET_KEY=", f"SECRET_KEY={KEY}")
    filled = filled.replace("SHOP_SALT_BYTES=\n", "")
    (tmp_path / ".env").write_text(filled)
    loader = ConfigLoader(DotEnv(prefix="SHOP_", optional=False), schema=Settings)
    settings = loader.load(tmp_path)

    for name in (
        "PAGE_SIZE",
        "OPEN",
        "KEEP",
        "COLOUR",
        "HOSTS",
        "LIMITS",
        "MOTTO",
        "TITLE",
    ):
        assert getattr(settings, name) == getattr(Settings, name), name


@pytest.mark.parametrize(
    "loader",
    [
        pytest.param(ConfigLoader(schema=Database), id="no variables"),
        pytest.param(ConfigLoader(Env("SHOP_", environ={})), id="no schema"),
    ],
)
def test_an_example_needs_schema_and_variables(loader: ConfigLoader[t.Any]) -> None:
    """What cannot be written is told."""

    class Plain:
        PAGE_SIZE = 20

    def create_app() -> Flask:
        app = Flask("shop")
        schema = Plain if loader.schema else None
        made = ConfigLoader(*loader.sources, schema=schema) if schema else loader
        made.init_app(app)
        return app

    done = _ask(create_app, "--example")

    assert done.exit_code == 1
    assert "An example needs a loader with a schema" in done.stderr


def test_an_example_is_no_json(shop: Callable[[], Flask]) -> None:
    """It is a file of variables, and says so instead of printing one."""
    done = _ask(shop, "--example", "--json")

    assert done.exit_code == 2
    assert "--example is a file of variables" in done.stderr


@pytest.mark.parametrize("option", ["--sources", "--unused", "--example"])
def test_without_a_loader_there_is_nothing_to_tell(option: str) -> None:
    """The list itself works: values have no places but those of code and Flask."""
    done = _ask(lambda: Flask("shop"), option)

    assert done.exit_code == 1
    assert "No ConfigLoader has loaded the configuration of shop." in done.stderr


def test_an_application_without_a_loader_is_listed() -> None:
    """Secrets are masked by their names."""

    def create_app() -> Flask:
        app = Flask("shop")
        app.config.update(SECRET_KEY=KEY, PAGE_SIZE=3)
        return app

    assert _ask(create_app).stdout == (
        "KEY         VALUE     FROM\n"
        "PAGE_SIZE   3         code app.config\n"
        "SECRET_KEY  ********  code app.config\n"
    )


def test_secrets_need_a_terminal_or_a_word(
    shop: Callable[[], Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would stay in a file or in the log of a build."""
    done = _ask(shop, "--show-secrets")
    assert done.exit_code == 2
    assert KEY not in done.output

    assert KEY in _ask(shop, "--show-secrets", "--yes").stdout

    monkeypatch.setattr("flask_toolkit.cli._config.is_terminal", lambda: True)
    assert KEY in _ask(shop, "--show-secrets").stdout


def test_secrets_of_parts_and_code_can_be_shown() -> None:
    """Also where no loader was."""

    def create_app() -> Flask:
        app = Flask("shop")
        app.config.update(SECRET_KEY=KEY)
        JWT().init_app(app)
        return app

    shown = _ask(create_app, "--show-secrets", "--yes", "--all").stdout

    assert KEY in shown
    assert KEY not in _ask(create_app, "--all").stdout


def test_one_question_at_a_time(shop: Callable[[], Flask]) -> None:
    """Contradicting options are wrong use."""
    assert _ask(shop, "--sources", "--unused").exit_code == 2


def test_a_narrow_terminal_cuts_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and places stay whole; in a pipe nothing is cut."""

    def create_app() -> Flask:
        app = Flask("shop")
        app.config.update(MOTTO="x" * 100)
        return app

    assert "x" * 100 in _ask(create_app).stdout

    monkeypatch.setattr("flask_toolkit.cli._listing.is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    lines = _ask(create_app).stdout.splitlines()

    assert max(map(len, lines)) == 80
    assert lines[1].startswith("MOTTO  xxx")
    assert lines[1].endswith("xxx...  code app.config")


def test_a_value_cannot_write_to_the_terminal() -> None:
    """Control characters are escaped; JSON does so by itself."""

    def create_app() -> Flask:
        app = Flask("shop")
        app.config.update(MOTTO="\x1b[31m")
        return app

    assert "\x1b" not in _ask(create_app).stdout
    [row] = json.loads(_ask(create_app, "--json").stdout)
    assert row["value"] == "\x1b[31m"


def test_a_changed_value_is_listed_as_code(shop: Callable[[], Flask]) -> None:
    """Above what was loaded; a key that was deleted is gone."""

    def create_app() -> Flask:
        app = shop()
        app.config["DB"]["port"] = 7
        return app

    [row] = json.loads(_ask(create_app, "DB.port", "--json").stdout)
    assert (row["value"], row["from"]) == ("7", "code app.config")


def test_an_option_of_a_part_is_its_place() -> None:
    """A constructor argument is no setting of the deployment."""
    from flask_toolkit import LoginGuard

    def create_app() -> Flask:
        app = Flask("shop")
        LoginGuard(app, login_view="sign_in")
        return app

    [row] = json.loads(_ask(create_app, "TOOLKIT_GUARD_LOGIN_VIEW", "--json").stdout)
    assert (row["value"], row["from"]) == ("sign_in", "option guard(login_view=)")


def test_the_real_command(run: Run, folder: Path) -> None:
    """From the entry point."""
    (folder / "shop.py").write_text(
        "from flask import Flask\n"
        "from flask_toolkit.config import ConfigLoader, Env\n"
        "app = Flask('shop')\n"
        "ConfigLoader(Env('SHOP_')).init_app(app)\n"
    )

    done = run("-m", "flask", "--app", "shop", "toolkit", "config", SHOP_PAGE_SIZE="3")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "KEY        VALUE  FROM\nPAGE_SIZE  3      env SHOP_PAGE_SIZE\n"
    )
