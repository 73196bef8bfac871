"""The servers that the tests start."""

import getpass
import os
import shutil
import typing as t
from pathlib import Path

import pytest

from tests.services import _protocols
from tests.services import PrivatePostgres
from tests.services import PrivateRedis

if t.TYPE_CHECKING:
    from tests.services._servers import PrivateServer

EACH = pytest.mark.parametrize(
    "name",
    [
        pytest.param("private_redis", marks=pytest.mark.redis),
        pytest.param("private_postgres", marks=pytest.mark.postgres),
        pytest.param("private_mariadb", marks=pytest.mark.mariadb),
    ],
)


@EACH
def test_a_private_server_can_be_killed_and_started_again(
    name: str, request: pytest.FixtureRequest
) -> None:
    """Its address stays, so a client can come back."""
    server: PrivateServer = request.getfixturevalue(name)
    url = server.url
    assert server.answers()

    server.kill()
    assert not server.answers()
    server.kill()  # a test may have done it already

    server.start()
    assert server.answers()
    assert server.url == url


def test_a_redis_can_hang(
    private_redis: PrivateRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes connections and says nothing, until it is let go on."""
    monkeypatch.setattr(_protocols, "_PATIENCE", 0.05)
    private_redis.freeze()
    assert not private_redis.answers()

    monkeypatch.undo()
    private_redis.thaw()
    assert private_redis.answers()


@EACH
def test_a_private_server_has_a_folder_and_an_account_of_its_own(
    name: str, request: pytest.FixtureRequest
) -> None:
    """Nobody else may look into it, and no server runs as root that refuses to."""
    server: PrivateServer = request.getfixturevalue(name)

    assert server.folder.stat().st_mode & 0o777 == 0o700
    assert server.folder.owner() == (server.user or getpass.getuser())


@EACH
def test_a_private_server_leaves_nothing(
    name: str, request: pytest.FixtureRequest
) -> None:
    """Neither its folder nor anybody who answers."""
    first: PrivateServer = request.getfixturevalue(name)
    second = type(first)(first.program)
    assert second.url != first.url
    second.close()

    assert not second.answers()
    assert not second.folder.exists()
    assert first.answers()


@pytest.mark.parametrize(
    ("root", "user"),
    [pytest.param(0, "postgres", id="root"), pytest.param(1000, None, id="user")],
)
def test_a_server_runs_as_its_account_where_we_are_root(
    root: int, user: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL and MariaDB refuse to be root; anybody else is who they are."""
    given: list[tuple[t.Any, ...]] = []

    class Idle(PrivatePostgres):
        def run(self, *command: str) -> None:
            assert command[0].endswith("/initdb")

        def start(self) -> None:
            given.append((self.folder, self.user))

    monkeypatch.setattr(os, "geteuid", lambda: root)
    monkeypatch.setattr(shutil, "chown", lambda *each: given.append(each))
    server = Idle("/usr/bin/postgres")
    owned = [(server.folder, user, user)] if user else []
    server.close()

    assert given == [*owned, (server.folder, user)]


def test_a_program_that_does_not_start_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests do not hang on it, and see what it wrote."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    program = _script(tmp_path / "broken", "echo the disk is full; exit 1")

    with pytest.raises(RuntimeError, match="does not start: the disk is full"):
        PrivateRedis(program)

    assert list(tmp_path.iterdir()) == [Path(program)]


def test_a_preparation_that_fails_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says which program failed, and what it wrote."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    program = _script(tmp_path / "initdb", "echo no locale; exit 1")

    with pytest.raises(RuntimeError, match="initdb failed: no locale"):
        PrivatePostgres(str(Path(program).with_name("postgres")))


def _script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)
