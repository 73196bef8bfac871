"""Tokens: a login, a protected view, a scope and a logout.

Run ``flask --app examples/11_jwt.py run``, then ask. What
a token lacks is told, and a logout ends its whole session at once:

    $ curl -s -i http://127.0.0.1:5000/orders
    HTTP/1.1 401 UNAUTHORIZED
    WWW-Authenticate: Bearer realm="api"
    $ ACCESS=$(curl -s -d name=ann http://127.0.0.1:5000/login)
    $ curl -s -H "Authorization: Bearer $ACCESS" http://127.0.0.1:5000/orders
    orders of Ann
    $ curl -s -i -H "Authorization: Bearer $ACCESS" http://127.0.0.1:5000/prices
    HTTP/1.1 403 FORBIDDEN
    WWW-Authenticate: Bearer realm="api", error="insufficient_scope", scope="prices"
    $ curl -s -X POST -H "Authorization: Bearer $ACCESS" http://127.0.0.1:5000/logout
    bye
    $ curl -s -i -H "Authorization: Bearer $ACCESS" http://127.0.0.1:5000/orders
    HTTP/1.1 401 UNAUTHORIZED
"""

from flask import Flask
from flask import request

from flask_toolkit.jwt import JWT

USERS = {"ann": "Ann"}

app = Flask(__name__)
app.config["SECRET_KEY"] = "only-for-this-example-0123456789"  # noqa: S105  # an example
jwt: JWT[str] = JWT(app)
jwt.user_loader(lambda claims: USERS.get(claims.sub))


@app.post("/login")
def login() -> str:
    """Start a session; a real one checks a password and answers with both tokens."""
    pair = jwt.issue(request.form["name"], scope="orders")
    return f"{pair.access_token}\n"


@app.get("/orders")
@jwt.required
def orders() -> str:
    """Show who is asking."""
    return f"orders of {jwt.user}\n"


@app.get("/prices")
@jwt.required(scope="prices")
def prices() -> str:
    """Show what only some tokens open."""
    return "prices\n"


@app.post("/logout")
@jwt.required
def logout() -> str:
    """End the session of the token that was sent."""
    jwt.revoke()
    return "bye\n"
