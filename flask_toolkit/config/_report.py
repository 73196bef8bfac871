"""The configuration of an application as rows: what the command prints."""

from __future__ import annotations

import json
import re
import typing as t
from datetime import timedelta
from enum import Enum

from flask_toolkit._redact import is_secret_name
from flask_toolkit._redact import mask
from flask_toolkit._settings import MISSING as NO_DEFAULT
from flask_toolkit._settings import settings_table
from flask_toolkit._values import unwrap
from flask_toolkit.errors import Origin
from flask_toolkit.errors import SetupError

from ._flask_keys import is_default
from ._loaded import same
from ._nodes import brings
from ._nodes import MISSING
from ._nodes import Table

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator

    from flask import Flask

    from ._loaded import LoadedConfig
    from ._nodes import Leaf

_AT_REST: t.Final = frozenset({"default", "flask"})
_SET_BY_CODE: t.Final = Origin("code", "app.config")


class Row(t.NamedTuple):
    """One value of a configuration."""

    key: str
    value: str
    origin: str
    over: tuple[str, ...] = ()
    """Where values that it replaced came from, the strongest first."""

    is_set: bool = True
    """Whether somebody set it: it is no default."""


def rows(app: Flask, *, reveal: bool = False) -> list[Row]:
    """Return each value with its place, by key.

    :param reveal: Show secrets.
    """
    loaded: LoadedConfig[t.Any] | None = app.extensions.get("toolkit.config")
    told = [] if loaded is None else list(_of_loaded(loaded, reveal=reveal))
    # A name with a dot in it is a key of its own.
    known = {name for row in told for name in (row.key, _top(row.key))}
    told += [row for row in _of_config(app, reveal=reveal) if row.key not in known]
    known = {row.key for row in told}
    told += [row for row in _of_settings(app, reveal=reveal) if row.key not in known]
    return sorted(told, key=lambda row: (_in_order(row.key), row))


def matching(row: Row, asked: str) -> bool:
    """Tell whether a row is about a key, what lies below it, or a prefix."""
    return row.key.upper().startswith(asked.upper())


def stack(app: Flask) -> list[tuple[str, str]]:
    """Return the sources, the weakest first, each with what became of it.

    :raises SetupError: If no configuration was loaded.
    """
    return [
        (repr(source), "absent" if count is None else f"{count} values")
        for source, count in _loaded(app).stack
    ]


def unused(app: Flask) -> list[tuple[str, str, str]]:
    """Return the variables without effect: name, reason, and what to do.

    :raises SetupError: If no configuration was loaded.
    """
    from .checks._facts import Facts
    from .checks._keys import unused as find

    _loaded(app)
    found = find(Facts(app, deploy=True))
    return [(str(one.origin), one.message, one.hint) for one in found]


def example(app: Flask) -> str:
    """Return a ``.env.example``: the variables of the schema, secrets empty.

    :raises SetupError: If there is no schema, or no source reads variables.
    """
    loaded = _loaded(app)

    if not loaded.prefixes or not loaded.known.strict:
        raise SetupError(
            "An example needs a loader with a schema, and Env or DotEnv among its"
            " sources."
        )

    lines: list[str] = []

    for path, leaf in _leaves(loaded.known.root, ()):
        lines += _variable(loaded.prefixes[-1], path, leaf)

    return "\n".join(lines) + "\n"


def _loaded(app: Flask) -> LoadedConfig[t.Any]:
    if "toolkit.config" not in app.extensions:
        raise SetupError(f"No ConfigLoader has loaded the configuration of {app.name}.")

    loaded: LoadedConfig[t.Any] = app.extensions["toolkit.config"]
    return loaded


def _of_loaded(loaded: LoadedConfig[t.Any], *, reveal: bool) -> Iterator[Row]:
    for leaf in loaded.leaves():
        (origin, _), *over = loaded.explain(leaf)
        value = loaded.value(leaf) if reveal else loaded.masked(leaf)
        # Whatever is set replaces a default of Flask; that tells nothing.
        places = tuple(str(each) for each, _ in over if each.kind != "flask")
        yield Row(leaf, _told(value), str(origin), places, origin.kind not in _AT_REST)


