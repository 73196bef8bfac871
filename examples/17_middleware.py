r"""Middlewares that know when an answer has ended.

Run ``flask --app examples/17_middleware.py run``. Refusals are signed too:

    $ curl -s -i http://127.0.0.1:5000/admin
    HTTP/1.1 403 FORBIDDEN
    X-Answered-By: workshop
    $ curl -s -H 'X-Key: sesame' http://127.0.0.1:5000/admin
    welcome

A stream is noted after its last byte, long after its view:

    $ curl -s http://127.0.0.1:5000/count
    1-2-3
    $ curl -s http://127.0.0.1:5000/ended
    /admin 403, /admin 200, /count 200
"""

from wsgiref.headers import Headers

from flask import Flask
from werkzeug.exceptions import Forbidden

from flask_toolkit.middleware import Middleware
from flask_toolkit.middleware import MiddlewareStack
from flask_toolkit.middleware import Scope

ended: list[str] = []


class Workshop(Middleware):
    """Sign each answer, and note how it ended."""

    name = "workshop"

    def headers(self, scope: Scope, status: str, headers: Headers) -> None:
        """Add a header to each answer."""
        headers["X-Answered-By"] = "workshop"

    def finish(self, scope: Scope, exc: BaseException | None) -> None:
        """Note it after the last byte."""
        ended.append(f"{scope.path} {scope.status}")


class Door(Middleware):
    """Let those with a key pass."""

    name = "door"

    def before(self, scope: Scope) -> None:
        """Raise what becomes the answer."""
        if scope.environ.get("HTTP_X_KEY") != "sesame":
            raise Forbidden


app = Flask(__name__)
MiddlewareStack(app, use=[Workshop()]).use(Door(), path="/admin")
app.add_url_rule("/admin", "admin", lambda: "welcome\n")
app.add_url_rule("/count", "count", lambda: iter(["1-", "2-", "3\n"]))
app.add_url_rule("/ended", "ended", lambda: f"{', '.join(ended)}\n")
