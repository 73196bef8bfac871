"""What every command that lists something keeps to."""

import contextlib
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import typing as t
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask import request_started
from flask.cli import ScriptInfo
from hypothesis import given
from hypothesis import strategies as st

import flask_toolkit
from flask_toolkit import LoginGuard
from flask_toolkit import Toolkit
from flask_toolkit.cli import toolkit
from flask_toolkit.cli._listing import table
from flask_toolkit.config import ConfigLoader
from flask_toolkit.config import Env
from flask_toolkit.config import Values
from flask_toolkit.guard import public

LONG = "an_endpoint_whose_name_somebody_made_long_for_all_who_read_lists"
KEY = "vT3-qLx9_Rw2cYb7NfKe5JmHs8PdUaZg"
VARIABLES = {"SHOP_NOTHING_THAT_IS_KNOWN": "1", "SHOP_MOTTO": "m" * 120}
TABLES = {
    "config": ["config"],
    "config-all": ["config", "--all"],
    "config-sources": ["config", "--sources"],
    "config-overridden": ["config", "--overridden"],
    "config-unused": ["config", "--unused"],
    "check-list": ["check", "--list"],
    "routes": ["routes"],
    "guard": ["guard"],
    "middleware": ["middleware"],
    "hooks": ["hooks"],
    "signals": ["signals"],
    "trace": ["trace", "GET", "/shop"],
}
LISTINGS = {**TABLES, "check": ["check", "--deploy"], "lint": ["routes", "--check"]}
each_table = pytest.mark.parametrize("arguments", TABLES.values(), ids=TABLES)
each_listing = pytest.mark.parametrize("arguments", LISTINGS.values(), ids=LISTINGS)


class Settings:
    """A schema with a key for long text."""

    MOTTO: str = "short"
    SECRET_KEY: str = ""


def a_receiver_that_somebody_gave_a_name_of_many_words(sender: object) -> None:
    """Listen, and do nothing."""


def create_app() -> Flask:
    """Return an application with something long in each listing."""
    app = Flask("shop")
    sources = (
        Values({"MOTTO": "weak", "SECRET_KEY": KEY}),
        Env("SHOP_", environ=VARIABLES),
    )
    config = ConfigLoader(*sources, schema=Settings)
    Toolkit(app, config=config, guard=LoginGuard[t.Any](), sessions="cookie")
    request_started.connect(a_receiver_that_somebody_gave_a_name_of_many_words, app)

    @app.get("/shop", endpoint="shop")
    @public
    def shop() -> str:
        return "shop"

    for rule in (f"/{LONG}/<path:name>/<int:number>/<uuid:token>", "/<x>", "/<y>"):
        app.add_url_rule(rule, f"{LONG}{len(rule)}{rule[-2]}", lambda **_: "")

    @app.before_request
    def a_hook_that_somebody_gave_a_name_of_many_words() -> None:
        """Do nothing."""

    return app


def _ask(arguments: list[str], *more: str) -> str:
    obj = ScriptInfo(create_app=create_app)
    done = CliRunner().invoke(toolkit, [*arguments, *more], obj=obj, color=True)
    assert done.exit_code in {0, 1}, done.output
    return done.stdout


