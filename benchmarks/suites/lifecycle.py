"""Something done before and after a request: one function, or a pair of hooks."""

from __future__ import annotations

import functools
import typing as t
from time import perf_counter

from flask import Flask
from flask import g
from flask import Response

from benchmarks.model import Case
from benchmarks.model import Contestant
from benchmarks.model import expect
from benchmarks.model import Subject
from benchmarks.wsgi import served
from flask_toolkit.lifecycle import Lifecycle

if t.TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["CASES"]

BODY = b"hello"


class Watch:
    """Adds up how long requests took, to prove that both halves ran."""

    def __init__(self) -> None:
        self.stopped = 0
        self.seconds = 0.0

    def stop(self, began: float) -> None:
        """Note the end of what began then."""
        self.stopped += 1
        self.seconds += perf_counter() - began

    def subject(self, app: Flask, many: int) -> Subject:
        """Return a subject that is right if a request stops ``many`` watches."""
        page = served(app, body=BODY)

        def check() -> None:
            page.check()
            before = self.stopped
            page.run()
            expect(self.stopped - before == many, self.stopped)

        return Subject(page.run, check)


def _app() -> Flask:
    app = Flask("shop")
    app.add_url_rule("/", "page", lambda: BODY)
    return app


def bare() -> Subject:
    """Do nothing around the request."""
    return served(_app(), body=BODY)


def pairs(many: int) -> Subject:
    """Use Flask's hooks, with ``g`` in between, as its documentation does."""
    app, watch = _app(), Watch()

    for number in range(many):
        _pair(app, watch, f"began_{number}")

    return watch.subject(app, many)


def _pair(app: Flask, watch: Watch, name: str) -> None:
    def begin() -> None:
        setattr(g, name, perf_counter())

    def end(response: Response) -> Response:
        watch.stop(getattr(g, name))
        return response

    app.before_request(begin)
    app.after_request(end)


def around(many: int) -> Subject:
    """Use generators, whose second half runs if and only if the first one did."""
    app, watch = _app(), Watch()
    lifecycle = Lifecycle(app)

    for _ in range(many):
        _around(lifecycle, watch)

    return watch.subject(app, many)


def _around(lifecycle: Lifecycle, watch: Watch) -> None:
    @lifecycle.around_request
    def stopwatch() -> Generator[None, Response, None]:
        began = perf_counter()
        yield
        watch.stop(began)


def _ways(many: str, number: int) -> tuple[Contestant, ...]:
    make = functools.partial
    return (
        Contestant(name=f"{many} by hand", role="peer", make=make(pairs, number)),
        Contestant(name=f"ours, {many}", role="ours", make=make(around, number)),
    )


CASES = [
    Case(
        suite="lifecycle",
        name="around",
        contestants=(
            Contestant(name="bare Flask", role="base", make=bare),
            *_ways("one", 1),
            *_ways("five", 5),
        ),
    )
]
