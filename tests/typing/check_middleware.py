"""What type checkers must see of ``flask_toolkit.middleware``; never run."""

from typing import Any
from typing import assert_type
from wsgiref.headers import Headers
from wsgiref.types import WSGIApplication
from wsgiref.types import WSGIEnvironment

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from flask_toolkit import typing as toolkit
from flask_toolkit.middleware import after_response
from flask_toolkit.middleware import Health
from flask_toolkit.middleware import Layer
from flask_toolkit.middleware import Middleware
from flask_toolkit.middleware import MiddlewareSettings
from flask_toolkit.middleware import MiddlewareStack
from flask_toolkit.middleware import Phase
from flask_toolkit.middleware import RequestId
from flask_toolkit.middleware import RequestIdFilter
from flask_toolkit.middleware import Scope
from flask_toolkit.middleware import SecurityHeaders
from flask_toolkit.middleware import Timing

app = Flask("typing")


class Mine(Middleware):
    name = "mine"
    phase = Phase.HEADERS

    def before(self, scope: Scope) -> WSGIApplication | None:
        assert_type(scope.request_id, str | None)
        assert_type(scope.status, int | None)
        assert_type(scope.completed, bool | None)
        assert_type(scope.data, dict[str, Any])
        scope.status = 200  # type: ignore[misc]  # start_response sets it
        scope.extra = 1  # type: ignore[attr-defined]  # that is what data is for
        return Response("early")

    def headers(self, _scope: Scope, _status: str, _headers: Headers) -> None: ...

    def finish(self, scope: Scope, exc: BaseException | None) -> None:
        after_response(print, "done")


class General(Middleware):
    """Written against the protocol, which ours satisfies."""

    name = "general"

    def before(self, scope: toolkit.Scope) -> None:
        scope.after_response(print, 1)


class Wrong(Middleware):
    name = "wrong"

    def before(self) -> None: ...  # type: ignore[override]  # a hook takes the scope


def factory(inner: WSGIApplication) -> WSGIApplication:
    return inner


def answer(app: Flask, environ: WSGIEnvironment, error: HTTPException) -> Response:
    return Response("sorry", error.code)


stack = MiddlewareStack(app, use=[Mine(), factory, ProxyFix], error_response=answer)
assert_type(stack.use(General(), name="g", phase=Phase.APP, path="/x"), MiddlewareStack)
assert_type(stack.remove("g"), MiddlewareStack)
assert_type(stack.describe(app), list[Layer])
assert_type(stack.settings_of(app), MiddlewareSettings)
stack.use(RequestId(header="X-Id")).use(Timing(slow_after=1.5)).use(Health("/up"))
stack.use(SecurityHeaders({"X-Frame-Options": "SAMEORIGIN"}))
assert_type(stack.mount("/b", Flask("b"), share_session=True), MiddlewareStack)
stack.mount("/b", Response("b"))
stack.mount("/b", 3)  # type: ignore[arg-type]  # no WSGI application
stack.mount("/b", app, True)  # type: ignore[call-arg]  # keyword-only
stack.use(3)  # type: ignore[arg-type]  # neither a middleware nor a factory
RequestId("X-Id")  # type: ignore[call-arg]  # by keyword only
RequestIdFilter()
