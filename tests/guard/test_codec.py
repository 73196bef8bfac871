"""A sign-in as text: what reads it, and when it ends."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_toolkit.guard._codec import ended_login
from flask_toolkit.guard._codec import epoch_mac
from flask_toolkit.guard._codec import epoch_matches
from flask_toolkit.guard._codec import last_user
from flask_toolkit.guard._codec import Login
from flask_toolkit.guard._codec import needs_stamp
from flask_toolkit.guard._codec import read_login
from flask_toolkit.guard._codec import too_old
from flask_toolkit.guard._codec import write_login

TIMES = st.integers(min_value=0, max_value=2**40)
LOGINS = st.builds(
    Login,
    id=st.text(min_size=1),
    auth_time=TIMES,
    epoch=st.none() | st.text("0123456789abcdef", min_size=32, max_size=32),
    seen=TIMES,
)


@given(LOGINS)
def test_a_sign_in_comes_back_as_it_was(login: Login) -> None:
    """Whatever the id is made of, commas included."""
    assert read_login(write_login(login)) == login
    assert last_user(write_login(login)) == login.id


@given(st.text(min_size=1))
def test_an_ended_sign_in_names_its_user_only(id: str) -> None:
    """It signs nobody in, and still tells whose data the session holds."""
    assert read_login(ended_login(id)) is None
    assert last_user(ended_login(id)) == id


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(None, id="none"),
        pytest.param(7, id="number"),
        pytest.param([], id="list"),
        pytest.param({"u": "1", "t": 100}, id="dict"),
        pytest.param("", id="empty"),
        pytest.param("100,,1", id="three-fields"),
        pytest.param("100,,,", id="empty-id"),
        pytest.param("nan,,,1", id="nan"),
        pytest.param("inf,,,1", id="infinite"),
        pytest.param("1e3,,,1", id="float"),
        pytest.param("100,x,,1", id="text-as-seen"),
    ],
)
def test_a_malformed_sign_in_is_none(payload: object) -> None:
    """What another version or a bug wrote reads as nobody, not as an error."""
    assert read_login(payload) is None


@given(st.text() | st.none() | st.integers() | st.dictionaries(st.text(), st.text()))
def test_nothing_in_a_session_is_an_error(payload: object) -> None:
    """Any value gives a sign-in or ``None``."""
    login = read_login(payload)

    assert login is None or login.id


def test_last_seen_defaults_to_the_sign_in() -> None:
    """It is written only where it says something else."""
    assert read_login("100,,,1") == Login("1", 100, None, 100)
    assert read_login("100,120,mac,1") == Login("1", 100, "mac", 120)


def test_what_a_text_says_cannot_be_changed() -> None:
    """It is kept for the next request with the same text."""
    login = read_login("100,,,1")

    assert login is not None
    with pytest.raises(dataclasses.FrozenInstanceError):
        login.auth_time = 7  # type: ignore[misc]  # that is the point

    assert read_login("100,,,1") == Login("1", 100, None, 100)


@pytest.mark.parametrize("payload", ["1", {"u": "1"}, 7, None], ids=repr)
def test_a_malformed_sign_in_is_of_nobody(payload: object) -> None:
    """There is no id in it."""
    assert last_user(payload) is None


@pytest.mark.parametrize(
    ("now", "idle", "why"),
    [
        pytest.param(160, None, "", id="young"),
        pytest.param(161, None, "expired", id="expired"),
        pytest.param(130, 10, "", id="active"),
        pytest.param(131, 10, "idle", id="idle"),
        pytest.param(90, 10, "", id="clock-behind"),
    ],
)
def test_too_old(now: int, idle: float | None, why: str) -> None:
    """Absolute age counts from the sign-in, idle age from the last request."""
    assert too_old(Login("1", 100, None, 120), now, 60, idle) == why


@pytest.mark.parametrize(
    ("now", "idle", "expected"),
    [(121, 20, False), (122, 20, True), (999, None, False)],
    ids=["young", "a-tenth", "no-limit"],
)
def test_last_seen_is_written_every_tenth(
    now: int, idle: float | None, expected: bool
) -> None:
    """Not every request writes a cookie."""
    assert needs_stamp(Login("1", 100, None, 120), now, idle) is expected


def test_an_epoch_mac_is_of_one_key_user_and_epoch() -> None:
    """Only the same key, id and epoch give the same MAC."""
    mac = epoch_mac(b"key", "ab", "c")

    assert epoch_matches(mac, "ab", "c", b"key")
    assert not epoch_matches(mac, "a", "bc", b"key")
    assert not epoch_matches(mac, "ab", "d", b"key")
    assert not epoch_matches(mac, "ab", "c", b"other")
    assert not epoch_matches(None, "ab", "c", b"key")
    assert not epoch_matches("\ud800é", "ab", "c", b"key")
