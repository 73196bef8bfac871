"""Layers around the application: an id for the request, and ten full ones."""

from __future__ import annotations

import functools
import os
import typing as t

from flask import Flask
from werkzeug.wsgi import ClosingIterator

from benchmarks.model import Case
from benchmarks.model import Contestant
from benchmarks.wsgi import served
from flask_toolkit.middleware import Middleware
from flask_toolkit.middleware import MiddlewareStack
from flask_toolkit.middleware import RequestId

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.headers import Headers

    from benchmarks.model import Subject
    from flask_toolkit.middleware import Scope

__all__ = ["CASES"]

BODY = b"hello"


def _app() -> Flask:
    app = Flask("shop")
    app.add_url_rule("/", "page", lambda: BODY)
    return app


def _put_around(app: Flask, layer: t.Any) -> None:
    app.wsgi_app = layer(app.wsgi_app)  # type: ignore[method-assign]  # as Flask says


def bare() -> Subject:
    """Put nothing around the application."""
    return served(_app(), body=BODY)


class _Id:
    """A request id by hand, as a plain WSGI middleware."""

    def __init__(self, inner: t.Any) -> None:
        self._inner = inner

    def __call__(self, environ: t.Any, start_response: t.Any) -> Iterable[bytes]:
        made = environ["request_id"] = os.urandom(16).hex()

        def start(status: str, headers: list[tuple[str, str]], *info: t.Any) -> t.Any:
            headers.append(("X-Request-ID", made))
            return start_response(status, headers, *info)

        answer: Iterable[bytes] = self._inner(environ, start)
        return answer


def id_in_layer() -> Subject:
    """Wrap ``start_response``: the least that sends an id."""
    app = _app()
    _put_around(app, _Id)
    return served(app, body=BODY, sends="X-Request-ID")


def id_in_hooks() -> Subject:
    """Use Flask's hooks, as tutorials do."""
    from uuid import uuid4

    from flask import g
    from flask import Response

    app = _app()

    def begin() -> None:
        g.request_id = str(uuid4())

    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.request_id
        return response

    app.before_request(begin)
    app.after_request(end)
    return served(app, body=BODY, sends="X-Request-ID")


def id_ours(*, isolated: bool) -> Subject:
    """Attach the stack as it comes, or without the isolation of contexts."""
    app = _app()
    stack = MiddlewareStack()

    if not isolated:
        app.config["TOOLKIT_MIDDLEWARE_ISOLATE_CONTEXT"] = False

    stack.init_app(app)
    return served(app, body=BODY, sends="X-Request-ID")


class _Nested:
    """Look at the request, add a header, and note the end; by hand."""

    def __init__(self, inner: t.Any, name: str) -> None:
        self._inner = inner
        self._header = (f"X-{name}", "1")
        self._key = f"bench.{name}"

    def __call__(self, environ: t.Any, start_response: t.Any) -> Iterable[bytes]:
        environ[self._key] = True

        def start(status: str, headers: list[tuple[str, str]], *info: t.Any) -> t.Any:
            headers.append(self._header)
            return start_response(status, headers, *info)

        def end() -> None:
            environ[self._key] = False

        return ClosingIterator(self._inner(environ, start), [end])


class _Full(Middleware):
    """Do the same with our hooks."""

    def __init__(self, name: str) -> None:
        self.name = name  # type: ignore[misc]  # ten objects, ten names
        self._header = f"X-{name}"
        self._key = f"bench.{name}"

    def before(self, scope: Scope, /) -> None:
        """Look at the request."""
        scope.environ[self._key] = True

    def headers(self, scope: Scope, status: str, headers: Headers, /) -> None:
        """Add a header."""
        headers[self._header] = "1"

    def finish(self, scope: Scope, exc: BaseException | None, /) -> None:
        """Note the end."""
        scope.environ[self._key] = False


_NAMES = [f"Layer-{number}" for number in range(10)]


def nested(many: int) -> Subject:
    """Nest plain middlewares."""
    app = _app()

    for name in _NAMES[:many]:
        _put_around(app, functools.partial(_Nested, name=name))

    return served(app, body=BODY, sends=f"X-{_NAMES[many - 1]}")


def fused(many: int) -> Subject:
    """Give them to the stack, which is otherwise empty."""
    app = _app()
    app.config["TOOLKIT_MIDDLEWARE_ISOLATE_CONTEXT"] = False
    stack = MiddlewareStack(use=[_Full(name) for name in _NAMES[:many]])
    stack.remove(RequestId.name)
    stack.init_app(app)
    return served(app, body=BODY, sends=f"X-{_NAMES[many - 1]}")


def health_route() -> Subject:
    """Answer a load balancer by a view."""
    app = Flask("shop")
    app.add_url_rule("/healthz", "health", lambda: b"ok")
    return served(app, "/healthz", body=b"ok")


def health_ours() -> Subject:
    """Answer it in the stack, as it comes otherwise."""
    app = _app()
    app.config["TOOLKIT_MIDDLEWARE_HEALTH_PATH"] = "/healthz"
    MiddlewareStack(app)
    return served(app, "/healthz", body=b"ok", sends="X-Request-ID")


def _layers(many: int) -> Case:
    return Case(
        suite="middleware",
        name=f"{many} layers",
        contestants=(
            Contestant(name="bare Flask", role="base", make=bare),
            Contestant(
                name="nested by hand",
                role="peer",
                make=functools.partial(nested, many),
            ),
            Contestant(name="ours", role="ours", make=functools.partial(fused, many)),
        ),
    )


CASES = [
    Case(
        suite="middleware",
        name="request id",
        contestants=(
            Contestant(name="bare Flask", role="base", make=bare),
            Contestant(name="layer by hand", role="limit", make=id_in_layer),
            Contestant(name="hooks by hand", role="peer", make=id_in_hooks),
            Contestant(
                name="ours",
                role="ours",
                make=functools.partial(id_ours, isolated=False),
            ),
            Contestant(
                name="ours, isolated",
                role="ours",
                make=functools.partial(id_ours, isolated=True),
            ),
        ),
    ),
    Case(
        suite="middleware",
        name="health",
        contestants=(
            Contestant(name="a route", role="peer", make=health_route),
            Contestant(name="ours", role="ours", make=health_ours),
        ),
    ),
    _layers(1),
    _layers(5),
    _layers(10),
]
