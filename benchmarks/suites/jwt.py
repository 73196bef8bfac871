"""A view behind an access token, by HS256 and RS256."""

from __future__ import annotations

import base64
import functools
import hmac
import json
import time
import typing as t

from flask import Flask
from flask import request

from benchmarks.keys import private_pem
from benchmarks.keys import public_pem
from benchmarks.keys import SECRET
from benchmarks.model import Case
from benchmarks.model import Contestant
from benchmarks.model import module
from benchmarks.wsgi import served
from flask_toolkit.jwt import JWT

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping

    from benchmarks.model import Role
    from benchmarks.model import Subject

__all__ = ["BUILDERS", "CASES", "Protected", "bearer", "forged"]

BODY = b"7"
REFUSED = ("", 401)
_LIFETIME = 86400


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


def bearer(token: str) -> dict[str, str]:
    """Return the headers that carry a token."""
    return {"Authorization": f"Bearer {token}"}


def forged(token: str) -> str:
    """Return ``token`` with one character of its signature changed.

    One in the middle: the last has spare bits, at which some would refuse earlier.
    """
    signed, _, signature = token.rpartition(".")
    other = "B" if signature[9] == "A" else "A"
    return f"{signed}.{signature[:9]}{other}{signature[10:]}"


def _app(view: Callable[[], object]) -> Flask:
    app = Flask("shop")
    app.secret_key = SECRET
    app.add_url_rule("/", "page", t.cast("t.Any", view))
    return app


def _claims() -> dict[str, t.Any]:
    now = int(time.time())
    return {
        "iss": "shop",
        "sub": "7",
        "aud": "shop",
        "iat": now,
        "nbf": now,
        "exp": now + _LIFETIME,
        "jti": "0123456789abcdef0123456789abcdef",
        "sid": "fedcba9876543210fedcba9876543210",
    }


def _keys(algorithm: str) -> tuple[t.Any, t.Any]:
    """Return what signs and what verifies."""
    if algorithm == "HS256":
        return SECRET, SECRET

    return private_pem().decode(), public_pem().decode()


def _token(algorithm: str) -> str:
    token: str = module("jwt").encode(
        _claims(), _keys(algorithm)[0], algorithm, headers={"typ": "at+jwt"}
    )
    return token


def bare(algorithm: str) -> Protected:
    """Protect nothing."""
    return Protected(_app(lambda: BODY), _token(algorithm))


def by_hand(algorithm: str) -> Protected:
    """Look at signature and expiry only, with nothing in between."""
    holds = _verifier(algorithm)

    def page() -> object:
        given = request.environ.get("HTTP_AUTHORIZATION", "")
        signed, _, signature = given.removeprefix("Bearer ").rpartition(".")

        if not signed or not holds(signed.encode(), _decoded(signature)):
            return REFUSED

        claims = json.loads(_decoded(signed.partition(".")[2]))

        if claims["exp"] < time.time():
            return REFUSED

        return str(claims["sub"])

    return Protected(_app(page), _token(algorithm))


def _verifier(algorithm: str) -> Callable[[bytes, bytes], bool]:
    if algorithm == "HS256":
        secret = SECRET.encode()
        return lambda signed, signature: hmac.compare_digest(
            hmac.digest(secret, signed, "sha256"), signature
        )

    forms = module("cryptography.hazmat.primitives.serialization")
    padding = module("cryptography.hazmat.primitives.asymmetric.padding").PKCS1v15()
    sha256 = module("cryptography.hazmat.primitives.hashes").SHA256()
    invalid = module("cryptography.exceptions").InvalidSignature
    verify = forms.load_pem_public_key(public_pem()).verify

    def holds(signed: bytes, signature: bytes) -> bool:
        try:
            verify(signature, signed, padding, sha256)
        except invalid:
            return False

        return True

    return holds


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


def pyjwt(algorithm: str) -> Protected:
    """Decode as the documentation of PyJWT shows it."""
    library = module("jwt")
    key = _keys(algorithm)[1]

    def page() -> object:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")

        try:
            claims = library.decode(
                token, key, algorithms=[algorithm], audience="shop", issuer="shop"
            )
        except library.InvalidTokenError:
            return REFUSED

        return str(claims["sub"])

    return Protected(_app(page), _token(algorithm))


