"""The lock of real applications, and its file."""

from __future__ import annotations

import functools
import os
import re
import stat
import typing as t

import pytest
from flask import Blueprint
from flask import Flask

from flask_toolkit.errors import SetupError
from flask_toolkit.guard import check_lock
from flask_toolkit.guard import earlier_hooks
from flask_toolkit.guard import LockError
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import role
from flask_toolkit.guard import strangers
from flask_toolkit.guard import write_lock
from flask_toolkit.identity import REQUIRED_BY
from flask_toolkit.lifecycle import Lifecycle

if t.TYPE_CHECKING:
    from pathlib import Path


def make(*, opened: bool = False, weak: bool = False) -> Flask:
    """Return a shop with a guard, a staff area, and a route or two."""
    app = Flask("shop", static_folder=None)
    app.secret_key = "k" * 32
    LoginGuard(app, login_view="sign_in")
    app.add_url_rule("/login", "sign_in", view(), methods=["GET", "POST"])
    app.add_url_rule("/orders", "orders", public(view()) if opened else view())
    admin = Blueprint("admin", "admin", url_prefix="/admin")
    LoginGuard(admin, name="staff", require=role("staff"))
    users = view() if weak else require(role("boss"))(view())
    admin.add_url_rule("/users", "users", users)
    app.register_blueprint(admin)
    return app


def view() -> t.Any:
    """Return a view of its own, since marks stay on functions."""

    def page() -> str:
        raise NotImplementedError

    return page


def test_the_lock_of_an_application(tmp_path: Path) -> None:
    """Guards, then one line for each method and route."""
    path = tmp_path / "guard.lock"

    report = write_lock(make(), path)

    assert report.text == f"{path}: 4 routes, 2 open\nWritten."
    assert path.read_text().splitlines()[2:] == [
        "guard\tapp\tsession\tguard\tauthenticated\torigin=on",
        'guard\tblueprint:admin\tsession\tstaff\trole("staff")\torigin=on',
        (
            "GET\t/admin/users\tadmin.users\tstaff"
            '\trole("staff") & role("boss")\tdefault+marker'
        ),
        "GET\t/login\tsign_in\tguard\tpublic\tlogin-view",
        "POST\t/login\tsign_in\tguard\tpublic\tlogin-view",
        "GET\t/orders\torders\tguard\tauthenticated\tdefault",
    ]


@pytest.mark.parametrize(
    "options",
    [{"endpoint": ""}, {"endpoint": "x", "methods": ["#GET"]}],
    ids=["no-name", "looks-like-a-comment"],
)
def test_what_could_not_be_read_is_not_written(
    tmp_path: Path, options: dict[str, t.Any]
) -> None:
    """A lock that its own check refuses is told of when it is made."""
    app = make()
    app.add_url_rule("/odd", view_func=view(), **options)

    with pytest.raises(LockError, match="cannot be written"):
        write_lock(app, tmp_path / "lock")

    assert not (tmp_path / "lock").exists()


def test_an_unchanged_application_passes(tmp_path: Path) -> None:
    """Equal applications, equal bytes; no change is reported."""
    path = tmp_path / "guard.lock"
    write_lock(make(), path)

    report = check_lock(make(), path)

    assert (report.changes, report.note) == ((), "")
    assert report.text == f"{path}: 4 routes, 2 open, unchanged"


def test_what_opens_or_weakens_a_route_shows(tmp_path: Path) -> None:
    """A route made public and a rule left out are the first lines."""
    path = tmp_path / "guard.lock"
    write_lock(make(), path)

    report = check_lock(make(opened=True, weak=True), path)

    assert report.text.splitlines() == [
        "OPENED  GET /orders orders authenticated -> public (marker)",
        (
            "CHANGED GET /admin/users admin.users"
            ' role("staff") & role("boss") -> role("staff") (default)'
        ),
        f"{path}: 4 routes, 3 open, 2 changes",
        "To accept this, run: flask toolkit guard --lock",
    ]


def test_writing_tells_what_it_accepts(tmp_path: Path) -> None:
    """The new lock replaces the old one, with the same list."""
    path = tmp_path / "guard.lock"
    write_lock(make(), path)

    report = write_lock(make(opened=True), path)

    assert report.text.splitlines() == [
        "OPENED  GET /orders orders authenticated -> public (marker)",
        f"{path}: 4 routes, 3 open, 1 change",
        "Written.",
    ]
    assert check_lock(make(opened=True), path).changes == ()


def test_a_merged_file_in_another_order_is_equal(tmp_path: Path) -> None:
    """It passes, with a note how to sort it."""
    path = tmp_path / "guard.lock"
    write_lock(make(), path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], *lines[:1:-1]]))

    report = check_lock(make(), path)

    assert (report.changes, report.note) == (
        (),
        "Not in order; flask toolkit guard --lock sorts it",
    )


