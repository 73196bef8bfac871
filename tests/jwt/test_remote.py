"""Keys of another host: fetched once, kept, renewed, and never trusted blindly."""

import gc
import json
import math
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import typing as t
import weakref
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from datetime import timedelta
from datetime import UTC
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from flask_toolkit.errors import MissingExtraError
from flask_toolkit.errors import SetupError
from flask_toolkit.errors import StoreUnavailableError
from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet
from flask_toolkit.jwt import TokenInvalidError
from flask_toolkit.jwt._keys import _material
from flask_toolkit.jwt._keys import _remote
from flask_toolkit.jwt._keys._keysets import RemoteKeySet
from flask_toolkit.jwt._keys._published import read_published
from flask_toolkit.jwt._keys._remote import address_of
from flask_toolkit.jwt._keys._remote import get
from flask_toolkit.jwt._keys._remote import Source
from tests.jwt.publisher import Publisher

Answer = t.Callable[[BaseHTTPRequestHandler], None]

OLD = Key.generate("ES256")
NEW = Key.generate("ES256")
OTHER = Key.generate("ES256")
LIMIT = 256 * 1024
GENEROUS = 30  # seconds that no test should need


class Ticks:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture(name="ticks")
def _ticks() -> Ticks:
    return Ticks()


def _remote_keys(
    publisher: Publisher, ticks: Ticks, *, timeout: float = GENEROUS, **options: t.Any
) -> RemoteKeySet:
    keys = KeySet.remote(publisher.url, timeout=timeout, **options)
    assert isinstance(keys, RemoteKeySet)
    keys._source._clock = ticks
    return keys


@pytest.fixture(name="keys")
def _keys(publisher: Publisher, ticks: Ticks) -> RemoteKeySet:
    return _remote_keys(publisher, ticks)


def _token(key: Key) -> str:
    return KeySet(key).sign({"sub": "7"}, typ="at+jwt")


def _land(keys: RemoteKeySet) -> None:
    """Wait for the fetch that runs, if one does."""
    flight = keys._source._flight
    assert flight is None or flight.wait(GENEROUS)


def _refusal(keys: KeySet, token: str) -> str:
    with pytest.raises(TokenInvalidError) as info:
        keys.verify(token)

    return info.value.reason


def _retry_after(keys: KeySet, token: str) -> int:
    with pytest.raises(StoreUnavailableError) as info:
        keys.verify(token)

    return int(dict(info.value.headers)["Retry-After"])


# What may be an address


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://id.example/keys", id="http"),
        pytest.param("http://localhost.id.example/keys", id="http-localhost-suffix"),
        pytest.param("http://127.0.0.2/keys", id="http-other-loopback"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("ftp://id.example/keys", id="ftp"),
        pytest.param("data:application/json,{}", id="data"),
        pytest.param("//id.example/keys", id="no-scheme"),
        pytest.param("id.example/keys", id="bare"),
        pytest.param("", id="empty"),
        pytest.param("https://", id="no-host"),
        pytest.param("https:///keys", id="no-host-path"),
        pytest.param("https://:443/keys", id="port-only"),
        pytest.param("https://user:word@id.example/keys", id="credentials"),
        pytest.param("https://user@id.example/keys", id="user"),
        pytest.param("https://@id.example/keys", id="empty-user"),
        pytest.param("https://good.example\\@evil.example/", id="backslash"),
        pytest.param("https://good.example\\.evil.example/", id="backslash-alone"),
        pytest.param("https://id.example/keys#part", id="fragment"),
        pytest.param("https://id.example:0/", id="port-zero"),
        pytest.param("https://id.example:65536/", id="port-large"),
        pytest.param("https://id.example:x/", id="port-text"),
        pytest.param("https://[::1/", id="half-a-bracket"),
        pytest.param("https://id.example/a b", id="space"),
        pytest.param(" https://id.example/", id="leading-space"),
        pytest.param("https://id.example/\r\nX: y", id="header-injection"),
        pytest.param("https://id.exämple/", id="not-ascii"),
        pytest.param("https://id.example/" + "a" * 2048, id="long"),
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    """Https alone, a host, nothing hidden: when it is written, not when it is used."""
    with pytest.raises(ValueError, match=r"address|[Pp]ort|IPv6"):
        KeySet.remote(url)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://id.example", (True, "id.example", None, "/")),
        ("https://ID.example:8443/a?b=c", (True, "id.example", 8443, "/a?b=c")),
        ("HTTPS://id.example/a", (True, "id.example", None, "/a")),
        ("http://localhost:5000/a", (False, "localhost", 5000, "/a")),
        ("http://[::1]:80/a", (False, "::1", 80, "/a")),
        ("https://[fe80::1]/", (True, "fe80::1", None, "/")),
    ],
)
def test_addresses_are_taken_apart_once(url: str, parts: tuple[t.Any, ...]) -> None:
    """What was checked is what is asked; nothing parses the text again."""
    assert tuple(address_of(url)) == parts


