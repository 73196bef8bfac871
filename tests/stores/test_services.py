"""How the tests find their servers."""

import socket
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import services
from tests.services import answers
from tests.services import find_redis
from tests.services import PrivateRedis


@pytest.fixture(name="nothing")
def _nothing(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Leave no variable, no program and no server on the standard port."""
    monkeypatch.delenv(services.VARIABLE, raising=False)
    monkeypatch.delenv(services.REQUIRE, raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(services, "STANDARD", "redis://127.0.0.1:1")
    monkeypatch.setattr(services, "_find_once", find_redis)
    return monkeypatch


@pytest.fixture(name="port")
def _port() -> Iterator[int]:
    """Serve one PONG on a port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        import threading

        def pong() -> None:
            connection, _ = server.accept()
            connection.sendall(b"+PONG\r\n")
            connection.close()

        thread = threading.Thread(target=pong)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def test_a_variable_wins(nothing: pytest.MonkeyPatch, port: int) -> None:
    """A server that is named is used, whatever else there is."""
    url = f"redis://127.0.0.1:{port}"
    nothing.setenv(services.VARIABLE, url)
    nothing.setattr(services, "find_program", lambda: "redis-server")

    assert find_redis() == (services.VARIABLE, url, None)


def test_a_variable_that_does_not_answer_is_an_error(
    nothing: pytest.MonkeyPatch,
) -> None:
    """There is no silent fall-back to another server."""
    nothing.setenv(services.VARIABLE, "redis://127.0.0.1:1")

    with pytest.raises(RuntimeError, match="nothing answers"):
        find_redis()


def test_a_program_on_the_path_comes_next(
    nothing: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Valkey does as well."""
    program = tmp_path / "valkey-server"
    program.touch(0o755)
    nothing.setenv("PATH", str(tmp_path))

    assert find_redis() == (f"private {program}", None, str(program))


def test_the_standard_port_comes_last(nothing: pytest.MonkeyPatch, port: int) -> None:
    """A server that happens to run is used."""
    nothing.setattr(services, "STANDARD", f"redis://127.0.0.1:{port}")

    assert find_redis() == ("standard port", f"redis://127.0.0.1:{port}", None)


@pytest.mark.usefixtures("nothing")
def test_without_a_server_the_header_says_so() -> None:
    """The reader of a run sees why tests were skipped."""
    assert find_redis() is None
    assert services.pytest_report_header() == "redis: missing"


@pytest.mark.usefixtures("nothing")
@pytest.mark.parametrize("name", ["redis_url", "private_redis"])
def test_a_missing_server_skips_with_the_line_that_installs_it(name: str) -> None:
    """What to do stands in the summary."""
    with pytest.raises(pytest.skip.Exception, match=services.INSTALL):
        next(_fixture(name))


def test_a_missing_server_may_be_an_error(nothing: pytest.MonkeyPatch) -> None:
    """Where everything must be tested nothing is skipped."""
    nothing.setenv(services.REQUIRE, "1")

    with pytest.raises(pytest.fail.Exception, match=services.INSTALL):
        next(_fixture("redis_url"))


def test_a_server_found_is_not_started(nothing: pytest.MonkeyPatch) -> None:
    """Its address is handed on as it is."""
    found = services.Found("standard port", url="redis://here")
    nothing.setattr(services, "_find_once", lambda: found)

    assert list(_fixture("redis_url")) == ["redis://here"]
    assert services.pytest_report_header() == "redis: standard port"


@pytest.mark.redis
def test_a_private_server_leaves_nothing(
    private_redis: PrivateRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is started for the tests, and ends with them."""
    program = services.find_program()
    found = services.Found("private", program=program)
    monkeypatch.setattr(services, "_find_once", lambda: found)
    fixture = _fixture("redis_url")
    url = next(fixture)

    assert answers(url)
    assert url != private_redis.url
    assert next(fixture, None) is None
    assert not answers(url)
    assert not Path(url.removeprefix("unix://")).parent.exists()


def test_a_program_that_does_not_start_is_an_error(tmp_path: Path) -> None:
    """The tests do not hang on it."""
    with pytest.raises(RuntimeError, match="does not start"):
        PrivateRedis("false", tmp_path)


def _fixture(name: str) -> Iterator[t.Any]:
    fixture: t.Any = getattr(services, f"_{name}")
    return t.cast("Iterator[t.Any]", fixture._get_wrapped_function()())
