"""On real servers: files that the kernel sends, clients that leave, greenlets."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

import pytest
from flask import Flask
from flask import request
from flask import stream_with_context

Make = Callable[..., Flask]
Serve = Callable[..., t.Any]

APP = """
import json, os
from flask import Flask, has_app_context, send_file, stream_with_context
from werkzeug.wsgi import ClosingIterator
from flask_toolkit.middleware import Middleware, MiddlewareStack

sent, ended, torn, stuck = [], [], [], []
sendfile = os.sendfile


def counting(*args):
    sent.append(1)
    return sendfile(*args)


os.sendfile = counting


class End(Middleware):
    name = "end"

    def finish(self, scope, exc):
        ended.append([scope.path, scope.completed])


app = Flask("served")
MiddlewareStack(app, use=[End()])
app.add_url_rule("/file", "file", lambda: send_file(os.environ["FILE"]))
app.add_url_rule("/hello", "hello", lambda: "hello")
app.teardown_appcontext(lambda error: torn.append(1))


@app.get("/stream")
def stream():
    def chunks():
        while True:
            yield "x" * 65536

    return stream_with_context(chunks())


def application(environ, start_response):
    stuck.append(has_app_context())

    if environ["PATH_INFO"] == "/state":
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps([len(sent), ended, len(torn), any(stuck)]).encode()]

    if environ["PATH_INFO"] == "/wrapped":
        environ["PATH_INFO"] = "/file"
        return ClosingIterator(app(environ, start_response))

    return app(environ, start_response)
"""


class Served:
    """An address that answers, and the file that it sends."""

    def __init__(self, port: int, content: bytes) -> None:
        self.port = port
        self.content = content

    def get(self, path: str) -> bytes:
        """Return the body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()

    def state(self) -> t.Any:
        """Return calls of sendfile, ended answers, teardowns, any context left."""
        return json.loads(self.get("/state"))


def _log_until(text: str, stream: t.IO[str]) -> str:
    """Return what a process logs up to a line with a text in it, or all."""
    log = ""

    while text not in log and (line := stream.readline()):
        log += line

    return log


@pytest.fixture(name="server", params=["sync", "gthread", "gevent"])
def _server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """Return a gunicorn of one worker."""
    pytest.importorskip("gunicorn")
    content = os.urandom(200_000)
    (tmp_path / "file.bin").write_bytes(content)
    (tmp_path / "served.py").write_text(APP, encoding="utf-8")
    command = [sys.executable, "-m", "gunicorn", "served:application"]
    command += ["--bind", "127.0.0.1:0", "--worker-class", request.param]
    command += ["--threads", "1"] if request.param == "gthread" else []
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, "FILE": str(tmp_path / "file.bin")},
        stderr=subprocess.PIPE,
        text=True,
    )

    try:
        assert process.stderr is not None
        log = _log_until("Listening at", process.stderr)
        found = re.search(r"Listening at: http://127.0.0.1:(\d+)", log)
        assert found, log
        yield Served(int(found[1]), content)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def test_w6_the_kernel_sends_files(
    server: Served, request: pytest.FixtureRequest
) -> None:
    """W6: sendfile is used and the end is seen; under ClosingIterator it is lost.

    The gevent worker never uses it.
    """
    assert server.get("/file") == server.content
    calls, ended, *_ = server.state()
    assert (calls > 0) == ("gevent" not in request.node.name)
    assert ended == [["/file", None]] if calls else [["/file", True]]
    assert server.get("/wrapped") == server.content
    assert server.state()[0] == calls
    assert len(server.state()[1]) == 2


def test_a_client_that_leaves(server: Served) -> None:
    """The stream ends once, its context too, and the worker goes on."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 200")

    # Until the server has noticed; each turn is a request.
    assert any(server.state()[1] for _ in range(5000))
    assert server.get("/hello") == b"hello"
    _, ended, torn, stuck = server.state()
    assert ended == [["/stream", False], ["/hello", True]]
    # Flask 3.1 tears down before and after a stream with context.
    assert torn >= 2
    assert not stuck


flavour: ContextVar[str] = ContextVar("flavour", default="none")


def _streaming(make: Make, **settings: t.Any) -> Flask:
    app = make(**settings)

    @app.get("/stream")
    def stream() -> t.Any:
        flavour.set(request.args["n"])

        chunks = (f"{request.args['n']}={flavour.get()} " for _ in range(3))
        return stream_with_context(chunks)

    return app


def _open(app: Flask, number: int) -> t.Any:
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/stream",
        "QUERY_STRING": f"n={number}",
        "SERVER_NAME": "x",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
    }
    return app.wsgi_app(environ, lambda *_: lambda _: None)


def test_streams_of_one_thread_are_kept_apart(make: Make) -> None:
    """W8: 300 at once, read in turns as a server of greenlets does."""
    app = _streaming(make)
    bodies = [_open(app, number) for number in range(300)]
    readers = [iter(body) for body in bodies]
    turns = [[next(reader) for reader in readers] for _ in range(3)]

    for body in reversed(bodies):
        body.close()

    expected = [f"{number}={number} ".encode() for number in range(300)]
    assert turns == [expected] * 3
    assert flavour.get() == "none"


GREENLETS = """
from gevent import monkey; monkey.patch_all()
import gevent
from flask import Flask, has_app_context, request, stream_with_context
from flask_toolkit.middleware import MiddlewareStack, after_response

app = Flask("shop")
MiddlewareStack(app)
done = []

@app.get("/stream")
def stream():
    after_response(done.append, request.args["n"])

    def chunks():
        for _ in range(3):
            gevent.sleep(0)
            yield request.args["n"] + " "

    return stream_with_context(chunks())

def visit(number):
    with app.test_client().get(f"/stream?n={number}") as answer:
        assert answer.text == f"{number} " * 3, answer.text

jobs = [gevent.spawn(visit, number) for number in range(300)]
gevent.joinall(jobs, raise_error=True)
assert sorted(map(int, done)) == list(range(300))
assert not has_app_context()
print("apart")
"""


def test_streams_of_greenlets_are_kept_apart() -> None:
    """W8: 300 greenlets that take turns inside of their streams."""
    pytest.importorskip("gevent")
    done = subprocess.run(
        [sys.executable, "-c", GREENLETS], capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == ("apart\n", "")
