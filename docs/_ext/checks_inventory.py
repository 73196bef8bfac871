"""Which checks there are, and what they advise, from their code.

The documentation is made from this, and a test holds it against the pages. It
needs the package and nothing of Sphinx.
"""

from __future__ import annotations

import ast
import functools
import itertools
import typing as t

from inventory import modules
from inventory import source_of

from flask_toolkit._extension import Extension
from flask_toolkit.config.checks import known_checks

if t.TYPE_CHECKING:
    import types
    from collections.abc import Iterator

    from flask_toolkit.config.checks import CheckInfo

_MAKERS = {"Finding", "found"}
_VARIES = "<...>"
_HINT = 3  # behind the id, the level and the message


class Check(t.NamedTuple):
    """A check, and what it advises where it fires."""

    info: CheckInfo
    hints: tuple[str, ...]


@functools.cache
def checks() -> dict[str, Check]:
    """Return all checks by id: the built-in ones, and those of every component."""
    modules()
    infos = {*known_checks(), *(i for cls in _extensions() for i in cls.known_checks)}
    hints = hints_in_source()
    return {i.id: Check(i, tuple(hints.get(i.id, ()))) for i in sorted(infos)}


def groups() -> list[str]:
    """Return what the ids of the checks begin with."""
    return list(dict.fromkeys(id.partition(".")[0] for id in checks()))


def _extensions(base: type[t.Any] = Extension) -> Iterator[type[Extension[t.Any]]]:
    for each in base.__subclasses__():
        if each.__module__.startswith("flask_toolkit."):
            yield each

        yield from _extensions(each)


def hints_in_source() -> dict[str, dict[str, None]]:
    """Return the hints in the source, by id, in their order."""
    found: dict[str, dict[str, None]] = {}

    for module in modules():
        for function in ast.walk(source_of(module)):
            if isinstance(function, ast.FunctionDef):
                scope = _Scope(module, function)

                for id, hint in scope.findings():
                    found.setdefault(id, {})[hint] = None

    return found


class _Scope:
    """A function whose findings are looked for, and what its names stand for."""

    def __init__(self, module: types.ModuleType, function: ast.FunctionDef) -> None:
        self._module = module
        self._function = function
        self._names: dict[str, list[ast.expr]] = {}

        for node in ast.walk(function):
            if isinstance(node, ast.Assign):
                self._assign(node.targets[0], node.value)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self._names.setdefault(target.id, []).append(value)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, other in zip(target.elts, value.elts, strict=True):
                self._assign(one, other)

    def findings(self) -> Iterator[tuple[str, str]]:
        """Yield id and hint of each finding that the function makes."""
        for node in ast.walk(self._function):
            if not isinstance(node, ast.Call):
                continue

            name = getattr(node.func, "id", getattr(node.func, "attr", ""))

            if name in _MAKERS and len(node.args) > _HINT:
                ids, hints = map(self._texts, (node.args[0], node.args[_HINT]))
                # Who makes findings for others takes their id as an argument.
                yield from itertools.product({*ids} - {_VARIES}, hints)

    def _texts(self, node: ast.expr) -> list[str]:
        """Return the texts that an expression can be; ``<...>`` is what varies."""
        if isinstance(node, ast.Constant):
            return [str(node.value)]

        if isinstance(node, ast.JoinedStr):
            return ["".join(self._texts(part)[0] for part in node.values)]

        return [text for one in self._behind(node) for text in self._texts(one)] or [
            str(getattr(self._module, getattr(node, "id", ""), _VARIES))
        ]

    def _behind(self, node: ast.expr) -> list[ast.expr]:
        """Return the expressions that an expression stands for."""
        if isinstance(node, ast.IfExp):
            return [node.body, node.orelse]

        if isinstance(node, ast.FormattedValue):
            return [node.value]

        return self._names.get(node.id, []) if isinstance(node, ast.Name) else []
