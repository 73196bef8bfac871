"""Sessions in a store: what is written under which key, and when."""

from __future__ import annotations

import contextlib
import time
import typing as t
from collections.abc import Collection
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

from flask_toolkit.errors import StoreFullError

from ._policy import end_of
from ._policy import is_over
from ._policy import key_of
from ._policy import moved_key
from ._policy import new_id
from ._policy import owner_of_text
from ._policy import owner_to_text
from ._tagged import unreadable

if t.TYPE_CHECKING:
    from flask_toolkit.typing import Store

    from ._tagged import Tagged

_NOBODY: t.Final[Mapping[str, float | None]] = {}
_DATA: t.Final = "="  # before the name of each field that holds a user's key
_META: t.Final = "meta"  # the field with what is known of the session itself
_MOVED: t.Final = 60.0  # seconds that slow requests may take after a rotation


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A stored session."""

    key: str = field(repr=False)
    created: float
    seen: float
    """When it was last written or prolonged."""

    owners: Mapping[str, float | None]
    """Whose it is, and until when; that never changes, others get another record."""

    end: float
    """When it ends however often it is used."""

    fields: Mapping[str, bytes] = field(repr=False)
    """Its data by key, serialised."""


class Found(t.NamedTuple):
    """What is stored under an id."""

    record: Record | None
    moved: str | None = None
    """The key, if the session has another id since a moment ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a request did to a session."""

    changed: Mapping[str, bytes]
    removed: Collection[str]
    owners: Mapping[str, float | None]
    """Whose it is from now on."""

    def applied(self, fields: Mapping[str, bytes]) -> dict[str, bytes]:
        """Return fields as they are after this."""
        merged = {**fields, **self.changed}

        for key in self.removed:
            merged.pop(key, None)

        return merged


class Records:
    """The sessions of one application in their store.

    Whatever talks to the store raises
    :class:`~flask_toolkit.errors.StoreUnavailableError` when it is down.

    :param max_age: Seconds that a session lasts at most.
    """

    def __init__(
        self, store: Store, tagged: Tagged, *, max_age: float, max_bytes: int
    ) -> None:
        self.store = store
        self.tagged = tagged
        self.max_age = max_age
        self.max_bytes = max_bytes

    def __repr__(self) -> str:
        return f"<Records in {self.store!r}>"

    def find(self, id: str, lifetime: float) -> Found:
        """Return the session with an id: one command, two if there is none."""
        key = key_of(id)
        raw = self.store.load(key)

        if raw is None:
            moved = self.store.load(moved_key(key)) is not None
            return Found(None, key if moved else None)

        return Found(self._living(key, raw, lifetime))

    def read(self, key: str, lifetime: float) -> Record | None:
        """Return the living session under a key."""
        raw = self.store.load(key)
        return None if raw is None else self._living(key, raw, lifetime)

    def create(self, change: Change, lifetime: float) -> tuple[str, Record]:
        """Store a new session and return its id."""
        now = time.time()
        return self._create(change.changed, change.owners, now, now, lifetime)

    def write(self, record: Record, change: Change, lifetime: float) -> Record | None:
        """Merge changes into a session; ``None`` if it has ended meanwhile.

        Only what changed travels, so that requests side by side keep each
        other's keys.
        """
        now = time.time()
        changed = {_DATA + key: data for key, data in change.changed.items()}
        changed[_META] = _meta(record.created, now, record.owners)
        written = self.store.save(
            record.key,
            changed,
            [_DATA + key for key in change.removed],
            _ttl(record.end, now, lifetime),
            owner=record.owners,
        )

        if not written:
            return None

        # Not replace(), which takes as long as all else here.
        return Record(
            key=record.key,
            created=record.created,
            seen=now,
            owners=record.owners,
            end=record.end,
            fields=change.applied(record.fields),
        )

    def rotate(
        self, record: Record, change: Change, lifetime: float
    ) -> tuple[str, Record] | None:
        """Move a session to a new id; ``None`` if it has ended meanwhile.

        It is read once more, as others may have written. The old record goes,
        so that a request that began before writes nothing; a note stays, so
        that one that begins now does not take the old id for unknown.
        """
        current = self.read(record.key, lifetime)

        if current is None:
            return None

        now = time.time()
        # A sign-in begins a life of its own, and who leaves prolongs nothing.
        is_older = change.owners.keys() <= record.owners.keys()
        created = current.created if is_older else now
        made = self._create(
            change.applied(current.fields), change.owners, created, now, lifetime
        )

        try:
            self._note(record.key, made[1].key)
            is_first = self.store.delete(record.key) > 0
        except StoreFullError:
            # No room for the note: it stays where it is.
            self.store.delete(made[1].key)
            raise

        if not is_first:
            # Somebody ended it, or was first: then so it is.
            self.store.delete(made[1].key)
            return None

        return made

    def leave(self, key: str) -> None:
        """End a session whose visitor gets another one, which leads nowhere."""
        # Without the note a slow request may begin a session of its own. That must
        # not keep somebody from signing out.
        with contextlib.suppress(StoreFullError):
            self._note(key)

        self.end(key)

    def end(self, key: str, owner: str | None = None) -> set[str]:
        """Delete a session, also where it moved a moment ago; return where it was.

        Who moves it leaves a note before the old record goes, so either the record
        is found here or where it went, however many move it at once.

        :param owner: Delete it only if it is theirs.
        """
        todo = [key]
        ended: set[str] = set()

        while todo:
            key = todo.pop()
            theirs = owner is None or key in self.store.keys_for(owner)

            if theirs and self.store.delete(key) > 0:
                ended.add(key)
            else:
                todo += self.store.load(moved_key(key)) or ()

        return ended

    def _note(self, key: str, *now: str) -> None:
        """Write down that a session has another id, and under which key it is."""
        note, fields = moved_key(key), dict.fromkeys(now, b"")

        if not self.store.save(note, fields, (), _MOVED, create=True):
            # Somebody moves it as well; one of the two will find it gone.
            self.store.save(note, fields, (), _MOVED)

    def time_left(self, record: Record, lifetime: float) -> float:
        """Return the seconds until a session ends if it is not used again."""
        return _ttl(record.end, record.seen, lifetime)

    def _create(
        self,
        fields: Mapping[str, bytes],
        owners: Mapping[str, float | None],
        created: float,
        now: float,
        lifetime: float,
    ) -> tuple[str, Record]:
        id = new_id()
        key = key_of(id)
        raw = {_DATA + name: data for name, data in fields.items()}
        raw[_META] = _meta(created, now, owners)
        end = end_of(created, self.max_age, owners)
        ttl = _ttl(end, now, lifetime)
        # The id is random: nothing can be there before.
        self.store.save(key, raw, (), ttl, create=True, owner=owners)
        return id, Record(
            key=key,
            created=created,
            seen=now,
            owners=dict(owners),
            end=end,
            fields=dict(fields),
        )

    def _living(
        self, key: str, raw: Mapping[str, bytes], lifetime: float
    ) -> Record | None:
        try:
            record = self._record_of(key, raw)
        except (ValueError, LookupError) as error:
            unreadable(error)
            return None

        now = time.time()
        return None if is_over(record.end, record.seen, now, lifetime) else record

    def _record_of(self, key: str, raw: Mapping[str, bytes]) -> Record:
        created, seen, *words = raw[_META].split(b" ")
        began = float(created)
        owners = _NOBODY
        end = began + self.max_age

        if words:
            texts = [word.decode("utf-8", "surrogatepass") for word in words]
            owners = dict(map(owner_of_text, texts))
            end = end_of(began, self.max_age, owners)

        return Record(
            key=key,
            created=began,
            seen=float(seen),
            owners=owners,
            end=end,
            fields={name[1:]: data for name, data in raw.items() if name[:1] == _DATA},
        )


def _ttl(end: float, now: float, lifetime: float) -> float:
    # A request may outlive its session by a moment.
    return max(min(lifetime, end - now), 1.0)


def _meta(created: float, seen: float, owners: Mapping[str, float | None]) -> bytes:
    text = f"{created:.6f} {seen:.6f}"

    for owner, until in owners.items():
        text += f" {owner_to_text(owner, until)}"

    return text.encode("utf-8", "surrogatepass")
