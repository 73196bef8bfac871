"""What an application tells its guard about users."""

from __future__ import annotations

import typing as t

from flask_toolkit._extension import run_async

from ._policy import checked_id
from ._policy import checked_roles
from ._policy import default_id
from ._policy import default_roles

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection

    from flask import Flask

    from flask_toolkit.identity import Identity


class Callbacks:
    """The functions that were registered on one guard."""

    def __init__(self) -> None:
        self.load: Callable[[str], t.Any] | None = None
        # The same if it is not async; asking that costs a microsecond a request.
        self.load_now: Callable[[str], t.Any] | None = None
        self.id_of: Callable[[t.Any], str] = default_id
        self.epoch: Callable[[t.Any], str] | None = None
        self.roles_of: Callable[[t.Any], Collection[str]] = default_roles
        self.on_denied: Callable[[t.Any], t.Any] | None = None

    def user(self, app: Flask, id: str) -> t.Any:
        """Return the user of ``id``, or ``None``; the loader may be async."""
        if self.load_now is not None:
            return self.load_now(id)

        return None if self.load is None else run_async(app, self.load, id)

    def id(self, user: t.Any) -> str:
        """Return the id of ``user``.

        :raises TypeError: If it is not text, or empty.
        """
        return checked_id(self.id_of(user))

    def roles(self, identity: Identity[t.Any]) -> Collection[str]:
        """Return the roles of a caller; a caller without a user has none.

        :raises TypeError: If the user has no roles, or they are one text.
        """
        user = identity.user
        return () if user is None else checked_roles(self.roles_of(user))

    def epoch_of(self, user: t.Any) -> str | None:
        """Return the epoch of ``user``; ``None`` if the app keeps none.

        :raises TypeError: If it is not text.
        """
        if self.epoch is None:
            return None

        epoch = t.cast("object", self.epoch(user))

        if isinstance(epoch, str):
            return epoch

        raise TypeError("@guard.epoch must return a text, such as a counter as str.")
