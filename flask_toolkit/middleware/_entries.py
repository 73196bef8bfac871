"""What may stand in a stack: checked, named and put in its place."""

from __future__ import annotations

import typing as t

from flask_toolkit.errors import SetupError

from ._middleware import hooks_of
from ._middleware import Middleware
from ._plan import Entry
from ._plan import Phase
from ._proxy import ProxyHeaders
from .health import Health
from .request_id import RequestId
from .security_headers import SecurityHeaders
from .timing import Timing

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Sequence
    from wsgiref.types import WSGIApplication

    from ._settings import MiddlewareSettings

    WSGIFactory: t.TypeAlias = Callable[[WSGIApplication], WSGIApplication]

__all__ = ["SHIPPED", "entry_of", "left_of", "shipped_by"]

SHIPPED: t.Final = (
    ProxyHeaders.name,
    RequestId.name,
    Timing.name,
    SecurityHeaders.name,
    Health.name,
)


def entry_of(
    middleware: Middleware | WSGIFactory,
    name: str | None,
    phase: Phase | None,
    path: str,
    *,
    before: Sequence[str],
    after: Sequence[str],
) -> Entry:
    _refuse_class(middleware)

    if path and (not path.startswith("/") or path.endswith("/")):
        raise SetupError(f"path={path!r} must begin with '/' and not end with it.")

    if isinstance(before, str) or isinstance(after, str):
        raise SetupError("before= and after= take a list of names, not one text.")

    if isinstance(middleware, Middleware):
        name = name or getattr(middleware, "name", None)
        phase = phase or middleware.phase
        hooks = hooks_of(middleware)
    elif callable(middleware):
        name = name or getattr(middleware, "__name__", None)
        phase = phase or Phase.APP
        hooks = ()
    else:
        raise SetupError(
            f"use() takes a Middleware or a callable that wraps a WSGI application,"
            f" not {type(middleware).__name__}."
        )

    if not name or name == "<lambda>":
        raise SetupError(f"{middleware!r} has no name: pass name= to use().")

    return Entry(name, Phase(phase), middleware, before, after, path, hooks)


def _refuse_class(middleware: t.Any) -> None:
    if isinstance(middleware, type) and issubclass(middleware, Middleware):
        name = middleware.__name__
        raise SetupError(
            f"use() takes an object: write use({name}()), not use({name})."
        )


def shipped_by(settings: MiddlewareSettings) -> Iterable[Entry]:
    made: list[Middleware] = [
        RequestId(
            header=settings.request_id_header, trust_inbound=settings.trust_inbound
        )
    ]

    if settings.proxy_fix:
        made.append(ProxyHeaders(settings.proxy_fix))

    if settings.server_timing or settings.slow_after:
        made.append(
            Timing(server_timing=settings.server_timing, slow_after=settings.slow_after)
        )

    if settings.security_headers is not False:
        changes = settings.security_headers
        made.append(SecurityHeaders(None if changes is True else changes))

    if settings.health_path:
        made.append(Health(settings.health_path))

    for middleware in made:
        yield entry_of(middleware, None, None, "", before=(), after=())


def left_of(entries: Iterable[Entry], removed: frozenset[str]) -> Iterable[Entry]:
    return (entry for entry in entries if entry.name not in removed)
