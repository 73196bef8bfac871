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


def _toml(text: str) -> Iterator[tuple[Keys, int]]:  # noqa: C901  # a state machine
    base: Keys = ()  # of the [table], then of the brackets that are open
    stack: list[tuple[str, Keys]] = []
    key: list[str] = []
    line = 1
    in_value = False

    for token in _tokens(text):
        mark = token.text if token.kind == "mark" else ""

        if token.kind == "newline":
            if not stack:
                key, in_value = [], False
        elif in_value and mark and mark in "[{":
            stack.append((mark, base))
            base = (*base, *key)
            key, in_value = [], mark == "["
        elif stack and mark and mark in "]}":
            base = stack.pop()[1]
            key, in_value = [], True
        elif stack and mark == ",":
            key, in_value = [], stack[-1][0] == "["
        elif in_value:
            continue
        elif mark == "=":
            yield (*base, *key), line
            in_value = True
        elif mark == "]" and key:
            base = tuple(key)
            yield base, token.line
            key = []
        elif token.kind in {"word", "text"}:
            key.append(_unquoted(token))
            line = token.line


def _json(text: str) -> Iterator[tuple[Keys, int]]:
    base: Keys = ()
    stack: list[Keys] = []
    key: Keys = ()
    last = _Token("", "", 1)

    for token in _tokens(text):
        if token.text == ":":
            key = (_unquoted(last),)
            yield base + key, last.line
        elif token.text in {"{", "["}:
            stack.append(base)
            base, key = base + key, ()
        elif token.text in {"}", "]"}:
            base = stack.pop()

        if token.kind != "newline":
            last = token


def _yaml(text: str) -> Iterator[tuple[Keys, int]]:
    yaml = yaml_module()
    waiting: list[tuple[Keys, t.Any]] = [((), yaml.compose(text, yaml.SafeLoader))]

    while waiting:
        base, node = waiting.pop(0)

        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                keys = (*base, str(key.value))
                yield keys, key.start_mark.line + 1
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