@pytest.fixture(name="terminal")
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for a terminal of 80 columns; a real one has a test of its own."""
    monkeypatch.setattr("flask_toolkit.cli._listing.is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)


def _timeless(text: str) -> str:
    return re.sub(r"[0-9]+\.[0-9]{2}", "0.00", text)


@each_listing
def test_each_has_json_that_loses_nothing(
    arguments: list[str], request: pytest.FixtureRequest
) -> None:
    """A list of objects with the same keys; a narrow terminal changes none."""
    piped = _ask(arguments, "--json")
    request.getfixturevalue("terminal")

    rows = json.loads(piped)

    assert len({tuple(row) for row in rows}) == 1
    assert "..." not in piped
    assert _timeless(_ask(arguments, "--json")) == _timeless(piped)


@each_table
def test_each_pipe_gets_a_line_a_row(arguments: list[str]) -> None:
    """Whole, so that other programs can read it."""
    lines = _ask(arguments).splitlines()
    rows = json.loads(_ask(arguments, "--json"))

    assert len([line for line in lines if line[:9] != "Runs befo"]) == len(rows) + 1


@each_table
@pytest.mark.usefixtures("terminal")
def test_each_table_is_aligned(arguments: list[str]) -> None:
    """Every column begins under its head, on each line of a row."""
    head, *lines = _ask(arguments).splitlines()
    starts = [found.start() for found in re.finditer(r"\S+", head)]

    for line in lines[:-1] if arguments == ["guard"] else lines:
        assert all(not line[start - 2 : start].strip() for start in starts[1:])


@each_listing
@pytest.mark.usefixtures("terminal")
def test_each_fits_into_80_columns(arguments: list[str]) -> None:
    """Long cells go on below, or are cut where the command says so."""
    lines = [re.sub("\x1b[^m]*m", "", line) for line in _ask(arguments).splitlines()]

    assert max(map(len, lines)) <= 80


@each_listing
def test_each_has_colour_on_terminals_only(
    arguments: list[str],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``NO_COLOR`` takes it away there, and nothing else."""
    assert "\x1b" not in _ask(arguments)
    request.getfixturevalue("terminal")
    coloured = _ask(arguments)
    monkeypatch.setenv("NO_COLOR", "1")

    plain = _ask(arguments)

    assert "\x1b" not in plain
    assert _timeless(re.sub("\x1b[^m]*m", "", coloured)) == _timeless(plain)


SHOP = """\
from flask import Flask

app = Flask("shop")
app.config["MOTTO"] = "m" * 100
app.add_url_rule("/" + "long/" * 30, "a_long_endpoint_" * 4, lambda: "")
"""


@pytest.mark.parametrize(
    ("arguments", "marks"),
    [
        pytest.param(["config"], "", id="cut"),
        pytest.param(["routes"], "", id="folded"),
        pytest.param(["check"], "\x1b[31m", id="colour"),
    ],
)
def test_a_real_terminal_is_noticed(
    tmp_path: Path, arguments: list[str], marks: str
) -> None:
    """Its width is asked for, not guessed."""
    (tmp_path / "shop.py").write_text(SHOP)
    mine, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 72, 0, 0))
    home = Path(flask_toolkit.__file__).parents[1]
    kept = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{tmp_path}:{home}"}
    code = "from flask_toolkit.cli import toolkit; from flask.cli import ScriptInfo;"
    code += "import shop, sys; toolkit(obj=ScriptInfo(create_app=lambda: shop.app))"

    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=other, env=kept, cwd=tmp_path
    )
    os.close(other)
    text = _all_of(mine)

    assert process.wait(timeout=60) in {0, 1}
    lines = re.sub("\x1b[^m]*m", "", text).splitlines()
    assert 60 < max(map(len, lines)) <= 72
    assert marks in text


def _all_of(terminal: int) -> str:
    found = b""

    # Linux ends it with an error, when the other end is closed.
    with contextlib.suppress(OSError):
        while True:
            found += os.read(terminal, 4096)

    os.close(terminal)
    return found.decode()


WORDS = st.text("ab ,/._", max_size=60)


@given(st.lists(st.tuples(WORDS, WORDS), max_size=4), st.integers(20, 90))
def test_a_folded_table_loses_nothing(rows: list[tuple[str, str]], width: int) -> None:
    """Whatever breaks where: the lines of a column make its cells again."""
    lines = table(["first", "second"], rows, width=width)
    start = lines[0].index("SECOND")
    first = "".join(line[: start - 2].rstrip() for line in lines[1:])
    second = "".join(line[start:] for line in lines[1:])

    assert max(map(len, lines)) <= width
    assert _bare(first) == _bare("".join(row[0] or "-" for row in rows))
    assert _bare(second) == _bare("".join(row[1] or "-" for row in rows))


def _bare(text: str) -> str:
    return text.replace(" ", "")
