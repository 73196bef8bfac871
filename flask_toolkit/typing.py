"""Types that several rooms share, and the markers for annotated settings."""

from __future__ import annotations

import typing as t
from datetime import timedelta

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection
    from collections.abc import Mapping
    from collections.abc import Sequence
    from wsgiref.types import WSGIEnvironment

__all__ = ["Constraint", "Duration", "Scope", "Secret", "Store"]

Duration: t.TypeAlias = timedelta | int | float
"""A length of time: a :class:`~datetime.timedelta` or a number of seconds."""


class _Secret:
    """The type of :data:`Secret`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret"


Secret: t.Final = _Secret()
"""Marks a setting whose value is never shown: ``Annotated[str, Secret]``."""


class Constraint:
    """A test that a setting must pass: ``Annotated[int, Constraint(...)]``.

    :param test: Takes the value; a false answer is a problem.
    :param message: What would fit, as in ``"1-65535"``.
    """

    __slots__ = ("message", "test")

    def __init__(self, test: Callable[[t.Any], bool], message: str) -> None:
        self.test: Callable[[t.Any], bool] = test
        self.message: str = message

    def __repr__(self) -> str:
        return f"Constraint({self.message!r})"


class Scope(t.Protocol):
    """What the middleware knows of a request: ``environ["toolkit.scope"]``."""

    environ: WSGIEnvironment
    request_id: str | None

    def after_response(
        self, fn: Callable[..., object], /, *args: t.Any, **kwargs: t.Any
    ) -> None:
        """Run ``fn`` after the last byte of the answer was sent."""


class Store(t.Protocol):
    """A small store of bytes with a time to live; keys are printable ASCII.

    Every method raises :class:`~flask_toolkit.errors.StoreUnavailableError` when
    the store does not answer. ``ttl`` is in seconds, finite and above zero.
    """

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return the living values of ``keys``, in their order, in one trip."""
        ...

    def put(self, key: str, value: bytes, ttl: float) -> None:
        """Store ``value``, replacing what was there."""
        ...

    def put_if_absent(self, key: str, value: bytes, ttl: float) -> bytes | None:
        """Store ``value`` unless the key lives; atomic.

        :returns: ``None`` if it was stored, else the value that is there.
        """
        ...

    def delete(self, *keys: str) -> int:
        """Delete the keys and return how many lived."""
        ...

    def load(self, key: str) -> dict[str, bytes] | None:
        """Return the fields of a record, or ``None``."""
        ...

    def save(
        self,
        key: str,
        changed: Mapping[str, bytes],
        removed: Collection[str],
        ttl: float,
        *,
        create: bool = False,
        owner: str | Collection[str] | None = None,
    ) -> bool:
        """Write ``changed``, drop ``removed`` and renew the time to live; atomic.

        With ``create`` only a new record is written, without it only one that
        exists.

        :param owner: Whose it is from now on, one name or several. None, or no
            name: as before.
        :returns: Whether it was written.
        """
        ...

    def delete_for(self, owner: str, *, keep: Collection[str] = ()) -> int:
        """Delete the records of ``owner`` but those in ``keep``; return how many."""
        ...

    def keys_for(self, owner: str) -> list[str]:
        """Return the keys of the living records of ``owner``."""
        ...

    def purge(self) -> int:
        """Drop expired entries and return how many there were."""
        ...

    def ping(self) -> None:
        """Return if the store answers."""
        ...

    def close(self) -> None:
        """Give back what the store holds."""
        ...
