"""Places in a document, and what is wrong there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

# RFC 3986 section 3.5 lets these stand in a fragment; "~" and "/" are JSON Pointer's.
_FRAGMENT = "/~!$&'()*+,;=:@?"
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
