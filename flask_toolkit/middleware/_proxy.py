"""Werkzeug's ``ProxyFix`` as a hook."""

from __future__ import annotations

import typing as t

from werkzeug.middleware.proxy_fix import ProxyFix

from ._middleware import Middleware
from ._plan import Phase

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping

    from ._scope import Scope

__all__ = ["ProxyHeaders"]


class ProxyHeaders(Middleware):
    """Read address, scheme and host from the headers of a known proxy.

    ``ProxyFix`` only writes into the environ, so that it needs no layer of its own.
    """

    name = "proxy_fix"
    phase = Phase.PROXY

    def __init__(self, trusted: Mapping[str, int]) -> None:
        # ProxyFix by itself trusts x_for and x_proto.
        counts = {"x_for": 0, "x_proto": 0, **trusted}
        self._fix = ProxyFix(_nothing, **counts)

    def before(self, scope: Scope, /) -> None:
        """Put the values into the environ."""
        self._fix(scope.environ, t.cast("t.Any", None))


def _nothing(*_: object) -> Iterable[bytes]:
    return ()
