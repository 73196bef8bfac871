"""The corpus of redirects in a real browser: nobody is led away (fact 10)."""

from __future__ import annotations

import json
import typing as t
from urllib.parse import quote

import pytest
from flask import Flask
from flask import redirect
from flask import request

from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import safe_next
from tests.services import served

from .test_policy import HARMLESS
from .test_policy import HOSTILE

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services import Browser

pytestmark = pytest.mark.browser
PAGE = '<!doctype html><title>A page</title><link rel="icon" href="data:,"><a>x</a>'
FORM = f'{PAGE}<form method="post"><input name="id" value="7"></form>'
SENT = [text for text in HARMLESS if len(text) < 2000]
# A lone surrogate cannot be sent.
LURES = [text for text in HOSTILE if text and "\ud800" not in text]

# An address as a link of the page, and whether it leads away from here.
LEAVES = """%s.filter(target => {
    const link = document.querySelector("a");
    link.setAttribute("href", target);
    return link.origin !== location.origin;
})"""
SIGN_IN = """Promise.all(%s.map(async target => {
    const body = new URLSearchParams({id: "7"});
    const path = "/login?next=" + target;
    const answer = await fetch(path, {method: "POST", body});
    return answer.url;
}))"""


def encoded(target: str) -> str:
    """Return a target as a query carries it."""
    return quote(target, safe="")


@pytest.fixture(name="address", scope="module")
def _address() -> Iterator[str]:
    """Serve a guarded site where each path is a page."""
    app = Flask("shop", root_path="/nowhere", static_folder=None)
    app.secret_key = "k" * 32
    guard = LoginGuard[str](app, login_view="sign_in")
    guard.user_loader(lambda id: id)
    guard.id_of(str)

    @app.get("/")
    @app.get("/<path:rest>")
    @public
    def page(rest: str = "") -> str:
        return PAGE

    @app.get("/go")
    @public
    def go() -> t.Any:
        return redirect(safe_next(request.args.get("to"), "/home"))

    @app.route("/login", methods=["GET", "POST"])
    def sign_in() -> t.Any:
        if request.method == "GET":
            return FORM

        guard.login(request.form["id"])
        return redirect(guard.next_url("/home"), 303)

    with served(app) as address:
        yield address


def test_an_accepted_link_stays_and_the_corpus_is_dangerous(
    browser: Browser, address: str
) -> None:
    """What passes is of this origin; much of what is refused leads away."""
    accepted = [text for text in (*HARMLESS, *LURES) if safe_next(text, "")]

    with browser.open(address) as page:
        assert page.evaluate(LEAVES % json.dumps(accepted)) == []
        leading_away = page.evaluate(LEAVES % json.dumps(LURES))

    assert accepted == HARMLESS
    assert len(leading_away) > 20
    assert {"//e", "/\\e", "/\t/e", "\x1f/\\e", " //e"} <= set(leading_away)


@pytest.mark.parametrize("target", SENT, ids=ascii)
def test_a_redirect_to_an_accepted_target_stays(
    browser: Browser, address: str, target: str
) -> None:
    """The browser goes where the target says, and that is here."""
    with browser.open(f"{address}/go?to={encoded(target)}") as page:
        assert page.evaluate("location.origin") == address
        assert page.evaluate("location.pathname") != "/home"


def test_no_refused_target_is_followed(browser: Browser, address: str) -> None:
    """Each sign-in with a hostile ``next`` ends at the default page."""
    targets = json.dumps([encoded(text) for text in LURES])

    with browser.open(address) as page:
        ends = page.evaluate(SIGN_IN % targets)

    assert len(ends) == len(LURES)
    assert set(ends) == {f"{address}/home"}


@pytest.mark.parametrize(
    ("target", "end"),
    [
        pytest.param("/cart?x=1#y", "/cart?x=1#y", id="own-page"),
        pytest.param("//evil.example", "/home", id="scheme-relative"),
        pytest.param("/\t/evil.example", "/home", id="tab"),
    ],
)
def test_a_form_that_is_sent_leads_back(
    browser: Browser, address: str, target: str, end: str
) -> None:
    """A person signs in: origin check, cookie and way back, all of them real."""
    with browser.open(f"{address}/login?next={encoded(target)}") as page:
        page.follow("document.forms[0].submit()")

        assert page.evaluate("location.href") == address + end
