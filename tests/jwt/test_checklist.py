"""The security checklist (design section 7): a test for each line of a standard.

The first test reads the docstrings of this folder and says which line has none;
the others are those lines that no other file is about.
"""

import ast
import hashlib
import hmac
import itertools
import json
import re
import socket
import typing as t
from base64 import urlsafe_b64decode
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from flask import Flask
from flask import request
from flask import Response
from flask.testing import FlaskClient
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.test import TestResponse

from flask_toolkit.errors import ConfigError
from flask_toolkit.jwt import Issuer
from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet
from flask_toolkit.jwt import TokenInvalidError

from .conftest import encode
from .conftest import NOW

AnyJWT = JWT[t.Any]
Ask = Callable[..., TestResponse]
Raw = Callable[..., str]
THEIRS = Key.load(bytes(range(1, 33)), kid="theirs")
DAY = 86400
HOST = "https://shop.example"

LINES = {
    "8725": ["3.1", "3.2", "3.3", "3.5", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12"],
    "7518": ["3.2", "3.3"],
    "7519": ["4.1"],
    "9068": ["2.2", "4"],
    "6750": ["2.1", "2.2", "2.3", "3", "3.1"],
    "9110": ["11.1", "11.6.1"],
    "9470": ["3"],
    "9700": ["4.14.2"],
    "7638": ["3.1"],
    "7517": ["4", "8.5.1"],
    "9449": ["6.1"],
    "8705": ["3.1"],
    "9111": ["3.5"],
}
_NAMED = re.compile(r"RFC (\d{4}) sections? ((?:\d+(?:\.\d+)*(?:, | and | to )?)+)")
_NUMBER = re.compile(r"\d+(?:\.\d+)*")


def _named_in(path: Path) -> set[tuple[str, str]]:
    """Return the sections that the docstrings of tests name."""
    found: set[tuple[str, str]] = set()

    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            text = " ".join((ast.get_docstring(node) or "").split())

            for number, sections in _NAMED.findall(text):
                found.update((number, each) for each in _NUMBER.findall(sections))

    return found


def test_every_line_has_its_test() -> None:
    """A line is covered when the docstring of a test names its section."""
    named = set().union(*map(_named_in, Path(__file__).parent.glob("test_*.py")))
    lines = {(rfc, section) for rfc in LINES for section in LINES[rfc]}

    assert lines - named == set()


# ---- RFC 8725 3.1 to 3.3: algorithms


ALGORITHMS = ("HS256", "HS384", "HS512", "RS256", "PS256", "ES256", "ES384", "EdDSA")
GENERATED = {alg: Key.generate(alg) for alg in ALGORITHMS}
EVERY = KeySet(*GENERATED.values())


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("said", [*ALGORITHMS, "none", "NONE", "ES521", "Ed25519", ""])
def test_a_key_has_one_algorithm(alg: str, said: str) -> None:
    """RFC 8725 sections 3.1 and 3.2: only the header that names it passes.

    Whatever else the key set holds, and though the signature is good.
    """
    key = GENERATED[alg]
    signed = f"{encode({'alg': said, 'kid': key.kid})}.{encode({'sub': '7'})}"
    token = f"{signed}.{encode(key.sign(signed.encode()))}"

    if said == alg:
        assert EVERY.verify(token)[1] == {"sub": "7"}
    else:
        with pytest.raises(TokenInvalidError) as info:
            EVERY.verify(token)
        assert info.value.reason == "alg"


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_a_public_key_signs_nothing(app: Flask, clock: t.Any, alg: str) -> None:
    """RFC 8725 section 3.1: HMAC with what everybody knows, the classic forgery.

    With the published JWK as text and each value in it, and with or without kid.
    """
    key = GENERATED[alg]
    jwt: AnyJWT = JWT(app, keys=KeySet(key), clock=clock)
    app.get("/me")(jwt.required(lambda: jwt.claims.sub))
    client = app.test_client()
    jwk = key.public_jwk()

    for secret in (json.dumps(jwk), *map(str, jwk.values())):
        for head in ({"alg": "HS256", "kid": key.kid}, {"alg": "HS256"}):
            said = {"sub": "1", "exp": NOW + 60}
            signed = f"{encode({**head, 'typ': 'at+jwt'})}.{encode(said)}"
            tag = hmac.digest(secret.encode(), signed.encode(), hashlib.sha256)
            headers = {"Authorization": f"Bearer {signed}.{encode(tag)}"}
            assert client.get("/me", headers=headers).status_code == 401


def test_encrypted_and_nested_tokens_are_refused(ask: Ask, jwt: AnyJWT) -> None:
    """RFC 8725 section 3.3: nothing is taken of which not every layer is checked."""
    head = {"alg": "dir", "enc": "A256GCM", "typ": "at+jwt"}
    nested = {"alg": "RSA-OAEP", "enc": "A256GCM", "cty": "JWT"}

    for each in (head, nested):
        token = f"{encode(each)}..{encode(b'iv')}.{encode(b'text')}.{encode(b'tag')}"
        assert ask(token).status_code == 401


@pytest.mark.parametrize(
    ("alg", "curve"), [("ES256", "P-256"), ("ES384", "P-384"), ("ES512", "P-521")]
)
def test_signatures_have_one_form(alg: str, curve: str) -> None:
    """RFC 8725 section 3.3: zeros, DER and other lengths are no ECDSA signature."""
    key = Key.generate(alg)
    assert key.public_jwk()["crv"] == curve
    token = KeySet(key).sign({"sub": "7"}, typ="at+jwt")
    signed = token.rpartition(".")[0].encode()
    good = key.sign(signed)
    half = len(good) // 2
    r, s = int.from_bytes(good[:half]), int.from_bytes(good[half:])

    assert key.verify(signed, good)
    for bad in (
        b"",
        bytes(len(good)),
        good[:half],
        good + b"\0",
        b"\0" + good,
        encode_dss_signature(r, s),
    ):
        assert not key.verify(signed, bad)


# ---- RFC 8725 3.5, RFC 7518 3.2, 3.3: keys


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        pytest.param("secret", "needs at least 32", id="word"),
        pytest.param(b"\0" * 32, "fewer than 8 different bytes", id="zeros"),
        pytest.param({"kty": "oct", "k": "c2VjcmV0"}, "needs at least 32", id="jwk"),
    ],
)
def test_weak_keys_stop_the_start(key: t.Any, problem: str) -> None:
    """RFC 8725 section 3.5, RFC 7518 section 3.2: as ``KEY`` and as a fallback."""
    for name in ("KEY", "KEY_FALLBACKS"):
        app = Flask("shop")
        app.config[f"TOOLKIT_JWT_{name}"] = key if name == "KEY" else [key]

        with pytest.raises(ConfigError, match=problem):
            JWT(app)


