r"""Hooks: in pairs around a request, once a process, and at the end of each.

Run ``flask --app examples/14_lifecycle.py run``, then ask:

    $ curl -s -i http://127.0.0.1:5000/
    HTTP/1.1 200 OK
    X-Seconds: 0.0...
    2 prices, first asked for /
    $ curl -s http://127.0.0.1:5000/closed
    closed
    $ curl -s http://127.0.0.1:5000/again
    2 prices, first asked for /, 2 requests ended
"""

from collections.abc import Generator
from time import perf_counter

from flask import Flask
from flask import request
from flask import Response

from flask_toolkit.lifecycle import Lifecycle

app = Flask(__name__)
lifecycle = Lifecycle(app)
prices: dict[str, int] = {}
first: list[str] = []
ended: list[BaseException | None] = []
app.teardown_request(ended.append)


@lifecycle.on_startup
def load_prices() -> None:
    """Run once in each worker; ``before_first_request`` is gone since Flask 2.3."""
    prices.update(bread=3, milk=2)
    lifecycle.on_shutdown(prices.clear)


@lifecycle.on_first_request
def remember() -> None:
    """Run once, in the request that came first."""
    first.append(request.path)


@lifecycle.around_request
def stopwatch() -> Generator[None, Response, str | None]:
    """Measure; what comes after the yield runs only if this half ran."""
    began = perf_counter()
    response = yield
    response.headers["X-Seconds"] = f"{perf_counter() - began:.3f}"
    return "closed\n" if request.path == "/closed" else None


@app.get("/", defaults={"name": ""})
@app.get("/<name>")
def index(name: str) -> str:
    """Use what the startup has loaded."""
    count = f", {len(ended)} requests ended" if ended else ""
    return f"{len(prices)} prices, first asked for {first[0]}{count}\n"
