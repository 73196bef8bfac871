"""What a test gets by naming a fixture of the services."""

import os
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import fixtures
from tests.services import PrivateMariaDB
from tests.services import PrivatePostgres
from tests.services import PrivateRedis
from tests.services import SERVICES
from tests.services._finding import Found
from tests.services._finding import POSTGRES
from tests.services._finding import REDIS
from tests.services._finding import REQUIRE
from tests.services._finding import Service


@pytest.mark.parametrize(
    "service",
    [
        pytest.param(each, id=each.name, marks=getattr(pytest.mark, each.name))
        for each in SERVICES
        if each.standard
    ],
)
def test_the_url_of_a_session_answers(
    service: Service, request: pytest.FixtureRequest
) -> None:
    """It is there for every test, wherever it was found."""
    assert service.answers(request.getfixturevalue(f"{service.name}_url"))


def test_a_test_has_the_marker_of_its_fixtures(request: pytest.FixtureRequest) -> None:
    """Nobody types one, and ``-m "not redis"`` still leaves out all that need it."""
    items = [each for each in request.session.items if hasattr(each, "fixturenames")]
    assert request.node in items

    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        assert marks >= {
            service.name
            for fixture, service in fixtures.NEEDED_BY.items()
            if fixture in item.fixturenames
        }


def test_every_service_has_a_fixture_and_a_marker(pytestconfig: pytest.Config) -> None:
    """What the finder knows can be asked for, and left out."""
    markers = {line.partition(":")[0] for line in pytestconfig.getini("markers")}
    names = {service.name for service in SERVICES}

    assert {service.name for service in fixtures.NEEDED_BY.values()} == names
    assert names <= markers


def test_the_header_names_each_service_and_how_it_was_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reader of a run sees why tests were skipped, and what the others used."""
    monkeypatch.setattr(
        fixtures,
        "find_once",
        {
            REDIS: Found("standard port", address="redis://:secret@here"),
            POSTGRES: Found("private /bin/postgres", program="/bin/postgres"),
        }.get,
    )

    assert fixtures.pytest_report_header() == [
        "redis: standard port",
        "postgres: private /bin/postgres",
        "mariadb: missing",
        "browser: missing",
    ]


@pytest.mark.parametrize(
    ("use", "package"),
    [
        pytest.param(
            lambda: fixtures.address_of(PrivatePostgres), "postgresql", id="url"
        ),
        pytest.param(
            lambda: fixtures.private(PrivateMariaDB), "mariadb-server", id="private"
        ),
        pytest.param(fixtures.open_browser, "chromium", id="browser"),
    ],
)
def test_a_missing_service_skips_with_the_line_that_installs_it(
    use: Callable[[], Iterator[object]],
    package: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What to do stands in the summary of the run."""
    monkeypatch.delenv(REQUIRE, raising=False)
    monkeypatch.setattr(fixtures, "find_once", lambda _: None)
    monkeypatch.setattr(fixtures, "find_program", lambda _: None)
    line = f"apt-get install -y --no-install-recommends {package}"

    with pytest.raises(pytest.skip.Exception, match=f"; run: {line}$"):
        next(use())


def test_a_server_that_was_found_is_not_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its address is handed on as it is."""
    found = Found("standard port", address="redis://here")
    monkeypatch.setattr(fixtures, "find_once", lambda _: found)

    assert list(fixtures.address_of(PrivateRedis)) == ["redis://here"]


def test_a_run_that_is_terminated_ends_its_servers(
    private_redis: PrivateRedis, tmp_path: Path
) -> None:
    """As by Ctrl-C; a server would go on for ever."""
    test = tmp_path / "test_long.py"
    test.write_text(
        "import signal\n"
        "def test_long(private_redis):\n"
        "    print(private_redis.folder, flush=True)\n"
        "    signal.pause()\n"
    )
    words = ["-s", "-q", "-p", "tests.services.fixtures", str(test)]
    path = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]

    with subprocess.Popen(
        [sys.executable, "-m", "pytest", *words],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        folder = Path(run.stdout.readline().strip())
        lived = (folder / "redis.sock").is_socket()
        run.terminate()
        run.stdout.read()

    assert lived
    assert run.returncode == pytest.ExitCode.INTERRUPTED
    assert folder != private_redis.folder
    assert not folder.exists()


def test_a_server_that_was_started_is_ended(
    private_redis: PrivateRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lives as long as the tests that share it."""
    found = Found("private", program=private_redis.program)
    monkeypatch.setattr(fixtures, "find_once", lambda _: found)
    shared = fixtures.address_of(PrivateRedis)
    url = next(shared)

    assert REDIS.answers(url)
    assert url != private_redis.url
    assert next(shared, None) is None
    assert not REDIS.answers(url)
    assert not Path(url.removeprefix("unix://")).parent.exists()
