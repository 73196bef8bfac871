"""The part that keeps sessions in a store."""

from __future__ import annotations

import dataclasses
import time
import typing as t
from collections.abc import Mapping
from datetime import datetime
from datetime import UTC

from flask import has_request_context
from flask.json.tag import TaggedJSONSerializer

from flask_toolkit._context import the_app
from flask_toolkit._context import the_context
from flask_toolkit._extension import Extension
from flask_toolkit._extension import State
from flask_toolkit.stores import store_for

from ._interface import StoredSessionInterface
from ._interface import take_place
from ._policy import handle_of
from ._policy import key_of_handle
from ._records import Records
from ._session import draft_of
from ._session import StoredSession
from ._settings import SessionSettings
from ._tagged import Tagged

if t.TYPE_CHECKING:
    from flask import Flask

    from flask_toolkit.typing import Store

    from ._draft import Draft
    from ._records import Record


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo:
    """A session of somebody, as a page that lists devices shows it."""

    handle: str
    """Names it to :meth:`ServerSession.end`; no cookie can be made of it."""

    created: datetime
    """When it began, or its owner signed in."""

    seen: datetime
    """When it was last used, up to a twentieth of the lifetime before."""

    current: bool
    """Whether it is the one of this request."""

    data: Mapping[str, t.Any] = dataclasses.field(repr=False)
    """What the application keeps in it."""


@dataclasses.dataclass(frozen=True)
class _SessionsState(State[SessionSettings]):
    records: Records


class ServerSession(Extension[SessionSettings], component="sessions"):
    """Keep sessions on the server; the cookie is a random id and nothing else.

    Pages that use no session cost no command and get neither ``Set-Cookie`` nor
    ``Vary``. ``flask.session`` is a :class:`StoredSession`.

    :param store: Where they are kept. Default: what
        ``TOOLKIT_SESSIONS_STORE_URL`` names, else the shared store.
    """

    kernel_settings: t.ClassVar[tuple[str, ...]] = ("store",)

    def __init__(self, app: Flask | None = None, *, store: Store | None = None) -> None:
        self._store = store
        super().__init__(app)

    def setup(self, app: Flask, settings: SessionSettings) -> State[SessionSettings]:
        """Take the place of Flask's own interface on ``app``.

        :raises SetupError: If another interface is there.
        :raises MissingExtraError: If the store needs an extra.
        """
        serializer = TaggedJSONSerializer()
        # Not "or": a store may have a length, and be empty.
        given = self._store
        records = Records(
            store_for(app, settings.store_url) if given is None else given,
            Tagged(serializer),
            max_age=settings.max_age.total_seconds(),
            max_bytes=settings.max_bytes,
        )
        # A store that was given, or an address, was somebody's choice.
        chosen = given is not None or settings.store_url is not None
        take_place(app, StoredSessionInterface(records, serializer, chosen=chosen))
        return _SessionsState(self, settings, records)

    def sessions_of(self, owner: str) -> list[SessionInfo]:
        """Return the living sessions of somebody, the latest used first.

        It needs the context of an application, and one command a session.

        :param owner: As in ``session.owner``: the user's id, under a guard with
            a name of its own ``name:id``.
        :raises StoreUnavailableError: If the store is down.
        """
        records, lifetime = self._records()
        draft = _current(records)
        current = None if draft is None else draft.key
        found = [records.read(key, lifetime) for key in records.store.keys_for(owner)]
        infos = [
            _info(records, each, current)
            for each in found
            if each is not None and _has(each, owner)
        ]
        return sorted(infos, key=lambda info: info.seen, reverse=True)

    def end(self, owner: str, handle: str) -> bool:
        """End one session of somebody; return whether there was one.

        Also if it has another id since the list was made, up to a minute ago.

        :param handle: From :meth:`sessions_of`, by way of a form.
        :raises StoreUnavailableError: If the store is down.
        """
        records, _ = self._records()
        key = key_of_handle(handle)

        if key is None:
            return False

        # Loaded before it is gone.
        draft = _current(records)
        ended = records.end(key, owner)

        if draft is not None and draft.key in ended:
            draft.forget()

        return bool(ended)

    def delete_for(self, owner: str, *, keep_current: bool = False) -> int:
        """End the sessions of somebody; return how many there were.

        :param keep_current: Leave the one of this request.
        :raises StoreUnavailableError: If the store is down.
        """
        records, _ = self._records()
        draft = _current(records)
        keep: list[str] = []

        if draft is not None and owner in draft.owners:
            if not keep_current:
                draft.forget()
            elif draft.key is not None:
                keep = [draft.key]

        return records.store.delete_for(owner, keep=keep)

    def _records(self) -> tuple[Records, float]:
        app = the_app()
        state: _SessionsState = self.state_of(app)
        return state.records, app.permanent_session_lifetime.total_seconds()


def _current(records: Records) -> Draft | None:
    """Return the session of this request, loaded, if it is kept here."""
    session = the_context().session if has_request_context() else None

    if not isinstance(session, StoredSession):
        return None

    draft = draft_of(session)
    draft.load()
    return draft if draft.records is records else None


def _has(record: Record, owner: str) -> bool:
    """Tell whether a session is still somebody's: that may end before it does."""
    until = record.owners.get(owner)
    return until is None or until > time.time()


def _info(records: Records, record: Record, current: str | None) -> SessionInfo:
    return SessionInfo(
        handle=handle_of(record.key),
        created=datetime.fromtimestamp(record.created, UTC),
        seen=datetime.fromtimestamp(record.seen, UTC),
        current=record.key == current,
        data=records.tagged.decode(record.fields) or {},
    )
