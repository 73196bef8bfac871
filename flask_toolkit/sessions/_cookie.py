"""Flask's session cookie, without making its keys anew for each request."""

from __future__ import annotations

import hmac
import logging
import typing as t

from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature
from itsdangerous import HMACAlgorithm
from itsdangerous import TimestampSigner
from itsdangerous import URLSafeTimedSerializer

from flask_toolkit._extension import Extension
from flask_toolkit.errors import SetupError

from ._interface import take_place
from ._interface import vary
from ._sent import sent
from ._settings import CookieSessionSettings

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping

    from flask import Flask
    from flask import Request
    from flask import Response
    from flask.sessions import SecureCookieSession
    from flask.sessions import SessionMixin

    from flask_toolkit._extension import State

_log = logging.getLogger("flask_toolkit.sessions")


class CookieSession(Extension[CookieSessionSettings], component="sessions"):
    """Keep sessions in Flask's own signed cookie, at less cost.

    The cookie is Flask's, byte for byte: attaching or removing this logs nobody
    out. What is saved is work: Flask makes the serializer and derives the keys
    at each opening and each saving, also for pages that use no session. A key
    that is changed is noticed at the next request.
    """

    def __init__(self, app: Flask | None = None) -> None:
        super().__init__(app)

    def setup(
        self, app: Flask, settings: CookieSessionSettings
    ) -> State[CookieSessionSettings]:
        """Take the place of Flask's own interface on ``app``.

        :raises SetupError: If another interface is there, or
            ``SECRET_KEY_FALLBACKS`` is one text.
        """
        _fallbacks(app)
        interface = _Interface()
        # A salt or a serializer that was set on Flask's own.
        vars(interface).update(vars(app.session_interface))
        take_place(app, interface)
        return super().setup(app, settings)


class _Interface(SecureCookieSessionInterface):
    """Flask's own, with a serializer that is kept."""

    def __init__(self) -> None:
        self._made: tuple[t.Any, tuple[t.Any, ...], _Serializer] | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return the serializer of the keys that ``app`` has now."""
        secret, fallbacks = app.secret_key, _fallbacks(app)

        if not secret:
            return None

        made = self._made

        if made is None or made[0] != secret or made[1] != fallbacks:
            usual = super().get_signing_serializer(app)
            assert usual is not None  # noqa: S101  # there is a key
            made = self._made = (secret, fallbacks, _Serializer.of(usual))

        return made[2]

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Open as Flask does, which has all cookies parsed to find one."""
        value = sent(request, self.get_cookie_name(app))

        if not value:
            return self.session_class() if app.secret_key else None

        serializer = self.get_signing_serializer(app)

        if serializer is None:
            return None

        max_age = int(app.permanent_session_lifetime.total_seconds())

        try:
            return self.session_class(serializer.loads(value, max_age=max_age))
        except BadSignature:
            return self.session_class()

    def save_session(
        self, app: Flask, session: SessionMixin, response: Response
    ) -> None:
        """Save as Flask does, which reads seven settings before it looks."""
        if session.modified or (session and self.should_set_cookie(app, session)):
            super().save_session(app, session, response)

            if app.debug:
                self._tell_of_size(app, session, response)
        elif session.accessed:
            vary(response)

    def _tell_of_size(
        self, app: Flask, session: SessionMixin, response: Response
    ) -> None:
        """Log what takes the room in a cookie that browsers drop without a word."""
        name, most = self.get_cookie_name(app), response.max_cookie_size
        set_cookie = response.headers.getlist("Set-Cookie")
        size = max((len(c) for c in set_cookie if c.startswith(f"{name}=")), default=0)

        if not 0 < most < size:
            return

        dumps = self.serializer.dumps
        sizes = {key: len(dumps(value)) for key, value in session.items()}
        largest = max(sizes, key=sizes.__getitem__)
        _log.warning(
            "The cookie of the session takes %d bytes, and browsers drop it above %d."
            " The largest key is %r, %d as JSON; ServerSession keeps large data.",
            *(size, most, largest, sizes[largest]),
        )


class _Serializer(URLSafeTimedSerializer):
    """Keeps its signer, which the usual one makes at each use."""

    @classmethod
    def of(cls, usual: URLSafeTimedSerializer) -> t.Self:
        """Return one that reads and writes what ``usual`` does."""
        made = cls(
            usual.secret_keys,
            salt=usual.salt,
            serializer=usual.serializer,
            signer=_Signer,
            signer_kwargs=usual.signer_kwargs,
        )
        made._signer = _Signer(
            usual.secret_keys, salt=usual.salt, **usual.signer_kwargs
        )
        return made

    _signer: _Signer

    def make_signer(self, salt: str | bytes | None = None) -> TimestampSigner:
        """Return the signer; there is one salt only."""
        return self._signer

    def iter_unsigners(
        self, salt: str | bytes | None = None
    ) -> Iterator[TimestampSigner]:
        """Yield the signer, which knows all keys."""
        yield self._signer


class _Signer(TimestampSigner):
    """Derives each key once."""

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self.algorithm = _Prepared(self.digest_method)
        derive = super().derive_key
        self._derived = {key: derive(key) for key in self.secret_keys}
        self._current = self._derived[self.secret_keys[-1]]

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        """Return the key of a secret, derived before."""
        if secret_key is None:
            return self._current

        return self._derived[t.cast("bytes", secret_key)]


class _Prepared(HMACAlgorithm):
    """Goes on from a HMAC that has taken its key, instead of beginning one."""

    def __init__(self, digest_method: t.Any) -> None:
        super().__init__(digest_method)
        self._begun: dict[bytes, hmac.HMAC] = {}

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        """Return the signature of ``value``."""
        begun = self._begun.get(key)

        if begun is None:
            begun = self._begun[key] = hmac.new(key, digestmod=self.digest_method)

        mac = begun.copy()
        mac.update(value)
        return mac.digest()


def _fallbacks(app: Flask) -> tuple[t.Any, ...]:
    config = t.cast("Mapping[str, t.Any]", app.config)
    fallbacks = config["SECRET_KEY_FALLBACKS"]

    if isinstance(fallbacks, (str, bytes)):
        raise SetupError(
            "SECRET_KEY_FALLBACKS must be a list of keys, not one text: Flask would"
            " accept a cookie signed with any letter of it. Write ['the-old-key']."
        )

    return tuple(fallbacks or ())
