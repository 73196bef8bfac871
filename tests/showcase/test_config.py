from __future__ import annotations

import html
import os
import re
import stat
import subprocess
import sys
import tomllib
import typing as t
from datetime import timedelta
from pathlib import Path

import pytest

from flask_toolkit.errors import ConfigError

if t.TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

SHOWCASE = Path(__file__).parents[2] / "examples" / "showcase"


def test_the_page_shows_origins(editor: FlaskClient) -> None:
    """Each value stands with the place that set it."""
    page = editor.get("/admin/configuration").text

    assert "settings.toml:" in page
    assert "secrets.toml" in page
    assert "Tinker Street Cycles" in page
    assert "TOOLKIT_JWT_ACCESS_LIFETIME" in page


def cells(page: str, key: str) -> list[str]:
    """Return the cells of a row of the page as text."""
    row = re.search(
        rf"<tr>\s*<td[^>]*><code>{re.escape(key)}</code>.*?</tr>", page, re.DOTALL
    )
    assert row is not None
    found = re.findall(r"<td[^>]*>(.*?)</td>", row[0], re.DOTALL)
    return [
        " ".join(html.unescape(re.sub("<[^>]+>", "", cell)).split()) for cell in found
    ]


@pytest.mark.parametrize(
    ("key", "value", "kind", "origin"),
    [
        pytest.param(
            "CURRENCY",
            "'EUR'",
            "str",
            "settings.toml:5 instead of the default",
            id="beats the schema",
        ),
        pytest.param(
            "MAX_CONTENT_LENGTH",
            "65536",
            "int",
            "settings.toml:13 instead of Flask's default",
            id="beats Flask",
        ),
        pytest.param(
            "TESTING",
            "True",
            "bool",
            "set by the tour or a test instead of Flask's default",
            id="override",
        ),
        pytest.param(
            "SECRET_KEY_FALLBACKS", "None", "none", "Flask's default", id="default"
        ),
        pytest.param(
            "PERMANENT_SESSION_LIFETIME",
            "31 d",
            "timedelta",
            "Flask's default",
            id="long",
        ),
        pytest.param(
            "TOOLKIT_JWT_ACCESS_LIFETIME",
            "10 min",
            "timedelta",
            "settings.toml:21",
            id="short",
        ),
        pytest.param("DEMO_PASSWORD", "********", "str", "secrets.toml:2", id="secret"),
    ],
)
def test_each_value_has_its_type_and_origin(
    editor: FlaskClient, key: str, value: str, kind: str, origin: str
) -> None:
    """In words that need no knowledge of the loader."""
    page = editor.get("/admin/configuration").text

    assert cells(page, key) == [key, value, kind, origin]


@pytest.mark.parametrize(
    ("length", "text"),
    [
        pytest.param({}, "0 s", id="none"),
        pytest.param({"seconds": 90}, "1 min 30 s", id="minutes and seconds"),
        pytest.param({"days": 14, "hours": 1}, "14 d 1 h", id="days and hours"),
        pytest.param({"milliseconds": 1500}, "1.5 s", id="fraction"),
        pytest.param({"seconds": -90}, "-1 min 30 s", id="negative"),
    ],
)
def test_lengths_of_time_are_readable(length: dict[str, int], text: str) -> None:
    """The largest units first, empty ones left out."""
    from shop.origins import duration

    assert duration(timedelta(**length)) == text


@pytest.mark.parametrize("value", [pytest.param(v, id=str(v)) for v in (-1, 101)])
def test_a_stock_beyond_the_limits_is_refused(instance: Path, value: int) -> None:
    """The constraint of the schema says what would fit."""
    from shop import create_app

    with pytest.raises(ConfigError, match="0-100"):
        create_app({"LOW_STOCK": value}, instance=instance)

    assert create_app({"LOW_STOCK": 100}, instance=instance).config["LOW_STOCK"] == 100


def test_the_page_shows_no_secret(app: Flask, editor: FlaskClient) -> None:
    """Neither secret stands in the page, whole or as a part of a row."""
    page = editor.get("/admin/configuration").text

    assert "********" in page
    assert app.config["SECRET_KEY"] not in page
    assert app.config["DEMO_PASSWORD"] not in page


