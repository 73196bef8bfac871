"""Register, log in, log out, prove it again, and the account."""

from __future__ import annotations

import typing as t

from flask import Blueprint
from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import session
from flask import url_for

from flask_toolkit.guard import public
from shop import orders
from shop import users
from shop.extensions import guard
from shop.extensions import jwt
from shop.pages import device_name
from shop.signals import registered

if t.TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

auth = Blueprint("auth", __name__)


@auth.route("/login", methods=["GET", "POST"])
@public(reason="where people log in")
def login() -> ResponseReturnValue:
    """Ask who it is, then go where the visitor wanted to go."""
    if request.method == "GET":
        return render_template("login.html")

    user = users.check(
        request.form.get("username", ""), request.form.get("password", "")
    )

    if user is None:
        # One text for both: which of the two was wrong is nobody's business.
        flash("That name and password do not belong together.", "error")
        return render_template("login.html"), 401

    _welcome(user, remember="remember" in request.form)
    flash(f"Welcome back, {user.name}.", "success")
    # ``next`` from the address, if it is a page of this site: never a redirect
    # to somewhere else.
    return redirect(guard.next_url(url_for(".account")), 303)


@auth.route("/register", methods=["GET", "POST"])
@public(reason="where people make an account")
def register() -> ResponseReturnValue:
    """Make an account, and log its owner in."""
    if request.method == "GET":
        return render_template("register.html")

    username = request.form.get("username", "").strip()
    name = request.form.get("name", "").strip()[: users.MAX_NAME]
    password = request.form.get("password", "")
    problem = users.problem_of(password)

    if not (users.USERNAME.fullmatch(username) and name):
        problem = "Give your name, and a user name of 2 to 32 letters and digits."

    user = None if problem else users.create(username, name, password)

    if user is None:
        flash(problem or "That user name is taken.", "error")
        return render_template("register.html"), 422

    registered.send(username=user.username)
    _welcome(user, remember=False)
    flash(f"Welcome, {user.name}.", "success")
    return redirect(guard.next_url(url_for(".account")), 303)


@auth.post("/logout")
def logout() -> ResponseReturnValue:
    """Log this device out. A POST, so that no image or link can do it."""
    guard.logout()
    flash("You are logged out.", "info")
    return redirect(url_for("main.home"), 303)


@auth.get("/account")
def account() -> str:
    """Show the account. No decorator: a page is guarded unless it opens itself."""
    return render_template(
        "account.html", orders=orders.of_user(guard.user), identity=guard.identity
    )


@auth.post("/account/programs/end")
def end_programs() -> ResponseReturnValue:
    """End all tokens of the user, those of a lost phone among them."""
    jwt.revoke_subject(str(guard.user.id))
    flash("Every program has to log in again.", "success")
    return redirect(url_for(".account"), 303)


@auth.route("/account/confirm", methods=["GET", "POST"])
def confirm() -> ResponseReturnValue:
    """Ask for the password once more, where a page wants a fresh proof."""
    if request.method == "GET":
        return render_template("confirm.html")

    user = users.check(guard.user.username, request.form.get("password", ""))

    if user is None:
        flash("That is not your password.", "error")
        return render_template("confirm.html"), 401

    guard.confirm()
    return redirect(guard.next_url(url_for(".account")), 303)


def _welcome(user: users.User, *, remember: bool) -> None:
    guard.login(user, remember=remember)
    # For the list of devices; what a browser says of itself is no more than that.
    session["device"] = device_name(request.user_agent.string)
