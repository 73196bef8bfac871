"""Read and parse the file formats; optional parsers are imported here only."""

from __future__ import annotations

import json
import os
import re
import stat
import typing as t

from flask_toolkit._values import is_deep
from flask_toolkit._values import is_dict
from flask_toolkit.errors import MissingExtraError
from flask_toolkit.errors import SetupError

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE_LIMIT: t.Final = 1024 * 1024
SECRET_LIMIT: t.Final = 64 * 1024
_CHUNK = 1 << 16
# None of them is known everywhere.
_FLAGS: t.Final[int] = sum(
    getattr(os, f"O_{name}", 0) for name in ("NONBLOCK", "NOCTTY", "BINARY")
)
_NO_LINK: t.Final[int] = getattr(os, "O_NOFOLLOW", 0)
_NODE_LIMIT = 100_000
_MERGE_LIMIT = 10_000
_YAML_DEPTH = 100
_MERGE_TAG = "tag:yaml.org,2002:merge"
# tomllib needs the square of the parts of a key, and no configuration has so many.
_PARTS = 100
_LONG_KEY = rb"""(?a)(?:(?>[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){100}"""
_PLACE = r"at line ([0-9]+), column ([0-9]+)"
SUFFIXES: t.Final = {
    ".json": "json",
    ".py": "py",
    ".toml": "toml",
    ".yaml": "yaml",
    ".yml": "yaml",
}


