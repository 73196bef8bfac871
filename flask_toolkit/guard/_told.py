"""What an application tells its guard: who its users are, and what to answer."""

from __future__ import annotations

import typing as t

from flask_toolkit._extension import Extension
from flask_toolkit._extension import is_async

from ._callbacks import Callbacks
from ._settings import GuardSettings

if t.TYPE_CHECKING:
    from collections.abc import Awaitable
    from collections.abc import Callable
    from collections.abc import Collection
    from collections.abc import Coroutine

    from flask.typing import ResponseReturnValue

    from ._decision import Decision

    Denied: t.TypeAlias = ResponseReturnValue | None
    Denial: t.TypeAlias = Callable[[Decision], Denied | Awaitable[Denied]]

U = t.TypeVar("U")


class Told(Extension[GuardSettings], t.Generic[U]):
    """The decorators of :class:`LoginGuard`."""

    def __init__(self, *, name: str, login_view: str | None) -> None:
        super().__init__(name=name, login_view=login_view)
        self._callbacks: Callbacks = Callbacks()

    @t.overload
    def user_loader(
        self, load: Callable[[str], Coroutine[t.Any, t.Any, U | None]], /
    ) -> Callable[[str], Coroutine[t.Any, t.Any, U | None]]: ...
    @t.overload
    def user_loader(
        self, load: Callable[[str], U | None], /
    ) -> Callable[[str], U | None]: ...
    def user_loader(self, load: Callable[[str], t.Any], /) -> Callable[[str], t.Any]:
        """Find a user by id; return ``None`` for nobody. May be ``async``."""
        self._callbacks.load = load
        self._callbacks.load_now = None if is_async(load) else load
        return load

    def id_of(self, get: Callable[[U], str], /) -> Callable[[U], str]:
        """Tell the id of a user, a text. Default: ``str(user.id)``."""
        self._callbacks.id_of = get
        return get

    def epoch(self, get: Callable[[U], str], /) -> Callable[[U], str]:
        """Tell a text that changes when all sign-ins of a user shall end.

        Such as the password's hash, or a counter. Only a MAC of it is stored.
        """
        self._callbacks.epoch = get
        return get

    def roles_of(
        self, get: Callable[[U], Collection[str]], /
    ) -> Callable[[U], Collection[str]]:
        """Tell the roles of a user. Default: ``user.roles``."""
        self._callbacks.roles_of = get
        return get

    def on_denied(self, answer: Denial, /) -> Denial:
        """Answer refusals yourself; ``None`` leaves the answer to the guard.

        It may be ``async``.
        """
        self._callbacks.on_denied = answer
        return answer
