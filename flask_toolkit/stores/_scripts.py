"""The scripts that a Redis server runs for us."""

from __future__ import annotations

import hashlib
import typing as t

from ._lines import packed


class Script(t.NamedTuple):
    """A script; every one touches one key, so that a cluster can run it."""

    text: bytes
    sha: bytes
    """What names it to a server that has run it before."""

    @classmethod
    def of(cls, text: str) -> t.Self:
        """Return the script with a text."""
        data = text.strip().encode()
        # Redis wants this one: it names, and protects nothing.
        sha = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        return cls(data, sha.encode())


class Call(t.NamedTuple):
    """A script to run, with the key and the words that it gets."""

    script: Script
    key: bytes
    words: tuple[bytes, ...]

    def by_name(self) -> bytes:
        """Return the command for a server that has run the script before."""
        return packed(b"EVALSHA", self.script.sha, b"1", self.key, *self.words)

    def by_text(self) -> bytes:
        """Return the command for one that has not."""
        return packed(b"EVAL", self.script.text, b"1", self.key, *self.words)


# A record is one value, see ``_layout``; nobody reads or writes it between our
# reading and our writing. The words: whether it must be new, milliseconds to live,
# the owners, one a line (empty: as before), how many fields change, these, names
# to remove.
SAVE: t.Final = Script.of("""
local old = redis.call('GET', KEYS[1])
if (old ~= false) == (ARGV[1] == '1') then return false end
local record = old and cjson.decode(old) or {o = '', f = {}}
if ARGV[3] ~= '' then record.o = ARGV[3] end
local last = 4 + 2 * ARGV[4]
for i = 5, last, 2 do record.f[ARGV[i]] = ARGV[i + 1] end
for i = last + 1, #ARGV do record.f[ARGV[i]] = nil end
redis.call('SET', KEYS[1], cjson.encode(record), 'PX', ARGV[2])
return record.o
""")
# The index of an owner: keys by the time they end, a minute added so that no
# hint is gone before its record. A time only ever moves on.
INDEX: t.Final = Script.of("""
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local ends = now + ARGV[1] + 60000
local known = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[2]) or 0)
if ends > known then redis.call('ZADD', KEYS[1], ends, ARGV[2]) end
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
return redis.call('PEXPIREAT', KEYS[1], last)
""")
DELETE_OWNED: t.Final = Script.of("""
local old = redis.call('GET', KEYS[1])
if not old then return 0 end
local owners = '\\n' .. cjson.decode(old).o .. '\\n'
if not string.find(owners, '\\n' .. ARGV[1] .. '\\n', 1, true) then return 0 end
return redis.call('DEL', KEYS[1])
""")
