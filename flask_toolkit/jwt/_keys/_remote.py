"""Key sets that another host publishes: fetched when needed, then kept.

Nothing is fetched at import or at the start. Each fetch runs in a thread of its
own, one at a time, so that a caller waits for a bounded time whatever the other
host or its name server does, and a reader never waits at all.
"""

from __future__ import annotations

import io
import logging
import math
import os
import re
import ssl
import sys
import threading
import time
import typing as t
import weakref
from http.client import HTTPConnection
from http.client import HTTPException
from http.client import HTTPResponse
from http.client import HTTPSConnection
from urllib.parse import urlsplit

from flask_toolkit.errors import StoreUnavailableError

if t.TYPE_CHECKING:
    import socket
    from collections.abc import Callable

log = logging.getLogger("flask_toolkit.jwt")

T = t.TypeVar("T")

_URL = re.compile(r"[\x21-\x7e]{1,2048}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_OK = 200
_REDIRECTS = range(300, 400)
_MAX_BODY = 256 * 1024
_MAX_WIRE = 2 * _MAX_BODY
_TOO_MUCH = f"it answered more than {_MAX_BODY} bytes"
_HEADERS = {
    "Accept": "application/jwk-set+json, application/json",
    "Connection": "close",
    "User-Agent": "Flask-Toolkit",
}


class Address(t.NamedTuple):
    """Where a key set is published."""

    is_secure: bool
    host: str
    port: int | None
    target: str
    """Path and query, as a request names them."""

    def __str__(self) -> str:
        """Return it without the query, which is nobody's business in a log."""
        scheme = "https" if self.is_secure else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        return f"{scheme}://{host}{port}{self.target.partition('?')[0]}"


def address_of(url: str) -> Address:
    """Return where ``url`` points to.

    :raises ValueError: If it is not https; http is taken for this machine alone.

    >>> str(address_of("https://id.example/keys?v=1"))
    'https://id.example/keys'
    """
    if not _URL.fullmatch(url) or "\\" in url:
        raise ValueError("the address must be printable ASCII without spaces")

    parts = urlsplit(url)

    if parts.scheme != "https" and not (
        parts.scheme == "http" and parts.hostname in _LOOPBACK
    ):
        raise ValueError("the address must begin with https://")

    if not parts.hostname or "@" in parts.netloc or parts.fragment or parts.port == 0:
        raise ValueError(
            "the address must name a host, and neither a user, a password nor a"
            " fragment"
        )

    query = f"?{parts.query}" if parts.query else ""
    target = f"{parts.path or '/'}{query}"
    return Address(parts.scheme == "https", parts.hostname, parts.port, target)


def get(address: Address, timeout: float) -> bytes:
    """Return the body that is published at an address.

    No redirect is followed, no proxy used and no credential sent.

    :param timeout: Seconds for all of it; connecting may take them for each
        address that the name has.
    :raises OSError: If the other side cannot be reached or is too slow.
    :raises http.client.HTTPException: If what it says is not HTTP.
    :raises ValueError: If it answers something else, or too much.
    """
    deadline = time.monotonic() + timeout
    connection = _connection(address, timeout)

    try:
        connection.request("GET", address.target, headers=_HEADERS)
        wire = _Wire(connection.sock, deadline)
        # It asks the socket for nothing but a file.
        response = HTTPResponse(t.cast("socket.socket", wire), method="GET")
        response.begin()
        return _body(response)
    finally:
        connection.close()


def _connection(address: Address, timeout: float) -> HTTPConnection:
    if not address.is_secure:
        return HTTPConnection(address.host, address.port, timeout=timeout)

    context = ssl.create_default_context()
    return HTTPSConnection(address.host, address.port, timeout=timeout, context=context)


def _body(response: HTTPResponse) -> bytes:
    if response.status != _OK:
        hint = "; redirects are not followed" if response.status in _REDIRECTS else ""
        raise ValueError(f"it answered {response.status}{hint}")

    # One byte more than allowed: whatever length it claimed, or did not.
    body = response.read(_MAX_BODY + 1)

    if len(body) > _MAX_BODY:
        raise ValueError(_TOO_MUCH)

    return body


class _Wire(io.RawIOBase):
    """What comes from a socket until a moment, and not more than is sane.

    The time-out of a socket begins anew with each byte, so that a slow sender
    could go on for ever. And ``http.client`` bounds neither headers as a whole nor
    a chunk whose length is below zero.
    """

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline
        self._received = 0

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int:
        left = self._deadline - time.monotonic()

        if left <= 0:
            raise TimeoutError("it was too slow")

        self._sock.settimeout(left)
        count = self._sock.recv_into(buffer)
        self._received += count

        if self._received > _MAX_WIRE:
            raise ValueError(_TOO_MUCH)

        return count


class Source(t.Generic[T]):
    """A value of another host: fetched when needed, kept, renewed when old.

    :param fetch: Takes the value of before, if any, and returns the new one.
    :param name: Where it comes from, for the log.
    :param ttl: Seconds after which a value is renewed; it serves until then.
    :param cooldown: Seconds after a fetch in which there is no other.
    :param timeout: Seconds that a caller waits for a fetch.
    :param clock: Seconds that never go back.
    """

    def __init__(
        self,
        fetch: Callable[[T | None], T],
        *,
        name: str,
        ttl: float,
        cooldown: float,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._name = name
        self._ttl = ttl
        self._cooldown = cooldown
        self._timeout = timeout
        self._clock = clock
        self._lock = threading.Lock()
        self._flight: threading.Event | None = None
        self._value: T | None = None
        self._failed = False
        self._renew_at = self._retry_at = -math.inf
        _living.add(self)

    def value(self) -> T | None:
        """Return what was fetched last, without waiting.

        One that is too old still serves, and is renewed meanwhile.
        """
        value = self._value

        if value is not None and self._clock() >= self._renew_at:
            self._start()

        return value

    def renewed(self) -> T:
        """Return the value after a fetch: one that runs, ended just now, or new.

        :raises StoreUnavailableError: If it failed: nobody can tell then.
        """
        flight = self._start()
        landed = flight is None or flight.wait(self._timeout)

        if not landed or self._failed or self._value is None:
            wait = max(1, math.ceil(self._retry_at - self._clock())) if landed else 1
            raise StoreUnavailableError(
                "The keys that verify this token cannot be fetched at the moment."
                " Try again shortly.",
                headers=[("Retry-After", str(wait))],
            )

        return self._value

    def _start(self) -> threading.Event | None:
        """Return the fetch that runs; ``None`` if it is too early for another."""
        with self._lock:
            if self._flight is not None:
                return self._flight

            if self._clock() < self._retry_at:
                return None

            flight = self._flight = threading.Event()

        thread = threading.Thread(
            target=self._run, args=(flight,), name="toolkit-jwks", daemon=True
        )

        try:
            thread.start()
        except RuntimeError:
            log.warning("Could not fetch %s: no thread can be started", self._name)
            self._end(flight, None)

        return flight

    def _run(self, flight: threading.Event) -> None:
        value: T | None = None

        try:
            value = self._fetch(self._value)
        except (OSError, HTTPException, ValueError) as error:
            # What the other side wrote stands in it: escaped, and not all of it.
            log.warning("Could not fetch %s: %.200r", self._name, error)
        finally:
            self._end(flight, value)

    def _end(self, flight: threading.Event, value: T | None) -> None:
        now = self._clock()

        with self._lock:
            self._failed = value is None
            self._retry_at = now + self._cooldown
            self._renew_at = now + (self._cooldown if value is None else self._ttl)
            self._flight = None

            if value is not None:
                self._value = value

        flight.set()

    def forget_flight(self) -> None:
        """Begin anew in a child process: the thread was left behind."""
        self._lock = threading.Lock()
        self._flight = None


_living: weakref.WeakSet[Source[t.Any]] = weakref.WeakSet()


def _after_fork() -> None:
    for source in list(_living):
        source.forget_flight()


if sys.platform != "win32":  # pragma: no branch  # Windows has no fork
    os.register_at_fork(after_in_child=_after_fork)
