"""What type checkers must see of ``flask_toolkit.jwt``; never run."""

import typing as t
from collections.abc import Mapping
from datetime import datetime
from datetime import timedelta
from datetime import UTC
from pathlib import Path

from blinker import NamedSignal
from flask import Flask
from flask import Request
from flask import Response

import flask_toolkit
from flask_toolkit.errors import AccessDeniedError
from flask_toolkit.errors import BadCredentialError
from flask_toolkit.errors import CrossOriginError
from flask_toolkit.errors import LoginRequiredError
from flask_toolkit.errors import StepUpRequiredError
from flask_toolkit.identity import Authenticator
from flask_toolkit.identity import Identity
from flask_toolkit.identity import resolve
from flask_toolkit.jwt import Claims
from flask_toolkit.jwt import create_access_token
from flask_toolkit.jwt import CSRFError
from flask_toolkit.jwt import get_claims
from flask_toolkit.jwt import header
from flask_toolkit.jwt import InsufficientScopeError
from flask_toolkit.jwt import InvalidRequestError
from flask_toolkit.jwt import Issuer
from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import jwt_required
from flask_toolkit.jwt import JWTAuthenticator
from flask_toolkit.jwt import JWTError
from flask_toolkit.jwt import JWTSettings
from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet
from flask_toolkit.jwt import Location
from flask_toolkit.jwt import StepUpError
from flask_toolkit.jwt import token_issued
from flask_toolkit.jwt import token_rejected
from flask_toolkit.jwt import token_reused
from flask_toolkit.jwt import token_revoked
from flask_toolkit.jwt import TokenExpiredError
from flask_toolkit.jwt import TokenInvalidError
from flask_toolkit.jwt import TokenMissingError
from flask_toolkit.jwt import TokenPair
from flask_toolkit.jwt import TokenReusedError
from flask_toolkit.jwt import TokenRevokedError
from flask_toolkit.jwt import TokenStore
from flask_toolkit.stores import MemoryStore


class User:
    pass


app = Flask("typing")
key = Key.load(b"secret", alg="HS256", kid="k")
t.assert_type(key, Key)
t.assert_type(Key.load({"kty": "oct"}), Key)
t.assert_type(Key.generate("ES256").public_jwk(), dict[str, t.Any])
t.assert_type(key.can_sign, bool)
Key.load(7)  # type: ignore[arg-type]

keys = KeySet(key, Key.generate())
t.assert_type(keys.sign({"sub": "7"}, typ="at+jwt"), str)
t.assert_type(
    keys.verify("a.b.c", max_size=10), tuple[Mapping[str, t.Any], Mapping[str, t.Any]]
)
t.assert_type(keys.jwks(), dict[str, t.Any])
t.assert_type([each.kid for each in keys], list[str])
keys.sign({}, "at+jwt")  # type: ignore[call-arg]  # keyword-only
remote = KeySet.remote(
    "https://id.example/keys",
    alg="RS256",
    ttl=timedelta(hours=1),
    cooldown=60,
    timeout=2.5,
)
t.assert_type(remote, KeySet)
t.assert_type(remote.remembering(1024), KeySet)

store: TokenStore = MemoryStore()
jwt = JWT[User](app, keys=keys, store=store, clock=lambda: 1.0)
plain: JWT[User] = JWT()
t.assert_type(JWT.by_default(), JWT[t.Any])
t.assert_type(jwt.settings_of(app), JWTSettings)
t.assert_type(jwt.settings_of(app).key_file, Path | None)
found = jwt.checks(app, jwt.settings_of(app), deploy=True)
t.assert_type([finding.id for finding in found], list[str])
jwt.checks(app, jwt.settings_of(app), True)  # type: ignore[call-arg]  # keyword-only
t.assert_type(jwt.user, User)
t.assert_type(jwt.user_or_none, User | None)
t.assert_type(jwt.claims, Claims)
t.assert_type(jwt.claims_or_none, Claims | None)


@jwt.user_loader
def load(claims: Claims) -> User | None:
    return User() if claims.sub else None


@plain.user_loader
async def load_later(_claims: Claims) -> User | None:
    return None


@jwt.user_loader  # type: ignore[arg-type]  # another user class
def load_wrong(_claims: Claims) -> str:
    return ""


@jwt.claims_loader
def extra(sub: str) -> Mapping[str, t.Any]:
    return {"name": sub}


