"""The memory of good signatures: bounded, and nothing of a token but that."""

import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from flask_toolkit.errors import ConfigError
from flask_toolkit.jwt import JWT
from flask_toolkit.jwt import Key
from flask_toolkit.jwt import KeySet
from flask_toolkit.jwt import TokenExpiredError
from flask_toolkit.jwt import TokenInvalidError
from flask_toolkit.jwt import TokenRevokedError
from flask_toolkit.jwt._jws import Header
from flask_toolkit.jwt._jws import Parsed
from flask_toolkit.jwt._keys._memory import SignatureMemory
from tests.jwt.publisher import Publisher

KEY = Key.generate("ES256")
OTHER = Key.generate("ES256")


class Counting:
    """A key that counts how often it is asked; its signatures read 'good'."""

    def __init__(self, alg: str = "ES256") -> None:
        self.alg = alg
        self.asked: list[bytes] = []

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Tell whether a signature is good."""
        self.asked.append(data)
        return signature == b"good"


def _parsed(name: str, signature: bytes = b"good") -> Parsed:
    header = Header({}, "ES256", None, None)
    return Parsed(header, {}, f"h.{name}".encode(), signature, b"h")


def test_a_good_signature_is_verified_once() -> None:
    """The second time the memory answers."""
    memory, key = SignatureMemory(8), Counting()

    assert [memory.confirms(key, _parsed("a")) for _ in range(3)] == [True] * 3
    assert key.asked == [b"h.a"]


def test_a_bad_signature_is_never_remembered() -> None:
    """Neither as bad nor as good, so that rubbish drives nothing out."""
    memory, key = SignatureMemory(2), Counting()
    memory.confirms(key, _parsed("a"))

    for number in range(9):
        assert not memory.confirms(key, _parsed(f"x{number}", b"bad"))
    assert not memory.confirms(key, _parsed("a", b"bad"))
    assert not memory.confirms(key, _parsed("a", b"bad"))

    assert len(memory) == 1
    asked = len(key.asked)
    assert memory.confirms(key, _parsed("a"))
    assert len(key.asked) == asked


def test_the_least_recently_used_goes_first() -> None:
    """And never are there more than the size."""
    memory, key = SignatureMemory(2), Counting()

    for name in ("a", "b", "a", "c", "a", "b"):
        memory.confirms(key, _parsed(name))

    assert len(memory) == 2
    assert key.asked == [b"h.a", b"h.b", b"h.c", b"h.b"]


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 4))
def test_it_is_an_lru(uses: list[int], size: int) -> None:
    """Against a list that is one by definition."""
    memory, key = SignatureMemory(size), Counting()
    model: list[int] = []

    for use in uses:
        asked = len(key.asked)
        assert memory.confirms(key, _parsed(str(use)))
        assert (len(key.asked) == asked) == (use in model)
        model = [*(each for each in model if each != use), use][-size:]
        assert len(memory) == len(model)


def test_a_signature_is_good_for_its_key_alone() -> None:
    """The memory of a key that was replaced counts no more, whatever its kid."""
    memory, old, new = SignatureMemory(8), Counting(), Counting()
    memory.confirms(old, _parsed("a"))
    memory.confirms(new, _parsed("a"))

    assert new.asked == [b"h.a"]
    assert not memory.confirms(new, _parsed("b", b"bad"))


def test_no_two_tokens_are_taken_for_one() -> None:
    """A byte that moves from the signature into the claims makes another token."""
    memory = SignatureMemory(8)

    class Any(Counting):
        def verify(self, data: bytes, signature: bytes) -> bool:
            super().verify(data, signature)
            return True

    key = Any()
    memory.confirms(key, _parsed("ab", b"c"))
    memory.confirms(key, _parsed("a", b"bc"))

    assert len(key.asked) == 2


def test_secrets_do_not_use_it() -> None:
    """An HMAC costs as much as the hash that would be looked up."""
    memory, key = SignatureMemory(8), Counting("HS256")

    assert memory.confirms(key, _parsed("a"))
    assert memory.confirms(key, _parsed("a"))
    assert not memory.confirms(key, _parsed("a", b"bad"))
    assert (len(memory), len(key.asked)) == (0, 3)


def test_it_is_safe_under_threads() -> None:
    """Whoever comes, every answer is right and the size is kept."""
    memory, key = SignatureMemory(16), Counting()

    def use(seed: int) -> list[bool]:
        names = [str(seed * number % 37) for number in range(200)]
        good = [memory.confirms(key, _parsed(name)) for name in names]
        bad = [memory.confirms(key, _parsed(name, b"bad")) for name in names]
        return [all(good), any(bad)]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(use, range(1, 9)))

    assert results == [[True, False]] * 8
    memory.confirms(key, _parsed("last"))
    assert len(memory) <= 16


def test_a_disturbed_step_is_tried_again() -> None:
    """Another thread may change the dictionary between two steps."""

    class Disturbed(dict[bytes, t.Any]):
        times = 2

        def __iter__(self) -> Iterator[bytes]:
            if self.times:
                self.times -= 1
                raise RuntimeError("dictionary changed size during iteration")

            return super().__iter__()

    memory, key = SignatureMemory(1), Counting()
    memory._good = Disturbed()

    assert memory.confirms(key, _parsed("a"))
    assert memory.confirms(key, _parsed("b"))
    assert len(memory) == 1


def test_a_set_by_itself_can_remember(asked: list[str]) -> None:
    """The twin has the memory; the set that it was made of has none."""
    keys = KeySet(KEY, OTHER)
    twin = keys.remembering(8)
    token = keys.sign({"sub": "7"}, typ="t")

    for _ in range(3):
        assert twin.verify(token)[1] == {"sub": "7"}
    assert len(asked) == 1
    assert list(twin) == list(keys)
    assert twin.sign({}, typ="t").count(".") == 2

    keys.verify(token)
    keys.verify(token)
    assert len(asked) == 3


@pytest.fixture(name="asked")
def _asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the kids of the keys that verified something."""
    asked: list[str] = []
    verify = Key.verify

    def counting(self: Key, data: bytes, signature: bytes) -> bool:
        asked.append(self.kid)
        return verify(self, data, signature)

    monkeypatch.setattr(Key, "verify", counting)
    return asked