def test_secrets_are_compared_in_constant_time(
    monkeypatch: pytest.MonkeyPatch, jwt: AnyJWT, context: None
) -> None:
    """An HMAC tag is compared by ``compare_digest``, once."""
    token = jwt.create_access_token("7")
    calls: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        calls.append((one, other))
        return one == other

    monkeypatch.setattr("hmac.compare_digest", compare)
    assert jwt.verify(token).sub == "7"
    assert len(calls) == 1


# ---- RFC 8725 3.7 to 3.10: what a token says is judged


@pytest.mark.parametrize("sub", ["Jürgen", "名前", "\U0001f600", "a\u0000b", "\u202e"])
def test_claims_are_utf_8(
    app: Flask, jwt: AnyJWT, key: Key, ask: Ask, sub: str
) -> None:
    """RFC 8725 section 3.7: any text survives the round trip, escaped or not."""
    app.get("/claims")(jwt.required(lambda: {"sub": jwt.claims.sub}))

    with app.app_context():
        token = jwt.create_access_token(sub)

    head, payload, _ = token.split(".")
    data = urlsafe_b64decode(payload + "==")
    assert json.loads(data.decode("utf-8"))["sub"] == sub
    assert (sub.encode() in data) is ("\0" not in sub)
    assert t.cast("t.Any", ask(token, "/claims").json) == {"sub": sub}
    escaped = json.dumps({"sub": sub, "exp": NOW + 60}).encode()
    signed = f"{head}.{encode(escaped)}"
    again = f"{signed}.{encode(key.sign(signed.encode()))}"
    assert t.cast("t.Any", ask(again, "/claims").json) == {"sub": sub}


