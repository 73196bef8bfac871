"""Flask-Toolkit: the patterns of every Flask project, each attachable alone.

The root is lazy: importing it loads no Flask, PyJWT or Redis. Everything else
comes from its own package, as in ``from flask_toolkit.config import Env``.
"""

import typing as t

if t.TYPE_CHECKING:
    from .config import ConfigLoader as ConfigLoader
    from .guard import LoginGuard as LoginGuard
    from .guard import public as public
    from .guard import require as require
    from .jwt import JWT as JWT
    from .jwt import jwt_required as jwt_required
    from .lifecycle import Lifecycle as Lifecycle
    from .middleware import Middleware as Middleware
    from .middleware import MiddlewareStack as MiddlewareStack
    from .problems import Problem as Problem
    from .problems import Problems as Problems
    from .routing import Converters as Converters
    from .routing import pattern as pattern
    from .routing import RegexConverter as RegexConverter
    from .sessions import CookieSession as CookieSession
    from .sessions import ServerSession as ServerSession
    from .signals import Signals as Signals
    from .toolkit import Toolkit as Toolkit

__all__ = [
    "JWT",
    "ConfigLoader",
    "Converters",
    "CookieSession",
    "Lifecycle",
    "LoginGuard",
    "Middleware",
    "MiddlewareStack",
    "Problem",
    "Problems",
    "RegexConverter",
    "ServerSession",
    "Signals",
    "Toolkit",
    "jwt_required",
    "pattern",
    "public",
    "require",
]

__version__ = "0.1.0"

_HOME = {
    "ConfigLoader": ".config",
    "Converters": ".routing",
    "CookieSession": ".sessions",
    "JWT": ".jwt",
    "Lifecycle": ".lifecycle",
    "LoginGuard": ".guard",
    "Middleware": ".middleware",
    "MiddlewareStack": ".middleware",
    "Problem": ".problems",
    "Problems": ".problems",
    "RegexConverter": ".routing",
    "ServerSession": ".sessions",
    "Signals": ".signals",
    "Toolkit": ".toolkit",
    "jwt_required": ".jwt",
    "pattern": ".routing",
    "public": ".guard",
    "require": ".guard",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    from importlib import import_module

    value = globals()[name] = getattr(import_module(_HOME[name], __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
