"""The one hook of all guards of an application, and its check at first use."""

from __future__ import annotations

import difflib
import typing as t

from flask import after_this_request
from werkzeug.exceptions import Unauthorized

from flask_toolkit._context import the_context
from flask_toolkit.errors import SetupError
from flask_toolkit.identity import CALLER
from flask_toolkit.identity import memo
from flask_toolkit.identity import publish
from flask_toolkit.identity import request_origin

from ._answers import refuse
from ._answers import refuse_origin
from ._conditions import fresh_seconds
from ._conditions import SIGNED
from ._decision import Step
from ._identify import explain
from ._identify import facts_about
from ._identify import Found
from ._identify import identify_in
from ._marks import plan_for
from ._policy import origin_refused
from ._rules import ALLOW
from ._rules import authenticated
from ._rules import evaluate
from ._rules import Verdict
from ._signed import caller_by_signature
from ._signed import keep_address

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from flask import Flask
    from flask.ctx import RequestContext
    from flask.wrappers import Response

    from flask_toolkit.identity import Identity

    from ._plan import Access
    from ._state import GuardState
    from ._state import Plan
    from ._state import Registry


METHODS: t.Final = frozenset(
    {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
)
"""The methods that a route without a list of its own is known to take."""


def gate_for(app: Flask, registry: Registry) -> Callable[[], Response | None]:
    """Return the hook that decides about each request of ``app``."""
    plans = registry.plans

    def guard_request() -> Response | None:
        if not registry.checked:
            check_setup(app, registry)

        context = the_context()
        request = context.request
        rule = request.url_rule

        # Not found, wrong method, a redirect of the router: nothing to protect.
        if rule is None:
            return None

        method = request.method

        if method == "OPTIONS" and getattr(rule, "provide_automatic_options", False):
            return None

        endpoint = rule.endpoint
        plan = plans.get((endpoint, method))

        # Made anew if another view serves the endpoint.
        if plan is None or plan[0] is not app.view_functions.get(endpoint):
            plan = _new_plan(app, registry, endpoint, method)

        _, guard, access, checks_origin, checks_handshake = plan

        if guard is None or access is None:
            return None

        checks = checks_handshake if rule.websocket else checks_origin
        refused = checks and origin_refused(
            request_origin(request.environ, guard.trusted), guard.settings.origin_check
        )

        if access.public and not refused:
            return None

        return _decide(context, guard, access, refused)

    return guard_request


def _new_plan(app: Flask, registry: Registry, endpoint: str, method: str) -> Plan:
    plan = plan_for(app, registry, endpoint, method)

    # A route may take any method; what clients make up is not kept.
    if method in METHODS:
        registry.plans[endpoint, method] = plan

    return plan


def check_setup(app: Flask, registry: Registry) -> None:
    """Check once what can only be known when all routes are there.

    :raises SetupError: With everything that is wrong, at every request until it
        is mended.
    """
    problems = list(setup_problems(app, registry))

    if problems:
        listed = "\n".join(f"- {problem}" for problem in problems)
        raise SetupError(f"The login guard cannot work like this:\n{listed}")

    registry.checked = True


def setup_problems(app: Flask, registry: Registry) -> Iterator[str]:
    """Yield what is wrong with the guards of ``app``, in words."""
    config = t.cast("Mapping[str, object]", app.config)
    fallbacks = config.get("SECRET_KEY_FALLBACKS")

    if isinstance(fallbacks, (str, bytes)):
        yield (
            "SECRET_KEY_FALLBACKS must be a list of keys, not one text: Flask takes"
            " it letter by letter, and each letter would sign."
        )

    for guard in registry.guards():
        for field, endpoint in _named_endpoints(guard):
            key = _key_of(guard, field)

            if endpoint not in app.view_functions:
                near = difflib.get_close_matches(endpoint, app.view_functions, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                yield f"{key}: there is no endpoint {endpoint!r}{hint}"
            else:
                yield from _unusable(app, registry, guard, field, endpoint)


def _key_of(guard: GuardState, field: str) -> str:
    return f"TOOLKIT_{guard.name.upper()}_{field}"


def _named_endpoints(guard: GuardState) -> Iterator[tuple[str, str]]:
    settings = guard.settings

    if settings.login_view is not None:
        yield "LOGIN_VIEW", settings.login_view

    if settings.refresh_view is not None:
        yield "REFRESH_VIEW", settings.refresh_view

    for endpoint in settings.public:
        yield "PUBLIC", endpoint


def _unusable(
    app: Flask, registry: Registry, guard: GuardState, field: str, endpoint: str
) -> Iterator[str]:
    key = _key_of(guard, field)

    try:
        access = plan_for(app, registry, endpoint, "GET").access
    except SetupError as problem:
        yield f"{key}: {problem}"
        return

    found = registry.deciding(endpoint)

    if field == "PUBLIC" and found is not None and found[1] is not guard:
        yield (
            f"{key}: the guard {found[1].name!r} decides about {endpoint!r}; open it"
            f" in {_key_of(found[1], field)}"
        )

    if field != "PUBLIC" and not _takes_links(app, endpoint):
        yield f"{key}: {endpoint!r} cannot be linked to: it needs GET and no arguments"

    if access is None or access.public:
        return

    if field == "LOGIN_VIEW":
        yield f"{key}: {endpoint!r} asks for {access.rule!r}; nobody could sign in"

    if field == "REFRESH_VIEW" and any(map(fresh_seconds, access.rule.atoms())):
        yield f"{key}: {endpoint!r} asks for {access.rule!r}; it would send in circles"


def _takes_links(app: Flask, endpoint: str) -> bool:
    """Tell whether a redirect can lead to an endpoint."""
    return any(
        (rule.methods is None or "GET" in rule.methods)
        # Werkzeug types the set by halves.
        and rule.arguments <= (rule.defaults or {}).keys()  # pyright: ignore[reportUnknownMemberType]
        for rule in app.url_map.iter_rules(endpoint)
    )


def _decide(
    context: RequestContext,
    guard: GuardState,
    access: Access,
    refused: bool,
) -> Response | None:
    """Return the answer to a caller who does not get in.

    :param refused: Whether the request comes from another site: only a
        credential that no browser sends by itself counts then.
    """
    if access.by_signature:
        decided, answer = _by_signature(context, guard, access)

        if decided:
            return answer

    known = memo(context.request)
    error: Unauthorized | None = None

    try:
        identity = identify_in(known, context, guard, refused)
    except Unauthorized as bad:
        identity, error = None, bad

    if identity is None:
        return _refuse_nobody(context, guard, access, error, from_elsewhere=refused)

    # The most frequent rule needs no evaluation: somebody is there.
    if access.rule is not authenticated:
        verdict = evaluate(access.rule, facts_about(guard, identity))

        if verdict.outcome is not ALLOW:
            app, request = context.app, context.request
            found = explain(request, guard, identity)
            return refuse(app, request, guard, found, verdict=verdict, rule=access.rule)

    if known.setdefault(CALLER, identity) is not identity:
        publish(context.request, identity)

    return None


def _by_signature(
    context: RequestContext, guard: GuardState, access: Access
) -> tuple[bool, Response | None]:
    """Return whether a signed address decides, and the answer if it does not fit."""
    app, request = context.app, context.request
    caller = caller_by_signature(request)

    if isinstance(caller, Verdict):
        found = Found(None, (Step(SIGNED, caller.reason),))
        return True, refuse(
            app, request, guard, found, verdict=caller, rule=access.rule
        )

    if caller is None or not _passes(access, guard, caller):
        return False, None

    memo(request)[guard.memo_key] = caller
    after_this_request(keep_address)
    publish(request, caller)
    return True, None


def _refuse_nobody(
    context: RequestContext,
    guard: GuardState,
    access: Access,
    error: Unauthorized | None,
    *,
    from_elsewhere: bool,
) -> Response:
    app, request = context.app, context.request
    found = explain(request, guard, error=error)

    if from_elsewhere and error is None:
        return refuse_origin(app, request, guard, found, access.rule)

    verdict = evaluate(access.rule, None)
    return refuse(app, request, guard, found, verdict=verdict, rule=access.rule)


def _passes(access: Access, guard: GuardState, identity: Identity[t.Any]) -> bool:
    verdict = evaluate(access.rule, facts_about(guard, identity))
    return verdict.outcome is ALLOW


def finisher(cache_control: str, vary: Sequence[str]) -> Callable[[Response], Response]:
    """Return what keeps guarded answers out of shared caches (RFC 9111 3.5).

    :param vary: The request headers by which callers are found.
    """
    text = ", ".join(vary)

    def finish(response: Response) -> Response:
        headers = response.headers
        is_controlled = varies = False

        # One loop: a look-up of what is not there costs an exception.
        for name, _ in headers:
            lower = name.lower()

            if lower == "cache-control":
                is_controlled = True
            elif lower == "vary":
                varies = True

        if varies:
            response.vary.update(vary)
        else:
            # Flask adds the session's, and does it faster where one is already.
            headers.add("Vary", text)

        if not is_controlled:
            headers.add("Cache-Control", cache_control)

        return response

    return finish
