"""The conformance kit: it passes what is right, and finds each known mistake."""

import gzip
import logging
import re
import sys
import typing as t
import warnings
from wsgiref.types import WSGIApplication

import pytest
from werkzeug.middleware.http_proxy import ProxyMiddleware
from werkzeug.middleware.profiler import ProfilerMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.wsgi import ClosingIterator

from flask_toolkit.middleware import Health
from flask_toolkit.middleware import Middleware
from flask_toolkit.middleware import RequestId
from flask_toolkit.middleware import Scope
from flask_toolkit.middleware import SecurityHeaders
from flask_toolkit.middleware import Timing
from flask_toolkit.testing import check_middleware


class Full(Middleware):
    """Uses all hooks."""

    name = "full"

    def before(self, scope: Scope) -> None:
        """Look at the request."""
        scope.data["full"] = True

    def headers(self, scope: Scope, status: str, headers: t.Any) -> None:
        """Add a header."""
        headers["X-Full"] = "yes"

    def finish(self, scope: Scope, exc: BaseException | None) -> None:
        """Look at the end."""
        assert scope.data["full"]


def _closing(app: WSGIApplication) -> WSGIApplication:
    def call(environ: t.Any, start_response: t.Any) -> t.Any:
        return ClosingIterator(app(environ, start_response), [lambda: None])

    return call


@pytest.mark.parametrize(
    "middleware",
    [
        pytest.param(Full(), id="hooks"),
        pytest.param(RequestId(trust_inbound=True), id="request-id"),
        pytest.param(Timing(slow_after=60), id="timing"),
        pytest.param(SecurityHeaders(), id="security-headers"),
        pytest.param(Health("/healthz"), id="health"),
        pytest.param(lambda app: app, id="nothing"),
        pytest.param(_closing, id="closing-iterator"),
        pytest.param(ProxyFix, id="proxy-fix"),
        pytest.param(lambda app: SharedDataMiddleware(app, {}), id="shared-data"),
        pytest.param(lambda app: ProxyMiddleware(app, {}), id="http-proxy"),
    ],
)
def test_what_is_right_passes(middleware: t.Any) -> None:
    """Ours, those of Werkzeug, and a thin layer by hand."""
    check_middleware(middleware)


def _error(middleware: t.Any, *, rewrites: bool = False) -> str:
    with pytest.raises(AssertionError) as info:
        check_middleware(middleware, rewrites=rewrites)

    return str(info.value)


def _wrapping(change: t.Any) -> t.Any:
    def factory(app: WSGIApplication) -> WSGIApplication:
        def call(environ: t.Any, start_response: t.Any) -> t.Any:
            return change(app, environ, start_response)

        return call

    return factory


def _joined(app: t.Any, environ: t.Any, start: t.Any) -> t.Any:
    return [b"".join(app(environ, start))]


def _joined_and_closed(app: t.Any, environ: t.Any, start: t.Any) -> t.Any:
    body = app(environ, start)

    try:
        return [b"".join(body)]
    finally:
        if hasattr(body, "close"):
            body.close()


def _generated(app: t.Any, environ: t.Any, start: t.Any) -> t.Any:
    yield from app(environ, start)


def _two_arguments(app: t.Any, environ: t.Any, start: t.Any) -> t.Any:
    def begin(status: str, headers: t.Any) -> t.Any:
        return start(status, headers)

    return app(environ, begin)


def _no_write(app: t.Any, environ: t.Any, start: t.Any) -> t.Any:
    def begin(*args: t.Any) -> None:
        start(*args)

    return app(environ, begin)


def _no_exc_info(app: t.Any, environ: t.Any, start: t.Any) -> t.Any:
    return app(environ, lambda status, headers, _=None: start(status, headers))


def _twice(app: t.Any, environ: t.Any, start: t.Any) -> t.Any:
    app({**environ}, lambda *_: lambda _: None)
    return app(environ, start)


def _swallowing(app: t.Any, environ: t.Any, start: t.Any) -> t.Any:
    try:
        return app(environ, start)
    except OSError:
        start("200 OK", [("Content-Type", "text/plain")])
        return []


