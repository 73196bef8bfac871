"""The way of server-side sessions into Flask."""

from __future__ import annotations

import logging
import typing as t
from datetime import datetime
from datetime import timedelta
from datetime import UTC

from flask.sessions import SecureCookieSessionInterface
from flask.sessions import SessionInterface

from flask_toolkit.errors import SetupError
from flask_toolkit.errors import StoreUnavailableError
from flask_toolkit.stores import MemoryStore

from ._draft import Draft
from ._saving import settle
from ._session import draft_of
from ._session import StoredSession

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask
    from flask import Request
    from flask import Response
    from flask.json.tag import TaggedJSONSerializer
    from flask.sessions import SessionMixin
    from werkzeug.wrappers import Response as AnyResponse

    from ._records import Records

_log = logging.getLogger("flask_toolkit.sessions")
# What described the body that is replaced, or told caches about it.
_OF_THE_BODY: t.Final = (
    *("Accept-Ranges", "Cache-Control", "Content-Disposition", "Content-Encoding"),
    *("Content-Language", "Content-Length", "Content-Range", "Content-Type", "ETag"),
    *("Expires", "Last-Modified", "Location", "Retry-After"),
)


def take_place(app: Flask, interface: SessionInterface) -> None:
    """Put an interface on ``app`` in the place of Flask's own.

    :raises SetupError: If somebody else's is there.
    """
    there = type(app.session_interface)

    if there is not SecureCookieSessionInterface:
        raise SetupError(
            f"{app.name!r} has the session interface {there.__name__} already, which is"
            " not replaced. Take the other session extension away, or this one."
        )

    # On this object: the default stands on the class, which all apps share.
    app.session_interface = interface


def vary(response: Response) -> None:
    """Tell caches that the answer depends on the cookie.

    ``response.vary.add`` does the same and parses, each time, what is there.
    """
    # To look for one that is not there would make an exception.
    there = response.headers.getlist("Vary")

    if not there:
        response.headers.add("Vary", "Cookie")
    elif "Cookie" not in there:
        response.vary.add("Cookie")


class StoredSessionInterface(SessionInterface):
    """Opens sessions without asking the store, and saves what changed.

    Types are registered as with Flask's own: ``serializer.register(Tag)``.
    """

    def __init__(
        self, records: Records, serializer: TaggedJSONSerializer, *, chosen: bool
    ) -> None:
        self.serializer = serializer
        self._records = records
        # Whether the store was named by somebody, or that it was not was told.
        self._chosen = chosen

    def open_session(self, app: Flask, request: Request) -> StoredSession:
        """Return a session that loads itself at its first use."""
        return StoredSession(Draft(self._records, app, request))

    def save_session(
        self, app: Flask, session: SessionMixin, response: Response
    ) -> None:
        """Write what changed and set or delete the cookie, if it must be.

        When the store is down the answer becomes a 503 in place: what is raised
        here would be a 500, and Flask would save once more.
        """
        if session.accessed:
            vary(response)

        draft = draft_of(session)

        if not draft.is_loaded:
            return

        config = t.cast("Mapping[str, t.Any]", app.config)

        try:
            settle(draft, refreshes=config["SESSION_REFRESH_EACH_REQUEST"])
        except StoreUnavailableError as error:
            _replace(app, draft.request.environ, response, error)
            return

        if draft.due is not None:
            self._send(app, session, draft.due, response)

    def _send(
        self, app: Flask, session: SessionMixin, id: str, response: Response
    ) -> None:
        if id and not self._chosen:
            self._warn_of_memory(app)

        if not session.accessed:
            vary(response)

        name = self.get_cookie_name(app)
        # __Host- and __Secure- names are only taken, and deleted, with these.
        attributes: dict[str, t.Any] = {
            "domain": self.get_cookie_domain(app),
            "path": self.get_cookie_path(app),
            "secure": self.get_cookie_secure(app),
            "partitioned": self.get_cookie_partitioned(app),
            "samesite": self.get_cookie_samesite(app),
            "httponly": self.get_cookie_httponly(app),
        }

        if id:
            expires = self.get_expiration_time(app, session)
            response.set_cookie(name, id, expires=expires, **attributes)
        else:
            response.delete_cookie(name, **attributes)

    def _warn_of_memory(self, app: Flask) -> None:
        """Log once that other processes know nothing of these sessions."""
        self._chosen = True

        if (
            isinstance(self._records.store, MemoryStore)
            and "TOOLKIT_STORE_URL" not in app.config
            and not (app.debug or app.testing)
        ):
            _log.warning(
                "Sessions are kept by this process alone and end with it. Set"
                " TOOLKIT_STORE_URL, to 'memory://' if there is only one process."
            )

    def get_expiration_time(self, app: Flask, session: SessionMixin) -> datetime | None:
        """Return when a permanent session ends; ``None`` for one of the browser."""
        draft = draft_of(session)

        if not draft.is_permanent or draft.record is None:
            return None

        left = self._records.time_left(draft.record, draft.lifetime)
        return datetime.now(UTC) + timedelta(seconds=left)


def _replace(
    app: Flask,
    environ: dict[str, t.Any],
    response: Response,
    error: StoreUnavailableError,
) -> None:
    make = app.extensions.get("toolkit.error_response")
    answer: AnyResponse
    answer = make(app, environ, error) if make else error.get_response(environ)
    close = getattr(response.response, "close", None)

    if close is not None:
        # A file, or a generator: nobody will read it to its end.
        response.call_on_close(close)

    for name in _OF_THE_BODY:
        response.headers.pop(name, None)

    response.headers.extend(answer.headers)
    response.direct_passthrough = False
    response.status = answer.status
    response.set_data(answer.get_data())