def test_the_query_of_an_address_is_not_shown() -> None:
    """It may hold what is nobody's business in a log."""
    keys = KeySet.remote("https://[fe80::1]:8443/keys?key=hidden")

    assert repr(keys) == "<KeySet of 'https://[fe80::1]:8443/keys'>"


@pytest.mark.parametrize("name", ["ttl", "cooldown", "timeout"])
@pytest.mark.parametrize("value", [0, -1, math.inf, math.nan, timedelta()])
def test_durations_are_above_zero_and_finite(name: str, value: t.Any) -> None:
    """A cooldown of nothing would let every stranger cause a fetch."""
    with pytest.raises(ValueError, match=f"{name} must be longer than 0 seconds"):
        KeySet.remote("https://id.example/", **{name: value})


@pytest.mark.parametrize("alg", ["HS256", "none", "rs256", ""])
def test_only_public_algorithms_can_be_asked_for(alg: str) -> None:
    """A published secret is none."""
    with pytest.raises(ValueError, match="alg must be one of RS256"):
        KeySet.remote("https://id.example/", alg=alg)


def test_without_cryptography_it_fails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the start, not at the first token."""
    monkeypatch.setattr("jwt.algorithms.has_crypto", False)
    _material._algorithms.cache_clear()

    try:
        with pytest.raises(MissingExtraError, match="crypto"):
            KeySet.remote("https://id.example/")
    finally:
        _material._algorithms.cache_clear()


# When it is fetched


def test_nothing_is_fetched_before_the_first_token(
    publisher: Publisher, keys: RemoteKeySet
) -> None:
    """Neither made, shown, listed, copied nor attached is it asked for."""
    publisher.publish(OLD)
    app = Flask("shop")
    app.testing = True
    app.config["TOOLKIT_JWT_TRUSTED_ISSUERS"] = {"them": keys}
    jwt: JWT[t.Any] = JWT(app, keys=keys)

    with app.app_context():
        assert jwt.state_of(app).rules(app)

    assert list(keys) == list(keys.remembering(9)) == []
    assert keys.jwks() == {"keys": []}
    assert repr(keys) == f"<KeySet of {publisher.url!r}>"
    assert publisher.requests == []


def test_one_fetch_serves_all_tokens(publisher: Publisher, keys: RemoteKeySet) -> None:
    """The first token waits for it, the others do not ask."""
    publisher.publish(OLD, NEW)

    for key in (OLD, NEW, OLD):
        assert keys.verify(_token(key))[1] == {"sub": "7"}

    assert [key.kid for key in keys] == [OLD.kid, NEW.kid]
    assert keys.jwks()["keys"] == [OLD.public_jwk(), NEW.public_jwk()]
    assert len(publisher.requests) == 1


def test_the_request_tells_nothing_and_uses_no_proxy(
    publisher: Publisher, keys: RemoteKeySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Environment and home folder have no say in where the keys come from."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    publisher.publish(OLD)
    keys.verify(_token(OLD))
    (request,) = publisher.requests

    assert request == {
        "path": "/keys",
        "Host": publisher.host,
        "Accept": "application/jwk-set+json, application/json",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "User-Agent": "Flask-Toolkit",
    }


def test_fifty_threads_cause_one_fetch(
    publisher: Publisher, keys: RemoteKeySet
) -> None:
    """After a rotation all of them are served, by one request to the issuer."""
    publisher.publish(OLD)
    keys.verify(_token(OLD))
    keys._source._clock.now += 31  # type: ignore[attr-defined]  # the cooldown is over
    publisher.publish(OLD, NEW)
    publisher.gate.clear()
    publisher.asked.clear()
    together = threading.Barrier(50)
    token = _token(NEW)

    def verify() -> t.Any:
        together.wait()
        return keys.verify(token)[1]

    with ThreadPoolExecutor(50) as pool:
        results = [pool.submit(verify) for _ in range(50)]
        assert publisher.asked.wait(GENEROUS)
        publisher.gate.set()

    assert [result.result() for result in results] == [{"sub": "7"}] * 50
    assert len(publisher.requests) == 2


def test_a_known_key_never_waits(
    publisher: Publisher, keys: RemoteKeySet, ticks: Ticks
) -> None:
    """Not beside a fetch for an unknown key that hangs (PyJWKClient: 1.9 s)."""
    publisher.publish(OLD)
    keys.verify(_token(OLD))
    ticks.now += 31
    publisher.publish(OLD, NEW)
    publisher.gate.clear()
    publisher.asked.clear()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(keys.verify, _token(NEW))
        assert publisher.asked.wait(GENEROUS)
        assert keys.verify(_token(OLD))
        assert not waiting.done()
        publisher.gate.set()
        assert waiting.result()


def test_an_unknown_key_asks_once_a_cooldown(
    publisher: Publisher, keys: RemoteKeySet, ticks: Ticks
) -> None:
    """Who invents key ids cannot make us ask the issuer as often."""
    publisher.publish(OLD)

    for _ in range(3):
        assert _refusal(keys, _token(OTHER)) == "kid"

    assert len(publisher.requests) == 1
    ticks.now += 29.9
    assert _refusal(keys, _token(OTHER)) == "kid"
    assert len(publisher.requests) == 1
    ticks.now += 0.1
    assert _refusal(keys, _token(OTHER)) == "kid"
    assert len(publisher.requests) == 2


def test_what_a_fetch_found_counts_in_the_cooldown_too(
    publisher: Publisher, keys: RemoteKeySet
) -> None:
    """Who looked before another's fetch ended is served by it, not refused."""
    publisher.publish(OLD)
    twin = keys.remembering(9)
    keys.verify(_token(OLD))

    assert twin.verify(_token(OLD))
    assert len(publisher.requests) == 1


