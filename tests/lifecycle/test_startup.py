"""What runs once in a process: under threads, greenlets, forks and failures."""

import atexit
import logging
import os
import subprocess
import sys
import textwrap
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from flask import current_app
from flask import Flask
from flask import has_request_context
from flask import request

import flask_toolkit
from flask_toolkit.errors import ConfigError
from flask_toolkit.errors import SetupError
from flask_toolkit.lifecycle import _run
from flask_toolkit.lifecycle import Lifecycle
from flask_toolkit.lifecycle import NotStartedError

if t.TYPE_CHECKING:
    from collections.abc import Callable

HOME = str(Path(flask_toolkit.__file__).parents[1])


def _python(code: str) -> str:
    """Run a program in a process of its own and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": HOME},
        check=False,
    )

    assert done.returncode == 0, done.stderr
    return done.stdout


def test_startup_runs_once_before_the_first_request(
    app: Flask, lifecycle: Lifecycle, said: list[str]
) -> None:
    """In order, in an application context, without the request."""
    lifecycle.on_startup(order=1)(lambda: said.append("second"))

    @lifecycle.on_startup
    def first() -> None:
        said.append(f"{current_app.name} {has_request_context()}")

    lifecycle.on_first_request(lambda: said.append(request.path))
    app.before_request(lambda: said.append("hook"))
    client = app.test_client()
    client.get("/")
    client.get("/")

    assert said == ["shop False", "second", "/", "hook", "hook"]


def test_functions_may_come_before_the_application(said: list[str]) -> None:
    """And each application runs them."""
    lifecycle = Lifecycle()
    lifecycle.on_startup(lambda: said.append(current_app.name))

    for app in (Flask("one"), Flask("two")):
        lifecycle.init_app(app)
        app.test_client().get("/")

    assert said == ["one", "two"]


def test_async_functions_are_awaited(
    app: Flask, lifecycle: Lifecycle, said: list[str]
) -> None:
    """As Flask does with views."""

    async def prepare() -> None:
        said.append("prepared")

    lifecycle.on_startup(prepare)
    lifecycle.on_first_request(prepare)
    app.test_client().get("/")

    assert said == ["prepared", "prepared"]


class Later:
    """An object whose call is a coroutine."""

    def __init__(self, said: list[str]) -> None:
        self.said = said

    async def __call__(self, word: str = "object") -> None:
        """Note it."""
        self.said.append(word)


def test_async_objects_are_awaited(
    app: Flask,
    lifecycle: Lifecycle,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At the startup, in the first request and at the end; partials of them too."""
    handlers: list[Callable[[], None]] = []
    monkeypatch.setattr(atexit, "register", handlers.append)
    lifecycle.on_startup(Later(said))
    lifecycle.on_startup(partial(Later(said), "partial"))
    lifecycle.on_first_request(Later(said))
    lifecycle.on_shutdown(Later(said))
    lifecycle.on_shutdown(partial(Later(said), "end"))
    app.test_client().get("/")

    assert said == ["object", "partial", "object"]
    handlers[0]()
    assert said[3:] == ["end", "object"]


def test_run_startup_runs_it_now(
    app: Flask, lifecycle: Lifecycle, said: list[str]
) -> None:
    """As a server does after a fork; the first request has nothing to wait for."""
    lifecycle.on_startup(lambda: said.append("startup"))
    lifecycle.on_first_request(lambda: said.append("first"))
    lifecycle.run_startup(app)
    lifecycle.run_startup(app)

    assert said == ["startup"]
    app.test_client().get("/")
    assert said == ["startup", "first"]


def test_l2_64_threads_run_it_once(app: Flask, lifecycle: Lifecycle) -> None:
    """A flag without a lock lets eight threads run it eight times."""
    ran: list[str] = []
    barrier = threading.Barrier(64)
    arrived = threading.Semaphore(0)

    @lifecycle.on_startup
    def prepare() -> None:
        # Until all others are on their way here.
        for _ in range(64):
            arrived.acquire(timeout=10)

        ran.append("startup")

    lifecycle.on_first_request(lambda: ran.append("first"))

    def ask() -> int:
        barrier.wait(timeout=10)
        arrived.release()
        return app.test_client().get("/").status_code

    with ThreadPoolExecutor(64) as pool:
        codes = [each.result() for each in [pool.submit(ask) for _ in range(64)]]

    assert codes == [200] * 64
    assert ran == ["startup", "first"]


