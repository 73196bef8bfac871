"""Sessions: Flask's cookie at less cost, or kept on the server.

Both take the place of Flask's own interface; ``flask.session``, ``flash()`` and
all that builds on them work as before::

    from flask_toolkit.sessions import ServerSession

    sessions = ServerSession(app)

``session.rotate()`` gives a session a new id and ``session.owner`` tells whose it
is, ``session.owners`` of how many, so that ``sessions.sessions_of(owner)`` can list
them and ``end`` them.
"""

from ._cookie import CookieSession
from ._extension import ServerSession
from ._extension import SessionInfo
from ._session import StoredSession
from ._settings import CookieSessionSettings
from ._settings import SessionSettings

__all__ = [
    "CookieSession",
    "CookieSessionSettings",
    "ServerSession",
    "SessionInfo",
    "SessionSettings",
    "StoredSession",
]