def test_a_token_without_kid_causes_no_second_fetch(
    publisher: Publisher, keys: RemoteKeySet, ticks: Ticks
) -> None:
    """With one key it is meant; with several no fetch could tell which."""
    token = KeySet(OLD).sign({"sub": "7"}, typ="t")
    bare = _without_kid(OLD)
    publisher.publish(OLD)
    assert keys.verify(bare)
    publisher.publish(OLD, NEW)
    ticks.now += 301
    keys.verify(token)
    _land(keys)

    ticks.now += 31
    assert _refusal(keys, bare) == "kid"
    assert len(publisher.requests) == 2


def _without_kid(key: Key) -> str:
    from tests.jwt.conftest import encode

    signed = f"{encode({'alg': key.alg})}.{encode({'sub': '7'})}"
    return f"{signed}.{encode(key.sign(signed.encode()))}"


# What gets old


def test_old_keys_serve_while_new_ones_are_fetched(
    publisher: Publisher, keys: RemoteKeySet, ticks: Ticks
) -> None:
    """After ttl, in the background of nobody's request; hanging stops no one."""
    publisher.publish(OLD)
    keys.verify(_token(OLD))
    ticks.now += 299.9
    keys.verify(_token(OLD))
    assert len(publisher.requests) == 1

    publisher.gate.clear()
    publisher.asked.clear()
    ticks.now += 0.1

    for _ in range(3):
        assert keys.verify(_token(OLD))

    assert publisher.asked.wait(GENEROUS)
    publisher.publish(NEW)
    publisher.gate.set()
    _land(keys)

    # The issuer took it back.
    assert _refusal(keys, _token(OLD)) == "kid"
    assert keys.verify(_token(NEW))
    assert len(publisher.requests) == 2


