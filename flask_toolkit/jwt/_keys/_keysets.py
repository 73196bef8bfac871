"""Sets of keys: our own, and those that another issuer publishes."""

from __future__ import annotations

import copy
import math
import typing as t
from collections.abc import Iterable
from collections.abc import Mapping

from flask_toolkit._values import seconds
from flask_toolkit.errors import SetupError
from flask_toolkit.jwt._errors import TokenInvalidError
from flask_toolkit.jwt._jws import encode
from flask_toolkit.jwt._jws import parse
from flask_toolkit.jwt._jws import read_header
from flask_toolkit.jwt._jws import remember
from flask_toolkit.jwt._jws import write_object

from ._key import Key
from ._material import PUBLIC_ALGORITHMS
from ._material import require_crypto
from ._material import SECRET_ALGORITHMS
from ._memory import SignatureMemory
from ._published import read_published

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence

    from flask_toolkit.jwt._jws import Header
    from flask_toolkit.jwt._jws import Parsed
    from flask_toolkit.typing import Duration

    from ._remote import Source


class KeySet(Iterable[Key]):
    """Keys of one issuer: the first that can sign signs, the others verify.

    :raises ValueError: If there is none, or two have the same ``kid``.
    """

    def __init__(self, *keys: Key) -> None:
        if not keys:
            raise ValueError("a key set needs at least one key")

        self._keep(_by_kid(keys))

    def _keep(self, keys: dict[str | None, Key]) -> None:
        # Replaced as a whole, never changed: readers take no lock.
        self._keys = keys
        self._signing = next((key for key in keys.values() if key.can_sign), None)
        self._heads: dict[str, str] = {}
        self._known: dict[bytes, Header] = {}
        self._memory: SignatureMemory | None = None

    @classmethod
    def remote(
        cls,
        url: str,
        *,
        alg: str | None = None,
        ttl: Duration = 300,
        cooldown: Duration = 30,
        timeout: Duration = 5,
    ) -> KeySet:
        """Return the keys that another issuer publishes as a JWK Set.

        Nothing is fetched before the first token, and what is iterated are the keys
        that are known. A known key never waits for the network: keys older than
        ``ttl`` serve until newer ones are there.

        :param url: Where, such as the ``jwks_uri`` of the issuer: https, or http
            on this machine in debug and testing. It must come from configuration.
        :param alg: Take keys for this algorithm only. None: each for its own.
        :param ttl: How long until the keys are renewed, in the background.
        :param cooldown: How long after a fetch tokens of unknown keys do not cause
            another one.
        :param timeout: How long a fetch may take, and a caller wait for it.
        :raises ValueError: If the address, algorithm or a duration does not fit.
        :raises MissingExtraError: If ``cryptography`` is not installed.
        """
        from ._remote import address_of
        from ._remote import get
        from ._remote import Source

        if alg is not None and alg not in PUBLIC_ALGORITHMS:
            raise ValueError(f"alg must be one of {', '.join(PUBLIC_ALGORITHMS)}")

        address = address_of(url)
        limit = _positive("timeout", timeout)
        require_crypto()
        source = Source(
            lambda old: _by_kid(read_published(get(address, limit), alg, old or {})),
            name=str(address),
            ttl=_positive("ttl", ttl),
            cooldown=_positive("cooldown", cooldown),
            timeout=limit,
        )
        return RemoteKeySet(source, str(address))

    def __repr__(self) -> str:
        return f"<KeySet of {', '.join(map(repr, self))}>"

    def __iter__(self) -> Iterator[Key]:
        return (key for kid, key in self._keys.items() if kid is not None)

    def remembering(self, size: int) -> KeySet:
        """Return the same keys with a memory of the last good signatures.

        It is ``SIGNATURE_CACHE`` for a set that is used by itself. Secrets verify
        as fast without it and do not use it.
        """
        twin = copy.copy(self)
        twin._memory = SignatureMemory(size)  # noqa: SLF001  # of the same class
        return twin

    def sign(self, claims: Mapping[str, t.Any], *, typ: str) -> str:
        """Return a token that says ``claims``.

        :param typ: Kind of the token, for its header (RFC 8725 section 3.11).
        :raises SetupError: If no key of the set can sign.
        :raises TypeError: If a claim is not JSON.
        """
        key = self._signing

        if key is None:
            raise SetupError(f"{self!r} only verifies; signing needs a private key.")

        signed = f"{self._head(key, typ)}.{encode(write_object(claims))}"
        return f"{signed}.{encode(key.sign(signed.encode('ascii')))}"

    def own_headers(self, *typs: str) -> dict[bytes, Header]:
        """Return the headers of tokens that are signed here, by their segment.

        :param typs: Kinds of tokens.
        """
        if self._signing is None:
            return {}

        segments = [self._head(self._signing, typ).encode() for typ in typs]
        return {segment: read_header(segment) for segment in segments}

    def _head(self, key: Key, typ: str) -> str:
        head = self._heads.get(typ)

        if head is None:
            members = {"alg": key.alg, "typ": typ, "kid": key.kid}
            head = self._heads[typ] = encode(write_object(members))

        return head

    def verify(
        self, token: str, *, max_size: int = 8192
    ) -> tuple[Mapping[str, t.Any], Mapping[str, t.Any]]:
        """Return header and claims of a token whose signature is good.

        Nothing else is judged: not the time, the issuer, the audience or the kind.

        :raises TokenInvalidError: If it is malformed or not signed by these keys.
        """
        parsed = parse(token, max_size, self._known)
        self.check(parsed)

        if parsed.segment not in self._known:
            remember(self._known, parsed)

        return parsed.header.members, parsed.claims

    def check(self, parsed: Parsed) -> None:
        """Return if one of these keys made the signature of a token.

        :raises TokenInvalidError: If not.
        :raises StoreUnavailableError: If the keys are published by another host
            and cannot be fetched.
        """
        header = parsed.header
        key = self._keys.get(header.kid) or self._missing(header.kid)

        if header.alg != key.alg:
            raise TokenInvalidError("alg")

        memory = self._memory

        if not (
            key.verify(parsed.signed, parsed.signature)
            if memory is None
            else memory.confirms(key, parsed)
        ):
            raise TokenInvalidError("signature")

    def _missing(self, kid: str | None) -> Key:
        raise TokenInvalidError("kid")

    def jwks(self) -> dict[str, t.Any]:
        """Return the public keys as a JWK Set (RFC 7517 section 5).

        Secrets are left out: they have no public part.
        """
        public = (key for key in self if key.alg not in SECRET_ALGORITHMS)
        return {"keys": [key.public_jwk() for key in public]}


