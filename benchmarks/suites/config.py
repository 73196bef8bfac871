"""53 keys of a TOML file under 12 environment variables: loaded, and looked up."""

from __future__ import annotations

import functools
import os
import time
import tomllib
import typing as t
from pathlib import Path

from flask import Config
from flask import Flask

from benchmarks.model import Case
from benchmarks.model import Contestant
from benchmarks.model import expect
from benchmarks.model import module
from benchmarks.model import Subject
from benchmarks.processes import told_by
from flask_toolkit.config import ConfigLoader
from flask_toolkit.config import Env
from flask_toolkit.config import File

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.model import Role

__all__ = ["CASES", "first_load"]

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


@functools.cache
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


_LOADERS: dict[str, tuple[t.Any, str]] = {
    "Flask's loaders": (by_flask, "flask"),
    "dynaconf": (by_dynaconf, "dynaconf"),
    "pydantic-settings": (by_pydantic, "pydantic_settings"),
    "ours": (ours, "flask_toolkit.config"),
    "ours, no schema": (ours_untyped, "flask_toolkit.config"),
}


def first_load(name: str) -> int:
    """Return the nanoseconds of defining a schema and loading it, once.

    The library is imported before, and tomllib for all; see the suite ``start``.
    """
    make, library = _LOADERS[name]
    module(library)
    _data()
    began = time.process_time_ns()
    make().run()
    return time.process_time_ns() - began


def _first(name: str) -> Subject:
    code = f"from benchmarks.suites import config; print(config.first_load({name!r}))"
    return told_by(code, _LOADERS[name][0]().check)


def _app() -> Flask:
    app = Flask("shop", root_path=str(FILE.parent))
    os.environ.update(OVERRIDES)
    return app


def looked_up(make: Callable[[], t.Any]) -> Subject:
    """Look up each text of a configuration."""
    config = make()
    names = [name for name in _scalars() if name.startswith("TEXT_")]

    def run() -> None:
        for name in names:
            config[name]

    def check() -> None:
        expect([config[name] for name in names[:8]][-1] == RIGHT.kept, config)

    return Subject(run, check)


def config_of_flask() -> Config:
    """Return what Flask's loaders fill."""
    config: Config = by_flask().run()
    return config


def config_of_ours() -> Config:
    """Return what our loader fills."""
    app = _app()
    ConfigLoader(File(FILE), Env(PREFIX)).init_app(app)
    return app.config


def config_of_dynaconf() -> Config:
    """Return what stands in the place of ``app.config`` with FlaskDynaconf."""
    app = _app()
    options: dict[str, t.Any] = {
        "ENVVAR_PREFIX": PREFIX.rstrip("_"),
        "ENVIRONMENTS": False,
        "SETTINGS_FILES": [str(FILE)],
    }
    module("dynaconf").FlaskDynaconf(app, **options)
    return app.config


_PEERS = {
    "dynaconf": {"dynaconf": "dynaconf"},
    "pydantic-settings": {"pydantic_settings": "pydantic-settings"},
}
_ROLES: dict[str, Role] = {
    "Flask's loaders": "limit",
    "dynaconf": "peer",
    "pydantic-settings": "peer",
}


CASES = [
    Case(
        suite="config",
        name="first load",
        contestants=tuple(
            Contestant(
                name=name,
                role=_ROLES.get(name, "ours"),
                make=functools.partial(_first, name),
                needs=_PEERS.get(name, {}),
            )
            for name in _LOADERS
        ),
        rounds=15,
        counted=False,
        told=True,
    ),
    Case(
        suite="config",
        name="look-up",
        contestants=(
            Contestant(
                name="Flask's config",
                role="limit",
                make=functools.partial(looked_up, config_of_flask),
            ),
            Contestant(
                name="FlaskDynaconf",
                role="peer",
                make=functools.partial(looked_up, config_of_dynaconf),
                needs=_PEERS["dynaconf"],
            ),
            Contestant(
                name="ours",
                role="ours",
                make=functools.partial(looked_up, config_of_ours),
            ),
        ),
    ),
    Case(
        suite="config",
        name="load",
        contestants=tuple(
            Contestant(
                name=name,
                role=_ROLES.get(name, "ours"),
                make=make,
                needs=_PEERS.get(name, {}),
            )
            for name, (make, _) in _LOADERS.items()
        ),
        rounds=60,
    ),
]
