"""What the checks find of a guard, and what not."""

from __future__ import annotations

import typing as t

import pytest
from flask import Blueprint
from flask import Flask
from flask.views import View

from flask_toolkit.config.checks import Finding
from flask_toolkit.config.checks import known_checks
from flask_toolkit.config.checks import Level
from flask_toolkit.config.checks import run_checks
from flask_toolkit.guard import APIKeyAuthenticator
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import role
from flask_toolkit.guard import signed
from flask_toolkit.guard import write_lock

if t.TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(name="folder", autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the lock be looked for in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _of(app: Flask, id: str, *, deploy: bool = True) -> list[Finding]:
    return [one for one in run_checks(app, deploy=deploy) if one.id == id]


def _guarded(**config: t.Any) -> Flask:
    app = Flask("shop", static_folder=None)
    app.config.update(SECRET_KEY="k" * 32, **config)
    LoginGuard(app, login_view="sign_in")
    app.add_url_rule("/login", "sign_in", lambda: "", methods=["GET", "POST"])
    app.add_url_rule("/orders", "orders", lambda: "")
    return app


def test_every_check_of_the_guard_is_listed() -> None:
    """Once, however many guards there are."""
    app = _guarded()
    LoginGuard(Blueprint("b", "b"), name="staff")
    admin = Blueprint("admin", "admin")
    LoginGuard(admin, name="boss")
    app.register_blueprint(admin)

    ids = [info.id for info in known_checks(app) if info.id.startswith("guard.")]

    names = ["hooks", "lock", "marks", "names", "origin-off"]
    assert ids == [f"guard.{name}" for name in names]


@pytest.mark.parametrize("deploy", [False, True])
def test_names_that_lead_nowhere_are_always_found(*, deploy: bool) -> None:
    """All of them, each with its key: every request would be a 500."""
    app = _guarded(TOOLKIT_GUARD_PUBLIC=["nowhere"], TOOLKIT_GUARD_REFRESH_VIEW="gone")

    found = _of(app, "guard.names", deploy=deploy)

    assert [(one.level, one.key) for one in found] == [
        (Level.ERROR, "TOOLKIT_GUARD_PUBLIC"),
        (Level.ERROR, "TOOLKIT_GUARD_REFRESH_VIEW"),
    ]
    assert _of(_guarded(), "guard.names", deploy=deploy) == []


def test_what_is_told_of_all_guards_is_told_once() -> None:
    """Two guards do not make two findings of one mistake."""
    app = _guarded(TOOLKIT_GUARD_PUBLIC=["nowhere"])
    admin = Blueprint("admin", "admin")
    LoginGuard(admin, name="boss")
    app.register_blueprint(admin)

    assert len(_of(app, "guard.names")) == len(_of(app, "guard.lock")) == 1


def test_a_problem_without_a_key_of_the_guard_has_none() -> None:
    """What the guard refuses of Flask's keys is told as it says it."""
    [found] = _of(_guarded(SECRET_KEY_FALLBACKS="old"), "guard.names")

    assert found.key is None
    assert "SECRET_KEY_FALLBACKS must be a list" in found.message


class _Page(View):
    methods: t.ClassVar[list[str]] = ["GET", "PUT"]

    def dispatch_request(self) -> str:
        raise NotImplementedError


@pytest.mark.parametrize("deploy", [False, True])
def test_marks_that_cannot_hold_are_always_found(*, deploy: bool) -> None:
    """Each request to such a route is a 500; the others are served."""
    app = _guarded()
    app.add_url_rule("/a", "a", require(signed, role("a"))(lambda: ""))
    app.add_url_rule("/b", "b", require(role("a"))(public(_Page).as_view("b")))

    found = _of(app, "guard.marks", deploy=deploy)

    assert [one.level for one in found] == [Level.ERROR] * 2
    assert "which nobody can pass" in found[0].message
    assert "'b' is opened and restricted" in found[1].message
    assert _of(_guarded(), "guard.marks", deploy=deploy) == []


def test_a_missing_lock_is_told(folder: Path) -> None:
    """It is no error to have none; one that is equal is silent."""
    app = _guarded()
    [found] = _of(app, "guard.lock")
    assert found.level is Level.INFO
    assert _of(app, "guard.lock", deploy=False) == []

    write_lock(app, folder / "guard.lock")
    assert _of(app, "guard.lock") == []


def test_routes_that_differ_from_the_lock_are_found(folder: Path) -> None:
    """The gravest difference is told, and how many more there are."""
    write_lock(_guarded(), folder / "guard.lock")
    app = _guarded()
    app.view_functions["orders"] = public(lambda: "")

    [found] = _of(app, "guard.lock")
    assert found.level is Level.ERROR
    assert "OPENED  GET /orders" in found.message
    assert "more" not in found.message

    app.add_url_rule("/new", "new", lambda: "")
    [found] = _of(app, "guard.lock")
    assert found.message.endswith(", and 1 more")


def test_a_lock_that_cannot_be_read_is_found(folder: Path) -> None:
    """Then nobody knows whether something was opened."""
    (folder / "guard.lock").write_bytes(b"\xff")

    [found] = _of(_guarded(), "guard.lock")

    assert found.level is Level.ERROR
    assert "cannot be compared" in found.message


def test_debug_has_no_lock(folder: Path) -> None:
    """Its routes are others; debug.enabled is the finding then."""
    app = _guarded()
    write_lock(app, folder / "guard.lock")
    app.debug = True

    assert [one.level for one in _of(app, "guard.lock")] == [Level.INFO]


def test_what_runs_before_the_guard_is_told() -> None:
    """It serves everybody; what was registered later does not count."""
    app = Flask("shop")
    app.secret_key = "k" * 32
    app.before_request(lambda: None)
    LoginGuard(app)
    app.before_request(lambda: None)

    [found] = _of(app, "guard.hooks")

    assert found.level is Level.INFO
    assert "test_checks.py:" in found.message
    assert _of(_guarded(), "guard.hooks") == []


def test_requests_of_other_sites_are_found() -> None:
    """Where a browser sends the credential by itself, and only there."""
    app = _guarded(TOOLKIT_GUARD_ORIGIN_CHECK="off")
    explicit = Flask("api")
    explicit.config.update(SECRET_KEY="k" * 32, TOOLKIT_GUARD_ORIGIN_CHECK="off")
    LoginGuard(explicit, authenticators=[APIKeyAuthenticator(lambda _: None)])

    [found] = _of(app, "guard.origin-off")

    assert (found.level, found.key) == (Level.ERROR, "TOOLKIT_GUARD_ORIGIN_CHECK")
    assert _of(app, "guard.origin-off", deploy=False) == []
    assert _of(_guarded(), "guard.origin-off") == []
    assert _of(explicit, "guard.origin-off") == []
