"""Where each value of a configuration came from."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from pathlib import Path

    from flask_toolkit.errors import Origin


class Entry:
    """One value that a layer gave to a leaf.

    :param origin: The place, perhaps without its line.
    :param is_text: Whether ``value`` is the original text, before it was read as a
        type.
    :param locate: Finds the exact place; it may read the file again.
    :param base: Folder that a relative path starts from; ``None``: that of the load.
    :param arguments: What ``locate`` is called with.
    """

    __slots__ = ("arguments", "base", "is_text", "locate", "origin", "value")

    # By position: there is one for each value of each source.
    def __init__(  # noqa: PLR0917
        self,
        origin: Origin,
        value: t.Any,
        is_text: bool = False,  # noqa: FBT001, FBT002, RUF100
        locate: Callable[..., Origin] | None = None,
        base: Path | None = None,
        arguments: tuple[t.Any, ...] = (),
    ) -> None:
        self.origin: Origin = origin
        self.value: t.Any = value
        self.is_text: bool = is_text
        self.locate: Callable[..., Origin] | None = locate
        self.base: Path | None = base
        self.arguments: tuple[t.Any, ...] = arguments

    def located(self) -> Origin:
        """Return the place with its line, where it has one."""
        return self.origin if self.locate is None else self.locate(*self.arguments)


class Provenance:
    """For each leaf of the configuration, every value it was given.

    A leaf is a dotted path: ``DB.port``, ``HOSTS[0].port``. The last entry won.
    """

    def __init__(self) -> None:
        self.entries: dict[str, list[Entry]] = {}
        self.files: list[Path] = []
        self.secrets: set[str] = set()
        """Leaves that a marker or their origin makes secret."""

        self.plain: set[str] = set()
        """Leaves whose type says that they are shown, whatever their name."""

        self.unused: list[Origin] = []
        """Variables that were read and are no key."""

    def __repr__(self) -> str:
        return f"<Provenance of {len(self.entries)} leaves>"

    def add(self, path: str, entry: Entry) -> None:
        """Record that a layer gives ``path`` a value; later ones win."""
        self.entries.setdefault(path, []).append(entry)

    def of(self, path: str) -> Entry | None:
        """Return what won for ``path``, or ``None`` if nothing is known."""
        found = self.entries.get(path)
        return found[-1] if found else None

    def leaves(self, key: str) -> Iterator[str]:
        """Yield the leaves at or below ``key``."""
        below = (f"{key}.", f"{key}[")
        yield from (p for p in self.entries if p == key or p.startswith(below))

    def forget(self, key: str) -> None:
        """Drop what is known at and below ``key``: another shape replaces it."""
        for path in list(self.leaves(key)):
            del self.entries[path]
