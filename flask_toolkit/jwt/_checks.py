"""What is set up so that it works, and should not be left like this."""

from __future__ import annotations

import json
import typing as t

from flask_toolkit._extension import GUARDS
from flask_toolkit._findings import CheckInfo
from flask_toolkit._findings import Finding
from flask_toolkit._findings import Level
from flask_toolkit.identity import AccessMark
from flask_toolkit.identity import MARK
from flask_toolkit.identity import REQUIRED_BY

from ._authenticator import JWTAuthenticator
from ._keys import SECRET_ALGORITHMS
from ._secret_key import has_short_secret
from ._twins import left_open

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from flask import Flask

    from ._state import JWTState

KNOWN: t.Final = (
    CheckInfo(
        "jwt.order",
        "error",
        always=True,
        when="a view runs without a token, as its route was registered too early",
    ),
    CheckInfo(
        "jwt.guard",
        "error",
        always=True,
        when="a view demands a token below a guard that takes none",
    ),
    CheckInfo(
        "jwt.key",
        "warning",
        always=False,
        when="the key is derived from a short `SECRET_KEY`",
    ),
    CheckInfo(
        "jwt.alg",
        "info",
        always=False,
        when="a secret still verifies tokens beside a key pair",
    ),
    CheckInfo(
        "jwt.csrf",
        "error",
        always=False,
        when="token cookies are taken from requests of other sites",
    ),
    CheckInfo(
        "jwt.store",
        "warning",
        always=False,
        when="revoked tokens are known to one process alone",
    ),
)
_GOOD_SECRET = 32


class _GuardSettings(t.Protocol):
    public: Sequence[str]
    login_view: str | None


class _Guard(t.Protocol):
    """What the state of a guard tells; its room is not ours to import."""

    name: str
    settings: _GuardSettings

    @property
    def authenticators(self) -> Iterable[object]: ...


class _Guards(t.Protocol):
    def deciding(self, endpoint: str) -> tuple[str, _Guard] | None: ...


def findings(app: Flask, state: JWTState, *, deploy: bool) -> Iterator[Finding]:
    """Yield what the checks find.

    :param deploy: Ask as well what only matters in production.
    """
    yield from _order(app, state)
    yield from _guard(app, state)

    if deploy:
        yield from _key(app, state)
        yield from _alg(state)
        yield from _csrf(state)
        yield from _store(app, state)


def _order(app: Flask, state: JWTState) -> Iterator[Finding]:
    views: dict[str, Callable[..., t.Any]] = app.view_functions
    plain = left_open(views.values(), state.name)

    for endpoint, view in views.items():
        if view in plain:
            yield Finding(
                "jwt.order",
                Level.ERROR,
                f"The route of {endpoint!r} was registered before"
                f" @{state.name}.required was put around its function, so it runs"
                " without a token.",
                f"Write @{state.name}.required below @app.route, next to the function.",
            )


def _guard(app: Flask, state: JWTState) -> Iterator[Finding]:
    guards: _Guards | None = app.extensions.get(GUARDS)

    if guards is None:
        return

    for endpoint, view in app.view_functions.items():
        found = guards.deciding(endpoint)

        if found is None or not _demands(view, state.name):
            continue

        _, guard = found

        if not (_takes(guard, state) or _is_opened(app, guard, endpoint, view)):
            yield Finding(
                "jwt.guard",
                Level.ERROR,
                f"{endpoint!r} demands a token below the guard {guard.name!r}, which"
                " takes none: who sends only a token gets a 401.",
                f"Give {guard.name!r} a JWTAuthenticator({state.name}), or mark the"
                " view @public.",
            )


def _key(app: Flask, state: JWTState) -> Iterator[Finding]:
    if state.keys is None and has_short_secret(app, _GOOD_SECRET):
        yield Finding(
            "jwt.key",
            Level.WARNING,
            "Tokens are signed with a key derived from a SECRET_KEY, or verified with"
            f" one of a fallback, of fewer than {_GOOD_SECRET} bytes.",
            "Make a longer one: flask toolkit secret-key",
            "SECRET_KEY",
        )


def _alg(state: JWTState) -> Iterator[Finding]:
    if state.keys is None:
        return

    algs = {key.alg for key in state.keys}

    if not algs <= SECRET_ALGORITHMS and algs & SECRET_ALGORITHMS:
        yield Finding(
            "jwt.alg",
            Level.INFO,
            "A secret (HMAC) still verifies tokens beside a key pair.",
            "Take it out SESSION_LIFETIME after the key pair began to sign.",
            f"TOOLKIT_{state.name.upper()}_KEY_FALLBACKS",
        )


def _csrf(state: JWTState) -> Iterator[Finding]:
    if not state.settings.csrf:
        yield Finding(
            "jwt.csrf",
            Level.ERROR,
            "Token cookies are taken from requests that another site makes a browser"
            " send.",
            "Leave the setting out; TOOLKIT_TRUSTED_ORIGINS names further sites.",
            f"TOOLKIT_{state.name.upper()}_CSRF",
        )


def _store(app: Flask, state: JWTState) -> Iterator[Finding]:
    if state.uses_memory_unasked(app):
        yield Finding(
            "jwt.store",
            Level.WARNING,
            "Revoked and reused tokens are known to one process alone.",
            "Set it, to 'memory://' if there is only one process.",
            "TOOLKIT_STORE_URL",
        )


def _demands(view: object, name: str) -> bool:
    """Tell whether a view lets nobody in without a token of ``name``."""
    names = (json.dumps(name), json.dumps(f"{name}-cookie"))
    return any(
        text.startswith("via(") and any(one in text for one in names)
        for place in _places(view)
        for text in getattr(place, REQUIRED_BY, ())
    )


def _takes(guard: _Guard, state: JWTState) -> bool:
    return any(_is_of(one, state.extension) for one in guard.authenticators)


def _is_of(authenticator: object, jwt: object) -> bool:
    known: t.Any = authenticator
    is_ours = isinstance(authenticator, JWTAuthenticator)
    return is_ours and known._jwt is jwt  # noqa: SLF001  # private to this room


def _is_opened(app: Flask, guard: _Guard, endpoint: str, view: object) -> bool:
    """Tell whether something opens an endpoint; what wins is the guard's to say."""
    if endpoint in guard.settings.public or endpoint == guard.settings.login_view:
        return True

    names = endpoint.split(".")
    around = [app.blueprints.get(".".join(names[:n])) for n in range(1, len(names))]
    marks = (getattr(place, MARK, None) for place in (*around, *_places(view)))
    return any(isinstance(mark, AccessMark) and mark.public for mark in marks)


def _places(view: object) -> list[object]:
    """Return what decorators can write on: a view, its class and its methods."""
    cls = getattr(view, "view_class", None)
    verbs: Iterable[str] = getattr(view, "methods", None) or ()
    methods = (getattr(cls, verb.lower(), None) for verb in verbs)
    return [view] if cls is None else [view, cls, *methods]
