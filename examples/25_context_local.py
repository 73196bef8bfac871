r"""Values of one request in threads and greenlets: what keeps them apart.

Run ``flask --app examples/25_context_local.py run``, then ask:

    $ curl -s http://127.0.0.1:5000/global
    1 of 8 threads saw their own value
    $ curl -s http://127.0.0.1:5000/threading-local
    8 of 8 threads saw their own value, the next task finds one of them
    $ curl -s http://127.0.0.1:5000/contextvar
    8 of 8 threads saw their own value, the next task finds one of them
    $ curl -s http://127.0.0.1:5000/executor
    8 of 8 threads saw their own value, the next task finds none

Greenlets are kept apart by a context variable too, as by werkzeug.local.Local,
which is made of one; threading.local needs gevent to patch it.
"""

import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from types import SimpleNamespace

from flask import Flask

from flask_toolkit.lifecycle import ContextExecutor

app = Flask(__name__)
variable: ContextVar[int] = ContextVar("number")
PLACES: dict[str, t.Any] = {
    "global": SimpleNamespace(),
    "threading-local": threading.local(),
}


@app.get("/<kind>")
def compare(kind: str) -> str:
    """Let eight threads write a value at once, then read it back."""
    barrier = threading.Barrier(8)
    place = PLACES.get(kind)

    def write_and_read(number: int) -> bool:
        setattr(place, "number", number) if place else variable.set(number)
        barrier.wait(timeout=10)
        return read() == number

    def read() -> int | None:
        return getattr(place, "number", None) if place else variable.get(None)

    with ContextExecutor(8) if kind == "executor" else ThreadPoolExecutor(8) as pool:
        own = sum(pool.map(write_and_read, range(8)))
        left = pool.submit(read).result()

    text = f"{own} of 8 threads saw their own value"
    found = "none" if left is None else "one of them"
    return f"{text}\n" if kind == "global" else f"{text}, the next task finds {found}\n"
