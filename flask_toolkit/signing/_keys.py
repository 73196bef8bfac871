"""Keys for signatures, derived from the application's ``SECRET_KEY``."""

from __future__ import annotations

import hmac
import typing as t

from flask_toolkit.errors import SetupError

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask

_KEY: t.Final = "toolkit.signing"


def signing_keys(app: Flask, purpose: str) -> list[bytes]:
    """Return the keys of ``app`` for one purpose: fallbacks first, current last.

    The order is that of itsdangerous: the last one signs. Each key is
    HMAC-SHA256 of the secret over the purpose (32 bytes), so that what is signed
    for one purpose never verifies for another.

    :param purpose: What the keys are for, such as ``"jwt"``.
    :raises SetupError: If ``SECRET_KEY`` is missing, or it or
        ``SECRET_KEY_FALLBACKS`` is of a type that Flask would misread.
    """
    config = t.cast("Mapping[str, t.Any]", app.config)
    secret = config.get("SECRET_KEY")
    fallbacks = config.get("SECRET_KEY_FALLBACKS")
    # Judged again only when a key object is replaced: apps set keys late.
    cache: dict[str, tuple[tuple[t.Any, ...], list[bytes]]]
    cache = app.extensions.setdefault(_KEY, {})
    raw = (secret, *_fallbacks(fallbacks))
    known = cache.get(purpose)

    if known is None or known[0] != raw:
        message = f"flask-toolkit.{purpose}".encode()
        keys = [
            hmac.digest(_secret(item, name), message, "sha256")
            for item, name in [
                *((item, "SECRET_KEY_FALLBACKS") for item in raw[1:]),
                (secret, "SECRET_KEY"),
            ]
        ]
        known = cache[purpose] = (raw, keys)

    return list(known[1])


def _secret(value: t.Any, name: str) -> bytes:
    if isinstance(value, str):
        value = value.encode()

    if not value and name == "SECRET_KEY":
        raise SetupError(
            "SECRET_KEY is not set. Make one with: flask-toolkit secret-key"
            " (and put it into the configuration, not into the source)."
        )

    if not value or not isinstance(value, bytes):
        raise SetupError(f"{name} must be text or bytes and not empty.")

    return value


def _fallbacks(value: t.Any) -> tuple[t.Any, ...]:
    if isinstance(value, (str, bytes)):
        # Flask extends a list with it, letter by letter: each letter would sign.
        raise SetupError(
            "SECRET_KEY_FALLBACKS must be a list of keys, not one text:"
            " write ['the-old-key']."
        )

    return tuple(value or ())
