"""Servers of our own: a folder, a socket in it, and a process that we end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path

from ._finding import MARIADB
from ._finding import POSTGRES
from ._finding import REDIS

if t.TYPE_CHECKING:
    from ._finding import Service

_PATIENCE = 20.0
_MAX_LOG = 2000


class PrivateServer:
    """A server that a test may kill and start again.

    It reads no settings of the machine, listens on a socket only, and is ended by
    its own process.
    """

    service: t.ClassVar[Service]
    account: t.ClassVar[str | None] = None
    """Who runs it where we are root, and it refuses to be."""

    def __init__(self, program: str) -> None:
        # Not in the folder of a test: the path of a socket has 107 bytes at most.
        self.folder = Path(tempfile.mkdtemp(prefix="toolkit-"))
        self.program = program
        self.user = self.account if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None

        try:
            self.prepare()
            self.start()
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        """Where it can be reached."""
        raise NotImplementedError

    @property
    def command(self) -> list[str]:
        """What starts it."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Make the folder ready for the first start."""
        if self.user is not None:
            shutil.chown(self.folder, self.user, self.user)

    def start(self) -> None:
        """Start it and wait until it answers.

        :raises RuntimeError: If it does not, with what it wrote.
        """
        self._process = self.spawn(self.command)
        deadline = time.monotonic() + _PATIENCE

        while not self.answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                self.kill()
                raise RuntimeError(f"{self.program} does not start: {self.log()}")

            time.sleep(0.005)

    def answers(self) -> bool:
        """Tell whether it runs and lets us in."""
        return self.service.answers(self.url)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self.crash(self._process)
            self._process.wait()
            self._process = None

    def crash(self, process: subprocess.Popen[bytes]) -> None:
        """Send the signal that ends it."""
        process.kill()

    def close(self) -> None:
        """End it and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder)

    def log(self) -> str:
        """Return the end of what its programs wrote."""
        return (self.folder / "log").read_text(errors="replace")[-_MAX_LOG:]

    def spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        """Start a program in the folder, as the account."""
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self.user,
                group=self.user,
                extra_groups=None if self.user is None else [],
            )

    def run(self, *command: str) -> None:
        """Run a program of the preparation.

        :raises RuntimeError: If it fails, with what it wrote.
        """
        if self.spawn(list(command)).wait() != 0:
            raise RuntimeError(f"{command[0]} failed: {self.log()}")


class PrivateRedis(PrivateServer):
    """A Redis or Valkey that writes nothing to disk."""

    service = REDIS

    @property
    def url(self) -> str:
        """The path of its socket, as redis-py reads it."""
        return f"unix://{self.folder}/redis.sock"

    @property
    def command(self) -> list[str]:
        """A process without a file of settings."""
        return [
            *(self.program, "--port", "0", "--unixsocket", f"{self.folder}/redis.sock"),
            *("--save", "", "--appendonly", "no", "--dir", str(self.folder)),
        ]

    def freeze(self) -> None:
        """Let it hang: it takes connections and never answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)


class PrivatePostgres(PrivateServer):
    """A PostgreSQL that does not wait for the disk."""

    service = POSTGRES
    account = "postgres"

    @property
    def url(self) -> str:
        """The folder of its socket, as libpq reads it."""
        return f"postgresql://postgres@/postgres?host={self.folder}"

    @property
    def command(self) -> list[str]:
        """A process that listens in the folder and leaves out fsync."""
        places = ["-D", f"{self.folder}/data", "-k", str(self.folder)]
        return [self.program, *places, "-h", "", "-F"]

    def prepare(self) -> None:
        """Make the first databases, with the program of the same version."""
        super().prepare()
        self.run(
            str(Path(self.program).resolve().with_name("initdb")),
            *("-D", f"{self.folder}/data", "-U", "postgres", "-A", "trust"),
            *("-E", "UTF8", "--locale=C", "--no-sync"),
        )

    def crash(self, process: subprocess.Popen[bytes]) -> None:
        """Let it drop all at once; SIGKILL would leave its shared memory behind."""
        process.send_signal(signal.SIGQUIT)


class PrivateMariaDB(PrivateServer):
    """A MariaDB that reads no settings of the machine."""

    service = MARIADB
    account = "mysql"

    @property
    def url(self) -> str:
        """The path of its socket, as SQLAlchemy reads it."""
        return f"mariadb://root@/mysql?unix_socket={self.folder}/mariadb.sock"

    @property
    def command(self) -> list[str]:
        """A process that listens in the folder only."""
        return [
            *(self.program, "--no-defaults", "--skip-networking"),
            *(f"--datadir={self.folder}/data", f"--tmpdir={self.folder}"),
            *(f"--socket={self.folder}/mariadb.sock", "--skip-log-bin"),
            "--innodb-flush-log-at-trx-commit=0",
        ]

    def prepare(self) -> None:
        """Make the first databases, and a root without a password."""
        super().prepare()
        self.run(
            *("mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/data"),
            *(f"--tmpdir={self.folder}", "--auth-root-authentication-method=normal"),
            *("--skip-test-db", "--skip-name-resolve"),
        )
