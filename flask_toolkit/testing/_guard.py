"""What test suites ask of a guard."""

from __future__ import annotations

import typing as t
from datetime import datetime
from datetime import timedelta
from datetime import UTC

from flask import session

from flask_toolkit._values import seconds
from flask_toolkit.guard import check_lock
from flask_toolkit.guard import strangers

if t.TYPE_CHECKING:
    import os
    from collections.abc import Collection

    from flask import Flask
    from flask.testing import FlaskClient

    from flask_toolkit.guard import LoginGuard
    from flask_toolkit.typing import Duration

U = t.TypeVar("U")


def assert_guard_lock(app: Flask, path: str | os.PathLike[str] = "guard.lock") -> None:
    """Fail if what a route asks for differs from the lock in ``path``.

    :raises AssertionError: With the list that ``flask toolkit guard --check``
        prints.
    :raises LockError: If the file is missing or cannot be read, or ``app.debug``
        is on.
    :raises SetupError: If the guards of ``app`` cannot work.
    """
    report = check_lock(app, path)

    if report.changes:
        raise AssertionError(f"The access of routes changed.\n{report.text}")


def assert_anonymous_denied(
    app: Flask, *, allow: Collection[str] | None = None
) -> None:
    """Fail if a stranger gets through a guard where the map says otherwise.

    Each way in is asked with the real guards and authenticators, without a
    credential; no view runs. A decorator that enforces something by itself
    counts as refusing.

    :param allow: The endpoints that may be open, all of them: one that is open
        and not named fails, and so does one that is named and closed.
    :raises AssertionError: With every such route.
    :raises werkzeug.exceptions.HTTPException: If a stranger gets neither in nor a
        401, 403, 404 or redirect, as when a store is down.
    :raises SetupError: If the guards of ``app`` cannot work.
    :raises TypeError: If ``allow`` is one text.
    """
    if isinstance(allow, str):
        raise TypeError("allow= takes a list of endpoints, not one text.")

    wrong: list[str] = []
    closed: set[str] = {*(allow or ())}

    for access, passes in strangers(app):
        where = f"{access.method} {access.rule} ({access.endpoint})"

        if passes and not access.is_open:
            wrong.append(f"{where}: a stranger passes {access.requires}")
        elif passes and allow is not None and access.endpoint not in allow:
            wrong.append(f"{where}: open, and not in allow=")

        if passes:
            closed.discard(access.endpoint)

    wrong += [f"{endpoint}: in allow=, and not open" for endpoint in sorted(closed)]

    if wrong:
        raise AssertionError("Strangers and routes:\n" + "\n".join(wrong))


def acting_as(
    client: FlaskClient,
    guard: LoginGuard[U],
    user: U,
    *,
    remember: bool = False,
    age: Duration = 0,
) -> FlaskClient:
    """Sign ``user`` in at ``client``, as a sign-in view would, and return it.

    :param remember: As of :meth:`LoginGuard.login`.
    :param age: How long ago that was, for ``fresh()`` and ``MAX_AGE``.
    :raises SetupError: If the guard is not set up on the client's application, or
        cannot find users.
    """
    since = datetime.now(UTC) - timedelta(seconds=seconds(age))

    # A request of its own: no view runs, and the client's may be under way.
    with (
        client.session_transaction() as held,
        client.application.test_request_context(),
    ):
        session.update(held)
        guard.login(user, remember=remember, auth_time=since)
        held.clear()
        held.update(session)
        held.permanent = session.permanent

        # Only some sessions have them; those of several guards are set last.
        for name in ("owner", "owners"):
            if hasattr(held, name):
                setattr(held, name, getattr(session, name))

    return client
