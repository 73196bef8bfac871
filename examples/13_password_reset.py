r"""A forgotten password: a signed link that shows a form and works once.

Run ``flask --app examples/13_password_reset.py run``, then ask (the link belongs
into a mail, and the answer must be the same for a name that nobody has):

    $ LINK=$(curl -s -d 'name=ada' http://127.0.0.1:5000/forgot)
    $ curl -s http://127.0.0.1:5000$LINK
    <form method=post><input name=password><button>Set it</button></form>
    $ curl -s -d 'password=analytical' http://127.0.0.1:5000$LINK
    The new password is set.
    $ curl -s -d 'password=of-a-thief' http://127.0.0.1:5000$LINK
    This link was used before. Ask for a new one if you still need it.
"""

import dataclasses

from flask import Flask
from flask import request
from flask import url_for

from flask_toolkit.errors import SignedTokenError
from flask_toolkit.guard import hash_password
from flask_toolkit.signing import SignedTokens


@dataclasses.dataclass
class User:
    """Somebody with a password."""

    id: str
    password: str


USERS = {"ada": User("ada", hash_password("love"))}
resets = SignedTokens[User]("reset", max_age=3600, state=lambda user: user.password)
app = Flask(__name__)
app.secret_key = "a real one comes from the configuration"  # noqa: S105  # it says so itself
app.register_error_handler(SignedTokenError, lambda e: (f"{e.description}\n", 400))


@app.post("/forgot")
def forgot() -> str:
    """Make the link."""
    user = USERS.get(request.form["name"])
    return url_for("form", token=resets.issue(user.id, user)) if user else ""


@app.get("/reset/<token>")
def form(token: str) -> str:
    """Show the form, which does not use the link up."""
    resets.read(token)
    return "<form method=post><input name=password><button>Set it</button></form>\n"


@app.post("/reset/<token>")
def reset(token: str) -> str:
    """Set the password; the new hash ends the link, as it was signed with the old."""
    user, _ = resets.consume(token, USERS.get)
    user.password = hash_password(request.form["password"])
    return "The new password is set.\n"
