r"""Several applications in one process, and sessions that stay apart.

Run ``flask --app examples/23_mounts.py run``. Each application has its own part of
the paths, and does not know of the other:

    $ curl -s http://127.0.0.1:5000/
    shop
    $ curl -s http://127.0.0.1:5000/blog/
    blog, at /blog/
    $ curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:5000/blog
    308

Both count visits in their sessions, each in its own cookie with its own key:

    $ curl -s -b jar -c jar http://127.0.0.1:5000/visit
    shop visit 1
    $ curl -s -b jar -c jar http://127.0.0.1:5000/blog/visit
    blog visit 1
    $ curl -s -b jar -c jar http://127.0.0.1:5000/visit
    shop visit 2

With one key for both the start would stop with a ``SetupError``.
"""

import secrets

from flask import Flask
from flask import session
from flask import url_for

from flask_toolkit.middleware import MiddlewareStack


def create(name: str) -> Flask:
    """Make an application that counts visits."""
    app = Flask(name)
    app.secret_key = secrets.token_bytes()
    app.config["SESSION_COOKIE_NAME"] = f"{name}_session"

    @app.get("/visit")
    def visit() -> str:
        session["visits"] = session.get("visits", 0) + 1
        return f"{name} visit {session['visits']}\n"

    return app


app, blog = create("shop"), create("blog")
app.add_url_rule("/", "index", lambda: "shop\n")
blog.add_url_rule("/", "index", lambda: f"blog, at {url_for('index')}\n")
MiddlewareStack(app).mount("/blog", blog)
