"""Hold a WSGI middleware against PEP 3333, with every kind of application."""

from __future__ import annotations

import contextlib
import gc
import io
import logging
import sys
import typing as t
import warnings
from wsgiref.validate import validator

from flask import Flask
from werkzeug.middleware.lint import LintMiddleware

from flask_toolkit.middleware import Middleware
from flask_toolkit.middleware import MiddlewareStack
from flask_toolkit.middleware import RequestId

from ._wsgi_apps import countdown
from ._wsgi_apps import late
from ._wsgi_apps import LEGAL
from ._wsgi_apps import Trace
from ._wsgi_server import Answer
from ._wsgi_server import ask
from ._wsgi_server import environ_of

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Generator
    from collections.abc import Iterator
    from wsgiref.types import WSGIApplication
    from wsgiref.types import WSGIEnvironment

    from ._wsgi_apps import Maker

    Factory: t.TypeAlias = Callable[[WSGIApplication], WSGIApplication]

__all__ = ["check_middleware"]

# What the checkers say of answers that are right, and of which: RFC 9110 allows a
# relative Location (10.2.2), wants no Content-Length with 204 (8.6), allows it with
# HEAD (9.3.2), and a Content-Type beside no content harms nobody.
_FALSE_ALARMS: t.Final = {
    "Absolute URLs required for location header.": "a redirect",
    "204 responses must have an empty content length.": "no content",
    "Content-Length and the number of bytes sent to the client do not match.": "HEAD",
    "Content-Type header found in a 204 response, which must not return content.": (
        "no content"
    ),
}
_MAY_BE_SWALLOWED: t.Final = "an error in close()"


def check_middleware(
    middleware: Middleware | Factory, *, rewrites: bool = False
) -> None:
    """Fail unless a middleware keeps to PEP 3333, whatever is inside of it.

    It is put around each kind of legal application, alone, between two validators
    of the standard library and between two of Werkzeug's. It must let
    ``GET`` and ``HEAD`` of ``/``, ``/a`` and ``/b`` through to the application.

    :param middleware: A callable that takes a WSGI application and returns one, or
        an object with hooks.
    :param rewrites: It changes status or body on purpose, as a compressor does, so
        these are not compared.
    :raises AssertionError: With a line for each thing that is wrong.
    """
    factory = _alone(middleware) if isinstance(middleware, Middleware) else middleware
    kinds_by_problem: dict[str, list[str]] = {}

    for kind, make in LEGAL.items():
        for problem in (
            *_changed(factory, kind, make, rewrites=rewrites),
            *_left(factory, make),
            *_illegal(factory, kind, make),
        ):
            kinds_by_problem.setdefault(problem, []).append(kind)

    findings = [
        f"{problem} (with {', '.join(kinds)})"
        for problem, kinds in kinds_by_problem.items()
    ]
    findings += _buffered(factory)
    findings += _mixed_up(factory, rewrites=rewrites)

    if findings:
        name = getattr(middleware, "__name__", type(middleware).__name__)
        lines = "\n  ".join(findings)
        raise AssertionError(f"{name} does not keep to PEP 3333:\n  {lines}")


def _alone(middleware: Middleware) -> Factory:
    def factory(inner: WSGIApplication) -> WSGIApplication:
        app = Flask("checked")
        app.wsgi_app = inner  # type: ignore[method-assign,assignment]  # as Flask's docs do
        stack = MiddlewareStack(use=[middleware]).remove(RequestId.name)
        stack.init_app(app)
        return app.wsgi_app

    return factory


def _changed(
    factory: Factory,
    kind: str,
    make: Maker,
    *,
    rewrites: bool,
) -> Iterator[str]:
    """Compare what arrives with what the application sent."""
    bare = ask(make(Trace()), kind)
    trace = Trace()
    logged: list[str] = []

    with _hearing(logged):
        answer = ask(factory(make(trace)), kind)

    yield from dict.fromkeys(logged)

    if trace.called != 1:
        yield f"the application was called {trace.called} times"

    if trace.closed != trace.returned:
        yield f"close() of its body was called {trace.closed} times"

    if bare.error is None and answer.error is not None:
        yield _told(answer.error)
    elif bare.error is not None and answer.error is None:
        # It may make a page of it, as a debugger does.
        if kind != _MAY_BE_SWALLOWED and not answer.status.startswith("5"):
            yield f"{type(bare.error).__name__} was swallowed"
    elif bare.error is None and not rewrites:
        if answer.status != bare.status:
            yield "the status is not what the application sent"

        if b"".join(answer.sent) != b"".join(bare.sent):
            yield "the body is not what the application sent"


