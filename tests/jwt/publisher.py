"""An issuer's server on this machine, which answers as a test tells it."""

import json
import threading
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer

from flask_toolkit.jwt import Key

JWK_SET = "application/jwk-set+json"


class Publisher:
    """Publishes a JWK Set, or whatever is asked of it, and counts the requests."""

    def __init__(self) -> None:
        self.requests: list[Mapping[str, str]] = []
        """The headers of each request, with its path under ``path``."""

        self.asked = threading.Event()
        """Set when a request has come."""

        self.gate = threading.Event()
        """Answers go out while it is set."""

        self.gate.set()
        self.answer: Callable[[BaseHTTPRequestHandler], None] = self.say(b"", 404)
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.requests.append({**self.headers, "path": self.path})
                publisher.asked.set()
                publisher.gate.wait()
                publisher.answer(self)

            def log_message(self, format: str, *args: t.Any) -> None:
                """Write nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # A close waits for them: they end when the gate opens.
        self.server.daemon_threads = False
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def host(self) -> str:
        """Return name and port."""
        return f"127.0.0.1:{self.server.server_port}"

    @property
    def url(self) -> str:
        """Return the address of the JWK Set."""
        return f"http://{self.host}/keys"

    def publish(self, *keys: Key | Mapping[str, t.Any]) -> None:
        """Publish keys from now on, or members as they are."""
        members = [key.public_jwk() if isinstance(key, Key) else key for key in keys]
        self.answer = self.say(json.dumps({"keys": members}).encode())

    @staticmethod
    def say(
        body: bytes, status: int = 200, **headers: str
    ) -> Callable[[BaseHTTPRequestHandler], None]:
        """Return an answer."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            handler.send_header("Content-Type", JWK_SET)
            handler.send_header("Content-Length", str(len(body)))

            for name, value in headers.items():
                handler.send_header(name, value)

            handler.end_headers()
            handler.wfile.write(body)

        return answer

    @staticmethod
    def raw(parts: Iterable[bytes]) -> Callable[[BaseHTTPRequestHandler], None]:
        """Return an answer that is written as it is, until nobody listens."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            try:
                for part in parts:
                    handler.wfile.write(part)
            except OSError:
                pass

        return answer

    def close(self) -> None:
        """Let every answer go out and stop."""
        self.gate.set()
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()
