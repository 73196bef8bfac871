"""The shop as a visitor's browser shows it, over real HTTP."""

from __future__ import annotations

import re
import typing as t

import pytest

from tests.services import served

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from tests.services import Browser


@pytest.fixture(name="address")
def _address(app: Flask) -> Iterator[str]:
    with served(app) as address:
        yield address


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    ("path", "title"),
    [
        pytest.param("/", "Welcome", id="front"),
        pytest.param("/shop", "Parts", id="catalogue"),
        pytest.param("/login", "Log in", id="login"),
        pytest.param("/register", "Register", id="register"),
        pytest.param("/forgot", "Forgot your password", id="forgot"),
    ],
)
def test_a_page_is_shown_as_it_was_meant(
    address: str, browser: Browser, path: str, title: str, width: int
) -> None:
    """Its own policy blocks nothing of it, and a phone need not scroll sideways."""
    with browser.open(f"{address}{path}", width=width) as page:
        assert page.evaluate("document.title") == f"{title} · Tinker Street Cycles"
        assert page.console == []
        assert page.evaluate("document.styleSheets[0].cssRules.length") > 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_browser_logs_in_and_out(
    address: str, browser: Browser, password: str
) -> None:
    """What it says of the origin of a form, and does with cookies, is what we ask."""
    with browser.open(f"{address}/account") as page:
        assert page.evaluate("location.pathname") == "/login"

        page.follow(
            f"let [form] = document.querySelectorAll('main form');"
            f"form.username.value = 'ada'; form.password.value = '{password}';"
            f"form.querySelector('button').click()"
        )
        assert page.evaluate("location.pathname") == "/account"

        page.follow("document.querySelector('form[action=\"/logout\"] button').click()")
        assert page.evaluate("location.pathname") == "/"
        assert page.console == []


@pytest.mark.parametrize("width", [390, 1280])
def test_a_browser_looks_at_its_devices(
    address: str, browser: Browser, width: int
) -> None:
    """A newcomer's list fits, and the device is called what the browser is."""
    with browser.open(f"{address}/register?next=/account/devices", width=width) as page:
        page.follow(
            "let [form] = document.querySelectorAll('main form');"
            "form.elements.name.value = 'Tess'; form.username.value = 'tess';"
            "form.password.value = 'a bell for bicycles';"
            "form.querySelector('button').click()"
        )
        assert page.evaluate("location.pathname") == "/account/devices"
        assert "Chrome on Linux" in page.evaluate("document.body.innerText")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.console == []


def test_a_browser_may_use_the_mailed_link(
    address: str, browser: Browser, app: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page keeps its address to itself, and its form still counts as ours."""
    host = address.removeprefix("http://")
    app.test_client().post("/forgot", data={"username": "sam"}, headers={"Host": host})
    (link,) = re.findall(r"http\S+", capsys.readouterr().out)

    with browser.open(link) as page:
        page.follow(
            "let [form] = document.querySelectorAll('main form');"
            "form.password.value = 'a lamp for every bicycle';"
            "form.querySelector('button').click()"
        )
        assert page.evaluate("location.pathname") == "/login"
        assert "Your new password is set." in page.evaluate("document.body.innerText")
        assert page.console == []
