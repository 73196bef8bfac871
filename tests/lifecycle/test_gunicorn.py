"""The startup in real workers, forked by gunicorn."""

import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

import flask_toolkit

HOME = str(Path(flask_toolkit.__file__).parents[1])
WORKERS = 4
SHOP = """\
import os, pathlib, time
from flask import Flask
from flask_toolkit.lifecycle import Lifecycle

here = pathlib.Path(__file__).parent
app = Flask("shop")
lifecycle = Lifecycle(app)

def write(what):
    with (here / "log").open("a") as log:
        log.write(f"{what} {os.getpid()}\\n")

lifecycle.on_startup(lambda: write("startup"))
lifecycle.on_first_request(lambda: write("first"))
lifecycle.on_shutdown(lambda: write("shutdown"))

@app.get("/")
def index():
    time.sleep(0.02)  # so that other workers get a request too
    return str(os.getpid())
"""


def _until(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + 20

    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


@contextmanager
def _gunicorn(folder: Path, *arguments: str) -> Iterator[str]:
    """Serve the shop in ``folder`` and yield the path of the socket."""
    (folder / "shop.py").write_text(SHOP)
    address = str(folder / "s")
    options = ("-w", str(WORKERS), "-b", f"unix:{address}", *arguments)

    with (folder / "errors").open("wb") as errors:
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *options, "shop:app"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), HOME])},
            stderr=errors,
        )

    try:
        _until(lambda: _listens(address), "gunicorn does not listen")
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


def _listens(address: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(address) == 0


def _ask(address: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(address)
        client.sendall(b"GET / HTTP/1.0\r\nHost: shop.example\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(1000), b""))

    assert answer.startswith(b"HTTP/1.0 200 "), answer
    return answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["-k", "sync"], id="sync"),
        pytest.param(["-k", "sync", "--preload"], id="sync-preload"),
        pytest.param(["-k", "gevent", "--preload"], id="gevent-preload"),
    ],
)
def test_each_of_four_workers_starts_and_ends_once(
    tmp_path: Path, arguments: list[str]
) -> None:
    """Whether the application is loaded before the fork or after."""
    with _gunicorn(tmp_path, *arguments) as address, ThreadPoolExecutor(8) as pool:
        pids: set[bytes] = set()

        def all_answered() -> bool:
            pids.update(pool.map(_ask, [address] * 8))
            return len(pids) == WORKERS

        _until(all_answered, "not every worker answered")

    lines = (tmp_path / "log").read_text().splitlines()
    assert Counter(lines) == {
        f"{what} {pid.decode()}": 1
        for what in ("startup", "first", "shutdown")
        for pid in pids
    }
