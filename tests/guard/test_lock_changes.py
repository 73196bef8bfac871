"""What a pull request can do to a route, and the line that shows it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t

import pytest
from click.testing import CliRunner
from flask import Blueprint
from flask import Flask
from flask.cli import ScriptInfo
from flask.views import MethodView
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.routing import Rule as RouteRule

from flask_toolkit.cli import toolkit
from flask_toolkit.guard import fresh
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import role
from flask_toolkit.guard import rule
from flask_toolkit.guard import SessionAuthenticator
from flask_toolkit.guard import signed
from flask_toolkit.guard import write_lock
from flask_toolkit.identity import REQUIRED_BY

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask_toolkit.identity import Identity

    Change = Callable[["Draft"], object]


def view(mark: Callable[[t.Any], t.Any] = lambda f: f) -> t.Any:
    """Return a view of its own with a mark."""

    def page(**_: object) -> str:
        raise NotImplementedError

    return mark(page)


def own_row(identity: Identity[t.Any], obj: object) -> bool:
    """Tell whether a row belongs to the caller."""
    raise NotImplementedError


class Draft:
    """An application before it is made, for a change to be made to it."""

    def __init__(self) -> None:
        self.config: dict[str, t.Any] = {"TOOLKIT_GUARD_LOGIN_VIEW": "sign_in"}
        self.options: dict[str, t.Any] = {}
        self.static: str | None = None
        self.blueprint = "admin"
        self.blueprint_guard: LoginGuard[t.Any] | None = LoginGuard(
            name="staff", require=role("staff")
        )
        self.guard: LoginGuard[t.Any] | None = LoginGuard()
        self.routes: dict[str, tuple[str, t.Any, dict[str, t.Any]]] = {
            "sign_in": ("/login", view(), {"methods": ["GET", "POST"]}),
            "about": ("/about", view(public(reason="for everybody")), {}),
            "orders": ("/orders", view(require(role("a"), fresh(300))), {}),
            "row": (
                "/row",
                view(require(rule(own_row, name="own"))),
                {"methods": ["PUT"]},
            ),
        }
        self.of_blueprint: dict[str, tuple[str, t.Any, dict[str, t.Any]]] = {
            "users": ("/users", view(), {})
        }

    def option(self, name: str, **options: t.Any) -> None:
        """Change how a route is added."""
        place, function, known = self.routes[name]
        self.routes[name] = (place, function, known | options)

    def view(self, name: str, mark: Callable[[t.Any], t.Any]) -> None:
        """Change how the view of a route is marked."""
        place, _, known = self.routes[name]
        self.routes[name] = (place, view(mark), known)

    def add(self, name: str, place: str, function: t.Any, **options: t.Any) -> None:
        """Add a route."""
        self.routes[name] = (place, function, options)

    def rename(self, old: str, new: str) -> None:
        """Give a route another endpoint."""
        self.routes[new] = self.routes.pop(old)

    def build(self) -> Flask:
        """Return the application."""
        app = Flask("shop", root_path="/", static_folder=self.static, **self.options)
        app.config.update(SECRET_KEY="k" * 32, **self.config)

        if self.guard is not None:
            self.guard.init_app(app)

        blueprint = Blueprint(self.blueprint, "admin", url_prefix="/admin")

        if self.blueprint_guard is not None:
            self.blueprint_guard.init_app(blueprint)

        for place, routes in ((app, self.routes), (blueprint, self.of_blueprint)):
            for name, (path, function, options) in routes.items():
                place.add_url_rule(path, name, function, **options)

        app.register_blueprint(blueprint)
        return app


class Handwritten(MethodView):
    """A view that answers OPTIONS and HEAD itself."""

    def head(self) -> str:
        """Answer."""
        raise NotImplementedError

    options = get = head


def decorated(function: t.Any) -> t.Any:
    """Mark a view as one that a decorator protects by itself."""
    setattr(function, REQUIRED_BY, ('via("jwt")',))
    return public(function)


def same(_: Draft) -> None:
    """Change nothing."""


def several(*changes: Change) -> Change:
    """Return one change made of several."""

    def change(draft: Draft) -> None:
        for each in changes:
            each(draft)

    return change


CHANGES: list[tuple[str, Change, Change, list[str]]] = [
    # name, before, after, the lines
    (
        "a-route-is-opened",
        same,
        lambda d: d.view("orders", public),
        [
            'OPENED  GET /orders orders role("a") & fresh(300) -> public (marker)',
        ],
    ),
    (
        "a-closed-route-takes-another-method",
        same,
        lambda d: d.option("orders", methods=["GET", "DELETE"]),
        [
            (
                'ADDED   DELETE /orders orders none -> role("a") & fresh(300)'
                " (default+marker)"
            ),
        ],
    ),
    (
        "an-open-route-takes-another-method",
        same,
        lambda d: d.option("about", methods=["GET", "POST"]),
        [
            'OPENED  POST /about about none -> public (marker "for everybody")',
        ],
    ),
    (
        "an-open-endpoint-is-renamed",
        same,
        lambda d: d.rename("about", "about_us"),
        [
            'OPENED  GET /about about_us none -> public (marker "for everybody")',
            "REMOVED GET /about about public -> none",
        ],
    ),
    (
        "a-closed-endpoint-is-renamed-and-weaker",
        same,
        several(
            lambda d: d.view("orders", lambda f: f),
            lambda d: d.rename("orders", "orders2"),
        ),
        [
            "ADDED   GET /orders orders2 none -> authenticated (default)",
            'REMOVED GET /orders orders role("a") & fresh(300) -> none',
        ],
    ),
    (
        "a-blueprint-is-renamed",
        same,
        lambda d: setattr(d, "blueprint", "office"),
        [
            (
                'GUARD   staff [blueprint:admin session role("staff") origin=on] ->'
                ' [blueprint:office session role("staff") origin=on]'
            ),
            'ADDED   GET /admin/users office.users none -> role("staff") (default)',
            'REMOVED GET /admin/users admin.users role("staff") -> none',
        ],
    ),
    (
        "a-setting-opens",
        same,
        lambda d: d.config.update(TOOLKIT_STAFF_PUBLIC=("admin.users",)),
        [
            'OPENED  GET /admin/users admin.users role("staff") -> public (config)',
        ],
    ),
    (
        "a-blueprint-loses-its-guard",
        same,
        lambda d: setattr(d, "blueprint_guard", None),
        [
            'GUARD   staff [blueprint:admin session role("staff") origin=on] -> none',
            (
                'CHANGED GET /admin/users admin.users role("staff") [staff] ->'
                " authenticated [guard] (default)"
            ),
        ],
    ),
    (
        "the-app-loses-its-guard",
        lambda d: d.config.clear(),
        several(lambda d: d.config.clear(), lambda d: setattr(d, "guard", None)),
        [
            "OPENED  GET /login sign_in authenticated [guard] -> unguarded [-] (none)",
            "OPENED  POST /login sign_in authenticated [guard] -> unguarded [-] (none)",
            (
                'OPENED  GET /orders orders role("a") & fresh(300) [guard] ->'
                " unguarded [-] (none)"
            ),
            ('OPENED  PUT /row row rule("own") [guard] -> unguarded [-] (none)'),
            "GUARD   guard [app session authenticated origin=on] -> none",
            "CHANGED GET /about about public [guard] -> unguarded [-] (none)",
        ],
    ),
    (
        "a-guard-asks-for-less",
        same,
        lambda d: setattr(d, "blueprint_guard", LoginGuard(name="staff")),
        [
            (
                'GUARD   staff [blueprint:admin session role("staff") origin=on] ->'
                " [blueprint:admin session authenticated origin=on]"
            ),
            (
                'CHANGED GET /admin/users admin.users role("staff") -> authenticated'
                " (default)"
            ),
        ],
    ),
    (
        "a-guard-takes-another-credential",
        same,
        lambda d: setattr(
            d, "guard", LoginGuard(authenticators=[Key(), SessionAuthenticator()])
        ),
        [
            (
                "GUARD   guard [app session authenticated origin=on] ->"
                " [app key,session authenticated origin=on]"
            ),
        ],
    ),
    (
        "the-origin-check-goes",
        same,
        lambda d: d.config.update(TOOLKIT_GUARD_ORIGIN_CHECK="off"),
        [
            (
                "GUARD   guard [app session authenticated origin=on] ->"
                " [app session authenticated origin=off]"
            ),
        ],
    ),
    (
        "a-route-takes-forms-of-other-sites",
        same,
        lambda d: d.view("row", require(rule(own_row, name="own"), cross_origin=True)),
        [
            (
                'CHANGED PUT /row row rule("own") ->'
                ' rule("own") +cross-origin'
                " (default+marker)"
            ),
        ],
    ),
    (
        "a-role-more-gets-in",
        same,
        lambda d: d.view("orders", require(role("a", "b"), fresh(300))),
        [
            (
                'CHANGED GET /orders orders role("a") & fresh(300) ->'
                ' role("a", "b") & fresh(300) (default+marker)'
            ),
        ],
    ),
    (
        "freshness-goes",
        same,
        lambda d: d.view("orders", require(role("a"))),
        [
            (
                'CHANGED GET /orders orders role("a") & fresh(300) -> role("a")'
                " (default+marker)"
            ),
        ],
    ),
    (
        "an-address-is-enough",
        same,
        lambda d: d.view("orders", require(role("a") & fresh(300) | signed)),
        [
            (
                'CHANGED GET /orders orders role("a") & fresh(300) ->'
                ' role("a") & fresh(300) | signed (default+marker)'
            ),
        ],
    ),
    (
        "another-rule-function",
        same,
        lambda d: d.view("row", require(rule(lambda i, o: True, name="all"))),
        [
            ('CHANGED PUT /row row rule("own") -> rule("all") (default+marker)'),
        ],
    ),
    (
        "a-redirect-of-the-router",
        same,
        lambda d: d.option("orders", redirect_to="/elsewhere"),
        [
            'OPENED  GET /orders orders role("a") & fresh(300) -> routing (routing)',
        ],
    ),
    (
        "a-second-rule-for-an-open-endpoint",
        same,
        lambda d: _also(d, "about"),
        [
            'OPENED  GET /also about none -> public (marker "for everybody")',
        ],
    ),
    (
        "a-second-rule-for-a-closed-endpoint",
        same,
        lambda d: _also(d, "orders"),
        [
            'ADDED   GET /also orders none -> role("a") & fresh(300) (default+marker)',
        ],
    ),
    (
        "another-host",
        same,
        lambda d: d.option("about", subdomain="api"),
        [
            'OPENED  GET //api.*/about about none -> public (marker "for everybody")',
            "REMOVED GET /about about public -> none",
        ],
    ),
    (
        "a-websocket",
        same,
        lambda d: d.add("ws", "/ws", view(public), websocket=True),
        [
            "OPENED  WEBSOCKET /ws ws none -> public (marker)",
        ],
    ),
    (
        "a-slash-more",
        same,
        lambda d: d.routes.update(about=("/about/", *d.routes["about"][1:])),
        [
            'OPENED  GET /about/ about none -> public (marker "for everybody")',
            "REMOVED GET /about about public -> none",
        ],
    ),
    (
        "static-files",
        same,
        lambda d: setattr(d, "static", "f"),
        [
            "OPENED  GET /f/<path:filename> static none -> public (static)",
        ],
    ),
    (
        "static-files-are-opened",
        several(
            lambda d: setattr(d, "static", "f"),
            lambda d: d.config.update(TOOLKIT_GUARD_STATIC_PUBLIC=False),
        ),
        lambda d: setattr(d, "static", "f"),
        [
            "OPENED  GET /f/<path:filename> static authenticated -> public (static)",
        ],
    ),
    (
        "another-login-view",
        same,
        several(
            lambda d: d.view("orders", lambda f: f),
            lambda d: d.config.update(TOOLKIT_GUARD_LOGIN_VIEW="orders"),
        ),
        [
            'OPENED  GET /orders orders role("a") & fresh(300) -> public (login-view)',
            "CLOSED  GET /login sign_in public -> authenticated (default)",
            "CLOSED  POST /login sign_in public -> authenticated (default)",
        ],
    ),
    (
        "another-reason",
        same,
        lambda d: d.view("about", public(reason="why not")),
        [
            'WHY     GET /about about public -> public (marker "why not")',
        ],
    ),
    (
        "a-decorator-goes",
        lambda d: d.view("about", decorated),
        lambda d: d.view("about", public),
        [
            'OPENED  GET /about about via("jwt") -> public (marker)',
        ],
    ),
    (
        "a-rule-that-takes-any-method",
        same,
        lambda d: _take_any(d, HalfOpen.as_view("any")),
        [
            "OPENED  POST /any any none -> public (method-marker)",
            "ADDED   DELETE /any any none -> authenticated (default)",
            "ADDED   GET /any any none -> authenticated (default)",
            "ADDED   OPTIONS /any any none -> authenticated (default)",
            "ADDED   PATCH /any any none -> authenticated (default)",
            "ADDED   PUT /any any none -> authenticated (default)",
        ],
    ),
    (
        "methods-answered-by-hand",
        same,
        lambda d: d.add("hand", "/hand", public(Handwritten).as_view("hand")),
        [
            "OPENED  GET /hand hand none -> public (marker)",
            "OPENED  OPTIONS /hand hand none -> public (marker)",
        ],
    ),
]


class HalfOpen(MethodView):
    """A view whose POST is open, under a rule that takes any method."""

    def get(self) -> str:
        """Answer."""
        raise NotImplementedError

    @public
    def post(self) -> str:
        """Answer."""
        raise NotImplementedError


class Key(SessionAuthenticator):
    """An authenticator of another name."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "key"


