"""53 keys of a TOML file under 12 environment variables, loaded once more."""

from __future__ import annotations

import os
import tomllib
import typing as t
from pathlib import Path

from flask import Config

from benchmarks.model import Case
from benchmarks.model import Contestant
from benchmarks.model import expect
from benchmarks.model import module
from benchmarks.model import Subject
from flask_toolkit.config import ConfigLoader
from flask_toolkit.config import Env
from flask_toolkit.config import File

if t.TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CASES"]

FILE = Path(__file__).with_name("config.toml")
PREFIX = "FTBENCH_"
OVERRIDES = {
    **{f"{PREFIX}TEXT_{number:02}": "changed" for number in range(6)},
    **{f"{PREFIX}NUMBER_{number:02}": "99" for number in range(4)},
    f"{PREFIX}DB__port": "6000",
    f"{PREFIX}MAIL__port": "25",
}


class Read(t.NamedTuple):
    """What is looked at to see that a load was right."""

    changed: object
    kept: object
    number: object
    nested: object


RIGHT = Read("changed", "value number 7", 99, 6000)


def _subject(load: Callable[[], t.Any], look: Callable[[t.Any], Read]) -> Subject:
    os.environ.update(OVERRIDES)

    def check() -> None:
        found = look(load())
        expect(found == RIGHT, found)

    return Subject(load, check)


def _by_key(config: t.Any) -> Read:
    return Read(
        config["TEXT_00"], config["TEXT_07"], config["NUMBER_00"], config["DB"]["port"]
    )


def _by_name(settings: t.Any) -> Read:
    return Read(
        settings.TEXT_00, settings.TEXT_07, settings.NUMBER_00, settings.DB.port
    )


def by_flask() -> Subject:
    """Use what Flask has: no types, no check, no origin."""

    def load() -> Config:
        config = Config(str(FILE.parent))
        config.from_file(FILE.name, load=tomllib.load, text=False)
        config.from_prefixed_env(PREFIX.rstrip("_"))
        return config

    return _subject(load, _by_key)


def by_dynaconf() -> Subject:
    """Let dynaconf read all by reading one key."""
    make = module("dynaconf").Dynaconf

    def load() -> t.Any:
        settings = make(envvar_prefix=PREFIX.rstrip("_"), settings_files=[str(FILE)])
        settings.get("TEXT_00")
        return settings

    return _subject(load, _by_name)


def by_pydantic() -> Subject:
    """Fill a model of pydantic-settings from both."""
    library = module("pydantic_settings")
    create: t.Any = module("pydantic").create_model
    parent: t.Any = library.BaseSettings
    tables = {
        name: create(name, **_required(values)) for name, values in _tables().items()
    }

    class Base(parent):  # type: ignore[misc]  # loaded by name
        model_config = library.SettingsConfigDict(
            env_prefix=PREFIX, env_nested_delimiter="__", toml_file=FILE
        )

        @classmethod
        def settings_customise_sources(cls, kind: t.Any, **sources: t.Any) -> t.Any:
            return sources["env_settings"], library.TomlConfigSettingsSource(kind)

    settings: Callable[[], t.Any] = create(
        "Settings",
        __base__=Base,
        **_required(_scalars()),
        **{name: (table, ...) for name, table in tables.items()},
    )
    return _subject(settings, _by_name)


def _data() -> dict[str, t.Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def _tables() -> dict[str, dict[str, t.Any]]:
    return {key: value for key, value in _data().items() if isinstance(value, dict)}


def _scalars() -> dict[str, t.Any]:
    return {k: value for k, value in _data().items() if not isinstance(value, dict)}


def _types(values: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        key: list[str] if isinstance(value, list) else type(value)
        for key, value in values.items()
    }


def _required(values: dict[str, t.Any]) -> dict[str, t.Any]:
    return {key: (kind, ...) for key, kind in _types(values).items()}


def ours() -> Subject:
    """Load with a schema: typed, checked, each value with its origin."""
    tables = {
        name: type(name, (), {"__annotations__": _types(values)})
        for name, values in _tables().items()
    }
    annotations = {**_types(_scalars()), **tables}
    schema = type("Settings", (), {"__annotations__": annotations})
    loader: ConfigLoader[t.Any] = ConfigLoader(File(FILE), Env(PREFIX), schema=schema)
    return _subject(loader.load, _by_name)


def ours_untyped() -> Subject:
    """Load without a schema, as Flask does, with the origin of each value."""
    loader = ConfigLoader(File(FILE), Env(PREFIX))
    return _subject(loader.load, _by_key)


CASES = [
    Case(
        suite="config",
        name="load",
        contestants=(
            Contestant(name="Flask's loaders", role="limit", make=by_flask),
            Contestant(
                name="dynaconf",
                role="peer",
                make=by_dynaconf,
                needs={"dynaconf": "dynaconf"},
            ),
            Contestant(
                name="pydantic-settings",
                role="peer",
                make=by_pydantic,
                needs={"pydantic_settings": "pydantic-settings"},
            ),
            Contestant(name="ours", role="ours", make=ours),
            Contestant(name="ours, no schema", role="ours", make=ours_untyped),
        ),
        rounds=60,
    )
]
