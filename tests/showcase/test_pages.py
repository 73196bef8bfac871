from __future__ import annotations

import re
import typing as t

import pytest
from shop import create_app

from flask_toolkit.guard import public

if t.TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

BROWSER = {"Accept": "text/html"}
JSON = {"Accept": "application/json"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("/", "What each page shows", id="home"),
        pytest.param("/developers", "The API in five commands", id="developers"),
        pytest.param("/shop", "Touring wheel", id="catalogue"),
        pytest.param("/shop?category=bells", "Commuter bell", id="category"),
        pytest.param("/shop/BRK-0042", "Disc rotor 160 mm", id="part"),
        pytest.param("/login", "User name", id="login"),
        pytest.param("/register", "Make an account", id="register"),
        pytest.param("/forgot", "Forgot your password?", id="forgot"),
    ],
)
def test_open_pages(client: FlaskClient, path: str, text: str) -> None:
    """A stranger sees the open pages."""
    answer = client.get(path, headers=BROWSER)

    assert answer.status_code == 200
    assert text in answer.text


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/account", id="account"),
        pytest.param("/account/confirm", id="confirm"),
        pytest.param("/account/devices", id="devices"),
        pytest.param("/account/password", id="password"),
        pytest.param("/shop/BRK-0042/edit", id="edit"),
        pytest.param("/admin/audit", id="audit"),
        pytest.param("/admin/configuration", id="configuration"),
        pytest.param("/admin/request", id="request"),
    ],
)
def test_closed_pages(client: FlaskClient, path: str) -> None:
    """A stranger is sent to the login page from every other page."""
    answer = client.get(path, headers=BROWSER)

    assert answer.status_code == 303
    assert answer.location.startswith("/login?next=")
    assert client.get(path, headers=JSON).status_code == 401


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("/account", "No orders yet", id="account"),
        pytest.param("/account/confirm", "Is it still you?", id="confirm"),
        pytest.param("/account/devices", "Your devices", id="devices"),
        pytest.param("/account/password", "Change your password", id="password"),
        pytest.param("/shop/BRK-0042", "Edit this part", id="part"),
        pytest.param("/shop/BRK-0042/edit", "Edit Disc rotor", id="edit"),
        pytest.param("/admin/audit", "logged-in", id="audit"),
        pytest.param("/admin/configuration", "LOW_STOCK", id="configuration"),
        pytest.param("/admin/request", "no_index", id="request"),
    ],
)
def test_pages_of_an_editor(editor: FlaskClient, path: str, text: str) -> None:
    """An editor sees every page."""
    answer = editor.get(path, headers=BROWSER)

    assert answer.status_code == 200
    assert text in answer.text


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/shop/BRK-0042/edit", id="edit"),
        pytest.param("/admin/audit", id="audit"),
        pytest.param("/admin/configuration", id="configuration"),
        pytest.param("/admin/request", id="request"),
    ],
)
def test_a_customer_is_no_editor(customer: FlaskClient, path: str) -> None:
    """A customer gets a 403 page where an editor gets in, and no link there."""
    answer = customer.get(path, headers=BROWSER)

    assert answer.status_code == 403
    assert "This is not open to you" in answer.text
    assert path not in customer.get("/shop/BRK-0042").text


def test_search_finds_by_text_and_number(client: FlaskClient) -> None:
    """The search looks at name, number and text, whatever the case."""
    assert "Brass bell" in client.get("/shop?q=PEDESTRIANS").text
    assert "Brass bell" in client.get("/shop?q=bel-0001").text
    assert "Brass bell" not in client.get("/shop?q=chain").text


def test_search_without_a_hit_says_so(client: FlaskClient) -> None:
    """An empty result offers the way back."""
    answer = client.get("/shop?q=unicycle&category=bells")

    assert "No part in “bells” matches “unicycle”" in answer.text
    assert "Show all parts" in answer.text


def test_every_part_number_links_to_a_page(client: FlaskClient) -> None:
    """What url_for() built, the route takes."""
    links = set(re.findall(r'href="(/shop/[^"?/]+)"', client.get("/shop").text))

    assert len(links) == 12
    assert {client.get(link).status_code for link in links} == {200}


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("brk-0042", id="lower case"),
        pytest.param("BRK-00420", id="too long"),
        pytest.param("BRK-\uff10\uff10\uff14\uff12", id="other digits"),
        pytest.param("XXX-0000", id="unknown"),
    ],
)
def test_what_is_no_part_number_is_a_404(client: FlaskClient, code: str) -> None:
    """The pattern refuses it, or the database does not know it."""
    assert client.get(f"/shop/{code}").status_code == 404


def test_an_unknown_category_is_none(client: FlaskClient) -> None:
    """All parts are shown, as the marked chip says; a search goes on within all."""
    page = client.get("/shop?category=nope").text

    assert '<a href="/shop" aria-current="true">All</a>' in page
    assert "Brass bell" in page
    assert "Touring wheel" in page
    assert "Brass bell" in client.get("/shop?category=nope&q=pedestrians").text


def test_an_order_is_stored_and_announced(editor: FlaskClient) -> None:
    """The order stands on the account page and in the audit log."""
    form = {"quantity": "2", "note": "in a box"}
    answer = editor.post("/shop/BRK-0042/order", data=form)
    account = editor.get("/account").text

    assert (answer.status_code, answer.location) == (303, "/account")
    assert "flash-success" in account
    assert "Thank you. Order 1 is on its way." in account
    assert "in a box" in account
    assert "€57.80" in account
    log = editor.get("/admin/audit").text
    assert "order 1: 2 x BRK-0042" in log
    assert answer.headers["X-Request-ID"] in log


