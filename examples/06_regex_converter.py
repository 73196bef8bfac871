r"""Routes whose values match a pattern, in both directions.

Run ``flask --app examples/06_regex_converter.py run``, then ask:

    $ curl -s http://127.0.0.1:5000/shop/ABC-0042/1999
    ABC-0042 of 1999, next: /shop/ABC-0042/2000
    $ curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:5000/shop/abc-42/1999
    404

A pattern in which a slash is written takes several segments:

    $ curl -s http://127.0.0.1:5000/docs/how-to/routing.html
    page how-to/routing

A URL that could not be routed is never built:

    $ curl -s 'http://127.0.0.1:5000/link?code=../../admin'
    no URL for ../../admin
"""

from flask import Flask
from flask import request
from flask import url_for
from werkzeug.routing import BuildError

from flask_toolkit.routing import Converters
from flask_toolkit.routing import pattern

SKU = pattern("sku", r"[A-Z]{3}-\d{4}", examples=["ABC-0042"])
YEAR = pattern("year", r"[12]\d{3}", cast=int, examples=["1999"])

app = Flask(__name__)
Converters(app, patterns=[SKU, YEAR])  # before the routes


@app.get("/shop/<sku:code>/<year:y>")
def item(code: str, y: int) -> str:
    """Show an item; the year arrives as a number."""
    return f"{code} of {y}, next: {url_for('item', code=code, y=y + 1)}\n"


@app.get('/docs/<regex("[a-z/-]+"):page>.html')
def docs(page: str) -> str:
    """Show a page, which may stand in a folder."""
    return f"page {page}\n"


@app.get("/link")
def link() -> tuple[str, dict[str, str]]:
    """Try to build a URL from what the client sends."""
    code = request.args["code"]

    try:
        text = url_for("item", code=code, y=2026)
    except BuildError:
        text = f"no URL for {code}"

    return f"{text}\n", {"Content-Type": "text/plain"}
