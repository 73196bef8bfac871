"""Signed tokens: what verifies, for how long, and how often."""

import contextlib
import gc
import re
import string
import threading
import typing as t
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask import Flask
from flask import Response
from hypothesis import assume
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from itsdangerous import URLSafeTimedSerializer

from flask_toolkit.errors import SetupError
from flask_toolkit.errors import SignedTokenError
from flask_toolkit.errors import SignedTokenExpiredError
from flask_toolkit.errors import SignedTokenUsedError
from flask_toolkit.errors import StoreUnavailableError
from flask_toolkit.signing import SignedTokens
from flask_toolkit.stores import MemoryStore
from flask_toolkit.stores import store_for

Clock = Callable[[float], None]
ALPHABET = f"{string.ascii_letters}{string.digits}-_."
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
LINKS = SignedTokens[t.Any]("links", max_age=3600)


@dataclass
class User:
    """Somebody with a password."""

    id: str
    password: str = "hash-1"


USERS = {"7": User("7")}
RESET = SignedTokens[User]("reset", max_age=600, state=lambda user: user.password)
ONCE = SignedTokens[User]("once", max_age=600, store=store_for)


def _shop(secret: str = "s" * 32, *fallbacks: str) -> Flask:
    app = Flask("shop")
    app.config.update(SECRET_KEY=secret, SECRET_KEY_FALLBACKS=list(fallbacks))
    return app


@settings(max_examples=100, deadline=None)
@given(
    subject=st.text(min_size=1),
    claims=st.dictionaries(st.from_regex(r"[a-z]{1,8}_", fullmatch=True), JSON),
)
def test_what_goes_in_comes_out(subject: str, claims: dict[str, t.Any]) -> None:
    """A token says what was given to it, and fits into an address as it is."""
    with _shop().app_context():
        token = LINKS.issue(subject, **claims)
        found = LINKS.read(token)

    assert (found.subject, found.claims) == (subject, claims)
    assert re.fullmatch(r"[A-Za-z0-9_.-]+[A-Za-z0-9]", token)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_changed_character_fails(data: st.DataObject) -> None:
    """Replaced, added or dropped anywhere: no other text is the same token."""
    with _shop().app_context():
        token = LINKS.issue("7", note="a" * data.draw(st.integers(0, 60)))
        at = data.draw(st.integers(0, len(token) - 1))
        other = data.draw(st.sampled_from(ALPHABET) | st.characters())
        form = data.draw(st.sampled_from(["replace", "insert", "drop"]))
        middle = {"replace": other, "insert": other + token[at], "drop": ""}[form]
        changed = token[:at] + middle + token[at + 1 :]
        assume(changed != token)

        with pytest.raises(SignedTokenError):
            LINKS.read(changed)


@pytest.mark.parametrize("last", ALPHABET)
def test_the_last_character_has_one_spelling(app: Flask, last: str) -> None:
    """Base64 would ignore two of its bits; here no second text verifies."""
    token = LINKS.issue("7")

    if last != token[-1]:
        with pytest.raises(SignedTokenError):
            LINKS.read(token[:-1] + last)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("x", id="short"),
        pytest.param(f"..{'A' * 43}", id="dots"),
        pytest.param(f"e30.{'A' * 43}", id="unsigned"),
        pytest.param(f"caf\xe9.x.{'A' * 43}", id="not-ascii"),
        pytest.param(f"\ud800.x.{'A' * 43}", id="surrogate"),
        pytest.param("A" * 100_000, id="long"),
    ],
)
def test_what_is_no_token_is_refused(app: Flask, token: str | None) -> None:
    """Whatever stands in the address is a 400, never a 500."""
    with pytest.raises(SignedTokenError, match="not valid") as info:
        LINKS.read(token)

    assert info.value.code == 400


def test_a_refusal_does_not_quote_the_token(app: Flask) -> None:
    """A token that was not used yet must not reach a log by its own error."""
    token = SignedTokens[User]("other", max_age=60).issue("7")

    with pytest.raises(SignedTokenError) as info:
        LINKS.read(token)

    assert info.value.__suppress_context__
    assert token.split(".")[0] not in str(info.value)


