"""``flask toolkit signals``: what is sent, and who listens."""

import json
import subprocess
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask import request_started
from flask.cli import ScriptInfo

from flask_toolkit.cli import toolkit
from flask_toolkit.signals import Signals

Run = Callable[..., subprocess.CompletedProcess[str]]


class _Listener:
    def __call__(self, sender: object, **fields: object) -> None:
        raise NotImplementedError


def _ask(create_app: Callable[[], Flask], *arguments: str) -> t.Any:
    obj = ScriptInfo(create_app=create_app)
    return CliRunner().invoke(toolkit, ["signals", *arguments], obj=obj)


def _rows(create_app: Callable[[], Flask], *arguments: str) -> list[dict[str, t.Any]]:
    rows: list[dict[str, t.Any]] = json.loads(
        _ask(create_app, "--json", *arguments).stdout
    )
    return rows


def test_signals_are_listed_with_those_who_listen() -> None:
    """Name, fields, receiver, how long it stays, and its place."""

    def create_app() -> Flask:
        app = Flask("shop")
        signals = Signals(app)

        def ordered(number: int, *, paid: bool) -> None:
            raise NotImplementedError

        signal = signals.define("ordered", ordered)
        signals.define("unheard")

        @signal.connect(app=app)
        def count(sender: object, number: int) -> None:
            raise NotImplementedError

        return app

    rows = {row["signal"]: row for row in _rows(create_app)}

    assert rows["ordered"]["fields"] == ["number", "paid"]
    assert rows["ordered"]["receiver"].endswith("count")
    assert rows["ordered"]["lifetime"] == "shop"
    assert rows["unheard"]["receiver"] == ""
    assert [row["signal"] for row in _rows(create_app, "--listened")] == ["ordered"]


def test_signals_of_flask_are_listed_without_the_part() -> None:
    """Their receivers for this application, and no other one's."""
    apps = [Flask("shop"), Flask("other")]

    def listen(sender: object, **fields: object) -> None:
        raise NotImplementedError

    listener = _Listener()
    request_started.connect(listen, apps[0])
    request_started.connect(listener, apps[0])

    ours = _rows(lambda: apps[0], "--listened")

    where = {row["receiver"].rpartition(".")[2]: row["where"] for row in ours}
    assert {row["signal"] for row in ours} == {"request-started"}
    assert f"{Path(__file__).name}:" in where["listen"]
    assert where["_Listener"] == ""
    assert _rows(lambda: apps[1], "--listened") == []


def test_signals_of_the_parts_are_listed() -> None:
    """Of those that the application has imported."""
    import flask_toolkit.guard

    names = {row["signal"] for row in _rows(lambda: Flask("shop"))}

    assert flask_toolkit.guard.logged_in.name in names
    assert "template-rendered" in names


def test_places_are_relative_where_they_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines get short enough to be read."""
    app = Flask("shop")

    def listen(sender: object, **fields: object) -> None:
        raise NotImplementedError

    request_started.connect(listen, app)
    monkeypatch.chdir(Path(__file__).parent)

    [row] = _rows(lambda: app, "--listened")

    assert row["where"].startswith(f"{Path(__file__).name}:")


def test_a_table_has_a_line_a_receiver(run: Run, folder: Path) -> None:
    """From the entry point, in 80 columns."""
    (folder / "shop.py").write_text(
        "from flask import Flask, request_started\n"
        "app = Flask('shop')\n"
        "def listen(sender, **fields): ...\n"
        "request_started.connect(listen, app)\n"
    )

    done = run("-m", "flask", "--app", "shop", "toolkit", "signals", "--listened")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "SIGNAL           FIELDS  RECEIVER  LIFETIME  WHERE\n"
        "request-started  -       listen    -         shop.py:3\n"
    )