class FormatProblem(Exception):  # noqa: N818  # inner signal, never seen by users
    """A file does not parse. The message never quotes what stands in it."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message: str = message
        self.line: int | None = line


def read_limited(path: Path, limit: int, *, links: bool = True) -> bytes | None:
    """Return the bytes of a regular file, or ``None`` if there is none.

    :param links: Whether the path may be a symbolic link.
    :raises FormatProblem: If it cannot be read or is larger than ``limit``.
    """
    try:
        data = _read(path, limit, os.O_RDONLY | _FLAGS | (0 if links else _NO_LINK))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise FormatProblem(f"cannot be read: {reason}") from None
    except ValueError:
        raise FormatProblem("cannot be read: the path is malformed") from None

    return data


def _read(path: Path, limit: int, flags: int) -> bytes:
    # Asked before: to open a pipe or a device can do harm by itself.
    _check(path.stat(), limit)
    # Without O_NONBLOCK, opening a pipe would wait for its other end.
    file = os.open(path, flags)

    try:
        # And again: another file may stand there by now.
        _check(os.fstat(file), limit)
        data = b""

        while more := os.read(file, _CHUNK):
            data += more
            _check_size(len(data), limit)
    finally:
        os.close(file)

    return data


def _check(found: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise FormatProblem("is not a regular file")

    _check_size(found.st_size, limit)


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise FormatProblem(f"is larger than {limit // 1024} KiB")


def decode(data: bytes) -> str:
    """Return UTF-8 text, without a byte order mark.

    :raises FormatProblem: If it is not UTF-8.
    """
    # UTF-16 without a mark is UTF-8 as well, and says something else.
    if b"\0" in data:
        raise FormatProblem("is not UTF-8 text: it holds zero bytes")

    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1

    raise FormatProblem("is not UTF-8", line)


def read_secret(path: Path, *, links: bool = True) -> str:
    """Return the text of a secret file without *one* trailing newline.

    :param links: Whether the path may be a symbolic link.
    :raises FormatProblem: If it is missing, unreadable or too large.
    """
    data = read_limited(path, SECRET_LIMIT, links=links)

    if data is None:
        raise FormatProblem("does not exist")

    text = decode(data)
    return text[:-2] if text.endswith("\r\n") else text.removesuffix("\n")


def is_key(name: str) -> bool:
    """Tell whether an attribute of a class or module is a key of a configuration.

    None is what is private, nor what type checkers are told by.

    >>> is_key("PAGE_SIZE"), is_key("_CACHE"), is_key("TYPE_CHECKING")
    (True, False, False)
    """
    return name.isupper() and name[0] != "_" and name != "TYPE_CHECKING"


def parse(format: str, data: bytes, path: Path) -> dict[t.Any, t.Any]:
    """Return the top level table of a file.

    :raises FormatProblem: If it is malformed.
    :raises SetupError: If a ``.py`` file raises.
    """
    value = _PARSERS[format](data, path)

    if not is_dict(value):
        raise FormatProblem("has no table at its top level")

    # Aliases of YAML can stand for more than any memory holds.
    if format != "py" and is_deep(value, limit=_NODE_LIMIT):
        raise FormatProblem("is nested too deeply or has too many values")

    return value


def yaml_module() -> t.Any:
    """Import PyYAML.

    :raises MissingExtraError: If it is not installed.
    """
    try:
        import yaml
    except ImportError:
        raise MissingExtraError("yaml") from None

    return yaml


def env_bindings(text: str) -> list[tuple[str, str | None, int]]:
    """Return name, value and line of each variable of a ``.env`` text.

    Values are plain: ``${X}`` stays as it is.

    :raises FormatProblem: With the line that is malformed.
    :raises MissingExtraError: If python-dotenv is not installed.
    """
    try:
        from dotenv.parser import parse_stream
    except ImportError:
        raise MissingExtraError("dotenv") from None

    from io import StringIO

    found: list[tuple[str, str | None, int]] = []

    for binding in parse_stream(StringIO(text)):
        original = binding.original.string
        # The parser counts the blank lines in front as part of the binding.
        blank = len(original) - len(original.lstrip())
        line = binding.original.line + original.count("\n", 0, blank)

        if binding.error:
            raise FormatProblem("is not a valid .env file", line)

        if binding.key is not None:
            found.append((binding.key, binding.value, line))

    return found


def _toml(data: bytes, _: Path) -> object:
    import tomllib

    if data.count(b".") >= _PARTS and re.search(_LONG_KEY, data):
        raise FormatProblem("is nested too deeply")

    try:
        return tomllib.loads(decode(data))
    except (ValueError, RecursionError) as error:
        message = str(error)

    place = re.search(_PLACE, message)

    if place is None:
        at_end = message.endswith("(at end of document)")
        line = len(data.splitlines()) if at_end else None
        raise FormatProblem("is not valid TOML", line)

    raise FormatProblem(f"is not valid TOML at column {place[2]}", int(place[1]))


def _json(data: bytes, _: Path) -> object:
    try:
        return json.loads(
            decode(data), object_pairs_hook=_unique, parse_constant=_refuse
        )
    except json.JSONDecodeError as error:
        message = f"is not valid JSON at column {error.colno}"
        line: int | None = error.lineno
    except (ValueError, RecursionError):
        message, line = "is not valid JSON", None

    raise FormatProblem(message, line)


def _unique(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    table: dict[str, t.Any] = {}

    for name, value in pairs:
        if name in table:
            raise FormatProblem(f"has the name {name[:60]!r} twice (RFC 8259 4)")

        table[name] = value

    return table


def _refuse(constant: str) -> t.NoReturn:
    raise ValueError(constant)


def _yaml(data: bytes, _: Path) -> object:
    yaml = yaml_module()
    text = decode(data)

    try:
        _check_depth(yaml, text)
        value = yaml.load(text, Loader=_yaml_loader(yaml))  # made of the safe loader
    except (FormatProblem, MissingExtraError):
        raise
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        column = f" at column {mark.column + 1}" if mark else ""
    except Exception:  # noqa: BLE001  # constructors raise what they like
        line, column = None, ""
    else:
        return {} if value is None else value

    raise FormatProblem(f"is not valid YAML{column}", line)


def _safe_loader(yaml: t.Any) -> t.Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _check_depth(yaml: t.Any, text: str) -> None:
    """Refuse what ends the process: nodes are made by recursion in C.

    :raises FormatProblem: If collections stand too deep in each other.
    """
    depth = 0

    for event in yaml.parse(text, Loader=_safe_loader(yaml)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1

        if depth > _YAML_DEPTH:
            raise FormatProblem("is nested too deeply", event.start_mark.line + 1)


def _yaml_loader(yaml: t.Any) -> t.Any:
    base: t.Any = _safe_loader(yaml)

    def _is_list(node: t.Any) -> bool:
        return isinstance(node, yaml.SequenceNode)

    class Loader(base):  # type: ignore[misc]  # chosen at run time
        merged = 0

        def construct_mapping(self, node: t.Any, deep: bool = False) -> t.Any:
            seen: set[str] = set()

            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value in seen:
                    name = key.value[:60]
                    line = key.start_mark.line + 1
                    raise FormatProblem(f"has the key {name!r} twice", line)

                seen.add(key.value if isinstance(key, yaml.ScalarNode) else "")

            return base.construct_mapping(self, node, deep=deep)

        def flatten_mapping(self, node: t.Any) -> None:
            merged = [value for key, value in node.value if key.tag == _MERGE_TAG]

            for value in merged:
                for each in [value, *(value.value if _is_list(value) else ())]:
                    if isinstance(each, yaml.MappingNode):
                        self.flatten_mapping(each)
                        self.merged += len(each.value)

                    # Counted before they are copied: what is copied may be merged.
                    if self.merged > _MERGE_LIMIT:
                        raise FormatProblem("merges too many keys")

            base.flatten_mapping(self, node)

    return Loader


def _py(data: bytes, path: Path) -> object:
    names: dict[str, t.Any] = {"__name__": "config", "__file__": str(path)}

    try:
        exec(compile(data, path, "exec"), names)  # noqa: S102  # a named .py file is code
    except Exception as error:
        place = f"{path}:{_line_in(error, str(path))}"
        raise SetupError(f"{place}: raised {type(error).__name__}") from error

    return {name: value for name, value in names.items() if is_key(name)}


def _line_in(error: Exception, path: str) -> int:
    line = getattr(error, "lineno", None) or 0
    trace = error.__traceback__

    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno

        trace = trace.tb_next

    return line


_PARSERS: dict[str, Callable[[bytes, Path], object]] = {
    "json": _json,
    "py": _py,
    "toml": _toml,
    "yaml": _yaml,
}