def _of_config(app: Flask, *, reveal: bool) -> Iterator[Row]:
    """Yield what nobody loaded: Flask's defaults, and what code set."""
    defaults = app.default_config

    for key, value in t.cast("dict[str, t.Any]", app.config).items():
        at_rest = is_default(defaults, key, value)
        origin = Origin("flask", "default") if at_rest else _SET_BY_CODE
        text = _told(value if reveal else mask(key, value))
        yield Row(key, text, str(origin), is_set=not at_rest)


def _of_settings(app: Flask, *, reveal: bool) -> Iterator[Row]:
    """Yield the settings of components that no key sets."""
    for bound in settings_table(app).values():
        for name, field in bound.spec.fields.items():
            if bound.settings is None or field.default is NO_DEFAULT:
                continue

            given = name in bound.options
            kind = "option" if given else "default"
            maker = f"{bound.spec.name}({name}=)" if given else bound.spec.cls.__name__
            value = getattr(bound.settings, name)
            text = _told(
                value if reveal else mask(field.key, value, secret=field.secret)
            )
            yield Row(field.key, text, str(Origin(kind, maker)), is_set=given)


def _top(key: str) -> str:
    """Return the key of Flask's configuration that a leaf stands in."""
    return key.partition(".")[0].partition("[")[0]


def _in_order(key: str) -> str:
    """Return what sorts the tenth item of a list behind the second."""
    return re.sub("[0-9]+", lambda number: number[0].zfill(9), key)


def _told(value: t.Any) -> str:
    return value if isinstance(value, str) else repr(value)


def _leaves(
    table: Table, above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Leaf]]:
    for name, node in table.fields.items():
        if isinstance(node, Table):
            yield from _leaves(node, (*above, name))
        else:
            yield (*above, name), node


def _variable(prefix: str, path: tuple[str, ...], leaf: Leaf) -> Iterator[str]:
    notes = (note for note in unwrap(leaf.kind)[1] if isinstance(note, str))
    words = " ".join(next(notes, "").split())  # in one line, or it is no comment
    name = prefix + "__".join(path).upper()
    secret = leaf.marked or (is_secret_name(".".join(path)) and not leaf.plain)
    parts = "" if leaf.item is None else _parts(leaf, leaf.item)
    required = "required" if leaf.required else ""
    told = ", ".join(filter(None, [words, parts, required]))

    if told:
        yield f"# {told}"

    default = MISSING if leaf.required else leaf.initial()

    # The tables of a default are objects, and may hold secrets; so may an address.
    if (
        default is MISSING
        or secret
        or (leaf.item is not None and default)
        or not same(mask("", default), default)
    ):
        yield f"{'' if leaf.required else '#'}{name}="
    else:
        yield f"#{name}={_text(default)}"


def _parts(leaf: Leaf, item: Table) -> str:
    kind = "list" if leaf.is_list else "object"
    return f"a JSON {kind} of objects with {' '.join(item.fields)}"


def _text(value: t.Any) -> str:
    """Return a value as the text that would be read as it."""
    if not brings(value):
        return ""

    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, timedelta):
        text = f"{value.total_seconds():g}"
    elif isinstance(value, Enum):
        text = str(value.name)
    elif isinstance(value, (list, tuple, set, frozenset)):
        text = json.dumps(list(t.cast("Iterable[t.Any]", value)), default=str)
    elif isinstance(value, dict):
        text = json.dumps(value, default=str)
    else:
        text = value.decode() if isinstance(value, bytes) else str(value)

    return _quoted(text)


def _quoted(text: str) -> str:
    """Return a text as it stands in a ``.env`` file."""
    if text.isprintable() and not set(text) & set(" #'\"\\$"):
        return text

    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
