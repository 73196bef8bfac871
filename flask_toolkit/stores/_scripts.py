"""What is sent to a Redis server: scripts, and the types of the commands."""

from __future__ import annotations

import typing as t

# Every script touches one key, so that a cluster can run it.
SAVE: t.Final = """
local there = redis.call('EXISTS', KEYS[1])
if there == tonumber(ARGV[1]) then return false end
if there == 0 then redis.call('HSET', KEYS[1], 'o', '') end
if ARGV[3] == '1' then redis.call('HSET', KEYS[1], 'o', ARGV[4]) end
local last = 5 + 2 * tonumber(ARGV[5])
for i = 6, last, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
for i = last + 1, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('HGET', KEYS[1], 'o')
"""
# The index of an owner: keys by the time they end, a minute added so that no
# hint is gone before its record. A time only ever moves on.
INDEX: t.Final = """
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local ends = now + ARGV[1] + 60000
local known = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[2]) or 0)
if ends > known then redis.call('ZADD', KEYS[1], ends, ARGV[2]) end
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
return redis.call('PEXPIREAT', KEYS[1], last)
"""
DELETE_OWNED: t.Final = """
if redis.call('HGET', KEYS[1], 'o') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""


class Commands(t.Protocol):
    """The commands in use, of a client and of its pipelines.

    redis-py gives them a type that also allows for awaitables.
    """

    def set(
        self, name: bytes, value: bytes, *, px: int, nx: bool = False
    ) -> object: ...
    def get(self, name: bytes) -> object: ...
    def delete(self, name: bytes) -> object: ...
    def hget(self, name: bytes, key: bytes) -> object: ...
    def hgetall(self, name: bytes) -> object: ...
    def zrange(self, name: bytes, start: int, end: int) -> object: ...
    def eval(self, script: str, numkeys: int, *args: bytes | int) -> object: ...
    def ping(self) -> object: ...


class Pipeline(Commands, t.Protocol):
    def execute(self) -> list[object]: ...


class Client(Commands, t.Protocol):
    def pipeline(self, *, transaction: bool) -> Pipeline: ...
    def close(self) -> None: ...
