r"""A manage.py: commands of Flask, of the toolkit and of the application.

Flask-Script does not import on today's Flask; its commands become functions of
``app.cli``. ``python examples/24_manage.py price 3`` prints a price, ``... toolkit
secret-key`` a key; ``... run`` serves the same price:

    $ curl -s http://127.0.0.1:5000/price/3
    3 bicycles, 1 day: 36.00
    $ curl -s http://127.0.0.1:5000/price/1?days=7
    1 bicycle, 7 days: 84.00
"""

import click
from flask import Flask
from flask import request

from flask_toolkit.cli import manage


def price(bicycles: int, days: int) -> str:
    """Say what some bicycles cost for some days."""
    what = f"{bicycles} bicycle{'s' * (bicycles != 1)}"
    return f"{what}, {days} day{'s' * (days != 1)}: {bicycles * days * 12:.2f}"


app = Flask(__name__)


@app.get("/price/<int:bicycles>")
def price_page(bicycles: int) -> str:
    """Answer over HTTP."""
    return price(bicycles, request.args.get("days", 1, int)) + "\n"


@app.cli.command("price")
@click.argument("bicycles", type=int)
@click.option("--days", default=1, show_default=True, help="How long.")
def price_command(bicycles: int, days: int) -> None:
    """Print the price of BICYCLES."""
    click.echo(price(bicycles, days))


if __name__ == "__main__":
    manage(lambda: app)
