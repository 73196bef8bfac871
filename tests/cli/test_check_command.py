"""``flask toolkit check``: findings for people, for programs, and exit codes."""

import json
import subprocess
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo

from flask_toolkit.cli import toolkit
from flask_toolkit.config import ConfigLoader
from flask_toolkit.config import Env
from flask_toolkit.config import SecretsDir
from flask_toolkit.config.checks import check
from flask_toolkit.config.checks import Finding
from flask_toolkit.config.checks import Level

Run = Callable[..., subprocess.CompletedProcess[str]]

KEY = "vT3-qLx9_Rw2cYb7NfKe5JmHs8PdUaZg"
BROKEN = """\
from flask import Flask
from flask_toolkit.config import ConfigLoader, Env

def create_app():
    app = Flask("shop")
    ConfigLoader(Env("SHOP_")).init_app(app)
    return app
"""


def _shop(*levels: Level, **config: t.Any) -> Callable[[], Flask]:
    def create_app() -> Flask:
        app = Flask("shop")
        app.config.update(SECRET_KEY=KEY, **config)

        @check(app)
        def found(_: Flask) -> Iterator[Finding]:
            """Find what the test says."""
            for level in levels:
                name = level.name.lower()
                yield Finding(f"shop.{name}", level, f"An {name}.", "Mend it.")

        return app

    return create_app


def _ask(create_app: Callable[[], Flask], *arguments: str) -> t.Any:
    obj = ScriptInfo(create_app=create_app)
    return CliRunner().invoke(toolkit, ["check", *arguments], obj=obj)


def test_findings_are_written_for_people() -> None:
    """The level first, then what is wrong and what to do; a sum at the end."""
    done = _ask(_shop(Level.INFO, Level.ERROR, Level.ERROR, Level.WARNING))

    assert done.stdout == (
        "error    shop.error\n  An error.\n  hint: Mend it.\n\n"
        "error    shop.error\n  An error.\n  hint: Mend it.\n\n"
        "warning  shop.warning\n  An warning.\n  hint: Mend it.\n\n"
        "info     shop.info\n  An info.\n  hint: Mend it.\n\n"
        "2 errors, 1 warning, 1 info\n"
    )


def test_a_finding_may_have_no_hint() -> None:
    """Checks of an application say as much as they know."""

    def create_app() -> Flask:
        app = Flask("shop")
        app.secret_key = KEY
        check(app)(lambda _: [Finding("shop.odd", Level.INFO, "Odd.")])
        return app

    assert _ask(create_app).stdout == "info     shop.odd\n  Odd.\n\n1 info\n"


def test_a_clean_application_says_so() -> None:
    """Exit code 0."""
    done = _ask(_shop())

    assert (done.stdout, done.exit_code) == ("no findings\n", 0)


def test_silenced_findings_are_counted() -> None:
    """Whoever silences sees that something is silent."""
    done = _ask(_shop(Level.ERROR, TOOLKIT_CONFIG_SILENCED_CHECKS=["shop.error"]))

    assert (done.stdout, done.exit_code) == ("no findings; 1 silenced\n", 0)


@pytest.mark.parametrize(
    ("level", "arguments", "setting", "code"),
    [
        (Level.ERROR, [], None, 1),
        (Level.WARNING, [], None, 0),
        (Level.WARNING, ["--fail-level", "warning"], None, 1),
        (Level.INFO, ["--fail-level", "warning"], None, 0),
        (Level.INFO, ["--fail-level", "info"], None, 1),
        (Level.WARNING, [], "warning", 1),
        (Level.WARNING, ["--fail-level", "error"], "warning", 0),
    ],
)
def test_the_exit_code_depends_on_the_level(
    level: Level, arguments: list[str], setting: str | None, code: int
) -> None:
    """The option wins over ``TOOLKIT_CONFIG_FAIL_LEVEL``."""
    config = {} if setting is None else {"TOOLKIT_CONFIG_FAIL_LEVEL": setting}

    assert _ask(_shop(level, **config), *arguments).exit_code == code


def test_deploy_asks_for_more() -> None:
    """What only matters in production is not told on the own machine."""
    assert "cookie.secure" not in _ask(_shop()).stdout
    assert "cookie.secure" in _ask(_shop(), "--deploy").stdout


def test_one_group_can_be_asked_for() -> None:
    """Several as well; what is left out does not fail."""
    done = _ask(_shop(Level.ERROR), "--deploy", "--tag", "cookie", "--tag", "limit")

    ids = {line.split()[1] for line in done.stdout.splitlines() if "  SESS" in line}
    assert ids == {"cookie.secure", "cookie.samesite"}
    assert "limit.body" in done.stdout
    assert "shop.error" not in done.stdout
    assert done.exit_code == 0


