"""The open pages: what this is, and how programs talk to it."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template

from flask_toolkit.guard import public

main = Blueprint("main", __name__)


# Every address is closed until it says otherwise. The reason is for the people
# who review what is open.
@main.get("/")
@public(reason="the front page")
def home() -> str:
    """Show what there is to see."""
    return render_template("home.html")


@main.get("/developers")
@public(reason="how to use the API")
def developers() -> str:
    """Show the API in five commands."""
    return render_template("developers.html")