@jwt.error_handler
def answer(error: JWTError) -> tuple[dict[str, str], int]:
    return {"error": error.error, "reason": error.reason}, error.code or 401


@jwt.required
def bare(number: int) -> dict[str, int]:
    return {"number": number}


@jwt.required(scope=["a"], max_age=300, optional=True, check=lambda c: c.sub == "7")
def scoped(number: int) -> dict[str, int]:
    return {"number": number}


@jwt_required
async def later(number: int) -> str:
    return str(number)


@jwt_required(typ="refresh+jwt", locations=["header", header("X", scheme=None)])
def other(number: int) -> str:
    return str(number)


t.assert_type(bare(1), dict[str, int])
t.assert_type(scoped(1), dict[str, int])
t.assert_type(other(1), str)
bare("1")  # type: ignore[arg-type]
scoped()  # type: ignore[call-arg]
jwt.required(scopes="a")  # type: ignore[call-overload]
jwt.required(locations=["query"])  # type: ignore[list-item]


async def wait() -> None:
    t.assert_type(await later(1), str)


def find(request: Request) -> str | None:
    return request.args.get("token")


location: Location = find
location = "cookie"
location = "query"  # type: ignore[assignment]

t.assert_type(jwt.authenticate(optional=True), Claims | None)
t.assert_type(jwt.issue("7", scope="a", auth_time=datetime.now(UTC)), TokenPair)
t.assert_type(jwt.create_access_token("7", lifetime=60, claims={"a": 1}), str)
t.assert_type(create_access_token("7", scope=("a",)), str)
t.assert_type(get_claims(), Claims)
t.assert_type(jwt.rotate(), TokenPair)
t.assert_type(jwt.rotate("token").to_dict(), dict[str, t.Any])
t.assert_type(jwt.verify("token", typ="at+jwt"), Claims)
t.assert_type(jwt.revoke(), None)
t.assert_type(jwt.revoke(jwt.claims), None)
t.assert_type(jwt.revoke_subject("7", issuer="them"), None)
t.assert_type(jwt.set_cookies(Response(), jwt.rotate()), Response)
t.assert_type(jwt.unset_cookies(Response()), Response)
jwt.issue(7)  # type: ignore[arg-type]
jwt.verify(b"token")  # type: ignore[arg-type]

claims = jwt.claims
t.assert_type(claims.sub, str)
t.assert_type(claims.exp, datetime)
t.assert_type(claims.iat, datetime | None)
t.assert_type(claims.auth_time, datetime | None)
t.assert_type(claims.aud, tuple[str, ...])
t.assert_type(claims.scope, frozenset[str])
t.assert_type(claims.sid, str | None)
t.assert_type(claims.jti, str | None)
t.assert_type(claims.iss, str | None)
t.assert_type(claims.header, Mapping[str, t.Any])
t.assert_type(claims.location, str | None)
claims["sub"] = "8"  # type: ignore[index]
claims.sub = "8"  # type: ignore[misc]

authenticator = JWTAuthenticator(jwt, location="cookie", foreign=False, load=load)
as_protocol: Authenticator[User] = authenticator


def who(request: Request) -> None:
    t.assert_type(resolve(request, authenticator), Identity[User] | None)


issuer = Issuer(keys=keys, audience="api", typ="JWT")
t.assert_type(issuer.audience, str | None)
Issuer(keys="https://id.example/keys")  # type: ignore[arg-type]  # for the settings
settings = JWTSettings(
    trusted_issuers={
        "a": issuer,
        "b": keys,
        "c": "https://id.example/keys",
        "d": {"jwks_uri": "https://id.example/keys", "typ": "JWT"},
    },
    jwks_path="/.well-known/jwks.json",
    signature_cache=1024,
)
t.assert_type(settings.issuers, Mapping[str, Issuer])

signals: list[NamedSignal] = [token_issued, token_rejected, token_revoked, token_reused]
expired: TokenInvalidError = TokenExpiredError("expired")
reused: TokenRevokedError = TokenReusedError("reused")
bad: BadCredentialError = expired
missing: LoginRequiredError = TokenMissingError("missing")
old: StepUpRequiredError = StepUpError("not-fresh")
denied: AccessDeniedError = InsufficientScopeError("scope-missing")
cross: CrossOriginError = CSRFError("csrf")
malformed: JWTError = InvalidRequestError("no-token")

t.assert_type(flask_toolkit.JWT[User]().user, User)
t.assert_type(flask_toolkit.jwt_required(bare)(1), dict[str, int])
