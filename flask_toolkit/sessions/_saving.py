"""What becomes of a session when the answer is made."""

from __future__ import annotations

import time
import typing as t

from flask_toolkit.errors import StoreUnavailableError

from ._draft import Fate
from ._draft import PERMANENT
from ._policy import needs_touch

if t.TYPE_CHECKING:
    from ._draft import Draft
    from ._records import Change
    from ._records import Record


def settle(draft: Draft, *, refreshes: bool) -> None:
    """Write what a request did; ``draft.due`` then tells what the cookie needs.

    Flask may ask twice, when something fails after the first time: the second
    time finds nothing to write, and the cookie still due.

    :param refreshes: Whether the cookie of a permanent session is sent anew.
    :raises TypeError: If a value cannot be stored.
    :raises ValueError: If the session is too large.
    :raises StoreUnavailableError: If the store is down; nothing is kept.
    """
    if draft.fate is Fate.LOST and draft.modified:
        # What a view wrote after it caught the error must not pass for kept.
        raise StoreUnavailableError

    if draft.fate is not Fate.KEPT or _is_only_read(draft):
        return

    try:
        change = draft.change()
        _check_size(draft, change)

        if draft.is_empty and not _others_wrote(draft):
            _end(draft)
        else:
            _write(draft, change, refreshes=refreshes)
    except (TypeError, ValueError, StoreUnavailableError):
        draft.fate = Fate.DROPPED
        raise


def _is_only_read(draft: Draft) -> bool:
    """Tell, for most requests and early, that there is nothing to write."""
    if not draft.is_untouched:
        return False

    record = draft.record

    if record is None:
        return True

    touches = needs_touch(record.seen, time.time(), draft.lifetime)
    return not touches and not draft.is_empty


def _write(draft: Draft, change: Change, *, refreshes: bool) -> None:
    records, record, lifetime = draft.records, draft.record, draft.lifetime

    if record is None:
        if draft.left is not None:
            # First: a store without room for another one can still end this.
            records.leave(draft.left)

        id, made = records.create(change, lifetime)
        draft.written(made, id)
        draft.send()
    elif draft.rotating:
        moved = records.rotate(record, change, lifetime)

        if moved is None:
            draft.fate = Fate.DROPPED
        else:
            draft.written(moved[1], moved[0])
            draft.send()
    elif change.changed or change.removed:
        _keep(draft, records.write(record, change, lifetime), sends=True)
    elif needs_touch(record.seen, time.time(), lifetime):
        kept = records.write(record, change, lifetime)
        _keep(draft, kept, sends=draft.is_permanent and refreshes)


def _keep(draft: Draft, record: Record | None, *, sends: bool) -> None:
    if record is None:
        # It ended while this request ran: nothing may bring it back.
        draft.fate = Fate.DROPPED
        return

    draft.written(record)

    if sends:
        draft.send()


def _others_wrote(draft: Draft) -> bool:
    """Tell whether the session is only empty for who did not see it change."""
    record = draft.record

    if record is None:
        return False

    now = draft.records.read(record.key, draft.lifetime)
    return now is not None and not now.fields.keys() <= {*record.fields, PERMANENT}


def _end(draft: Draft) -> None:
    key = draft.key or draft.left

    if key is not None:
        draft.records.end(key)
        draft.record = draft.left = None

    if draft.cookie and (key is not None or draft.modified):
        draft.due = ""


def _check_size(draft: Draft, change: Change) -> None:
    if not change.changed:
        return

    limit = draft.records.max_bytes
    sizes = {
        key: len(key.encode("utf-8", "surrogatepass")) + len(data)
        for key, data in change.applied(draft.fields).items()
    }
    total = sum(sizes.values())

    if total > limit:
        largest = max(sizes, key=sizes.__getitem__)
        raise ValueError(
            f"The session would take {total} bytes, more than"
            f" TOOLKIT_SESSIONS_MAX_BYTES ({limit}); {sizes[largest]} of them are"
            f" {largest!r}. What was stored before is kept."
        )
