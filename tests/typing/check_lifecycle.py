"""What type checkers must see of ``flask_toolkit.lifecycle``; never run."""

from collections.abc import Callable
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import assert_type

from flask import Flask
from flask import Response
from werkzeug.exceptions import HTTPException

from flask_toolkit.lifecycle import bind_context
from flask_toolkit.lifecycle import ContextExecutor
from flask_toolkit.lifecycle import HookInfo
from flask_toolkit.lifecycle import Lifecycle
from flask_toolkit.lifecycle import LifecycleSettings
from flask_toolkit.lifecycle import NotStartedError
from flask_toolkit.lifecycle import Step
from flask_toolkit.lifecycle import Trace

app = Flask("typing")
lifecycle = Lifecycle(app, startup_wait=timedelta(seconds=5))
Lifecycle(startup_wait=1.5)
Lifecycle(startup_wait="5s")  # type: ignore[arg-type]  # text is for configuration
assert_type(lifecycle.settings_of(app), LifecycleSettings)


@lifecycle.around_request
def plain() -> Generator[None, Response, None]:
    response = yield
    response.headers["X"] = "1"


@lifecycle.around_request(order=1, blueprint="api", only=lambda r: r.is_json)
def limited() -> Generator[None, Response, str]:
    yield
    return "other"


@lifecycle.around_request  # type: ignore[type-var]  # it yields nothing
def none() -> None: ...


@lifecycle.on_startup
def start() -> int:
    return 1


@lifecycle.on_startup(order=2)
async def later() -> None: ...


@lifecycle.on_first_request
def first() -> None: ...


@lifecycle.on_shutdown
def end() -> None: ...


assert_type(plain, Callable[[], Generator[None, Response, None]])
assert_type(start, Callable[[], int])
lifecycle.on_startup(order="1")  # type: ignore[call-overload]  # a number
lifecycle.run_startup(app)
assert_type(lifecycle.hooks(app), list[HookInfo])
assert_type(lifecycle.trace(app), AbstractContextManager[Trace, bool | None])

with lifecycle.trace(app) as trace:
    assert_type(trace.steps, list[Step])
    assert_type(trace.steps[0].seconds, float | None)
    trace.mark("mine", "here")
    trace.clear()


def work(number: int, *, name: str) -> bytes:
    return b""


pool = ContextExecutor(4, carry=["lang"])
assert_type(pool.submit(work, 1, name="x"), Future[bytes])
pool.submit(work, "1", name="x")  # type: ignore[arg-type]  # the signature is kept
assert_type(bind_context(work, carry=("lang",))(1, name="x"), bytes)
bind_context(work, carry=1)  # type: ignore[arg-type]  # a list of names
error: HTTPException = NotStartedError("Migrating.", headers={"Retry-After": "60"})
