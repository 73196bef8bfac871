"""The whole default toolkit, on a page that uses none of it."""

from __future__ import annotations

from flask import Flask

from benchmarks.model import Case
from benchmarks.model import Contestant
from benchmarks.model import Subject
from benchmarks.wsgi import served
from flask_toolkit import Toolkit

__all__ = ["CASES"]

BODY = b"hello"
SECRET = "only-for-benchmarks-0123456789-0123456789"  # noqa: S105  # not a secret


def page(*, toolkit: bool, secret: bool) -> Subject:
    """Return an application of one page."""
    app = Flask("shop")

    if secret:
        app.secret_key = SECRET

    if toolkit:
        Toolkit(app)

    app.add_url_rule("/", "page", lambda: BODY)
    return served(app, body=BODY, sends="X-Request-ID" if toolkit else None)


def _case(name: str, *, secret: bool) -> Case:
    return Case(
        suite="toolkit",
        name=name,
        contestants=(
            Contestant(
                name="bare Flask",
                role="base",
                make=lambda: page(toolkit=False, secret=secret),
            ),
            Contestant(
                name="Toolkit",
                role="ours",
                make=lambda: page(toolkit=True, secret=secret),
            ),
        ),
    )


CASES = [_case("no key", secret=False), _case("secret key", secret=True)]
