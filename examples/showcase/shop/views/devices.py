"""Where a user is logged in, and how to end that from here."""

from __future__ import annotations

import typing as t

from flask import Blueprint
from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for

from shop.extensions import guard
from shop.extensions import sessions

if t.TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

devices = Blueprint("devices", __name__, url_prefix="/account/devices")


@devices.get("")
def index() -> str:
    """List the sessions of the user, the latest used first."""
    return render_template("devices.html", devices=sessions.sessions_of(_owner()))


@devices.post("/end")
def end() -> ResponseReturnValue:
    """Log one device out. Its handle is no secret, and only the owner's counts."""
    if sessions.end(_owner(), request.form.get("handle", "")):
        flash("That device is logged out.", "success")
    else:
        flash("That device was logged out already.", "info")

    return redirect(url_for(".index"), 303)


@devices.post("/end-others")
def end_others() -> ResponseReturnValue:
    """Log out all devices but this one."""
    number = sessions.delete_for(_owner(), keep_current=True)
    flash(f"Other devices that were logged out: {number}.", "success")
    return redirect(url_for(".index"), 303)


def _owner() -> str:
    return str(guard.user.id)