@pytest.mark.parametrize(
    ("ours", "said", "status"),
    [
        pytest.param(None, ..., 200, id="none-none"),
        pytest.param(None, "api", 401, id="none-some"),
        pytest.param("api", ..., 401, id="some-none"),
        pytest.param("api", "api", 200, id="same"),
        pytest.param("api", ["web", "api"], 200, id="among-others"),
        pytest.param("api", "web", 401, id="other"),
        pytest.param("api", "API", 401, id="case"),
        pytest.param("api", "api ", 401, id="space"),
        pytest.param("api", [], 401, id="empty"),
        pytest.param("api", [["api"]], 401, id="nested"),
    ],
)
def test_the_audience_is_exact(  # noqa: PLR0917  # fixtures
    app: Flask,
    key: Key,
    clock: t.Any,
    raw: Raw,
    ours: str | None,
    said: t.Any,
    status: int,
) -> None:
    """RFC 8725 section 3.9: in both directions; unset means that there is none."""
    if ours is not None:
        app.config["TOOLKIT_JWT_AUDIENCE"] = ours

    jwt: AnyJWT = JWT(app, keys=KeySet(key), clock=clock)
    app.get("/me")(jwt.required(lambda: jwt.claims.sub))
    token = raw() if said is ... else raw(aud=said)
    headers = {"Authorization": f"Bearer {token}"}

    assert app.test_client().get("/me", headers=headers).status_code == status


@pytest.mark.parametrize("member", ["jku", "x5u", "jwk", "x5c", "kid", "iss"])
def test_no_token_makes_the_server_fetch(
    monkeypatch: pytest.MonkeyPatch, ask: Ask, raw: Raw, key: Key, member: str
) -> None:
    """RFC 8725 section 3.10: addresses in a token are text, keys in it are none."""

    def refuse(*_args: object, **_kwargs: object) -> t.NoReturn:
        raise NotImplementedError

    for name in ("create_connection", "getaddrinfo", "socket"):
        monkeypatch.setattr(socket, name, refuse)

    address = "http://169.254.169.254/latest/keys.json"
    secret = {"kty": "oct", "k": encode(bytes(range(1, 33)))}
    value = {"jwk": secret, "x5c": ["MIIB"]}.get(member, address)

    if member == "iss":
        assert ask(raw(iss=value)).status_code == 401
    else:
        # Signed with the key that the header offers, in its name and in ours.
        for kid in (THEIRS.kid, key.kid):
            forged = raw(header={"kid": kid, member: value}, signer=THEIRS)
            assert ask(forged).status_code == 401
        known = ask(raw(header={member: value}))
        assert known.status_code == (401 if member == "kid" else 200)


# ---- RFC 8725 3.11, 3.12; RFC 9068 2.2, 4: kinds of tokens


@pytest.fixture(name="kinds")
def _kinds(
    app: Flask, key: Key, clock: t.Any, raw: Raw
) -> tuple[FlaskClient, dict[str, str]]:
    """Return an application with a door for each kind, and a token of each."""
    app.config["TOOLKIT_JWT_TRUSTED_ISSUERS"] = {
        "them": Issuer(keys=KeySet(THEIRS), typ="JWT")
    }
    jwt: AnyJWT = JWT(app, keys=KeySet(key), clock=clock)
    partner: AnyJWT = JWT(app, name="partner", clock=clock)
    reset = jwt.required(typ="reset+jwt")(lambda: "in")
    app.add_url_rule("/access", "access", jwt.required(lambda: "in"))
    app.add_url_rule("/reset", "reset", reset)
    app.add_url_rule("/partner", "partner", partner.required(lambda: "in"))

    for path, each in (("/refresh", jwt), ("/partner-refresh", partner)):

        def rotate(each: AnyJWT = each) -> str:
            each.rotate(request.headers["Authorization"].removeprefix("Bearer "))
            return "in"

        app.add_url_rule(path, path, rotate)

    with app.app_context():
        ours, others = jwt.issue("7"), partner.issue("7")

    foreign = raw(iss="them", signer=THEIRS, header={"typ": "JWT"})
    return app.test_client(), {
        "access": ours.access_token,
        "refresh": ours.refresh_token,
        "partner-access": others.access_token,
        "partner-refresh": others.refresh_token,
        "reset": raw(header={"typ": "reset+jwt"}),
        "foreign-access": foreign,
        "foreign-own-kind": raw(iss="them", signer=THEIRS),
        "id-token": raw(header={"typ": "JWT"}, nonce="n"),
    }