def _also(draft: Draft, name: str) -> None:
    """Add a second rule for an endpoint."""
    build = draft.build

    def build_more() -> Flask:
        app = build()
        app.url_map.add(RouteRule("/also", endpoint=name, methods=["GET"]))
        return app

    draft.build = build_more  # type: ignore[method-assign]  # of this draft only


def _take_any(draft: Draft, function: t.Any) -> None:
    """Add a route as Werkzeug makes it, without a list of methods."""
    build = draft.build

    def build_more() -> Flask:
        app = build()
        app.url_map.add(RouteRule("/any", endpoint="any"))
        app.view_functions["any"] = function
        return app

    draft.build = build_more  # type: ignore[method-assign]  # of this draft only


def check(app: Flask, path: Path) -> tuple[int, list[str]]:
    """Run ``flask toolkit guard --check``."""
    obj = ScriptInfo(create_app=lambda: app)
    arguments = ["guard", "--check", "--file", str(path)]
    done = CliRunner().invoke(toolkit, arguments, obj=obj)
    return done.exit_code, done.output.splitlines()


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [pytest.param(*rest, id=name) for name, *rest in CHANGES],
)
def test_no_change_of_access_hides(
    tmp_path: Path, before: Change, after: Change, lines: list[str]
) -> None:
    """Each kind of change is named, and the check fails (fact 18)."""
    path = tmp_path / "guard.lock"
    old, new = Draft(), Draft()
    before(old)
    after(new)
    write_lock(old.build(), path)
    assert check(old.build(), path)[0] == 0

    code, output = check(new.build(), path)

    shown = [line for line in output if line[:8].strip().isupper()]
    assert code == 1
    assert sorted(shown) == sorted(lines)
    assert shown[0] == lines[0]
    assert output[-1] == "To accept this, run: flask toolkit guard --lock"


