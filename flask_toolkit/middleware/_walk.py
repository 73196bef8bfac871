"""Find what others put around an application."""

from __future__ import annotations

import types
import typing as t

from flask import Flask

from ._plan import Layer

if t.TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["layers_between"]

_FAR: t.Final = 500


def layers_between(outer: object, inner: object) -> list[Layer]:
    """Return the layers from ``outer`` down to ``inner``, which is left out.

    Where there is no visible way down, it is one layer, the outermost.

    :param inner: Where to stop; ``None`` for the application itself.
    """
    found = _search(outer, inner, {})
    return [Layer(_name(outer), "foreign", "")] if found is None else found


def _search(here: object, inner: object, seen: dict[int, object]) -> list[Layer] | None:
    if here is inner:
        return []

    if isinstance(getattr(here, "__self__", here), Flask):
        return [] if inner is None else None

    if id(here) in seen or len(seen) > _FAR:
        return None

    seen[id(here)] = here  # kept alive, so that no id is used again

    for part in _held(here):
        below = _search(part, inner, seen)

        if below is not None:
            return [Layer(_name(here), "foreign", ""), *below]

    return None


def _name(layer: object) -> str:
    if isinstance(layer, types.FunctionType):
        return layer.__qualname__.replace(".<locals>", "")

    return type(layer).__qualname__


def _held(layer: object) -> Iterator[object]:
    """Yield what a layer could call: its attributes, or the names it closes over."""
    if isinstance(layer, types.FunctionType):
        values = list(_closed_over(layer))
    else:
        values = list(getattr(layer, "__dict__", {}).values())

    for value in values:
        if callable(value) and not isinstance(value, type):
            yield value


def _closed_over(function: types.FunctionType) -> Iterator[object]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:
            # A name that was deleted, or not bound yet.
            continue
