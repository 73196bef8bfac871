"""Callers who are known by the address they have: it was signed for them."""

from __future__ import annotations

import typing as t

from flask_toolkit.errors import SignedTokenError
from flask_toolkit.errors import SignedTokenExpiredError
from flask_toolkit.identity import Identity
from flask_toolkit.signing import SIGNATURE
from flask_toolkit.signing import verify_url

from ._conditions import SIGNED
from ._conditions import signed
from ._rules import Outcome
from ._rules import Verdict

if t.TYPE_CHECKING:
    from flask import Request
    from flask.wrappers import Response


def caller_by_signature(request: Request) -> Identity[t.Any] | Verdict | None:
    """Return who has a signed address of this page: nobody in particular.

    :returns: ``None`` if the address is not signed, a refusal if the signature
        does not fit or has expired.
    """
    if SIGNATURE not in request.args:
        return None

    try:
        verify_url(request)
    except SignedTokenExpiredError:
        return Verdict(Outcome.DENY, "signature-expired", signed)
    except SignedTokenError:
        return Verdict(Outcome.DENY, "signature-invalid", signed)

    return Identity(id=request.endpoint or "", via=SIGNED, ambient=False)


def keep_address(response: Response) -> Response:
    """Keep an address that opens a page out of caches and of other sites' logs."""
    response.headers.setdefault("Cache-Control", "no-store")
    # Not "no-referrer": browsers then send "Origin: null" with the page's form.
    response.headers.setdefault("Referrer-Policy", "same-origin")
    return response
