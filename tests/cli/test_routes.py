"""``flask toolkit routes``: the list, and what the linter finds."""

from __future__ import annotations

import json
import typing as t

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo
from flask.views import MethodView

from flask_toolkit.cli import toolkit
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import role
from flask_toolkit.routing import check
from flask_toolkit.routing import Converters
from flask_toolkit.routing import pattern

if t.TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., subprocess.CompletedProcess[str]]

SKU = pattern("sku", r"[A-Z]{3}-\d{4}", examples=["ABC-0042"])
SHOP = """\
from flask import Flask
from flask_toolkit.routing import Converters

app = Flask("shop", static_folder=None)
Converters(app)
app.add_url_rule("/<slug:title>", "page", lambda title: title)
"""


def shop(*rules: str) -> Flask:
    """Return an application with some routes, and these."""
    app = Flask("shop", static_folder=None)
    app.secret_key = "k" * 32
    Converters(app, patterns=[SKU])
    app.add_url_rule("/<sku:code>/<int:n>", "item", lambda code, n: "")
    app.add_url_rule("/", "home", lambda: "")
    app.add_url_rule("/", "order", lambda: "", methods=["POST", "PUT"])
    app.add_url_rule("/live", "live", lambda: "", websocket=True)
    app.add_url_rule("/b", "b", build_only=True)

    for number, rule in enumerate(rules):
        app.add_url_rule(rule, f"e{number}", lambda **_: "")

    return app


def ask(app: Flask, *arguments: str) -> Result:
    """Run the command on an application."""
    obj = ScriptInfo(create_app=lambda: app)
    return CliRunner().invoke(toolkit, ["routes", *arguments], obj=obj)


def test_the_list_shows_the_converters() -> None:
    """By rule; without what Flask adds to the methods."""
    done = ask(shop("/s/<string:x>/<y>"))

    assert done.exit_code == 0
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["METHODS", "RULE", "ENDPOINT", "CONVERTERS"],
        ["GET", "/", "home", "-"],
        ["POST,PUT", "/", "order", "-"],
        ["GET", "/<sku:code>/<int:n>", "item", "code:sku,n:int"],
        ["WEBSOCKET", "/live", "live", "-"],
        ["GET", "/s/<string:x>/<y>", "e0", "x:string,y:string"],
    ]


def test_json_holds_the_list_as_data() -> None:
    """Methods and converters are lists; a converter has the name of its rule."""
    app = Flask("shop")
    app.url_map.converters["odd"] = SKU
    app.add_url_rule("/<odd:x>", "x", methods=["GET", "OPTIONS"])
    del app.url_map.converters["odd"]
    app.url_map.add(app.url_rule_class("/any", endpoint="any"))

    rows = json.loads(ask(app, "--json").stdout)

    assert rows[0] == {
        "methods": ["GET", "OPTIONS"],
        "rule": "/<odd:x>",
        "endpoint": "x",
        "converters": ["x:sku"],
    }
    assert rows[1]["methods"] == []
    assert rows[2]["converters"] == ["filename:path"]


def test_the_guard_has_a_column_where_there_is_one() -> None:
    """It says what the map of the guard says; by method where they differ."""
    app = shop()
    LoginGuard(app)
    app.view_functions["home"] = public(lambda: "")

    class Orders(MethodView):
        @public
        def get(self) -> str:
            raise NotImplementedError

        @require(role("editor"))
        def post(self) -> str:
            raise NotImplementedError

    app.add_url_rule("/orders", view_func=Orders.as_view("orders"))
    rows = json.loads(ask(app, "--json").stdout)
    guards = {row["endpoint"]: row["guard"] for row in rows}

    assert guards["home"] == "public"
    assert guards["item"] == "authenticated"
    assert guards["orders"] == 'GET public; POST role("editor")'


def test_check_of_a_healthy_application() -> None:
    """Exit code 0, also with --strict."""
    done = ask(shop(), "--check", "--strict")

    assert (done.exit_code, done.stdout) == (0, "0 findings.\n")


def test_check_tells_and_fails() -> None:
    """An error is exit code 1; code, level, rule, reason and remedy are told."""
    done = ask(shop("/d", "/d"), "--check")

    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "R008 error  /d e1",
        "  It is the same as /d of 'e0', which was registered before and answers.",
        "  Remove one of them, or give them different methods.",
        "1 finding.",
    ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [pytest.param((), 0, id="plain"), pytest.param(("--strict",), 1, id="strict")],
)
def test_warnings_fail_with_strict(arguments: tuple[str, ...], code: int) -> None:
    """Without it they are only told."""
    done = ask(shop("/a$"), "--check", *arguments)

    assert done.exit_code == code
    assert done.stdout.startswith("R007 warning  /a$ e0\n")


def test_check_names_what_it_could_not_try() -> None:
    """No finding, but not silent either."""
    done = ask(shop('/<regex("zq[xy]{7}"):x>'), "--check")

    assert done.exit_code == 0
    assert done.stdout.splitlines()[0].endswith('is known: /<regex("zq[xy]{7}"):x>')


def test_findings_as_json() -> None:
    """The fields of RouteFinding, the level by its name."""
    app = shop("/a$")

    done = ask(app, "--check", "--json")

    (found,) = check(app)
    assert json.loads(done.stdout) == [{**found._asdict(), "level": "warning"}]


def test_strict_needs_check() -> None:
    """Alone it would promise what it does not do."""
    done = ask(shop(), "--strict")

    assert done.exit_code == 2
    assert "--strict goes with --check." in done.stderr


def test_the_real_program_lists(run: Run, folder: Path) -> None:
    """As somebody runs it, with warnings as errors."""
    (folder / "pages.py").write_text(SHOP)

    done = run("-m", "flask", "--app", "pages", "toolkit", "routes", "--check")

    assert (done.returncode, done.stdout, done.stderr) == (0, "0 findings.\n", "")
