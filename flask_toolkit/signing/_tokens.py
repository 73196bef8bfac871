"""Tokens that people carry in links."""

from __future__ import annotations

import secrets
import time
import typing as t

from flask import after_this_request
from flask import has_request_context

from flask_toolkit._context import the_app
from flask_toolkit.errors import SignedTokenError
from flask_toolkit.errors import SignedTokenUsedError

from ._codec import length_of
from ._codec import seal
from ._codec import serializer_for
from ._codec import state_fits
from ._codec import state_mac
from ._codec import unseal
from ._keys import signing_keys

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask import Response
    from itsdangerous import URLSafeTimedSerializer

    from flask_toolkit.typing import Duration
    from flask_toolkit.typing import Store

    from ._codec import Opened
    from ._codec import TokenClaims

U = t.TypeVar("U")

_KEY: t.Final = "toolkit.signing.tokens"
_TOKENS: t.Final = "signed-tokens"
_STATES: t.Final = "signed-tokens-state"


class SignedTokens(t.Generic[U]):
    """Makes and reads the tokens of one purpose, such as resetting a password.

    A token is signed, not encrypted, and its purpose and its age are part of
    what is checked. :meth:`consume` lets it act once: either because the act
    changes a ``state`` that is signed into it, or because a ``store`` remembers
    it. Methods use the current application and its ``SECRET_KEY``.

    :param purpose: What the tokens are for; those of another one never verify.
    :param max_age: How long they live, 1 second to 10 years.
    :param state: What their use changes, such as the hash of a password. Only a
        MAC of it is in the token.
    :param store: Where used tokens are remembered: a store, or what gives that
        of an application, such as :func:`~flask_toolkit.stores.store_for`. One
        caller wins, also on several machines if they share it.
    :raises ValueError: If the purpose is empty or the age out of bounds.
    """

    def __init__(
        self,
        purpose: str,
        *,
        max_age: Duration,
        state: Callable[[U], str] | None = None,
        store: Store | Callable[[Flask], Store] | None = None,
    ) -> None:
        if not purpose:
            raise ValueError("purpose must not be empty.")

        self.purpose: str = purpose
        self.max_age: float = length_of(max_age, "max_age")
        self._state = state
        self._store = store

    def __repr__(self) -> str:
        return f"<SignedTokens {self.purpose!r}>"

    def issue(self, subject: str, user: U | None = None, **claims: t.Any) -> str:
        """Return a new token: letters, digits, ``-``, ``_`` and ``.`` only.

        :param subject: Whom it is about, as ``load`` will get it. Use a stable
            id: an address of e-mail can change hands.
        :param user: Whose state is signed; needed if there is ``state=``.
        :param claims: What else it shall say, as JSON knows it. Everybody who
            holds the token can read it.
        :raises TypeError: If the subject is no text, the user is missing, or a
            claim cannot be written as JSON.
        :raises SetupError: If ``SECRET_KEY`` is missing or of a wrong type.
        """
        given = t.cast("object", subject)

        if not isinstance(given, str) or not given:
            raise TypeError("subject must be text and not empty: str(user.id).")

        app = the_app()
        mac = None

        if self._state is not None:
            if user is None:
                raise TypeError("issue() needs the user whose state it signs.")

            key = signing_keys(app, _STATES)[-1]
            mac = state_mac(key, self.purpose, subject, self._state_of(user))

        id = None if self._store is None else secrets.token_urlsafe(16)
        return seal(self._serializer(app), subject, claims, id=id, state=mac)

    def read(self, token: str | None) -> TokenClaims:
        """Return what a token says: enough to show a form, not to act.

        The answer is kept out of caches, and its address out of the next site's
        log, unless the view sets these headers itself.

        :raises SignedTokenExpiredError: If it is older than ``max_age``.
        :raises SignedTokenError: If there is none, it was changed, or it was
            made for another purpose or with another key.
        """
        return self._open(the_app(), token).claims

    def consume(
        self, token: str | None, load: Callable[[str], U | None]
    ) -> tuple[U, TokenClaims]:
        """Return the user of a token, once.

        Call it where the act is, in a POST: scanners of mail and chat open every
        link they see. With ``state=`` alone the token lives until the state has
        changed, so two requests at the same moment can both pass; give a
        ``store=`` where that matters.

        :param load: Returns the user of a subject, ``None`` if there is none.
        :raises TypeError: If there is neither ``state=`` nor ``store=``.
        :raises SignedTokenUsedError: If it was used, or the state has changed.
        :raises SignedTokenExpiredError: If it is older than ``max_age``.
        :raises SignedTokenError: As :meth:`read`, and if there is no such user.
        :raises StoreUnavailableError: If the store does not answer.
        """
        if self._state is None and self._store is None:
            raise TypeError("consume() needs state= or store= in SignedTokens().")

        app = the_app()
        opened = self._open(app, token)
        user = load(opened.claims.subject)

        if user is None:
            raise SignedTokenError

        self._compare(app, opened, user)
        self._spend(app, opened)
        return user, opened.claims

    def _open(self, app: Flask, token: str | None) -> Opened:
        if has_request_context():
            after_this_request(_discreet)

        serializer = self._serializer(app)
        return unseal(serializer, token, max_age=self.max_age, now=time.time())

    def _serializer(self, app: Flask) -> URLSafeTimedSerializer:
        keys = signing_keys(app, _TOKENS)
        cache: dict[str, tuple[list[bytes], URLSafeTimedSerializer]]
        cache = app.extensions.setdefault(_KEY, {})
        known = cache.get(self.purpose)

        if known is None or known[0] != keys:
            known = cache[self.purpose] = (keys, serializer_for(keys, self.purpose))

        return known[1]

    def _state_of(self, user: U) -> str:
        made: object = None if self._state is None else self._state(user)

        if not isinstance(made, str):
            # What has no fixed text would end every token, or none.
            raise TypeError("state= must return text.")

        return made

    def _compare(self, app: Flask, opened: Opened, user: U) -> None:
        if self._state is None:
            return

        if opened.state is None:
            raise SignedTokenError

        keys = signing_keys(app, _STATES)
        subject, state = opened.claims.subject, self._state_of(user)

        if not state_fits(opened.state, keys, self.purpose, subject, state):
            raise SignedTokenUsedError

    def _spend(self, app: Flask, opened: Opened) -> None:
        if self._store is None:
            return

        if opened.id is None:
            raise SignedTokenError

        store = self._store(app) if callable(self._store) else self._store

        if store.put_if_absent(f"sign:{opened.id}", b"1", opened.ttl) is not None:
            raise SignedTokenUsedError


def _discreet(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    # Not "no-referrer": browsers then send "Origin: null" with the page's form.
    response.headers.setdefault("Referrer-Policy", "same-origin")
    return response