def test_l2_64_greenlets_run_it_once() -> None:
    """The lifecycle was made before gevent patched the threads, as with a preload."""
    printed = _python(
        """
        from flask import Flask
        from flask_toolkit.lifecycle import Lifecycle

        app = Flask("shop")
        app.add_url_rule("/", "index", lambda: "hello")
        lifecycle = Lifecycle(app)

        from gevent import monkey

        monkey.patch_all()
        import gevent

        ran = []

        @lifecycle.on_startup
        def prepare():
            gevent.sleep(0.01)
            ran.append("startup")

        @lifecycle.on_first_request
        def first():
            gevent.sleep(0.01)
            ran.append("first")

        def ask():
            return app.test_client().get("/").status_code

        greenlets = [gevent.spawn(ask) for _ in range(64)]
        gevent.joinall(greenlets, timeout=30)
        print({each.value for each in greenlets}, ran)
        """
    )

    assert printed == "{200} ['startup', 'first']\n"


def test_l4_a_child_starts_anew_though_a_thread_held_the_lock() -> None:
    """A lock that is held while forking would stop the child for ever."""
    printed = _python(
        """
        import os, threading, warnings
        from flask import Flask
        from flask_toolkit.lifecycle import Lifecycle

        warnings.simplefilter("ignore")  # 3.12 warns of forks beside threads
        app = Flask("shop")
        app.add_url_rule("/", "index", lambda: "hello")
        lifecycle = Lifecycle(app)
        ran, inside, go = [], threading.Event(), threading.Event()
        parent = os.getpid()

        @lifecycle.on_startup
        def prepare():
            if os.getpid() == parent:
                inside.set()
                go.wait(10)

            ran.append(os.getpid() == parent)

        def ask():
            return app.test_client().get("/").status_code

        thread = threading.Thread(target=ask)
        thread.start()
        inside.wait(10)
        read, write = os.pipe()

        if not (pid := os.fork()):
            os.write(write, f"{ask()} {ran}".encode())
            os._exit(0)

        os.waitpid(pid, 0)
        print(os.read(read, 100).decode())
        go.set()
        thread.join(10)
        print(ran)
        """
    )

    assert printed == "200 [False]\n[True]\n"