@settings(max_examples=50, deadline=None)
@given(one=st.text(min_size=1), other=st.text(min_size=1))
def test_purposes_never_mix(one: str, other: str) -> None:
    """A token of one purpose is none of another."""
    assume(one != other)

    with _shop().app_context():
        token = SignedTokens[User](one, max_age=60).issue("7")

        with pytest.raises(SignedTokenError):
            SignedTokens[User](other, max_age=60).read(token)


def test_a_bare_serializer_with_the_same_secret_does_not_verify(app: Flask) -> None:
    """What other code signs with SECRET_KEY and our purpose as salt is no token."""
    foreign = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="links")
    token = foreign.dumps({"s": "7"})

    with pytest.raises(SignedTokenError):
        LINKS.read(token)


@pytest.mark.parametrize("age", [0, 600, 600.9])
def test_a_token_lives_for_its_age(clock: Clock, app: Flask, age: float) -> None:
    """To the whole second, as the stamp has no others."""
    token = RESET.issue("7", USERS["7"])
    clock(age)

    assert RESET.read(token).issued_at.timestamp() == 1_800_000_000


def test_an_old_token_has_expired(clock: Clock, app: Flask) -> None:
    """Its own error lets a page offer a new one."""
    token = RESET.issue("7", USERS["7"])
    clock(601)

    with pytest.raises(SignedTokenExpiredError, match="expired"):
        RESET.read(token)


@pytest.mark.parametrize(("ahead", "passes"), [(60, True), (61, False)])
def test_a_clock_may_be_a_minute_ahead(
    clock: Clock, app: Flask, ahead: int, passes: bool
) -> None:
    """Two machines differ a little; a stamp from the future lives for years."""
    clock(ahead)
    token = LINKS.issue("7")
    clock(0)

    if passes:
        assert LINKS.read(token).subject == "7"
    else:
        with pytest.raises(SignedTokenError):
            LINKS.read(token)


def test_a_token_outlives_a_key_rotation() -> None:
    """The old key verifies as a fallback, state included, and ends with it."""
    with _shop("old" * 8).app_context():
        token = RESET.issue("7", USERS["7"])

    with _shop("new" * 8, "old" * 8).app_context():
        assert RESET.consume(token, USERS.get)[0] is USERS["7"]

    with _shop("new" * 8).app_context(), pytest.raises(SignedTokenError):
        RESET.consume(token, USERS.get)


def test_a_key_changed_later_is_used(app: Flask) -> None:
    """The serializer that is kept belongs to its keys."""
    token = LINKS.issue("7")
    app.secret_key = "t" * 32

    with pytest.raises(SignedTokenError):
        LINKS.read(token)


def test_consume_with_a_state_works_until_it_changes(app: Flask) -> None:
    """The new password ends every reset that was asked for before."""
    user = User("7")
    first, second = RESET.issue("7", user), RESET.issue("7", user)
    found, claims = RESET.consume(first, {"7": user}.get)
    assert (found, claims.subject) == (user, "7")
    user.password = "hash-2"

    for token in (first, second):
        with pytest.raises(SignedTokenUsedError, match="used before"):
            RESET.consume(token, {"7": user}.get)


def test_the_user_comes_from_load_alone(app: Flask) -> None:
    """The state is that of the loaded user, so another one's does not fit."""
    token = RESET.issue("7", USERS["7"])

    with pytest.raises(SignedTokenUsedError):
        RESET.consume(token, lambda _: User("8", "hash-8"))


def test_a_state_is_bound_to_its_subject(app: Flask) -> None:
    """Two users with the same state do not share its MAC."""
    user = USERS["7"]

    assert (
        _payload(RESET.issue("7", user))["m"] != _payload(RESET.issue("8", user))["m"]
    )


def test_the_state_cannot_be_read_in_the_token(app: Flask) -> None:
    """Not even as a hash that could be tried without the key."""
    payload = _payload(RESET.issue("7", USERS["7"]))

    assert set(payload) == {"s", "m"}
    assert "hash-1" not in str(payload)


def _payload(token: str) -> dict[str, t.Any]:
    found: dict[str, t.Any] = URLSafeTimedSerializer("x").loads_unsafe(token)[1]
    return found