def test_what_the_lock_does_not_tell_apart(tmp_path: Path) -> None:
    """The documented limits: bodies, durations, hooks, mounts; no line for these."""
    path = tmp_path / "guard.lock"
    old, new = Draft(), Draft()

    def page(identity: Identity[t.Any], obj: object) -> bool:
        raise NotImplementedError

    old.view("row", require(rule(page, name="own")))
    new.view("row", require(rule(own_row, name="own")))
    new.config["TOOLKIT_GUARD_MAX_AGE"] = 10**8
    new.config["TOOLKIT_TRUSTED_ORIGINS"] = ("https://partner.example",)
    new.option("orders", strict_slashes=False)
    write_lock(old.build(), path)
    app = new.build()
    app.before_request(lambda: "hook")
    mounted = DispatcherMiddleware(app.wsgi_app, {"/mount": Flask("other")})
    app.wsgi_app = mounted  # type: ignore[method-assign]  # as Flask's docs do it

    assert check(app, path)[0] == 0


HOSTILE = [
    "/tab\there",
    "/new\nline\nGET\t/x\tx\t-\tpublic\tnone",
    "/bidi\u202e\u2066",
    "/quote\"s'",
    "/back\\slash\\u0009",
    "/#hash",
    "/<string(length=2):x>",
    "/blank\u3164\u115f",
    "/space here",
    "/用户/😀",
    "/=======",
    "/" + "long" * 500,
]


