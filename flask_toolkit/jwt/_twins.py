"""Which functions were decorated, to find those whose twin is never called.

``@jwt.required`` above ``@app.route`` returns a protected function, and the route
keeps the plain one: open, without a word.
"""

from __future__ import annotations

import contextlib
import typing as t
from weakref import WeakKeyDictionary

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator

    View: t.TypeAlias = Callable[..., t.Any]

# Not the twins: nothing keeps one alive that no route has.
_decorated: WeakKeyDictionary[t.Any, frozenset[str]] = WeakKeyDictionary()


def remember(view: View, name: str) -> None:
    """Record that the component ``name`` made a protected twin of ``view``."""
    # What cannot be referred to weakly is no function of a module.
    with contextlib.suppress(TypeError):
        _decorated[view] = _decorated.get(view, frozenset()) | {name}


def left_open(views: Iterable[View], name: str) -> list[View]:
    """Return the views that have a twin of ``name`` which none of them is."""
    served = list(views)
    inside = {id(layer) for view in served for layer in _below(view)}
    return [
        view for view in served if name in _names_of(view) and id(view) not in inside
    ]


def _names_of(view: View) -> frozenset[str]:
    try:
        return _decorated.get(view, frozenset())
    except TypeError:
        return frozenset()


def _below(view: View) -> Iterator[View]:
    """Yield what decorators were put around, from the outside in."""
    seen = {id(view)}

    while (inner := getattr(view, "__wrapped__", None)) is not None:
        if id(inner) in seen:
            return

        seen.add(id(inner))
        yield inner
        view = inner
