"""Find the line of a key in a file; only asked for when somebody wants to know."""

from __future__ import annotations

import ast
import json
import re
import typing as t

from ._formats import decode
from ._formats import FILE_LIMIT
from ._formats import FormatProblem
from ._formats import read_limited
from ._formats import yaml_module

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from pathlib import Path

Keys: t.TypeAlias = tuple[str, ...]
_TOKEN = re.compile(
    r'(?P<space>[^\S\n]+|\#[^\n]*)|(?P<newline>\n)|(?P<text>"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\')|(?P<mark>[\[\]{}=,:.])|(?P<word>[^\s\[\]{}=,:.#"\']+)'
    r"|(?P<other>.)",
    re.DOTALL,
)


def line_in_file(path: Path, format: str, keys: Keys) -> int | None:
    """Return the line of ``keys`` in the file, or of the nearest table above.

    The file is read again: keeping its text would keep every secret in it.
    """
    try:
        data = read_limited(path, FILE_LIMIT)
        return None if data is None else line_of(format, decode(data), keys)
    except FormatProblem:
        return None


def line_of(format: str, text: str, keys: Keys) -> int | None:
    r"""Return the line of a key, 1 for the first, or ``None`` if it is not there.

    >>> line_of("toml", '[db]\nport = 1\n', ("db", "port"))
    2
    """
    try:
        lines = dict(reversed(list(_SCANNERS[format](text))))
    except Exception:  # noqa: BLE001  # a line is a courtesy, never a new error
        return None

    while keys:
        if keys in lines:
            return lines[keys]

        keys = keys[:-1]

    return None


class _Token(t.NamedTuple):
    kind: str
    text: str
    line: int


def _tokens(text: str) -> Iterator[_Token]:
    line = 1

    for found in _TOKEN.finditer(text):
        kind, word = t.cast("str", found.lastgroup), found[0]

        if kind != "space":
            yield _Token(kind, word, line)

        line += word.count("\n")


def _unquoted(token: _Token) -> str:
    if token.kind == "word":
        return token.text

    body = token.text[1:-1]
    return body if token.text[0] == "'" else t.cast("str", json.loads(f'"{body}"'))


class _Nest:
    """The brackets that are open, and the keys of what stands in them."""

    def __init__(self) -> None:
        self.base: Keys = ()
        """Of the [table], then of each bracket."""

        self._stack: list[tuple[Keys, bool]] = []
        self._places: list[int] = []

    @property
    def is_open(self) -> bool:
        return bool(self._stack)

    @property
    def in_list(self) -> bool:
        return self.is_open and self._stack[-1][1]

    def open(self, key: Keys, mark: str) -> None:
        """Enter a bracket; an item of a list is called by its number."""
        name = (str(self._places[-1]),) if self.in_list else key
        self._stack.append((self.base, mark == "["))
        self._places.append(0)
        self.base = (*self.base, *name)

    def close(self) -> None:
        self.base, _ = self._stack.pop()
        self._places.pop()

    def next(self) -> None:
        """Pass a comma."""
        self._places[-1] += 1


def _toml(text: str) -> Iterator[tuple[Keys, int]]:  # noqa: C901  # a state machine
    nest = _Nest()
    counts: dict[Keys, int] = {}
    key: list[str] = []
    line, brackets = 1, 0
    in_value = False

    for token in _tokens(text):
        mark = token.text if token.kind == "mark" else ""

        if token.kind == "newline":
            if not nest.is_open:
                key, in_value, brackets = [], False, 0
        elif in_value and mark and mark in "[{":
            nest.open(tuple(key), mark)
            key, in_value = [], mark == "["
        elif nest.is_open and mark and mark in "]}":
            nest.close()
            key, in_value = [], True
        elif nest.is_open and mark == ",":
            nest.next()
            key, in_value = [], nest.in_list
        elif in_value:
            continue
        elif mark == "=":
            yield (*nest.base, *key), line
            in_value = True
        elif mark == "]" and key:
            nest.base = _header(key, counts, in_array=brackets > 1)
            yield nest.base, token.line
            key = []
        elif mark == "[":
            brackets += 1
        elif token.kind in {"word", "text"}:
            key.append(_unquoted(token))
            line = token.line


def _header(names: list[str], counts: dict[Keys, int], *, in_array: bool) -> Keys:
    """Return the keys of a ``[table]``, of the last item where it is one of many."""
    keys: Keys = ()

    for name in names[:-1]:
        keys = (*keys, name)
        keys += (str(counts[keys]),) if keys in counts else ()

    keys = (*keys, names[-1])

    if in_array:
        counts[keys] = counts.get(keys, -1) + 1
        keys = (*keys, str(counts[keys]))

    return keys


def _json(text: str) -> Iterator[tuple[Keys, int]]:
    nest = _Nest()
    key: Keys = ()
    last = _Token("", "", 1)

    for token in _tokens(text):
        mark = token.text if token.kind == "mark" else ""

        if mark == ":":
            key = (_unquoted(last),)
            yield nest.base + key, last.line
        elif mark and mark in "{[":
            nest.open(key, mark)
            key = ()
            yield nest.base, token.line
        elif mark and mark in "}]":
            nest.close()
        elif mark == ",":
            nest.next()

        if token.kind != "newline":
            last = token


def _yaml(text: str) -> Iterator[tuple[Keys, int]]:
    yaml = yaml_module()
    waiting: list[tuple[Keys, t.Any]] = [((), yaml.compose(text, yaml.SafeLoader))]

    while waiting:
        base, node = waiting.pop(0)

        if isinstance(node, yaml.MappingNode):
            parts = [(str(key.value), key, value) for key, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            parts = [(str(n), item, item) for n, item in enumerate(node.value)]
        else:
            continue

        for name, marked, value in parts:
            keys = (*base, name)
            yield keys, marked.start_mark.line + 1
            # An alias of itself has no end.
            if len(keys) < _DEPTH:
                waiting.append((keys, value))


def _py(text: str) -> Iterator[tuple[Keys, int]]:
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        else:
            continue

        for target in targets:
            if isinstance(target, ast.Name):
                yield (target.id,), statement.lineno


_DEPTH = 8
_SCANNERS: dict[str, Callable[[str], Iterator[tuple[Keys, int]]]] = {
    "json": _json,
    "py": _py,
    "toml": _toml,
    "yaml": _yaml,
}
