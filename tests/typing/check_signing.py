"""Types of signed tokens as users see them; checked, never run."""

from datetime import datetime
from typing import assert_type

from flask import Request

from flask_toolkit.signing import sign_url
from flask_toolkit.signing import SIGNATURE
from flask_toolkit.signing import SignedTokens
from flask_toolkit.signing import TokenClaims
from flask_toolkit.signing import verify_url
from flask_toolkit.stores import MemoryStore
from flask_toolkit.stores import store_for


class User:
    password: str


def load(id: str) -> User | None:
    return None


def check(user: User, request: Request) -> None:
    tokens = SignedTokens[User](
        "reset", max_age=60, state=lambda user: user.password, store=store_for
    )
    assert_type(tokens.issue("7", user, plan="gold"), str)
    assert_type(tokens.read(request.args.get("token")), TokenClaims)
    assert_type(tokens.read("x").issued_at, datetime)
    assert_type(tokens.consume("x", load), tuple[User, TokenClaims])
    SignedTokens[User]("once", max_age=60, store=MemoryStore())

    assert_type(sign_url("file", expires=60, name="a.txt"), str)
    assert_type(verify_url(request), int)

    tokens.issue(7)  # type: ignore[arg-type]
    sign_url("file")  # type: ignore[call-arg]


parameter: str = SIGNATURE
