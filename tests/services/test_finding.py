"""How the tests find their services."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.services import SERVICES
from tests.services._finding import BROWSER
from tests.services._finding import find
from tests.services._finding import Found
from tests.services._finding import MARIADB
from tests.services._finding import missing
from tests.services._finding import POSTGRES
from tests.services._finding import REDIS
from tests.services._finding import REQUIRE
from tests.services._finding import Service

EACH = pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)


@pytest.fixture(name="nothing", autouse=True)
def _nothing(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Leave no variable and no program."""
    for service in SERVICES:
        monkeypatch.delenv(service.variable, raising=False)

    monkeypatch.delenv(REQUIRE, raising=False)
    monkeypatch.setenv("PATH", "")
    return monkeypatch


def _elsewhere(service: Service, *, folders: str | None = None) -> Service:
    """Return a service that is not looked for on this machine."""
    return replace(service, folders=folders, standard=None)


def _install(folder: Path, program: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / program).touch(0o755)
    return str(folder / program)


@EACH
def test_a_variable_wins(
    service: Service, nothing: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One that is named is used, whatever else there is."""
    _install(tmp_path, service.programs[0])
    nothing.setenv("PATH", str(tmp_path))
    nothing.setenv(service.variable, "yours")
    here = replace(service, ask=lambda address: address == "yours")

    assert find(here) == Found(service.variable, address="yours")


@pytest.mark.parametrize(
    ("service", "address"),
    [
        pytest.param(REDIS, "redis://:canary@127.0.0.1:1", id="redis"),
        pytest.param(REDIS, "unix:///nowhere/canary", id="redis-socket"),
        pytest.param(REDIS, "redis://canary:port", id="no-number"),
        pytest.param(POSTGRES, "postgresql://canary@127.0.0.1:1/", id="postgres"),
        pytest.param(POSTGRES, "postgresql:///?host=/canary", id="postgres-socket"),
        pytest.param(MARIADB, "mariadb://root:canary@127.0.0.1:1/", id="mariadb"),
        pytest.param(MARIADB, "mariadb:///?unix_socket=canary", id="mariadb-socket"),
        pytest.param(BROWSER, "/nowhere/canary", id="browser"),
    ],
)
def test_a_variable_that_does_not_answer_is_an_error(
    service: Service, address: str, nothing: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """There is no silent fall-back to another, and no address in the message."""
    _install(tmp_path, service.programs[0])
    nothing.setenv("PATH", str(tmp_path))
    nothing.setenv(service.variable, address)
    here = replace(service, standard=address)

    with pytest.raises(pytest.UsageError, match=service.variable) as info:
        find(here)

    assert "canary" not in str(info.value)


@pytest.mark.parametrize(
    ("service", "program"),
    [
        pytest.param(service, program, id=program)
        for service in SERVICES
        for program in service.programs
    ],
)
def test_a_program_on_the_path_comes_next(
    service: Service, program: str, nothing: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A server on the standard port is not even asked."""
    path = _install(tmp_path, program)
    nothing.setenv("PATH", str(tmp_path))
    here = replace(service, folders=None, standard="one", ask=lambda _: True)

    assert find(here) == Found(f"private {path}", program=path)


def test_a_program_may_stand_where_its_package_puts_it(tmp_path: Path) -> None:
    """Debian keeps each PostgreSQL in a folder of its version; the newest is used."""
    for version in ("9.6", "16", "15"):
        _install(tmp_path / version / "bin", "postgres")

    found = find(_elsewhere(POSTGRES, folders=f"{tmp_path}/*/bin"))

    assert found is not None
    assert found.program == str(tmp_path / "16" / "bin" / "postgres")


def test_the_path_comes_before_such_a_folder(
    nothing: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What you put on it is what you want."""
    path = _install(tmp_path / "yours", "postgres")
    _install(tmp_path / "15" / "bin", "postgres")
    nothing.setenv("PATH", str(tmp_path / "yours"))
    found = find(_elsewhere(POSTGRES, folders=f"{tmp_path}/*/bin"))

    assert found is not None
    assert found.program == path


def test_without_a_path_there_is_the_usual_one(nothing: pytest.MonkeyPatch) -> None:
    """As programs are found by a shell that has none."""
    nothing.delenv("PATH")
    found = find(replace(_elsewhere(REDIS), programs=("sh",)))

    assert found is not None
    assert found.program in {f"{folder}/sh" for folder in os.defpath.split(os.pathsep)}


@EACH
def test_the_standard_port_comes_last(service: Service) -> None:
    """A server that happens to run is used, if it lets us in."""
    here = replace(service, folders=None, standard="one", ask=lambda _: True)

    assert find(here) == Found("standard port", address="one")
    assert find(replace(here, ask=lambda _: False)) is None
    assert find(replace(here, standard=None)) is None


@pytest.mark.parametrize(
    ("required", "outcome", "message"),
    [
        pytest.param("", pytest.skip.Exception, "why", id="skip"),
        pytest.param("1", pytest.fail.Exception, f"why ({REQUIRE}=1)", id="fail"),
    ],
)
def test_a_missing_service_skips_unless_it_must_be_there(
    required: str,
    outcome: type[BaseException],
    message: str,
    nothing: pytest.MonkeyPatch,
) -> None:
    """The reason stands in the summary of the run either way."""
    nothing.setenv(REQUIRE, required)

    # Both, or a wrong skip would skip this test.
    with pytest.raises((pytest.skip.Exception, pytest.fail.Exception)) as info:
        missing("why")

    assert (info.type, str(info.value)) == (outcome, message)
