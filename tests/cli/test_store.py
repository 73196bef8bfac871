"""``flask toolkit store purge``: what each kind of store says and drops."""

import sqlite3
import subprocess
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo

from flask_toolkit.cli import toolkit
from flask_toolkit.sessions import CookieSession
from flask_toolkit.sessions import ServerSession
from flask_toolkit.stores import SQLiteStore
from flask_toolkit.stores import Store

Run = Callable[..., subprocess.CompletedProcess[str]]

EXPIRED = 25_001
SHOP = """\
from flask import Flask
from flask_toolkit.sessions import ServerSession

app = Flask("shop", instance_path={folder!r})
app.config["TOOLKIT_STORE_URL"] = "sqlite:///store.db"
ServerSession(app)
"""


@pytest.fixture(name="shop")
def _shop(tmp_path: Path) -> Flask:
    """Return an application whose store is a file that does not exist yet."""
    app = Flask("shop", instance_path=str(tmp_path))
    app.config["TOOLKIT_STORE_URL"] = "sqlite:///store.db"
    return app


def ask(app: Flask, *arguments: str) -> t.Any:
    """Run the command on an application."""
    obj = ScriptInfo(create_app=lambda: app)
    return CliRunner().invoke(toolkit, ["store", *(arguments or ("purge",))], obj=obj)


def fill(path: Path, expired: int) -> None:
    """Put expired values and sessions into a file, and a living one of each."""
    store = SQLiteStore(path, clock=lambda: 0.0)
    store.put("old", b"", 1)
    store.save("old", {"a": b""}, (), 1, create=True)
    store.put("living", b"", 1e12)
    store.save("living", {"a": b""}, (), 1e12, create=True)
    store.close()

    with sqlite3.connect(path) as connection:
        rows = ((f"k{number}", b"", 1.0) for number in range(expired - 2))
        connection.executemany("INSERT INTO entries VALUES (?, ?, ?)", rows)

    connection.close()


def left(path: Path) -> list[int]:
    """Return how many values, records and fields a file has."""
    with sqlite3.connect(path) as connection:
        counts = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("entries", "records", "fields")
        ]

    connection.close()
    return counts


def test_expired_rows_of_a_file_are_dropped(shop: Flask, tmp_path: Path) -> None:
    """Living ones stay; a line every ten thousand tells that it goes on."""
    fill(tmp_path / "store.db", EXPIRED)
    done = ask(shop)

    assert done.exit_code == 0
    assert done.stdout == f"SQLiteStore 'store.db': dropped {EXPIRED} expired entries\n"
    assert done.stderr == "dropped 10000\ndropped 20000\n"
    assert left(tmp_path / "store.db") == [1, 1, 1]


def test_a_second_run_has_nothing_to_do(shop: Flask, tmp_path: Path) -> None:
    """It says so."""
    fill(tmp_path / "store.db", 2)

    assert "dropped 2 expired entries" in ask(shop).stdout
    assert "dropped 0 expired entries" in ask(shop).stdout


def test_one_is_one_entry(shop: Flask, tmp_path: Path) -> None:
    """Words follow the number."""
    store = SQLiteStore(tmp_path / "store.db", clock=lambda: 0.0)
    store.put("old", b"", 1)
    store.close()

    assert "dropped 1 expired entry\n" in ask(shop).stdout


def test_a_terminal_sees_one_line_that_counts(
    shop: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In place, and ended before the result comes."""
    fill(tmp_path / "store.db", 1200)
    monkeypatch.setattr(
        "click.testing._NamedTextIOWrapper.isatty", lambda self: True, raising=False
    )
    done = ask(shop)

    assert done.stdout.endswith("dropped 1200 expired entries\n")
    assert done.stderr == ("\rdropped 500\rdropped 1000\rdropped 1199\rdropped 1200\n")


def test_a_file_that_is_not_there_is_not_made(shop: Flask, tmp_path: Path) -> None:
    """The application makes it, with its own rights, at its first use."""
    done = ask(shop)

    assert "nothing to drop, there is no file yet" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_read_is_one_line(shop: Flask, tmp_path: Path) -> None:
    """Exit code 1, no traceback."""
    (tmp_path / "store.db").write_bytes(b"not a database" * 100)
    done = ask(shop)

    assert done.exit_code == 1
    assert "SQLiteStore 'store.db' does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_memory_and_redis_say_what_they_do(tmp_path: Path) -> None:
    """Neither is asked for anything: no server needs to run for this."""
    app = Flask("shop", instance_path=str(tmp_path))
    app.config["TOOLKIT_SESSIONS_STORE_URL"] = "redis://:secret@127.0.0.1:1/0"
    ServerSession(app)
    done = ask(app)

    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "RedisStore 'ft:': drops what has expired by itself",
        (
            "MemoryStore: lives in the processes of the application,"
            " out of reach from here"
        ),
    ]
    assert "secret" not in done.output


def test_a_store_that_was_given_is_found(tmp_path: Path) -> None:
    """No address names it; each is purged once."""
    fill(tmp_path / "given.db", 2)
    app = Flask("shop", instance_path=str(tmp_path))
    store: Store = SQLiteStore(tmp_path / "given.db")
    ServerSession(app, store=store)
    lines = ask(app).stdout.splitlines()

    assert len(lines) == 2
    assert lines[1] == "SQLiteStore 'given.db': dropped 2 expired entries"


def test_sessions_in_the_cookie_have_no_store(tmp_path: Path) -> None:
    """Only the shared one is listed."""
    app = Flask("shop", instance_path=str(tmp_path))
    app.secret_key = "k" * 32
    CookieSession(app)

    assert len(ask(app).stdout.splitlines()) == 1


def test_the_group_says_what_there_is(shop: Flask) -> None:
    """Without a name of a command it lists them."""
    assert "purge  Drop what has expired." in ask(shop, "--help").stdout


def test_the_program_purges(run: Run, folder: Path, tmp_path: Path) -> None:
    """As it is typed, in a process of its own."""
    instance = tmp_path / "instance"
    instance.mkdir()
    fill(instance / "store.db", 2)
    (folder / "shopping.py").write_text(SHOP.format(folder=str(instance)))
    done = run("-m", "flask", "--app", "shopping", "toolkit", "store", "purge")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "SQLiteStore 'store.db': dropped 2 expired entries\n"