def _left(factory: Factory, make: Maker) -> Iterator[str]:
    """Leave the answer unread, and after its first chunk."""
    for read, when in ((0, "before the first chunk"), (1, "after the first chunk")):
        trace = Trace()
        ask(factory(make(trace)), "", read)

        if not trace.called:
            yield f"closed {when}: the application was never called"
        elif trace.closed != trace.returned:
            yield f"closed {when}: close() was called {trace.closed} times"


def _illegal(factory: Factory, kind: str, make: Maker) -> Iterator[str]:
    """Ask the checkers, one on each side."""
    bare = ask(make(Trace()), kind)

    for name, checker in (("validate", validator), ("lint", LintMiddleware)):
        said: list[str] = []

        with _listening(said):
            # Held by nobody, so that what was not closed is freed in the block.
            said += _complaint(
                ask(checker(factory(checker(make(Trace())))), kind).error,
                expected=bare.error is not None,
            )

        for text in dict.fromkeys(said):
            if _FALSE_ALARMS.get(text.split(" (", 1)[0]) != kind:
                yield f"{name}: {text}"


def _complaint(error: Exception | None, *, expected: bool) -> list[str]:
    if isinstance(error, AssertionError):
        return [str(error)]

    return [] if error is None or expected else [_told(error)]


@contextlib.contextmanager
def _listening(said: list[str]) -> Generator[None]:
    """Collect what checkers warn of, print, and raise while they are freed."""
    hook = sys.unraisablehook
    sys.unraisablehook = lambda raised: said.append(str(raised.exc_value))

    try:
        with (
            warnings.catch_warnings(record=True) as caught,
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("always")
            yield
            # Circles that errors left behind; all of them are young.
            gc.collect(1)

        said += [str(warning.message) for warning in caught]
    finally:
        sys.unraisablehook = hook


class _Ear(logging.Handler):
    """Collects the failures that a stack logs and lets pass."""

    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        """Take the message without the id of the request, and the error."""
        what = record.getMessage().partition(" (request ")[0]
        error = record.exc_info and record.exc_info[1]
        self._said.append(f"{what}: {error and _told(error)}")


@contextlib.contextmanager
def _hearing(said: list[str]) -> Generator[None]:
    """Hear what the stack logs, whatever the project has switched off."""
    logger, ear = logging.getLogger("flask_toolkit.middleware"), _Ear(said)
    before = logger.disabled, logger.level, logging.root.manager.disable
    logger.disabled = False
    logger.setLevel(logging.ERROR)
    logging.disable(logging.NOTSET)
    logger.addHandler(ear)

    try:
        yield
    finally:
        logger.removeHandler(ear)
        logger.disabled, level, off = before
        logger.setLevel(level)
        logging.disable(off)


def _buffered(factory: Factory) -> list[str]:
    """Hold the fetched chunks against those handed on."""
    trace = Trace()
    ahead: list[str] = []

    def read(environ: WSGIEnvironment, start: t.Any) -> Iterator[bytes]:
        body: t.Any = factory(countdown(trace))(environ, start)

        try:
            for number, chunk in enumerate(body, 1):
                # One ahead is fine: it may wait for start_response.
                if trace.made > number + 1:
                    ahead.append(
                        f"a stream: {trace.made} chunks were fetched before"
                        f" number {number} was handed on"
                    )
                    break

                yield chunk
        finally:
            if hasattr(body, "close"):
                body.close()

    ask(read, "")  # an error was told before
    return ahead


def _mixed_up(factory: Factory, *, rewrites: bool) -> Iterator[str]:
    """Serve two requests at the same time by one object."""
    app = factory(late(Trace()))
    alone = {path: ask(app, "", path=path) for path in ("/a", "/b")}
    answers = {"/a": Answer(), "/b": Answer()}
    bodies: dict[str, t.Any] = {}

    try:
        for path, answer in answers.items():
            bodies[path] = app(environ_of(path=path), answer.start)

        for path, answer in answers.items():
            for chunk in bodies[path]:
                answer.take(chunk)
    except Exception as error:  # noqa: BLE001  # it is told
        yield f"two requests at once: {_told(error)}"
    finally:
        for body in bodies.values():
            if hasattr(body, "close"):
                body.close()

    for path, other in (("/a", "/b"), ("/b", "/a")):
        answer = answers[path]

        if not answer.status or _has_of_other(answer, alone[path], alone[other], other):
            yield f"two requests at once: that for {path} got the headers of another"
        elif not rewrites and b"".join(answer.sent) != path.encode():
            yield f"two requests at once: that for {path} got the body of another"


def _has_of_other(answer: Answer, alone: Answer, other: Answer, path: str) -> bool:
    """Tell whether a header tells ``path``, as it does only for the other request."""
    foreign = {*other.headers} - {*alone.headers}
    return any(path in pair[1] and pair in foreign for pair in answer.headers)


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
