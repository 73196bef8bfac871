"""Where to send people: to the login view, and back to where they came from."""

from __future__ import annotations

import typing as t

from werkzeug.exceptions import HTTPException

from flask_toolkit.errors import LoginRequiredError
from flask_toolkit.errors import SetupError
from flask_toolkit.errors import StepUpRequiredError

from ._policy import is_navigation
from ._policy import one_value
from ._policy import path_below
from ._policy import path_of_referer
from ._policy import safe_next
from ._policy import way_back
from ._rules import Outcome

if t.TYPE_CHECKING:
    from flask import Flask
    from flask import Request

    from flask_toolkit.errors import RequestError

    from ._decision import Decision
    from ._settings import GuardSettings


def login_location(app: Flask, request: Request, settings: GuardSettings) -> str:
    """Return the address of the login view, with the way back to this page.

    :raises SetupError: If no login view is set.
    """
    if settings.login_view is None:
        raise SetupError(
            "There is no login view: set TOOLKIT_GUARD_LOGIN_VIEW, or"
            " LoginGuard(login_view=), to its endpoint."
        )

    return _with_next(app, request, settings, settings.login_view)


def next_target(
    request: Request, adapter: t.Any, settings: GuardSettings, default: str
) -> str:
    """Return where to go after a sign-in: ``next`` if it is a page of this app.

    :param adapter: The URL adapter of the request.
    """
    if settings.next_param is None or adapter is None:
        return default

    given = one_value(
        request.args.getlist(settings.next_param),
        request.form.getlist(settings.next_param),
    )
    target = safe_next(given, "")
    path = path_below(request.root_path, target)

    if path is None:
        return default

    try:
        endpoint, _ = adapter.match(path, method="GET")
    except HTTPException:
        # No such page, not by GET, or answered by a redirect of its own.
        return default

    return default if endpoint == settings.login_view else target


def refusal_location(
    app: Flask,
    request: Request,
    settings: GuardSettings,
    decision: Decision,
    error: RequestError,
) -> str | None:
    """Return where to send a person who can help it by signing in."""
    view = settings.login_view
    can_help = isinstance(error, (LoginRequiredError, StepUpRequiredError))

    if view is None or not can_help or not is_navigation(request.environ):
        return None

    if decision.outcome is Outcome.STALE and settings.refresh_view is not None:
        view = settings.refresh_view

    return _with_next(app, request, settings, view)


def _with_next(app: Flask, request: Request, settings: GuardSettings, view: str) -> str:
    target = None if settings.next_param is None else _way_back(request)
    values: dict[str, t.Any] = {}

    # A path leads back on this host only.
    if target is not None and app.url_for(view).startswith("/"):
        values[str(settings.next_param)] = target

    return app.url_for(view, **values)


def _way_back(request: Request) -> str | None:
    if request.method in {"GET", "HEAD"}:
        return way_back(request.root_path, request.path, request.query_string)

    # The page that a form stands on; its own address would be a 405.
    return path_of_referer(request.headers.get("Referer"), request.host_url)
