"""The fixtures of the services, their markers, and the header of a test run."""

from __future__ import annotations

import signal
import typing as t

import pytest

from ._browser import Browser
from ._finding import BROWSER
from ._finding import find_once
from ._finding import find_program
from ._finding import MARIADB
from ._finding import missing
from ._finding import POSTGRES
from ._finding import REDIS
from ._finding import SERVICES
from ._servers import PrivateMariaDB
from ._servers import PrivatePostgres
from ._servers import PrivateRedis

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ._servers import PrivateServer

    S = t.TypeVar("S", bound=PrivateServer)

NEEDED_BY = {
    "redis_url": REDIS,
    "private_redis": REDIS,
    "postgres_url": POSTGRES,
    "private_postgres": POSTGRES,
    "mariadb_url": MARIADB,
    "private_mariadb": MARIADB,
    "browser": BROWSER,
}


def pytest_configure() -> None:
    """Let SIGTERM end a run as Ctrl-C does, so that no server outlives it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_report_header() -> list[str]:
    """Name each service and how it was found."""
    found = {service.name: find_once(service) for service in SERVICES}
    return [f"{name}: {how.how if how else 'missing'}" for name, how in found.items()]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test by the fixtures it uses, so that ``-m`` can choose."""
    used: list[str] = getattr(item, "fixturenames", [])

    for name in {NEEDED_BY[each].name for each in used if each in NEEDED_BY}:
        item.add_marker(name)


def address_of(server: type[PrivateServer]) -> Iterator[str]:
    """Yield the address of a server; start one if need be, and end that."""
    service = server.service
    found = find_once(service)

    if found is None:
        missing(f"no {service.name} found; run: {service.install}")

    if found.address is not None:
        yield found.address
        return

    assert found.program is not None
    started = server(found.program)
    yield started.url
    started.close()


def private(server: type[S]) -> Iterator[S]:
    """Yield a server that a test may kill."""
    service = server.service
    program = find_program(service)

    if program is None:
        missing(f"a {service.name} to kill must be ours; run: {service.install}")

    started = server(program)
    yield started
    started.close()


def open_browser() -> Iterator[Browser]:
    """Yield a browser and end it."""
    found = find_once(BROWSER)

    if found is None:
        missing(f"no {BROWSER.name} found; run: {BROWSER.install}")

    browser = Browser(found.program or found.address or "")
    yield browser
    browser.close()


@pytest.fixture(name="redis_url", scope="session")
def _redis_url() -> Iterator[str]:
    """Return the address of a Redis; use keys under a random prefix only."""
    yield from address_of(PrivateRedis)


@pytest.fixture(name="private_redis")
def _private_redis() -> Iterator[PrivateRedis]:
    """Return a Redis that a test may kill."""
    yield from private(PrivateRedis)


@pytest.fixture(name="postgres_url", scope="session")
def _postgres_url() -> Iterator[str]:
    """Return the address of a PostgreSQL; use a database of your own only.

    Create ``toolkit_test_<random>`` and drop it.
    """
    yield from address_of(PrivatePostgres)


@pytest.fixture(name="private_postgres")
def _private_postgres() -> Iterator[PrivatePostgres]:
    """Return a PostgreSQL that a test may kill."""
    yield from private(PrivatePostgres)


@pytest.fixture(name="mariadb_url", scope="session")
def _mariadb_url() -> Iterator[str]:
    """Return the address of a MariaDB; use a database of your own only.

    Create ``toolkit_test_<random>`` and drop it.
    """
    yield from address_of(PrivateMariaDB)


@pytest.fixture(name="private_mariadb")
def _private_mariadb() -> Iterator[PrivateMariaDB]:
    """Return a MariaDB that a test may kill."""
    yield from private(PrivateMariaDB)


@pytest.fixture(name="browser", scope="session")
def _browser() -> Iterator[Browser]:
    """Return a Chromium or Chrome without a window."""
    yield from open_browser()