def test_consume_with_a_store_works_once(app: Flask) -> None:
    """The store remembers the token, also across instances."""
    token = ONCE.issue("7", plan="gold")

    user, claims = ONCE.consume(token, USERS.get)

    assert (user, claims.claims) == (USERS["7"], {"plan": "gold"})
    with pytest.raises(SignedTokenUsedError):
        SignedTokens[User]("once", max_age=600, store=store_for(app)).consume(
            token, USERS.get
        )


def test_reading_does_not_spend(app: Flask) -> None:
    """Scanners open the form; the token still works."""
    token = ONCE.issue("7")

    assert ONCE.read(token) == ONCE.read(token)
    assert ONCE.consume(token, USERS.get)[0] is USERS["7"]


def test_one_of_many_callers_wins() -> None:
    """Threads that come at the same moment do not both act."""
    app = _shop()
    start, won = threading.Barrier(8), []

    with app.app_context():
        token = ONCE.issue("7")

    def act() -> None:
        with app.app_context():
            start.wait()

            with contextlib.suppress(SignedTokenUsedError):
                won.append(ONCE.consume(token, USERS.get))

    threads = [threading.Thread(target=act) for _ in range(8)]

    for thread in threads:
        thread.start()

    for thread in threads:
        thread.join()

    assert len(won) == 1


def test_the_use_is_remembered_longer_than_the_token_lives(
    clock: Clock, app: Flask
) -> None:
    """A clock that is behind by the tolerated minute does not revive it."""
    store = _Store()
    tokens = SignedTokens[User]("once", max_age=600, store=store)
    token = tokens.issue("7")
    clock(200)

    tokens.consume(token, USERS.get)

    assert store.ttls == [400 + 60]


