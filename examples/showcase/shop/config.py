"""The configuration of the shop: its schema, its sources, its first start."""

from __future__ import annotations

import os
import secrets
import typing as t
from pathlib import Path

from flask_toolkit.config import ConfigLoader
from flask_toolkit.config import DotEnv
from flask_toolkit.config import Env
from flask_toolkit.config import File
from flask_toolkit.config import FileFromEnv
from flask_toolkit.config import generate_secret_key
from flask_toolkit.config import SecretsDir
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import ConfigProblem
from flask_toolkit.typing import Constraint
from flask_toolkit.typing import Secret

HERE = Path(__file__).parent
FOLDER = "SHOP_INSTANCE"
DEPLOYED = "SHOP_SETTINGS"
SECRETS = "secrets.toml"
# Where systemd puts them, else where Docker and Kubernetes mount them by custom.
MOUNTED = os.environ.get("CREDENTIALS_DIRECTORY") or "/run/secrets"
MAX_LOW = 100


class Settings:
    """Every key that the shop reads; the annotation is its type and its test."""

    SECRET_KEY: t.Annotated[str, Secret]
    DEMO_PASSWORD: t.Annotated[str, Secret]
    SHOP_NAME: str = "Shop"
    CURRENCY: t.Literal["EUR", "GBP", "USD"] = "EUR"
    LOW_STOCK: t.Annotated[int, Constraint(lambda n: 0 <= n <= MAX_LOW, "0-100")] = 5
    # Read before there is an application; here so that the checks know its name.
    INSTANCE: Path | None = None


# Later sources win. Relative paths start at the instance folder.
loader = ConfigLoader(
    File(HERE / "settings.toml"),
    # What a deployment changes, in a file of its own: ../production.toml is one.
    FileFromEnv(DEPLOYED, optional=True),
    File(SECRETS, optional=True),
    SecretsDir(MOUNTED),
    DotEnv(".env", prefix="SHOP_"),
    Env("SHOP_"),
    schema=Settings,
)


def prepare(folder: Path | None = None) -> Path:
    """Return the instance folder; at the first start make it and draw secrets.

    A deployment has secrets already. If they are missing there, the loader says
    so; drawn ones would differ from host to host.

    :param folder: Where; else ``SHOP_INSTANCE`` says it, else ``instance/``
        beside this package.
    :raises ConfigError: If nothing can be written there.
    """
    chosen = folder or Path(os.environ.get(FOLDER) or HERE.parent / "instance")
    chosen = chosen.absolute()

    try:
        # For the owner alone: the database holds what users told the shop.
        chosen.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Git ignores the folder, whatever the project's own list says.
        _write_once(chosen / ".gitignore", "*\n")

        if not os.environ.get(DEPLOYED):
            _write_once(chosen / SECRETS, _draw())
    except OSError as error:
        raise unusable(chosen, error.strerror or str(error)) from None

    if not os.access(chosen, os.W_OK):
        # SQLite would read happily, and fail at the first order.
        raise unusable(chosen, "it is there, but read-only")

    return chosen


def unusable(folder: Path, reason: str) -> ConfigError:
    """Return the error that tells where the shop cannot keep its data, and why."""
    problem = ConfigProblem(
        FOLDER,
        f"the shop cannot keep its data in {folder} ({reason})",
        hint=f"set {FOLDER} to a folder that can be written",
    )
    return ConfigError([problem])


def _draw() -> str:
    # Groups of four can be typed; 64 random bits cannot be guessed.
    password = "-".join(secrets.token_hex(2) for _ in range(4))
    return f'SECRET_KEY = "{generate_secret_key()}"\nDEMO_PASSWORD = "{password}"\n'


def _write_once(path: Path, text: str) -> None:
    """Write a file that only its owner can read, unless it is there."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return

    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