def test_old_keys_go_on_while_the_issuer_is_down(
    publisher: Publisher,
    keys: RemoteKeySet,
    ticks: Ticks,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A failed fetch takes nothing away, and is tried again after the cooldown."""
    publisher.publish(OLD)
    keys.verify(_token(OLD))
    publisher.answer = publisher.say(b"", 500)
    ticks.now += 300
    keys.verify(_token(OLD))
    _land(keys)

    for _ in range(3):
        assert keys.verify(_token(OLD))

    assert len(publisher.requests) == 2
    assert f"Could not fetch {publisher.url}: " in caplog.text

    publisher.publish(NEW)
    ticks.now += 30
    keys.verify(_token(OLD))
    _land(keys)
    assert len(publisher.requests) == 3
    assert keys.verify(_token(NEW))


def test_an_unknown_key_of_a_silent_issuer_is_no_bad_token(
    publisher: Publisher, keys: RemoteKeySet, ticks: Ticks
) -> None:
    """Nobody can tell: a 401 would log clients out after a rotation."""
    publisher.publish(OLD)
    keys.verify(_token(OLD))
    publisher.answer = publisher.say(b"", 500)
    ticks.now += 31

    assert _retry_after(keys, _token(NEW)) == 30
    ticks.now += 12.5
    assert _retry_after(keys, _token(NEW)) == 18
    assert len(publisher.requests) == 2
    assert keys.verify(_token(OLD))


def test_keys_that_did_not_change_stay_the_same(
    publisher: Publisher, keys: RemoteKeySet, ticks: Ticks
) -> None:
    """And with them what is remembered of their signatures."""
    publisher.publish(
        {**OLD.public_jwk(), "kid": "a"}, {**NEW.public_jwk(), "kid": "b"}
    )
    assert _refusal(keys, _token(OLD)) == "kid"
    before = list(keys)
    publisher.publish(
        {**OLD.public_jwk(), "kid": "a"}, {**OTHER.public_jwk(), "kid": "b"}
    )
    ticks.now += 31
    assert _refusal(keys, _token(OLD)) == "kid"
    after = list(keys)

    assert before[0] is after[0]
    assert before[1] is not after[1]
    assert after[1].public_jwk() == {**OTHER.public_jwk(), "kid": "b"}


# What is refused


HEAD = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def _chunked(body: bytes, size: int = 4096) -> list[bytes]:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return [
        _CHUNKED,
        *(b"%x\r\n%b\r\n" % (len(part), part) for part in parts),
        b"0\r\n\r\n",
    ]


def _set(*members: t.Any) -> bytes:
    return json.dumps({"keys": members}).encode()


GOOD = _set(OLD.public_jwk())
SECRET_JWK = {"kty": "oct", "k": "A" * 30 + "BCDEFGHIJKLMN", "kid": "s", "alg": "HS256"}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param((Publisher.say(GOOD, 404), "it answered 404'"), id="404"),
        pytest.param((Publisher.say(GOOD, 500), "it answered 500'"), id="500"),
        pytest.param((Publisher.say(b"", 204), "it answered 204'"), id="204"),
        pytest.param(
            (
                Publisher.say(GOOD, 302, Location="/elsewhere"),
                "it answered 302; redirects are not followed",
            ),
            id="redirect",
        ),
        pytest.param(
            (Publisher.say(b" " * 300 * 1024 + GOOD), f"more than {LIMIT}"), id="300-kB"
        ),
        pytest.param(
            (Publisher.say(GOOD.ljust(LIMIT + 1)), f"more than {LIMIT}"),
            id="a-byte-more",
        ),
        pytest.param(
            (Publisher.raw(_chunked(GOOD.ljust(300 * 1024))), f"more than {LIMIT}"),
            id="300-kB-chunked",
        ),
        pytest.param(
            (
                Publisher.raw([HEAD + b"\r\n", GOOD.ljust(300 * 1024)]),
                f"more than {LIMIT}",
            ),
            id="300-kB-without-length",
        ),
        pytest.param(
            (
                Publisher.raw([_CHUNKED, b"-1\r\n", b" " * 3 * LIMIT]),
                "Could not fetch",
            ),
            id="chunk-of-less-than-nothing",
        ),
        pytest.param(
            (
                Publisher.raw([_CHUNKED, b"1" * 16, b"\r\n", b" " * 3 * LIMIT]),
                f"more than {LIMIT}",
            ),
            id="chunk-of-a-petabyte",
        ),
        pytest.param(
            (
                Publisher.raw([HEAD, *[b"X: %b\r\n" % (b"y" * 60_000)] * 90, b"\r\n"]),
                f"more than {LIMIT}",
            ),
            id="5-MB-of-headers",
        ),
        pytest.param(
            (Publisher.raw([_CHUNKED, b"zz\r\n"]), "IncompleteRead"),
            id="chunk-of-rubbish",
        ),
        pytest.param(
            (
                Publisher.raw([HEAD + b"Content-Length: 999999\r\n\r\n" + GOOD[:40]]),
                "no JSON object",
            ),
            id="cut-off",
        ),
        pytest.param(
            (Publisher.raw([b"\x1b[31mred\n"]), r"\x1b[31mred\n"), id="garbage"
        ),
        pytest.param((Publisher.raw([b""]), "RemoteDisconnected"), id="nothing"),
        pytest.param(
            (Publisher.raw([HEAD + b"X: y\r\n" * 101 + b"\r\n"]), "headers"),
            id="headers",
        ),
        pytest.param(
            (Publisher.raw([HEAD + b"X: " + b"y" * 70_000]), "LineTooLong"), id="line"
        ),
        pytest.param((Publisher.say(b"<html></html>"), "no JSON object"), id="html"),
        pytest.param((Publisher.say(b""), "no JSON object"), id="empty"),
        pytest.param((Publisher.say(b"[]"), "no JSON object"), id="list"),
        pytest.param((Publisher.say(b"{" * 99_999), "no JSON object"), id="deep"),
        pytest.param(
            (Publisher.say(b'{"keys":[' * 9_999), "no JSON object"), id="deeper"
        ),
        pytest.param(
            (Publisher.say(GOOD.decode().encode("utf-16")), "no JSON object"),
            id="utf-16",
        ),
        pytest.param(
            (Publisher.say(b'{"keys": [], "keys": []}'), "no JSON object"), id="twice"
        ),
        pytest.param((Publisher.say(b"{}"), "no list of keys"), id="no-keys"),
        pytest.param(
            (Publisher.say(b'{"keys": {}}'), "no list of keys"), id="keys-object"
        ),
        pytest.param((Publisher.say(_set()), "no key for signatures"), id="no-key"),
        pytest.param(
            (Publisher.say(_set(SECRET_JWK)), "no key for"), id="only-a-secret"
        ),
        pytest.param(
            (
                Publisher.say(_set({**OLD.public_jwk(), "use": "enc"})),
                "no key for signatures",
            ),
            id="only-for-encryption",
        ),
        pytest.param(
            (
                Publisher.say(
                    _set(OLD.public_jwk(), {**NEW.public_jwk(), "kid": OLD.kid})
                ),
                "two keys of the set have the same kid",
            ),
            id="equal-kids",
        ),
    ],
)
def test_a_bad_answer_changes_nothing(
    publisher: Publisher,
    keys: RemoteKeySet,
    ticks: Ticks,
    caplog: pytest.LogCaptureFixture,
    case: tuple[Answer, str],
) -> None:
    """503 while no keys are known; later the ones that are go on."""
    answer, said = case
    publisher.answer = answer
    assert _retry_after(keys, _token(OLD)) == 30
    assert said in caplog.records[-1].getMessage()
    assert "\n" not in caplog.records[-1].getMessage()
    assert len(caplog.records[-1].getMessage()) < 300

    publisher.publish(OLD)
    ticks.now += 30
    assert keys.verify(_token(OLD))

    publisher.answer = answer
    ticks.now += 300
    assert keys.verify(_token(OLD))
    _land(keys)
    assert keys.verify(_token(OLD))
    assert [request["path"] for request in publisher.requests] == ["/keys"] * 3


def test_the_largest_answer_is_taken(publisher: Publisher, keys: RemoteKeySet) -> None:
    """The limit is a limit, not one byte less; in chunks too."""
    for answer in (
        publisher.say(GOOD.ljust(LIMIT)),
        publisher.raw(_chunked(GOOD.ljust(LIMIT))),
    ):
        publisher.answer = answer
        keys._source._retry_at = -math.inf
        assert keys.verify(_token(OLD))


def test_an_unreachable_issuer_is_a_503(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody listens there, or the name does not exist."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        keys = KeySet.remote(f"http://127.0.0.1:{port}/", timeout=GENEROUS)

        assert _retry_after(keys, _token(OLD)) == 30

    assert "ConnectionRefusedError" in caplog.text


def test_a_silent_issuer_is_a_503_in_time(publisher: Publisher, ticks: Ticks) -> None:
    """A caller waits for ``timeout`` at most, whatever the fetch goes on doing."""
    publisher.publish(OLD)
    publisher.gate.clear()
    keys = _remote_keys(publisher, ticks, timeout=0.05)

    assert _retry_after(keys, _token(OLD)) >= 1


def test_a_caller_does_not_wait_for_a_name_server() -> None:
    """Looking up a name has no time-out of its own; the thread goes on alone."""
    stuck = threading.Event()

    def fetch(_before: object) -> str:
        stuck.wait()
        return "keys"

    source = Source(fetch, name="x", ttl=300, cooldown=30, timeout=0.01)

    for _ in range(2):
        with pytest.raises(StoreUnavailableError) as info:
            source.renewed()

    assert dict(info.value.headers)["Retry-After"] == "1"
    flight = source._flight
    assert flight is not None
    stuck.set()
    assert flight.wait(GENEROUS)
    assert source.value() == "keys"


def test_a_slow_drip_has_an_end(publisher: Publisher) -> None:
    """Each byte renews the time-out of a socket, never the deadline of a fetch."""
    stop = threading.Event()

    def drip() -> t.Iterator[bytes]:
        yield HEAD + b"Content-Length: 9999\r\n\r\n"

        while not stop.wait(0.01):
            yield b" "

    publisher.answer = publisher.raw(drip())

    with pytest.raises(TimeoutError):
        get(address_of(publisher.url), 0.2)

    stop.set()


def test_each_read_ends_at_the_deadline() -> None:
    """After it nothing is read, not even what is there already."""
    ours, theirs = socket.socketpair()

    with ours, theirs:
        theirs.sendall(b"text")
        ours.settimeout(99)
        in_time = _remote._Wire(ours, deadline=time.monotonic() + 3)
        assert in_time.makefile("rb").read(4) == b"text"
        assert 0 < (ours.gettimeout() or 0) <= 3

        theirs.sendall(b"late")
        too_late = _remote._Wire(ours, deadline=time.monotonic())
        with pytest.raises(TimeoutError, match="too slow"):
            too_late.makefile("rb").read(1)


# What is skipped


@pytest.mark.parametrize(
    "member",
    [
        pytest.param(SECRET_JWK, id="oct"),
        pytest.param({**SECRET_JWK, "kid": OLD.kid}, id="oct-with-the-same-kid"),
        pytest.param(7, id="number"),
        pytest.param(None, id="null"),
        pytest.param([OLD.public_jwk()], id="list"),
        pytest.param({}, id="empty"),
        pytest.param({"kty": ["EC"]}, id="kty-list"),
        pytest.param({"kty": "EC", "crv": "P-256"}, id="no-point"),
        pytest.param({**NEW.public_jwk(), "use": "enc"}, id="for-encryption"),
        pytest.param({**NEW.public_jwk(), "key_ops": ["sign"]}, id="key-ops"),
        pytest.param({**NEW.public_jwk(), "alg": "ES256K"}, id="alg"),
        pytest.param({**NEW.public_jwk(), "kid": 7}, id="kid-number"),
        pytest.param({**NEW.public_jwk(), "x": OTHER.public_jwk()["x"]}, id="no-curve"),
        pytest.param({"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "r"}, id="weak"),
    ],
)
def test_a_bad_member_spoils_no_other(
    publisher: Publisher, keys: RemoteKeySet, member: t.Any
) -> None:
    """Issuers publish keys that are not for us beside those that are."""
    publisher.publish(member, OLD)

    assert keys.verify(_token(OLD))
    assert [key.kid for key in keys] == [OLD.kid]


def test_a_published_secret_is_told(
    publisher: Publisher, keys: RemoteKeySet, caplog: pytest.LogCaptureFixture
) -> None:
    """Its issuer made a grave mistake; the log names no part of it."""
    publisher.publish(SECRET_JWK, OLD)
    keys.verify(_token(OLD))

    assert "published secret was skipped" in caplog.text
    assert SECRET_JWK["k"] not in caplog.text


def test_a_published_private_key_signs_nothing(
    publisher: Publisher, keys: RemoteKeySet
) -> None:
    """Foreign keys only verify, whatever was published."""
    pair = ec.generate_private_key(ec.SECP256R1())
    pem = pair.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    import jwt as pyjwt

    private = pyjwt.get_algorithm_by_name("ES256").to_jwk(pair, as_dict=True)
    private.pop("key_ops", None)
    publisher.publish(private)

    assert keys.verify(_token(Key.load(pem)))
    assert [key.can_sign for key in keys] == [False]
    assert "d" not in keys.jwks()["keys"][0]
    with pytest.raises(SetupError, match="only verifies"):
        keys.sign({}, typ="t")


def test_only_keys_of_the_asked_algorithm_are_taken(
    publisher: Publisher, ticks: Ticks
) -> None:
    """And a key that names none has the asked one, or that of its kind."""
    rsa = Key.generate("PS256")
    bare = {name: rsa.public_jwk()[name] for name in ("kty", "n", "e", "kid")}
    publisher.publish(OLD, bare)
    free = _remote_keys(publisher, ticks)
    bound = _remote_keys(publisher, ticks, alg="PS256")

    assert bound.verify(KeySet(rsa).sign({}, typ="t"))
    assert [key.alg for key in bound] == ["PS256"]
    assert _refusal(bound, _token(OLD)) == "kid"
    assert free.verify(_token(OLD))
    assert [key.alg for key in free] == ["ES256", "RS256"]
    assert _refusal(free, KeySet(rsa).sign({}, typ="t")) == "alg"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=9,
)
NAMES = ("kty", "crv", "x", "y", "n", "e", "d", "k", "kid", "alg", "use", "key_ops")
MEMBERS = st.builds(
    lambda base, odd: {**base, **odd},
    st.sampled_from([{}, OLD.public_jwk(), SECRET_JWK]),
    st.dictionaries(st.sampled_from(NAMES), JSON, max_size=3),
)


@settings(deadline=None)
@given(st.lists(MEMBERS | JSON, max_size=4) | JSON)
def test_whatever_is_published_is_read_or_refused(members: t.Any) -> None:
    """One kind of exception, and never a secret or a key that signs."""
    try:
        keys = read_published(json.dumps({"keys": members}).encode(), None, {})
    except ValueError:
        return

    assert keys
    assert not any(key.can_sign or key.alg.startswith("HS") for key in keys)


# Threads, processes, ends


def test_without_a_thread_it_is_a_503_and_no_end(
    publisher: Publisher,
    keys: RemoteKeySet,
    ticks: Ticks,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As at the end of an interpreter; the next one tries again."""
    publisher.publish(OLD)

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert _retry_after(keys, _token(OLD)) == 30

    assert "no thread can be started" in caplog.text
    ticks.now += 30
    assert keys.verify(_token(OLD))


def test_no_two_fetches_run_at_once() -> None:
    """However often and from wherever they are asked for."""
    free = threading.Lock()
    fetched: list[bool] = []

    def fetch(_before: object) -> int:
        fetched.append(free.acquire(blocking=False))
        free.release()
        return len(fetched)

    source = Source(
        fetch, name="x", ttl=1e-9, cooldown=1e-9, timeout=GENEROUS, clock=time.monotonic
    )

    def ask(_number: int) -> bool:
        newest = source.renewed()
        return 1 <= newest <= (source.value() or 0)

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(400)))

    flight = source._flight
    assert flight is None or flight.wait(GENEROUS)
    assert len(fetched) > 1
    assert all(fetched)


