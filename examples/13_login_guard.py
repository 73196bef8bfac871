r"""Pages are closed until their author opens them.

Run ``flask --app examples/13_login_guard.py run``, then ask:

    $ curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:5000/
    401
    $ curl -s -i -H 'Accept: text/html' http://127.0.0.1:5000/
    Location: /login?next=/
    $ curl -s -i -c JAR -d 'name=ada&password=love' http://127.0.0.1:5000/login?next=/
    HTTP/1.1 303 SEE OTHER
    Location: /
    $ curl -s -b JAR http://127.0.0.1:5000/
    Hello ada
    $ curl -s -o /dev/null -w '%{http_code}\n' -b JAR http://127.0.0.1:5000/reports
    403
"""

import typing as t

from flask import Flask
from flask import redirect
from flask import request

from flask_toolkit.guard import hash_password
from flask_toolkit.guard import LoginGuard
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from flask_toolkit.guard import role
from flask_toolkit.guard import verify_password


class User(t.NamedTuple):
    """Somebody who may sign in."""

    id: str
    password: str
    roles: tuple[str, ...] = ()


USERS = {"ada": User("ada", hash_password("love"), roles=("author",))}
app = Flask(__name__)
app.secret_key = "a real one comes from the configuration"  # noqa: S105  # it says so itself
guard = LoginGuard[User](app, login_view="sign_in")
guard.user_loader(USERS.get)
app.add_url_rule("/", "home", lambda: f"Hello {guard.user.id}\n")
app.add_url_rule("/reports", "reports", require(role("editor"))(lambda: "reports\n"))
app.add_url_rule("/health", "health", public(lambda: "ok\n"))


@app.route("/login", methods=["GET", "POST"])
def sign_in() -> t.Any:
    """Show the form, or sign somebody in."""
    if request.method == "POST":
        user = USERS.get(request.form["name"])
        stored = user.password if user else None
        if verify_password(stored, request.form["password"]) and user:
            guard.login(user)
            return redirect(guard.next_url("/"), 303)

    return "<form method=post><input name=name><input name=password><button>Go</form>"
