"""Sources in files: one, one named by a variable, ``.env``, secrets."""

from __future__ import annotations

import errno
import functools
import os
import typing as t

from flask_toolkit._values import is_dict
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import ConfigProblem
from flask_toolkit.errors import Origin
from flask_toolkit.errors import SetupError

from ._formats import decode
from ._formats import env_bindings
from ._formats import FILE_LIMIT
from ._formats import FormatProblem
from ._formats import parse
from ._formats import read_limited
from ._formats import SUFFIXES
from ._layers import Keys
from ._layers import Layer
from ._layers import SecretFile
from ._sources import check_prefix
from ._sources import variables

if t.TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class File:
    """A TOML, JSON, YAML or Python file, told by its suffix.

    At most 1 MiB. A ``.py`` file is executed, as by ``app.config.from_pyfile``.

    :param path: Relative to the folder of the application.
    :param optional: Forgives that it is absent, never that it is malformed.
    :param format: ``toml``, ``json``, ``yaml`` or ``py``, whatever the suffix.
    :param table: Dotted name of the one table to read: ``"tool.shop"``.
    :raises SetupError: If there is no such format.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        optional: bool = False,
        format: str | None = None,
        table: str | None = None,
    ) -> None:
        if format is not None and format not in SUFFIXES.values():
            raise SetupError(f"File(format={format!r}): use json, py, toml or yaml.")

        self._name = os.fspath(path)
        self._optional = optional
        self._format = format
        self._table = tuple(table.split(".")) if table else ()

    def __repr__(self) -> str:
        return f"File({self._name!r})"

    def spellings(self, keys: Keys) -> tuple[list[str], list[str]]:
        """Return the variables and the files that can set a key."""
        return [], [self._name]

    def read(self, base: Path) -> Layer | None:
        """Parse the file.

        :raises ConfigError: If it cannot be read or is malformed.
        :raises SetupError: If a ``.py`` file raises.
        """
        path = base / self._name

        try:
            found = self._load(path)
        except FormatProblem as problem:
            message, line = problem.message, problem.line
        else:
            if found is None:
                return None

            format, data = found
            return Layer(
                data,
                text=False,
                origin=functools.partial(self._origin, path, format),
                place=Origin("file", self._name),
                base=path.parent,
                files=(path,),
            )

        origin = Origin("file", self._name, line)
        raise ConfigError([ConfigProblem(self._name, message, origin)])

    def _load(self, path: Path) -> tuple[str, dict[str, t.Any]] | None:
        format = self._format or SUFFIXES.get(path.suffix.lower())
        data = read_limited(path, FILE_LIMIT)

        if data is None:
            if self._optional:
                return None

            raise FormatProblem("does not exist")

        if format is None:
            known = ", ".join(SUFFIXES)
            raise FormatProblem(f"has none of the suffixes {known}; pass format=")

        table = parse(format, data, path)

        for name in self._table:
            below = table.get(name)

            if not is_dict(below):
                raise FormatProblem(f"has no table {'.'.join(self._table)!r}")

            table = below

        return format, table

    def _origin(self, path: Path, format: str, keys: Keys) -> Origin:
        from ._lines import line_in_file  # only where somebody asks

        line = line_in_file(path, format, (*self._table, *keys))
        return Origin("file", self._name, line)


class FileFromEnv:
    """A file whose path stands in an environment variable.

    :param variable: Its whole name: ``"SHOP_SETTINGS"``.
    :param optional: Forgives that the variable is unset or empty. A path that
        leads nowhere is a problem all the same.
    :param table: Dotted name of the one table to read.
    """

    def __init__(
        self, variable: str, *, optional: bool = False, table: str | None = None
    ) -> None:
        self.variable: str = variable
        self._optional = optional
        self._table = table

    def __repr__(self) -> str:
        return f"FileFromEnv({self.variable!r})"

    def read(self, base: Path) -> Layer | None:
        """Parse the file that the variable names.

        :raises ConfigError: If the variable is unset, or the file is not fit.
        """
        path = os.environ.get(self.variable, "")

        if path:
            return File(path, table=self._table).read(base)

        if self._optional:
            return None

        message = "required; set it to the path of a file"
        origin = Origin("env", self.variable)
        raise ConfigError([ConfigProblem(self.variable, message, origin)])


class DotEnv:
    """A ``.env`` file, read without touching the environment (``dotenv`` extra).

    :param path: Relative to the folder of the application.
    :param prefix: As for :class:`Env`; other variables are ignored.
    :param optional: Forgives that it is absent, never that it is malformed.
    :raises SetupError: If the prefix is empty or lacks the underscore.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] = ".env",
        *,
        prefix: str,
        optional: bool = True,
    ) -> None:
        check_prefix("DotEnv", prefix)
        self._name = os.fspath(path)
        self.prefix: str = prefix
        self._optional = optional

    def __repr__(self) -> str:
        return f"DotEnv({self._name!r}, prefix={self.prefix!r})"

    def spellings(self, keys: Keys) -> tuple[list[str], list[str]]:
        """Return the variables and the files that can set a key."""
        return variables(self.prefix, keys), []

    def read(self, base: Path) -> Layer | None:
        """Return the variables, without the prefix; ``${X}`` stays as it is.

        :raises ConfigError: If it cannot be read or is malformed.
        :raises MissingExtraError: If python-dotenv is not installed.
        """
        path = base / self._name

        try:
            found = self._load(path)
        except FormatProblem as problem:
            message, line = problem.message, problem.line
        else:
            if found is None:
                return None

            lines = {name: line for name, (_, line) in found.items()}
            return Layer(
                {name: value for name, (value, _) in found.items()},
                text=True,
                origin=functools.partial(self._origin, lines),
                base=path.parent,
                files=(path,),
            )

        origin = Origin("dotenv", self._name, line)
        raise ConfigError([ConfigProblem(self._name, message, origin)])

    def _origin(self, lines: Mapping[str, int], keys: Keys) -> Origin:
        return Origin("dotenv", self._name, lines.get(keys[0]))

    def _load(self, path: Path) -> dict[str, tuple[str, int]] | None:
        data = read_limited(path, FILE_LIMIT)

        if data is None:
            if self._optional:
                return None

            raise FormatProblem("does not exist")

        found: dict[str, tuple[str, int]] = {}

        for name, value, line in env_bindings(decode(data)):
            if name.startswith(self.prefix):
                if value is None:
                    # Not named: what is left of the "=" may be a secret.
                    raise FormatProblem("has a variable without '='", line)

                if (key := name[len(self.prefix) :]) in found:
                    raise FormatProblem(f"sets {name[:60]} twice", line)

                found[key] = value, line

        return found


