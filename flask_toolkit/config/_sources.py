"""Sources in code and in the environment."""

from __future__ import annotations

import functools
import inspect
import os
import typing as t
from collections.abc import Mapping
from importlib import import_module

from flask_toolkit._redact import shown
from flask_toolkit._settings import suggest
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import ConfigProblem
from flask_toolkit.errors import Origin
from flask_toolkit.errors import SetupError

from ._formats import is_key
from ._layers import Computed
from ._layers import fixed
from ._layers import Keys
from ._layers import Layer
from ._layers import Source

if t.TYPE_CHECKING:
    from pathlib import Path


class Object:
    """The UPPERCASE attributes of a class, an instance or a module.

    None that begins with an underscore: the schema has no such key either.

    :param obj: The object, or its dotted name: ``"shop.Production"``.
    :raises SetupError: If it is a mapping; that is what ``Values`` takes.
    """

    def __init__(self, obj: object | str) -> None:
        if isinstance(obj, Mapping):
            raise SetupError("Object() takes a class or a module; use Values(mapping).")

        self._obj = obj

    def __repr__(self) -> str:
        return f"Object({_name_of(self._obj)!r})"

    def read(self, base: Path) -> Layer:
        """Return the attributes; a property of a class counts as computed."""
        obj = _imported(self._obj) if isinstance(self._obj, str) else self._obj
        place = Origin("object", _name_of(self._obj))
        data: dict[str, t.Any] = {}

        for name in filter(is_key, dir(obj)):
            if isinstance(obj, type) and _is_computed(obj, name):
                data[name] = Computed(obj, name)
            else:
                data[name] = getattr(obj, name)

        return Layer(data, text=False, origin=fixed(place), place=place)


class Values:
    """Values given in code, as a mapping, as keywords or both.

    :param mapping: Keys and values.
    :param values: The same as keywords; they win.

    >>> Values({"DEBUG": True}, PAGE_SIZE=20)
    Values(DEBUG, PAGE_SIZE)
    """

    def __init__(
        self, mapping: Mapping[str, t.Any] | None = None, /, **values: t.Any
    ) -> None:
        self._data: dict[str, t.Any] = {**(mapping or {}), **values}

    def __repr__(self) -> str:
        return f"Values({', '.join(map(str, self._data))})"

    def read(self, base: Path) -> Layer:
        """Return the values."""
        place = Origin("object", "Values")
        return Layer(self._data, text=False, origin=fixed(place), place=place)


class Env:
    """The environment variables that begin with a prefix.

    ``SHOP_DB__PORT`` is ``DB.port``; ``SHOP_SECRET_KEY_FILE`` names a file that
    holds ``SECRET_KEY``. A variable that looks like no known key is left alone:
    the environment belongs to others too.

    :param prefix: With its final underscore: ``"SHOP_"``.
    :param environ: Read instead of ``os.environ``.
    :raises SetupError: If the prefix is empty or lacks the underscore.
    """

    def __init__(
        self, prefix: str, *, environ: Mapping[str, str] | None = None
    ) -> None:
        check_prefix("Env", prefix)
        self.prefix: str = prefix
        self._environ = environ

    def __repr__(self) -> str:
        return f"Env({self.prefix!r})"

    def spellings(self, keys: Keys) -> tuple[list[str], list[str]]:
        """Return the variables and the files that can set a key."""
        return variables(self.prefix, keys), []

    def read(self, base: Path) -> Layer:
        """Return the variables, without the prefix."""
        prefix = self.prefix
        environ = os.environ if self._environ is None else self._environ
        # Not items(): each value of os.environ is decoded when it is asked for.
        data = {
            name[len(prefix) :]: environ[name]
            for name in environ
            if name.startswith(prefix)
            and not (prefix == "FLASK_" and _is_of_flask(name[len(prefix) :]))
        }
        return Layer(data, text=True, origin=self._origin)

    def _origin(self, keys: Keys) -> Origin:
        return Origin("env", self.prefix + keys[0])


class _ByEnvironment:
    """One source out of several, chosen by a variable."""

    def __init__(
        self, choices: Mapping[str, object | str], variable: str, default: str
    ) -> None:
        self._choices = dict(choices)
        self.variable: str = variable
        self._default = default

    def __repr__(self) -> str:
        return f"by_environment({', '.join(self._choices)})"

    def read(self, base: Path) -> Layer | None:
        name = os.environ.get(self.variable) or self._default

        if name in self._choices:
            chosen = self._choices[name]
            is_source = not isinstance(chosen, type) and hasattr(chosen, "read")
            source = t.cast("Source", chosen) if is_source else Object(chosen)
            return source.read(base)

        known = {choice.upper(): choice for choice in self._choices}
        near = suggest(name, known)
        listed = ", ".join(self._choices)
        message = f"expected one of {listed}, got {shown(self.variable, name)}"
        hint = f"did you mean {known[near]}?" if near else None
        origin = Origin("env", self.variable)
        raise ConfigError([ConfigProblem(self.variable, message, origin, hint)])


def by_environment(
    choices: Mapping[str, object | str],
    *,
    variable: str,
    default: str = "production",
) -> Source:
    """Choose a class, module, dotted name or source by an environment variable.

    :param choices: By the value of the variable.
    :param variable: Its whole name: ``"SHOP_ENV"``.
    :param default: Taken when the variable is unset or empty.
    :raises SetupError: If the default is none of the choices.
    """
    if default not in choices:
        raise SetupError(
            f"by_environment(): the default {default!r} is none of"
            f" {', '.join(choices)}."
        )

    return _ByEnvironment(choices, variable, default)


def check_prefix(kind: str, prefix: str) -> None:
    """Refuse a prefix that would read what is not ours.

    :raises SetupError: If it is empty or does not end with an underscore.
    """
    if len(prefix) < 2 or not prefix.endswith("_"):  # noqa: PLR2004  # a letter and "_"
        raise SetupError(
            f"{kind}({prefix!r}): give a prefix that ends with an underscore, such as"
            " 'SHOP_'; without one, variables of the system would be read."
        )


def variables(prefix: str, keys: Keys) -> list[str]:
    """Return the names by which variables can set a key."""
    name = prefix + "__".join(keys).upper()
    return [name, f"{name}_FILE"]


def _is_of_flask(name: str) -> bool:
    return name in {"APP", "SKIP_DOTENV"} or name.startswith("RUN_")


def _name_of(obj: object) -> str:
    return obj if isinstance(obj, str) else getattr(obj, "__name__", type(obj).__name__)


def _is_computed(cls: type[t.Any], name: str) -> bool:
    return isinstance(
        inspect.getattr_static(cls, name), (property, functools.cached_property)
    )


def _imported(name: str) -> object:
    dotted = name.replace(":", ".")
    hint = None

    if all(part.isidentifier() for part in dotted.split(".")):
        found = _module(dotted)

        if found is not None:
            return found

        module_name, _, attribute = dotted.rpartition(".")
        module = _module(module_name) if module_name else None

        if module is not None:
            if hasattr(module, attribute):
                return t.cast("object", getattr(module, attribute))

            known = {each.upper(): each for each in vars(module)}
            near = suggest(attribute, known)
            hint = f"did you mean {module_name}.{known[near]}?" if near else None

    origin = Origin("object", name)
    raise ConfigError([ConfigProblem(name, "cannot be imported", origin, hint)])


def _module(name: str) -> object | None:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        # An import inside that fails is a mistake in that module.
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise

        return None
