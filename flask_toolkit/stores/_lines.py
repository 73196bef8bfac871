"""Connections to a Redis server, with as little between us and them as is safe.

A command over redis-py's client takes three times the work: the way through its
pool, its measures of itself, and its retries, of which we allow none. The price
is that what watches ``redis.Redis.execute_command`` sees nothing of a store.
"""

from __future__ import annotations

import os
import typing as t
from functools import partial
from inspect import signature

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection


class Connection(t.Protocol):
    """What is used of a connection of redis-py."""

    pid: int

    def disconnect(self) -> object: ...
    def can_read(self) -> bool: ...
    def send_packed_command(self, command: t.Iterable[bytes]) -> object: ...
    def read_response(self) -> object: ...


class Pool(t.Protocol):
    """What is used of a pool of redis-py."""

    get_connection: Callable[..., Connection]

    def release(self, connection: t.Any) -> object: ...


def packed(*words: bytes) -> bytes:
    r"""Return a command as it is sent.

    >>> packed(b"GET", b"k")
    b'*2\r\n$3\r\nGET\r\n$1\r\nk\r\n'
    """
    return b"*%d\r\n%b" % (
        len(words),
        b"".join([b"$%d\r\n%b\r\n" % (len(word), word) for word in words]),
    )


class Lines:
    """Sends commands and reads their answers.

    :param refusal: The error that stands for a refusal by the server.
    """

    def __init__(self, pool: Pool, *, refusal: type[Exception]) -> None:
        self._borrow = _without_name(pool.get_connection)
        self._release = pool.release
        self.keeps = False
        """Whether connections stay here once they were borrowed, which is for a
        pool that nobody else uses."""

        self._refusal = refusal
        self._idle: list[Connection] = []

    def ask(self, commands: Collection[bytes]) -> list[t.Any]:
        """Send commands in one trip; return the answers, refusals among them.

        Nothing is sent twice. What redis-py raises when the server is away, or
        is none, is raised.
        """
        connection = self._kept() or self._borrow()

        try:
            connection.send_packed_command((b"".join(commands),))
            answers = [self._answer(connection) for _ in commands]
        except BaseException:
            # What was not read must not be the answer to the next question.
            connection.disconnect()
            self._release(connection)
            raise

        if self.keeps:
            self._idle.append(connection)
        else:
            self._release(connection)

        return answers

    def _answer(self, connection: Connection) -> object:
        try:
            return connection.read_response()
        except self._refusal as error:
            return error

    def _kept(self) -> Connection | None:
        """Return a connection that is open and has nothing left to read."""
        try:
            connection = self._idle.pop()
        except IndexError:
            return None

        if connection.pid != os.getpid():
            # Those of the parent, from before a fork. The pool forgets, too.
            self._idle.clear()
            return None

        if _is_quiet(connection):
            return connection

        # The server closed it. The pool opens it again.
        connection.disconnect()
        self._release(connection)
        return None


def _is_quiet(connection: Connection) -> bool:
    try:
        return not connection.can_read()
    except Exception:  # noqa: BLE001  # whatever it is, the connection is of no use
        return False


def _without_name(
    get_connection: Callable[..., Connection],
) -> Callable[[], Connection]:
    """Let it be called without the name of a command.

    Before redis-py 5.3 it wants one, which it does not use; since then it warns.
    """
    try:
        signature(get_connection).bind()
    except TypeError:
        return partial(get_connection, "GET")

    return get_connection
