"""How the functions are called that run once in a process."""

from __future__ import annotations

import functools
import inspect
import typing as t
from contextvars import Context

from flask_toolkit._extension import called_by
from flask_toolkit._extension import is_async
from flask_toolkit._extension import run_async
from flask_toolkit.errors import SetupError

from ._describe import described
from ._trace import Step

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from ._run import Run


def check_plain(fn: Callable[[], object]) -> None:
    """Check that calling ``fn`` does its work, which a generator's call does not.

    :raises SetupError: If it is a generator function.
    """
    runs = called_by(fn)

    if inspect.isgeneratorfunction(runs) or inspect.isasyncgenfunction(runs):
        raise SetupError(
            f"{described(fn).full} yields, so a call would run none of it. Write two"
            " functions, one for the startup and one for the shutdown."
        )


def called(app: Flask, run: Run, stage: str, fn: Callable[[], object]) -> None:
    """Call a function where it stands, on the record if there is one."""
    # Flask's ensure_sync() does not know objects whose __call__ is async.
    call = functools.partial(run_async, app, fn) if is_async(fn) else fn

    if run.trace is None:
        call()
        return

    who = described(fn)

    with run.trace.timed(Step(stage, who.short, who.where)):
        call()


def in_context(app: Flask, run: Run, fn: Callable[[], object]) -> None:
    """Call a startup function: the request that came first is none of its."""

    def call() -> None:
        with app.app_context():
            called(app, run, "on_startup", fn)

    Context().run(call)


def shut_down(app: Flask, functions: list[Callable[[], object]]) -> None:
    """Call what ends the work of a process, in reverse order, whatever fails."""
    with app.app_context():
        for fn in reversed(functions):
            try:
                _end(fn)
            except Exception:
                app.logger.exception("%s failed at shutdown", described(fn).full)


def _end(fn: Callable[[], t.Any]) -> None:
    if not is_async(fn):
        fn()
        return

    # Loads 40 modules, which most applications never need.
    import asyncio

    # Flask's way to run it wants a thread, and there are no new ones.
    asyncio.run(fn())
