r"""Signals: typed payloads, receivers that stay, and an error that harms nobody.

Run ``flask --app examples/22_signals.py run``, then ask:

    $ curl -s -X POST http://127.0.0.1:5000/orders/42
    order 42: 2 receivers, 1 failed
    $ curl -s http://127.0.0.1:5000/audit
    order 42 placed in shop (request 1)
"""

from dataclasses import dataclass

from flask import Flask
from flask import request_started

from flask_toolkit.signals import Signals

signals = Signals()


@dataclass(frozen=True, kw_only=True)
class OrderPlaced:
    """The fields of the signal; type checkers hold every sending against them."""

    number: int


order_placed = signals.define("order-placed", OrderPlaced, doc="An order came in.")


def create_app() -> Flask:
    """Make a shop whose receivers live as long as it does."""
    signals.init_app(app := Flask("shop"))
    audit: list[str] = []
    seen: list[int] = []

    @signals.on(request_started, app)
    def count(sender: Flask) -> None:
        seen.append(1)

    @order_placed.connect(app=app, order=-1)
    def send_mail(sender: Flask, number: int) -> None:
        raise ConnectionError("the mail server is down")

    @order_placed.connect(app=app)
    def write_audit(sender: Flask, number: int) -> None:
        audit.append(f"order {number} placed in {sender.name} (request {len(seen)})\n")

    @app.post("/orders/<int:number>")
    def order(number: int) -> str:
        done = order_placed.send_robust(number=number)
        return f"order {number}: {len(done)} receivers, {len(done.errors)} failed\n"

    app.add_url_rule("/audit", view_func=lambda: "".join(audit))
    return app


app = create_app()