OPENS = {
    "/access": {"access", "foreign-access"},
    "/reset": {"reset"},
    "/partner": {"partner-access"},
    "/refresh": {"refresh"},
    "/partner-refresh": {"partner-refresh"},
}


@pytest.mark.parametrize("door", sorted(OPENS))
def test_each_kind_opens_its_own_door(
    kinds: tuple[FlaskClient, dict[str, str]], door: str
) -> None:
    """RFC 8725 sections 3.11 and 3.12, RFC 9068 section 4: each pair, both ways."""
    client, tokens = kinds
    answers = {
        kind: client.get(door, headers={"Authorization": f"Bearer {token}"})
        for kind, token in tokens.items()
    }

    assert {kind for kind in answers if answers[kind].status_code == 200} == OPENS[door]
    assert {answers[kind].status_code for kind in answers} == {200, 401}


def test_an_access_token_has_the_claims_of_its_profile(app: Flask, key: Key) -> None:
    """RFC 9068 section 2.2: all but ``client_id``, which needs an OAuth server."""
    app.config.update(TOOLKIT_JWT_ISSUER=HOST, TOOLKIT_JWT_AUDIENCE="api")
    jwt: AnyJWT = JWT(app, keys=KeySet(key))

    with app.app_context():
        claims = jwt.verify(jwt.issue("7", scope="a b").access_token)

    assert claims.header["typ"] == "at+jwt"
    assert {"iss", "exp", "aud", "sub", "iat", "jti", "auth_time", "scope"} <= {*claims}
    assert claims["scope"] == "a b"


@pytest.mark.parametrize("typ", ["at+jwt", "application/at+jwt", "AT+JWT"])
def test_a_kind_has_several_spellings(ask: Ask, raw: Raw, typ: str) -> None:
    """RFC 9068 section 4: with the prefix as well; the case does not matter."""
    assert ask(raw(header={"typ": typ})).status_code == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("sub", value) for value in ("", 7, None, ["7"], True)],
        *[("exp", value) for value in (None, "1800000060", True, [NOW + 60])],
        *[("nbf", value) for value in (None, "0", False)],
        *[("iat", value) for value in (None, "0", True, -1)],
        *[("jti", value) for value in ("", 7, None)],
        *[("iss", value) for value in (None, "us", ["us"], 7)],
        *[("aud", value) for value in (None, "api", [], [None], 7)],
    ],
)
def test_registered_claims_have_their_types(
    ask: Ask, raw: Raw, name: str, value: t.Any
) -> None:
    """RFC 7519 section 4.1: what is there has its type; one fault is enough."""
    assert ask(raw()).status_code == 200
    assert ask(raw({name: value})).status_code == 401


# ---- RFC 6750, 9110, 9470: grammar and challenges


def test_no_token_in_urls(app: Flask, jwt: AnyJWT, client: FlaskClient) -> None:
    """RFC 6750 section 2.3: not read there, nor written there."""
    with app.app_context():
        token = jwt.create_access_token("7")

    for name in ("access_token", "token", "jwt"):
        answer = client.get("/me", query_string={name: token})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
        assert token not in answer.text


def _challenge(answer: TestResponse) -> WWWAuthenticate:
    header = WWWAuthenticate.from_header(answer.headers["WWW-Authenticate"])
    assert header is not None
    return header