@pytest.fixture(name="jwt")
def _jwt(app: Flask, clock: Callable[[], float]) -> JWT[t.Any]:
    app.config["TOOLKIT_JWT_SIGNATURE_CACHE"] = 8
    return JWT(app, keys=KeySet(KEY), clock=clock)


def test_everything_else_is_judged_anew(
    app: Flask, jwt: JWT[t.Any], clock: t.Any, asked: list[str]
) -> None:
    """Expiry, revocation and kind do not lie in the memory."""
    with app.app_context():
        ended, token = jwt.create_access_token("7"), jwt.create_access_token("8")

        for each in (ended, token, ended, token):
            assert jwt.verify(each)
        assert len(asked) == 2

        jwt.revoke(ended)
        with pytest.raises(TokenRevokedError):
            jwt.verify(ended)
        with pytest.raises(TokenInvalidError, match="invalid"):
            jwt.verify(token, typ="other")
        clock.now += 3600
        with pytest.raises(TokenExpiredError):
            jwt.verify(token)
        assert len(asked) == 2


def test_a_changed_token_is_refused(app: Flask, jwt: JWT[t.Any]) -> None:
    """However often the good one was seen, each changed character counts."""
    with app.app_context():
        token = jwt.create_access_token("7")
        assert jwt.verify(token)

        for place in range(0, len(token), 7):
            swapped = "A" if token[place] != "A" else "B"
            with pytest.raises(TokenInvalidError):
                jwt.verify(token[:place] + swapped + token[place + 1 :])


def test_without_the_setting_there_is_none(app: Flask, asked: list[str]) -> None:
    """Each time the key decides; keys that apps share keep no memory of one."""
    keys = KeySet(KEY)
    first: JWT[t.Any] = JWT(app, keys=keys)
    second = Flask("second")
    second.config["TOOLKIT_JWT_SIGNATURE_CACHE"] = 8
    second.config["TOOLKIT_STORE_URL"] = "memory://"
    first.init_app(second)

    with app.app_context():
        token = first.create_access_token("7")
        assert first.verify(token)
        assert first.verify(token)
    assert len(asked) == 2
    with second.app_context():
        assert first.verify(token)
        assert first.verify(token)
    assert len(asked) == 3


def test_other_issuers_have_a_memory_each(
    app: Flask, publisher: Publisher, asked: list[str]
) -> None:
    """Remote keys too; it outlives a renewal that changed no key."""
    publisher.publish(OTHER)
    app.testing = True
    app.config["TOOLKIT_JWT_SIGNATURE_CACHE"] = 8
    app.config["TOOLKIT_JWT_TRUSTED_ISSUERS"] = {"them": publisher.url}
    jwt: JWT[t.Any] = JWT(app, clock=lambda: 1_800_000_000.0)
    said = {"iss": "them", "sub": "7", "exp": 1_800_000_060}
    token = KeySet(OTHER).sign(said, typ="at+jwt")

    with app.app_context():
        assert jwt.verify(token)
        keys: t.Any = jwt.settings_of(app).issuers["them"].keys
        before = list(keys)
        keys._source._retry_at = 0.0
        with pytest.raises(TokenInvalidError):
            jwt.verify(KeySet(KEY).sign(said, typ="at+jwt"))
        assert len(publisher.requests) == 2
        assert list(keys) == before
        assert jwt.verify(token)

    assert asked == [OTHER.kid]


def test_a_negative_size_stops_the_start(app: Flask) -> None:
    """And is named."""
    app.config["TOOLKIT_JWT_SIGNATURE_CACHE"] = -1

    with pytest.raises(ConfigError, match="SIGNATURE_CACHE: must not be below 0"):
        JWT(app)
