"""The pytest fixtures, loaded as a user loads them."""

import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

import flask_toolkit
from flask_toolkit.errors import SetupError
from flask_toolkit.lifecycle import Lifecycle
from flask_toolkit.signals import Signals
from flask_toolkit.testing import fixtures

HOME = str(Path(flask_toolkit.__file__).parents[1])
CONFTEST = 'pytest_plugins = ["flask_toolkit.testing.fixtures"]\n'
TESTS = """\
from flask import Flask
from flask_toolkit import Toolkit

toolkit = Toolkit()
app = Flask("shop")
app.testing = True
app.add_url_rule("/", "index", lambda: "hello")
toolkit.init_app(app)
placed = toolkit.signals.define("placed")
heard = []
placed.connect(lambda sender: heard.append(1))

def test_trace(lifecycle_trace):
    trace = lifecycle_trace(app)
    app.test_client().get("/")
    assert "view <lambda>" in str(trace)

def test_it_ended_with_that_test(lifecycle_trace):
    assert lifecycle_trace(app).steps == []

def test_signals(isolated_signals):
    isolated_signals(toolkit.signals)
    placed.send()
    assert heard == []

def test_they_are_back():
    placed.send()
    assert heard == [1]
"""


def test_a_project_can_use_them(tmp_path: Path) -> None:
    """By one line in its conftest; each ends with its test."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_shop.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={"PYTHONPATH": HOME},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "4 passed" in done.stdout, done.stdout


def test_a_trace_lasts_as_long_as_the_fixture() -> None:
    """What the fixture does, in this process."""
    app = Flask("shop")
    app.testing = True
    fixture = fixtures.lifecycle_trace.__wrapped__()  # type: ignore[attr-defined]  # the function under the fixture
    begin = next(fixture)

    with pytest.raises(SetupError, match="needs a Lifecycle"):
        begin(app)

    Lifecycle(app)
    trace = begin(app)
    app.test_client().get("/")
    assert next(fixture, None) is None
    count = len(trace.steps)
    assert count
    app.test_client().get("/")
    assert len(trace.steps) == count


def test_signals_are_set_aside_as_long_as_the_fixture() -> None:
    """And brought back after it."""
    signals, heard = Signals(), list[object]()
    placed = signals.define("placed")
    placed.connect(heard.append)
    fixture = fixtures.isolated_signals.__wrapped__()  # type: ignore[attr-defined]  # the function under the fixture
    next(fixture)(signals)
    placed.send("a")
    assert heard == []
    assert next(fixture, None) is None
    placed.send("b")
    assert heard == ["b"]
