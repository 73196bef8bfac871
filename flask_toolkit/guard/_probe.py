"""Send a stranger to every route, as far as the guard: no view runs."""

from __future__ import annotations

import typing as t

from werkzeug.exceptions import HTTPException

from ._hooks import require_gate
from ._map import accesses
from ._map import required_by
from ._state import registry_of

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

    from flask import Flask
    from werkzeug.routing import Rule

    from ._map import RouteAccess

# As from a page of the application: a strict origin check is another question.
_OWN_PAGE: t.Final = {"Sec-Fetch-Site": "same-origin"}
_REFUSALS: t.Final = frozenset({302, 303, 307, 401, 403, 404})


def strangers(app: Flask) -> Iterator[tuple[RouteAccess, bool]]:
    """Yield each way in, and whether a stranger gets through it.

    The guards and their authenticators run as in a request without a credential.
    A decorator that enforces something by itself is not run: it counts as
    refusing. Redirects of the router are left out: no guard sees them.

    :raises werkzeug.exceptions.HTTPException: If an authenticator answers otherwise
        than by a 401, 403, 404 or redirect: nobody knows then who gets in.
    :raises SetupError: If the guards of ``app`` cannot work, or do not run.
    """
    registry = registry_of(app)
    require_gate(app, registry)
    # Without any guard there is none, and everybody gets through.
    gate = registry.gate or (lambda: None)

    for rule, access in accesses(app):
        if rule.redirect_to is None:
            method = "GET" if rule.websocket else access.method
            view = app.view_functions.get(access.endpoint)
            is_refused = bool(required_by(view, method))
            yield access, not is_refused and _passes(app, gate, rule, method)


def _passes(app: Flask, gate: Callable[[], object], rule: Rule, method: str) -> bool:
    with app.test_request_context("/", method=method, headers=_OWN_PAGE) as context:
        context.request.url_rule = rule
        context.request.view_args = {}

        try:
            return gate() is None
        except HTTPException as error:
            if error.get_response().status_code in _REFUSALS:
                return False

            # A store that is down says no to everybody; that is no answer here.
            error.add_note(
                f"A stranger asked for {method} {rule.rule} ({rule.endpoint})."
            )
            raise
