"""The application, the request and its context without their proxies."""

import importlib.util
import typing as t
from unittest import mock

import pytest
from flask import Flask
from flask import globals as flask_globals
from flask import request

from flask_toolkit import _context
from flask_toolkit._context import request_or_none
from flask_toolkit._context import the_app
from flask_toolkit._context import the_context
from flask_toolkit._context import the_request


def test_the_objects_themselves() -> None:
    """They are what the proxies stand for."""
    app = Flask("shop")

    with app.test_request_context("/page"):
        assert the_app() is app
        assert the_request() is request_or_none()
        assert the_request() == request
        assert the_context().request is the_request()


def test_outside_of_a_request() -> None:
    """There is an application, and no request."""
    app = Flask("shop")

    with app.app_context():
        assert the_app() is app
        assert request_or_none() is None
        with pytest.raises(RuntimeError, match="request"):
            the_request()
        with pytest.raises(RuntimeError, match="request"):
            _ = the_context().request


def _loaded_again() -> t.Any:
    spec = importlib.util.spec_from_file_location("context_again", _context.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_where_a_request_has_no_context_of_its_own() -> None:
    """Flask 3.2: the one of the application, and nothing asks for the old name.

    It would answer there with a warning, which is an error here.
    """
    with mock.patch.dict(vars(flask_globals)):
        vars(flask_globals).pop("request_ctx", None)
        merged = _loaded_again()

    with Flask("shop").test_request_context("/page"):
        assert merged.request_ctx is flask_globals.app_ctx
        assert merged.the_context() is flask_globals.app_ctx._get_current_object()
        assert merged.the_request() is the_request()
