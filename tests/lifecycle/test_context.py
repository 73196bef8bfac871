"""Work in threads and greenlets: what goes with it, and what does not."""

import contextvars
import logging
import subprocess
import sys
import textwrap
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from flask import current_app
from flask import Flask
from flask import g
from flask import has_request_context
from flask import request

from flask_toolkit import Lifecycle
from flask_toolkit import Toolkit
from flask_toolkit.lifecycle import bind_context
from flask_toolkit.lifecycle import ContextExecutor
from flask_toolkit.middleware import after_response
from flask_toolkit.middleware import RequestIdFilter

HERE: contextvars.ContextVar[str] = contextvars.ContextVar("here")


def test_work_gets_an_application_context_of_its_own(app: Flask) -> None:
    """It is the real application, and its teardown runs in the thread."""
    ended: list[int] = []
    app.teardown_appcontext(lambda _: ended.append(threading.get_ident()))

    def work(number: int, *, plus: int) -> tuple[bool, bool, int, int]:
        is_app = current_app._get_current_object() is app  # type: ignore[attr-defined]  # a proxy
        return is_app, has_request_context(), number + plus, threading.get_ident()

    with ContextExecutor(1) as pool, app.test_request_context("/"):
        future = pool.submit(work, 1, plus=2)
        is_app, has_request, result, thread = future.result()
        assert ended == [thread]

    assert (is_app, has_request, result) == (True, False, 3)


def test_map_does_so_too(app: Flask) -> None:
    """It submits each call here, before it returns."""
    with ContextExecutor(2) as pool, app.app_context():
        names = pool.map(lambda n: f"{current_app.name} {n}", [1, 2, 3])

    assert list(names) == ["shop 1", "shop 2", "shop 3"]


def test_the_request_does_not_resolve(app: Flask) -> None:
    """On no version of Flask: in a copied context it does on 3.1."""
    with ContextExecutor(1) as pool, app.test_request_context("/"):
        error = pool.submit(lambda: request.path).exception()

    assert isinstance(error, RuntimeError)
    assert "request" in str(error)


def test_only_what_is_named_goes_with_it(app: Flask) -> None:
    """Values on g by name; other variables stay, and nothing leaks back."""
    HERE.set("outside")

    def work() -> tuple[str | None, str | None, str | None]:
        found = HERE.get(None), g.get("lang"), g.get("user")
        HERE.set("thread")
        g.lang = "changed"
        return found

    with ContextExecutor(1, carry=["lang"]) as pool, app.app_context():
        g.lang, g.user = "de", "ada"
        assert pool.submit(work).result() == (None, "de", None)
        assert pool.submit(work).result() == (None, "de", None)
        assert g.lang == "de"


def test_c1_a_pool_thread_forgets(app: Flask) -> None:
    """The next piece of work finds nothing of the last one."""
    with ThreadPoolExecutor(1) as pool, app.app_context():
        pool.submit(bind_context(lambda: HERE.set("first"))).result()
        left = pool.submit(HERE.get, "nothing").result()

    assert left == "nothing"


def test_a_missing_name_is_noticed_where_it_is_submitted(app: Flask) -> None:
    """Not later, in a thread whose error nobody reads."""
    with (
        ContextExecutor(1, carry=["lang"]) as pool,
        app.app_context(),
        pytest.raises(LookupError, match="g has no 'lang' to carry"),
    ):
        pool.submit(print)


def test_outside_of_an_application_it_is_refused() -> None:
    """There is nothing to bind."""
    with ContextExecutor(1) as pool, pytest.raises(RuntimeError, match="Working out"):
        pool.submit(print)


def test_one_text_is_no_list_of_names(app: Flask) -> None:
    """It is not read letter by letter."""
    text: t.Any = "lang"

    with pytest.raises(TypeError, match="takes a list of names"):
        ContextExecutor(carry=text)

    with app.app_context(), pytest.raises(TypeError, match="takes a list of names"):
        bind_context(print, carry=text)


def test_an_async_function_is_refused(app: Flask) -> None:
    """Its coroutine would run outside of what was bound."""

    async def work() -> None: ...

    class Work:
        async def __call__(self) -> None: ...

    for wrong in (work, Work(), partial(Work())):
        with app.app_context(), pytest.raises(TypeError, match="An async function"):
            bind_context(wrong)

        with (
            app.app_context(),
            ContextExecutor() as pool,
            pytest.raises(TypeError, match="An async function"),
        ):
            pool.submit(wrong)


def test_a_failure_reaches_the_teardown_and_the_caller(app: Flask) -> None:
    """As in a request."""
    seen: list[BaseException | None] = []
    app.teardown_appcontext(seen.append)

    def work() -> None:
        raise LookupError("canary")

    with ContextExecutor(1) as pool, app.app_context():
        error = pool.submit(work).exception()
        assert seen == [error]

    assert isinstance(error, LookupError)


def test_the_name_and_signature_are_kept(app: Flask) -> None:
    """Logs and repr() show the function itself."""

    def work() -> None: ...

    with app.app_context():
        assert bind_context(work).__name__ == "work"


def test_the_request_id_goes_with_it(caplog: pytest.LogCaptureFixture) -> None:
    """Under Toolkit, log lines of the work have the id of its request."""
    app = Flask("shop")
    Toolkit(app)
    caplog.handler.addFilter(RequestIdFilter())
    caplog.set_level(logging.INFO)
    after: list[str] = []

    def work() -> None:
        app.logger.info("working")
        after_response(after.append, "sent")

    with ContextExecutor(1) as pool:

        @app.get("/")
        def index() -> str:
            pool.submit(work).result()
            return "ok"

        with app.test_client().get("/") as answer:
            assert after == []

    ids = [r.request_id for r in caplog.records if r.message == "working"]  # type: ignore[attr-defined]  # the filter's
    assert ids == [answer.headers["X-Request-ID"]]
    assert after == ["sent"]


def test_without_a_scope_it_still_works() -> None:
    """In a command, and in a request that a test pushed."""
    app = Flask("shop")
    Toolkit(app)

    with ContextExecutor(1) as pool:
        for context in (app.app_context(), app.test_request_context("/")):
            with context:
                assert pool.submit(lambda: current_app.name).result() == "shop"


def test_c4_a_greenlet_gets_it_too() -> None:
    """gevent.spawn begins with an empty context."""
    code = """
        from gevent import monkey

        monkey.patch_all()
        import gevent
        from flask import current_app, Flask, g
        from flask_toolkit.lifecycle import bind_context

        app = Flask("shop")

        def work(number):
            g.number = number
            gevent.sleep(0.001)
            return current_app.name, g.number

        with app.app_context():
            bound = bind_context(work)
            greenlets = [gevent.spawn(bound, n) for n in range(20)]
            gevent.joinall(greenlets)

        print([each.value for each in greenlets] == [("shop", n) for n in range(20)])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stdout == "True\n", done.stderr


def test_it_needs_no_lifecycle() -> None:
    """Both work with any application."""
    app = Flask("plain")

    with app.app_context():
        assert bind_context(lambda: current_app.name)() == "plain"

    assert Lifecycle.__name__ not in repr(app.extensions)
