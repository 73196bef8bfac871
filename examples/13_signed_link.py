r"""A signed link opens one page to whoever has it, for a while.

Run ``flask --app examples/13_signed_link.py run``, then ask:

    $ LINK=$(curl -s http://127.0.0.1:5000/share/7)
    $ curl -s http://127.0.0.1:5000$LINK
    invoice 7
    $ curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:5000/invoices/7
    403
    $ curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:5000$LINK&page=2
    403
"""

from flask import Flask

from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import signed
from flask_toolkit.signing import sign_url

app = Flask(__name__)
app.secret_key = "a real one comes from the configuration"  # noqa: S105  # it says so itself
LoginGuard(app)


@app.get("/share/<int:number>")
@public(reason="only in this example; in real life a signed-in owner makes links")
def share(number: int) -> str:
    """Make a link that lives for a week."""
    return f"{sign_url('invoice', expires=7 * 86400, number=number)}\n"


@app.get("/invoices/<int:number>")
@require(signed)
def invoice(number: int) -> str:
    """Show the invoice: this one, and not the next."""
    return f"invoice {number}\n"
