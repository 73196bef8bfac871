"""Refresh tokens: each works once, and a copy of one is noticed.

Run ``flask --app examples/11_jwt_refresh.py run``, then ask. The second use of
a refresh token ends the session, for the thief and for the owner:

    $ FIRST=$(curl -s -d name=ann http://127.0.0.1:5000/login)
    $ SECOND=$(curl -s -d refresh_token=$FIRST http://127.0.0.1:5000/refresh)
    $ ACCESS=$(curl -s -d refresh_token=$SECOND http://127.0.0.1:5000/access)
    $ curl -s -H "Authorization: Bearer $ACCESS" http://127.0.0.1:5000/orders
    orders of ann
    $ curl -s -i -d refresh_token=$FIRST http://127.0.0.1:5000/refresh
    HTTP/1.1 401 UNAUTHORIZED
    WWW-Authenticate: Bearer realm="api", error="invalid_token", ...
    $ curl -s -i -H "Authorization: Bearer $ACCESS" http://127.0.0.1:5000/orders
    HTTP/1.1 401 UNAUTHORIZED
    $ curl -s http://127.0.0.1:5000/alarms
    somebody has a copy of a token of ann
"""

from flask import Flask
from flask import request

from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import token_reused

app = Flask(__name__)
app.config["SECRET_KEY"] = "only-for-this-example-0123456789"  # noqa: S105  # an example
# By default a lost answer can be asked for again for ten seconds.
app.config["TOOLKIT_JWT_REUSE_INTERVAL"] = 0
jwt: JWT[str] = JWT(app)
alarms: list[str] = []


@token_reused.connect_via(app)
def note(_app: Flask, sub: str, **_: object) -> None:
    """Write down whose token came back."""
    alarms.append(f"somebody has a copy of a token of {sub}\n")


@app.post("/login")
def login() -> str:
    """Start a session; a real one checks a password and answers with both tokens."""
    return f"{jwt.issue(request.form['name']).refresh_token}\n"


app.add_url_rule(
    "/refresh", "refresh", lambda: jwt.rotate().refresh_token, methods=["POST"]
)
app.add_url_rule(
    "/access", "access", lambda: jwt.rotate().access_token, methods=["POST"]
)
app.add_url_rule(
    "/orders", "orders", jwt.required(lambda: f"orders of {jwt.claims.sub}\n")
)
app.add_url_rule("/alarms", "alarms", lambda: "".join(alarms))