class SecretsDir:
    """A folder with one file a secret, as Docker and Kubernetes mount it.

    The name of a file is the key: ``DB__password``. Each file has at most
    64 KiB; one trailing newline is dropped. A link that leaves the folder is a
    problem; names that begin with a dot are skipped.

    :param path: Relative to the folder of the application.
    :param prefix: What the names begin with; others are ignored.
    :param optional: Forgives that the folder is absent.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] = "/run/secrets",
        *,
        prefix: str = "",
        optional: bool = True,
    ) -> None:
        self._name = os.fspath(path)
        self._prefix = prefix
        self._optional = optional

    def __repr__(self) -> str:
        return f"SecretsDir({self._name!r})"

    def spellings(self, keys: Keys) -> tuple[list[str], list[str]]:
        """Return the variables and the files that can set a key."""
        return [], [f"{self._name}/{self._prefix}{'__'.join(keys)}"]

    def read(self, base: Path) -> Layer | None:
        """Return the files, each to be read when its key is known.

        :raises ConfigError: If the folder cannot be read.
        """
        folder = base / self._name
        message = "does not exist"

        try:
            root = folder.resolve(strict=True)
            names = sorted(entry.name for entry in root.iterdir())
        except FileNotFoundError:
            if self._optional:
                return None
        except OSError as error:
            message = f"cannot be read: {(error.strerror or 'unknown').lower()}"
        except RuntimeError:  # a loop of links, until Python 3.13
            message = f"cannot be read: {os.strerror(errno.ELOOP).lower()}"
        except ValueError:  # a zero byte
            message = "cannot be read: the path is malformed"
        else:
            data = {
                name[len(self._prefix) :]: SecretFile(root / name, root)
                for name in names
                if name.startswith(self._prefix) and not name.startswith(".")
            }
            return Layer(data, text=True, origin=self._origin)

        origin = Origin("secret", self._name)
        raise ConfigError([ConfigProblem(self._name, message, origin)])

    def _origin(self, keys: Keys) -> Origin:
        return Origin("secret", f"{self._name}/{self._prefix}{keys[0]}")
