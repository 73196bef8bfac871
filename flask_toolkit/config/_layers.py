"""What a source is, and what it gives to the loader."""

from __future__ import annotations

import typing as t

from ._formats import FormatProblem
from ._formats import read_secret

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Mapping
    from pathlib import Path

    from flask_toolkit.errors import Origin

Keys: t.TypeAlias = tuple[str, ...]


class Layer(t.NamedTuple):
    """What one source holds.

    With ``text`` the data are flat and all text: ``DB__PORT`` names the leaf
    ``DB.port``. Without, they are a table of typed values.
    """

    data: Mapping[str, t.Any]
    text: bool
    origin: Callable[[Keys], Origin]
    """Tells the place of a value by its keys, as they are spelled in ``data``."""

    place: Origin | None = None
    """What all values share, where telling the exact place costs more."""

    base: Path | None = None
    """Folder that relative paths start from; the loader's, if there is none."""

    files: tuple[Path, ...] = ()


def fixed(place: Origin) -> Callable[[Keys], Origin]:
    """Return what tells one place for all keys."""

    def origin(_: Keys, /) -> Origin:
        return place

    return origin


class Source(t.Protocol):
    """Anything that can be read as a layer of configuration."""

    def read(self, base: Path) -> Layer | None:
        """Return the layer, or ``None`` if it is optional and absent.

        :param base: Folder that relative paths start from.
        :raises ConfigError: If it cannot be read.
        """
        ...


def choosing(sources: Iterable[Source]) -> set[str]:
    """Return the variables that choose a source, and so are no keys."""
    return {getattr(source, "variable", "") for source in sources}


class Computed:
    """A property of a class that was given as a source."""

    __slots__ = ("name", "owner")

    def __init__(self, owner: type[t.Any], name: str) -> None:
        self.owner: type[t.Any] = owner
        self.name: str = name

    def value(self) -> t.Any:
        """Return what it computes on a bare instance of its class."""
        return getattr(object.__new__(self.owner), self.name)


class SecretFile:
    """A text that stands in a file of its own, read when its key is known.

    :param root: Folder that the file may not leave, with links followed.
    """

    __slots__ = ("path", "root")

    def __init__(self, path: Path, root: Path | None = None) -> None:
        self.path: Path = path
        self.root: Path | None = root

    def read(self) -> str:
        """Return the text without one trailing newline.

        :raises FormatProblem: If it cannot be read or lies outside.
        """
        if self.root is None:
            return read_secret(self.path)

        # What is checked is what is opened, whatever the link says next.
        try:
            path = self.path.resolve()
        except RuntimeError:  # a loop of links, until Python 3.13
            path = self.path

        if not path.is_relative_to(self.root):
            raise FormatProblem("leads out of its folder")

        return read_secret(path, links=False)
