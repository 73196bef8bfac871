"""Answers to requests that the guard refuses: a redirect, a 401 or a 403."""

from __future__ import annotations

import logging
import typing as t
from inspect import isawaitable

from flask import after_this_request
from flask import flash
from flask import session

from flask_toolkit._extension import run_async
from flask_toolkit.errors import AccessDeniedError
from flask_toolkit.errors import BadCredentialError
from flask_toolkit.errors import CrossOriginError
from flask_toolkit.errors import LoginRequiredError
from flask_toolkit.errors import RequestError
from flask_toolkit.errors import StepUpRequiredError

from ._conditions import fresh_seconds
from ._conditions import scope_names
from ._decision import Decision
from ._decision import Step
from ._identify import challenge_of
from ._policy import is_bearer
from ._policy import only_scheme_differs
from ._policy import with_parameters
from ._redirects import refusal_location
from ._rules import Outcome
from ._signals import access_denied

if t.TYPE_CHECKING:
    from collections.abc import Awaitable
    from collections.abc import Iterable

    from flask import Flask
    from flask import Request
    from flask.wrappers import Response
    from werkzeug.exceptions import HTTPException

    from ._identify import Found
    from ._rules import Rule
    from ._rules import Verdict
    from ._state import GuardState

_log = logging.getLogger("flask_toolkit.guard")
_NO_STORE: t.Final = "no-store"


def refuse(
    app: Flask,
    request: Request,
    state: GuardState,
    found: Found,
    *,
    verdict: Verdict,
    rule: Rule,
) -> Response:
    """Return the redirect of a refusal, or what ``on_denied`` made of it.

    :raises RequestError: If the answer is an error: a 401 or a 403.
    """
    decision = Decision(
        outcome=verdict.outcome,
        reason=_reason(found, verdict),
        rule=rule,
        guard=state.name,
        endpoint=request.endpoint,
        method=request.method,
        identity=found.identity,
        trace=(*found.trace, Step(repr(verdict.rule), verdict.reason)),
    )
    error = _error_of(found, state, verdict)
    return _answer(app, request, state, decision, error)


def refuse_origin(
    app: Flask, request: Request, state: GuardState, found: Found, rule: Rule
) -> Response:
    """Answer a state change that another site asked for.

    :raises RequestError: Always, unless ``on_denied`` returns something.
    """
    reason = "cross-origin"

    if only_scheme_differs(request.environ):
        reason += " (only the scheme differs: is ProxyFix missing?)"

    decision = Decision(
        outcome=Outcome.DENY,
        reason=reason,
        rule=rule,
        guard=state.name,
        endpoint=request.endpoint,
        method=request.method,
        identity=None,
        trace=(*found.trace, Step("origin", reason)),
    )
    return _answer(app, request, state, decision, CrossOriginError())


def challenges(
    state: GuardState, parameters: tuple[tuple[str, str], ...] = ()
) -> list[tuple[str, str]]:
    """Return a ``WWW-Authenticate`` line for each authenticator that has one."""
    return [
        (header, with_parameters(challenge, parameters))
        for authenticator in state.authenticators
        for header, challenge in challenge_of(authenticator)
    ]


def _answer(
    app: Flask,
    request: Request,
    state: GuardState,
    decision: Decision,
    error: RequestError,
) -> Response:
    _log.info("denied %s %s: %s", decision.method, decision.endpoint, decision.reason)

    access_denied.send(app, decision=decision)

    if state.callbacks.on_denied is not None:
        own: t.Any = state.callbacks.on_denied(decision)

        if isawaitable(own):
            own = run_async(app, _result_of, own)

        if own is not None:
            response = app.make_response(own)
            response.headers.setdefault("Cache-Control", _NO_STORE)
            return response

    location = refusal_location(app, request, state.settings, decision, error)

    if location is None:
        # The application's own page for the error knows nothing of its headers.
        after_this_request(_keep_out)

        if app.debug:
            error.members["decision"] = decision.summary()

        raise error

    if decision.outcome is Outcome.LOGIN and state.settings.message is not None:
        _flash_once(app, state.settings.message)

    response = app.make_response(app.redirect(location, 303))
    response.headers["Cache-Control"] = _NO_STORE
    return response


def _keep_out(response: Response) -> Response:
    response.headers["Cache-Control"] = _NO_STORE
    return response


async def _result_of(answer: Awaitable[t.Any]) -> t.Any:
    return await answer


def _flash_once(app: Flask, message: str) -> None:
    """Flash ``message`` unless it waits already, from a page nobody looked at."""
    # Without a SECRET_KEY there is no session to flash in; the way is still shown.
    if app.session_interface.is_null_session(session):
        return

    waiting = t.cast("Iterable[tuple[str, str]]", session.get("_flashes", ()))

    if message not in {text for _, text in waiting}:
        flash(message)


def _reason(found: Found, verdict: Verdict) -> str:
    """Return why, more exactly than "login required" where that is known."""
    if verdict.outcome is not Outcome.LOGIN:
        return verdict.reason

    told = [step.result for step in found.trace if step.result != "no-credential"]
    return told[-1] if told else verdict.reason


def _error_of(found: Found, state: GuardState, verdict: Verdict) -> RequestError:
    if found.error is not None:
        return _own(found.error, challenges(state))

    if verdict.outcome is Outcome.LOGIN:
        return LoginRequiredError(headers=challenges(state))

    if verdict.outcome is Outcome.STALE:
        # RFC 9470 section 3: how recent the proof must be.
        seconds = str(fresh_seconds(verdict.rule))
        parameters = (
            ("error", "insufficient_user_authentication"),
            ("max_age", seconds),
        )
        return StepUpRequiredError(headers=challenges(state, parameters))

    return AccessDeniedError(headers=_scope_challenge(found, state, verdict))


def _scope_challenge(
    found: Found, state: GuardState, verdict: Verdict
) -> list[tuple[str, str]]:
    """Return what a bearer token lacks (RFC 6750 section 3.1), if that is why."""
    names = scope_names(verdict.rule)
    answered = found.identity.via if found.identity is not None else None

    if not names:
        return []

    parameters = (("error", "insufficient_scope"), ("scope", " ".join(names)))
    return [
        (header, with_parameters(challenge, parameters))
        for authenticator in state.authenticators
        if authenticator.name == answered
        for header, challenge in challenge_of(authenticator)
        if is_bearer(challenge)
    ]


def _own(error: HTTPException, headers: list[tuple[str, str]]) -> RequestError:
    """Return an error of an authenticator as one that renders itself."""
    if isinstance(error, RequestError):
        return error

    return BadCredentialError(headers=headers)
