"""``flask toolkit guard``: the map, the lock and what differs."""

from __future__ import annotations

import json
import typing as t

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo

from flask_toolkit.cli import toolkit
from flask_toolkit.guard import guard_map
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public

if t.TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., subprocess.CompletedProcess[str]]

GUARDED = """\
from flask import Flask
from flask_toolkit.guard import LoginGuard

app = Flask("shop", static_folder=None)
app.secret_key = "k" * 32
LoginGuard(app)
app.add_url_rule("/orders", "orders", lambda: "")
"""


def shop(*, opened: bool = False) -> Flask:
    """Return a guarded application."""
    app = Flask("shop", static_folder=None)
    app.secret_key = "k" * 32
    app.before_request(_early)
    LoginGuard(app)
    app.add_url_rule("/about", "about", public(lambda: ""))
    app.add_url_rule("/orders", "orders", (public if opened else _as_it_is)(lambda: ""))
    return app


def _as_it_is(view: t.Any) -> t.Any:
    return view


def _early() -> None:
    raise NotImplementedError


def ask(app: Flask, *arguments: object) -> Result:
    """Run the command on an application."""
    obj = ScriptInfo(create_app=lambda: app)
    given = ["guard", *map(str, arguments)]
    return CliRunner().invoke(toolkit, given, obj=obj)


def test_the_map_is_a_table_with_what_runs_earlier() -> None:
    """One line a way in, then the hooks that no guard precedes."""
    done = ask(shop())

    lines = done.stdout.splitlines()
    assert done.exit_code == 0
    assert [line.split()[:6] for line in lines[:3]] == [
        ["METHOD", "RULE", "ENDPOINT", "GUARD", "REQUIRES", "WHY"],
        ["GET", "/about", "about", "guard", "public", "marker"],
        ["GET", "/orders", "orders", "guard", "authenticated", "default"],
    ]
    assert lines[3].startswith(f"Runs before the guard: {__name__}._early ")


def test_public_lists_only_what_is_open() -> None:
    """What a stranger can reach, on one page."""
    done = ask(shop(), "--public")

    assert [line.split()[1] for line in done.stdout.splitlines()[1:2]] == ["/about"]
    assert "/orders" not in done.stdout


def test_json_holds_the_map_as_data() -> None:
    """Nothing but JSON, with the fields of RouteAccess."""
    app = shop()

    done = ask(app, "--json")

    assert json.loads(done.stdout) == [one._asdict() for one in guard_map(app)]


def test_lock_then_check_is_unchanged(tmp_path: Path) -> None:
    """Exit code 0 and one line."""
    path = tmp_path / "guard.lock"

    assert ask(shop(), "--lock", "--file", path).exit_code == 0
    done = ask(shop(), "--check", "--file", path)

    assert (done.exit_code, done.stdout) == (
        0,
        f"{path}: 2 routes, 1 open, unchanged\n",
    )


def test_an_opened_route_fails_the_check(tmp_path: Path) -> None:
    """Exit code 1, the route first, how to accept last."""
    path = tmp_path / "guard.lock"
    ask(shop(), "--lock", "--file", path)

    done = ask(shop(opened=True), "--check", "--file", path)

    lines = done.stdout.splitlines()
    assert done.exit_code == 1
    assert lines[0] == "OPENED  GET /orders orders authenticated -> public (marker)"
    assert lines[-1] == "To accept this, run: flask toolkit guard --lock"


def test_accepting_lists_the_same_and_exits_with_0(tmp_path: Path) -> None:
    """What --lock accepts is read once more by whoever runs it."""
    path = tmp_path / "guard.lock"
    ask(shop(), "--lock", "--file", path)

    done = ask(shop(opened=True), "--lock", "--file", path)

    assert (done.exit_code, done.stdout.split()[0]) == (0, "OPENED")


@pytest.mark.parametrize(
    ("app", "arguments", "message"),
    [
        pytest.param(
            shop, ["--check"], "guard.lock: No such file or directory", id="no-file"
        ),
        pytest.param(
            lambda: Flask("bare"),
            ["--check"],
            "LoginGuard is not set up",
            id="no-guard",
        ),
        pytest.param(
            shop, ["--lock", "--check"], "Give --lock or --check, not both", id="both"
        ),
        pytest.param(
            shop,
            ["--lock", "--json"],
            "--public and --json are for the list",
            id="json",
        ),
    ],
)
def test_what_cannot_be_told_is_exit_code_2(
    app: Callable[[], Flask],
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pipeline tells a difference from a command that could not compare."""
    monkeypatch.chdir(tmp_path)

    done = ask(app(), *arguments)

    assert (done.exit_code, message in done.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_debug_mode_cannot_be_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Routes of debug mode would get in: exit code 2, nothing written."""
    monkeypatch.setenv("FLASK_DEBUG", "1")

    done = ask(shop(), "--lock", "--file", tmp_path / "guard.lock")

    assert (done.exit_code, "debug is on" in done.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_the_program_locks_and_checks(run: Run, folder: Path) -> None:
    """As a pipeline runs it: written here, checked there."""
    (folder / "guarded.py").write_text(GUARDED)

    locked = run("-m", "flask", "--app", "guarded", "toolkit", "guard", "--lock")
    (folder / "guarded.py").write_text(GUARDED.replace("LoginGuard(app)", "", 1))
    without = run("-m", "flask", "--app", "guarded", "toolkit", "guard", "--check")
    (folder / "guarded.py").write_text("import nothing_of_this_name")
    broken = run("-m", "flask", "--app", "guarded", "toolkit", "guard", "--check")

    assert locked.returncode == 0
    assert "1 route, 0 open" in locked.stdout
    assert without.returncode == broken.returncode == 2
    assert "LoginGuard is not set up" in without.stderr
    assert "Traceback" not in without.stderr