def test_a_defect_does_not_leave_everybody_waiting() -> None:
    """Whatever ends a fetch, it is over; the error is not hidden."""

    def fetch(_before: object) -> str:
        raise KeyError

    source = Source(fetch, name="x", ttl=300, cooldown=30, timeout=GENEROUS)
    flight = threading.Event()

    with pytest.raises(KeyError):
        source._run(flight)
    assert flight.is_set()
    assert source._failed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_fetches_anew(
    publisher: Publisher, keys: RemoteKeySet, ticks: Ticks
) -> None:
    """The thread and a lock that it held stay behind; what is known goes along."""
    publisher.publish(OLD)
    keys.verify(_token(OLD))
    ticks.now += 31
    publisher.gate.clear()
    publisher.asked.clear()
    _ = keys._source._start()
    assert publisher.asked.wait(GENEROUS)

    with keys._source._lock:
        child = os.fork()

        if child == 0:  # pragma: no cover  # another process
            code = 1

            try:
                signal.alarm(GENEROUS)  # not for ever, should it wait for a lock
                keys.verify(_token(OLD))
                is_new = keys._source._flight is None
                code = 0 if is_new and keys._source._start() is not None else 1
            finally:
                os._exit(code)

    _, status = os.waitpid(child, 0)
    publisher.gate.set()
    _land(keys)
    assert status == 0


