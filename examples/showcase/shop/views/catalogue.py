"""The catalogue: open to look at, closed to order from and to edit."""

from __future__ import annotations

import typing as t

from flask import abort
from flask import Blueprint
from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for

from flask_toolkit.guard import fresh
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import role
from shop import orders
from shop import parts
from shop.extensions import guard
from shop.signals import order_placed
from shop.signals import part_changed

if t.TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from shop.parts import Part

catalogue = Blueprint("catalogue", __name__, url_prefix="/shop")

MAX_QUANTITY = 20
MAX_NOTE = 200
MIN_PRICE = 0.01
MAX_PRICE = MAX_STOCK = 10_000


@catalogue.get("")
@public(reason="a shop window")
def index() -> str:
    """List the parts, all or those that were searched for."""
    text = request.args.get("q", "").strip()[:80]
    wanted = request.args.get("category", "")
    # An unknown one counts as none, for the search as for the page.
    category = wanted if wanted in parts.CATEGORIES else ""

    return render_template(
        "catalogue.html",
        text=text,
        category=category,
        categories=parts.CATEGORIES,
        parts=parts.search(text, category),
    )


# ``sku`` is the named pattern of parts.py: what does not look like a part
# number never gets here, it is a 404.
@catalogue.get("/<sku:code>")
@public(reason="a shop window")
def part(code: str) -> str:
    """Show one part; a stranger's link to the login leads back to it."""
    return render_template(
        "part.html",
        part=_part(code),
        max_quantity=MAX_QUANTITY,
        login_url=guard.login_url(),
    )


@catalogue.post("/<sku:code>/order")
def order(code: str) -> ResponseReturnValue:
    """Place an order. Nothing opens this view, so the guard asks who it is.

    There is no CSRF token in the form: the guard refuses a POST that a browser
    sends from another site.
    """
    wanted = _part(code)
    quantity = request.form.get("quantity", type=int)

    if quantity is None or not 0 < quantity <= MAX_QUANTITY:
        flash(f"Please order between 1 and {MAX_QUANTITY}.", "error")
        return redirect(url_for(".part", code=code), 303)

    note = request.form.get("note", "").strip()[:MAX_NOTE]
    number = orders.place(guard.user, wanted, quantity, note)
    order_placed.send(number=number, sku=code, quantity=quantity)

    flash(f"Thank you. Order {number} is on its way.", "success")
    return redirect(url_for("auth.account"), 303)


@catalogue.route("/<sku:code>/edit", methods=["GET", "POST"])
@require(role("editor"), fresh(300))
def edit(code: str) -> ResponseReturnValue:
    """Change a part: for editors who proved who they are in the last 5 minutes."""
    edited = _part(code)

    if request.method == "GET":
        return render_template("edit.html", part=edited)

    blurb = request.form.get("blurb", "").strip()[:MAX_NOTE]
    price = request.form.get("price", type=float)
    stock = request.form.get("stock", type=int)

    # Written so that "nan", which is a float too, fails the test.
    if not (blurb and price and MIN_PRICE <= price <= MAX_PRICE):
        flash("Give a text and a price between 0.01 and 10,000.", "error")
        return render_template("edit.html", part=edited), 422

    if stock is None or not 0 <= stock <= MAX_STOCK:
        flash("Give the stock as a whole number, 0 or more.", "error")
        return render_template("edit.html", part=edited), 422

    cents = round(price * 100)
    parts.change(code, blurb=blurb, cents=cents, stock=stock)
    part_changed.send(sku=code, cents=cents, stock=stock)

    flash(f"{edited.name} was saved.", "success")
    return redirect(url_for(".part", code=code), 303)


def _part(code: str) -> Part:
    return parts.get(code) or abort(404)