@pytest.mark.parametrize(
    ("credential", "options", "status", "parameters"),
    [
        pytest.param(None, {}, 401, {}, id="nothing"),
        pytest.param("Basic eA==", {}, 401, {}, id="other-scheme"),
        pytest.param("Bearer a b", {}, 400, {"error": "invalid_request"}, id="broken"),
        pytest.param(
            "Bearer a.b.c",
            {},
            401,
            {"error": "invalid_token", "error_description": "The token is invalid"},
            id="bad",
        ),
        pytest.param(
            "expired",
            {},
            401,
            {"error": "invalid_token", "error_description": "The token has expired"},
            id="expired",
        ),
        pytest.param(
            "good",
            {"scope": "x y"},
            403,
            {"error": "insufficient_scope", "scope": "x y"},
            id="scope",
        ),
        pytest.param(
            "good",
            {"check": lambda _: False},
            403,
            {"error": "insufficient_scope"},
            id="check",
        ),
        pytest.param(
            "good",
            {"max_age": 300},
            401,
            {"error": "insufficient_user_authentication", "max_age": "300"},
            id="max-age",
        ),
    ],
)
def test_a_refusal_says_how_to_get_in(  # noqa: PLR0917  # fixtures
    app: Flask,
    jwt: AnyJWT,
    client: FlaskClient,
    raw: Raw,
    credential: str | None,
    options: t.Any,
    status: int,
    parameters: dict[str, str],
) -> None:
    """RFC 6750 sections 3 and 3.1, RFC 9110 section 11.6.1, RFC 9470 section 3.

    One challenge that a parser reads, with a realm, and the code of the standard.
    """
    app.add_url_rule("/x", "x", jwt.required(**options)(lambda: "in"))
    known = {"good": f"Bearer {raw()}", "expired": f"Bearer {raw(exp=1)}"}
    value = known.get(credential or "", credential)
    answer = client.get("/x", headers={"Authorization": value} if value else {})

    assert answer.status_code == status
    assert len(answer.headers.getlist("WWW-Authenticate")) == 1
    challenge = _challenge(answer)
    assert challenge.type == "bearer"
    assert challenge.parameters == {"realm": "api", **parameters}
    code = parameters.get("error", "missing_token")
    assert t.cast("t.Any", answer.json)["error"] == code


# ---- RFC 9700 4.14.2: refresh tokens


def test_a_session_cannot_be_kept_alive_for_ever(
    app: Flask, jwt: AnyJWT, clock: t.Any
) -> None:
    """RFC 9700 section 4.14.2: idle and absolute limits, a scope that never grows."""
    with app.app_context():
        pair = jwt.issue("7", scope="a")
        end = NOW + 90 * DAY

        while clock.now + 13 * DAY < end:
            clock.now += 13 * DAY
            pair = jwt.rotate(pair.refresh_token)
            assert jwt.verify(pair.access_token).scope == {"a"}
            refresh = jwt.verify(pair.refresh_token, typ="refresh+jwt")
            assert refresh.exp.timestamp() == min(clock.now + 14 * DAY, end)

        clock.now = end + 11
        with pytest.raises(TokenInvalidError):
            jwt.rotate(pair.refresh_token)


# ---- RFC 9449, 8705: tokens that are bound to a key


@pytest.mark.parametrize(
    "cnf",
    [
        pytest.param({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}, id="dpop"),
        pytest.param(
            {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}, id="mtls"
        ),
        pytest.param({}, id="empty"),
        pytest.param(None, id="null"),
    ],
)
def test_bound_tokens_are_no_bearer_tokens(
    client: FlaskClient, raw: Raw, cnf: t.Any
) -> None:
    """RFC 9449 section 6.1, RFC 8705 section 3.1: fail closed, in either scheme."""
    for scheme in ("Bearer", "DPoP"):
        headers = {"Authorization": f"{scheme} {raw(cnf=cnf)}", "DPoP": "a.b.c"}
        assert client.get("/me", headers=headers).status_code == 401


# ---- RFC 9111 3.5: caches


@pytest.mark.parametrize(
    ("credential", "status", "cache"),
    [
        pytest.param({}, 401, "no-store", id="nobody"),
        pytest.param({"Authorization": "Bearer a,b"}, 400, "no-store", id="broken"),
        pytest.param({"Authorization": "Bearer a.b.c"}, 401, "no-store", id="bad"),
        pytest.param("header", 200, None, id="header"),
        pytest.param("cookie", 200, "private", id="cookie"),
    ],
)
def test_caches_keep_no_answer_for_others(  # noqa: PLR0917  # fixtures
    app: Flask,
    key: Key,
    clock: t.Any,
    raw: Raw,
    credential: t.Any,
    status: int,
    cache: str | None,
) -> None:
    """RFC 9111 section 3.5: they know ``Authorization``; a cookie must be told."""
    app.config["TOOLKIT_JWT_LOCATIONS"] = ["header", "cookie"]
    jwt: AnyJWT = JWT(app, keys=KeySet(key), clock=clock)
    app.get("/me")(jwt.required(lambda: "in"))
    known = {
        "header": {"Authorization": f"Bearer {raw()}"},
        "cookie": {"Cookie": f"__Host-jwt_access={raw()}"},
    }
    headers = known[credential] if isinstance(credential, str) else credential
    answer = app.test_client(use_cookies=False).get("/me", headers=headers)

    assert answer.status_code == status
    assert answer.headers.get("Cache-Control") == cache
    assert {*answer.vary} == {"Authorization", "Cookie"}