def hostile(rules: list[str]) -> Flask:
    """Return an application with these rules."""
    app = Flask("shop", root_path="/", static_folder=None)
    app.secret_key = "k" * 32
    LoginGuard(app)

    for place in rules:
        mark = public(reason=f'of "{place[1:3]}"') if len(place) % 2 else require()
        app.add_url_rule(place, f"e{place[1:]}".replace(".", ""), view(mark))

    return app


def test_hostile_rules_are_one_line_each(tmp_path: Path) -> None:
    """Nothing in a rule ends its field or its line, and it is read back equal."""
    path = tmp_path / "guard.lock"
    write_lock(hostile(HOSTILE), path)
    text = path.read_text(encoding="utf-8")

    assert text.count("\n") == 3 + len(HOSTILE)
    assert all(line.count("\t") == 5 for line in text.splitlines()[1:])
    assert check(hostile(HOSTILE), path)[0] == 0


def test_equal_apps_make_equal_bytes(tmp_path: Path) -> None:
    """Whatever the order of registration, and the seed of hashes."""
    first, second = tmp_path / "a.lock", tmp_path / "b.lock"
    write_lock(hostile(HOSTILE), first)
    write_lock(hostile(HOSTILE[::-1]), second)
    assert first.read_bytes() == second.read_bytes()

    program = (
        "import json, sys; sys.path[:0] = json.loads(sys.argv[1])\n"
        "from flask import Flask\n"
        "from flask_toolkit.guard import LoginGuard, require, role, write_lock\n"
        "app = Flask('a', static_folder=None)\n"
        "LoginGuard(app, require=role('c', 'b', 'a') | role('e', 'd'))\n"
        "for n in 'xyzabc':\n"
        "    app.add_url_rule(f'/{n}', n, lambda: '', methods=['GET', 'PUT', 'POST'])\n"
        "write_lock(app, sys.argv[2])\n"
    )
    written = [tmp_path / f"{seed}.lock" for seed in ("1", "2")]

    for file in written:
        subprocess.run(
            [sys.executable, "-c", program, json.dumps(sys.path), str(file)],
            env={**os.environ, "PYTHONHASHSEED": file.stem},
            check=True,
        )

    assert len({file.read_bytes() for file in written}) == 1
