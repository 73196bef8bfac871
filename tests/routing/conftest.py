"""One way to ask an application with a single rule."""

import typing as t
from collections.abc import Callable

import pytest
from flask import Flask
from flask import url_for
from werkzeug.routing import BaseConverter

from flask_toolkit.routing import Converters

Make = Callable[..., Flask]


@pytest.fixture(name="make")
def _make() -> Make:
    """Return a maker of apps: one view a rule, which answers with the repr."""

    def make(*rules: str, patterns: tuple[type[BaseConverter], ...] = ()) -> Flask:
        app = Flask("shop")
        Converters(app, patterns=patterns)

        for number, rule in enumerate(rules):
            app.add_url_rule(rule, f"e{number}", _answer)

        return app

    return make


def _answer(**values: t.Any) -> str:
    return ";".join(repr(value) for value in values.values())


@pytest.fixture(name="ask")
def _ask() -> Callable[[Flask, str], str]:
    """Return what the view got, or the status code of a refusal."""

    def ask(app: Flask, path: str) -> str:
        response = app.test_client().get(path)
        return response.text if response.status_code == 200 else response.status[:3]

    return ask


@pytest.fixture(name="build")
def _build() -> Callable[..., str]:
    """Return what ``url_for`` gives for the first rule."""

    def build(app: Flask, **values: t.Any) -> str:
        with app.test_request_context():
            return url_for("e0", **values)

    return build
