"""A store on a Redis or Valkey server, for a fleet."""

from __future__ import annotations

import re
import typing as t
from datetime import timedelta

from flask_toolkit.errors import MissingExtraError
from flask_toolkit.errors import SetupError

from ._failure import unavailable
from ._layout import lines_of
from ._layout import milliseconds
from ._layout import owned_by
from ._layout import taken_apart
from ._lines import Lines
from ._lines import packed
from ._policy import as_bytes
from ._policy import as_text
from ._policy import check
from ._policy import is_key
from ._policy import owners_of
from ._scripts import Call
from ._scripts import DELETE_OWNED
from ._scripts import INDEX
from ._scripts import SAVE

try:
    import redis
    from redis.backoff import NoBackoff
    from redis.exceptions import NoScriptError
    from redis.retry import Retry
except ImportError:
    raise MissingExtraError("redis") from None

if t.TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Mapping
    from collections.abc import Sequence

    from flask_toolkit.typing import Duration

    from ._layout import Laid
    from ._lines import Pool

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
        self._client = client
        self._lines = Lines(t.cast("Pool", pool), refusal=redis.ResponseError)

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
            store = cls(client, prefix)
        except (ValueError, TypeError, redis.RedisError):
            # Its message may quote a part of the address.
            raise SetupError(
                "The address of a Redis server is malformed, or has an option that"
                " redis-py does not know."
            ) from None

        # Nobody else uses this pool.
        store._lines.keeps = True
        return store

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return the living values of ``keys``, in their order, in one trip."""
        wanted = [key for key in dict.fromkeys(keys) if is_key(key)]

        if not wanted:
            return [None] * len(keys)

        found = self._read(*[packed(b"GET", self._value(key)) for key in wanted])
        values = dict(zip(wanted, map(self._bytes_or_none, found), strict=True))
        return [values.get(key) for key in keys]

    def put(self, key: str, value: bytes, ttl: float) -> None:
        """Store ``value``, replacing what was there.

        :raises ValueError: If key, value or time to live is out of bounds.
        """
        check(key, ttl, value)
        command = packed(b"SET", self._value(key), value, b"PX", milliseconds(ttl))

        if self._once(command) != [b"OK"]:
            raise unavailable(self)

    def put_if_absent(self, key: str, value: bytes, ttl: float) -> bytes | None:
        """Store ``value`` unless the key lives; atomic.

        :returns: ``None`` if it was stored, else the value that is there.
        :raises ValueError: If key, value or time to live is out of bounds.
        """
        check(key, ttl, value)
        name, px = self._value(key), milliseconds(ttl)

        # What refused us may be gone when we ask for it: then once more.
        # ``SET NX GET`` would do both at once, from Redis 7.0.
        for _ in range(2):
            [answer] = self._once(packed(b"SET", name, value, b"PX", px, b"NX"))

            if answer == b"OK":
                return None

            if answer is not None:
                break

            there = self._bytes_or_none(self._read(packed(b"GET", name))[0])

            if there is not None:
                return there

        raise unavailable(self)

    def delete(self, *keys: str) -> int:
        """Delete the keys and return how many lived."""
        wanted = [key for key in dict.fromkeys(keys) if is_key(key)]
        names = [f(key) for key in wanted for f in (self._value, self._record)]

        if not names:
            return 0

        gone = self._once(*[packed(b"DEL", name) for name in names])
        return sum(any(gone[n : n + 2]) for n in range(0, len(gone), 2))

    def load(self, key: str) -> dict[str, bytes] | None:
        """Return the fields of a record, or ``None``."""
        if not is_key(key):
            return None

        found = self._laid(self._read(packed(b"GET", self._record(key)))[0])
        return None if found is None else found.fields

    def save(
        self,
        key: str,
        changed: Mapping[str, bytes],
        removed: Collection[str],
        ttl: float,
        *,
        create: bool = False,
        owner: str | Collection[str] | None = None,
    ) -> bool:
        """Write fields of a record and renew its time to live; atomic.

        With ``create`` only a new record is written, without it only one that
        exists.

        :returns: Whether it was written.
        :raises ValueError: If key, values or time to live are out of bounds.
        """
        check(key, ttl, *changed.values())
        owners = [owned_by(each) for each in owners_of(owner)]
        px = milliseconds(ttl)
        words = [b"%d" % create, px, b"\n".join(owners), b"%d" % len(changed)]

        for name, value in changed.items():
            words += (as_bytes(name), value)

        words += map(as_bytes, removed)
        save = Call(SAVE, self._record(key), tuple(words))
        # First, so that no record is ever without its hint.
        hints = [self._hint(each, key, px) for each in owners]
        now_of = self._run(*hints, save)[-1]

        if now_of is None:
            return False

        if not isinstance(now_of, bytes):
            raise unavailable(self)

        if now_of and not owners:
            # The record lives longer now, so must the hints of its owners.
            self._run(*[self._hint(each, key, px) for each in lines_of(now_of)])

        return True

    def delete_for(self, owner: str, *, keep: Collection[str] = ()) -> int:
        """Delete the records of ``owner`` but those in ``keep``; return how many."""
        belongs = owned_by(owner)
        done = set(keep)
        missed: set[str] = set()
        number = 0

        # A record may move to another key after the index was read: look again
        # until there is no key that was not tried. Twice, if it was not there: its
        # hint comes before it, and the old one may go between the two tries.
        while doomed := [key for key in self._hints(belongs) if key not in done]:
            calls = [Call(DELETE_OWNED, self._record(k), (belongs,)) for k in doomed]
            answers = zip(doomed, self._run(*calls), strict=True)
            gone = {key for key, answer in answers if answer == 1}
            number += len(gone)
            done |= gone | missed.intersection(doomed)
            missed.update(doomed)

        return number

    def keys_for(self, owner: str) -> list[str]:
        """Return the keys of the living records of ``owner``."""
        belongs = owned_by(owner)
        keys = self._hints(belongs)

        if not keys:
            return []

        found = self._read(*[packed(b"GET", self._record(key)) for key in keys])
        laid = zip(keys, map(self._laid, found), strict=True)
        return [key for key, one in laid if one is not None and belongs in one.owners]

    def purge(self) -> int:
        """Return 0: the server drops expired entries by itself."""
        return 0

    def ping(self) -> None:
        """Return if the server answers."""
        if self._read(packed(b"PING")) != [b"PONG"]:
            raise unavailable(self)

    def eviction_policy(self) -> str:
        """Return what the server does when its memory is full; ``""``: untold.

        :raises StoreUnavailableError: If it does not answer, or may not be asked.
        """
        [answer] = self._read(packed(b"INFO", b"memory"))
        text = as_text(self._bytes_or_none(answer) or b"")
        found = re.search(r"^maxmemory_policy:(\S+)", text, re.MULTILINE)
        return "" if found is None else found[1]

    def close(self) -> None:
        """Close the client; the next command connects again."""
        self._client.close()

    def _value(self, key: str) -> bytes:
        return as_bytes(f"{self.prefix}v:{key}")

    def _record(self, key: str) -> bytes:
        return as_bytes(f"{self.prefix}r:{key}")

    def _index(self, belongs: bytes) -> bytes:
        return as_bytes(f"{self.prefix}o:") + belongs

    def _hint(self, belongs: bytes, key: str, px: bytes) -> Call:
        return Call(INDEX, self._index(belongs), (px, as_bytes(key)))

    def _hints(self, belongs: bytes) -> list[str]:
        """Return the keys that may belong to an owner, in order."""
        [answer] = self._read(packed(b"ZRANGE", self._index(belongs), b"0", b"-1"))

        if not isinstance(answer, list):
            raise unavailable(self)

        return sorted(as_text(key) for key in t.cast("list[bytes]", answer))

    def _run(self, *calls: Call) -> list[t.Any]:
        """Run scripts in one trip, two if the server does not know one yet."""
        answers = self._ask([call.by_name() for call in calls])
        unknown = [n for n, a in enumerate(answers) if isinstance(a, NoScriptError)]

        if unknown:
            # Not a repetition: what the server does not know it has not run. Who
            # knows how to save must know how to hint, so that no hint is late.
            texts = [calls[n].by_text() for n in unknown]
            _, *again = self._ask([packed(b"SCRIPT", b"LOAD", INDEX.text), *texts])

            for n, answer in zip(unknown, again, strict=True):
                answers[n] = answer

        return self._granted(answers)

    def _read(self, *commands: bytes) -> list[t.Any]:
        """Ask, once more if the connection had died while it was idle."""
        try:
            return self._granted(self._lines.ask(commands))
        except redis.ConnectionError:
            return self._once(*commands)
        except _FAILURES as error:
            raise unavailable(self, error) from None

    def _once(self, *commands: bytes) -> list[t.Any]:
        return self._granted(self._ask(commands))

    def _ask(self, commands: Collection[bytes]) -> list[t.Any]:
        try:
            return self._lines.ask(commands)
        except _FAILURES as error:
            raise unavailable(self, error) from None

    def _granted(self, answers: list[t.Any]) -> list[t.Any]:
        """Return answers if none is a refusal."""
        for answer in answers:
            if isinstance(answer, Exception):
                raise unavailable(self, answer) from None

        return answers

    def _bytes_or_none(self, answer: object) -> bytes | None:
        if answer is None or isinstance(answer, bytes):
            return answer

        raise unavailable(self)

    def _laid(self, answer: object) -> Laid | None:
        data = self._bytes_or_none(answer)

        try:
            return None if data is None else taken_apart(data)
        except ValueError:
            raise unavailable(self) from None
