"""Which sessions have ended: what the store knows, by three kinds of keys."""

from __future__ import annotations

import functools
import hashlib
import typing as t
from dataclasses import dataclass

from ._errors import TokenRevokedError
from ._policy import is_own
from ._policy import Rules
from ._policy import session_start

if t.TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence


_LITTLE_MORE = 1.0


class TokenStore(t.Protocol):
    """What rotation and revocation need of a store; any one of ours has it.

    Each method raises :class:`~flask_toolkit.errors.StoreUnavailableError` when
    the store does not answer. ``ttl`` is in seconds. A store that is full must
    refuse: dropping a living entry would revive a token.
    """

    def put(self, key: str, value: bytes, ttl: float) -> None:
        """Store ``value``, replacing what was there."""
        ...

    def put_if_absent(self, key: str, value: bytes, ttl: float) -> bytes | None:
        """Store ``value`` unless the key lives; atomic.

        :returns: ``None`` if it was stored, else the value that is there.
        """
        ...

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return the living values of ``keys``, in their order, in one trip."""
        ...


@dataclass(frozen=True, slots=True)
class Sessions:
    """Ended sessions and used refresh tokens of one component in one store."""

    store: TokenStore
    name: str
    rules: Rules

    def check(self, claims: Mapping[str, t.Any]) -> None:
        """Return if neither the session nor its subject was ended.

        :raises TokenRevokedError: If it was.
        """
        found = self.store.get_many(self._keys(claims))

        if found.count(None) != len(found):
            self._judge(claims, found)

    def check_refresh(self, claims: Mapping[str, t.Any], number: int) -> int | None:
        """Check as :meth:`check`, and return when the refresh token was used.

        :returns: Milliseconds since 1970; ``None`` if it was not.
        :raises TokenRevokedError: If the session or its subject was ended.
        """
        used = self._used(claims, number)
        *found, at = self.store.get_many([*self._keys(claims), used])
        self._judge(claims, found)
        return None if at is None else int(at)

    def use(
        self, claims: Mapping[str, t.Any], number: int, at: int, now: float
    ) -> int | None:
        """Record the use of a refresh token; one caller wins.

        :returns: ``None`` for the winner, else when it was used before.
        """
        ttl = self._ttl(claims["exp"], now)
        there = self.store.put_if_absent(self._used(claims, number), b"%d" % at, ttl)
        return None if there is None else int(there)

    def end(self, claims: Mapping[str, t.Any], now: float) -> None:
        """End the session of a token, or a token that has none.

        :raises ValueError: If it has neither ``sid`` nor ``jti``.
        """
        key = self._denial(claims)

        if key is None:
            raise ValueError("a token without sid and jti cannot be revoked")

        ttl = self._ttl(max(claims["exp"], self._session_end(claims, now)), now)

        # Over anyway, and a store takes no time of zero.
        if ttl > 0:
            self.store.put(key, b"%d" % int(now * 1000), ttl)

    def end_all(self, issuer: str | None, sub: str, now: float) -> None:
        """End all sessions of a subject that began before now."""
        key = _key(self.name, "c", issuer, sub)
        (before,) = self.store.get_many([key])
        # A slow clock must not move it back.
        latest = max(int(now * 1000), int(before or 0))
        ttl = self.rules.session + self.rules.leeway + _LITTLE_MORE
        self.store.put(key, b"%d" % latest, ttl)

    def _judge(
        self, claims: Mapping[str, t.Any], found: Sequence[bytes | None]
    ) -> None:
        cut_off = found[0]
        is_denied = len(found) > 1 and found[1] is not None

        if is_denied or (
            cut_off is not None and self._began_before(claims, int(cut_off))
        ):
            error = TokenRevokedError("revoked")
            error.jti = claims.get("jti")
            raise error

    def _began_before(self, claims: Mapping[str, t.Any], moment: int) -> bool:
        start = session_start(claims, self.rules)

        if start is not None:
            return start < moment

        # Whole seconds: the second of the cut-off counts as before.
        return int(claims.get("iat", 0)) * 1000 <= moment

    def _session_end(self, claims: Mapping[str, t.Any], now: float) -> float:
        start = session_start(claims, self.rules)

        if start is not None:
            return start / 1000 + self.rules.session

        # Only a token of ours can share its session with others that live longer.
        is_shared = is_own(claims, self.rules) and "sid" in claims
        return now + self.rules.session if is_shared else now

    def _ttl(self, end: float, now: float) -> float:
        return end - now + self.rules.leeway + _LITTLE_MORE

    def _keys(self, claims: Mapping[str, t.Any]) -> list[str]:
        cut_off = _key(self.name, "c", claims.get("iss"), claims["sub"])
        denial = self._denial(claims)
        return [cut_off] if denial is None else [cut_off, denial]

    def _denial(self, claims: Mapping[str, t.Any]) -> str | None:
        # Of another issuer we end one token: what it calls a session is its own.
        first, second = ("sid", "jti") if is_own(claims, self.rules) else ("jti", "sid")
        value: str | None = claims.get(first) or claims.get(second)
        return value and _key(self.name, "s", claims.get("iss"), value)

    def _used(self, claims: Mapping[str, t.Any], number: int) -> str:
        key = _key(self.name, "u", claims.get("iss"), claims["sid"])
        return f"{key}.{number}"


@functools.lru_cache(maxsize=4096)
def _key(name: str, kind: str, issuer: str | None, value: str) -> str:
    """Return what stands for a name: no address of a person lies in the store."""
    data = f"{issuer or ''}\0{value}".encode()
    return f"{name}:{kind}:{hashlib.sha256(data).hexdigest()[:32]}"
