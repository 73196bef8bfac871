"""Derived keys: one secret, one purpose, no mixing."""

import re
import typing as t

import pytest
from flask import Flask

from flask_toolkit.errors import SetupError
from flask_toolkit.signing import signing_keys


def _app(secret: t.Any, fallbacks: t.Any = None) -> Flask:
    app = Flask("shop")
    app.config.update(SECRET_KEY=secret, SECRET_KEY_FALLBACKS=fallbacks)
    return app


def test_the_current_key_is_last() -> None:
    """Fallbacks come first, as itsdangerous wants them."""
    app = _app("new" * 8, ["old" * 8])

    assert signing_keys(app, "x") == [
        *signing_keys(_app("old" * 8), "x"),
        *signing_keys(_app(b"new" * 8), "x"),
    ]


def test_purposes_never_share_a_key() -> None:
    """A key of one purpose is no key of another, nor the secret itself."""
    app = _app("s" * 32)

    assert signing_keys(app, "jwt") != signing_keys(app, "epoch")
    assert signing_keys(app, "jwt") != [b"s" * 32]


def test_a_key_set_later_is_noticed() -> None:
    """Apps set the secret after the toolkit, and change it in tests."""
    app = _app("s" * 32)
    first = signing_keys(app, "x")
    app.secret_key = "t" * 32

    assert signing_keys(app, "x") != first
    assert signing_keys(app, "x") is not signing_keys(app, "x")


@pytest.mark.parametrize("secret", [None, "", b""], ids=["none", "text", "bytes"])
def test_a_missing_secret_says_how_to_make_one(secret: t.Any) -> None:
    """No key is derived from nothing."""
    with pytest.raises(SetupError, match="SECRET_KEY is not set"):
        signing_keys(_app(secret), "x")


@pytest.mark.parametrize(
    ("secret", "fallbacks", "message"),
    [
        pytest.param(123456789012, None, "SECRET_KEY must be text", id="number"),
        pytest.param("s" * 32, [5], "SECRET_KEY_FALLBACKS must be text", id="item"),
        pytest.param("s" * 32, [""], "SECRET_KEY_FALLBACKS must be text", id="empty"),
        pytest.param("s" * 32, "old", "must be a list of keys", id="text"),
        pytest.param("s" * 32, b"old", "must be a list of keys", id="bytes"),
    ],
)
def test_a_misread_key_is_refused(
    secret: t.Any, fallbacks: t.Any, message: str
) -> None:
    """Flask would take a fallback text letter by letter; we refuse it."""
    with pytest.raises(SetupError, match=re.escape(message)) as info:
        signing_keys(_app(secret, fallbacks), "x")

    assert "123456789012" not in str(info.value)
