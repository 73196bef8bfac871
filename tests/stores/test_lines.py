"""Connections to a Redis server: kept, given back, and never out of step."""

import os
import typing as t
from collections.abc import Iterator

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from flask_toolkit.stores import RedisStore
from flask_toolkit.stores._lines import Lines
from flask_toolkit.stores._lines import packed

ECHO = packed(b"ECHO", b"1")
WRONG = packed(b"NONSENSE")


class Connection:
    """A connection that does what it is told."""

    def __init__(self, *answers: object) -> None:
        self.pid = os.getpid()
        self.answers = list(answers)
        self.sent: list[bytes] = []
        self.readable: bool | Exception = False
        self.is_open = True

    def disconnect(self) -> None:
        """Close."""
        self.is_open = False

    def can_read(self) -> bool:
        """Tell, or fail."""
        if isinstance(self.readable, Exception):
            raise self.readable

        return self.readable

    def send_packed_command(self, command: t.Iterable[bytes]) -> None:
        """Take a command."""
        self.sent += command

    def read_response(self) -> object:
        """Give the next answer, or raise it."""
        answer = self.answers.pop(0)

        if isinstance(answer, BaseException):
            raise answer

        return answer


class Pool:
    """Lends some connections, in order."""

    def __init__(self, *connections: Connection) -> None:
        self.connections = list(connections)
        self.lent: list[Connection] = []
        self.back: list[Connection] = []

    def get_connection(self) -> Connection:
        """Lend the next one."""
        self.lent.append(self.connections.pop(0))
        return self.lent[-1]

    def release(self, connection: Connection) -> None:
        """Take one back."""
        self.back.append(connection)


def _lines(pool: Pool, *, keeps: bool = True) -> Lines:
    lines = Lines(t.cast("t.Any", pool), refusal=redis.ResponseError)
    lines.keeps = keeps
    return lines


def test_all_commands_go_in_one_trip() -> None:
    """What is sent is one piece, and each command has its answer."""
    connection = Connection(b"1", b"2")

    assert _lines(Pool(connection)).ask([b"a", b"b"]) == [b"1", b"2"]
    assert connection.sent == [b"ab"]


def test_a_refusal_is_an_answer() -> None:
    """What comes after it is still read, and by whom it is for."""
    refusal = redis.ResponseError("no")
    connection = Connection(refusal, b"2")

    assert _lines(Pool(connection)).ask([b"a", b"b"]) == [refusal, b"2"]
    assert connection.is_open


def test_a_connection_is_kept() -> None:
    """The pool is asked once."""
    pool = Pool(Connection(b"1", b"2"))
    lines = _lines(pool)

    assert lines.ask([b"a"]) + lines.ask([b"a"]) == [b"1", b"2"]
    assert (len(pool.lent), pool.back) == (1, [])


def test_a_connection_of_somebody_elses_pool_goes_back() -> None:
    """A pool with a limit must not lend one for good."""
    connection = Connection(b"1")
    pool = Pool(connection)
    _lines(pool, keeps=False).ask([b"a"])

    assert pool.back == [connection]


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(redis.TimeoutError("late"), id="late"),
        pytest.param(ValueError("garbage"), id="garbage"),
        pytest.param(KeyboardInterrupt(), id="interrupted"),
    ],
)
def test_who_did_not_read_all_closes(failure: BaseException) -> None:
    """The answer that may still come is not taken for that to another question."""
    first, second = Connection(b"1", failure), Connection(b"2")
    pool = Pool(first, second)
    lines = _lines(pool)

    with pytest.raises(type(failure)):
        lines.ask([b"a", b"b"])

    assert (first.is_open, pool.back) == (False, [first])
    assert lines.ask([b"c"]) == [b"2"]


@pytest.mark.parametrize(
    "readable",
    [
        pytest.param(True, id="an answer, or its end"),
        pytest.param(redis.ConnectionError("closed"), id="closed"),
        pytest.param(OSError("reset"), id="reset"),
    ],
)
def test_a_kept_connection_must_be_quiet(readable: bool | Exception) -> None:
    """One that the server closed is not written to: no write is repeated."""
    first, second = Connection(b"1"), Connection(b"2")
    pool = Pool(first, second)
    lines = _lines(pool)
    lines.ask([b"a"])
    first.readable = readable

    assert lines.ask([b"b"]) == [b"2"]
    assert (first.sent, first.is_open, pool.back) == ([b"a"], False, [first])


def test_a_connection_of_the_parent_is_not_used() -> None:
    """Nor closed: the parent goes on with it."""
    first, second = Connection(b"1"), Connection(b"2", b"3")
    lines = _lines(Pool(first, second))
    lines.ask([b"a"])
    first.pid += 1

    assert lines.ask([b"b"]) + lines.ask([b"c"]) == [b"2", b"3"]
    assert (first.sent, first.is_open) == ([b"a"], True)


def test_a_pool_may_want_the_name_of_a_command() -> None:
    """Before 5.3 it has to be given; the name is not used."""

    class Old(Pool):
        """As in redis-py 5.2."""

        def get_connection(  # type: ignore[override]  # it was like that
            self, command_name: str, *keys: object, **options: object
        ) -> Connection:
            """Lend the next one."""
            return super().get_connection()

    assert _lines(Old(Connection(b"1"))).ask([b"a"]) == [b"1"]


@pytest.mark.redis
class TestAServer:
    """With a server and redis-py's own connections."""

    @pytest.fixture(name="client")
    def _client(self, redis_url: str) -> Iterator[redis.Redis]:
        client = redis.Redis.from_url(redis_url, retry=Retry(NoBackoff(), 0))
        yield client
        client.close()

    @pytest.mark.parametrize("keeps", [True, False], ids=["kept", "lent"])
    def test_answers_stay_in_step(self, client: redis.Redis, keeps: bool) -> None:
        """Also after a refusal in the middle."""
        lines = Lines(
            t.cast("t.Any", client.connection_pool), refusal=redis.ResponseError
        )
        lines.keeps = keeps
        answers = [lines.ask([ECHO, WRONG, ECHO]) for _ in range(3)]

        assert [[a[0], type(a[1]), a[2]] for a in answers] == [
            [b"1", redis.ResponseError, b"1"]
        ] * 3

    def test_a_connection_that_the_server_closed_is_replaced(
        self, client: redis.Redis, redis_url: str
    ) -> None:
        """A write after an idle night succeeds, without a repetition."""
        store = RedisStore.from_url(redis_url)
        [number] = store._once(packed(b"CLIENT", b"ID"))
        client.client_kill_filter(_id=str(number))

        assert store._once(ECHO) == [b"1"]
        assert store._once(packed(b"CLIENT", b"ID")) != [number]
        store.close()

    def test_the_pool_of_a_client_gets_its_connection_back(
        self, client: redis.Redis
    ) -> None:
        """One connection serves the client and the store in turns."""
        usual = client.connection_pool
        kind: t.Any = redis.BlockingConnectionPool
        pool = kind(
            connection_class=usual.connection_class,
            max_connections=1,
            timeout=1,
            **usual.connection_kwargs,
        )
        shared = redis.Redis(connection_pool=pool)
        store = RedisStore(shared)
        store.ping()

        assert t.cast("t.Any", shared).ping() is True
        store.ping()
        pool.disconnect()
