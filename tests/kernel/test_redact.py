"""What is secret, and that nothing of it is shown."""

import dataclasses
import string
import typing as t
from collections import namedtuple
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_toolkit._redact import is_secret
from flask_toolkit._redact import is_secret_name
from flask_toolkit._redact import MASK
from flask_toolkit._redact import mask
from flask_toolkit._redact import shown
from flask_toolkit.errors import Origin

CANARY = "canary-7f3a"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END"
JWT = f"eyJhbGciOiJIUzI1NiJ9.{CANARY}.c2ln"


@pytest.mark.parametrize(
    "name",
    [
        *("SECRET_KEY", "SECRET_KEY_FALLBACKS", "DB.password", "db-passwd", "PWD"),
        *(
            "API_TOKEN",
            "TOKEN_URL",
            "AWS_CREDENTIALS",
            "PRIVATE_FILE",
            "SALT",
            "APIKEY",
        ),
        *("SENTRY_DSN", "SIGNATURE", "KEY", "JWT_KEYS", "LDAP_PASS"),
        *("DB_PASSWORDS", "API_TOKENS", "SECRETS"),
        *("API_KEYS[0]", "SECRET[12].host", "DB[0].password"),
    ],
)
def test_secret_names(name: str) -> None:
    """A whole part between underscores, or KEY at the end."""
    assert is_secret_name(name)
    assert mask(name, CANARY) == MASK
    assert not is_secret_name(name, public={name.upper()})


@pytest.mark.parametrize(
    "name",
    [
        *("KEYCLOAK_URL", "CACHE_KEY_PREFIX", "JWT_PUBLIC_KEY", "PASSENGERS", "DEBUG"),
        *("COMPASS", "SALTED", "KEYS_DIR", "MONKEY"),
    ],
)
def test_names_that_only_look_secret(name: str) -> None:
    """Part of a word is no part of a name."""
    assert not is_secret_name(name)
    assert is_secret_name(name, more={name})


@pytest.mark.parametrize(
    ("value", "options", "secret"),
    [
        pytest.param("x", {"marked": True}, True, id="marker"),
        pytest.param("x", {"marked": True, "public": {"NAME"}}, True, id="not-lifted"),
        pytest.param("x", {"origin": Origin("secret", "f")}, True, id="origin"),
        pytest.param("x", {"origin": Origin("env", "f")}, False, id="other-origin"),
        pytest.param(PEM, {}, True, id="pem"),
        pytest.param(JWT, {}, True, id="jwt"),
        pytest.param("x", {"more": {"NAME"}}, True, id="more"),
        pytest.param(5, {}, False, id="plain"),
    ],
)
def test_what_makes_a_value_secret(
    value: object, options: dict[str, t.Any], secret: bool
) -> None:
    """Marker, origin, name or shape; only a name can be lifted."""
    assert is_secret("NAME", value, **options) is secret


@dataclasses.dataclass(frozen=True)
class Login:
    """An object with named fields."""

    user: str
    password: str = CANARY
    pin: str = dataclasses.field(default=CANARY, repr=False)