def test_a_child_forgets_the_flight(publisher: Publisher, keys: RemoteKeySet) -> None:
    """What runs in a forked child lets it start a fetch of its own."""
    publisher.publish(OLD)
    lost = keys._source._flight = threading.Event()
    keys._source._lock.acquire()
    _remote._after_fork()

    assert keys.verify(_token(OLD))
    assert not lost.is_set()


def test_nothing_keeps_a_key_set_alive() -> None:
    """The list of those that a fork must reach is a weak one."""
    keys = KeySet.remote("https://id.example/")
    assert isinstance(keys, RemoteKeySet)
    source = weakref.ref(keys._source)
    del keys
    gc.collect()

    assert source() is None


GEVENT = """
from gevent import monkey; monkey.patch_all()
import sys, gevent
from tests.jwt.publisher import Publisher
from flask_toolkit.jwt import Key, KeySet
publisher, key = Publisher(), Key.generate("ES256")
publisher.publish(key)
publisher.gate.clear()
keys = KeySet.remote(publisher.url, timeout=30)
token = KeySet(key).sign({"sub": "7"}, typ="t")
waiting = [gevent.spawn(keys.verify, token) for _ in range(20)]
publisher.asked.wait()
publisher.gate.set()
gevent.joinall(waiting, raise_error=True)
print(len(publisher.requests), {one.value[1]["sub"] for one in waiting})
publisher.close()
"""


