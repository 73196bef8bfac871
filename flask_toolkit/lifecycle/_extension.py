"""The part that runs hooks in pairs, once a process, and on the record."""

from __future__ import annotations

import functools
import inspect
import typing as t
import weakref

import click

from flask_toolkit._context import the_context
from flask_toolkit._extension import Extension
from flask_toolkit._extension import is_async
from flask_toolkit._extension import RUNS
from flask_toolkit.errors import SetupError

from ._around import abandon
from ._around import Around
from ._around import enter
from ._around import leave
from ._calls import called
from ._calls import check_plain
from ._calls import in_context
from ._calls import shut_down
from ._describe import described
from ._errors import NotStartedError
from ._hooks import hooks_of
from ._places import Places
from ._places import too_late
from ._recorder import recording
from ._run import Run
from ._settings import LifecycleSettings
from ._state import LifecycleState

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Generator
    from contextlib import AbstractContextManager

    from flask import Flask
    from flask import Request
    from flask import Response
    from flask.typing import ResponseReturnValue

    from flask_toolkit._extension import State
    from flask_toolkit.typing import Duration

    from ._hooks import HookInfo
    from ._places import Stage
    from ._trace import Trace

F = t.TypeVar("F", bound="Callable[[], object]")
A = t.TypeVar("A", bound="Callable[[], Generator[None, t.Any, t.Any]]")

_BEFORE: t.Final[tuple[Stage, ...]] = ("before_request",)
_AROUND: t.Final[tuple[Stage, ...]] = (*_BEFORE, "after_request", "teardown_request")


