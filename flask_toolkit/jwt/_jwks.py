"""The address where our public keys are published (RFC 7517 section 8.5.1)."""

from __future__ import annotations

import hashlib
import typing as t

from flask import Response

from flask_toolkit._context import request_ctx
from flask_toolkit.identity import mark_public

from ._jws import write_object
from ._keys import KeySet
from ._keys import RemoteKeySet

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from ._settings import JWTSettings

_MAX_AGE: t.Final = 300
_PLAIN: t.Final = "the address must begin with https:// outside of debug and testing"
_NOTHING: t.Final = (
    "there is nothing to publish: our keys are secrets, or another host's. Set KEY or"
    " KEY_FILE to an RSA, EC or Ed25519 key"
)


def problems(
    app: Flask, settings: JWTSettings, keys: KeySet | None
) -> Iterator[tuple[str, str]]:
    """Yield each setting of keys that does not fit this application.

    :param keys: Our keys; ``None`` if they are derived from ``SECRET_KEY``.
    """
    if not (app.debug or app.testing):
        for iss, issuer in settings.issuers.items():
            if _is_plain(issuer.keys):
                yield "trusted_issuers", f"{iss!r}: {_PLAIN}"

        if _is_plain(keys):
            yield "key", f"keys=: {_PLAIN}"

    path = settings.jwks_path

    if path is None:
        return

    if not public_keys(settings, keys)["keys"]:
        yield "jwks_path", _NOTHING

    for rule in app.url_map.iter_rules():
        if rule.rule == path:
            yield "jwks_path", f"{path} is the address of {rule.endpoint!r} already"


def public_keys(settings: JWTSettings, keys: KeySet | None) -> dict[str, t.Any]:
    """Return the public part of our keys as a JWK Set; perhaps an empty one."""
    if keys is None:
        keys = KeySet(*settings.older_keys) if settings.older_keys else None

    # What another host publishes is not ours.
    is_ours = keys is not None and not isinstance(keys, RemoteKeySet)
    return keys.jwks() if keys is not None and is_ours else {"keys": []}


def publish(app: Flask, name: str, path: str, jwks: dict[str, t.Any]) -> None:
    """Answer at ``path`` with a JWK Set; a guard lets everybody read it.

    :param name: Name of the component, which the endpoint is called by.
    """
    body = write_object(jwks)
    etag = hashlib.sha256(body).hexdigest()[:32]

    def view(**_: str) -> Response:
        response = Response(body, mimetype="application/jwk-set+json")
        response.cache_control.public = True
        response.cache_control.max_age = _MAX_AGE
        response.set_etag(etag)
        response.make_conditional(request_ctx.request)
        return response

    mark_public(view, "public keys of tokens")
    # Where routes belong to hosts this one belongs to all.
    host = "<_host>" if app.url_map.host_matching else None
    app.add_url_rule(path, endpoint=f"{name}_jwks", view_func=view, host=host)


def _is_plain(keys: KeySet | None) -> bool:
    return isinstance(keys, RemoteKeySet) and not keys.url.startswith("https:")
