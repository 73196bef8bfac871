"""Servers the tests use: found, started for us, or else the tests are skipped.

A variable wins; then comes a private process of a program on PATH; then a server
on the standard port. ``TOOLKIT_REQUIRE_SERVICES=1`` makes a missing server an
error. A conftest imports what it needs of this module.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import typing as t
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

if t.TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "TOOLKIT_TEST_REDIS_URL"
REQUIRE = "TOOLKIT_REQUIRE_SERVICES"
PROGRAMS = ("redis-server", "valkey-server")
STANDARD = "redis://127.0.0.1:6379"
INSTALL = "apt-get install -y --no-install-recommends redis-server"
_PATIENCE = 10.0


class Found(t.NamedTuple):
    """Where a server is, and how that became known."""

    how: str
    """What the header of the test run says."""

    url: str | None = None
    """Its address; ``None`` if it must be started."""

    program: str | None = None
    """What starts a private one."""


class PrivateRedis:
    """A Redis of our own on a socket in a folder of its own.

    No ``redis.conf`` is read and nothing is written to disk. It is ended by its
    own process.
    """

    def __init__(self, program: str, folder: Path) -> None:
        self.folder = folder
        self.url = f"unix://{folder}/redis.sock"
        self._command = [
            *(program, "--port", "0", "--unixsocket", f"{folder}/redis.sock"),
            *("--save", "", "--appendonly", "no", "--dir", str(folder)),
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + _PATIENCE

        while not answers(self.url):
            if time.monotonic() > deadline or self._process.poll() is not None:
                self.kill()
                raise RuntimeError(f"{self._command[0]} does not start")

            time.sleep(0.005)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Let it hang: it takes connections and never answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """End it and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder)

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)


def answers(url: str) -> bool:
    """Tell whether a Redis answers at ``url``; one that asks who we are does."""
    parts = urlsplit(url)
    local = parts.scheme == "unix"
    family = socket.AF_UNIX if local else socket.AF_INET
    address: t.Any = parts.path if local else (parts.hostname, parts.port or 6379)

    try:
        with socket.socket(family) as connection:
            connection.settimeout(2)
            connection.connect(address)
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith((b"+PONG", b"-NOAUTH"))
    except OSError:
        return False


def find_redis() -> Found | None:
    """Return how a Redis can be had, or ``None``.

    :raises RuntimeError: If the variable names one that does not answer.
    """
    url = os.environ.get(VARIABLE)

    if url:
        if not answers(url):
            raise RuntimeError(f"{VARIABLE} is set, and nothing answers there")

        return Found(VARIABLE, url=url)

    program = find_program()

    if program is not None:
        return Found(f"private {program}", program=program)

    return Found("standard port", url=STANDARD) if answers(STANDARD) else None


def find_program() -> str | None:
    """Return the program that starts a private Redis, or ``None``."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def start_redis(program: str) -> PrivateRedis:
    """Start a private Redis; the path of a socket must be short."""
    return PrivateRedis(program, Path(tempfile.mkdtemp(prefix="toolkit-")))


def missing(reason: str) -> t.NoReturn:
    """Skip the test, or fail it where every server must be there."""
    if os.environ.get(REQUIRE) == "1":
        pytest.fail(f"{reason} ({REQUIRE}=1)", pytrace=False)

    pytest.skip(reason)


_find_once = cache(find_redis)


@pytest.fixture(name="redis_url", scope="session")
def _redis_url() -> Iterator[str]:
    """Return the address of a Redis; use keys under a random prefix only."""
    found = _find_once()

    if found is None:
        missing(f"no Redis found; run: {INSTALL}")

    if found.url is not None:
        yield found.url
        return

    assert found.program is not None
    server = start_redis(found.program)
    yield server.url
    server.close()


@pytest.fixture(name="private_redis")
def _private_redis() -> Iterator[PrivateRedis]:
    """Return a Redis that a test may kill."""
    program = find_program()

    if program is None:
        missing(f"a server to kill must be ours; run: {INSTALL}")

    server = start_redis(program)
    yield server
    server.close()


def pytest_report_header() -> str:
    """Name each server and how it was found."""
    found = _find_once()
    return f"redis: {found.how if found else 'missing'}"
