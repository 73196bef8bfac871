"""Keep a server at full load for a while: no error, and memory that stays flat.

python benchmarks/soak.py [--seconds N] [--worker gthread] [--worker gevent]

It starts gunicorn with the default toolkit on 127.0.0.1, asks it for lists, streams,
files and errors, leaves some streams unread, and ends by itself. It exits with 1 if
an answer was wrong, a middleware missed an end, or memory grew. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import typing as t
from collections import Counter
from contextlib import asynccontextmanager
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from time import monotonic

if __name__ == "__main__":
    # Beside this file modules are called like libraries; start one folder above.
    sys.path[0] = str(Path(__file__).parents[1])

from benchmarks.soak_app import FILE

if t.TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from collections.abc import Iterator
    from collections.abc import Sequence

__all__ = ["main"]

ROOT = Path(__file__).parents[1]
_CONNECTIONS = 16
_WARM_UP = 2
"""Seconds that are not judged: modules are loaded, caches fill."""

_GROWTH = 1.05
"""What memory may grow by, between the first fifth and the end."""

# Path, status, and the bytes of the body; None: the client leaves midway.
_ASKED: tuple[tuple[str, int, int | None], ...] = (
    ("/", 200, 5),
    ("/later", 200, 5),
    ("/stream", 200, 5000),
    ("/file", 200, FILE.stat().st_size),
    ("/", 200, 5),
    ("/missing", 404, 0),
    ("/conflict", 409, 0),
    ("/endless", 200, None),
)


@dataclass
class Tally:
    """What the clients saw."""

    answers: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)
    """Of the worker, in KiB, about each second."""

    @property
    def growth(self) -> float:
        """Return by how much memory grew after the first fifth."""
        settled = self.memory[len(self.memory) // 5]
        return self.memory[-1] / settled


async def _load(port: int, seconds: float, pid: int) -> Tally:
    tally = Tally()
    end = monotonic() + seconds
    clients = [
        asyncio.create_task(_client(port, number, end, tally))
        for number in range(_CONNECTIONS)
    ]

    while monotonic() < end:
        tally.memory.append(_memory_of(pid))
        await asyncio.sleep(1)

    await asyncio.gather(*clients)
    tally.memory.append(_memory_of(pid))
    return tally


async def _client(port: int, number: int, end: float, tally: Tally) -> None:
    """Ask for one thing after the other, each client with another one first."""
    asked = itertools.cycle([*_ASKED[number % 8 :], *_ASKED[: number % 8]])

    while monotonic() < end:
        try:
            async with _connected(port) as (reader, writer):
                # Gunicorn's worker closes a connection when it likes.
                for path, status, size in itertools.islice(asked, 50):
                    await _ask(reader, writer, path, status, size)
                    tally.answers[path] += 1

                    if size is None or monotonic() > end:
                        break
        except (AssertionError, OSError, EOFError) as error:
            tally.errors[f"{type(error).__name__}: {error}"] += 1


@asynccontextmanager
async def _connected(
    port: int,
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def _ask(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    path: str,
    status: int,
    size: int | None,
) -> None:
    writer.write(f"GET {path} HTTP/1.1\r\nHost: soak\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    _expect(head.startswith(f"http/1.1 {status} "), f"{path}: {head[:40]!r}")
    _expect(re.search(r"\r\nx-request-id: [0-9a-f]{32}\r\n", head), f"{path}: no id")

    if size is None:
        await reader.readexactly(2000)
        return

    length = re.search(r"\r\ncontent-length: (\d+)", head)
    got = len(await reader.readexactly(int(length[1]))) if length else 0

    while not length and (line := await reader.readline()) != b"0\r\n":
        got += len(await reader.readexactly(int(line, 16) + 2)) - 2

    if not length:
        await reader.readline()

    _expect(not size or got == size, f"{path}: {got} bytes")


def _expect(fact: object, problem: str) -> None:
    if not fact:
        raise AssertionError(problem)


def _memory_of(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) if found else 0


def _soak(worker: str, seconds: float) -> bool:
    """Run one worker under load, tell what came of it, and whether all was well."""
    command = [sys.executable, "-m", "gunicorn", "benchmarks.soak_app:make_app()"]
    command += ["--bind", "127.0.0.1:0", "--worker-class", worker]
    command += ["--threads", "8"] if worker == "gthread" else []

    log: list[str] = []

    with subprocess.Popen(  # noqa: S603  # ourselves
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        lines = t.cast("t.IO[str]", server.stderr)
        # A pipe that nobody empties would stop the server one day.
        reader = threading.Thread(target=log.extend, args=(lines,))

        try:
            port, pid = _started(lines)
            reader.start()
            asyncio.run(_load(port, _WARM_UP, pid))
            tally = asyncio.run(_load(port, seconds, pid))
            state = asyncio.run(_state(port))
        finally:
            server.send_signal(signal.SIGTERM)

        reader.join()

    return _tell(worker, seconds, tally, state, "".join(log))


def _started(log: t.IO[str]) -> tuple[int, int]:
    """Return the port and the worker's process, once gunicorn has told both."""
    text = ""

    for line in log:
        text += line
        port = re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", text)
        pid = re.search(r"Booting worker with pid: (\d+)", text)

        if port and pid:
            return int(port[1]), int(pid[1])

    raise SystemExit(f"gunicorn does not start:\n{text}")


async def _state(port: int) -> dict[str, int]:
    """Ask until every stream that was left has been closed."""
    state: dict[str, int] = {"open": -1}

    for _ in range(50):
        async with _connected(port) as (reader, writer):
            writer.write(b"GET /state HTTP/1.0\r\n\r\n")
            body = (await reader.read()).partition(b"\r\n\r\n")[2]
            state = json.loads(body)

        if not state["open"]:
            break

        await asyncio.sleep(0.1)

    return state


def _tell(
    worker: str, seconds: float, tally: Tally, state: dict[str, int], log: str
) -> bool:
    many = sum(tally.answers.values())
    failures = log.count("Traceback")
    _say(
        f"{worker}: {many} answers in {seconds:g} s, {many / seconds:.0f} a second",
        f"  errors of clients {sum(tally.errors.values())}, tracebacks {failures},"
        f" requests without an end {state['open']}",
        f"  memory {tally.memory[len(tally.memory) // 5] / 1024:.1f} MiB after a fifth,"
        f" {tally.memory[-1] / 1024:.1f} at the end ({tally.growth - 1:+.1%})",
        *(f"  {count} x {text}" for text, count in tally.errors.most_common(5)),
    )
    return (
        not tally.errors
        and not failures
        and not state["open"]
        and tally.growth <= _GROWTH
    )


def _say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)  # a program talks


def main(arguments: Sequence[str]) -> int:
    """Soak what was asked for and return the exit code."""
    parser = argparse.ArgumentParser(prog="soak.py", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--worker", action="append", choices=("gthread", "gevent"))
    given = parser.parse_args(arguments)
    workers: Iterator[str] = iter(given.worker or ("gthread", "gevent"))

    with suppress(KeyboardInterrupt):
        results = [_soak(worker, given.seconds) for worker in workers]
        return int(not all(results))

    return 130


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
