"""A view behind an access token."""

from __future__ import annotations

import functools
import json
import time
import typing as t

from flask import Flask
from flask import request

from benchmarks.keys import SECRET
from benchmarks.model import Case
from benchmarks.model import Contestant
from benchmarks.model import module
from benchmarks.tokens import bearer
from benchmarks.tokens import decoded
from benchmarks.tokens import forged
from benchmarks.tokens import jwk
from benchmarks.tokens import keys
from benchmarks.tokens import LIFETIME
from benchmarks.tokens import signed
from benchmarks.tokens import verifier
from benchmarks.wsgi import served
from flask_toolkit.guard import LoginGuard
from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import JWTAuthenticator

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping

    from benchmarks.model import Role
    from benchmarks.model import Subject

__all__ = ["BUILDERS", "CASES", "Builder", "Protected"]

BODY = b"7"
REFUSED = ("", 401)


class Protected(t.NamedTuple):
    """An application with a page at ``/`` and a token that opens it."""

    app: Flask
    token: str


class Builder(t.NamedTuple):
    """A way to protect a page."""

    name: str
    role: Role
    make: Callable[[str], Protected]
    needs: Mapping[str, str] = {}


def _app(view: Callable[[], object]) -> Flask:
    app = Flask("shop")
    app.secret_key = SECRET
    app.add_url_rule("/", "page", t.cast("t.Any", view))
    return app


def bare(algorithm: str) -> Protected:
    """Protect nothing."""
    return Protected(_app(lambda: BODY), signed(algorithm))


def by_hand(algorithm: str) -> Protected:
    """Look at signature and expiry only, with nothing in between."""
    holds = verifier(algorithm)

    def page() -> object:
        given = request.environ.get("HTTP_AUTHORIZATION", "")
        text, _, signature = given.removeprefix("Bearer ").rpartition(".")

        if not text or not holds(text.encode(), decoded(signature)):
            return REFUSED

        claims = json.loads(decoded(text.partition(".")[2]))

        if claims["exp"] < time.time():
            return REFUSED

        return str(claims["sub"])

    return Protected(_app(page), signed(algorithm))


def pyjwt(algorithm: str) -> Protected:
    """Decode as the documentation of PyJWT shows it."""
    library = module("jwt")
    key = keys(algorithm)[1]

    def page() -> object:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")

        try:
            claims = library.decode(
                token, key, algorithms=[algorithm], audience="shop", issuer="shop"
            )
        except library.InvalidTokenError:
            return REFUSED

        return str(claims["sub"])

    return Protected(_app(page), signed(algorithm))


def joserfc(algorithm: str) -> Protected:
    """Decode and validate with joserfc, its key imported once."""
    library = module("joserfc.jwt")
    errors = module("joserfc.errors")
    key = jwk(algorithm)
    rules = library.JWTClaimsRegistry(
        iss={"essential": True, "value": "shop"},
        aud={"essential": True, "value": "shop"},
        exp={"essential": True},
    )

    def page() -> object:
        text = request.headers.get("Authorization", "").removeprefix("Bearer ")

        try:
            token = library.decode(text, key, algorithms=[algorithm])
            rules.validate(token.claims)
        except (errors.JoseError, ValueError):
            return REFUSED

        return str(token.claims["sub"])

    return Protected(_app(page), signed(algorithm))


def authlib(algorithm: str) -> Protected:
    """Let Authlib's ResourceProtector ask its validator of RFC 7523."""
    flask_oauth2 = module("authlib.integrations.flask_oauth2")
    validator = module("authlib.oauth2.rfc7523.validator")
    protector = flask_oauth2.ResourceProtector()
    protector.register_token_validator(
        validator.JWTBearerTokenValidator(jwk(algorithm), issuer="shop")
    )
    view = protector()(lambda: str(flask_oauth2.current_token["sub"]))
    token = signed(algorithm, client_id="web", grant_type="any", scope="")
    return Protected(_app(view), token)


def extended(algorithm: str) -> Protected:
    """Put ``jwt_required`` of Flask-JWT-Extended around the view."""
    library = module("flask_jwt_extended")
    app = _app(library.jwt_required()(lambda: str(library.get_jwt_identity())))
    private, public = keys(algorithm)
    app.config |= {
        "JWT_SECRET_KEY": SECRET,
        "JWT_ALGORITHM": algorithm,
        "JWT_PRIVATE_KEY": private,
        "JWT_PUBLIC_KEY": public,
        "JWT_ACCESS_TOKEN_EXPIRES": LIFETIME,
    }
    library.JWTManager(app)

    with app.app_context():
        token = library.create_access_token("7")

    return Protected(app, token)


