from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest

if t.TYPE_CHECKING:
    from flask.testing import FlaskClient

SHOWCASE = Path(__file__).parents[2] / "examples" / "showcase"
TEMPLATES = sorted((SHOWCASE / "shop" / "templates").rglob("*.html"))
STYLES = SHOWCASE / "shop" / "static" / "shop.css"
XSS = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("' OR '1'='1", id="or"),
        pytest.param("'; DROP TABLE parts; --", id="drop"),
        pytest.param("%", id="like"),
        pytest.param("\x00", id="nul"),
        pytest.param("\ud800".encode("utf-8", "surrogatepass"), id="surrogate"),
    ],
)
def test_sql_in_the_search_is_text(client: FlaskClient, text: str | bytes) -> None:
    """It is looked for, finds nothing, and the parts are still there."""
    answer = client.get("/shop", query_string={"q": text, "category": text})

    assert answer.status_code == 200
    assert "Nothing found" in answer.text
    assert "Brass bell" in client.get("/shop").text


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("ada' --", id="comment"),
        pytest.param("' OR username = 'ada' --", id="or"),
        pytest.param('ada" --', id="double quote"),
    ],
)
def test_sql_in_the_login_is_text(
    client: FlaskClient, password: str, name: str
) -> None:
    """It names no user, not even with the right password."""
    form = {"username": name, "password": password}

    assert client.post("/login", data=form).status_code == 401


def test_markup_in_an_order_is_text(editor: FlaskClient) -> None:
    """A stored note is escaped on the account page."""
    editor.post("/shop/BRK-0042/order", data={"quantity": "1", "note": XSS})
    page = editor.get("/account").text

    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "<img" not in page


def test_markup_in_a_part_is_text(editor: FlaskClient) -> None:
    """What an editor entered is escaped for everyone, in the form too."""
    form = {"blurb": XSS, "price": "1", "stock": "1"}
    editor.post("/shop/BRK-0042/edit", data=form)

    for path in ("/shop/BRK-0042", "/shop/BRK-0042/edit"):
        page = editor.get(path).text
        assert "&lt;script&gt;" in page
        assert "<script" not in page


def test_markup_in_search_and_login_is_text(
    client: FlaskClient, editor: FlaskClient
) -> None:
    """What comes back into a field or the audit log cannot leave it."""
    found = client.get("/shop", query_string={"q": XSS}).text
    failed = client.post("/login", data={"username": XSS, "password": "x"}).text
    log = editor.get("/admin/audit").text

    for page in (found, failed, log):
        assert "<script" not in page
        assert "<img" not in page
        assert "&lt;script&gt;" in page


def test_no_page_allows_scripts(client: FlaskClient) -> None:
    """Pages, errors and files say so to the browser."""
    for path in ("/", "/nothing", "/static/shop.css"):
        headers = client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "script" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_body_that_is_too_large_is_refused(client: FlaskClient) -> None:
    """413 with a page of ours."""
    answer = client.post(
        "/login", data={"username": "x" * 70_000}, headers={"Accept": "text/html"}
    )

    assert answer.status_code == 413
    assert "That is too much" in answer.text


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.name))
def test_templates_trust_nothing(path: Path) -> None:
    """No filter or block turns escaping off, nothing is loaded from elsewhere."""
    text = path.read_text("utf-8")

    assert not re.search(r"\|\s*safe\b|autoescape|Markup", text)
    assert not re.search(r"(src|href|action)=[\"']?(https?:)?//", text)
    assert "<script" not in text
    assert not re.search(r"\sstyle=|\son[a-z]+=", text)


def test_styles_load_nothing() -> None:
    """The one stylesheet asks no other server."""
    text = STYLES.read_text("utf-8")

    assert not re.search(r"https?:|@import|url\(", text)


def test_the_templates_were_found() -> None:
    """The test above looks at something."""
    assert len(TEMPLATES) > 15