def test_greenlets_wait_as_threads_do() -> None:
    """Under gevent's patches twenty of them cause one fetch, and none blocks."""
    pytest.importorskip("gevent")
    done = subprocess.run(
        [sys.executable, "-c", GEVENT],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )

    assert (done.stdout, done.returncode) == ("1 {'7'}\n", 0), done.stderr


# Real requests


@pytest.fixture(name="shop")
def _shop(keys: RemoteKeySet) -> FlaskClient:
    app = Flask("shop")
    app.testing = True
    app.config["TOOLKIT_STORE_URL"] = "memory://"
    jwt: JWT[t.Any] = JWT(app, keys=keys)

    @app.get("/me")
    @jwt.required
    def me() -> str:
        return jwt.claims.sub

    return app.test_client()


def _bearer(key: Key, **claims: t.Any) -> dict[str, str]:
    said = {"sub": "7", "exp": int(datetime.now(UTC).timestamp()) + 60, **claims}
    return {"Authorization": f"Bearer {KeySet(key).sign(said, typ='at+jwt')}"}


def test_a_request_before_any_key_is_a_503(
    publisher: Publisher, ticks: Ticks, shop: FlaskClient
) -> None:
    """With the time to wait and no challenge: clients keep their tokens."""
    publisher.answer = publisher.say(b"", 503)
    answer = shop.get("/me", headers=_bearer(OLD))

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "30"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "WWW-Authenticate" not in answer.headers
    assert answer.mimetype == "application/problem+json"
    assert publisher.url not in answer.text

    publisher.publish(OLD)
    ticks.now += 30
    assert shop.get("/me", headers=_bearer(OLD)).text == "7"
    assert shop.get("/me", headers=_bearer(OTHER)).status_code == 401
    assert shop.get("/me").status_code == 401


