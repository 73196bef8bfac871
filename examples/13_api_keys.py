r"""API keys: made once, shown once, stored as a hash, limited by scopes.

Run ``flask --app examples/13_api_keys.py run``, then ask:

    $ KEY=$(curl -s -X POST -d 'scope=read' http://127.0.0.1:5000/keys)
    $ curl -s -H "X-API-Key: $KEY" http://127.0.0.1:5000/orders
    orders of ada
    $ curl -s -i -X POST -H "X-API-Key: $KEY" http://127.0.0.1:5000/orders
    HTTP/1.1 403 FORBIDDEN
    $ curl -s -X DELETE -H "X-API-Key: $KEY" http://127.0.0.1:5000/keys
    withdrawn
    $ curl -s -o /dev/null -w '%{http_code}\n' -H "X-API-Key: $KEY" http://127.0.0.1:5000/orders
    401
"""

from flask import Flask
from flask import request

from flask_toolkit.guard import APIKey
from flask_toolkit.guard import APIKeyAuthenticator
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import new_api_key
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import scope

# A table in real life: what a key is found by, and what is stored of it.
KEYS: dict[str, APIKey[None]] = {}
app = Flask(__name__)
guard: LoginGuard[None] = LoginGuard(
    app, authenticators=[APIKeyAuthenticator(KEYS.get)]
)


@app.post("/keys")
@public(reason="only in this example; ask for via('session') and fresh()")
def make() -> str:
    """Make a key and show it; it cannot be shown again."""
    key, prefix, digest = new_api_key("shop")
    scopes = frozenset(request.form.getlist("scope"))
    KEYS[prefix] = APIKey(digest=digest, id="ada", scopes=scopes)
    return f"{key}\n"


@app.delete("/keys")
def withdraw() -> str:
    """Withdraw the key that was sent."""
    del KEYS[request.headers["X-API-Key"].partition(".")[0]]
    return "withdrawn\n"


@app.get("/orders")
@require(scope("read"))
def orders() -> str:
    """List the orders of whom the key stands for."""
    return f"orders of {guard.identity.id if guard.identity else ''}\n"


order = require(scope("write"))(lambda: "ordered\n")
app.add_url_rule("/orders", "order", order, methods=["POST"])
