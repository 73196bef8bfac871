r"""Dates, amounts, lists and members of an enumeration in URLs.

Run ``flask --app examples/06_values_in_urls.py run``, then ask:

    $ curl -s http://127.0.0.1:5000/report/2027-01-15/9.90
    15 January 2027, above 9.90, the day before: /report/2027-01-14/9.90

Each value has one spelling; any other is no address:

    $ curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:5000/report/20270115/9.9
    404

A list is a tuple of values, each checked like one alone:

    $ curl -s http://127.0.0.1:5000/paint/green/12,-4,7
    GREEN on 3 walls, -4 first
    $ curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:5000/paint/mauve/12,x
    404

``flask --app examples/06_values_in_urls.py toolkit routes`` lists the routes with
their converters; with ``--check`` it looks for those that cannot work.
"""

from datetime import date
from datetime import timedelta
from decimal import Decimal
from enum import Enum

from flask import Flask
from flask import url_for

from flask_toolkit.routing import Converters
from flask_toolkit.routing import enum_converter


class Color(Enum):
    """What there is in stock; the values stand in URLs."""

    RED = "red"
    GREEN = "green"


app = Flask(__name__)
Converters(app, patterns=[enum_converter(Color)])  # before the routes


@app.get("/report/<date:day>/<decimal:limit>")
def report(day: date, limit: Decimal) -> str:
    """Show a day; both values arrive as what they mean."""
    before = url_for("report", day=day - timedelta(days=1), limit=limit)
    return f"{day:%d %B %Y}, above {limit}, the day before: {before}\n"


@app.get('/paint/<color:color>/<list(of="sint", max=20):walls>')
def paint(color: Color, walls: tuple[int, ...]) -> str:
    """Paint several walls, the lowest first."""
    return f"{color.name} on {len(walls)} walls, {min(walls)} first\n"
