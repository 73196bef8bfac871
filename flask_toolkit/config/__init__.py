"""Load a configuration from any stack of sources, typed and traceable.

::

    loader = ConfigLoader(File("settings.toml"), Env("SHOP_"), schema=Settings)
    settings = loader.init_app(app)

Later sources win. See :class:`ConfigLoader`.
"""

import typing as t

from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import ConfigProblem
from flask_toolkit.errors import Origin
from flask_toolkit.typing import Constraint
from flask_toolkit.typing import Secret

from ._files import DotEnv
from ._files import File
from ._files import FileFromEnv
from ._files import SecretsDir
from ._layers import Layer
from ._layers import Source
from ._loaded import LoadedConfig
from ._loaded import RedactedConfig
from ._loader import ConfigLoader
from ._loader import generate_secret_key
from ._sources import by_environment
from ._sources import Env
from ._sources import Object
from ._sources import Values

if t.TYPE_CHECKING:
    from ._settings import ConfigSettings as ConfigSettings

__all__ = [
    "ConfigError",
    "ConfigLoader",
    "ConfigProblem",
    "ConfigSettings",
    "Constraint",
    "DotEnv",
    "Env",
    "File",
    "FileFromEnv",
    "Layer",
    "LoadedConfig",
    "Object",
    "Origin",
    "RedactedConfig",
    "Secret",
    "SecretsDir",
    "Source",
    "Values",
    "by_environment",
    "generate_secret_key",
]


def __getattr__(name: str) -> object:
    if name != "ConfigSettings":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    from ._settings import ConfigSettings

    return ConfigSettings