class RemoteKeySet(KeySet):
    """Keys that another host publishes; made by :meth:`KeySet.remote`."""

    def __init__(self, source: Source[dict[str | None, Key]], url: str) -> None:
        self._source = source
        self.url: str = url
        """Where they are published, without a query."""

        self._keep({})

    def __repr__(self) -> str:
        return f"<KeySet of {self.url!r}>"

    def __iter__(self) -> Iterator[Key]:
        self._keys = self._source.value() or {}
        return super().__iter__()

    def check(self, parsed: Parsed) -> None:
        """Return if one of the published keys made the signature of a token."""
        self._keys = self._source.value() or {}
        super().check(parsed)

    def _missing(self, kid: str | None) -> Key:
        found = self._source.value()

        # Where there are several keys and the token names none, no fetch would
        # tell which.
        if found is None or kid is not None:
            found = self._source.renewed()

        self._keys = found
        key = found.get(kid)

        if key is None:
            raise TokenInvalidError("kid")

        return key


def _by_kid(keys: Sequence[Key]) -> dict[str | None, Key]:
    """Return keys by their kid; under ``None`` that of a token without one."""
    found: dict[str | None, Key] = {key.kid: key for key in keys}

    if len(found) != len(keys):
        raise ValueError("two keys of the set have the same kid")

    # With several no guess is made.
    if len(keys) == 1:
        found[None] = keys[0]

    return found


def _positive(name: str, duration: Duration) -> float:
    number = seconds(duration)

    if not 0 < number < math.inf:
        raise ValueError(f"{name} must be longer than 0 seconds, and finite")

    return number
