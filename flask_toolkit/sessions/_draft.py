"""What a request knows of its session, and what it did to it."""

from __future__ import annotations

import enum
import typing as t
from functools import cached_property

from flask_toolkit.errors import StoreUnavailableError

from ._policy import is_id
from ._records import Change
from ._sent import sent

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask
    from flask import Request

    from ._records import Record
    from ._records import Records

_NOTHING: t.Final[Mapping[str, bytes]] = {}
PERMANENT: t.Final = "_permanent"


class Fate(enum.Enum):
    """What may become of the changes of a request."""

    KEPT = "kept"
    MOVED = "moved"
    """The session got another id a moment ago: this one's changes are dropped."""

    LOST = "lost"
    """The store was down when it was asked: nothing can be kept."""

    DROPPED = "dropped"
    """The session ended meanwhile, or cannot be written."""


class Draft:
    """The session of one request, loaded when it is used."""

    def __init__(self, records: Records, app: Flask, request: Request) -> None:
        self.records: Records = records
        self.request: Request = request
        self.record: Record | None = None
        """What this was loaded from, or written to."""

        self.left: str | None = None
        """The key of what it was before it was cleared."""

        self.fate: Fate = Fate.KEPT
        self.owners: dict[str, float | None] = {}
        """Whose it is, and until when in Unix seconds; None: as long as it lasts."""

        self.modified: bool = False
        self.rotating: bool = False
        self.lent: set[str] = set()
        """Keys that were set, or whose values may have changed in place."""

        self.due: str | None = None
        """The id that the answer's cookie must carry; empty: none any more."""

        self._app = app
        self._id = ""
        self._moved: str | None = None
        self._data: dict[str, t.Any] | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether anybody used it."""
        return self._data is not None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to keep; a lifetime alone is nothing."""
        return not self.load().keys() - {PERMANENT}

    @property
    def is_permanent(self) -> bool:
        """Whether it outlives the browser."""
        return bool(self.load().get(PERMANENT))

    @property
    def is_untouched(self) -> bool:
        """Whether it was read at most, and nothing that may change in place."""
        return not (self.modified or self.lent or self.rotating or self.left)

    @cached_property
    def lifetime(self) -> float:
        """Seconds that the session lasts unused."""
        return self._app.permanent_session_lifetime.total_seconds()

    @property
    def key(self) -> str | None:
        """Where it is stored, if it is."""
        return None if self.record is None else self.record.key

    @property
    def fields(self) -> Mapping[str, bytes]:
        """What is stored of it, as it was loaded."""
        return _NOTHING if self.record is None else self.record.fields

    @property
    def cookie(self) -> str:
        """What the browser sent, be it one of ours or not."""
        config = t.cast("Mapping[str, t.Any]", self._app.config)
        return sent(self.request, config["SESSION_COOKIE_NAME"])

    def load(self) -> dict[str, t.Any]:
        """Return the data; the first use asks the store.

        :raises StoreUnavailableError: If it is down, the first time.
        """
        if self._data is None:
            # Empty in any case: the page for an error may read it, too.
            self._data = {}
            cookie = self.cookie

            if is_id(cookie):
                self._fill(cookie)

        return self._data

    def change(self) -> Change:
        """Return what is to be written, by comparing what would be stored.

        :raises TypeError: If a value cannot be stored.
        """
        data = self.load()
        stored = self.fields
        encode = self.records.tagged.encode
        # What was neither set nor given out is as it was.
        asked = self.lent if self.record is not None else data.keys()
        encoded = {key: encode(key, data[key]) for key in asked if key in data}
        return Change(
            changed={k: v for k, v in encoded.items() if stored.get(k) != v},
            removed=[key for key in stored if key not in data],
            owners=self.owners,
        )

    def clear(self) -> None:
        """Forget everything, and leave the record behind, wherever it is now."""
        self._empty()
        self.left = self.left or self.key or self._moved
        self.record = None

        if self.fate is Fate.MOVED:
            # Who ends it by its old id ends it; what is set now is another one.
            self.fate = Fate.KEPT

    def forget(self) -> None:
        """Become that of a visitor without one: it was ended, by its owner."""
        self._empty()
        self.record = None

    def written(self, record: Record, id: str | None = None) -> None:
        """Go on from what was written, so that a second saving writes nothing."""
        self.record = record
        self.left = None
        self.rotating = False
        self._id = id or self._id
        self.lent.clear()

    def send(self) -> None:
        """Let the answer's cookie carry the id."""
        self.due = self._id

    def _empty(self) -> None:
        self.load().clear()
        self.lent.clear()
        self.owners = {}
        self.modified = True

    def _fill(self, id: str) -> None:
        try:
            record, self._moved = self.records.find(id, self.lifetime)
        except StoreUnavailableError:
            self.fate = Fate.LOST
            raise

        if self._moved:
            self.fate = Fate.MOVED

        data = None if record is None else self.records.tagged.decode(record.fields)

        # What cannot be read is not ours to write to.
        if record is not None and data is not None:
            self._data, self.record, self.owners = data, record, {**record.owners}
            self._id = id
