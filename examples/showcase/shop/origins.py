"""Each configuration value with the place that set it, for the page."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from dataclasses import field
from datetime import timedelta
from pathlib import Path

from flask_toolkit.errors import Origin

from .config import loader
from .config import Settings

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from flask_toolkit.config import LoadedConfig

LATER = Origin("code", "app.config")
MASKED = repr("********")

# Origins without a file or a variable, as people read them.
PLACES = {
    "default": "the default",
    "flask": "Flask's default",
    "override": "set by the tour or a test",
}
UNITS = {"d": 86_400, "h": 3600, "min": 60, "s": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One key: its value, masked if it is secret, its type, and who set it."""

    key: str
    value: str
    kind: str
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
        for line in _lines(loaded, key, value, app.config[key]):
            if key in Settings.__annotations__:
                shop.lines.append(line)
            elif key.startswith("TOOLKIT_"):
                toolkit.lines.append(line)
            else:
                group = rest if line.origin == PLACES["flask"] else flask
                group.lines.append(line)

    return [shop, toolkit, flask, rest]


def duration(length: timedelta) -> str:
    """Return a length of time as people read it.

    >>> duration(timedelta(minutes=90)), duration(timedelta(0))
    ('1 h 30 min', '0 s')
    """
    rest, said = abs(length).total_seconds(), []

    for unit, seconds in UNITS.items():
        # Whole numbers; the last unit takes the fraction too.
        count = rest // seconds if seconds > 1 else rest
        rest -= count * seconds
        said += [f"{count:g} {unit}"] if count else []

    sign = "-" if length < timedelta() else ""
    return sign + (" ".join(said) or "0 s")


def _lines(
    loaded: LoadedConfig[Settings], key: str, masked: t.Any, live: t.Any
) -> Iterator[Line]:
    leaves = {key: (masked, live)}

    if isinstance(masked, dict) and masked:
        # Of a table each entry may come from somewhere else.
        leaves = {f"{key}.{name}": (masked[name], live[name]) for name in masked}

    for leaf, (value, unmasked) in leaves.items():
        # The winner first, then whom it beat; secrets are masked already. What
        # code set after the start has no layers.
        known = loaded.explain(leaf) or [(LATER, repr(value))]
        (origin, shown), *others = known
        yield Line(
            key=leaf,
            value=_text(value, shown),
            # Of the value itself: what masks a secret is always text.
            kind="none" if unmasked is None else type(unmasked).__name__,
            origin=_place(origin),
            over=[_place(other) for other, _ in others],
        )


def _text(value: t.Any, shown: str) -> str:
    if isinstance(value, timedelta):
        return duration(value)

    # The mask is no value: without the quotes of one.
    return shown.strip("'") if shown == MASKED else shown


def _place(origin: Origin) -> str:
    if origin.kind in PLACES:
        return PLACES[origin.kind]

    # Without the folder: a page does not tell where things lie on the server.
    return str(origin._replace(name=Path(origin.name).name))