def test_a_missing_file_says_how_to_write_it(tmp_path: Path) -> None:
    """The first check in a project is no riddle."""
    with pytest.raises(LockError, match="Write it with: flask toolkit guard --lock"):
        check_lock(make(), tmp_path / "guard.lock")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"\xff\xfe", "not UTF-8", id="encoding"),
        pytest.param(b"hello", "line 1: not the head of a lock", id="head"),
    ],
)
def test_a_file_that_is_no_lock_is_named(
    tmp_path: Path, data: bytes, message: str
) -> None:
    """The error begins with the path; --lock writes the file anew and says so."""
    path = tmp_path / "guard.lock"
    path.write_bytes(data)

    with pytest.raises(LockError, match=re.escape(f"{path}: {message}")):
        check_lock(make(), path)

    assert f"Written anew: {path}: {message}" in write_lock(make(), path).text
    assert check_lock(make(), path).changes == ()


def test_a_file_too_large_for_a_lock_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is not filled with a file that somebody put there."""
    monkeypatch.setattr("flask_toolkit.guard._lockfile._LARGEST", 10)
    path = tmp_path / "guard.lock"
    path.write_text("# flask-toolkit guard lock 1\n")

    with pytest.raises(LockError, match="larger than a lock can be"):
        check_lock(make(), path)


def test_a_newer_format_is_not_overwritten(tmp_path: Path) -> None:
    """A colleague with a newer version keeps what only that one can write."""
    path = tmp_path / "guard.lock"
    path.write_text("# flask-toolkit guard lock 2 (newer)\n")

    with pytest.raises(LockError, match="format 2 is newer"):
        write_lock(make(), path)

    assert path.read_text() == "# flask-toolkit guard lock 2 (newer)\n"


def test_a_file_that_cannot_be_written_stays(tmp_path: Path) -> None:
    """The reason is a line, and nothing is left behind."""
    folder = tmp_path / "guard.lock"
    folder.mkdir()

    with pytest.raises(LockError, match="Is a directory"):
        write_lock(make(), folder)

    assert [one.name for one in tmp_path.iterdir()] == ["guard.lock"]


def test_a_missing_folder_is_an_error_with_its_reason(tmp_path: Path) -> None:
    """A mistyped path does not end in a traceback."""
    with pytest.raises(LockError, match="No such file or directory"):
        write_lock(make(), tmp_path / "nowhere" / "guard.lock")


def test_the_file_can_be_read_by_everybody(tmp_path: Path) -> None:
    """It is made to be committed, whatever the mask of temporary files is."""
    write_lock(make(), tmp_path / "guard.lock")

    mode = stat.S_IMODE((tmp_path / "guard.lock").stat().st_mode)
    assert mode == (0o644 if os.name == "posix" else mode)


def test_routes_of_debug_mode_are_not_locked(tmp_path: Path) -> None:
    """What exists only in debug would be written, and then be missed."""
    app = make()
    app.debug = True

    with pytest.raises(LockError, match="debug is on"):
        write_lock(app, tmp_path / "guard.lock")


def test_an_application_without_a_guard_is_told_so(tmp_path: Path) -> None:
    """An empty lock would look safe."""
    with pytest.raises(SetupError, match="LoginGuard is not set up"):
        check_lock(Flask("bare"), tmp_path / "guard.lock")


def test_a_setting_that_names_nothing_stops_the_lock(tmp_path: Path) -> None:
    """A login view that does not exist is found here too, not only by a request."""
    broken = Flask("broken")
    broken.secret_key = "k" * 32
    LoginGuard(broken, login_view="nowhere")

    with pytest.raises(SetupError, match="there is no endpoint 'nowhere'"):
        write_lock(broken, tmp_path / "guard.lock")


def test_a_guard_on_several_blueprints_lists_them(tmp_path: Path) -> None:
    """One record a guard, with all that it covers."""
    app = Flask("shop", static_folder=None)
    app.secret_key = "k" * 32
    guard: LoginGuard[t.Any] = LoginGuard(name="staff")

    for name in ("stock", "admin"):
        blueprint = Blueprint(name, name)
        guard.init_app(blueprint)
        app.register_blueprint(blueprint)

    write_lock(app, tmp_path / "guard.lock")

    assert "guard\tblueprint:admin,blueprint:stock\tsession\tstaff\t" in (
        (tmp_path / "guard.lock").read_text()
    )


def test_what_runs_before_the_guard_is_named() -> None:
    """A hook registered earlier can answer before anybody was asked."""
    app = Flask("shop")
    app.secret_key = "k" * 32
    app.url_value_preprocessor(_preprocess)
    app.before_request(_early)
    app.before_request(_Hook())
    LoginGuard(app)
    app.before_request(_late)
    blueprint = Blueprint("till", "till")
    blueprint.url_value_preprocessor(_till)
    app.register_blueprint(blueprint)

    names = [one.split()[0] for one in earlier_hooks(app)]

    assert names == [
        f"{__name__}._preprocess",
        f"{__name__}._till",
        f"{__name__}._early",
        f"{__name__}._Hook",
    ]
    assert earlier_hooks(Flask("bare")) == ()


def test_a_hook_before_the_guard_stands_in_the_lock(tmp_path: Path) -> None:
    """It may answer every route by itself, so a review must see a new one."""
    path = tmp_path / "guard.lock"
    write_lock(make(), path)
    app = make()
    table = app.before_request_funcs[None]
    table[:0] = [_early, functools.partial(_Hook(), 1), lambda: None, lambda: None]
    app.url_value_preprocessor(_preprocess)
    app.url_value_preprocessors["admin"].append(_till)
    app.before_request(_late)
    before, urls = "app before_request", "url_value_preprocessor"
    name = test_a_hook_before_the_guard_stands_in_the_lock.__name__
    lambdas = f"{name}.<locals>.<lambda>"

    assert check_lock(app, path).changes == (
        f"HOOK    {before} {__name__}:_Hook none -> 1 (earlier)",
        f"HOOK    {before} {__name__}:_early none -> 1 (earlier)",
        f"HOOK    {before} {__name__}:{lambdas} none -> 2 (earlier)",
        f"HOOK    app {urls} {__name__}:_preprocess none -> 1 (always)",
        f"HOOK    blueprint:admin {urls} {__name__}:_till none -> 1 (always)",
    )
    write_lock(app, path)
    assert check_lock(app, path).changes == ()
    assert path.read_text().splitlines()[4:7] == [
        f"hook\tapp\tbefore_request\t{__name__}:_Hook\t1\tearlier",
        f"hook\tapp\tbefore_request\t{__name__}:_early\t1\tearlier",
        f"hook\tapp\tbefore_request\t{__name__}:{lambdas}\t2\tearlier",
    ]
    table.pop(0)
    assert check_lock(app, path).changes == (
        f"HOOK    {before} {__name__}:_early 1 (earlier) -> none",
    )


def test_what_a_lifecycle_runs_early_stands_in_the_lock(tmp_path: Path) -> None:
    """The generators themselves, not our hook around them; none is none."""
    path = tmp_path / "guard.lock"
    app = Flask("shop", static_folder=None)
    app.secret_key = "k" * 32
    lifecycle = Lifecycle(app)
    LoginGuard(app)
    lifecycle.on_startup(lambda: None)
    write_lock(app, path)
    assert "hook" not in path.read_text()

    lifecycle.around_request(_around)

    assert check_lock(app, path).changes == (
        f"HOOK    app before_request {__name__}:_around none -> 1 (earlier)",
    )
    assert app.test_client().get("/").status_code == 404


def test_a_guard_whose_hook_was_taken_out_is_not_vouched_for(tmp_path: Path) -> None:
    """Neither the lock nor the stranger says that all is well."""
    app = make()
    app.test_client().get("/")
    assert dict(strangers(app))
    app.before_request_funcs[None].clear()

    for ask in (lambda: list(strangers(app)), lambda: write_lock(app, tmp_path / "l")):
        with pytest.raises(SetupError, match="does not run"):
            ask()


def test_a_hook_that_is_recorded_is_still_the_guards(tmp_path: Path) -> None:
    """What records hooks stands around them for a while."""
    app = make()
    table = app.before_request_funcs[None]

    @functools.wraps(table[0])
    def recorded() -> None:
        raise NotImplementedError

    table[:] = [recorded]

    assert earlier_hooks(app) == ()
    assert write_lock(app, tmp_path / "guard.lock").changes is None


def test_a_stranger_gets_through_what_is_open_only() -> None:
    """The guards themselves are asked, for each way in."""
    app = make(opened=True)
    api = public(view())
    setattr(api, REQUIRED_BY, ('via("jwt")',))
    app.add_url_rule("/api", "api", api)
    app.add_url_rule("/old", "old", view(), redirect_to="/login")

    found = {f"{one.method} {one.endpoint}": passes for one, passes in strangers(app)}

    assert found == {
        "GET admin.users": False,
        "GET api": False,
        "GET orders": True,
        "GET sign_in": True,
        "POST sign_in": True,
    }


def test_a_route_without_a_guard_lets_a_stranger_through() -> None:
    """A guard on a blueprint leaves the rest of the application alone."""
    app = Flask("shop", static_folder=None)
    app.secret_key = "k" * 32
    app.add_url_rule("/", "home", view())
    admin = Blueprint("admin", "admin")
    LoginGuard(admin)
    admin.add_url_rule("/admin", "users", view())
    app.register_blueprint(admin)

    found = {one.endpoint: passes for one, passes in strangers(app)}

    assert found == {"home": True, "admin.users": False}


def _preprocess(endpoint: str | None, values: dict[str, t.Any] | None) -> None:
    raise NotImplementedError


def _till(endpoint: str | None, values: dict[str, t.Any] | None) -> None:
    raise NotImplementedError


def _early() -> None:
    raise NotImplementedError


def _late() -> None:
    raise NotImplementedError


def _around() -> t.Generator[None]:
    yield


class _Hook:
    __module__ = __name__

    def __call__(self, *_: object) -> None:
        raise NotImplementedError
