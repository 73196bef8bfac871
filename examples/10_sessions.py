r"""Sessions on the server: the cookie is an id, and devices can be logged out.

Run ``flask --app examples/10_sessions.py run``, then ask:

    $ curl -s -c JAR -d 'name=ada&device=phone' http://127.0.0.1:5000/login
    Hello ada
    $ curl -s -c JAR -d 'name=ada&device=laptop' http://127.0.0.1:5000/login
    Hello ada
    $ curl -s -b JAR http://127.0.0.1:5000/
    [{"device":"laptop","here":true},{"device":"phone","here":false}]
    $ curl -s -b JAR -X POST http://127.0.0.1:5000/log-out-others
    logged out: 1
"""

import typing as t

from flask import Flask
from flask import request
from flask import session

from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.sessions import ServerSession


class User(t.NamedTuple):
    """Somebody who may sign in."""

    id: str


app = Flask(__name__)
# One process; "sqlite:///store.db" and "redis://..." serve more than one.
app.config["TOOLKIT_STORE_URL"] = "memory://"
sessions = ServerSession(app)
guard = LoginGuard[User](app)
guard.user_loader(User)


@app.post("/login")
@public
def sign_in() -> str:
    """Sign anybody in; a real application asks for a password."""
    guard.login(User(request.form["name"]))
    session["device"] = request.form["device"]
    return f"Hello {guard.user.id}\n"


@app.get("/")
def devices() -> list[dict[str, t.Any]]:
    """List where the user is signed in, the latest first."""
    found = sessions.sessions_of(guard.user.id)
    return [{"device": i.data["device"], "here": i.current} for i in found]


@app.post("/log-out-others")
def log_out_others() -> str:
    """End all sessions of the user but this one."""
    return f"logged out: {sessions.delete_for(guard.user.id, keep_current=True)}\n"
