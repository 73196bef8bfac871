"""A signed token issued and read, beside itsdangerous alone."""

from __future__ import annotations

import functools
import hashlib
import typing as t
from contextvars import copy_context

from flask import Flask
from itsdangerous import BadSignature
from itsdangerous import URLSafeTimedSerializer

from benchmarks.keys import SECRET
from benchmarks.model import Case
from benchmarks.model import Contestant
from benchmarks.model import expect
from benchmarks.model import Subject
from flask_toolkit.errors import SignedTokenError
from flask_toolkit.signing import SignedTokens

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.model import Role

__all__ = ["CASES"]

_HOUR = 3600


class Pair(t.NamedTuple):
    """How to make a token, and how to get its subject back."""

    issue: Callable[[], str]
    read: Callable[[str], str | None]
    """``None`` if the token is forged."""


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        SECRET,
        salt="reset",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )


def _subject_in(serializer: URLSafeTimedSerializer, token: str) -> str | None:
    try:
        payload: dict[str, str] = serializer.loads(token, max_age=_HOUR)
    except BadSignature:
        return None

    return payload["s"]


def limit() -> Pair:
    """Keep one serializer."""
    serializer = _serializer()
    return Pair(
        lambda: str(serializer.dumps({"s": "7"})),
        lambda token: _subject_in(serializer, token),
    )


def each_time() -> Pair:
    """Make a serializer whenever one is needed, as recipes do."""
    return Pair(
        lambda: str(_serializer().dumps({"s": "7"})),
        lambda token: _subject_in(_serializer(), token),
    )


def ours() -> Pair:
    """Keep one application's tokens."""
    app = Flask("shop")
    app.secret_key = SECRET
    # A context of its own: an application pushed here would stay for the others.
    context = copy_context()
    context.run(app.app_context().push)
    tokens: SignedTokens[t.Any] = SignedTokens("reset", max_age=_HOUR)

    def read(token: str) -> str | None:
        try:
            return context.run(tokens.read, token).subject
        except SignedTokenError:
            return None

    return Pair(lambda: context.run(tokens.issue, "7"), read)


def _checked(pair: Pair) -> Callable[[], None]:
    def check() -> None:
        token = pair.issue()
        expect(pair.read(token) == "7", token)
        expect(pair.read(f"x{token}") is None, "a forged token passed")

    return check


def issue(make: Callable[[], Pair]) -> Subject:
    """Issue a token."""
    pair = make()
    return Subject(pair.issue, _checked(pair))


def read(make: Callable[[], Pair]) -> Subject:
    """Read a token."""
    pair = make()
    token = pair.issue()
    return Subject(lambda: pair.read(token), _checked(pair))


_WAYS: tuple[tuple[str, Role, Callable[[], Pair]], ...] = (
    ("itsdangerous", "limit", limit),
    ("itsdangerous, made anew", "peer", each_time),
    ("ours", "ours", ours),
)


def _case(name: str, subject_of: Callable[[Callable[[], Pair]], Subject]) -> Case:
    return Case(
        suite="signing",
        name=name,
        contestants=tuple(
            Contestant(name=title, role=role, make=functools.partial(subject_of, make))
            for title, role, make in _WAYS
        ),
    )


CASES = [_case("issue", issue), _case("read", read)]
