"""Tokens without a request: made, verified, and refused."""

from __future__ import annotations

import base64
import contextvars
import functools
import hmac
import json
import secrets
import typing as t

from flask import Flask

from benchmarks.keys import SECRET
from benchmarks.model import Case
from benchmarks.model import Contestant
from benchmarks.model import expect
from benchmarks.model import module
from benchmarks.model import Subject
from benchmarks.tokens import claims
from benchmarks.tokens import forged
from benchmarks.tokens import keys
from benchmarks.tokens import LIFETIME
from benchmarks.tokens import signed
from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import TokenInvalidError

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.model import Role

__all__ = ["CASES"]

_DOTS = 2
_MEGABYTE = 1_000_000
_ALGORITHMS = ("HS256", "RS256", "ES256", "EdDSA")


def _app(algorithm: str) -> Flask:
    app = Flask("shop")
    app.secret_key = SECRET
    private, public = keys(algorithm)
    app.config |= {
        "JWT_SECRET_KEY": SECRET,
        "JWT_ALGORITHM": algorithm,
        "JWT_PRIVATE_KEY": private,
        "JWT_PUBLIC_KEY": public,
        "JWT_ACCESS_TOKEN_EXPIRES": LIFETIME,
        "TOOLKIT_JWT_KEY": private,
        "TOOLKIT_JWT_ALGORITHM": algorithm,
        "TOOLKIT_JWT_ISSUER": "shop",
        "TOOLKIT_JWT_AUDIENCE": "shop",
        "TOOLKIT_JWT_ACCESS_LIFETIME": LIFETIME,
    }
    return app


def _within(app: Flask) -> contextvars.Context:
    """Return a place where ``app`` is current, without others noticing."""
    context = contextvars.copy_context()
    context.run(app.app_context().push)
    return context


def _made(run: Callable[[], str]) -> Subject:
    def check() -> None:
        first, second = run(), run()
        expect(first.count(".") == _DOTS, first)
        expect(first != second, "the same token twice")

    return Subject(run, check)


def by_hand() -> Subject:
    """Write claims and signature, and nothing else."""
    secret = SECRET.encode()
    head = _encoded(b'{"alg":"HS256","typ":"at+jwt"}')
    dumps = json.JSONEncoder(separators=(",", ":")).encode

    def run() -> str:
        said = claims() | {"jti": secrets.token_urlsafe(16)}
        text = head + b"." + _encoded(dumps(said).encode())
        return (text + b"." + _encoded(hmac.digest(secret, text, "sha256"))).decode()

    return _made(run)


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def pyjwt(algorithm: str) -> Subject:
    """Encode as the documentation of PyJWT shows it."""
    encode = module("jwt").encode
    key, _ = keys(algorithm)

    def run() -> str:
        said = claims() | {"jti": secrets.token_urlsafe(16)}
        token: str = encode(said, key, algorithm, headers={"typ": "at+jwt"})
        return token

    return _made(run)


def extended(algorithm: str) -> Subject:
    """Call ``create_access_token`` of Flask-JWT-Extended."""
    library = module("flask_jwt_extended")
    app = _app(algorithm)
    library.JWTManager(app)
    return _made(functools.partial(_within(app).run, library.create_access_token, "7"))


def ours(algorithm: str) -> Subject:
    """Call ``create_access_token`` of ours."""
    app = _app(algorithm)
    jwt: JWT[t.Any] = JWT(app)
    return _made(functools.partial(_within(app).run, jwt.create_access_token, "7"))


def _create(algorithm: str) -> Case:
    needs = {} if algorithm == "HS256" else {"cryptography": "cryptography"}
    contestants = [
        Contestant(
            name="PyJWT",
            role="peer",
            make=functools.partial(pyjwt, algorithm),
            needs=needs,
        ),
        Contestant(
            name="Flask-JWT-Extended",
            role="peer",
            make=functools.partial(extended, algorithm),
            needs={**needs, "flask_jwt_extended": "flask-jwt-extended"},
        ),
        Contestant(
            name="ours",
            role="ours",
            make=functools.partial(ours, algorithm),
            needs=needs,
        ),
    ]

    if algorithm == "HS256":
        contestants.insert(0, Contestant(name="by hand", role="limit", make=by_hand))

    return Case(
        suite="tokens",
        name=f"create {algorithm}",
        contestants=tuple(contestants),
        # Flask-JWT-Extended reads the private key each time: 30 ms.
        rounds=200 if algorithm == "HS256" else 20,
    )


def _as_it_is(token: str) -> str:
    return token


def _megabyte(token: str) -> str:
    head, _, rest = token.partition(".")
    _, _, signature = rest.partition(".")
    return f"{head}.{'QUJD' * (_MEGABYTE // 4)}.{signature}"


def ours_verifies(algorithm: str, change: Callable[[str], str]) -> Subject:
    """Ask ``verify`` of ours, which looks at revocation too."""
    app = _app(algorithm)
    jwt: JWT[t.Any] = JWT(app)
    context = _within(app)
    token = change(context.run(jwt.create_access_token, "7"))

    def verify() -> object:
        try:
            return jwt.verify(token)
        except TokenInvalidError:
            return None

    return _judged(functools.partial(context.run, verify), change)


def pyjwt_verifies(algorithm: str, change: Callable[[str], str]) -> Subject:
    """Decode as the documentation of PyJWT shows it."""
    library = module("jwt")
    _, key = keys(algorithm)
    token = change(signed(algorithm))

    def verify() -> object:
        try:
            return library.decode(
                token, key, algorithms=[algorithm], audience="shop", issuer="shop"
            )
        except library.InvalidTokenError:
            return None

    return _judged(verify, change)


def _judged(verify: Callable[[], object], change: Callable[[str], str]) -> Subject:
    good = change is _as_it_is
    return Subject(verify, lambda: expect((verify() is not None) is good, verify()))


def _verify(algorithm: str) -> Case:
    needs = {} if algorithm == "HS256" else {"cryptography": "cryptography"}
    ways: list[tuple[str, Role, t.Any]] = [
        ("PyJWT", "peer", pyjwt_verifies),
        ("ours", "ours", ours_verifies),
    ]
    changes = {"": _as_it_is, ", forged": forged, ", 1 MB": _megabyte}
    return Case(
        suite="tokens",
        name=f"verify {algorithm}",
        contestants=tuple(
            Contestant(
                name=f"{name}{suffix}",
                role=role,
                make=functools.partial(make, algorithm, change),
                needs=needs,
            )
            for name, role, make in ways
            for suffix, change in changes.items()
        ),
    )


CASES = [
    _create("HS256"),
    _create("RS256"),
    *map(_verify, _ALGORITHMS),
]
