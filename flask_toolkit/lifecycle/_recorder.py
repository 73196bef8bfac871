"""How a trace gets to know: everything that can be called is wrapped for a while.

Only what Flask documents is touched: its tables of functions, its signals, the
session interface, the URL map and ``wsgi_app``. All of it is put back.
"""

from __future__ import annotations

import copy
import functools
import typing as t
from contextlib import contextmanager
from contextlib import ExitStack

import flask

from flask_toolkit._context import the_context

from ._describe import described
from ._trace import Step
from ._trace import Trace

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Generator
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import MutableMapping
    from wsgiref.types import StartResponse
    from wsgiref.types import WSGIEnvironment

    from flask import Flask

    from ._run import Run

_SIGNALS: t.Final = (
    "appcontext_pushed",
    "request_started",
    "before_render_template",
    "template_rendered",
    "message_flashed",
    "got_request_exception",
    "request_finished",
    "request_tearing_down",
    "appcontext_tearing_down",
    "appcontext_popped",
)
_TABLES: t.Final = (
    ("url_value_preprocessor", "url_value_preprocessors"),
    ("before_request", "before_request_funcs"),
    ("after_request", "after_request_funcs"),
    ("teardown_request", "teardown_request_funcs"),
)
_TAKE_ERRORS: t.Final = frozenset(
    {"errorhandler", "teardown_request", "teardown_appcontext"}
)
_MAY_ADD: t.Final = frozenset({"before_request", "view", "errorhandler"})
"""Where ``after_this_request`` may have been called."""


@contextmanager
def recording(
    app: Flask, run: Run, ours: frozenset[t.Any]
) -> Generator[Trace, None, None]:
    """Write down what happens to the requests of ``app`` during a block.

    :param ours: Hooks that only pass on to others, which are written down.
    :raises RuntimeError: While another recording of ``app`` lasts.
    """
    if run.trace is not None:
        raise RuntimeError(f"{app.name!r} is being traced already.")

    trace = run.trace = Trace()
    recorder = _Recorder(app, trace, ours)

    with ExitStack() as undo:
        undo.callback(setattr, run, "trace", None)
        recorder.signals(undo)
        recorder.tables(undo)
        recorder.session(undo)
        recorder.matching(undo)
        recorder.wsgi(undo)
        yield trace