def joserfc(algorithm: str) -> Protected:
    """Decode and validate with joserfc, its key imported once."""
    library = module("joserfc.jwt")
    errors = module("joserfc.errors")
    key = _jwk(algorithm)
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

    return Protected(_app(page), _token(algorithm))


def _jwk(algorithm: str) -> t.Any:
    kinds = module("joserfc.jwk")
    kind = kinds.OctKey if algorithm == "HS256" else kinds.RSAKey
    return kind.import_key(_keys(algorithm)[1])


def authlib(algorithm: str) -> Protected:
    """Let Authlib's ResourceProtector ask its validator of RFC 7523."""
    flask_oauth2 = module("authlib.integrations.flask_oauth2")
    validator = module("authlib.oauth2.rfc7523.validator")
    protector = flask_oauth2.ResourceProtector()
    protector.register_token_validator(
        validator.JWTBearerTokenValidator(_jwk(algorithm), issuer="shop")
    )
    view = protector()(lambda: str(flask_oauth2.current_token["sub"]))
    token = _with_claims(algorithm, client_id="web", grant_type="any", scope="")
    return Protected(_app(view), token)


def _with_claims(algorithm: str, **claims: str) -> str:
    token: str = module("jwt").encode(
        _claims() | claims, _keys(algorithm)[0], algorithm
    )
    return token


def extended(algorithm: str) -> Protected:
    """Put ``jwt_required`` of Flask-JWT-Extended around the view."""
    library = module("flask_jwt_extended")
    app = _app(library.jwt_required()(lambda: str(library.get_jwt_identity())))
    private, public = _keys(algorithm)
    app.config |= {
        "JWT_SECRET_KEY": SECRET,
        "JWT_ALGORITHM": algorithm,
        "JWT_PRIVATE_KEY": private,
        "JWT_PUBLIC_KEY": public,
        "JWT_ACCESS_TOKEN_EXPIRES": _LIFETIME,
    }
    library.JWTManager(app)

    with app.app_context():
        token = library.create_access_token("7")

    return Protected(app, token)


def ours(algorithm: str) -> Protected:
    """Put ``required`` around the view; each request asks what was revoked."""
    return _ours(algorithm, "always")


def ours_unasked(algorithm: str) -> Protected:
    """Do so without asking for revocation, as all the others here."""
    return _ours(algorithm, "rotation")


def _ours(algorithm: str, revocation: str) -> Protected:
    jwt: JWT[t.Any] = JWT()
    app = _app(jwt.required(lambda: jwt.claims.sub))

    if algorithm != "HS256":  # which signs by a key derived from SECRET_KEY
        app.config["TOOLKIT_JWT_KEY"] = _keys(algorithm)[0]
        app.config["TOOLKIT_JWT_ALGORITHM"] = algorithm

    app.config |= {
        "TOOLKIT_JWT_ISSUER": "shop",
        "TOOLKIT_JWT_AUDIENCE": "shop",
        "TOOLKIT_JWT_ACCESS_LIFETIME": _LIFETIME,
        "TOOLKIT_JWT_REVOCATION": revocation,
    }
    jwt.init_app(app)

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


def _open(builder: Builder, algorithm: str) -> Subject:
    app, token = builder.make(algorithm)
    refuses = [{}, bearer(forged(token)), bearer("no-token")]
    return served(
        app,
        headers=bearer(token),
        body=BODY,
        refuses=[] if builder.role == "base" else refuses,
    )


def _case(algorithm: str) -> Case:
    needs = {} if algorithm == "HS256" else {"cryptography": "cryptography"}
    return Case(
        suite="jwt",
        name=algorithm,
        contestants=tuple(
            Contestant(
                name=builder.name,
                role=builder.role,
                make=functools.partial(_open, builder, algorithm),
                needs={**needs, **builder.needs},
            )
            for builder in BUILDERS
        ),
    )


CASES = [_case("HS256"), _case("RS256")]
