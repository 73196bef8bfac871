"""Passwords: a forgotten one, and one that is to change."""

from __future__ import annotations

import typing as t

from flask import Blueprint
from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import session
from flask import url_for

from flask_toolkit.errors import SignedTokenError
from flask_toolkit.guard import fresh
from flask_toolkit.guard import public
from flask_toolkit.guard import require
from shop import mail
from shop import users
from shop.extensions import guard
from shop.signals import password_changed

if t.TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

passwords = Blueprint("passwords", __name__)


@passwords.route("/forgot", methods=["GET", "POST"])
@public(reason="who forgot the password is logged out")
def forgot() -> ResponseReturnValue:
    """Mail a link; the answer does not tell whether there is such a user."""
    if request.method == "GET":
        return render_template("forgot.html")

    user = users.find(request.form.get("username", ""))

    if user is not None:
        token = users.resets.issue(str(user.id), user)
        mail.send(user, url_for(".reset", token=token, _external=True))

    flash("If we know that name, a link is on its way. It works once.", "info")
    return redirect(url_for("auth.login"), 303)


@passwords.get("/reset/<token>")
@public(reason="the link in the mail is the proof")
def reset(token: str) -> ResponseReturnValue:
    """Show the form only: programs that look through mail open every link."""
    return _reset_form(token)


@passwords.post("/reset/<token>")
@public(reason="the link in the mail is the proof")
def reset_done(token: str) -> ResponseReturnValue:
    """Set the new password, once."""
    password = request.form.get("password", "")
    problem = users.problem_of(password)

    if problem:
        # The link is not used up: it can be tried again.
        flash(problem, "error")
        return _reset_form(token), 422

    user, _ = users.resets.consume(token, users.load)
    users.set_password(user, password)
    password_changed.send(username=user.username, how="by a mailed link")
    flash("Your new password is set. Log in with it.", "success")
    return redirect(url_for("auth.login"), 303)


@passwords.errorhandler(SignedTokenError)
def unusable(error: SignedTokenError) -> ResponseReturnValue:
    """Say what is wrong with the link, and offer another."""
    flash(error.description or "", "error")
    return render_template("forgot.html"), 400


@passwords.route("/account/password", methods=["GET", "POST"])
@require(fresh(300))
def change() -> ResponseReturnValue:
    """Change the password, for somebody who proved it in the last 5 minutes."""
    if request.method == "GET":
        return render_template("password.html")

    password = request.form.get("password", "")
    problem = users.problem_of(password)

    if problem:
        flash(problem, "error")
        return render_template("password.html"), 422

    # All logins end with the old password; this one begins anew.
    user = users.set_password(guard.user, password)
    guard.login(user, remember=session.permanent)
    password_changed.send(username=user.username, how="in the account")
    flash("Your new password is set. You are logged out everywhere else.", "success")
    return redirect(url_for("auth.account"), 303)


def _reset_form(token: str) -> str:
    owner = users.load(users.resets.read(token).subject)
    return render_template("reset.html", owner=owner)
