"""Each configuration value with the place that set it, for the page."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from flask_toolkit.errors import Origin

from .config import loader
from .config import Settings

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from flask_toolkit.config import LoadedConfig

DEFAULT = "flask default"
LATER = Origin("code", "app.config")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One key: its value, masked if it is secret, and who set it."""

    key: str
    value: str
    origin: str
    over: list[str]
    """Who would have set it otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Keys that belong together."""

    title: str
    lines: list[Line] = field(default_factory=list)
    folded: bool = False
    """Whether the page shows it only on demand."""


def groups(app: Flask) -> list[Group]:
    """Return the keys of the shop, of the toolkit and of Flask."""
    loaded = loader.loaded(app)
    shop = Group(title="The shop")
    toolkit = Group(title="The toolkit")
    flask = Group(title="Flask")
    rest = Group(title="Flask's own defaults", folded=True)

    for key, value in sorted(loaded.redacted().items()):
        for line in _lines(loaded, key, value):
            if key in Settings.__annotations__:
                shop.lines.append(line)
            elif key.startswith("TOOLKIT_"):
                toolkit.lines.append(line)
            else:
                group = rest if line.origin == DEFAULT else flask
                group.lines.append(line)

    return [shop, toolkit, flask, rest]


def _lines(loaded: LoadedConfig[Settings], key: str, masked: t.Any) -> Iterator[Line]:
    leaves = {key: masked}

    if isinstance(masked, dict) and masked:
        # Of a table each entry may come from somewhere else.
        leaves = {f"{key}.{name}": value for name, value in masked.items()}

    for leaf, value in leaves.items():
        # The winner first, then whom it beat; secrets are masked already. What
        # code set after the start has no layers.
        known = loaded.explain(leaf) or [(LATER, repr(value))]
        (origin, shown), *others = known
        over = [_place(other) for other, _ in others]
        yield Line(key=leaf, value=shown, origin=_place(origin), over=over)


def _place(origin: Origin) -> str:
    # Without the folder: a page does not tell where things lie on the server.
    return str(origin._replace(name=Path(origin.name).name))