@pytest.mark.parametrize(
    "quantity",
    [
        pytest.param("0", id="none"),
        pytest.param("-1", id="negative"),
        pytest.param("21", id="too many"),
        pytest.param("two", id="no number"),
    ],
)
def test_an_order_of_nonsense_is_refused(editor: FlaskClient, quantity: str) -> None:
    """The page says what would do, as an error message."""
    answer = editor.post(
        "/shop/BRK-0042/order", data={"quantity": quantity}, follow_redirects=True
    )

    assert "flash-error" in answer.text
    assert "Please order between 1 and 20." in answer.text
    assert "No orders yet" in editor.get("/account").text


def test_nobody_orders_what_is_sold_out(editor: FlaskClient) -> None:
    """409 as a page and as a problem document, and the shelf stays as it was."""
    order = {"quantity": "1"}
    page = editor.post("/shop/LGT-0016/order", data=order, headers=BROWSER)
    document = editor.post("/shop/LGT-0016/order", data=order, headers=JSON)

    assert page.status_code == document.status_code == 409
    assert "Sold out under your nose" in page.text
    assert document.get_json()["sku"] == "LGT-0016"
    assert document.get_json()["title"] == "Out of stock"
    assert document.get_json()["type"] == "https://shop.example/problems/out-of-stock"
    assert "No orders yet" in editor.get("/account").text


def test_an_editor_changes_a_part(editor: FlaskClient) -> None:
    """The new values stand on the page, the change in the log."""
    form = {"blurb": "New text", "price": "30.01", "stock": "2"}
    answer = editor.post("/shop/BRK-0042/edit", data=form, follow_redirects=True)

    assert "Disc rotor 160 mm was saved." in answer.text
    assert "New text" in answer.text
    assert "€30.01" in answer.text
    assert "Only 2 left" in answer.text
    assert "BRK-0042: price 30.01, stock 2" in editor.get("/admin/audit").text


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"blurb": " "}, id="no text"),
        pytest.param({"price": "nan"}, id="price is no number"),
        pytest.param({"price": "-3"}, id="price is negative"),
        pytest.param({"price": ""}, id="no price"),
        pytest.param({"stock": "1.5"}, id="stock is no integer"),
        pytest.param({"stock": "-1"}, id="stock is negative"),
    ],
)
def test_a_bad_change_is_refused(editor: FlaskClient, change: dict[str, str]) -> None:
    """The form comes back with an error; the part stays as it was."""
    form = {"blurb": "New text", "price": "30", "stock": "2"} | change
    answer = editor.post("/shop/BRK-0042/edit", data=form)

    assert answer.status_code == 422
    assert "flash-error" in answer.text
    assert "New text" not in editor.get("/shop/BRK-0042").text


def test_a_failure_has_a_page_without_its_text(
    instance: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """500 as a page and as a problem document with the id that the log has."""
    app = create_app(instance=instance)

    def view() -> str:
        raise RuntimeError("the shelf collapsed")

    app.view_functions["main.home"] = public(view)
    page = app.test_client().get("/", headers=BROWSER)
    document = app.test_client().get("/", headers=JSON)

    assert page.status_code == document.status_code == 500
    assert "Something broke on our side" in page.text
    assert page.headers["X-Request-ID"] in page.text
    assert "collapsed" not in page.text + document.text
    assert document.get_json()["error_id"] in caplog.text


def test_whose_login_it_is_stands_in_the_header(customer: FlaskClient) -> None:
    """The whole name where there is room, the short one on a phone."""
    header = customer.get("/shop").text.partition("</header>")[0]

    assert '<span class="wide">Sam Okafor</span>' in header
    assert '<span class="narrow">sam</span>' in header


def test_the_audit_page_folds_older_lines(editor: FlaskClient) -> None:
    """It shows fifteen and counts the others."""
    assert "older line" not in editor.get("/admin/audit").text

    for _ in range(15):
        editor.post("/shop/WHL-0032/order", data={"quantity": "1"})

    page = editor.get("/admin/audit").text
    shown, _, folded = page.partition("<details>")
    assert shown.count("order-placed") == 15
    assert "1 older line<" in folded
    assert "logged-in" in folded


def test_the_footer_names_the_request(client: FlaskClient) -> None:
    """Footer and header hold the same id, and each request has its own."""
    first, second = client.get("/"), client.get("/")

    assert first.headers["X-Request-ID"] in first.text
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]
    assert "Server-Timing" in first.headers


def test_search_engines_stay_out_of_the_pages_for_editors(client: FlaskClient) -> None:
    """The middleware stands below its path only, also around refusals."""
    assert client.get("/admin/audit").headers["X-Robots-Tag"] == "noindex"
    assert "X-Robots-Tag" not in client.get("/").headers


def test_the_request_page_shows_layers_and_rules(editor: FlaskClient) -> None:
    """The middleware in order, and what each route asks for."""
    text = editor.get("/admin/request").text

    assert text.index("request_id") < text.index("no_index")
    assert "role(&#34;editor&#34;) &amp; fresh(300)" in text
    assert "a shop window" in text