def _louder(app: t.Any, environ: t.Any, start: t.Any) -> t.Any:
    body = app(environ, start)
    return ClosingIterator((chunk.upper() for chunk in body), _closers(body))


def _closers(body: t.Any) -> list[t.Any]:
    return [body.close] if hasattr(body, "close") else []


def _accepted(app: t.Any, environ: t.Any, start: t.Any) -> t.Any:
    return app(environ, lambda status, *rest: start("203 " + status[4:], *rest))


def _shorter(app: t.Any, environ: t.Any, start: t.Any) -> t.Any:
    def begin(status: str, headers: t.Any, *rest: t.Any) -> t.Any:
        return start(status, [*headers, ("Content-Length", "0")], *rest)

    return app(environ, begin)


def _text(app: t.Any, environ: t.Any, start: t.Any) -> t.Any:
    body = app(environ, start)
    return ClosingIterator((chunk.decode() for chunk in body), _closers(body))


class OnSelf:
    """Keeps what belongs to a request on the object."""

    def __init__(self, app: t.Any) -> None:
        self.app = app

    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        """Remember the caller, for all threads."""
        self.start = start_response
        return self.app(environ, self._begin)

    def _begin(self, *args: t.Any) -> t.Any:
        return self.start(*args)


class PathOnSelf(OnSelf):
    """Keeps the path on the object, for a header of its own."""

    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        """Remember the path, for all threads."""
        self.path = environ["PATH_INFO"]

        def begin(status: str, headers: t.Any, *rest: t.Any) -> t.Any:
            return start_response(status, [*headers, ("X-Own", self.path)], *rest)

        return self.app(environ, begin)


class LastPath:
    """Answers with the path of the request that came last."""

    def __init__(self, app: t.Any) -> None:
        self.app = app

    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        """Remember the path, for all threads."""
        self.path = environ["PATH_INFO"]
        body = self.app(environ, start_response)
        return ClosingIterator(self._read(body), _closers(body))

    def _read(self, body: t.Any) -> t.Any:
        for chunk in body:
            yield self.path.encode() if chunk.startswith(b"/") else chunk


@pytest.mark.parametrize(
    ("middleware", "finding"),
    [
        pytest.param(
            _wrapping(_joined),
            "a stream: 5 chunks were fetched before number 1 was handed on",
            id="buffers",
        ),
        pytest.param(
            _wrapping(_joined), "close() of its body was called 0 times", id="close"
        ),
        pytest.param(
            _wrapping(_joined),
            "closed after the first chunk: close() was called 0 times",
            id="abandoned",
        ),
        pytest.param(
            _wrapping(_joined_and_closed), "a stream: 5 chunks", id="buffers-and-closes"
        ),
        pytest.param(
            _wrapping(_generated),
            "closed before the first chunk: the application was never called",
            id="generator",
        ),
        pytest.param(
            _wrapping(_generated),
            "validate: Iterator garbage collected without being closed",
            id="validate",
        ),
        pytest.param(
            _wrapping(_generated),
            "lint: Iterator was garbage collected before it was closed.",
            id="lint",
        ),
        pytest.param(
            _wrapping(_two_arguments),
            "takes 2 positional arguments but 3 were given (with exc_info)",
            id="w3-arguments",
        ),
        pytest.param(
            _wrapping(_no_write), "object is not callable (with write())", id="w3-write"
        ),
        pytest.param(
            _wrapping(_no_exc_info),
            "start_response came twice without exc_info (with exc_info",
            id="exc-info",
        ),
        pytest.param(
            _wrapping(_twice), "the application was called 2 times", id="twice"
        ),
        pytest.param(
            _wrapping(_swallowing),
            "OSError was swallowed (with an error in the call)",
            id="swallows",
        ),
        pytest.param(
            _wrapping(_louder), "the body is not what the application sent", id="body"
        ),
        pytest.param(
            _wrapping(_accepted),
            "the status is not what the application sent",
            id="status",
        ),
        pytest.param(
            _wrapping(_text),
            "AssertionError: a chunk is str, not bytes (with a list",
            id="no-bytes",
        ),
        pytest.param(
            _wrapping(_shorter),
            "lint: Content-Length and the number of bytes sent to the client do not"
            " match. (with a list, a tuple, a generator",
            id="length",
        ),
        pytest.param(
            OnSelf, "two requests at once: that for /a got the headers", id="w2-self"
        ),
        pytest.param(
            PathOnSelf,
            "two requests at once: that for /a got the headers",
            id="w2-header",
        ),
        pytest.param(
            LastPath, "two requests at once: that for /a got the body", id="w2-body"
        ),
    ],
)
def test_each_mistake_is_found(middleware: t.Any, finding: str) -> None:
    """The finding says what is wrong, and with which applications."""
    assert finding in _error(middleware)


