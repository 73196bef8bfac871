"""``flask toolkit hooks`` and ``flask toolkit trace``: the lifecycle on a terminal."""

import json
import subprocess
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask import request
from flask.cli import ScriptInfo

from flask_toolkit.cli import toolkit
from flask_toolkit.lifecycle import Lifecycle

Run = Callable[..., subprocess.CompletedProcess[str]]

SHOP = """\
from flask import Flask
from flask_toolkit.lifecycle import Lifecycle

app = Flask("shop")
app.add_url_rule("/", "index", lambda: "hello")
lifecycle = Lifecycle(app)

@app.before_request
def load():
    pass
"""


def _shop() -> Flask:
    app = Flask("shop")
    Lifecycle(app)
    app.before_request(_load)

    @app.post("/echo")
    def echo() -> str:
        return f"{request.headers['X-Who']} {request.get_data(as_text=True)}"

    @app.get("/fail")
    def fail() -> str:
        raise LookupError("canary")

    return app


def _load() -> None: ...


def _ask(create_app: Callable[[], Flask], *arguments: str) -> t.Any:
    obj = ScriptInfo(create_app=create_app)
    return CliRunner().invoke(toolkit, arguments, obj=obj)


def test_hooks_lists_every_endpoint() -> None:
    """In the order of the lifecycle; data has the names of the columns."""
    done = _ask(_shop, "hooks", "--json")
    rows = json.loads(done.stdout)

    assert {row["endpoint"] for row in rows} == {"static", "echo", "fail"}
    assert list(rows[0]) == ["endpoint", "stage", "name", "scope", "where"]
    assert [row["stage"] for row in rows[:2]] == ["before_request", "view"]


def test_hooks_of_one_endpoint_as_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the current folder the path is short."""
    monkeypatch.chdir(Path(__file__).parent)
    done = _ask(_shop, "hooks", "echo")
    lines = [line.split() for line in done.stdout.splitlines()]

    assert lines[0] == ["ENDPOINT", "STAGE", "NAME", "SCOPE", "WHERE"]
    assert lines[1][:2] == ["echo", "before_request"]
    assert lines[1][4] == f"test_hooks.py:{_load.__code__.co_firstlineno}"
    assert len(lines) == 3


def test_hooks_of_no_endpoint() -> None:
    """A name that is none is said, not shown as an empty list."""
    done = _ask(_shop, "hooks", "nope")

    assert done.exit_code == 1
    assert done.stderr == "Error: There is no endpoint 'nope'.\n"


def test_trace_sends_a_real_request() -> None:
    """With the method, headers and body that were given."""
    done = _ask(
        _shop, "trace", "post", "/echo", "-H", "X-Who: ada", "-d", "hi", "--json"
    )
    steps = {row["stage"]: row for row in json.loads(done.stdout)}

    assert done.exit_code == 0
    assert list(steps["view"]) == ["stage", "name", "outcome", "ms", "where"]
    assert steps["wsgi_app"]["name"] == "POST /echo"
    assert steps["start_response"]["name"] == "200 OK"
    assert float(steps["view"]["ms"]) >= 0
    assert steps["start_response"]["ms"] == ""


def test_trace_shows_what_came_before_a_failure() -> None:
    """Where Flask raises it, as in debug mode; the exit code is 1."""

    def raising() -> Flask:
        app = _shop()
        app.config["PROPAGATE_EXCEPTIONS"] = True
        return app

    done = _ask(raising, "trace", "GET", "/fail")

    assert done.exit_code == 1
    assert "raised LookupError" in done.stdout
    assert done.stderr == "Error: LookupError: canary\n"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (SystemExit(4), "SystemExit: 4"),
        (LookupError("red \x1b[31m"), "LookupError: red \\u001b[31m"),
    ],
    ids=["exit", "control-characters"],
)
def test_trace_shows_any_failure(error: BaseException, told: str) -> None:
    """A view that ends the process too, and without obeying what it says."""

    def raising() -> Flask:
        app = _shop()
        app.config["PROPAGATE_EXCEPTIONS"] = True

        @app.get("/odd")
        def odd() -> str:
            raise error

        return app

    done = _ask(raising, "trace", "GET", "/odd")

    assert done.exit_code == 1
    assert f"raised {type(error).__name__}" in done.stdout
    assert done.stderr == f"Error: {told}\n"


def test_trace_reads_headers() -> None:
    """One without a colon is wrong use."""
    done = _ask(_shop, "trace", "GET", "/", "-H", "nonsense")

    assert done.exit_code == 2
    assert "-H takes 'Name: value', not 'nonsense'." in done.stderr


@pytest.mark.parametrize("command", [["hooks"], ["trace", "GET", "/"]])
def test_without_a_lifecycle_it_says_so(command: list[str]) -> None:
    """The part is named."""
    done = _ask(lambda: Flask("bare"), *command)

    assert done.exit_code == 1
    assert "Lifecycle is not set up on this app" in done.stderr


def test_the_real_program(run: Run, folder: Path) -> None:
    """Through flask, not in debug mode."""
    (folder / "traced.py").write_text(SHOP)
    flask = ("-m", "flask", "--app", "traced", "toolkit")
    hooks, trace = run(*flask, "hooks", "index"), run(*flask, "trace", "GET", "/")

    assert hooks.returncode == 0, hooks.stderr
    assert "traced.load" in hooks.stdout
    assert trace.returncode == 0, trace.stderr
    assert trace.stdout.splitlines()[1].split()[:3] == ["wsgi_app", "GET", "/"]