def test_the_page_shows_what_code_set_later(app: Flask, editor: FlaskClient) -> None:
    """A key that no source gave stands there as code, an empty table too."""
    app.config["LATER"] = {}
    page = editor.get("/admin/configuration").text

    assert "LATER" in page
    assert "code app.config" in page


def test_a_variable_wins_and_is_typed(
    instance: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SHOP_LOW_STOCK beats the file, as a number."""
    from shop import create_app

    monkeypatch.setenv("SHOP_LOW_STOCK", "7")

    assert create_app(instance=instance).config["LOW_STOCK"] == 7


def test_all_problems_come_at_once(instance: Path) -> None:
    """Two bad values are two problems of one error."""
    from shop import create_app

    with pytest.raises(ConfigError, match="2 problems") as info:
        create_app({"LOW_STOCK": -1, "CURRENCY": "DM"}, instance=instance)

    assert {problem.key for problem in info.value.problems} == {"LOW_STOCK", "CURRENCY"}


def test_a_second_start_finds_the_data(instance: Path) -> None:
    """Secrets and orders outlive the process."""
    from shop import create_app

    first, second = create_app(instance=instance), create_app(instance=instance)

    assert first.config["SECRET_KEY"] == second.config["SECRET_KEY"]


def test_two_installations_share_no_secret(instance: Path, tmp_path: Path) -> None:
    """Each first start draws its own."""
    from shop import config

    other = config.prepare(tmp_path / "other")
    drawn = [
        tomllib.loads((folder / config.SECRETS).read_text("utf-8"))
        for folder in (instance, other)
    ]

    assert drawn[0].keys() == drawn[1].keys() == {"SECRET_KEY", "DEMO_PASSWORD"}
    assert drawn[0].values() != drawn[1].values()
    assert len(drawn[1]["SECRET_KEY"]) >= 32


def test_secrets_are_the_owners_alone(instance: Path) -> None:
    """File and folder have modes 0600 and 0700, and git ignores the folder."""
    paths = (instance / "secrets.toml", instance)

    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [0o600, 0o700]
    assert (instance / ".gitignore").read_text("utf-8") == "*\n"


def test_the_folder_comes_from_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SHOP_INSTANCE names it where nobody passes one."""
    from shop import config

    monkeypatch.setenv("SHOP_INSTANCE", str(tmp_path / "elsewhere"))

    assert config.prepare() == tmp_path / "elsewhere"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """The error names the folder and the way out."""
    from shop import create_app

    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match="cannot keep its data") as info:
        create_app(instance=tmp_path / "file" / "instance")

    assert "SHOP_INSTANCE" in str(info.value)


def test_a_folder_that_became_read_only(
    instance: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The start fails, not the first order."""
    from shop import create_app

    # Said, not done: for root every folder can be written.
    monkeypatch.setattr("os.access", lambda *_: False)

    with pytest.raises(ConfigError, match="read-only"):
        create_app(instance=instance)


def test_a_database_that_cannot_be_opened(instance: Path) -> None:
    """The error says so in the same way."""
    from shop import create_app

    (instance / "shop.db").unlink()
    (instance / "shop.db").mkdir()

    with pytest.raises(ConfigError, match="unable to open database file"):
        create_app(instance=instance)


def test_the_command_line_starts_it(tmp_path: Path) -> None:
    """``flask --app examples/showcase/shop`` finds the factory."""
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", str(SHOWCASE / "shop"), "routes"],
        env={**os.environ, "SHOP_INSTANCE": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert "/shop/<sku:code>" in done.stdout


def test_the_command_line_reports_without_a_traceback(tmp_path: Path) -> None:
    """A checkout that cannot be written ends in one message."""
    (tmp_path / "file").touch()
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", str(SHOWCASE / "shop"), "run"],
        env={**os.environ, "SHOP_INSTANCE": str(tmp_path / "file")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert "SHOP_INSTANCE" in done.stderr
    assert "Traceback" not in done.stderr
