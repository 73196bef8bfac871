from __future__ import annotations

import errno
import os
import re
import signal
import socket
import subprocess
import sys
import typing as t
from email.message import Message
from pathlib import Path

import pytest
from shop import create_app
from tour import _listen
from tour import main
from tour import StopError
from tour_steps import Answer
from tour_steps import CHAPTERS
from tour_steps import excerpt
from tour_steps import StepError

from flask_toolkit.guard import public

if t.TYPE_CHECKING:
    from flask import Flask

SHOWCASE = Path(__file__).parents[2] / "examples" / "showcase"
SCRIPT = str(SHOWCASE / "tour.py")
HELPERS = {
    "routing",
    "guard",
    "sessions",
    "signing",
    "jwt",
    "middleware",
    "signals",
    "config",
    "problems",
}


def start(*arguments: str, **variables: str) -> subprocess.Popen[str]:
    """Start the tour as a user does."""
    return subprocess.Popen(
        [sys.executable, SCRIPT, *arguments],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_every_helper_has_a_step() -> None:
    """The tour shows each helper at least once."""
    assert {chapter.helper for chapter in CHAPTERS} == HELPERS


def test_the_tour_passes(tmp_path: Path) -> None:
    """Exit 0, each helper named, 80 columns of ASCII, no noise, nothing left."""
    tour = start(
        "--once", "--port", "0", PYTHONIOENCODING="cp1252", TMPDIR=str(tmp_path)
    )
    out, err = tour.communicate(timeout=120)

    assert (tour.returncode, err) == (0, "")
    assert f"{len(CHAPTERS)} of {len(CHAPTERS)} steps ok" in out
    assert all(
        re.search(rf"\d\. {helper}: .* ok$", out, re.MULTILINE) for helper in HELPERS
    )
    # Where the tour differs from a shop that a user starts it says so.
    assert "ends the session (grace set to 0 s)" in out
    assert "a repeat within 10 s gets the same successor" in out
    assert out.isascii()
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out
    assert list(tmp_path.iterdir()) == []


def broken(change: t.Callable[[Flask], None]) -> t.Callable[..., Flask]:
    """Return a factory whose application has a fault."""

    def factory(*args: t.Any, **kwargs: t.Any) -> Flask:
        app = create_app(*args, **kwargs)
        change(app)
        return app

    return factory


def open_account(app: Flask) -> None:
    """Let nobody ask who is there."""
    app.before_request_funcs.clear()


def fail(app: Flask) -> None:
    """Raise in a view."""

    def view() -> str:
        raise RuntimeError("the shelf collapsed")

    # Without its mark the guard would close it.
    app.view_functions["catalogue.index"] = public(view)


def other_shape(app: Flask) -> None:
    """Answer JSON of another shape."""

    def view() -> list[str]:
        return []

    app.view_functions["api.token"] = public(view)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(open_account, "expected 303, got", id="guard off"),
        pytest.param(fail, "log: RuntimeError: the shelf collapsed", id="raises"),
        pytest.param(other_shape, "Error: ", id="other shape"),
    ],
)
def test_a_broken_application_fails(
    capsys: pytest.CaptureFixture[str], change: t.Callable[[Flask], None], said: str
) -> None:
    """Exit 1; the step says why, and what was logged."""
    assert main(["--once", "--port", "0"], broken(change)) == 1

    out = capsys.readouterr().out
    assert " FAIL" in out
    assert said in out
    assert "steps ok" in out


def test_a_busy_port_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1 with the port's number, no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["--once", "--port", str(port)]) == 1

    err = capsys.readouterr().err
    assert f"port {port}" in err
    assert "--port" in err


def test_a_port_that_is_none_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """70000 is no port."""
    assert main(["--once", "--port", "70000"]) == 1
    assert "port 70000" in capsys.readouterr().err


def test_the_next_free_port_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --port a busy one is passed over, until there is none left."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        busy = other.getsockname()[1]
        monkeypatch.setattr("tour.FIRST_PORT", busy)

        with _listen(None) as free:
            assert busy < free.getsockname()[1] < busy + 50

        monkeypatch.setattr("tour.TRIES", 1)

        with pytest.raises(StopError, match=f"port {busy} to {busy}"):
            _listen(None)


def test_a_bad_configuration_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 1 with the problem, no traceback."""
    monkeypatch.setenv("SHOP_LOW_STOCK", "many")

    assert main(["--once", "--port", "0"]) == 1
    assert "LOW_STOCK" in capsys.readouterr().err


def test_a_full_disk_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 1 where no temporary folder can be made, no traceback."""

    def refuse(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryDirectory", refuse)

    assert main(["--once", "--port", "0"]) == 1
    assert "no place for its data: No space left" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_stopped(tmp_path: Path, number: int) -> None:
    """Address and credentials stand there; stopping is clean and leaves nothing."""
    tour = start("--port", "0", TMPDIR=str(tmp_path))
    assert tour.stdout is not None
    lines: list[str] = []

    while "Ctrl-C" not in (lines or [""])[-1]:
        lines.append(tour.stdout.readline())
        assert lines[-1], "it ended by itself"

    text = "".join(lines)
    assert "http://127.0.0.1:" in text
    assert "ada (editor)" in text
    assert re.search(r"Password +[0-9a-f]{4}(-[0-9a-f]{4}){3}", text)

    tour.send_signal(number)
    out, err = tour.communicate(timeout=30)
    assert (tour.returncode, err) == (0, "")
    assert "Stopped." in out
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    """``| head`` ends it without a traceback and without a folder left."""
    tour = start("--port", "0", TMPDIR=str(tmp_path))
    assert tour.stdout is not None
    tour.stdout.close()
    assert tour.stderr is not None

    with tour.stderr as stream:
        assert stream.read() == ""

    assert tour.wait(timeout=30) == 1
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_tour_is_clean(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C between two steps ends without a traceback."""

    def interrupt(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("tour._reason", interrupt)

    assert main(["--once", "--port", "0"]) == 130
    assert "stopped" in capsys.readouterr().out


def answer(kind: str, text: str) -> Answer:
    """Return an answer of a content type."""
    headers = Message()
    headers["Content-Type"] = kind
    headers["Location"] = "/x"
    return Answer(status=303, reason="See Other", headers=headers, text=text)


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        pytest.param("Location", "Location: /x", id="header"),
        pytest.param("Total", "Total & 3", id="row"),
        pytest.param("missing", "(no 'missing' in it)", id="nothing"),
    ],
)
def test_excerpts_of_pages(show: str, expected: str) -> None:
    """The notes quote the header or the piece of a page that matters."""
    page = "<h1>Head</h1><tr class=x><td>Total &amp;</td>\n<td> 3</td></tr>"

    assert excerpt(answer("text/html", page), show) == expected


def test_excerpts_of_documents() -> None:
    """Of JSON they quote the member, also one that is not there."""
    document = answer("application/problem+json", '{"title": "Gone"}')

    assert excerpt(document, "title") == "title: Gone"
    assert excerpt(document, "other") == "other: None"


def test_an_answer_that_is_no_json() -> None:
    """It fails the step and not the tour."""
    with pytest.raises(StepError, match="not JSON"):
        answer("text/html", "<html>").json()


def test_colour_only_where_somebody_sees_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal, unless NO_COLOR is set."""
    from tour import Screen

    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    Screen(sys.stdout).line("text", "32")
    monkeypatch.setenv("NO_COLOR", "1")
    Screen(sys.stdout).line("text", "32")

    assert capsys.readouterr().out == "\x1b[32mtext\x1b[0m\ntext\n"
