"""The types of the configuration, as users see them; checked, never run."""

import dataclasses
import typing as t
from pathlib import Path
from typing import assert_type

from flask import Flask

from flask_toolkit.config import by_environment
from flask_toolkit.config import ConfigLoader
from flask_toolkit.config import ConfigSettings
from flask_toolkit.config import Constraint
from flask_toolkit.config import DotEnv
from flask_toolkit.config import Env
from flask_toolkit.config import File
from flask_toolkit.config import FileFromEnv
from flask_toolkit.config import generate_secret_key
from flask_toolkit.config import Layer
from flask_toolkit.config import LoadedConfig
from flask_toolkit.config import Object
from flask_toolkit.config import Origin
from flask_toolkit.config import RedactedConfig
from flask_toolkit.config import Secret
from flask_toolkit.config import SecretsDir
from flask_toolkit.config import Source
from flask_toolkit.config import Values
from flask_toolkit.config.checks import check
from flask_toolkit.config.checks import CheckInfo
from flask_toolkit.config.checks import Finding
from flask_toolkit.config.checks import known_checks
from flask_toolkit.config.checks import Level
from flask_toolkit.config.checks import run_checks


class Database:
    port: t.Annotated[int, Constraint(lambda n: 0 < n < 65536, "1-65535")] = 5432
    password: t.Annotated[str, Secret]


class Settings:
    DB: Database
    PAGE_SIZE: int = 20


@dataclasses.dataclass(frozen=True)
class Frozen:
    PAGE_SIZE: int = 20


class Typed(t.TypedDict):
    PAGE_SIZE: int


class Vault:
    def read(self, base: Path) -> Layer | None:
        return None


class NoSource:
    pass


app = Flask(__name__)
loader = ConfigLoader(File("a.toml"), Env("SHOP_"), schema=Settings)
assert_type(loader, ConfigLoader[Settings])
assert_type(loader.init_app(app), Settings)
assert_type(loader.init_app(app, {"PAGE_SIZE": 5}).DB.port, int)
assert_type(loader.settings_of(app).DB.password, str)
assert_type(loader.loaded(app), LoadedConfig[Settings])
assert_type(loader.loaded(app).files, tuple[Path, ...])
assert_type(loader.loaded(app).explain("DB"), list[tuple[Origin, str]])
assert_type(loader.loaded(app).redacted(), dict[str, t.Any])
assert_type(ConfigLoader(schema=Frozen).load(), Frozen)
assert_type(ConfigLoader(schema=Typed).load("x")["PAGE_SIZE"], int)
assert_type(ConfigLoader(Values(A=1)).load(), dict[str, t.Any])
assert_type(generate_secret_key(), str)

sources: list[Source] = [
    Object(Settings),
    Object("shop.settings"),
    Values({"A": 1}, B=2),
    File(Path("a.toml"), optional=True, format="toml", table="tool.shop"),
    FileFromEnv("SHOP_SETTINGS", optional=True),
    Env("SHOP_", environ={"SHOP_A": "1"}),
    DotEnv(prefix="SHOP_"),
    SecretsDir(prefix="shop_"),
    by_environment({"production": Settings}, variable="SHOP_ENV"),
    Vault(),
]
ConfigLoader(*sources, allow=["SQLALCHEMY_*"])


class App(Flask):
    config_class = RedactedConfig


repr(loader.settings_of(app).NO)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
ConfigLoader(NoSource())  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
File("a.toml", True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
DotEnv(".env")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
by_environment({"production": Settings})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
settings = ConfigSettings(secret_names=("PIN",))
assert_type(settings.public_names, tuple[str, ...])


@check(app, deploy=True)
def mail(app: Flask) -> list[Finding]:
    return [Finding("shop.mail", Level.WARNING, "No mail.")]


assert_type(run_checks(app, deploy=True), list[Finding])
assert_type(known_checks(app), list[CheckInfo])
assert_type(known_checks()[0].always, bool)
