"""Where each service of the tests is, if it is anywhere."""

from __future__ import annotations

import os
import shutil
import typing as t
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from ._protocols import ask_mariadb
from ._protocols import ask_postgres
from ._protocols import ask_redis

REQUIRE = "TOOLKIT_REQUIRE_SERVICES"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A server or a program that some tests need."""

    name: str
    """Its fixture's first word, and the marker of tests that need it."""

    variable: str
    """The environment variable that names one of your own."""

    programs: tuple[str, ...]
    """Any of these is enough to start a private one."""

    folders: str | None = None
    """A pattern of folders that hold them and are not on everybody's PATH."""

    standard: str | None = None
    """Where one runs that is left as it was installed."""

    package: str
    """What brings it on Debian and Ubuntu."""

    ask: Callable[[str], bool]
    """Tells whether we may use the one with this address."""

    @property
    def install(self) -> str:
        """The line that installs it."""
        return f"apt-get install -y --no-install-recommends {self.package}"

    def answers(self, address: str) -> bool:
        """Tell whether there is one that we may use."""
        try:
            return self.ask(address)
        except (OSError, ValueError):  # nobody there, or no address at all
            return False


class Found(t.NamedTuple):
    """Where a service is, and how that became known."""

    how: str
    """What the header of the test run says."""

    address: str | None = None
    """``None`` if it must be started."""

    program: str | None = None
    """What starts a private one."""


REDIS = Service(
    name="redis",
    variable="TOOLKIT_TEST_REDIS_URL",
    programs=("redis-server", "valkey-server"),
    standard="redis://127.0.0.1:6379",
    package="redis-server",
    ask=ask_redis,
)
POSTGRES = Service(
    name="postgres",
    variable="TOOLKIT_TEST_POSTGRES_URL",
    programs=("postgres",),
    folders="/usr/lib/postgresql/*/bin",
    standard="postgresql://postgres@127.0.0.1:5432/postgres",
    package="postgresql",
    ask=ask_postgres,
)
MARIADB = Service(
    name="mariadb",
    variable="TOOLKIT_TEST_MARIADB_URL",
    programs=("mariadbd",),
    folders="/usr/sbin",
    standard="mariadb://root@127.0.0.1:3306/mysql",
    package="mariadb-server",
    ask=ask_mariadb,
)
BROWSER = Service(
    name="browser",
    variable="TOOLKIT_TEST_CHROMIUM",
    programs=("chromium", "google-chrome"),
    package="chromium",
    ask=lambda program: shutil.which(program) is not None,
)
SERVICES = (REDIS, POSTGRES, MARIADB, BROWSER)


def find(service: Service) -> Found | None:
    """Return how a service can be had, or ``None``.

    :raises pytest.UsageError: If the variable names one that does not answer.
    """
    named = os.environ.get(service.variable)

    if named:
        if not service.answers(named):
            # The address may hold a password.
            raise pytest.UsageError(
                f"{service.variable} is set, and no {service.name} answers there"
            )

        return Found(service.variable, address=named)

    program = find_program(service)

    if program is not None:
        return Found(f"private {program}", program=program)

    if service.standard is not None and service.answers(service.standard):
        return Found("standard port", address=service.standard)

    return None


find_once = cache(find)


def find_program(service: Service) -> str | None:
    """Return the program that starts a private one, or ``None``."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)

    if service.folders is not None:
        root = Path("/")
        # The newest version, should there be several.
        extra = sorted(root.glob(service.folders[1:]), key=_version, reverse=True)
        folders += map(str, extra)

    path = os.pathsep.join(folders)
    found = (shutil.which(program, path=path) for program in service.programs)
    return next(filter(None, found), None)


def _version(folder: Path) -> list[int]:
    return [int(part) for part in folder.parts if part.isdecimal()]


def missing(reason: str) -> t.NoReturn:
    """Skip the test, or fail it where every service must be there."""
    if os.environ.get(REQUIRE) == "1":
        pytest.fail(f"{reason} ({REQUIRE}=1)", pytrace=False)

    pytest.skip(reason)