def test_a_token_of_an_unknown_issuer_causes_no_fetch(
    publisher: Publisher, shop: FlaskClient
) -> None:
    """Only the table of issuers says whose keys are asked for."""
    answer = shop.get("/me", headers=_bearer(OLD, iss=publisher.url))

    assert answer.status_code == 401
    assert publisher.requests == []


@pytest.fixture(name="secure")
def _secure(publisher: Publisher, tmp_path: Path) -> Path:
    """Let the publisher speak TLS; return the certificate to trust."""
    pair = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "publisher")])
    address = x509.IPAddress(ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(pair.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(pair, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + pair.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    server = publisher.server
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    publisher.publish(OLD)
    return path


def test_tls_is_verified(
    publisher: Publisher,
    secure: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A certificate that nobody vouches for, or of another host, is refused."""
    url = publisher.url.replace("http:", "https:")
    elsewhere = url.replace("127.0.0.1", "localhost")
    assert _retry_after(KeySet.remote(url, timeout=GENEROUS), _token(OLD)) == 30
    assert "self-signed certificate" in caplog.text

    monkeypatch.setenv("SSL_CERT_FILE", str(secure))
    trusting = KeySet.remote(url, timeout=GENEROUS)
    assert trusting.verify(_token(OLD))[1] == {"sub": "7"}
    misled = KeySet.remote(elsewhere, timeout=GENEROUS)
    assert _retry_after(misled, _token(OLD)) == 30
    assert "not valid for 'localhost'" in caplog.text
