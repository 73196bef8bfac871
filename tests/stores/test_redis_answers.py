"""Answers that no test can make a real server give at the right moment."""

import typing as t
from collections.abc import Callable
from collections.abc import Collection

import pytest

from flask_toolkit.errors import StoreUnavailableError
from flask_toolkit.stores import RedisStore


class Answers:
    """Lines to a server whose answers are made up."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked: list[bytes] = []

    def ask(self, commands: Collection[bytes]) -> list[object]:
        """Give the next answers."""
        self.asked += commands
        return [self.answers.pop(0) for _ in commands]


@pytest.fixture(name="store_of")
def _store_of() -> Callable[..., RedisStore]:
    def store_of(*answers: object) -> RedisStore:
        store = RedisStore.from_url("redis://nowhere.invalid")
        store._lines = t.cast("t.Any", Answers(*answers))
        return store

    return store_of


def test_what_refused_us_may_be_gone_when_asked(
    store_of: Callable[..., RedisStore],
) -> None:
    """The value ended in between: the second try stores ours."""
    store = store_of(None, None, b"OK")

    assert store.put_if_absent("a", b"1", 60) is None


def test_what_refused_us_may_be_back(store_of: Callable[..., RedisStore]) -> None:
    """Another one was first after all."""
    store = store_of(None, None, None, b"2")

    assert store.put_if_absent("a", b"1", 60) == b"2"


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param((None, None, None, None), id="refused and gone twice"),
        pytest.param((b"QUEUED",), id="neither stored nor refused"),
        pytest.param((None, 7), id="not bytes"),
    ],
)
def test_put_if_absent_never_guesses(
    store_of: Callable[..., RedisStore], answers: tuple[object, ...]
) -> None:
    """Without a clear answer nobody has won."""
    store = store_of(*answers)

    with pytest.raises(StoreUnavailableError):
        store.put_if_absent("a", b"1", 60)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda s: s.put("a", b"", 1), id="put"),
        pytest.param(lambda s: s.load("a"), id="load"),
        pytest.param(lambda s: s.keys_for("a"), id="keys_for"),
        pytest.param(lambda s: s.ping(), id="ping"),
        pytest.param(lambda s: s.save("a", {}, (), 1), id="save"),
    ],
)
def test_answers_of_another_type_are_an_outage(
    store_of: Callable[..., RedisStore], call: Callable[[RedisStore], object]
) -> None:
    """What the server cannot have meant is not interpreted."""
    store = store_of(7)

    with pytest.raises(StoreUnavailableError):
        call(store)