Account = namedtuple("Account", "user password")  # noqa: PYI024  # as the next
Pair = namedtuple("Pair", "a b")  # noqa: PYI024  # the untyped one has to work as well


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"a": {"token": CANARY}}, {"a": {"token": MASK}}, id="table"),
        pytest.param([{"pwd": CANARY}, 1], [{"pwd": MASK}, 1], id="list"),
        pytest.param((JWT, "a"), (MASK, "a"), id="tuple"),
        pytest.param({JWT}, {MASK}, id="set"),
        pytest.param(Pair(PEM, 1), (MASK, 1), id="named-tuple"),
        pytest.param(Account("u", CANARY), ("u", MASK), id="named-tuple-by-name"),
        pytest.param(
            {Login("u")}, {f"Login(user='u', password='{MASK}')"}, id="dataclass"
        ),
        pytest.param(Login, Login, id="class"),
        pytest.param(
            {f"a://b:{CANARY}@c": 1, 2: 3}, {f"a://b:{MASK}@c": 1, 2: 3}, id="name"
        ),
        pytest.param(
            f"host=h password={CANARY} port=1",
            f"host=h password={MASK} port=1",
            id="words",
        ),
        pytest.param(f"a://h/?PWD={CANARY}&b=1", f"a://h/?PWD={MASK}&b=1", id="query"),
        pytest.param(
            f'{{"token": "{CANARY} \\" x", "a": 1}}',
            f'{{"token": {MASK}, "a": 1}}',
            id="json-text",
        ),
        pytest.param(
            f"{{'api_key': '{CANARY} x'}}", f"{{'api_key': {MASK}}}", id="repr-text"
        ),
        pytest.param("x" * 3000 + f"password={CANARY}", MASK, id="long-words"),
        pytest.param("a password for people", "a password for people", id="word"),
        pytest.param(PEM.encode(), MASK.encode(), id="bytes"),
        pytest.param(f"redis://u:{CANARY}@h/0", f"redis://u:{MASK}@h/0", id="address"),
        pytest.param(f"redis://:a/b@{CANARY}@h", f"redis://:{MASK}@h", id="unencoded"),
        pytest.param("http://h:80/a", "http://h:80/a", id="port"),
        pytest.param(f"a://b:{CANARY}@" + "x" * 3000, MASK, id="long-address"),
        pytest.param("x" * 3000, "x" * 3000, id="long"),
        pytest.param(b"\xff\xfe", b"\xff\xfe", id="binary"),
        pytest.param(1.5, 1.5, id="number"),
    ],
)
def test_secrets_inside_values_are_masked(value: object, expected: object) -> None:
    """Tables, lists, addresses and known shapes; the rest is unchanged."""
    assert mask("NAME", value) == expected
    assert CANARY not in repr(mask("NAME", value))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, None, id="none"),
        pytest.param(True, True, id="bool"),
        pytest.param(timedelta(1), timedelta(1), id="duration"),
        pytest.param("", MASK, id="empty"),
        pytest.param(12345, MASK, id="number"),
        pytest.param([CANARY], MASK, id="list"),
    ],
)
def test_a_secret_tells_neither_length_nor_kind(
    value: object, expected: object
) -> None:
    """One mask for all; unset, a switch and a duration tell nothing."""
    assert mask("NAME", value, secret=True) == expected


def test_a_marker_may_say_that_a_value_is_shown() -> None:
    """``secret=False`` shows what the name would hide, not what its shape hides."""
    assert mask("API_KEY", "x", secret=False) == "x"
    assert mask("API_KEY", JWT, secret=False) == MASK


def test_further_names_reach_inside_tables() -> None:
    """Settings of the application extend and lift the rule by name."""
    table = {"code": CANARY, "token": "shown"}

    assert mask("X", table, more={"CODE"}, public={"TOKEN"}) == {
        "code": MASK,
        "token": "shown",
    }


def test_endless_values_end() -> None:
    """A list inside itself is masked below a depth."""
    loop: list[t.Any] = []
    loop.append(loop)

    assert MASK in repr(mask("NAME", loop))


class Hostile:
    """An object whose ``repr`` fails."""

    def __repr__(self) -> str:
        raise RuntimeError(CANARY)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("x" * 60, "'" + "x" * 56 + "...", id="cut"),
        pytest.param(Hostile(), "<Hostile>", id="hostile"),
        pytest.param(10**5000, "<int>", id="huge"),
        pytest.param("a\udcff", r"'a\udcff'", id="surrogate"),
    ],
)
def test_shown_is_short_and_never_fails(value: object, text: str) -> None:
    """At most 60 characters, whatever the value."""
    assert shown("NAME", value) == text
    assert len(shown("NAME", value)) <= 60


@given(
    st.text(string.ascii_letters + string.digits + "/@:?#%", min_size=1, max_size=20),
    st.sampled_from(["", "user"]),
)
def test_no_password_of_an_address_is_shown(password: str, user: str) -> None:
    """However it is encoded, or is not."""
    password = f"{CANARY}{password}"

    assert CANARY not in shown("URL", f"pg://{user}:{password}@host:5432/db?x=1")
