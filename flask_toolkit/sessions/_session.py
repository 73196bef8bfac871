"""What ``flask.session`` is: the data of one visitor."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from flask.sessions import SessionMixin

from ._draft import Fate

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ._draft import Draft

# Values that cannot change in place.
_FIXED: t.Final = frozenset({str, int, float, bool, type(None)})


class StoredSession(SessionMixin):
    """``flask.session`` under :class:`ServerSession`.

    The store is asked at the first use. Changes, also those inside of lists and
    dictionaries, are found when the answer is made, and merged key by key.
    """

    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    def __repr__(self) -> str:
        if not self._draft.is_loaded:
            return "<StoredSession, not loaded>"

        return f"<StoredSession of {len(self)} keys>"

    def __getitem__(self, key: str) -> t.Any:
        draft = self._draft
        value = draft.load()[key]

        if type(value) not in _FIXED:
            draft.lent.add(key)

        return value

    def __setitem__(self, key: str, value: t.Any) -> None:
        draft = self._draft
        data = draft.load()

        # A checker cannot see what Flask's proxy lets pass.
        if not isinstance(key, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"A key of the session must be a text, not {key!r}.")

        data[key] = value
        draft.lent.add(key)
        draft.modified = True

    def __delitem__(self, key: str) -> None:
        del self._draft.load()[key]
        self._draft.modified = True

    def __iter__(self) -> Iterator[str]:
        return iter(self._draft.load())

    def __len__(self) -> int:
        return len(self._draft.load())

    def __contains__(self, key: object) -> bool:
        return key in self._draft.load()

    # What a dictionary can and a mapping cannot: Flask's own session is one.

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._draft.load())

    def __or__(self, other: t.Any) -> dict[str, t.Any]:
        return dict(self) | dict(other) if _is_mapping(other) else NotImplemented

    def __ror__(self, other: t.Any) -> dict[str, t.Any]:
        return dict(other) | dict(self) if _is_mapping(other) else NotImplemented

    def __ior__(self, other: t.Any) -> t.Self:
        self.update(other)
        return self

    def copy(self) -> dict[str, t.Any]:
        """Return the data as a plain dictionary of the same values."""
        return dict(self)

    def popitem(self) -> tuple[str, t.Any]:
        """Remove the newest key and return it with its value.

        :raises KeyError: If there is none.
        """
        key = next(reversed(self), None)

        if key is None:
            raise KeyError("popitem(): the session is empty")

        return key, self.pop(key)

    def clear(self) -> None:
        """Forget everything, also whose session it is.

        What is set afterwards begins a new session under a new id: a slow
        request that still has the old one cannot bring anything back.
        """
        self._draft.clear()

    def rotate(self) -> None:
        """Give the session a new id when the answer is made; its data stay.

        Call it when the rights of a visitor change; the guard does at sign-in.
        """
        draft = self._draft
        draft.load()
        draft.rotating = True

        if draft.fate is Fate.MOVED:
            # Nothing of the moved session is here: it is a new one.
            draft.fate = Fate.KEPT

    @property
    def owner(self) -> str | None:
        """Whose session it is, to list and to end all of one user.

        The guard sets it at sign-in. Where there are several, the first of
        :attr:`owners`; to set it makes it the only one.
        """
        return next(iter(self.owners), None)

    @owner.setter
    def owner(self, owner: str | None) -> None:
        self.owners = {} if owner is None else {owner: None}

    @property
    def owners(self) -> Mapping[str, float | None]:
        """All whose session it is, such as those of several guards in one browser.

        Each until when, in Unix seconds; None: as long as the session lasts. Whose
        time is over has it no more, and it ends with the last one. Other owners
        rotate the session: neither an id that was planted before nor a slow request
        reaches the new one.
        """
        self._draft.load()
        return dict(self._draft.owners)

    @owners.setter
    def owners(self, owners: Mapping[str, float | None]) -> None:
        given: list[object] = [*owners]

        # A checker cannot see it through Flask's proxy.
        if not all(owner and isinstance(owner, str) for owner in given):
            raise TypeError(
                "The owner of a session is a text that is not empty, or None for"
                f" nobody, not {given!r}."
            )

        draft = self._draft
        draft.load()
        draft.owners = dict(owners)
        draft.modified = True

        if draft.record is not None and draft.record.owners != draft.owners:
            draft.rotating = True

    @property
    def new(self) -> bool:  # type: ignore[override]  # Flask has a plain attribute
        """Whether nothing of it is stored yet."""
        self._draft.load()
        return self._draft.record is None

    @property
    def modified(self) -> bool:
        """Whether something was set or removed.

        To set it, as Flask needs after a change inside of a value, does no harm
        and is not needed.
        """
        return self._draft.modified

    @modified.setter
    def modified(self, modified: bool) -> None:
        self._draft.modified = modified


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


def draft_of(session: SessionMixin) -> Draft:
    """Return what is behind a session of this kind."""
    return t.cast("StoredSession", session)._draft  # noqa: SLF001  # of this module
