"""The application and the request without their proxies."""

import pytest
from flask import Flask
from flask import request

from flask_toolkit._context import request_or_none
from flask_toolkit._context import the_app
from flask_toolkit._context import the_request


def test_the_objects_themselves() -> None:
    """They are what the proxies stand for."""
    app = Flask("shop")

    with app.test_request_context("/page"):
        assert the_app() is app
        assert the_request() is request_or_none()
        assert the_request() == request


def test_outside_of_a_request() -> None:
    """There is an application, and no request."""
    app = Flask("shop")

    with app.app_context():
        assert the_app() is app
        assert request_or_none() is None
        with pytest.raises(RuntimeError, match="outside of request context"):
            the_request()