# ---- OWASP, Cross-Site Request Forgery: method x Sec-Fetch-Site x Origin x place

TRUSTED = "https://app.example"
SITES = (
    *(None, "", "same-origin", "none", "same-site", "cross-site"),
    *("SAME-ORIGIN", "same-origin, none", "x"),
)
ORIGINS = (
    *(None, "", HOST, TRUSTED, "null", "https://evil.example", "http://shop.example"),
    *("https://shop.example:8443", "https://shop.example.evil.example", "x", "\xe9"),
)
SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}
METHODS = (*sorted(SAFE), "POST", "PUT", "PATCH", "DELETE", "PURGE")


def _is_ours(site: str | None, origin: str | None) -> bool:
    """Tell what design/guard.md 5.3 says, in its own words."""
    if site in {"same-origin", "none"}:
        return True

    return origin == TRUSTED or (not site and origin == HOST)


@pytest.fixture(name="browser")
def _browser(app: Flask, key: Key, clock: t.Any) -> tuple[FlaskClient, AnyJWT]:
    app.config.update(
        TOOLKIT_JWT_LOCATIONS=["header", "cookie"], TOOLKIT_TRUSTED_ORIGINS=[TRUSTED]
    )
    jwt: AnyJWT = JWT(app, keys=KeySet(key), clock=clock)

    def me() -> Response:
        return Response("in")

    def refresh() -> Response:
        return jwt.set_cookies(Response("in"), jwt.rotate())

    def logout() -> Response:
        jwt.revoke()
        return jwt.unset_cookies(Response("in"))

    for path, view in (
        ("/me", jwt.required(me)),
        ("/refresh", refresh),
        ("/logout", logout),
    ):
        app.add_url_rule(path, path, view, methods=METHODS)

    return app.test_client(use_cookies=False), jwt


def _tries(path: str, place: str, pair: t.Any) -> Iterator[tuple[bool, dict[str, str]]]:
    """Return environs, each with whether this site sent it."""
    cookies = f"__Host-jwt_access={pair.access_token}"

    if path != "/me":
        cookies += f"; __Host-jwt_refresh={pair.refresh_token}"

    token = {"HTTP_COOKIE": cookies}

    if place == "header":
        token["HTTP_AUTHORIZATION"] = f"Bearer {pair.access_token}"

    for site, origin in itertools.product(SITES, ORIGINS):
        names = {"HTTP_SEC_FETCH_SITE": site, "HTTP_ORIGIN": origin}
        given = {name: value for name, value in names.items() if value is not None}
        yield _is_ours(site, origin), {**token, **given}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("path", "place"),
    [
        pytest.param("/me", "cookie", id="cookie"),
        pytest.param("/me", "header", id="header-beside-a-cookie"),
        pytest.param("/refresh", "cookie", id="refresh-cookie"),
        pytest.param("/logout", "cookie", id="logout-by-cookie"),
    ],
)
def test_the_matrix_of_forged_requests(
    app: Flask, browser: tuple[FlaskClient, AnyJWT], method: str, path: str, place: str
) -> None:
    """OWASP CSRF: what cannot be told counts as another site; a header as ours.

    Rotation and logout change what is stored, so every method is checked there.
    """
    client, jwt = browser

    with app.app_context():
        pair = jwt.issue("7")

    for is_ours, environ in _tries(path, place, pair):
        answer = client.open(
            path, method=method, base_url=HOST, environ_overrides=environ
        )
        is_free = place == "header" or (path == "/me" and method in SAFE)

        if is_ours or is_free:
            assert answer.status_code == 200, environ
        else:
            assert answer.status_code == 403, environ
            assert "WWW-Authenticate" not in answer.headers
            assert answer.headers["Cache-Control"] == "no-store"
            assert "Set-Cookie" not in answer.headers
