"""Passwords: the same work and the same answer whatever is wrong."""

import sys
import typing as t

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from werkzeug.security import check_password_hash
from werkzeug.security import generate_password_hash

from flask_toolkit.errors import MissingExtraError
from flask_toolkit.guard import _passwords
from flask_toolkit.guard import hash_password
from flask_toolkit.guard import needs_rehash
from flask_toolkit.guard import verify_password

STORED = hash_password("right")
ARGON2 = hash_password("right", scheme="argon2")


@pytest.mark.parametrize("stored", [STORED, ARGON2], ids=["scrypt", "argon2"])
@pytest.mark.parametrize("scheme", ["scrypt", "argon2"])
def test_the_right_password_verifies_and_a_wrong_one_does_not(
    stored: str, scheme: t.Literal["scrypt", "argon2"]
) -> None:
    """The hash stands for one password only, whatever new hashes are made by."""
    assert verify_password(stored, "right", scheme=scheme)
    assert not verify_password(stored, "wrong", scheme=scheme)


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


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(None, id="unknown-user"),
        pytest.param("plain", id="no-hash"),
        pytest.param("$argon2", id="cut"),
        pytest.param("$argon2id$v=19$m=19456,t=2,p=1$x$y", id="malformed"),
        pytest.param(ARGON2.replace("m=19456", "m=4000000000"), id="impossible"),
        pytest.param(ARGON2[:-1] + "é", id="no-ascii"),
    ],
)
def test_with_argon2_the_dummy_is_one_of_it(
    stored: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody's password takes as long as somebody's, also by this scheme."""
    hashed: list[str] = []

    def check(stored: str, password: str) -> bool:
        hashed.append(stored)
        return original(stored, password)

    original = _passwords._is_argon2_of
    monkeypatch.setattr(_passwords, "_is_argon2_of", check)

    assert not verify_password(stored, "right", scheme="argon2")
    assert hashed[-1] == _passwords._DUMMY_ARGON2


def test_without_argon2_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash that cannot be checked is no wrong password."""
    monkeypatch.setitem(sys.modules, "argon2", None)
    _passwords._argon2.cache_clear()

    with pytest.raises(MissingExtraError, match=r"flask-toolkit\[argon2\]"):
        hash_password("x", scheme="argon2")

    with pytest.raises(MissingExtraError):
        verify_password(ARGON2, "right")

    assert verify_password(STORED, "right")


def test_the_dummy_costs_what_a_real_hash_costs() -> None:
    """Method and parameters of the dummy are those of new hashes."""
    method = STORED.partition("$")[0]

    assert _passwords._DUMMY.partition("$")[0] == method
    assert generate_password_hash("x").partition("$")[0] == method
    assert _passwords._DUMMY_ARGON2.startswith(ARGON2[: ARGON2.index("p=1$") + 4])
    assert len(_passwords._DUMMY_ARGON2) == len(ARGON2)


@pytest.mark.parametrize("password", ["p" * 4097, "\ud800"], ids=["long", "surrogate"])
def test_a_password_that_could_never_verify_is_not_hashed(password: str) -> None:
    """Storing it would lock its owner out."""
    with pytest.raises(ValueError, match="at most 4096 bytes"):
        hash_password(password)


def test_hashes_of_another_make_are_renewed() -> None:
    """A weaker or older method asks for a new hash."""
    assert not needs_rehash(STORED)
    assert not needs_rehash(ARGON2, scheme="argon2")
    assert needs_rehash(STORED, scheme="argon2")
    assert needs_rehash(ARGON2)
    assert needs_rehash(ARGON2.replace("t=2", "t=1"), scheme="argon2")
    assert needs_rehash(generate_password_hash("x", "pbkdf2:sha256:1"))
    assert verify_password(generate_password_hash("x", "pbkdf2:sha256:1"), "x")


@settings(max_examples=5, deadline=None)
@given(st.text(max_size=50))
def test_hash_round_trip(password: str) -> None:
    """Whatever can be hashed verifies."""
    assert verify_password(hash_password(password), password)
