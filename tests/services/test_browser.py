"""The browser without a window."""

import os
import signal
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask import request
from flask import Response

from tests.services import _browser
from tests.services import Browser
from tests.services import fixtures
from tests.services import served
from tests.services._finding import BROWSER
from tests.services._finding import Found

PAGE = """<!doctype html><title>A page</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width">
<p style="color: red">one</p><script src="/script.js"></script>"""
SCRIPT = """document.querySelector("p").textContent = "two";
console.log("hello", 7, {}); console.error("broken"); nowhere();"""

pytestmark = pytest.mark.browser


@pytest.fixture(name="address", scope="module")
def _address() -> Iterator[str]:
    """Serve a page whose style is blocked, a script, and what was sent along."""
    app = Flask(__name__)

    @app.get("/")
    def page() -> Response:
        policy = {"Content-Security-Policy": "default-src 'self'; img-src data:"}
        answer = Response(PAGE, headers=policy)
        answer.set_cookie("seen", "yes")
        return answer

    @app.get("/script.js")
    def script() -> Response:
        return Response(SCRIPT, mimetype="text/javascript")

    @app.get("/cookies")
    def cookies() -> Response:
        return Response(request.headers.get("Cookie", "none"), mimetype="text/plain")

    @app.get("/favicon.ico")
    def icon() -> Response:
        # A browser asks for it when it has the time, and tells if there is none.
        return Response(status=204)

    with served(app) as address:
        yield address


def test_a_page_is_read_after_its_scripts(browser: Browser, address: str) -> None:
    """What a visitor sees, not what was sent."""
    with browser.open(address) as page:
        assert "two</p>" in page.dom
        assert page.evaluate("document.title") == "A page"


def test_the_console_tells_what_went_wrong(browser: Browser, address: str) -> None:
    """Messages, errors that nobody caught, and what the browser blocked."""
    with browser.open(address) as page:
        logged, error, thrown, blocked = page.console

    assert logged == "log: hello 7 Object"
    assert error == "error: broken"
    assert thrown.startswith("ReferenceError: nowhere is not defined")
    assert blocked.startswith("error: Applying inline style violates")


def test_a_good_page_has_an_empty_console(browser: Browser, address: str) -> None:
    """So a test can claim that nothing went wrong."""
    with browser.open(f"{address}/cookies") as page:
        assert page.console == []


@pytest.mark.parametrize("width", [390, 1280])
def test_a_picture_has_the_size_of_the_window(
    browser: Browser, address: str, width: int, tmp_path: Path
) -> None:
    """A phone is narrower than a real window can be, and the page fits into it."""
    with browser.open(address, width=width, height=300) as page:
        page.screenshot(tmp_path / "page.png")
        assert page.evaluate("innerWidth") == width

    picture = (tmp_path / "page.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert struct.unpack(">II", picture[16:24]) == (width, 300)


def test_a_phone_does_what_the_page_says_of_its_viewport(
    browser: Browser, address: str
) -> None:
    """A page that says nothing is laid out as on a desk, and made smaller."""
    with browser.open(f"{address}/cookies", width=390) as page:
        assert page.evaluate("innerWidth") > 390


def test_a_link_is_followed(browser: Browser, address: str) -> None:
    """What is asked next is asked of the page that came."""
    with browser.open(address) as page:
        page.follow("location.assign('/cookies')")
        assert "seen=yes" in page.dom


def test_pages_share_no_cookies(browser: Browser, address: str) -> None:
    """Each test has a visitor of its own."""
    with browser.open(address) as first, browser.open(f"{address}/cookies") as second:
        assert first.evaluate("fetch('/cookies').then(a => a.text())") == "seen=yes"
        assert "none" in second.dom


@pytest.mark.parametrize(
    ("url", "message"),
    [
        pytest.param("http://127.0.0.1:2/", "net::ERR_", id="no-server"),
        pytest.param("no address", "invalid URL", id="no-address"),
    ],
)
def test_what_cannot_be_loaded_is_an_error(
    browser: Browser, url: str, message: str
) -> None:
    """No test takes the browser's own page of an error for ours."""
    with pytest.raises(RuntimeError, match=message):
        browser.open(url).__enter__()

    assert browser.events.keys() <= {""}


def test_a_browser_that_does_not_answer_is_ended(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests do not hang on it, and it leaves no profile."""
    other = Browser(browser.program)
    other.call("Browser.getVersion")
    os.kill(other.pid, signal.SIGSTOP)
    monkeypatch.setattr(_browser, "_PATIENCE", 0.05)

    with pytest.raises(RuntimeError, match="does not answer"):
        other.call("Browser.getVersion")

    other.close()
    assert not other.profile.exists()


def test_the_browser_that_was_found_is_used(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that a variable names as well, and it ends with the session."""
    found = Found(BROWSER.variable, address=browser.program)
    monkeypatch.setattr(fixtures, "find_once", lambda _: found)
    opened = fixtures.open_browser()
    other = next(opened)

    assert other.call("Browser.getVersion")["product"]
    assert other.profile.exists()
    assert next(opened, None) is None
    assert not other.profile.exists()
