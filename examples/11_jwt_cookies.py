"""Tokens in cookies: no script reads them, no other site uses them.

Run ``flask --app examples/11_jwt_cookies.py run``, then ask. A browser names
the site that a request comes from; here curl says it:

    $ curl -s -c jar -X POST http://127.0.0.1:5000/session
    15 minutes
    $ curl -s -b jar http://127.0.0.1:5000/orders
    orders of ann
    $ curl -s -b jar -H "Origin: http://127.0.0.1:5000" -d n=7 http://127.0.0.1:5000/orders
    ordered
    $ curl -s -i -b jar -H "Origin: http://evil.example" -d n=7 http://127.0.0.1:5000/orders
    HTTP/1.1 403 FORBIDDEN
    $ curl -s -i -b jar -d n=7 http://127.0.0.1:5000/orders
    HTTP/1.1 403 FORBIDDEN
"""

from flask import Flask
from flask import request
from flask import Response

from flask_toolkit.jwt import JWT

app = Flask(__name__)
app.config.update(
    SECRET_KEY="only-for-this-example-0123456789",  # noqa: S106  # an example
    TOOLKIT_JWT_LOCATIONS=["header", "cookie"],
    TOOLKIT_JWT_COOKIE_SECURE=False,  # plain http here; leave it out in real life
)
jwt: JWT[str] = JWT(app)


@app.post("/session")
def sign_in() -> Response:
    """Start a session; a real one checks a password."""
    pair = jwt.issue("ann")
    return jwt.set_cookies(Response(f"{pair.expires_in // 60} minutes\n"), pair)


@app.post("/session/refresh")
def refresh() -> Response:
    """Renew both cookies; a request without a body brings the refresh cookie."""
    return jwt.set_cookies(Response("renewed\n"), jwt.rotate())


@app.route("/orders", methods=["GET", "POST"])
@jwt.required
def orders() -> str:
    """Show or take orders; what changes something must come from this site."""
    if request.method == "POST":
        return "ordered\n"

    return f"orders of {jwt.claims.sub}\n"
