"""A store on a Redis or Valkey server, for a fleet."""

from __future__ import annotations

import math
import typing as t
from datetime import timedelta

from flask_toolkit.errors import MissingExtraError
from flask_toolkit.errors import SetupError

from ._failure import unavailable
from ._policy import as_bytes
from ._policy import as_text
from ._policy import check
from ._policy import is_key
from ._scripts import DELETE_OWNED
from ._scripts import INDEX
from ._scripts import SAVE

try:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry
except ImportError:
    raise MissingExtraError("redis") from None

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Collection
    from collections.abc import Mapping
    from collections.abc import Sequence

    from flask_toolkit.typing import Duration

    from ._scripts import Client
    from ._scripts import Pipeline

R = t.TypeVar("R")
_LONGEST: t.Final = 100 * 365 * 24 * 3600  # seconds; Redis refuses far ones
_OWNER: t.Final = b"o"  # the field of a record that names its owner
_FIELD: t.Final = b"f"  # before the name of every other field

# What redis-py raises while it reads an answer that is none of Redis'.
_FAILURES: t.Final = (redis.RedisError, OSError, ValueError, TypeError, LookupError)


class RedisStore:
    """Keeps entries on a Redis or Valkey server that a fleet shares.

    Run the server with ``maxmemory-policy noeviction``: one that drops entries
    forgets what was revoked. A read is repeated once over a new connection if
    the old one turns out dead; a write never is, as it may have happened.

    :param client: A client of redis-py that repeats nothing by itself, returns
        bytes and has a ``socket_timeout``; :meth:`from_url` makes one.
    :param prefix: Stands before every key.
    :raises SetupError: If the client repeats commands or returns text.
    """

    def __init__(self, client: redis.Redis, prefix: str = "ft:") -> None:
        # A connection that is made but not opened: the only place where
        # everything that a client was given has taken effect.
        pool = client.connection_pool
        probe: t.Any = pool.connection_class(**pool.connection_kwargs)

        if probe.encoder.decode_responses:
            raise SetupError(
                "RedisStore keeps bytes; leave decode_responses=True off its client."
            )

        if probe.retry._retries != 0:  # noqa: SLF001  # get_retries() is of 6.0
            raise SetupError(
                "This client repeats commands whose answer was lost, and a token used"
                " once would read as used twice. Use RedisStore.from_url(), or give"
                " the client retry=Retry(NoBackoff(), 0)."
            )

        self.prefix: str = prefix
        self._client = t.cast("Client", client)

    def __repr__(self) -> str:
        return f"<RedisStore {self.prefix!r}>"

    @classmethod
    def from_url(
        cls, url: str, *, prefix: str = "ft:", timeout: Duration = 2
    ) -> RedisStore:
        """Open a store by address; it connects at the first command.

        :param timeout: Longest wait for a connection and for an answer.
        :raises SetupError: If the address is malformed.
        """
        seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout

        try:
            client = redis.Redis.from_url(  # pyright: ignore[reportUnknownMemberType]  # bare **kwargs
                url,
                protocol=2,
                socket_timeout=float(seconds),
                socket_connect_timeout=float(seconds),
                retry=Retry(NoBackoff(), 0),
            )
            return cls(client, prefix)
        except (ValueError, TypeError, redis.RedisError):
            # Its message may quote a part of the address.
            raise SetupError(
                "The address of a Redis server is malformed, or has an option that"
                " redis-py does not know."
            ) from None

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return the living values of ``keys``, in their order, in one trip."""
        wanted = [key for key in dict.fromkeys(keys) if is_key(key)]

        if not wanted:
            return [None] * len(keys)

        found = self._read(lambda: self._pipelined(_get, map(self._value, wanted)))
        values = dict(zip(wanted, map(self._bytes_or_none, found), strict=True))
        return [values.get(key) for key in keys]

    def put(self, key: str, value: bytes, ttl: float) -> None:
        """Store ``value``, replacing what was there.

        :raises ValueError: If key, value or time to live is out of bounds.
        """
        check(key, ttl, value)
        name, px = self._value(key), _milliseconds(ttl)

        if self._once(lambda: self._client.set(name, value, px=px)) is not True:
            raise unavailable(self)

    def put_if_absent(self, key: str, value: bytes, ttl: float) -> bytes | None:
        """Store ``value`` unless the key lives; atomic.

        :returns: ``None`` if it was stored, else the value that is there.
        :raises ValueError: If key, value or time to live is out of bounds.
        """
        check(key, ttl, value)
        name, px = self._value(key), _milliseconds(ttl)

        # What refused us may be gone when we ask for it: then once more.
        # ``SET NX GET`` would do both at once, from Redis 7.0.
        for _ in range(2):
            answer = self._once(lambda: self._client.set(name, value, px=px, nx=True))

            if answer is True:
                return None

            if answer is not None:
                break

            there = self._bytes_or_none(self._read(lambda: self._client.get(name)))

            if there is not None:
                return there

        raise unavailable(self)

    def delete(self, *keys: str) -> int:
        """Delete the keys and return how many lived."""
        wanted = [key for key in dict.fromkeys(keys) if is_key(key)]
        names = [f(key) for key in wanted for f in (self._value, self._record)]

        if not names:
            return 0

        gone = self._once(lambda: self._pipelined(_delete, names))
        return sum(any(gone[n : n + 2]) for n in range(0, len(gone), 2))

    def load(self, key: str) -> dict[str, bytes] | None:
        """Return the fields of a record, or ``None``."""
        if not is_key(key):
            return None

        name = self._record(key)
        answer = self._read(lambda: self._client.hgetall(name))

        if not isinstance(answer, dict):
            raise unavailable(self)

        fields = t.cast("dict[bytes, bytes]", answer)
        named = {as_text(f[1:]): v for f, v in fields.items() if f != _OWNER}
        return named if fields else None

    def save(
        self,
        key: str,
        changed: Mapping[str, bytes],
        removed: Collection[str],
        ttl: float,
        *,
        create: bool = False,
        owner: str | None = None,
    ) -> bool:
        """Write fields of a record and renew its time to live; atomic.

        With ``create`` only a new record is written, without it only one that
        exists.

        :returns: Whether it was written.
        :raises ValueError: If key, values or time to live are out of bounds.
        """
        check(key, ttl, *changed.values())
        px = _milliseconds(ttl)
        belongs = b"" if owner is None else _owned_by(owner)
        args: list[bytes | int] = [int(create), px, int(owner is not None), belongs]
        args.append(len(changed))

        for name, value in changed.items():
            args += (_FIELD + as_bytes(name), value)

        args += (_FIELD + as_bytes(name) for name in removed)
        pipeline = self._client.pipeline(transaction=False)

        if belongs:
            # First, so that no record is ever without its hint.
            pipeline.eval(INDEX, 1, self._index(belongs), px, as_bytes(key))

        pipeline.eval(SAVE, 1, self._record(key), *args)
        now_of = self._once(pipeline.execute)[-1]

        if now_of is None:
            return False

        if not isinstance(now_of, bytes):
            raise unavailable(self)

        if now_of and not belongs:
            # The record lives longer now, so must the hint of its owner.
            index = self._index(now_of)
            self._once(lambda: self._client.eval(INDEX, 1, index, px, as_bytes(key)))

        return True

    def delete_for(self, owner: str, *, keep: Collection[str] = ()) -> int:
        """Delete the records of ``owner`` but those in ``keep``; return how many."""
        belongs = _owned_by(owner)
        doomed = [key for key in self._hints(belongs) if key not in keep]

        def delete(pipeline: Pipeline, name: bytes) -> None:
            pipeline.eval(DELETE_OWNED, 1, name, belongs)

        gone = self._once(lambda: self._pipelined(delete, map(self._record, doomed)))
        return sum(answer == 1 for answer in gone)

    def keys_for(self, owner: str) -> list[str]:
        """Return the keys of the living records of ``owner``."""
        belongs = _owned_by(owner)
        keys = self._hints(belongs)

        def ask(pipeline: Pipeline, name: bytes) -> None:
            pipeline.hget(name, _OWNER)

        owners = self._read(lambda: self._pipelined(ask, map(self._record, keys)))
        return [key for key, of in zip(keys, owners, strict=True) if of == belongs]

    def purge(self) -> int:
        """Return 0: the server drops expired entries by itself."""
        return 0

    def ping(self) -> None:
        """Return if the server answers."""
        if self._read(self._client.ping) is not True:
            raise unavailable(self)

    def close(self) -> None:
        """Close the client; the next command connects again."""
        self._client.close()

    def _value(self, key: str) -> bytes:
        return as_bytes(f"{self.prefix}v:{key}")

    def _record(self, key: str) -> bytes:
        return as_bytes(f"{self.prefix}r:{key}")

    def _index(self, belongs: bytes) -> bytes:
        return as_bytes(f"{self.prefix}o:") + belongs

    def _hints(self, belongs: bytes) -> list[str]:
        """Return the keys that may belong to an owner, in order."""
        index = self._index(belongs)
        answer = self._read(lambda: self._client.zrange(index, 0, -1))

        if not isinstance(answer, list):
            raise unavailable(self)

        return sorted(as_text(key) for key in t.cast("list[bytes]", answer))

    def _pipelined(
        self, add: Callable[[Pipeline, bytes], object], names: t.Iterable[bytes]
    ) -> list[object]:
        """Send one command a name in one trip and return the answers."""
        pipeline = self._client.pipeline(transaction=False)

        for name in names:
            add(pipeline, name)

        return pipeline.execute()

    def _read(self, ask: Callable[[], R]) -> R:
        """Ask, once more if the connection had died while it was idle."""
        try:
            return ask()
        except redis.ConnectionError:
            return self._once(ask)
        except _FAILURES as error:
            raise unavailable(self, error) from None

    def _once(self, ask: Callable[[], R]) -> R:
        try:
            return ask()
        except _FAILURES as error:
            raise unavailable(self, error) from None

    def _bytes_or_none(self, answer: object) -> bytes | None:
        if answer is None or isinstance(answer, bytes):
            return answer

        raise unavailable(self)


def _get(pipeline: Pipeline, name: bytes) -> object:
    return pipeline.get(name)


def _delete(pipeline: Pipeline, name: bytes) -> object:
    return pipeline.delete(name)


def _owned_by(owner: str) -> bytes:
    # Never empty, which in a record stands for nobody.
    return b"=" + as_bytes(owner)


def _milliseconds(ttl: float) -> int:
    return max(1, math.ceil(min(ttl, _LONGEST) * 1000))
