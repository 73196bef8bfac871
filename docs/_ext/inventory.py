"""What the package exports and which settings it reads, with what is said of them.

The documentation is made from this, and a test holds it against the pages. It
needs the package and nothing of Sphinx.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import itertools
import pkgutil
import typing as t
from pathlib import Path

import flask_toolkit
from flask_toolkit._extension import Extension
from flask_toolkit._settings import declared

if t.TYPE_CHECKING:
    import types

    from flask_toolkit._settings import SettingsField
    from flask_toolkit._settings import SettingsSpec


@functools.cache
def modules() -> tuple[types.ModuleType, ...]:
    """Return every module of the package, imported; that needs all extras."""
    found = pkgutil.walk_packages(flask_toolkit.__path__, "flask_toolkit.")
    # Importing a __main__ would run it.
    names = [each.name for each in found if not each.name.endswith(".__main__")]
    return tuple(map(importlib.import_module, names))


@functools.cache
def public_modules() -> dict[str, types.ModuleType]:
    """Return the modules that users import from, by name, without the root.

    A module whose names its package exports too is described there.
    """
    found = {
        module.__name__: module
        for module in modules()
        if hasattr(module, "__all__") and "._" not in module.__name__
    }

    for name in list(found):
        package = found.get(name.rpartition(".")[0])

        if package and {*found[name].__all__} <= {*package.__all__}:
            del found[name]

    return found


def home_of(module: types.ModuleType, name: str) -> str:
    """Return the public module that describes ``name``, once.

    ``flask_toolkit.config`` exports ``ConfigError`` as a convenience; its home is
    ``flask_toolkit.errors``.
    """
    value = getattr(module, name)
    path = str(getattr(value, "__module__", "")).split(".")

    # The package comes before a module of it.
    for end in range(2, len(path) + 1):
        home = public_modules().get(".".join(path[:end]))

        if home and name in home.__all__ and getattr(home, name) is value:
            return home.__name__

    return module.__name__


def source_of(module: types.ModuleType) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))


def aliases() -> set[str]:
    """Return the names of all type aliases, which annotations may keep as text."""
    return {
        node.target.id
        for module in modules()
        for node in ast.walk(source_of(module))
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and ast.unparse(node.annotation) == "t.TypeAlias"
    }


@functools.cache
def attribute_docs(module: types.ModuleType) -> dict[tuple[str, str], str]:
    """Return the docstrings under assignments, by class (or "") and name."""
    tree = source_of(module)
    found: dict[tuple[str, str], str] = {}
    blocks = [("", tree.body)]
    blocks += [(n.name, n.body) for n in tree.body if isinstance(n, ast.ClassDef)]

    for owner, body in blocks:
        for node, below in itertools.pairwise(body):
            name = _assigned(node)

            if name and isinstance(below, ast.Expr):
                value = getattr(below.value, "value", None)

                if isinstance(value, str):
                    found[owner, name] = inspect.cleandoc(value)

    return found


def _assigned(node: ast.stmt) -> str | None:
    targets: list[ast.expr] = []

    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]

    return next((each.id for each in targets if isinstance(each, ast.Name)), None)


@functools.cache
def constant_docs() -> dict[tuple[str, str], str]:
    """Return the docstrings under exported constants, by public module and name."""
    below: dict[str, list[tuple[t.Any, str]]] = {}

    for module in modules():
        for (owner, name), text in attribute_docs(module).items():
            if not owner:
                below.setdefault(name, []).append((getattr(module, name), text))

    return {
        (module.__name__, name): text
        for module in public_modules().values()
        for name in module.__all__
        for value, text in below.get(name, ())
        if value is getattr(module, name)
    }


def docstring_of(module: types.ModuleType, name: str) -> str:
    """Return what is written under a public name, else nothing."""
    text = constant_docs().get((module.__name__, name))

    if text is not None:
        return text

    value = getattr(module, name)
    own = inspect.isclass(value) or inspect.isroutine(value)

    # An object without a docstring of its own shows that of its class.
    if own or "__doc__" in getattr(value, "__dict__", {}):
        return value.__doc__ or ""

    return ""


class Setting(t.NamedTuple):
    """A setting and the docstring under its field."""

    field: SettingsField
    meaning: str


def components() -> dict[str, SettingsSpec]:
    """Return the settings of each component, under its own name.

    An instance with another ``name=`` declares the same class again, and that name
    may be older: another part had it.
    """
    modules()
    # What no part owns has one name only.
    names: dict[type, str] = {}

    for part in _parts(Extension):
        names.setdefault(part._settings_class, part._component)  # noqa: SLF001  # its own words

    own = {
        name: spec
        for name, specs in declared().items()
        for spec in specs
        # One without fields has nothing to describe.
        if spec.cls.__module__.startswith("flask_toolkit.")
        and spec.fields
        and names.get(spec.cls, name) == name
    }
    return dict(sorted(own.items()))


def _parts(base: type[t.Any]) -> t.Iterator[type[t.Any]]:
    """Yield the classes of parts that have a name, those of others too."""
    for part in base.__subclasses__():
        if "_component" in vars(part):
            yield part

        yield from _parts(part)


def settings(spec: SettingsSpec) -> list[Setting]:
    """Return the settings of a component in the order of their class."""
    docs = attribute_docs(importlib.import_module(spec.cls.__module__))
    return [
        Setting(field, " ".join(docs.get((spec.cls.__name__, name), "").split()))
        for name, field in spec.fields.items()
    ]
