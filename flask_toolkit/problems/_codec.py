"""Places in a document, and what is wrong there."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

if t.TYPE_CHECKING:
    from collections.abc import Iterator

# RFC 3986 section 3.5 lets these stand in a fragment; "~" and "/" are JSON Pointer's.
_FRAGMENT = "/~!$&'()*+,;=:@?"
# What WTForms, Marshmallow and others name the errors of the whole by.
_WHOLE: t.Final = frozenset({"", "_schema"})
_POINTER = re.compile(r"#(/[^\x00-\x20\x7f#]*)?")


def pointer(*path: str | int) -> str:
    """Return a JSON Pointer in its form as a URI fragment (RFC 6901, 3 and 6).

    >>> pointer("items", 0, "price/unit")
    '#/items/0/price~1unit'
    >>> pointer()
    '#'
    """
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    # A name in a client's JSON may be half of a character: no reason to fail.
    return "#" + "".join(
        f"/{quote(step, safe=_FRAGMENT, errors='replace')}" for step in steps
    )


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with what was sent (RFC 9457 section 3).

    :param detail: What is wrong, for the person who sent it.
    :param pointer: Where, as a JSON Pointer in fragment form: ``#/items/0``.
    :raises ValueError: If ``pointer`` is no fragment.
    """

    detail: str
    pointer: str = "#"

    def __post_init__(self) -> None:
        if not _POINTER.fullmatch(self.pointer):
            raise ValueError(
                f"{self.pointer!r} is no JSON Pointer in fragment form;"
                " FieldError.at(detail, *path) writes one."
            )

    @classmethod
    def at(cls, detail: str, *path: str | int) -> FieldError:
        """Return an error at the end of ``path``, escaped as it must be.

        >>> FieldError.at("must not be negative", "items", 0, "price")
        FieldError(detail='must not be negative', pointer='#/items/0/price')
        """
        return cls(detail, pointer(*path))


def field_errors(source: t.Any, *, root: str = "#") -> list[FieldError]:
    """Return what a validation found, with a pointer to each place.

    Told apart by their shape; none of the libraries is imported, and the value
    that was sent is not repeated.

    :param source: A WTForms form after ``validate()``, a ``ValidationError`` of
        pydantic or marshmallow, or a mapping of names to messages, nested or not.
    :param root: Where in the document what was validated stands.
    :raises TypeError: If it is none of these.
    :raises ValueError: If ``root`` is no pointer in fragment form.

    >>> field_errors({"items": {1: {"price": ["Not a number."]}}}, root="#/order")
    [FieldError(detail='Not a number.', pointer='#/order/items/1/price')]
    """
    return [
        FieldError(detail, root + pointer(*path)[1:]) for detail, path in _found(source)
    ]


_Path: t.TypeAlias = tuple[str | int, ...]


def _found(source: t.Any) -> Iterator[tuple[str, _Path]]:
    errors: t.Any = getattr(source, "errors", None)

    if callable(errors):
        # pydantic: a flat list, and the place as a tuple.
        listed: list[dict[str, t.Any]] = t.cast("t.Any", errors())
        return ((each["msg"], tuple(each["loc"])) for each in listed)

    for nested in (getattr(source, "messages", None), errors, source):
        if isinstance(nested, Mapping | list):
            return _walk(nested, ())

    raise TypeError(
        f"field_errors() takes a form, a ValidationError or a mapping, not"
        f" {type(source).__name__}."
    )


def _walk(node: t.Any, path: _Path) -> Iterator[tuple[str, _Path]]:
    if isinstance(node, Mapping):
        for name, below in t.cast("Mapping[str | None, t.Any]", node).items():
            inside = path if name is None or name in _WHOLE else (*path, name)
            yield from _walk(below, inside)
    elif isinstance(node, list | tuple):
        # Messages of the place itself, or an entry for each item of a list.
        for index, below in enumerate(t.cast("list[t.Any]", node)):
            nested = isinstance(below, Mapping | list | tuple)
            yield from _walk(below, (*path, index) if nested else path)
    else:
        # Some are lazy translations.
        yield str(node), path
