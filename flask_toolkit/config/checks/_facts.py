"""What the checks ask about an application, found once."""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

from flask_toolkit._findings import Finding
from flask_toolkit._redact import mask
from flask_toolkit._settings import settings_table
from flask_toolkit.config._known import Known

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from flask import Flask

    from flask_toolkit._findings import Level
    from flask_toolkit.config._loaded import LoadedConfig
    from flask_toolkit.errors import Origin

_FALLBACKS = "SECRET_KEY_FALLBACKS"
_INNER = ("app", "wsgi_app", "application", "target")
_DEEPEST = 50


class Held(t.NamedTuple):
    """A secret that the configuration holds."""

    key: str
    value: bytes
    place: Origin | None


class Facts:
    """An application, as the checks see it.

    :param deploy: Whether to ask as well what only matters in production.
    """

    def __init__(self, app: Flask, *, deploy: bool) -> None:
        self.app = app
        self.deploy = deploy
        self.config: Mapping[str, t.Any] = t.cast("dict[str, t.Any]", app.config)
        self.loaded: LoadedConfig[t.Any] | None = app.extensions.get("toolkit.config")

    def found(
        self, id: str, level: Level, message: str, hint: str, key: str | None = None
    ) -> Finding:
        """Return a finding, with the place of the key that it is about."""
        place = None if key is None else self.place(key)
        return Finding(id, level, message, hint, key, place)

    def place(self, key: str) -> Origin | None:
        """Return where a key got its value, if that is known."""
        told = [] if self.loaded is None else self.loaded.explain(key)
        return told[0][0] if told else None

    def path_of(self, place: Origin | None) -> Path | None:
        """Return the file that a value came from, if it did from one."""
        if place is None or place.kind not in {"file", "dotenv", "secret"}:
            return None

        return Path(self.app.config.root_path, place.name)

    @functools.cached_property
    def known(self) -> Known:
        """What is known of the keys, from the loader or without one."""
        return Known(None, ()) if self.loaded is None else self.loaded.known

    @functools.cached_property
    def layers(self) -> list[object]:
        """The WSGI applications around the application, outermost first."""
        found: dict[int, object] = {}
        waiting: list[object] = [self.app.wsgi_app]

        while waiting and len(found) < _DEEPEST:
            layer = waiting.pop(0)

            # The application itself has a wsgi_app: the outermost layer again.
            if _owner(layer) is not self.app and id(layer) not in found:
                found[id(layer)] = layer
                waiting += _inside(layer)

        return list(found.values())

    @functools.cached_property
    def keys(self) -> list[Held]:
        """What signs the cookies: the key, and those that it replaced."""
        several: t.Any = self.config.get(_FALLBACKS)
        given = [("SECRET_KEY", self.config.get("SECRET_KEY"))]

        if isinstance(several, (list, tuple)):
            old = t.cast("Sequence[t.Any]", several)
            given += [(_FALLBACKS, each) for each in old]

        return [
            Held(key, data, self.place(key))
            for key, value in given
            if (data := _bytes_of(value))
        ]

    @functools.cached_property
    def secrets(self) -> list[Held]:
        """All secrets: Flask's, the schema's, the components'."""
        found = {
            key: Held(key, data, self.place(key))
            for key, value in self._marked()
            if (data := _bytes_of(value)) and not _is_open_address(value)
        }
        return [*self.keys, *found.values()]

    def _marked(self) -> Iterator[tuple[str, t.Any]]:
        signing = {"SECRET_KEY", _FALLBACKS}

        if self.loaded is not None:
            for leaf in self.loaded.leaves():
                if leaf not in signing and self.loaded.is_secret(leaf):
                    yield leaf, self.loaded.value(leaf)

        for bound in settings_table(self.app).values():
            for field in bound.spec.fields.values():
                if field.secret:
                    yield field.key, self.config.get(field.key)


def _owner(layer: object) -> object:
    """Return the object of a method, else the layer itself."""
    return getattr(layer, "__self__", layer)


def _inside(layer: object) -> Iterator[object]:
    """Yield what a WSGI layer may call: attributes, or names it closes over."""
    for name in _INNER:
        inner = getattr(_owner(layer), name, None)

        if callable(inner):
            yield inner

    for cell in getattr(layer, "__closure__", None) or ():
        inner = getattr(cell, "cell_contents", None)

        if callable(inner) and not isinstance(inner, type):
            yield inner


def _bytes_of(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")

    return value if isinstance(value, bytes) else b""


def _is_open_address(value: object) -> bool:
    """Tell whether a value is an address without a password in it."""
    return isinstance(value, str) and "://" in value and mask("", value) == value
