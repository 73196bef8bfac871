"""The showcase in production: what the README prints, typed as it stands."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest

if t.TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[2] / "examples"
README = (EXAMPLES / "README.md").read_text("utf-8")
SECTION = README.partition("### In production")[2]
SCRIPT = SECTION.partition("```sh\n")[2].partition("```")[0]
PREPARE, _, CHECK = SCRIPT.partition("cd examples/showcase\n")
CHECK, _, SERVE = CHECK.partition("\n")
EVIL = "Host: evil.example"
SHOP = "Host: shop.example"


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path) -> Path:
    """Return a folder that looks like a checkout after ``dev.py``."""
    folder = tmp_path / "c"
    shutil.copytree(
        EXAMPLES,
        folder / "examples",
        ignore=shutil.ignore_patterns("instance", "__pycache__"),
    )
    (folder / ".venv").symlink_to(sys.prefix)

    # Whoever cloned this may have let his group write; the check would tell.
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o022)

    return folder


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return what a login shell of a new user has."""
    return {"HOME": str(folder), "PATH": os.environ["PATH"], **more}


def checked(
    folder: Path, change: str = "", options: str = "", command: str = CHECK
) -> subprocess.CompletedProcess[str]:
    """Do what the README says, with a change, as far as the check."""
    script = f"{PREPARE}\n{change}\ncd examples/showcase\n{command} {options}"
    return subprocess.run(
        ["/bin/sh", "-e", "-c", script],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("level", ["error", "info"])
def test_nothing_is_found(checkout: Path, level: str) -> None:
    """``check --deploy`` is clean with the variables and files of production."""
    done = checked(checkout, options=f"--fail-level {level}")

    assert (done.returncode, done.stdout) == (0, "no findings\n"), done.stderr


def test_the_check_can_fail(checkout: Path) -> None:
    """The same shop without the settings of its deployment is not clean."""
    done = checked(checkout, "unset SHOP_SETTINGS", "--fail-level warning")

    assert done.returncode == 1
    assert "cookie.secure" in done.stdout


def test_secrets_come_from_their_files(checkout: Path) -> None:
    """The folder gives one, the file of a variable the other; neither is shown."""
    done = checked(
        checkout, command=CHECK.replace("check --deploy", "config"), options="--json"
    )
    places = {row["key"]: row["from"] for row in json.loads(done.stdout)}
    home = checkout / "shop"

    assert places["SECRET_KEY"] == f"secret {home}/secrets/SECRET_KEY"
    assert places["DEMO_PASSWORD"] == f"secret {home}/demo-password"
    assert places["SERVER_NAME"].startswith(f"{home}/settings.toml:")
    assert (home / "demo-password").read_text().strip() not in done.stdout


def test_no_secret_is_drawn_in_production(checkout: Path) -> None:
    """Without the files it does not start, and says what to set."""
    change = "rm -r shop/secrets; unset SHOP_DEMO_PASSWORD_FILE"
    done = checked(checkout, change)

    assert done.returncode == 2
    assert "SECRET_KEY: required; set SHOP_SECRET_KEY, SHOP_SECRET_KEY_FILE" in (
        done.stderr
    )
    assert "DEMO_PASSWORD: required" in done.stderr
    assert not (checkout / "shop/data/secrets.toml").exists()


@contextlib.contextmanager
def served(folder: Path) -> Iterator[Path]:
    """Type all that the README prints and yield the socket of the server."""
    address = folder / "s"
    arguments = f"--bind unix:{address}"

    with (folder / "out").open("wb") as output, (folder / "err").open("wb") as errors:
        shell = subprocess.Popen(
            ["/bin/sh", "-e", "-c", SCRIPT],
            cwd=folder,
            env=environment(folder, GUNICORN_CMD_ARGS=arguments),
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )

    try:
        end = time.monotonic() + 60

        while not listens(address):
            assert shell.poll() is None, (folder / "err").read_text()
            assert time.monotonic() < end
            time.sleep(0.05)

        yield address
    finally:
        # The shell and what it started: the server.
        os.killpg(shell.pid, signal.SIGTERM)
        shell.wait(timeout=30)


def listens(address: Path) -> bool:
    """Tell whether somebody answers there."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(address)) == 0


def ask(address: Path, line: str, *headers: str, body: str = "") -> tuple[str, str]:
    """Send what a proxy would send; return the status line and the rest."""
    form = "Content-Type: application/x-www-form-urlencoded"
    length = f"Content-Length: {len(body)}"
    head = "\r\n".join([f"{line} HTTP/1.0", *headers, form, length])

    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        client.connect(str(address))
        client.sendall(f"{head}\r\n\r\n{body}".encode())
        answer = b"".join(iter(lambda: client.recv(4096), b"")).decode()

    status, _, rest = answer.partition("\r\n")
    return status.partition(" ")[2], rest


def test_gunicorn_serves_it(checkout: Path) -> None:
    """A login at one of the workers holds at all of them; other hosts get nothing."""
    proxy = "X-Forwarded-Proto: https"

    with served(checkout) as address:
        assert (checkout / "out").read_text() == "no findings\n"
        assert ask(address, "GET /", SHOP)[0] == "200 OK"
        assert ask(address, "GET /", EVIL)[0].startswith("400 ")

        password = (checkout / "shop/demo-password").read_text().strip()
        body = f"username=ada&password={password}"
        status, rest = ask(address, "POST /login", SHOP, proxy, body=body)
        assert status == "303 SEE OTHER"
        [cookie] = re.findall(
            r"(?i)^set-cookie: (__Host-shop=.*)\r$", rest, re.MULTILINE
        )
        assert "; Secure" in cookie

        pair = f"Cookie: {cookie.partition(';')[0]}"
        pages = [ask(address, "GET /account", SHOP, proxy, pair) for _ in range(8)]

    assert {status for status, _ in pages} == {"200 OK"}
