"""Passwords: the same work and the same answer whatever is wrong."""

import typing as t

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from werkzeug.security import check_password_hash
from werkzeug.security import generate_password_hash

from flask_toolkit.guard import _passwords
from flask_toolkit.guard import hash_password
from flask_toolkit.guard import needs_rehash
from flask_toolkit.guard import verify_password

STORED = hash_password("right")


def test_the_right_password_verifies_and_a_wrong_one_does_not() -> None:
    """The hash stands for one password only."""
    assert verify_password(STORED, "right")
    assert not verify_password(STORED, "wrong")


@pytest.mark.parametrize(
    ("stored", "given_password"),
    [
        pytest.param(None, "right", id="unknown-user"),
        pytest.param("", "right", id="empty"),
        pytest.param("plain", "plain", id="no-hash"),
        pytest.param("md5$salt$00", "x", id="unknown-method"),
        pytest.param("scrypt:a:b:c$salt$00", "x", id="malformed-parameters"),
        pytest.param("scrypt:3:8:1$salt$00", "x", id="impossible-parameters"),
        pytest.param(STORED, "r" * 4097, id="too-long"),
        pytest.param(STORED, "\ud800", id="surrogate"),
        pytest.param(STORED, t.cast("str", None), id="no-text"),
    ],
)
def test_what_cannot_verify_costs_one_hash(
    stored: str | None, given_password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Enumeration: an unknown user or a broken hash takes as long as a known one."""
    hashed: list[str] = []

    def check(pwhash: str, password: str) -> bool:
        hashed.append(pwhash)
        return original(pwhash, password)

    original = check_password_hash
    monkeypatch.setattr(_passwords, "check_password_hash", check)

    assert not verify_password(stored, given_password)
    assert hashed[-1] == _passwords._DUMMY


def test_the_dummy_costs_what_a_real_hash_costs() -> None:
    """Method and parameters of the dummy are those of new hashes."""
    method = STORED.partition("$")[0]

    assert _passwords._DUMMY.partition("$")[0] == method
    assert generate_password_hash("x").partition("$")[0] == method


@pytest.mark.parametrize("password", ["p" * 4097, "\ud800"], ids=["long", "surrogate"])
def test_a_password_that_could_never_verify_is_not_hashed(password: str) -> None:
    """Storing it would lock its owner out."""
    with pytest.raises(ValueError, match="at most 4096 bytes"):
        hash_password(password)


def test_hashes_of_another_make_are_renewed() -> None:
    """A weaker or older method asks for a new hash."""
    assert not needs_rehash(STORED)
    assert needs_rehash(generate_password_hash("x", "pbkdf2:sha256:1"))
    assert verify_password(generate_password_hash("x", "pbkdf2:sha256:1"), "x")


@settings(max_examples=5, deadline=None)
@given(st.text(max_size=50))
def test_hash_round_trip(password: str) -> None:
    """Whatever can be hashed verifies."""
    assert verify_password(hash_password(password), password)