def test_json_holds_the_same_as_data() -> None:
    """The keys of a finding, levels and places as text; exit codes as without."""
    done = _ask(_shop(Level.ERROR), "--deploy", "--json")

    found = {one["id"]: one for one in json.loads(done.stdout)}
    assert found["shop.error"] == {
        "id": "shop.error",
        "level": "error",
        "message": "An error.",
        "hint": "Mend it.",
        "key": None,
        "origin": None,
    }
    assert found["cookie.secure"]["key"] == "SESSION_COOKIE_SECURE"
    assert done.exit_code == 1


def test_places_are_told() -> None:
    """Where the value came from that is wrong."""

    def create_app() -> Flask:
        app = Flask("shop")
        ConfigLoader(Env("SHOP_", environ={"SHOP_SECRET_KEY": "dev"})).init_app(app)
        return app

    done = _ask(create_app, "--deploy", "--tag", "secret")
    assert "\n  in env SHOP_SECRET_KEY\n" in done.stdout

    done = _ask(create_app, "--deploy", "--tag", "secret", "--json")
    assert json.loads(done.stdout)[0]["origin"] == "env SHOP_SECRET_KEY"


def test_the_checks_can_be_listed() -> None:
    """Those of the package, and those of the application."""
    done = _ask(_shop(), "--list")
    lines = done.stdout.splitlines()

    assert lines[0].split() == ["ID", "LEVEL", "RUNS", "FIRES"]
    assert any(line.startswith("cookie.secure ") for line in lines)
    assert any("Find what the test says." in line for line in lines)
    assert done.exit_code == 0

    done = _ask(_shop(), "--list", "--tag", "limit", "--json")
    assert [one["id"] for one in json.loads(done.stdout)] == [
        "limit.body",
        "limit.form",
    ]


def test_a_group_of_the_application_can_be_asked_for() -> None:
    """Also where nothing is found: only findings tell the names of those."""
    done = _ask(_shop(Level.INFO), "--tag", "shop")

    assert "shop.info" in done.stdout
    assert done.exit_code == 0
    assert _ask(_shop(), "--tag", "shop").exit_code == 0


def test_lines_fit_into_80_columns() -> None:
    """Findings are wrapped, words are not broken."""
    done = _ask(_shop(), "--deploy")

    assert max(map(len, done.stdout.splitlines())) <= 80


def test_colour_is_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR switches it off there, too."""
    assert "\x1b" not in _ask(_shop(Level.ERROR)).stdout

    monkeypatch.setattr("flask_toolkit.cli._listing.is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    obj = ScriptInfo(create_app=_shop(Level.ERROR))
    done = CliRunner().invoke(toolkit, ["check"], obj=obj, color=True)
    assert "\x1b[31m" in done.stdout

    monkeypatch.setenv("NO_COLOR", "1")
    obj = ScriptInfo(create_app=_shop(Level.ERROR))
    done = CliRunner().invoke(toolkit, ["check"], obj=obj, color=True)
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    "config",
    [{"TOOLKIT_CONFIG_FAIL_LEVEL": "grave"}, {"TOOLKIT_CONFIG_SILENCED": ["a.b"]}],
)
def test_settings_that_do_not_fit_are_code_2(config: dict[str, t.Any]) -> None:
    """Nothing was checked, which is not the same as nothing found."""
    done = _ask(_shop(**config))

    assert done.exit_code == 2
    assert "1 problem in the configuration" in done.stderr


def test_an_application_that_cannot_be_set_up_is_code_2() -> None:
    """Whatever stops its start."""

    def create_app() -> Flask:
        app = Flask("shop")
        loader = ConfigLoader(SecretsDir("no-such-folder", optional=False))
        loader.init_app(app)
        raise NotImplementedError

    done = _ask(create_app)

    assert done.exit_code == 2
    assert "no-such-folder: does not exist" in done.stderr


def test_the_real_command(run: Run, folder: Path) -> None:
    """From the entry point, with the variables of production."""
    (folder / "shop.py").write_text(BROKEN)

    done = run("-m", "flask", "--app", "shop", "toolkit", "check", "--deploy", "--tag",
               "secret", SHOP_SECRET_KEY="dev")  # fmt: skip
    assert done.returncode == 1
    assert done.stdout.startswith("error    secret.known  SECRET_KEY\n")
    assert done.stderr == ""

    done = run("-m", "flask", "--app", "shop", "toolkit", "check", SHOP_DEBUG="perhaps")
    assert done.returncode == 2
    assert done.stderr == (
        "Error: 1 problem in the configuration:\n"
        "DEBUG: expected true or false, got 'perhaps'\n"
        "  in env SHOP_DEBUG\n"
        "  hint: true false 1 0 yes no on off\n"
    )