def ours(algorithm: str) -> Protected:
    """Put ``required`` around the view; each request asks what was revoked."""
    return _ours(algorithm)


def ours_unasked(algorithm: str) -> Protected:
    """Do so without asking for revocation, as all the others here."""
    return _ours(algorithm, TOOLKIT_JWT_REVOCATION="rotation")


def ours_remembering(algorithm: str) -> Protected:
    """Do so with a memory of good signatures."""
    return _ours(algorithm, TOOLKIT_JWT_SIGNATURE_CACHE=1024)


def ours_by_secret(algorithm: str) -> Protected:
    """Use HS256, whatever the others use."""
    del algorithm
    return _ours("HS256")


def ours_guarded(algorithm: str) -> Protected:
    """Let a guard ask for the token, of each view."""
    return _ours(algorithm, decorated=False, guarded=True)


def ours_twice(algorithm: str) -> Protected:
    """Let a guard and the view ask."""
    return _ours(algorithm, guarded=True)


def _ours(
    algorithm: str, *, decorated: bool = True, guarded: bool = False, **settings: t.Any
) -> Protected:
    jwt: JWT[t.Any] = JWT()

    def page() -> str:
        return jwt.claims.sub

    app = _app(jwt.required(page) if decorated else page)

    if algorithm != "HS256":  # which signs by a key derived from SECRET_KEY
        app.config["TOOLKIT_JWT_KEY"] = keys(algorithm)[0]
        app.config["TOOLKIT_JWT_ALGORITHM"] = algorithm

    app.config |= {
        "TOOLKIT_JWT_ISSUER": "shop",
        "TOOLKIT_JWT_AUDIENCE": "shop",
        "TOOLKIT_JWT_ACCESS_LIFETIME": LIFETIME,
        **settings,
    }
    jwt.init_app(app)

    if guarded:
        LoginGuard(app, authenticators=[JWTAuthenticator(jwt, foreign=False)])

    with app.app_context():
        return Protected(app, jwt.create_access_token("7"))


BUILDERS = (
    Builder("bare Flask", "base", bare),
    Builder("by hand", "limit", by_hand),
    Builder("PyJWT", "peer", pyjwt),
    Builder("joserfc", "peer", joserfc, {"joserfc": "joserfc"}),
    Builder("Authlib", "peer", authlib, {"authlib": "authlib", "joserfc": "joserfc"}),
    Builder(
        "Flask-JWT-Extended",
        "peer",
        extended,
        {"flask_jwt_extended": "flask-jwt-extended"},
    ),
    Builder("ours", "ours", ours),
    Builder("ours, no revocation", "ours", ours_unasked),
)
# For keys that verify slowly; what it aims at is the price of a secret.
_CACHED = (
    Builder("ours, cache", "ours", ours_remembering),
    Builder("ours, HS256", "ours", ours_by_secret),
)
_GUARDED = (
    Builder("bare Flask", "base", bare),
    Builder("required", "ours", ours),
    Builder("guard", "ours", ours_guarded),
    Builder("guard and required", "ours", ours_twice),
)


def _open(builder: Builder, algorithm: str) -> Subject:
    app, token = builder.make(algorithm)
    refuses = [{}, bearer(forged(token)), bearer("no-token")]
    return served(
        app,
        headers=bearer(token),
        body=BODY,
        refuses=[] if builder.role == "base" else refuses,
    )


def _case(name: str, algorithm: str, builders: tuple[Builder, ...]) -> Case:
    needs = {} if algorithm == "HS256" else {"cryptography": "cryptography"}
    return Case(
        suite="jwt",
        name=name,
        contestants=tuple(
            Contestant(
                name=builder.name,
                role=builder.role,
                make=functools.partial(_open, builder, algorithm),
                needs={**needs, **builder.needs},
            )
            for builder in builders
        ),
    )


def _but(name: str, builders: tuple[Builder, ...]) -> tuple[Builder, ...]:
    return tuple(builder for builder in builders if builder.name != name)


CASES = [
    _case("HS256", "HS256", BUILDERS),
    _case("RS256", "RS256", BUILDERS + _CACHED),
    _case("ES256", "ES256", BUILDERS + _CACHED),
    # Authlib refuses EdDSA tokens.
    _case("EdDSA", "EdDSA", _but("Authlib", BUILDERS) + _CACHED),
    _case("guard", "HS256", _GUARDED),
]