def test_what_breaks_the_server_s_rules_is_named() -> None:
    """The first line is whose error it is; each problem stands once."""
    text = _error(_wrapping(_generated))
    first, *rest = text.splitlines()
    problems = [re.sub(r" \(with .*", "", line) for line in rest]

    assert first == "factory does not keep to PEP 3333:"
    assert len({*problems}) == len(problems)


class Loud:
    """A page for each error, as debuggers have it, and a header that is odd."""

    def __init__(self, app: t.Any) -> None:
        self.app = app

    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        """Make a page of what the call raises."""
        try:
            return self.app(environ, start_response)
        except OSError:
            headers = [("Content-Type", "text/plain")]
            start_response("500 Oh No", headers, sys.exc_info())
            return [b"sorry"]


def test_an_error_may_become_a_page() -> None:
    """With a status that says so."""
    check_middleware(Loud)


class Gzip:
    """Compresses, chunk by chunk."""

    def __init__(self, app: t.Any) -> None:
        self.app = app

    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Any:
        """Compress what is sent."""
        body = self.app(environ, start_response)
        return ClosingIterator(map(gzip.compress, body), _closers(body))


def test_a_body_may_change_if_that_is_meant() -> None:
    """All else is still looked at."""
    assert "the body is not what the application sent" in _error(Gzip)
    check_middleware(Gzip, rewrites=True)
    assert "a stream" in _error(_wrapping(_joined), rewrites=True)


def test_an_object_with_hooks_is_checked_alone() -> None:
    """No request id of the stack hides what it does."""

    class Broken(Middleware):
        name = "broken"

        def headers(self, scope: Scope, status: str, headers: t.Any) -> None:
            headers["X-Broken"] = "a\nb"

    assert _error(Broken()).startswith(
        "Broken does not keep to PEP 3333:\n  ValueError"
    )


def test_a_profiler_counts_as_what_it_is() -> None:
    """Werkzeug's reads the whole answer before it hands on a byte."""
    found = _error(lambda app: ProfilerMiddleware(app, stream=None))

    assert "a stream: 5 chunks" in found


def test_nothing_of_the_caller_is_changed(capsys: pytest.CaptureFixture[str]) -> None:
    """Filters of warnings, the hook for lost errors, and stderr are as before."""
    before = warnings.filters[:], sys.unraisablehook, sys.stderr
    _error(_wrapping(_generated))

    assert (warnings.filters[:], sys.unraisablehook, sys.stderr) == before
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("quiet", [False, True], ids=["heard", "logging-off"])
def test_a_failing_finish_is_found(quiet: bool) -> None:
    """The stack only logs it, whatever becomes of the log."""

    class Broken(Middleware):
        name = "broken"

        def finish(self, scope: Scope, exc: BaseException | None) -> None:
            raise LookupError("canary")

    logger = logging.getLogger("flask_toolkit.middleware")
    logger.disabled = quiet
    logging.disable(logging.CRITICAL if quiet else logging.NOTSET)

    try:
        text = _error(Broken())
        assert logger.disabled is quiet
    finally:
        logger.disabled = False
        logging.disable(logging.NOTSET)

    assert "finish of middleware 'broken' failed: LookupError: canary" in text
    assert len(text.splitlines()) == 2
    assert logger.handlers == []


def test_a_failing_after_response_is_found() -> None:
    """It is the same kind of mistake."""

    class Broken(Middleware):
        name = "broken"

        def before(self, scope: Scope) -> None:
            scope.after_response(lambda: 1 / 0)

    text = _error(Broken())

    assert "A function given to after_response() failed: ZeroDivisionError" in text
