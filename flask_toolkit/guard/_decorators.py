"""``public`` and ``require``: marks on views, View classes, methods, blueprints.

They write an attribute and return what they got, so their order among other
decorators does not matter. A wrapper without ``functools.wraps`` above one hides
it: a lost ``public`` leaves the route closed, a lost ``require`` leaves it to the
guard's own rule, which is a sign-in. ``guard_map`` shows what is in force.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from flask_toolkit.errors import SetupError
from flask_toolkit.identity import AccessMark
from flask_toolkit.identity import MARK

from ._rules import authenticated
from ._rules import Rule

T = t.TypeVar("T")


@dataclass(frozen=True, slots=True)
class Marker:
    """A decorator that marks its target and returns it unchanged."""

    mark: AccessMark

    def __call__(self, target: T, /) -> T:
        """Mark ``target``.

        :raises SetupError: If it has a mark of the other kind, or takes none.
        """
        return _add(target, self.mark)


@t.overload
def public(target: T, /) -> T: ...
@t.overload
def public(*, reason: str | None = None, cross_origin: bool = False) -> Marker: ...
def public(
    target: T | None = None,
    /,
    *,
    reason: str | None = None,
    cross_origin: bool = False,
) -> T | Marker:
    """Open a view, View class, method or blueprint. Use with or without ``()``.

    :param reason: Why it is open, in one line, for whoever reviews the map.
    :param cross_origin: Also take state changes that other sites send.
    :raises SetupError: If the same object also has a ``require``, or the reason
        spans several lines.
    """
    if reason is not None and not reason.isprintable():
        raise SetupError("The reason of @public must be one line of printable text.")

    mark = AccessMark(public=True, reason=reason, cross_origin=cross_origin)

    return Marker(mark) if target is None else _add(target, mark)


def require(*rules: Rule, cross_origin: bool = False) -> Marker:
    """Tighten a view, View class, method or blueprint by all of ``rules``.

    Without a rule it asks for a caller who is signed in, as inside an open
    blueprint.

    :param cross_origin: Also take state changes that other sites send.
    :raises SetupError: If the same object is also ``public``, or something that
        is no rule is passed.
    """
    given = t.cast("tuple[object, ...]", rules)

    if not all(isinstance(rule, Rule) for rule in given):
        raise SetupError(
            '@require takes rules, as in @require(role("editor"), fresh(300)).'
        )

    return Marker(
        AccessMark(rules=rules or (authenticated,), cross_origin=cross_origin)
    )


def own_mark(target: object) -> AccessMark | None:
    """Return the mark on ``target`` itself: never one of a base class."""
    mark = getattr(target, "__dict__", {}).get(MARK)
    return mark if isinstance(mark, AccessMark) else None


def _add(target: T, mark: AccessMark) -> T:
    known = own_mark(target)

    if known is not None and known.public is not mark.public:
        raise SetupError(
            f"{_name(target)} is marked both @public and @require; keep one."
        )

    if known is not None:
        mark = AccessMark(
            public=mark.public,
            rules=(*known.rules, *mark.rules),
            reason=mark.reason if known.reason is None else known.reason,
            cross_origin=known.cross_origin or mark.cross_origin,
        )

    descriptor: t.Any = target

    if isinstance(descriptor, (staticmethod, classmethod)):
        # What a class gives out is the function, not the descriptor around it.
        _add(t.cast("t.Any", descriptor).__func__, mark)

    try:
        setattr(target, MARK, mark)
    except (AttributeError, TypeError):
        raise SetupError(
            f"{_name(target)} cannot be marked: put the decorator on the function,"
            " the class or the blueprint itself."
        ) from None

    return target


def _name(target: object) -> str:
    name = getattr(target, "__qualname__", None) or getattr(target, "name", None)
    return repr(target) if name is None else str(name)
