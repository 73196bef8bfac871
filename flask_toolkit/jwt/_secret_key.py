"""``SECRET_KEY`` as the source of our keys: whether it is long enough, or new."""

from __future__ import annotations

import logging
import typing as t

from flask_toolkit.errors import SetupError

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask

    from ._state import JWTState

log = logging.getLogger("flask_toolkit.jwt")
_MIN_SECRET_KEY = 16


def has_short_secret(app: Flask, size: int) -> bool:
    """Tell whether ``SECRET_KEY`` or a fallback is there with fewer bytes."""
    config = t.cast("Mapping[str, t.Any]", app.config)
    keys: list[t.Any] = [config.get("SECRET_KEY")]
    fallbacks: object = config.get("SECRET_KEY_FALLBACKS")

    # Another type is refused by signing_keys, with what to write.
    if isinstance(fallbacks, (list, tuple)):
        keys.extend(t.cast("list[t.Any]", fallbacks))

    return any(_is_short(key, size) for key in keys)


def weak_secret_key(app: Flask) -> str | None:
    """Return what is wrong with a ``SECRET_KEY`` that can be guessed."""
    if not has_short_secret(app, _MIN_SECRET_KEY):
        return None

    return (
        f"SECRET_KEY, or one of its fallbacks, has fewer than {_MIN_SECRET_KEY} bytes:"
        " whoever guesses it can make tokens. Make one with: flask-toolkit secret-key"
    )


def check_secret_key(app: Flask, state: JWTState, *, at_use: bool) -> None:
    """Refuse or warn of a ``SECRET_KEY`` that is short enough to be guessed.

    :raises SetupError: If it is, outside of debug and testing; for a component
        that nobody asked for only when a token is made or verified.
    """
    message = weak_secret_key(app)

    if message is None:
        return

    if not (app.debug or app.testing) and (at_use or not state.derived.lenient):
        raise SetupError(message)

    if not state.derived.warned_of_key:
        state.derived.warned_of_key = True
        log.warning(message)


def secrets_of(config: Mapping[str, t.Any]) -> tuple[object, ...]:
    """Return the secrets of a configuration, to be compared with later ones."""
    fallbacks = config.get("SECRET_KEY_FALLBACKS")

    # A list may change in place. A text is refused, and its letters are no keys.
    if fallbacks and not isinstance(fallbacks, (str, bytes)):
        fallbacks = tuple(fallbacks)

    return config.get("SECRET_KEY"), fallbacks


def _is_short(key: object, size: int) -> bool:
    data = key.encode() if isinstance(key, str) else key
    return isinstance(data, bytes) and 0 < len(data) < size