def test_a_failure_is_answered_with_503_and_tried_again(
    app: Flask, lifecycle: Lifecycle, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """What ran stays done; each cause is logged once."""
    left = [ConnectionError("down"), ConnectionError("still down"), LookupError("x")]

    @lifecycle.on_startup
    def one() -> None:
        said.append("one")

    @lifecycle.on_startup
    def two() -> None:
        if left:
            raise left.pop(0)

        said.append("two")

    client = app.test_client()

    for _ in range(3):
        answer = client.get("/")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert "down" not in answer.text

    assert client.get("/").status_code == 200
    assert said == ["one", "two"]
    logged = [record for record in caplog.records if "startup" in record.message]
    assert [record.levelno for record in logged] == [logging.ERROR] * 2
    assert logged[0].getMessage() == "The startup of 'shop' failed"


def test_those_that_waited_do_not_fail_one_after_the_other(
    app: Flask, lifecycle: Lifecycle, said: list[str]
) -> None:
    """A startup that takes seconds to fail would hold every thread for its turn."""
    waiting = threading.Event()

    class Lock:
        """Tells when somebody has to wait for it."""

        def __init__(self) -> None:
            self.real = threading.Lock()
            self.release = self.real.release

        def acquire(self, timeout: float) -> bool:
            if self.real.locked():
                waiting.set()

            return self.real.acquire(timeout=timeout)

    @lifecycle.on_startup
    def fail() -> None:
        said.append("fail")
        waiting.wait(10)
        raise LookupError("canary")

    startup: t.Any = lifecycle.state_of(app).run.startup
    startup._lock["lock"] = Lock()

    with ThreadPoolExecutor(2) as pool:
        codes = [
            pool.submit(lambda: app.test_client().get("/").status_code)
            for _ in range(2)
        ]

    assert [code.result() for code in codes] == [503, 503]
    assert said == ["fail"]
    assert app.test_client().get("/").status_code == 503
    assert said == ["fail", "fail"]


def test_a_failing_first_request_is_tried_again(
    app: Flask, lifecycle: Lifecycle, said: list[str]
) -> None:
    """By the next request, without a second startup."""
    left = [LookupError("x")]
    lifecycle.on_startup(lambda: said.append("startup"))

    @lifecycle.on_first_request
    def first() -> None:
        if left:
            raise left.pop()

        said.append(request.path)

    client = app.test_client()
    assert client.get("/fail").status_code == 503
    assert client.get("/").status_code == 200
    assert said == ["startup", "/"]


def test_run_startup_raises(app: Flask, lifecycle: Lifecycle) -> None:
    """A server that calls it should not begin to serve."""

    @lifecycle.on_startup
    def fail() -> None:
        raise LookupError("canary")

    with pytest.raises(LookupError, match="canary"):
        lifecycle.run_startup(app)


@pytest.mark.parametrize("kind", ["on_startup", "on_first_request"])
def test_others_do_not_wait_for_ever(app: Flask, kind: str) -> None:
    """After STARTUP_WAIT they are told to come back."""
    lifecycle = Lifecycle(app, startup_wait=0)
    inside, go = threading.Event(), threading.Event()

    def slow() -> None:
        inside.set()
        go.wait(10)

    getattr(lifecycle, kind)(slow)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(lambda: app.test_client().get("/").status_code)
        inside.wait(10)
        answer = app.test_client().get("/")

        if kind == "on_startup":
            with pytest.raises(NotStartedError):
                lifecycle.run_startup(app)

        go.set()
        assert running.result() == 200

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.mimetype == "application/problem+json"


def test_a_request_of_a_startup_function_passes(
    app: Flask, lifecycle: Lifecycle, said: list[str]
) -> None:
    """One that warms a cache through the front door does not wait for itself."""

    @lifecycle.on_startup
    def warm() -> None:
        said.append(app.test_client().get("/").text)

    lifecycle.on_first_request(lambda: said.append("first"))
    app.test_client().get("/")

    assert said == ["hello", "first"]


def test_what_comes_too_late_is_refused(app: Flask, lifecycle: Lifecycle) -> None:
    """It would never run."""
    lifecycle.on_startup(lambda: None)
    lifecycle.run_startup(app)

    with pytest.raises(SetupError, match="it is too late to add"):
        lifecycle.on_startup(lambda: None)

    lifecycle.on_first_request(lambda: None)
    app.test_client().get("/")

    with pytest.raises(SetupError, match="it is too late to add"):
        lifecycle.on_first_request(lambda: None)


@pytest.mark.parametrize("name", ["on_startup", "on_first_request", "on_shutdown"])
def test_a_generator_function_is_refused(app: Flask, name: str) -> None:
    """A call of one runs nothing: who writes a yield expects two halves."""

    def both() -> t.Iterator[None]:
        yield  # pragma: no cover  # it is refused, and never runs

    async def later() -> t.AsyncIterator[None]:
        yield  # pragma: no cover  # it is refused, and never runs

    class Both:
        def __call__(self) -> t.Iterator[None]:
            yield  # pragma: no cover  # it is refused, and never runs

    lifecycle = Lifecycle(app)

    for wrong, called in (
        (both, "both"),
        (later, "later"),
        (Both(), "Both"),
        (partial(Both()), "Both"),
    ):
        with pytest.raises(SetupError, match=f"{called} yields, so a call"):
            getattr(lifecycle, name)(wrong)

    assert not app.before_request_funcs[None]


def test_a_startup_function_cannot_add_one(app: Flask, lifecycle: Lifecycle) -> None:
    """The list is fixed when it begins."""

    @lifecycle.on_startup
    def add() -> None:
        lifecycle.on_startup(lambda: None)

    with pytest.raises(SetupError, match="it is too late to add"):
        lifecycle.run_startup(app)


def test_shutdown_runs_in_reverse_where_the_startup_ran() -> None:
    """L5: a child inherits the handlers of its parent, and runs its own only."""
    printed = _python(
        """
        import os, sys
        from flask import current_app, Flask
        from flask_toolkit.lifecycle import Lifecycle

        app = Flask("shop")
        lifecycle = Lifecycle(app)
        idle = Flask("idle")
        Lifecycle(idle).on_shutdown(lambda: print("idle", flush=True))
        parent = os.getpid()

        def who():
            return "parent" if os.getpid() == parent else "child"

        @lifecycle.on_startup
        def begin():
            lifecycle.on_shutdown(lambda: print("added", who(), flush=True))

        @lifecycle.on_shutdown
        def end():
            print("end", who(), current_app.name, flush=True)

        @lifecycle.on_shutdown
        def fail():
            raise LookupError("canary")

        @lifecycle.on_shutdown
        async def later():
            print("later", who(), flush=True)

        lifecycle.run_startup(app)

        for serves in (False, True):
            if not (pid := os.fork()):
                if serves:
                    app.test_client().get("/")
                sys.exit()

            os.waitpid(pid, 0)
            print("--", flush=True)
        """
    )

    assert printed.splitlines() == [
        "--",
        *("added child", "added child", "later child", "end child shop"),
        "--",
        *("added parent", "later parent", "end parent shop"),
    ]


def test_the_handler_does_nothing_elsewhere(
    app: Flask,
    lifecycle: Lifecycle,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Only in the process where the startup ran; a failure stops no other."""
    handlers: list[Callable[[], None]] = []
    monkeypatch.setattr(atexit, "register", handlers.append)

    async def later() -> None:
        said.append("later")

    def fail() -> None:
        raise LookupError("canary")

    lifecycle.on_shutdown(lambda: said.append(current_app.name))
    lifecycle.on_shutdown(fail)
    lifecycle.on_shutdown(later)
    app.test_client().get("/")
    (handler,) = handlers

    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: -1)
        handler()
        assert said == []

    handler()
    assert said == ["later", "shop"]
    assert "fail failed at shutdown" in caplog.text


def test_what_runs_after_a_fork_resets_all(
    app: Flask, lifecycle: Lifecycle, said: list[str]
) -> None:
    """The child then begins anew; here without one, so that it is measured."""
    lifecycle.on_startup(lambda: said.append("startup"))
    lifecycle.on_first_request(lambda: said.append("first"))
    client = app.test_client()
    client.get("/")
    _run._begin_anew()
    client.get("/")

    assert said == ["startup", "first"] * 2


def test_a_freed_app_is_not_shut_down() -> None:
    """Its handler does not keep it alive."""
    printed = _python(
        """
        import gc
        from flask import Flask
        from flask_toolkit.lifecycle import Lifecycle

        app = Flask("shop")
        lifecycle = Lifecycle(app)
        lifecycle.on_shutdown(lambda: print("end", app.name))
        app.test_client().get("/")
        del app, lifecycle
        gc.collect()
        """
    )

    assert printed == ""


def test_a_freed_app_leaves_no_handler() -> None:
    """Else a process that makes many applications keeps one for each."""
    printed = _python(
        """
        import atexit, gc, weakref
        from flask import Flask
        from flask_toolkit.lifecycle import Lifecycle

        register, handlers = atexit.register, []

        def note(handler):
            handlers.append(weakref.ref(handler))
            register(handler)

        atexit.register = note
        app = Flask("shop")
        Lifecycle(app).run_startup(app)
        (handler,) = handlers
        print(handler() is None)
        del app
        gc.collect()
        gc.collect()  # the handler goes with the next one
        print(handler() is None)
        """
    )

    assert printed.split() == ["False", "True"]


@pytest.mark.parametrize("wait", [-1, timedelta(hours=2)])
def test_a_wait_that_makes_no_sense_stops_the_start(app: Flask, wait: t.Any) -> None:
    """Negative, or longer than any client waits."""
    with pytest.raises(ConfigError, match="STARTUP_WAIT: must lie between"):
        Lifecycle(app, startup_wait=wait)


def test_the_error_takes_what_its_base_takes() -> None:
    """An application may raise it too."""
    error = NotStartedError("Migrating.", headers={"Retry-After": "60"})

    assert error.problem()["detail"] == "Migrating."
    assert dict(error.get_headers({}))["Retry-After"] == "60"