class _Store(MemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.ttls: list[float] = []

    def put_if_absent(self, key: str, value: bytes, ttl: float) -> bytes | None:
        self.ttls.append(ttl)
        return super().put_if_absent(key, value, ttl)


def test_a_store_that_is_down_fails_closed(app: Flask) -> None:
    """Nobody gets in while nothing can be remembered."""

    class Down(MemoryStore):
        def put_if_absent(self, key: str, value: bytes, ttl: float) -> bytes | None:
            raise StoreUnavailableError

    tokens = SignedTokens[User]("once", max_age=600, store=Down())

    with pytest.raises(StoreUnavailableError):
        tokens.consume(tokens.issue("7"), USERS.get)


def test_a_subject_that_is_gone_spends_nothing(app: Flask) -> None:
    """A deleted user reads as a token that is not valid."""
    token = ONCE.issue("7")

    with pytest.raises(SignedTokenError) as info:
        ONCE.consume(token, lambda _: None)

    assert type(info.value) is SignedTokenError
    assert ONCE.consume(token, USERS.get)[0] is USERS["7"]


@pytest.mark.parametrize("strict", [RESET, ONCE], ids=["state", "store"])
def test_a_token_of_a_laxer_day_cannot_act(
    app: Flask, strict: SignedTokens[User]
) -> None:
    """Issued before there was a state or a store, it could be used for ever."""
    token = SignedTokens[User](strict.purpose, max_age=600).issue("7")

    with pytest.raises(SignedTokenError) as info:
        strict.consume(token, USERS.get)

    assert type(info.value) is SignedTokenError


def test_consume_needs_something_that_ends_a_token(app: Flask) -> None:
    """A single use that nothing enforces is a bug of the program."""
    with pytest.raises(TypeError, match="state= or store="):
        LINKS.consume(LINKS.issue("7"), USERS.get)


@pytest.mark.parametrize("subject", [7, "", None])
def test_a_subject_is_text(app: Flask, subject: t.Any) -> None:
    """The number of a user would come back as another type."""
    with pytest.raises(TypeError, match=r"str\(user\.id\)"):
        LINKS.issue(subject)


def test_a_state_needs_its_user(app: Flask) -> None:
    """Without one there is nothing to sign."""
    with pytest.raises(TypeError, match="needs the user"):
        RESET.issue("7")


def test_a_state_is_text(app: Flask) -> None:
    """A missing hash would fit every user who has none."""
    none = SignedTokens[User]("reset", max_age=60, state=lambda _: t.cast("str", None))

    with pytest.raises(TypeError, match="state= must return text"):
        none.issue("7", USERS["7"])


def test_a_claim_is_json(app: Flask) -> None:
    """What could not be read back is not written."""
    with pytest.raises(TypeError, match="not JSON serializable"):
        LINKS.issue("7", when=object())


@pytest.mark.parametrize(
    "max_age",
    [0, 0.5, -1, float("nan"), float("inf"), timedelta(), timedelta(days=3651)],
    ids=str,
)
def test_a_lifetime_has_bounds(max_age: t.Any) -> None:
    """No token lives for ever, or for no time at all."""
    with pytest.raises(ValueError, match="max_age must lie between"):
        SignedTokens[User]("x", max_age=max_age)


def test_a_purpose_is_not_empty() -> None:
    """Two empty ones would be the same."""
    with pytest.raises(ValueError, match="purpose"):
        SignedTokens[User]("", max_age=60)


def test_an_age_may_be_a_timedelta() -> None:
    """As every duration of the toolkit."""
    assert SignedTokens[User]("x", max_age=timedelta(minutes=1)).max_age == 60


def test_two_apps_do_not_share_tokens() -> None:
    """One instance serves both, each with its own key."""
    with _shop("a" * 32).app_context():
        token = LINKS.issue("7")
        assert LINKS.read(token).subject == "7"

    with _shop("b" * 32).app_context(), pytest.raises(SignedTokenError):
        LINKS.read(token)


def test_no_context_is_flasks_own_error() -> None:
    """It says what is missing."""
    with pytest.raises(RuntimeError, match="outside of application context"):
        LINKS.issue("7")


def test_no_secret_is_told_at_the_first_token() -> None:
    """A token signed with nothing would be everybody's."""
    with Flask("bare").app_context(), pytest.raises(SetupError, match="SECRET_KEY"):
        LINKS.issue("7")


def test_a_repr_shows_the_purpose_alone() -> None:
    """No key, no state, no address of a store."""
    assert repr(ONCE) == "<SignedTokens 'once'>"


def test_an_app_is_freed() -> None:
    """What an instance keeps lives in the app."""
    app = _shop()

    with app.app_context():
        LINKS.read(LINKS.issue("7"))

    alive = weakref.ref(app)
    del app
    gc.collect()

    assert alive() is None


def _served(view: Callable[[], t.Any], method: str = "GET") -> t.Any:
    app = _shop()
    app.add_url_rule("/", "view", view, methods=[method])
    return app.test_client().open("/", method=method)


def test_a_page_that_reads_a_token_is_not_stored_or_told() -> None:
    """Its address is the token: no cache keeps it, no Referer carries it."""
    answer = _served(lambda: LINKS.read(LINKS.issue("7")).subject)

    assert answer.text == "7"
    assert answer.headers.getlist("Cache-Control") == ["no-store"]
    assert answer.headers.getlist("Referrer-Policy") == ["same-origin"]


def test_a_view_may_set_these_headers_itself() -> None:
    """What the view wrote stays."""

    def view() -> Response:
        LINKS.read(LINKS.issue("7"))
        return Response(headers={"Cache-Control": "private, no-store"})

    answer = _served(view)

    assert answer.headers.getlist("Cache-Control") == ["private, no-store"]
    assert answer.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        pytest.param(SignedTokenError, "not valid", id="invalid"),
        pytest.param(SignedTokenExpiredError, "expired", id="expired"),
        pytest.param(SignedTokenUsedError, "used before", id="used"),
    ],
)
def test_a_refusal_is_a_problem_that_is_not_stored(
    error: type[SignedTokenError], detail: str
) -> None:
    """Without anything attached it answers as RFC 9457 wants."""

    def view() -> str:
        LINKS.read(LINKS.issue("7"))
        raise error

    answer = _served(view, "POST")

    assert answer.status_code == 400
    assert detail in answer.get_json(force=True)["detail"]
    assert answer.content_type == "application/problem+json"
    assert answer.headers.getlist("Cache-Control") == ["no-store"]
    assert answer.headers.getlist("Referrer-Policy") == ["no-referrer"]