class _Recorder:
    """Wraps and unwraps the functions of one application."""

    def __init__(self, app: Flask, trace: Trace, ours: frozenset[t.Any]) -> None:
        self._app = app
        self._trace = trace
        self._ours = ours
        self._originals: dict[t.Any, t.Any] = {}

    def signals(self, undo: ExitStack) -> None:
        """Listen to the signals of Flask."""
        for name in _SIGNALS:
            signal = getattr(flask, name)

            def note(sender: object, *, signal: str = name, **fields: t.Any) -> None:
                template = getattr(fields.get("template"), "name", None)
                self._trace.mark(signal, template or "")

            signal.connect(note, sender=self._app, weak=False)
            undo.callback(signal.disconnect, note, self._app)

    def tables(self, undo: ExitStack) -> None:
        """Wrap hooks, views and error handlers where they stand."""
        app = self._app

        for stage, table in _TABLES:
            for functions in getattr(app, table).values():
                self._wrap_list(undo, stage, functions)

        self._wrap_list(undo, "teardown_appcontext", app.teardown_appcontext_funcs)
        self._wrap_values(undo, "view", app.view_functions)

        for codes in app.error_handler_spec.values():
            for handlers in codes.values():
                self._wrap_values(undo, "errorhandler", handlers)

    def session(self, undo: ExitStack) -> None:
        """Put a copy of the session interface in its place: apps share the real."""
        interface: t.Any = copy.copy(self._app.session_interface)

        for name in ("open_session", "save_session"):
            call = getattr(interface, name)
            setattr(interface, name, self._timed(name, "", "", call))

        self._replace(undo, self._app, "session_interface", interface)

    def matching(self, undo: ExitStack) -> None:
        """Follow the adapters that the URL map makes for requests."""
        bind = self._app.url_map.bind_to_environ

        @functools.wraps(bind)
        def bind_to_environ(*args: t.Any, **kwargs: t.Any) -> t.Any:
            adapter: t.Any = bind(*args, **kwargs)
            adapter.match = self._matched(adapter.match)
            return adapter

        self._replace(undo, self._app.url_map, "bind_to_environ", bind_to_environ)

    def wsgi(self, undo: ExitStack) -> None:
        """Stand outside of everything, and see the answer go out."""
        inner, trace = self._app.wsgi_app, self._trace

        def outer(
            environ: WSGIEnvironment, start_response: StartResponse
        ) -> Iterable[bytes]:
            request = f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO') or '/'}"

            def start(status: str, *rest: t.Any) -> t.Any:
                trace.mark("start_response", status)
                return start_response(status, *rest)

            trace.mark("wsgi_app", request)
            return _Body(trace, inner(environ, t.cast("StartResponse", start)))

        self._replace(undo, self._app, "wsgi_app", outer)

    def _wrap_list(self, undo: ExitStack, stage: str, functions: list[t.Any]) -> None:
        functions[:] = [self._wrapped(stage, each) for each in functions]

        def restore() -> None:
            # By name, not by place: others may have been added meanwhile.
            functions[:] = [self._originals.get(each, each) for each in functions]

        undo.callback(restore)

    def _wrap_values(
        self, undo: ExitStack, stage: str, functions: MutableMapping[t.Any, t.Any]
    ) -> None:
        for key, function in functions.items():
            functions[key] = self._wrapped(stage, function)

        def restore() -> None:
            for key, function in functions.items():
                functions[key] = self._originals.get(function, function)

        undo.callback(restore)

    def _wrapped(self, stage: str, function: Callable[..., t.Any]) -> t.Any:
        if function in self._ours:
            return function

        who = described(function)
        call = self._app.ensure_sync(function)
        recorded = self._timed(stage, who.short, who.where, call)
        wrapper = functools.wraps(function)(recorded)
        self._originals[wrapper] = function
        return wrapper

    def _timed(
        self, stage: str, name: str, where: str, call: Callable[..., t.Any]
    ) -> Callable[..., t.Any]:
        def timed(*args: t.Any, **kwargs: t.Any) -> t.Any:
            with self._trace.timed(Step(stage, name, where)) as step:
                if stage in _TAKE_ERRORS and args[0] is not None:
                    step.outcome = f"got {type(args[0]).__name__}"

                try:
                    result = call(*args, **kwargs)
                finally:
                    if stage in _MAY_ADD:
                        self._wrap_later()

                if stage == "before_request" and result is not None:
                    step.outcome = "answered"

            return result

        return timed

    def _wrap_later(self) -> None:
        """Wrap what ``after_this_request`` has collected so far.

        Flask has no public name for that; where it is not found, it is missing.
        """
        later: list[t.Any] = getattr(the_context(), "_after_request_functions", [])
        later[:] = [
            each
            if each in self._originals
            else self._wrapped("after_this_request", each)
            for each in later
        ]

    def _matched(self, match: Callable[..., t.Any]) -> Callable[..., t.Any]:
        def matched(*args: t.Any, **kwargs: t.Any) -> t.Any:
            with self._trace.timed(Step("url_match")) as step:
                found = match(*args, **kwargs)
                step.name = getattr(found[0], "endpoint", found[0])

            return found

        return matched

    def _replace(self, undo: ExitStack, owner: t.Any, name: str, value: t.Any) -> None:
        """Set an attribute of an object, and at the end what it was before."""
        own = t.cast("dict[str, t.Any]", owner.__dict__)
        is_own, before = name in own, own.get(name)
        setattr(owner, name, value)

        def restore() -> None:
            if own.get(name) is not value:
                return  # somebody has put something else there, maybe around ours

            if is_own:
                setattr(owner, name, before)
            else:
                delattr(owner, name)

        undo.callback(restore)


class _Body:
    """The chunks of an answer, the first of which is written down, and the end."""

    def __init__(self, trace: Trace, chunks: Iterable[bytes]) -> None:
        self._trace = trace
        self._chunks = chunks
        self._iterator = self._followed()

    def __iter__(self) -> Iterator[bytes]:
        return self._iterator

    def close(self) -> None:
        """Close what is inside, as servers do after the last chunk."""
        self._trace.mark("close")

        if hasattr(self._chunks, "close"):
            t.cast("t.Any", self._chunks).close()

    def _followed(self) -> Iterator[bytes]:
        for number, chunk in enumerate(self._chunks):
            if number == 0:
                self._trace.mark("body")

            yield chunk
