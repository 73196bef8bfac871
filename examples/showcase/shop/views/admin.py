"""Pages for editors: what happened, how the shop is set up, who may do what."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask.globals import app_ctx

from flask_toolkit.guard import guard_map
from flask_toolkit.guard import require
from flask_toolkit.guard import role
from shop import audit
from shop import origins
from shop.extensions import middleware

admin = Blueprint("admin", __name__, url_prefix="/admin")

# On the blueprint: no view of this file can be added without the rule.
require(role("editor"))(admin)


@admin.get("/audit")
def log() -> str:
    """Show what the receivers of the signals wrote down."""
    return render_template("audit.html", entries=audit.latest())


@admin.get("/configuration")
def configuration() -> str:
    """Show each value, where it came from, and no secret."""
    return render_template("configuration.html", groups=origins.groups(app_ctx.app))


@admin.get("/request")
def journey() -> str:
    """Show what a request passes, and what each route asks of its caller."""
    app = app_ctx.app
    return render_template(
        "request.html", layers=middleware.describe(app), routes=guard_map(app)
    )