class Lifecycle(Extension[LifecycleSettings], component="lifecycle"):
    """Run functions around requests, once a process, and write down what runs.

    :param startup_wait: How long a request waits for the startup.
    """

    def __init__(
        self, app: Flask | None = None, *, startup_wait: Duration | None = None
    ) -> None:
        # A tuple: a request goes on with the one it began with.
        self._arounds: tuple[Around, ...] = ()
        self._startup: list[tuple[int, Callable[[], object]]] = []
        self._first: list[Callable[[], object]] = []
        self._shutdown: list[Callable[[], object]] = []
        # Those that must not have begun when something is added.
        self._apps: weakref.WeakSet[Flask] = weakref.WeakSet()
        super().__init__(app, startup_wait=startup_wait)

    @t.overload
    def around_request(self, fn: A, /) -> A: ...
    @t.overload
    def around_request(
        self,
        fn: None = ...,
        /,
        *,
        order: int = ...,
        blueprint: str | None = ...,
        only: Callable[[Request], bool] | None = ...,
    ) -> Callable[[A], A]: ...
    def around_request(
        self,
        fn: A | None = None,
        /,
        *,
        order: int = 0,
        blueprint: str | None = None,
        only: Callable[[Request], bool] | None = None,
    ) -> A | Callable[[A], A]:
        """Run a generator around each request: ``response = yield``.

        What stands after the ``yield`` runs if and only if what stands before it
        did. It may return another response. An error that Flask raises again, in
        debug mode and in tests, comes out of the ``yield``. A ``return`` with a
        value before the ``yield`` answers the request.

        :param order: Lower ones are further out.
        :param blueprint: Only for requests of this blueprint and those in it.
        :param only: Only for requests for which this is true.
        :raises SetupError: If it is no generator function, if ``only`` is async, or
            too late.
        """
        if is_async(only):
            raise SetupError(
                f"{described(only).full}, given as only=, is async: nobody would wait"
                " for it. Write it with def."
            )

        def decorate(fn: A) -> A:
            if not inspect.isgeneratorfunction(fn):
                raise SetupError(
                    f"{described(fn).full} is no generator function: around_request"
                    " takes 'def' with one 'yield', where the view runs."
                )

            self._open(_AROUND, lambda run: run.is_ready)
            around = Around(function=fn, order=order, blueprint=blueprint, only=only)
            every = [*self._arounds, around]
            self._arounds = tuple(sorted(every, key=lambda each: each.order))
            return fn

        return decorate if fn is None else decorate(fn)

    @t.overload
    def on_startup(self, fn: F, /) -> F: ...
    @t.overload
    def on_startup(
        self, fn: None = ..., /, *, order: int = ...
    ) -> Callable[[F], F]: ...
    def on_startup(
        self, fn: F | None = None, /, *, order: int = 0
    ) -> F | Callable[[F], F]:
        """Run a function once in each process, before the first request.

        It gets an application context and no request. While it runs, other
        requests wait. If it raises, the request is answered with 503 and a later
        one goes on with it.

        :param order: Lower ones run first.
        :raises SetupError: If it is a generator function, or too late.
        """

        def decorate(fn: F) -> F:
            check_plain(fn)
            self._open(_BEFORE, lambda run: run.startup.has_begun)
            self._startup = sorted(
                [*self._startup, (order, fn)], key=lambda pair: pair[0]
            )
            return fn

        return decorate if fn is None else decorate(fn)

    def on_first_request(self, fn: F, /) -> F:
        """Run a function once in each process, in the first request.

        After the startup and under the same rules; the request is there.

        :raises SetupError: If it is a generator function, or too late.
        """
        check_plain(fn)
        self._open(_BEFORE, lambda run: run.first.has_begun)
        self._first.append(fn)
        return fn

    def on_shutdown(self, fn: F, /) -> F:
        """Run a function at the end of a process whose startup has run.

        In an application context, in reverse order; what one raises is logged. A
        process that is killed runs none. A startup function may add some.

        :raises SetupError: If it is a generator function, or too late.
        """
        check_plain(fn)
        self._open(_BEFORE, lambda _: False)
        self._shutdown.append(fn)
        return fn

    def run_startup(self, app: Flask) -> None:
        """Run the startup now, as in gunicorn's ``post_fork``.

        :raises Exception: What a function raises; the next call goes on with it.
        :raises NotStartedError: If another thread runs it for too long, or fails.
        """
        state: LifecycleState = self.state_of(app)
        run, wait = state.run, state.settings.startup_wait.total_seconds()

        if run.startup.is_done:
            return

        calls = [fn for _, fn in self._startup]
        steps = [functools.partial(in_context, app, run, fn) for fn in calls]
        ending = functools.partial(shut_down, app, self._shutdown)
        steps.append(functools.partial(run.at_exit, ending))

        if not run.startup.run(steps, wait=wait):
            raise NotStartedError

    def hooks(self, app: Flask) -> list[HookInfo]:
        """Return what runs for each endpoint of ``app``, in the real order.

        :raises SetupError: If this was not attached to ``app``.
        """
        state: LifecycleState = self.state_of(app)
        return list(hooks_of(app, self._arounds, state.places.hooks))

    def trace(self, app: Flask) -> AbstractContextManager[Trace]:
        """Write down what happens to the requests of ``app`` in a ``with`` block.

        Hooks, views, handlers, signals, session and WSGI calls, in their order. It
        changes the application while it lasts.

        :raises RuntimeError: Outside of debug mode, tests and commands, and while
            another trace of ``app`` lasts.
        """
        state: LifecycleState = self.state_of(app)

        if not (app.debug or app.testing or click.get_current_context(silent=True)):
            raise RuntimeError(
                "A trace shows and changes the inside of an application: it is for"
                " debug mode, tests and commands only."
            )

        return recording(app, state.run, state.places.hooks)

    def setup(
        self, app: Flask, settings: LifecycleSettings
    ) -> State[LifecycleSettings]:
        """Find the places of the hooks, and fill those that are needed already."""
        run = Run()

        def begin() -> ResponseReturnValue | None:
            if not run.is_ready:
                self._prepare(app, run)

            if not self._arounds:
                return None

            return enter(self._arounds, the_context(), run.trace)

        def end(response: Response) -> Response:
            return leave(app, the_context(), response)

        def drop(error: BaseException | None) -> None:
            abandon(app, the_context(), error)

        # Any of them may answer, so who lists what runs early lists them.
        setattr(begin, RUNS, lambda: [each.function for each in self._arounds])
        places = Places(
            app,
            {"before_request": begin, "after_request": end, "teardown_request": drop},
        )

        if self._arounds:
            places.fill(app, *_AROUND)
        elif self._startup or self._first or self._shutdown:
            places.fill(app, *_BEFORE)

        self._apps.add(app)
        return LifecycleState(self, settings, run, places)

    def _prepare(self, app: Flask, run: Run) -> None:
        """Run what comes before the first request, or wait for it.

        :raises NotStartedError: If that fails or takes too long.
        """
        try:
            self.run_startup(app)

            # Not in a request that a startup function itself sends.
            if run.startup.is_done:
                self._run_first(app, run)
        except NotStartedError:
            raise
        except Exception as error:
            if run.is_news(error):
                app.logger.exception("The startup of %r failed", app.name)

            raise NotStartedError from error

    def _run_first(self, app: Flask, run: Run) -> None:
        wait = self.settings_of(app).startup_wait.total_seconds()
        steps = [
            functools.partial(called, app, run, "on_first_request", fn)
            for fn in self._first
        ]

        if not run.first.run(steps, wait=wait):
            raise NotStartedError

        run.is_ready = run.first.is_done

    def _open(
        self, stages: tuple[Stage, ...], has_begun: Callable[[Run], bool]
    ) -> None:
        """Let all applications have the hooks that something new needs."""
        states: list[tuple[Flask, LifecycleState]] = [
            (app, self.state_of(app)) for app in self._apps
        ]

        for app, state in states:
            if has_begun(state.run):
                raise too_late(app)

            state.places.fill(app, *stages)
