"""The parts of the toolkit, made once and bound to no application yet."""

from __future__ import annotations

import typing as t

from flask_toolkit import Toolkit
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import SessionAuthenticator
from flask_toolkit.jwt import JWT
from flask_toolkit.middleware import MiddlewareStack
from flask_toolkit.problems import Problems
from flask_toolkit.routing import Converters
from flask_toolkit.sessions import ServerSession
from flask_toolkit.signals import Signals

from .config import loader
from .middleware import NoIndex
from .parts import SKU

if t.TYPE_CHECKING:
    from .users import User

# The user class is named once, here: ``guard.user`` and ``jwt.user`` have its
# type everywhere.
guard: LoginGuard[User] = LoginGuard(
    # Pages are for people: without this, Toolkit would let any token of the API in.
    authenticators=[SessionAuthenticator()]
)
jwt: JWT[User] = JWT()

# On the server, so that a device can be logged out from another one.
sessions = ServerSession()

signals = Signals()
middleware = MiddlewareStack().use(NoIndex(), path="/admin")
problems = Problems()
problems.render_html("errors/{code}.html")

# One call attaches all of them, in the one order that is right.
toolkit = Toolkit(
    config=loader,
    signals=signals,
    converters=Converters(patterns=[SKU]),
    sessions=sessions,
    middleware=middleware,
    problems=problems,
    jwt=jwt,
    guard=guard,
)
