"""Addresses that open one page to whoever has them, for a while."""

from __future__ import annotations

import math
import time
import typing as t
from urllib.parse import parse_qsl
from urllib.parse import unquote
from urllib.parse import urlencode
from urllib.parse import urlsplit

from flask import has_request_context
from flask.globals import app_ctx

from flask_toolkit._context import request_ctx
from flask_toolkit.errors import SignedTokenError

from ._codec import Address
from ._codec import length_of
from ._keys import signing_keys

if t.TYPE_CHECKING:
    from flask import Flask
    from flask import Request

    from flask_toolkit.typing import Duration

SIGNATURE: t.Final = "_sig"
"""The parameter of a signed address that holds the signature."""

_PURPOSE: t.Final = "signed-url"
_METHODS: t.Final = frozenset({"GET", "HEAD"})


def sign_url(endpoint: str, /, *, expires: Duration, **values: t.Any) -> str:
    """Return the address of ``endpoint``, signed for a while.

    The signature covers endpoint, path, query and expiry, and the host where
    routes depend on it. Like ``url_for``, it gives a path inside a request and
    an absolute address outside; set ``TRUSTED_HOSTS`` before you put
    ``_external=True`` into a mail, or the request names the host.

    :param expires: How long it works from now on, 1 second to 10 years.
    :param values: As for ``url_for``.
    :raises ValueError: If ``expires`` is out of bounds or ``_sig`` a value.
    :raises SetupError: If ``SECRET_KEY`` is missing or of a wrong type.
    """
    if SIGNATURE in values:
        raise ValueError(f"{SIGNATURE} is where the signature stands.")

    app = app_ctx.app
    expiry = math.ceil(time.time() + length_of(expires, "expires"))
    parts = urlsplit(app.url_for(endpoint, **values))
    address = Address(
        _absolute(endpoint),
        _host(app, parts.netloc),
        unquote(parts.path),
        parse_qsl(parts.query, keep_blank_values=True),
    )
    signature = address.signature(signing_keys(app, _PURPOSE)[-1], expiry)
    signed = urlencode({SIGNATURE: signature})
    query = f"{parts.query}&{signed}" if parts.query else signed
    return parts._replace(query=query).geturl()


def verify_url(request: Request) -> int:
    """Return when the signed address of ``request`` expires, in Unix seconds.

    Only GET and HEAD pass: a signature is permission to read.

    :raises SignedTokenExpiredError: If it has expired.
    :raises SignedTokenError: If there is no signature, or it does not fit.
    """
    app = app_ctx.app
    endpoint = request.endpoint

    if endpoint is None or request.method not in _METHODS:
        raise SignedTokenError

    address = Address(
        endpoint,
        _host(app, request.host),
        f"{request.script_root}{request.path}",
        [pair for pair in request.args.items(multi=True) if pair[0] != SIGNATURE],
    )
    signatures = request.args.getlist(SIGNATURE)
    return address.check(signatures, signing_keys(app, _PURPOSE), now=time.time())


def _absolute(endpoint: str) -> str:
    """Return the full name of an endpoint, as ``url_for`` understands it."""
    if not endpoint.startswith(".") or not has_request_context():
        return endpoint

    return f"{request_ctx.request.blueprint or ''}{endpoint}".removeprefix(".")


def _host(app: Flask, host: str) -> str:
    """Return the host if a variable of a route can stand in it."""
    if not (app.url_map.host_matching or app.subdomain_matching):
        return ""

    return (host or request_ctx.request.host).lower()
